"""The score files to evaluate: files or folders of runs, of one system or of several systems whose scores are combined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np

from fascore.contract.errors import FascoreError
from fascore.evaluation.combining import Combination, Rule, fit, fuse
from fascore.evaluation.importers.importer import Imported, Importer
from fascore.evaluation.presentation_level import Level, fold
from fascore.evaluation.table import ScoreTable


@dataclass(frozen=True)
class Sources:
    """The tables that were read: tests by name and dev, with descriptions of how each file was read and how systems
    were combined.

    `negated`: scores are higher for attacks in the files, but not in the tables.
    """

    tests: dict[str, ScoreTable]
    dev: ScoreTable | None
    notes: list[str] = field(default_factory=list)
    combination: Combination | None = None
    negated: bool = False

    def folded(self, level: Level) -> Sources:
        """All tables with one row per presentation of a level. Raises FascoreError."""
        tests = {name: fold(table, level) for name, table in self.tests.items()}
        return replace(self, tests=tests, dev=None if self.dev is None else fold(self.dev, level))


def read_sources(paths: Sequence[Path], dev: Sequence[Path], importer: Importer, rule: Rule | None) -> Sources:
    """Read score files and combine them if there is a `rule`.

    Raises FascoreError for an unknown rule, and if the files cannot be evaluated together.
    """
    if rule is not None and rule not in get_args(Rule):
        raise FascoreError(f"there is no rule '{rule}' to combine systems; available: {', '.join(get_args(Rule))}")
    folders = [path for path in paths if path.is_dir()]
    if folders and len(folders) < len(paths):
        raise FascoreError(
            f"{folders[0]} is a folder and {next(p for p in paths if not p.is_dir())} is a file: name score files, or folders of runs"
        )
    if folders and dev:
        raise FascoreError(f"the dev scores of {folders[0]} are its scores/dev.csv; leave --dev out")
    sets = _of_runs(folders) if folders else _of_files(paths, dev, fused=rule is not None)
    systems = next(iter(sets.values()))
    if rule is None:
        if len(systems) > 1:
            raise FascoreError(
                "give the folder of one run, or combine them by the rule sum, mean, weighted, or logistic (--combine RULE)"
            )
    elif len(systems) < 2:
        raise FascoreError(
            f"the rule '{rule}' combines two or more systems; give one score file per system, or the folders of their runs"
        )
    _refuse_twice({path.resolve(): name for name, files in sets.items() for path in files}, sets)
    read = {
        name: {system: importer.read(path) for system, path in zip(_systems(systems), files)}
        for name, files in sets.items()
    }
    return _sources(read, rule)


def _sources(read: Mapping[str, Mapping[str, Imported]], rule: Rule | None) -> Sources:
    every = [imported for systems in read.values() for imported in systems.values()]
    tables = {name: {system: imported.table for system, imported in systems.items()} for name, systems in read.items()}
    combination = None
    if rule is not None:
        combination = fit(rule, tables.get("dev"), list(next(iter(tables.values()))))
    combined = {
        name: fuse(combination, systems) if combination else next(iter(systems.values()))
        for name, systems in tables.items()
    }
    dev = combined.pop("dev", None)
    for name, table in combined.items():
        if dev is not None:
            _refuse_opposite(name, table, dev)
    descriptions = [imported.description for imported in every] + ([combination.description] if combination else [])
    return Sources(
        combined, dev, descriptions, combination, rule is None and any(imported.negated for imported in every)
    )


def _of_runs(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Score files of dev and of each test set that all runs have."""
    common: list[str] = []
    for folder in folders:
        names = sorted(path.stem for path in (folder / "scores").glob("*.csv"))
        if "dev" not in names or len(names) < 2:
            raise FascoreError(
                f"{folder}: scores/dev.csv or a test set is missing; name the folder of a finished run, or score files"
            )
        common = [name for name in common if name in names] if common else names
    if common == ["dev"]:
        raise FascoreError(f"{' and '.join(map(str, folders))} have no test set of the same name")
    return {name: [folder / "scores" / f"{name}.csv" for folder in folders] for name in common}


def _of_files(paths: Sequence[Path], dev: Sequence[Path], *, fused: bool) -> dict[str, list[Path]]:
    if not paths:
        raise FascoreError("name at least one score file, such as runs/<name>/scores/test.csv")
    if fused and dev and len(dev) != len(paths):
        raise FascoreError(
            f"there are {len(paths)} systems and {len(dev)} dev files; name one dev file per system, in the same order"
        )
    if not fused and len(dev) > 1:
        raise FascoreError(
            "one dev file sets the threshold; several dev files need a rule that combines systems (--combine RULE)"
        )
    names = short_names(paths)
    stems = {path.stem for path in paths}
    tests = (
        {"+".join(names) if len(stems) > 1 else stems.pop(): list(paths)}
        if fused
        else {name: [path] for name, path in zip(names, paths)}
    )
    if "dev" in tests:
        tests["dev (as test)"] = tests.pop("dev")
    return {**tests, **({"dev": list(dev)} if dev else {})}


def _systems(paths: Sequence[Path]) -> list[str]:
    """A name for each system: the folder of a run, otherwise the name of the file."""
    if {path.parent.name for path in paths} == {"scores"} and len(
        {path.parent.parent.resolve() for path in paths}
    ) == len(paths):
        return short_names([path.parent.parent / "run" for path in paths], drop=1)
    return short_names(paths)


def short_names(paths: Sequence[Path], drop: int = 0) -> list[str]:
    """The files' stems and the folders' names, with as many parent folders as needed to make them distinct.

    `drop` parts at the end are removed.
    """
    resolved = [path.resolve() if path.is_dir() else path.resolve().with_suffix("") for path in paths]
    if doubled := [path for path, count in Counter(resolved).items() if count > 1]:
        raise FascoreError(f"{doubled[0]} is listed twice")
    parts = [path.parts[: len(path.parts) - drop] for path in resolved]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-depth:]) for part in parts]
        if len(set(names)) == len(names):
            break
    return names


def _refuse_twice(seen: Mapping[Path, str], sets: Mapping[str, Sequence[Path]]) -> None:
    for name, files in sets.items():
        for path in files:
            if (other := seen[path.resolve()]) != name:
                if "dev" in (name, other):
                    measured = "a threshold that is chosen on the test data measures nothing"
                    raise FascoreError(f"{path} is both the dev file and a test file: {measured}")
                raise FascoreError(f"{path} is listed twice")


def _refuse_opposite(name: str, table: ScoreTable, dev: ScoreTable) -> None:
    """Raise FascoreError if a test set and dev share ids of both classes and every shared id has the opposite label."""
    shared, rows, others = np.intersect1d(table.id, dev.id, return_indices=True)
    counted = (
        len(shared) and table.id[0] in ("1", "2") and dev.id[0] in ("1", "2")
    )  # ids that are row numbers do not identify presentations
    if counted or len(np.unique(table.label[rows])) < 2 or (table.label[rows] == dev.label[others]).any():
        return
    complaint = f"all {len(rows)} ids that test set '{name}' shares with dev have the opposite label there"
    raise FascoreError(
        f"{complaint}: in one of the two files, 1 is an attack; invert it, or read it with --format csv --labels-are attack_1"
    )
