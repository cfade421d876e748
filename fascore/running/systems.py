"""Systems to compare: folders of runs, folders that `fascore evaluate --out` wrote, and score files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fascore.contract.component import validate
from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Metric
from fascore.evaluation.comparison import System
from fascore.evaluation.importers.importer import Imported, Importer
from fascore.evaluation.metric_entry import metric_name, metric_named
from fascore.evaluation.presentation_level import Level, fold
from fascore.evaluation.score_files import default_metrics
from fascore.evaluation.sources import short_names
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, choose
from fascore.running.folder import RunFolder
from fascore.spec.documents import read_json


def read_systems(
    paths: Sequence[Path],
    dev: Sequence[Path] = (),
    rule: str | None = None,
    importer: Importer | None = None,
    level: Level | None = None,
) -> list[System]:
    """Read systems in the order of `paths`; each is named after its folder or file.

    Folders have their own dev scores and threshold; `rule` selects another threshold on the same dev scores. Score
    files must belong to one test set, and each needs a dev file, in the same order, or a rule `fixed=…`. `level` folds
    the rows of runs and files. Raises FascoreError.
    """
    if not paths:
        return []
    if missing := [path for path in paths if not path.exists()]:
        raise FascoreError(f"there is no score file or folder {missing[0]}")
    folders = [path for path in paths if path.is_dir()]
    if folders and len(folders) < len(paths):
        other = next(path for path in paths if not path.is_dir())
        raise FascoreError(
            f"{folders[0]} is a folder and {other} is a file; turn the file into a folder first: fascore evaluate {other} --dev FILE --out DIR"
        )
    if folders and dev:
        raise FascoreError(f"{folders[0]} has its own dev scores; leave --dev out")
    names = short_names(paths)
    if folders:
        data = Data.of([RunFolder(path) for path in paths])
        return [_of_folder(name, RunFolder(path), rule, level or Level(), data) for name, path in zip(names, paths)]
    return _of_files(dict(zip(names, paths)), dev, rule, importer or Importer(), level or Level())


def _of_folder(name: str, folder: RunFolder, rule: str | None, level: Level, data: Data) -> System:
    tables = {file.stem: ScoreTable.read(file) for file in sorted((folder.root / "scores").glob("*.csv"))}
    if not set(tables) - {"dev"}:
        raise FascoreError(
            f"{folder.root}: contains no scores/*.csv of a test set; name the folder of a finished run, or of fascore evaluate --out"
        )
    if not folder.exists():
        level = _measured_level(folder, level)
        dev = tables.pop("dev", None)
        threshold = choose(rule, dev) if rule else _threshold(folder)
        default_names = {metric_name(metric) for metric in default_metrics(tables)}
        installed, unknown = _metrics(folder)
        asked = tuple(metric for metric in installed if metric_name(metric) not in default_names)
        return System(name, tables, threshold, dev, level, metrics=asked, unknown_metrics=unknown)
    folded = {split: fold(table, level) for split, table in tables.items()}
    dev = folded.pop("dev", None)
    threshold = choose(rule, dev) if rule else folder.decision()[0]
    (spec,) = folder.part(folder.resolved, "spec")
    test = {split: data.names(entries) for split, entries in spec["data"]["test"].items()}
    trained_on = data.names(spec["data"]["train"])
    installed, unknown = _metrics(folder)
    return System(
        name,
        folded,
        threshold,
        dev,
        level,
        trained_on,
        test,
        _siblings(spec),
        metrics=installed,
        unknown_metrics=unknown,
    )


def _metrics(folder: RunFolder) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
    """Metrics with which a folder was evaluated: those that are installed, and the names of the others."""
    if not folder.metrics.exists():
        return (), ()
    (tests,) = folder.part(folder.metrics, "tests")
    names = dict.fromkeys(
        name for test in tests.values() for measured in test["tasks"].values() for name in measured["metrics"]
    )
    by_name = {name: metric_named(name) for name in names}
    installed = tuple(metric for metric in by_name.values() if metric is not None)
    return installed, tuple(name for name, metric in by_name.items() if metric is None)


def _measured_level(folder: RunFolder, asked: Level) -> Level:
    """The level to which `fascore evaluate` folded a folder. Raises FascoreError if another is requested."""
    (level_part,) = folder.part(folder.metrics, "level")
    level = validate(Level, level_part)
    if asked not in (Level(), level):
        raise FascoreError(
            f"{folder.root}: was measured at level '{level.name}', rule '{level.rule}'; evaluate its score files again"
        )
    return level


def _threshold(folder: RunFolder) -> Threshold:
    file = folder.root / "threshold.json"
    if not file.exists():
        raise FascoreError(
            f"{folder.root}: has no threshold.json; evaluate it with --dev, or set a number with --threshold fixed=…"
        )
    return validate(Threshold, read_json(file))


@dataclass(frozen=True)
class Data:
    """Names of the datasets of several specs: the type, and the fields in which datasets of that type differ."""

    fields: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, folders: Sequence[RunFolder]) -> Data:
        """Data of all datasets on which the runs among these folders are trained or tested. Raises FascoreError."""
        specs = [folder.part(folder.resolved, "spec")[0]["data"] for folder in folders if folder.exists()]
        entries = [entry for data in specs for part in (data["train"], *data["test"].values()) for entry in part]
        by_type: dict[str, list[Mapping[str, Any]]] = {}
        for entry in entries:
            by_type.setdefault(entry["dataset"]["type"], []).append(entry["dataset"])
        return cls(
            {
                kind: tuple(key for key in datasets[0] if len({_as_text(dataset.get(key)) for dataset in datasets}) > 1)
                for kind, datasets in by_type.items()
            }
        )

    def names(self, entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Names of the datasets in the entries of one split, each once."""
        return tuple(dict.fromkeys(self._name(entry["dataset"]) for entry in entries))

    def _name(self, dataset: Mapping[str, Any]) -> str:
        return " ".join(
            [dataset["type"], *(f"{key}={_as_text(dataset.get(key))}" for key in self.fields[dataset["type"]])]
        )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_files(
    paths: Mapping[str, Path], dev: Sequence[Path], rule: str | None, importer: Importer, level: Level
) -> list[System]:
    if dev and len(dev) != len(paths):
        raise FascoreError(
            f"there are {len(paths)} systems and {len(dev)} dev files; name one dev file per system, in the same order"
        )
    if not dev and not (rule or "").startswith("fixed="):
        raise FascoreError(
            "score files have no threshold: add --dev FILE for each, in the same order, or a number with --threshold fixed=…"
        )
    stems = {path.stem for path in paths.values()}
    test = stems.pop() if len(stems) == 1 else "test"
    systems = []
    for index, (name, path) in enumerate(paths.items()):
        read = importer.read(path)
        tuned = importer.read(dev[index]) if dev else None
        table, dev_table = fold(read.table, level), None if tuned is None else fold(tuned.table, level)
        systems.append(System(name, {test: table}, _chosen(rule, dev_table, read), dev_table, level, told=read.told))
    return systems


def _chosen(rule: str | None, dev: ScoreTable | None, read: Imported) -> Threshold:
    """The threshold of a score file; a number passed for negated scores is negated, too."""
    if read.negated and rule and rule.startswith("fixed="):
        return choose(f"fixed={-float(choose(rule, None).value)!r}", None)
    return choose(rule or "eer", dev)


def _siblings(spec: Mapping[str, Any]) -> str:
    """A hash that is equal for runs whose specs differ only in name and seed."""
    relevant = {key: value for key, value in spec.items() if key not in ("name", "seed", "$schema")}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()[:16]
