"""How the reference model of the phantom performs on each species: ranges over its seeds.

    python benchmarks/phantom_reference.py [--study plugins/fas-phantom/specs/reference-seeds.json] [--runs runs]

Runs the missing runs of the study, then prints the AUC of each test set, and by species the equal error rate (EER)
relative to all bona fide of the set and the APCER at the dev threshold. The exit status is 1 if, on the site used in
training, mask.silicone or every print is easier to detect than the benchmark promises: a median EER of 15 %.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fascore.evaluation.roc import auc, equal_error
from fascore.evaluation.table import ScoreTable

HARD = 0.15
"""Minimum median EER of mask.silicone and of the hardest print."""


def main() -> int:
    """Run missing runs, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=Path("plugins/fas-phantom/specs/reference-seeds.json"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    asked = parser.parse_args()
    command = [sys.executable, "-m", "fascore", "study", "run", str(asked.study), "--runs", str(asked.runs)]
    if code := subprocess.run(command, check=False).returncode:
        return code
    folders = sorted((asked.runs / json.loads(asked.study.read_text())["name"]).glob("*/metrics.json"))
    tests: dict[str, list[ScoreTable]] = {}
    for figures in folders:
        for path in sorted((figures.parent / "scores").glob("*.csv")):
            tests.setdefault(path.stem.removeprefix("test."), []).append(ScoreTable.read(path))
    thresholds = [json.loads(path.read_text())["threshold"]["value"] for path in folders]
    print(f"\n| set | AUC over {len(folders)} seeds | EER |", "| --- | --- | --- |", sep="\n")
    for name, tables in tests.items():
        areas, errors = ([of(t.sorted_bona_fide, t.sorted_attack) for t in tables] for of in (auc, eer))
        print(f"| {name} | {spread(areas)} | {spread(errors)} |")
    for name in (name for name in tests if name != "dev"):
        print_species(name, tests[name], thresholds)
    median = {
        species: float(np.median(errors)) for species, (_, errors, _) in by_species(tests["intra"], thresholds).items()
    }
    held = (
        median["mask.silicone"] > HARD
        and max(error for name, error in median.items() if name.startswith("print")) > HARD
    )
    print(f"\nmask.silicone and one print harder than {HARD:.0%} on intra: {'yes' if held else 'no'}")
    return 0 if held else 1


def print_species(name: str, tables: Sequence[ScoreTable], thresholds: Sequence[float]) -> None:
    """The table of a test set by species."""
    live = len(tables[0].sorted_bona_fide)
    print(f"\n| {name} | n attack, live | EER | APCER at dev's threshold |", "| --- | --- | --- | --- |", sep="\n")
    for species, (count, errors, accepted) in by_species(tables, thresholds).items():
        print(f"| `{species}` | {count}, {live} | {spread(errors)} | {spread(accepted)} |")


def eer(bona_fide: np.ndarray, attack: np.ndarray) -> float:
    """The interpolated equal error rate of sorted scores."""
    return equal_error(bona_fide, attack).interpolated


def by_species(
    tables: Sequence[ScoreTable], thresholds: Sequence[float]
) -> dict[str, tuple[int, list[float], list[float]]]:
    """For each species: the attacks, the EER of each seed, and the share of attacks that each seed's threshold accepts."""
    found: dict[str, tuple[int, list[float], list[float]]] = {}
    for table, threshold in zip(tables, thresholds, strict=True):
        for species, scores in scores_of(table):
            _, errors, accepted = found.setdefault(species, (len(scores), [], []))
            errors.append(eer(table.sorted_bona_fide, scores))
            accepted.append(float((scores >= threshold).mean()))
    return found


def scores_of(table: ScoreTable) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the sorted attack scores of each species."""
    kinds, scores = table.column("species"), table.column("score")
    for species in sorted(set(kinds[table.attack].tolist())):
        yield species, np.sort(scores[table.attack & (kinds == species)])


def spread(values: Sequence[float]) -> str:
    """Median and range."""
    return f"{np.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


if __name__ == "__main__":
    sys.exit(main())
