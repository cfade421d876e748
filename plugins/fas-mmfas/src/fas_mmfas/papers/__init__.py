"""Numbers printed in the paper, and the corresponding metrics of fascore."""

from importlib.resources import files

from fascore import Paper

FILES = files(__name__)
MMFAS = Paper(
    "mmfas",
    title="mmFAS: multimodal face anti-spoofing using multi-level alignment and switch-attention fusion",
    citation="Chen et al.; Tables 1 to 3",
    numbers=FILES / "mmfas.csv",
    mapping=FILES / "mmfas.json",
)

__all__ = ["MMFAS"]
