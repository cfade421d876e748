"""compare.html: all systems on one page, without network access or scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from fascore.evaluation.comparison import FIGURES, Comparison, System
from fascore.evaluation.join import common
from fascore.report import charts, wording
from fascore.report.comparison.figures import shown
from fascore.report.comparison.sheet import Section
from fascore.report.html import template

CURVES_NOTE = (
    "All attacks pooled. Dot: operating point at the system's own threshold. The DET plot has no dot if a rate is 0."
)
FOREST_NOTE = (
    "Percentage points, system minus {base}, 95 % intervals over subjects. Left of the line, the system makes fewer errors than {base}. "
    "AUC is shown as 1 - AUC, so that left is better in every row."
)
TERMS = ("apcer", "bpcer", "acer", "miss")
PAIRS = (
    "Differences are computed on presentations for which both systems gave a score, each system at its own dev threshold. Intervals and p-values "
    "resample people, identically for both systems. McNemar's test counts presentations on which exactly one system is wrong and treats them as "
    "independent."
)


def render(title: str, comparison: Comparison, sections: Sequence[Section], systems: Sequence[System]) -> str:
    """Render the page. Text is escaped. The same facts produce the same bytes."""
    drawn = [_charts(comparison, section, systems) if section.key else [] for section in sections]
    return template("compare.html.j2").render(
        title=title,
        sections=sections,
        charts=drawn,
        warnings=comparison["warnings"],
        meanings=[
            *(wording.TERMS[key] for key in TERMS),
            *wording.meanings(_further(comparison)),
            wording.AT_TEST,
            PAIRS,
        ],
    )


def _further(comparison: Comparison) -> Iterator[str]:
    """Yield the explanations of the systems' further metrics."""
    for test in comparison["tests"].values():
        for measured in test["tasks"].values():
            yield from (figure["meaning"] for own in measured.get("further", {}).values() for figure in own.values())


def _charts(comparison: Comparison, section: Section, systems: Sequence[System]) -> list[tuple[str, Markup, str, bool]]:
    """Caption, chart, note, and whether the chart needs the full page width."""
    test, task = section.key or ("", "")
    tables = common({system.name: system.tests[test] for system in systems})
    lines = []
    for system in systems:
        table = tables[system.name].task("" if task == "unknown" else task)
        if len(table.sorted_bona_fide) and len(table.sorted_attack):
            lines.append(charts.Line(system.name, table.sorted_bona_fide, table.sorted_attack, system.threshold.value))
    name = f"{test}, {task}"
    drawn = []
    if lines:
        drawn.append(("DET (normal deviate axes)", Markup(charts.det_chart(lines, f"DET, {name}")), CURVES_NOTE, False))
        drawn.append(("ROC", Markup(charts.roc_chart(lines, f"ROC, {name}")), CURVES_NOTE, False))
    effects = _effects(comparison["tests"][test]["tasks"][task]["pairs"], task)
    if effects:
        forest = Markup(charts.forest_chart(effects, [system.name for system in systems], f"differences, {name}"))
        drawn.append(
            (
                f"Differences from {comparison['baseline']}",
                forest,
                FOREST_NOTE.format(base=comparison["baseline"]),
                True,
            )
        )
    return drawn


def _effects(pairs: Mapping[str, Any], task: str) -> list[charts.Effect]:
    """Every measured difference in percentage points. Figures for which higher is better are inverted: AUC becomes 1 - AUC."""
    effects = []
    for key in FIGURES.get(task, FIGURES["spoof"]):
        figure = shown(key)
        for name, pair in pairs.items():
            part = pair.get("differences", {}).get(key, {})
            if part.get("difference") is not None:
                drawn = part.get("bootstrap", {})
                ends = [drawn.get("low"), drawn.get("high")]
                sign = -100 if figure.higher_is_better else 100
                low, high = sorted(sign * end for end in ends) if None not in ends else (None, None)
                title = f"1 - {figure.title}" if figure.higher_is_better else figure.title
                effects.append(charts.Effect(title, name, sign * part["difference"], low, high))
    return effects
