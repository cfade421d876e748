"""Protocols: the species and people of each split. The config module imports this, so it does not import numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from fas_phantom.species import SPECIES

Split: TypeAlias = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
SITES = ("A", "B", "C")
LEAVE_OUT = "loo_"
FAMILIES = ("print", "replay")
"""Families on which `openset` trains."""
PROTOCOLS = ("joint", "grandtest", "cross_site", "openset", *(LEAVE_OUT + name for name in SPECIES))


class Part(NamedTuple):
    """One site of a split, and its attack species."""

    site: str
    species: tuple[str, ...]


def parts(protocol: str, split: Split, site: str, chosen: Sequence[str]) -> list[Part]:
    """Return the sites of a split with their species, out of `chosen`; bona fide clips are of the same tasks.

    `joint`: all chosen, spoof and forgery. `grandtest`: those of the task spoof. `cross_site`: all chosen, with train
    and dev at `site` and test at the other sites. `openset`: prints and replays in train and dev, all other spoof
    species in test. `loo_<species>`: the species in test only, the others of its task in train and dev only.
    """
    spoof = tuple(name for name in chosen if SPECIES[name].task == "spoof")
    if protocol == "cross_site":
        places = tuple(name for name in SITES if name != site) if split == "test" else (site,)
        return [Part(place, tuple(chosen)) for place in places]
    if protocol == "openset":
        return [Part(site, tuple(name for name in spoof if (name.split(".")[0] in FAMILIES) == (split != "test")))]
    if protocol.startswith(LEAVE_OUT):
        left = protocol.removeprefix(LEAVE_OUT)
        others = tuple(name for name in chosen if name != left and SPECIES[name].task == SPECIES[left].task)
        return [Part(site, (left,) if split == "test" else others)]
    return [Part(site, spoof if protocol == "grandtest" else tuple(chosen))]


def problem(protocol: str, chosen: Sequence[str]) -> str | None:
    """Return an error message if the protocol is not possible with the chosen species, else None."""
    left = protocol.removeprefix(LEAVE_OUT)
    if protocol.startswith(LEAVE_OUT) and left not in chosen:
        return f"'{protocol}' leaves out '{left}', which is not among the species; add it to `species`, or use \"all\""
    for split in SPLITS:
        if not all(part.species for part in parts(protocol, split, SITES[0], chosen)):
            return (
                f"'{protocol}' has no attack in {split}: the species are {', '.join(chosen)}; "
                'add others to `species`, or use "all"'
            )
    return None
