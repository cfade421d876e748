"""How figures are formatted, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fascore.contract.kinds.unit import PERCENT
from fascore.evaluation.metric_entry import described, metric_named

ORACLE = "[test-oracle]"
RATES = "iso30107"
"""The metric whose parts are the rates of ISO/IEC 30107-3. These rates have their own tables by species."""

TERMS = {
    "apcer": (
        "APCER (attack presentation classification error rate): share of the attack presentations of one species of presentation "
        "attack instrument (PAI) that were accepted as bona fide. The worst species determines the claim."
    ),
    "bpcer": "BPCER (bona fide presentation classification error rate): share of bona fide presentations that were rejected as attacks.",
    "nrr": (
        "APNRR, BPNRR (non-response rates): share of attack or bona fide presentations without a response (no face, unreadable). "
        "Non-responses count in neither APCER nor BPCER."
    ),
    "acer": (
        "ACER (average classification error rate): mean of APCER and BPCER, computed both with the worst species and with all attacks "
        "pooled. ACER is not part of the standard. It is listed for comparison with papers, which rarely state which of the two they report."
    ),
    "miss": "Forgery miss rate: share of digitally manipulated faces accepted as bona fide. Not an APCER: nothing was presented to a sensor.",
}
"""Rates in the tables by species."""
INTERVAL = (
    "Intervals “if independent” are 95 % Clopper-Pearson intervals. They are exact if presentations are independent. "
    "Clips of one person are not independent, so the true intervals are wider."
)
AT_TEST = f"{ORACLE}: the threshold was set on the test scores themselves, which no deployed system can do."
EXPLAINED = ("hter", "auc", "eer")
"""Metrics that every page explains because papers report them. Other metrics are explained only if they were measured."""

ACER = {
    "acer_worst": "worst species",
    "acer_pooled": "all attacks pooled",
    "acer_mean_species": "mean over the species",
}
"""Display names of the ACER conventions."""


def entries(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and entry of every figure in metrics.json, except breakdowns."""
    for test in metrics["tests"].values():
        for measured in (*test["tasks"].values(), *([test["merged"]] if "merged" in test else [])):
            yield from measured["metrics"].items()


def meanings(measured: Iterable[str] = ()) -> list[str]:
    """Explanations of the metrics that every page explains, then of those that were measured, without duplicates.

    `measured` holds the explanations from the entries.
    """
    known = [metric.meaning for name in EXPLAINED if (metric := metric_named(name)) is not None]
    return [sentence for sentence in dict.fromkeys([*known, *measured]) if sentence]


def glossary(metrics: Mapping[str, Any]) -> list[str]:
    """All explanations for readers of the report."""
    measured = [described(name, entry).meaning for name, entry in entries(metrics)]
    return [*TERMS.values(), *meanings(measured), INTERVAL, AT_TEST]


def title(name: str, entry: Mapping[str, Any]) -> str:
    """A metric's title for display, with the fields that differ from their defaults."""
    return described(name, entry).title


def percent(value: Any) -> str:
    """A rate for display, or a dash if it was not measured."""
    return PERCENT.text(value)


def number(value: Any) -> str:
    """Any figure, rounded to a few digits."""
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def interval(parts: Mapping[str, Any]) -> str:
    """The interval of a rate, or a dash if nothing was measured."""
    return "–" if not parts.get("n") else f"{100 * parts['low']:.1f} – {100 * parts['high']:.1f} %"


def bootstrap(ends: Mapping[str, Any] | None) -> str:
    """The interval of a rate over subjects, or a dash if there is none."""
    return (PERCENT.interval(ends.get("low"), ends.get("high")) if ends else "") or "–"


def figure_interval(name: str, entry: Mapping[str, Any]) -> str:
    """The interval over subjects of a metric's primary figure, in its unit. Empty if there is none."""
    ends = entry.get("bootstrap") or {}
    ends = ends.get(entry["primary"], ends) if isinstance(ends, Mapping) else {}
    return described(name, entry).unit.interval(ends.get("low"), ends.get("high")) if isinstance(ends, Mapping) else ""


def seconds(value: float) -> str:
    """A duration for display."""
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2f} s"


def level(folded: Mapping[str, Any] | None, *, of_run: bool = False) -> str:
    """What counts as one presentation, in words. `of_run`: a training run, which scores each record of its datasets once."""
    if not folded or folded["name"] == "frame":
        return "one record of the dataset (an image or a video)" if of_run else "one row of the score file"
    return f"{'one clip' if folded['name'] == 'clip' else 'one attempt by a subject'}, scored by the {folded['rule']} of its rows"


def metric_title(name: str, entry: Mapping[str, Any]) -> str:
    """A metric's name, marked if the metric is an oracle."""
    return f"{name} {ORACLE}" if entry["oracle"] else name


def headline(name: str, entry: Mapping[str, Any]) -> str:
    """A metric's primary figure in its unit, or "not measurable"."""
    value = entry.get(entry["primary"])
    return "not measurable" if value is None else described(name, entry).unit.text(value)


def detail(name: str, entry: Mapping[str, Any]) -> str:
    """The metric's own description of the figure (convention, value reached, n), or the note that explains why there is none."""
    return described(name, entry).detail
