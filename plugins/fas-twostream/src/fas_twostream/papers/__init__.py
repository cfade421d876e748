"""Numbers printed in the paper, and the corresponding metrics of fascore."""

from importlib.resources import files

from fascore import Paper

FILES = files(__name__)
TWOSTREAM = Paper(
    "twostream",
    title="A two-stream MobileNetV3 on frames and RGB difference",
    citation="The transcribed text gives neither title nor authors; Tables 1 to 6",
    numbers=FILES / "twostream.csv",
    mapping=FILES / "twostream.json",
)

__all__ = ["TWOSTREAM"]
