"""Printed numbers of the paper, and what of fascore corresponds to them."""

from importlib.resources import files

from fascore import Paper

FILES = files(__name__)
JOINT = Paper(
    "joint",
    title="Joint face spoofing and forgery detection with visual and physiological cues",
    citation="Yu et al., IEEE Transactions on Dependable and Secure Computing, 2024; tables I to VIII, and one number of section V-B (table `text`)",
    numbers=FILES / "joint.csv",
    mapping=FILES / "joint.json",
)

__all__ = ["JOINT"]
