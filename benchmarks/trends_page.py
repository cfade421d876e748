"""A plugin's section of docs/trends.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trend_statistics import LEVEL, Trend, corrected

from fascore.contract.files import write_whole
from fascore.evaluation.table import ScoreTable
from fascore.running.study import Study

HEAD = ("comparison", "task", "row", "against", "difference [95 %]", "detectable", "p (Holm)", "verdict")


class Claim(NamedTuple):
    """One comparison on one task; `expected` is the paper's claim about the difference."""

    claim: str
    row: str
    against: str
    task: str
    expected: str
    trend: Trend


def verdict(claim: Claim, p: float) -> str:
    """`undecided`, or whether the difference agrees with the paper; p is adjusted for the number of comparisons."""
    if p >= LEVEL:
        return "undecided"
    return (
        "decided: as in the paper"
        if (claim.trend.difference > 0) == (claim.expected == "higher")
        else "decided: against the paper"
    )


def section(plugin: str, metric: str, study: Study, claims: Sequence[Claim], tests: Sequence[ScoreTable]) -> str:
    """Markdown: the basis of the figures, and one line per comparison, in percentage points.

    `tests` has one table per row.
    """
    lines = [
        f"## {plugin}",
        "",
        f"{metric.upper()} in percent, means over seeds {', '.join(map(str, study.spec.seeds))}; {_tested(tests)}. "
        f"{len(claims)} comparisons, corrected jointly.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *_lines(claims),
    ]
    return "\n".join(lines) + "\n"


def _tested(tests: Sequence[ScoreTable]) -> str:
    """The numbers of presentations and people, and the benchmark; test sets of equal size are listed together."""
    found: dict[tuple[int, int], dict[str, None]] = {}
    for test in tests:
        found.setdefault((len(test), test.clusters.count if test.clusters else 0), {})[_benchmark(test)] = None
    return ", ".join(
        f"{count} test presentations of {people} people ({', '.join(drawn)})"
        for (count, people), drawn in found.items()
    )


def _benchmark(test: ScoreTable) -> str:
    return ", ".join(sorted(set(test.column("benchmark").tolist()))) if "benchmark" in test.names else "no phantom"


def _lines(claims: Sequence[Claim]) -> Iterator[str]:
    adjusted = corrected({str(place): claim.trend for place, claim in enumerate(claims)})
    for place, claim in enumerate(claims):
        found, p = claim.trend, adjusted[str(place)]
        means = [f"{100 * mean:.1f}" for mean in found.means]
        difference = f"{100 * found.difference:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
        cells = [
            claim.claim,
            claim.task,
            *means,
            difference,
            f"{100 * found.detectable:.1f}",
            f"{p:.3f}",
            verdict(claim, p),
        ]
        yield "| " + " | ".join(cells) + " |"


def write_section(page: Path, plugin: str, text: str) -> None:
    """Replace a section between its markers, or append it if the page has none yet; everything else stays."""
    begin, end = f"<!-- begin: {plugin}, written by make trends -->", f"<!-- end: {plugin} -->"
    block, old = f"{begin}\n\n{text}\n{end}\n", page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end) + "\n", re.DOTALL)
    write_whole(page, pattern.sub(lambda _: block, old) if pattern.search(old) else f"{old.rstrip()}\n\n{block}")
