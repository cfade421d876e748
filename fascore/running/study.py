"""Studies: named rows of overrides on one base spec, combined with seeds and folds."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fascore.contract.component import validate
from fascore.contract.errors import FascoreError, Problem, SpecErrors
from fascore.report.plain_text import counted
from fascore.report.wording import metric_title
from fascore.running.folder import RunFolder
from fascore.running.start import differences
from fascore.spec.documents import Json, RunSpec, StudySpec, is_study, read_document, read_json, with_overrides
from fascore.spec.plan import check
from fascore.training.interrupt import Interrupted

Number = float | int


@dataclass(frozen=True)
class Study:
    """A study read from its file: the document of every run, by run name."""

    spec: StudySpec
    name: str
    base: Json

    def cells(self) -> Iterator[tuple[str, str, int]]:
        """Row, fold (empty without folds) and seed of each run."""
        return itertools.product(self.spec.rows, self.spec.folds or ("",), self.spec.seeds)

    def document(self, row: str, fold: str, seed: int) -> Json:
        """The document of one run, with the run's name. Raises SpecErrors for overrides with unknown paths."""
        overrides = {**self.spec.rows[row], **self.spec.folds.get(fold, {}), "seed": seed}
        return {**with_overrides(self.base, overrides), "name": _run_name(row, fold, seed)}

    def runs(self) -> Iterator[tuple[str, str, int, Json]]:
        """Row, fold, seed and document of each run."""
        for row, fold, seed in self.cells():
            yield row, fold, seed, self.document(row, fold, seed)


@dataclass(frozen=True)
class Cell:
    """One number of a table over seeds and folds: mean, sample deviation (NaN for one run), and number of runs."""

    mean: float
    deviation: float
    runs: int

    def __str__(self) -> str:
        return f"{self.mean:.4f}" if self.runs < 2 else f"{self.mean:.4f} ± {self.deviation:.4f}"


def _run_name(row: str, fold: str, seed: int) -> str:
    return ".".join(part for part in (row, fold, f"s{seed}") if part)


def read_study(path: Path, base: Path | None = None) -> Study:
    """Read a study. `base` replaces its base spec; the name of `base` is then appended to that of the study.

    This keeps the runs of different bases separate. Raises FascoreError or SpecErrors.
    """
    document = read_json(path)
    if isinstance(document, dict) and not is_study(document) and {"model", "spec"} & set(document):
        raise FascoreError(f"{path}: this is the spec of one run; use fascore check {path}, or fascore run {path}")
    spec = validate(StudySpec, document)
    name = spec.name or path.stem
    return Study(spec, f"{name}.{base.stem}" if base else name, read_document(base or path.parent / spec.base))


def check_study(study: Study) -> list[str]:
    """Validate and check every run. Returns the runs' names; raises SpecErrors with all problems, each under its row."""
    problems: list[Problem] = []
    names: list[str] = []
    for row, fold, seed in study.cells():
        where = f"rows.{row}" + (f" (fold {fold})" if fold else "")
        try:
            check(validate(RunSpec, study.document(row, fold, seed)))
            names.append(_run_name(row, fold, seed))
        except SpecErrors as error:
            problems += [Problem(where, str(problem)) for problem in error.problems]
    if problems:
        raise SpecErrors(dict.fromkeys(problems))
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise FascoreError(
            f"two runs of the study would share the folder '{repeated[0]}'; rename a row or a fold, or write each seed once"
        )
    return names


