"""The dataset `phantom`. Importing this module imports no numpy."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from fas_phantom.species import DEFAULT, SPECIES
from fascore import Dataset, Record, SpecError


class Phantom(Dataset):
    """Face clips rendered from parameters: RGB, depth in millimetres, near infrared, boxes and 68 landmarks.

    A first version: one renderer, two sites; four species unless others are named. It does not replace real data. Each subject has `clips` clips
    of every species, and for each of them a bona fide clip of the same task. Subjects and presenters of train, dev and
    test are disjoint, and so are those of the sites. Exact truth: `fas_phantom.truth`.
    """

    publishable: ClassVar[bool] = True

    type: Literal["phantom"] = "phantom"
    site: Literal["A", "B", "C"] = Field("A", description="place of capture: its cameras, light, printers, displays and people")
    subjects: int = Field(12, ge=3, le=999, description="people of the site: half train, a quarter dev, a quarter test; 3 at least")
    clips: int = Field(1, ge=1, description="clips of each subject and species; there are as many bona fide ones")
    frames: int = Field(16, ge=1, description="frames of a clip")
    fps: float = Field(25.0, gt=0, le=1000, description="frames a second, before jitter")
    size: int = Field(128, ge=32, le=2048, description="height and width of a frame in pixels")
    difficulty: float = Field(0.5, ge=0, le=1, description="0 leaves strong traces of the attack, 1 faint ones")
    seed: int = Field(0, ge=0, description="of people and clips; the same seed gives the same people everywhere")
    species: tuple[str, ...] = Field(DEFAULT, min_length=1, description="attack species to render: " + ", ".join(SPECIES))

    @field_validator("species")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in SPECIES:
                near = difflib.get_close_matches(name, SPECIES, 1, 0.4)
                hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(SPECIES)}"
                raise ValueError(f"phantom renders no species '{name}'; {hint}")
        if len(set(names)) < len(names):
            raise ValueError("a species is named twice; name each once")
        return names

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(subjects=3, frames=2, size=32), split) for split in ("train", "dev", "test", "all")]

    def splits(self) -> tuple[str, ...]:
        return ("train", "dev", "test", "all")

    def records(self, split: str) -> Sequence[Record]:
        if split not in self.splits():
            raise SpecError(f"phantom has no split '{split}'; it has {', '.join(self.splits())}")
        from fas_phantom.plan import Plan

        fields = self.model_dump()
        fields.pop("type")
        return Plan(**fields).records(split)
