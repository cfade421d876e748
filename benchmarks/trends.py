"""Tests papers' claims about their components on the phantom: runs and compares the plugins' studies, and writes
docs/trends.md.

    python benchmarks/trends.py [PLUGIN ...] [--jobs 2] [--runs runs] [--report]

Reads `specs/trends.json` of every plugin, or of the given plugins: a study with paired seeds, and comparisons of its
rows. Data are prepared once. Finished runs are not repeated, and interrupted runs resume. `--report` runs nothing and
only rewrites the section.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt
from trend_statistics import Figure, trend
from trends_page import Claim, section, write_section

from fascore import Config, FascoreError, SpecErrors, validate
from fascore.evaluation.table import ScoreTable
from fascore.running.folder import RunFolder
from fascore.running.prepare import prepare_records, store_of
from fascore.running.splits import list_records
from fascore.running.study import Study, changes, check_study, read_study
from fascore.spec.documents import Json, RunSpec, read_json
from fascore.spec.plan import check

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trends.md"


class Comparison(Config):
    """Two rows of the study, and the paper's claim about them."""

    claim: str = Field(description="what is compared, and where the paper makes the claim")
    row: str = Field(description="the row that the claim is about")
    against: str = Field(description="the row that it is compared with")
    tasks: tuple[Literal["spoof", "forgery"], ...] = Field(
        ("spoof", "forgery"), min_length=1, description="tasks, each compared separately"
    )
    expected: Literal["higher", "lower"] = Field(
        "higher", description="direction of the row's figure according to the paper"
    )


class Trends(Config):
    """The content of a plugin's `specs/trends.json`."""

    study: str = Field(description="the study, relative to this file")
    test: str = Field(
        description="test set on which rows are compared; it must have the same clips for all rows of a comparison"
    )
    metric: Figure = Field("auc", description="figure to compare")
    comparisons: tuple[Comparison, ...] = Field(
        min_length=1, description="comparisons, corrected jointly for their number"
    )
    resamples: PositiveInt = Field(1000, description="number of resamples of the bootstrap over subjects")
    least_presentations: PositiveInt = Field(500, description="minimum number of presentations in the test set")
    least_subjects: PositiveInt = Field(60, description="minimum number of people in the test set")


def read_trends(path: Path) -> tuple[Trends, Study]:
    """A plugin's trends and their study, with every run validated. Raises FascoreError or SpecErrors."""
    trends = validate(Trends, read_json(path))
    study = read_study(path.parent / trends.study)
    check_study(study)
    for comparison in trends.comparisons:
        for row in (comparison.row, comparison.against):
            if row not in study.spec.rows:
                raise FascoreError(f"{path}: the study has no row '{row}'; available: {', '.join(study.spec.rows)}")
    if trends.test not in study.base["data"]["test"]:
        raise FascoreError(
            f"{path}: the base spec has no test set '{trends.test}'; available: {', '.join(study.base['data']['test'])}"
        )
    if len(study.spec.seeds) < 2:
        raise FascoreError(f"{path}: the study has one seed; paired comparisons need two or more")
    return trends, study


def prepare(study: Study, jobs: int) -> None:
    """Fill the store for all rows, beginning with those with the most modalities, so that each clip is rendered once."""
    documents = {row: document for row, _, _, document in study.runs()}
    for document in sorted(documents.values(), key=lambda document: -len(document["modalities"])):
        spec = validate(RunSpec, document)
        prepare_records(check(spec), list_records(spec).every(), store_of(spec), processes=jobs, strict=False)


def pending(study: Study, runs: Path) -> list[Json]:
    """Documents of the unfinished runs, all rows of one seed before the next.

    Raises FascoreError if one was completed with a different spec.
    """
    waiting = []
    for _, _, _, document in sorted(study.runs(), key=lambda run: run[2]):
        folder = _folder(study, runs, document["name"])
        if not folder.finished():
            waiting.append(document)
        elif changed := changes(folder, document):
            raise FascoreError(
                f"{folder.root}: already completed with a different spec ({', '.join(changed)}); move {runs / study.name} away"
            )
    return waiting


