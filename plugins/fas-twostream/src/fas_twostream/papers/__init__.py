"""Printed numbers of the paper, and what of fascore corresponds to them."""

from importlib.resources import files

from fascore import Paper

FILES = files(__name__)
TWOSTREAM = Paper(
    "twostream",
    title="A two-stream MobileNetV3 on frames and RGB difference",
    citation="The text that was transcribed names neither title nor authors; tables 1 to 6",
    numbers=FILES / "twostream.csv",
    mapping=FILES / "twostream.json",
)

__all__ = ["TWOSTREAM"]
