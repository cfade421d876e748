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
    """Replace `all` by every species."""
    return tuple(SPECIES) if value == "all" else value


def _unknown(what: str, name: str, known: Sequence[str]) -> ValueError:
    near = difflib.get_close_matches(name, known, 1, 0.4)
    return ValueError(
        f"phantom {what} '{name}'; " + (f"did you mean '{near[0]}'?" if near else f"available: {', '.join(known)}")
    )


Chosen = Annotated[
    tuple[str, ...],
    BeforeValidator(_every),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"enum": list(SPECIES)}}]}),
]


class Phantom(Dataset):
    """Face clips rendered from parameters: RGB, depth in millimeters, near infrared, thermal, boxes, and landmarks.

    It does not replace real data. Each subject has `clips` clips of every species of the split, and for each of them
    one bona fide clip of the same task. Subjects and presenters of train, dev, and test are disjoint, and so are those
    of the sites. `fas_phantom.truth` returns the exact truth.
    """

    publishable: ClassVar[bool] = True

    type: Literal["phantom"] = "phantom"
    site: Literal["A", "B", "C"] = Field(
        "A", description="capture site: its cameras, light, printers, displays, and people"
    )
    subjects: int = Field(
        12, ge=3, le=999, description="number of subjects of the site: half train, a quarter dev, a quarter test"
    )
    clips: int = Field(1, ge=1, description="clips per subject and species, with as many bona fide clips")
    frames: int = Field(16, ge=1, description="maximum number of frames of a clip")
    shortest: float = Field(
        1.0,
        gt=0,
        le=1,
        description="length of the shortest clips as a share of `frames`; 1: all clips have equal length",
    )
    fps: float = Field(
        25.0,
        gt=0,
        le=1000,
        description="frames per second; some cameras run 20 % faster or 4 % slower, all with jitter",
    )
    size: int = Field(128, ge=32, le=2048, description="height and width of a frame, in pixels")
    difficulty: float = Field(0.5, ge=0, le=1, description="from 0 (strong traces of the attack) to 1 (faint traces)")
    seed: int = Field(0, ge=0, description="seed of people and clips; the same seed always gives the same people")
    species: Chosen = Field(
        DEFAULT, min_length=1, description='attack species to render, or "all": ' + ", ".join(SPECIES)
    )
    landmarks: Literal["68", "mesh140"] = Field(
        "68", description="landmark layout of the records; the first 68 points of mesh140 are those of 68"
    )
    device: str = Field(
        "cpu", description="device that renders: cpu (numpy), or torch on cuda, cuda:1, mps, xpu, or torch:cpu"
    )
    protocol: str = Field(
        "joint",
        description=f"species and sites of each split: joint, grandtest, cross_site, openset, or {LEAVE_OUT}<species>",
    )

    @field_validator("species")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in SPECIES:
                raise _unknown("has no species", name, tuple(SPECIES))
        if len(set(names)) < len(names):
            raise ValueError("a species is listed twice; list each species once")
        return names

    @field_validator("device")
    @classmethod
    def _somewhere(cls, name: str) -> str:
        if not re.fullmatch(r"cpu|torch:cpu|(cuda|mps|xpu)(:\d+)?", name):
            raise _unknown("has no device", name, ("cpu", "torch:cpu", "cuda", "cuda:0", "mps", "xpu"))
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
        return cls(subjects=3, frames=2, size=32, species=("print.flat",))  # rendered when read, so nothing is written

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
        """Return a name for the content: `phantom-2:` and 12 hex digits of a hash; a column of every score file."""
        config = self.model_dump(mode="json", exclude={"device"} if self.device == "cpu" else set())
        content = f"{RENDERER_VERSION}\n{json.dumps(config, sort_keys=True, separators=(',', ':'))}"
        return f"{RENDERER_VERSION}:{hashlib.sha256(content.encode()).hexdigest()[:12]}"