def run_study(study: Study, runs: Path, execute: Callable[[Json, Path], object], say: Callable[[str], None]) -> None:
    """Run what is missing, in order. Failed runs are reported, and the others continue; then FascoreError is raised."""
    check_study(study)
    failed: list[str] = []
    for row, fold, seed, document in study.runs():
        name = _run_name(row, fold, seed)
        folder = RunFolder(runs / study.name / name)
        if folder.finished() and (changed := changes(folder, document)):
            say(
                f"{name}: already completed with a different spec ({', '.join(changed)}); move {folder.root} away, or rename the study"
            )
            failed.append(name)
            continue
        if folder.finished():
            say(f"{name}: already completed")
            continue
        say(f"{name}: running")
        try:
            execute(document, runs / study.name)
        except Interrupted:
            raise
        except Exception as error:  # such as a batch too large for the GPU: other rows may fit
            say(f"{name}: failed: {error if isinstance(error, FascoreError) else f'{type(error).__name__}: {error}'}")
            failed.append(name)
    if failed:
        raise FascoreError(
            f"{counted(len(failed), 'run')} of the study failed: {', '.join(failed)}; the same command retries them"
        )


def changes(folder: RunFolder, document: Json) -> list[str]:
    """Fields in which a finished run differs from the current study."""
    if not folder.resolved.exists():
        return []
    now = validate(RunSpec, document).model_dump(mode="json", by_alias=True)
    return list(differences(folder.spec_now(), now))[:4]


def figures(metrics: Mapping[str, Any], wanted: tuple[str, ...]) -> dict[str, float]:
    """`<test set>/<task>/<metric>` -> number, from the content of metrics.json; `wanted` names metrics, or `metric.part`.

    The name of an oracle metric ends in its mark, `[test-oracle]`. `weighted mean/<task>/<metric>` is the mean over the
    test sets, weighted by their presentations of that task, if there are several and all have the number.
    """
    by_name = _by_test(metrics["tests"], wanted)
    for task in dict.fromkeys(task for measured in metrics["tests"].values() for task in measured["tasks"]):
        by_test = {
            test: measured["tasks"][task] for test, measured in metrics["tests"].items() if task in measured["tasks"]
        }
        if len(by_test) > 1:
            sizes = {f"{test}/{task}/": in_task["counts"]["presentations"] for test, in_task in by_test.items()}
            by_name |= {f"weighted mean/{task}/{name}": value for name, value in _weighted(by_name, sizes)}
    return by_name


def _weighted(by_name: Mapping[str, float], sizes: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """Each number that occurs after all prefixes, with its mean weighted by their sizes."""
    first = next(iter(sizes))
    for name in [key.removeprefix(first) for key in by_name if key.startswith(first)]:
        if all(prefix + name in by_name for prefix in sizes):
            yield name, sum(size * by_name[prefix + name] for prefix, size in sizes.items()) / sum(sizes.values())


def _by_test(tests: Mapping[str, Any], wanted: tuple[str, ...]) -> dict[str, float]:
    by_name: dict[str, float] = {}
    for test, measured in tests.items():
        for task, in_task in measured["tasks"].items():
            for key, entry in in_task["metrics"].items():
                for name in wanted:
                    metric, _, part = name.partition(".")
                    value = entry.get(part or entry["primary"])
                    if (
                        metric in (key, key.partition("(")[0])
                        and isinstance(value, Number)
                        and not isinstance(value, bool)
                    ):
                        by_name[f"{test}/{task}/{metric_title(f'{key}.{part}' if part else key, entry)}"] = float(value)
    return by_name


def table(study: Study, runs: Path) -> dict[str, dict[str, Cell]]:
    """Row -> metric -> Cell, over the finished runs with unchanged specs. Raises FascoreError if there are none."""
    collected: dict[str, dict[str, list[float]]] = {}
    for row, fold, seed, document in study.runs():
        folder = RunFolder(runs / study.name / _run_name(row, fold, seed))
        if folder.finished() and not changes(folder, document):
            for name, value in figures(folder.read(folder.metrics), study.spec.report).items():
                collected.setdefault(row, {}).setdefault(name, []).append(value)
    if not collected:
        raise FascoreError(
            f"no run of study '{study.name}' is finished below {runs / study.name}; run it first: fascore study run"
        )
    return {
        row: {
            name: Cell(statistics.mean(v), statistics.stdev(v) if len(v) > 1 else float("nan"), len(v))
            for name, v in columns.items()
        }
        for row, columns in collected.items()
    }