def _folder(study: Study, runs: Path, name: str) -> RunFolder:
    return RunFolder(runs / study.name / name)


def work(document: Json, runs: Path) -> float:
    """Execute one run in a single-threaded process; return its seconds.

    Its output goes to `<run>.log` beside its folder.
    """
    import torch

    from fascore.running.run import execute_document

    torch.set_num_threads(1)
    runs.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with (runs / f"{document['name']}.log").open("a") as log, redirect_stdout(log), redirect_stderr(log):
        execute_document(document, runs=runs)
    return time.monotonic() - begun


def run_all(study: Study, runs: Path, jobs: int) -> None:
    """Execute the missing runs, `jobs` in parallel. Raises FascoreError at the end if a run failed."""
    waiting, failed = pending(study, runs), []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, document, runs / study.name): document["name"] for document in waiting}
        for done, future in enumerate(as_completed(futures), start=1):
            name, error = futures[future], future.exception()
            if error is not None:
                failed.append(name)
            print(
                f"{done}/{len(waiting)} {name}: {f'{future.result():.0f} s' if error is None else f'failed: {error}'}",
                flush=True,
            )
    if failed:
        raise FascoreError(f"{len(failed)} runs failed: {', '.join(failed)}; rerun the same command to retry them")


Tables = dict[str, list[ScoreTable]]


def read_tables(trends: Trends, study: Study, runs: Path) -> Tables:
    """Score tables of the runs of each row that is compared, by seed."""
    compared = dict.fromkeys(row for one in trends.comparisons for row in (one.row, one.against))
    folders = {
        row: [_folder(study, runs, document["name"]) for name, _, _, document in study.runs() if name == row]
        for row in compared
    }
    return {row: [ScoreTable.read(folder.scores(trends.test)) for folder in of] for row, of in folders.items()}


def claims(trends: Trends, tables: Tables) -> Iterator[Claim]:
    """Yield every comparison on every task."""
    for comparison in trends.comparisons:
        for task in comparison.tasks:
            found = trend(
                tables[comparison.row], tables[comparison.against], task, trends.metric, resamples=trends.resamples
            )
            yield Claim(comparison.claim, comparison.row, comparison.against, task, comparison.expected, found)


def refuse_small(trends: Trends, row: str, table: ScoreTable) -> None:
    """Raise FascoreError if a row's test set is smaller than required."""
    people = 0 if table.clusters is None else table.clusters.count
    if len(table) < trends.least_presentations or people < trends.least_subjects:
        needed = f"{trends.least_presentations} presentations of {trends.least_subjects} people"
        raise FascoreError(
            f"test set '{trends.test}' of row '{row}' has {len(table)} presentations of {people} people; {needed} are required"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the studies and write the section. The exit status is 1, with a message, if there is an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "plugins",
        nargs="*",
        metavar="PLUGIN",
        help="for example fas-joint; default: all plugins with specs/trends.json",
    )
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="number of parallel runs, one thread each"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder that contains the run folders")
    parser.add_argument("--report", action="store_true", help="run nothing; use the existing runs")
    options = parser.parse_args(arguments)
    plugins = options.plugins or sorted(path.parents[1].name for path in ROOT.glob("plugins/*/specs/trends.json"))
    try:
        for plugin in plugins:
            trends, study = read_trends(ROOT / "plugins" / plugin / "specs" / "trends.json")
            if not options.report:
                prepare(study, options.jobs)
                run_all(study, options.runs, options.jobs)
            tables = read_tables(trends, study, options.runs)
            tested = {one.row: tables[one.row][0] for one in trends.comparisons}
            for row, table in tested.items():
                refuse_small(trends, row, table)
            write_section(
                PAGE, plugin, section(plugin, trends.metric, study, list(claims(trends, tables)), list(tested.values()))
            )
    except (FascoreError, SpecErrors) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
