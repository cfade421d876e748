"""The dataset `phantom`. Importing this module imports no numpy."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from fas_phantom.parameters import RENDERER_VERSION
from fas_phantom.protocols import LEAVE_OUT, PROTOCOLS, problem
from fas_phantom.species import DEFAULT, SPECIES
from fascore import Dataset, Record, SpecError


def _every(value: Any) -> Any:
    """`all` stands for every species."""
    return tuple(SPECIES) if value == "all" else value


def _unknown(what: str, name: str, known: Sequence[str]) -> ValueError:
    near = difflib.get_close_matches(name, known, 1, 0.4)
    return ValueError(
        f"phantom {what} '{name}'; " + (f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}")
    )


Chosen = Annotated[
    tuple[str, ...],
    BeforeValidator(_every),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"enum": list(SPECIES)}}]}),
]


class Phantom(Dataset):
    """Face clips rendered from parameters: RGB, depth in millimetres, near infrared, thermal, boxes and landmarks.

    It does not replace real data. Each subject has `clips` clips of every species of the split, and for each of them a bona
    fide clip of the same task. Subjects and presenters of train, dev and test are disjoint, and so are those of the sites.
    Exact truth: `fas_phantom.truth`.
    """

    publishable: ClassVar[bool] = True

    type: Literal["phantom"] = "phantom"
    site: Literal["A", "B", "C"] = Field(
        "A", description="place of capture: its cameras, light, printers, displays and people"
    )
    subjects: int = Field(
        12, ge=3, le=999, description="people of the site: half train, a quarter dev, a quarter test; 3 at least"
    )
    clips: int = Field(1, ge=1, description="clips of each subject and species; there are as many bona fide ones")
    frames: int = Field(16, ge=1, description="frames of a clip, at most")
    shortest: float = Field(
        1.0, gt=0, le=1, description="share of `frames` that the shortest clips have; 1: all clips have all"
    )
    fps: float = Field(
        25.0, gt=0, le=1000, description="frames a second; some cameras run 20 % faster or 4 % slower, all with jitter"
    )
    size: int = Field(128, ge=32, le=2048, description="height and width of a frame in pixels")
    difficulty: float = Field(0.5, ge=0, le=1, description="0 leaves strong traces of the attack, 1 faint ones")
    seed: int = Field(0, ge=0, description="of people and clips; the same seed gives the same people everywhere")
    species: Chosen = Field(
        DEFAULT, min_length=1, description='attack species to render, or "all": ' + ", ".join(SPECIES)
    )
    landmarks: Literal["68", "mesh140"] = Field(
        "68", description="landmarks that come with a record; the first 68 of mesh140 are the same"
    )
    device: str = Field(
        "cpu", description="where frames are rendered: cpu (numpy), or by torch on cuda, cuda:1, mps, xpu, or torch:cpu"
    )
    protocol: str = Field(
        "joint",
        description=f"which species and sites each split has: joint, grandtest, cross_site, openset, {LEAVE_OUT}<species>",
    )

    @field_validator("species")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in SPECIES:
                raise _unknown("renders no species", name, tuple(SPECIES))
        if len(set(names)) < len(names):
            raise ValueError("a species is named twice; name each once")
        return names

    @field_validator("device")
    @classmethod
    def _somewhere(cls, name: str) -> str:
        if not re.fullmatch(r"cpu|torch:cpu|(cuda|mps|xpu)(:\d+)?", name):
            raise _unknown("renders on no device", name, ("cpu", "torch:cpu", "cuda", "cuda:0", "mps", "xpu"))
        return name

    @field_validator("protocol")
    @classmethod
    def _possible(cls, name: str, info: ValidationInfo) -> str:
        if name not in PROTOCOLS:
            raise _unknown("has no protocol", name, PROTOCOLS)
        if "species" in info.data and (sentence := problem(name, info.data["species"])):
            raise ValueError(sentence)
        return name

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(subjects=3, frames=2, size=32), split) for split in ("train", "dev", "test", "all")]

    @classmethod
    def fixture(cls, folder: Path) -> Phantom:
        return cls(subjects=3, frames=2, size=32, species=("print.flat",))  # rendered when read: nothing to write

    def splits(self) -> tuple[str, ...]:
        return ("train", "dev", "test", "all")

    def records(self, split: str) -> Sequence[Record]:
        if split not in self.splits():
            raise SpecError(f"phantom has no split '{split}'; it has {', '.join(self.splits())}")
        from fas_phantom.plan import Plan

        if self.device != "cpu":
            from fas_phantom.device import place

            place(self.device)
        return Plan(**self.model_dump(exclude={"type"}), benchmark=self.benchmark()).records(split)

    def benchmark(self) -> str:
        """Name of what this config renders, `phantom-2:` and 12 hex digits of its content: a column of every score file."""
        config = self.model_dump(mode="json", exclude={"device"} if self.device == "cpu" else set())
        content = f"{RENDERER_VERSION}\n{json.dumps(config, sort_keys=True, separators=(',', ':'))}"
        return f"{RENDERER_VERSION}:{hashlib.sha256(content.encode()).hexdigest()[:12]}"
