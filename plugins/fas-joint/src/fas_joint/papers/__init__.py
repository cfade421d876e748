"""Numbers printed in the paper, and the corresponding metrics of fascore."""

from importlib.resources import files

from fascore import Paper

FILES = files(__name__)
JOINT = Paper(
    "joint",
    title="Joint face spoofing and forgery detection with visual and physiological cues",
    citation="Yu et al., IEEE Transactions on Dependable and Secure Computing, 2024; Tables I to VIII and "
    "one number from section V-B (table `text`)",
    numbers=FILES / "joint.csv",
    mapping=FILES / "joint.json",
)

__all__ = ["JOINT"]
