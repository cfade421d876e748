"""RunFolder: the files of one run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fascore.contract.component import validate
from fascore.contract.errors import FascoreError
from fascore.contract.files import write_whole
from fascore.evaluation.threshold import Threshold
from fascore.spec.documents import RunSpec, read_json


@dataclass(frozen=True)
class RunFolder:
    """`runs/<name>/`. Every file in it is written completely or not at all."""

    root: Path

    @property
    def spec(self) -> Path:
        """The spec as passed, with overrides applied."""
        return self.root / "spec.json"

    @property
    def resolved(self) -> Path:
        """The spec with all defaults, versions, seeds, and the hash of the data."""
        return self.root / "resolved.json"

    @property
    def log(self) -> Path:
        """One JSON object per line: steps and epochs."""
        return self.root / "log.jsonl"

    @property
    def checkpoints(self) -> Path:
        """`last.safetensors` to continue from, `best.safetensors` to evaluate."""
        return self.root / "checkpoints"

    @property
    def threshold(self) -> Path:
        """The operating threshold and, if the score rule has any, its fitted weights."""
        return self.root / "checkpoints" / "threshold.json"

    @property
    def quarantine(self) -> Path:
        """One JSON object per line: a record that was left out, and why."""
        return self.root / "quarantine.jsonl"

    @property
    def metrics(self) -> Path:
        """All metrics of all test sets."""
        return self.root / "metrics.json"

    @property
    def facts(self) -> Path:
        """What else the report shows: people in train, decision times, images that may be shown, plugin sections."""
        return self.root / "facts.json"

    @property
    def report(self) -> Path:
        """The human-readable report."""
        return self.root / "report.html"

    def scores(self, split: str) -> Path:
        """The score file of `dev`, or of a test set."""
        return self.root / "scores" / f"{split}.csv"

    def exists(self) -> bool:
        """Whether a run has been started here."""
        return self.spec.exists()

    def finished(self) -> bool:
        """Whether the run is complete."""
        return self.report.exists() and self.metrics.exists()

    def write(self, path: Path, document: Any) -> None:
        """Write a JSON document completely or not at all."""
        write_whole(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def read(self, path: Path) -> Any:
        """Read a JSON document of the run. Raises FascoreError if it is missing."""
        if not path.exists():
            raise FascoreError(
                f"{path}: is missing because the run is not finished; continue it with fascore run {self.spec}"
            )
        return read_json(path)

    def part(self, path: Path, *keys: str) -> list[Any]:
        """Members of a JSON document of the run. Raises FascoreError if it is missing or was edited by hand."""
        document = self.read(path)
        missing = [key for key in keys if not isinstance(document, dict) or key not in document]
        if missing:
            raise FascoreError(
                f"{path}: '{missing[0]}' is missing; restore the file as the run wrote it, or start over with --fresh"
            )
        return [document[key] for key in keys]

    def run_spec(self) -> RunSpec:
        """The spec with all defaults, as the run resolved it."""
        (spec,) = self.part(self.resolved, "spec")
        return validate(RunSpec, spec)

    def spec_now(self) -> Any:
        """The JSON of the run's spec as this version writes it: newer fields have their defaults, which change nothing.

        If the spec is no longer valid, for example without one of its plugins, it is returned as the run wrote it.
        """
        (spec,) = self.part(self.resolved, "spec")
        try:
            return validate(RunSpec, spec).model_dump(mode="json", by_alias=True)
        except FascoreError:
            return spec

    def decision(self) -> tuple[Threshold, dict[str, float]]:
        """The run's threshold and the weights of its score rule. Raises FascoreError if the run lacks them."""
        threshold, weights = self.part(self.threshold, "threshold", "weights")
        if not isinstance(threshold, dict) or not isinstance(weights, dict):
            raise FascoreError(f"{self.threshold}: is not as the run wrote it; restore it, or start over with --fresh")
        return validate(Threshold, threshold), {name: float(weight) for name, weight in weights.items()}


def open_run(path: Path) -> RunFolder:
    """An existing run's folder. Raises FascoreError for anything else."""
    folder = RunFolder(path)
    if not path.is_dir():
        raise FascoreError(f"{path}: there is no such folder; name the folder of a run, such as runs/<name>")
    if not folder.exists():
        raise FascoreError(
            f"{path}: is not the folder of a run (no spec.json); name the folder of a run, such as runs/<name>"
        )
    return folder
