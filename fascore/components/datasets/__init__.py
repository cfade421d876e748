"""The built-in datasets. Importing this module does not import numpy or OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveFloat

from fascore.contract.errors import SpecError
from fascore.contract.kinds.dataset import Dataset
from fascore.contract.record import Record


class Folder(Dataset):
    """Your own files, listed in a manifest with one record per row (CSV or JSON Lines).

    Columns: `id`, `label` (1 or bona_fide, 0 or attack), `species` (of an attack), `subject`, `presenter`, `split`,
    `task` (spoof or forgery), one column per channel with the path of an image, a video, or a folder of frames, and
    `box` (x1 y1 x2 y2, in pixels of rgb) or `annotation` (a CSV file with the box and landmarks of each frame:
    `AnnotationFile`). Only `id`, `label`, one channel, and the species of attacks are required; any other column is
    metadata. Paths are relative to the manifest, or to `root`.
    """

    type: Literal["folder"] = "folder"
    manifest: Path = Field(description="the manifest: .csv, .tsv, .jsonl or .ndjson")
    root: Path | None = Field(
        None, description="folder that paths are relative to; default: the folder of the manifest"
    )
    name: str | None = Field(None, description="name of the dataset in score files; default: the name of the manifest")
    channels: tuple[str, ...] = Field(
        ("rgb", "depth", "infrared", "thermal"), min_length=1, description="columns that contain paths"
    )
    fps: PositiveFloat = Field(25.0, description="frames per second of folders of frames")

    def splits(self) -> tuple[str, ...]:
        split_names = sorted({row.split for row in self._rows() if row.split})
        return (*split_names, "all")

    def records(self, split: str) -> Sequence[Record]:
        rows = self._rows()
        if split != "all" and split not in (names := {row.split for row in rows}):
            known = ", ".join([*sorted(name for name in names if name), "all"])
            raise SpecError(f"{self.manifest} has no split '{split}'; it has {known}")
        return [row.record for row in rows if split in ("all", row.split)]

    def _rows(self) -> list[Any]:
        from fascore.components.datasets.folder import read_manifest

        return read_manifest(
            self.manifest,
            root=self.root or self.manifest.parent,
            dataset=self.name or self.manifest.stem,
            channels=self.channels,
            fps=self.fps,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return []  # an example needs files, which only the fixture writes

    @classmethod
    def fixture(cls, folder: Path) -> Folder:
        from fascore.components.datasets.fixture import write_fixture

        return cls(manifest=write_fixture(folder), fps=10)


__all__ = ["Folder"]
