"""Printed numbers of both papers, and the corresponding results of fascore."""

from importlib.resources import files

from fascore import Paper

FILES = files(__name__)
PHYSTTD = Paper(
    "physttd",
    title="Physics-guided spoof trace disentanglement for generic face anti-spoofing",
    citation="Liu and Liu; tables 1 to 7",
    numbers=FILES / "physttd.csv",
    mapping=FILES / "physttd.json",
)

POLYTRACE = Paper(
    "polytrace",
    title="Learning polysemantic spoof trace: a multi-modal disentanglement network for face anti-spoofing",
    citation="Li et al.; tables 1 to 5",
    numbers=FILES / "polytrace.csv",
    mapping=FILES / "polytrace.json",
)

__all__ = ["PHYSTTD", "POLYTRACE"]
