"""How figures are written: shared by the terminal and the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fascore.contract.kinds.unit import PERCENT
from fascore.evaluation.metric_entry import described, metric_named

ORACLE = "[test-oracle]"
RATES = "iso30107"
"""The metric whose parts are the rates of ISO/IEC 30107-3, which have tables by species of their own."""

TERMS = {
    "apcer": "APCER: share of attack presentations of one species that were accepted as bona fide. The worst species is the claim.",
    "bpcer": "BPCER: share of bona fide presentations that were rejected as attacks.",
    "nrr": "APNRR, BPNRR: share of attack or bona fide presentations that got no answer (no face, unreadable). They are in neither APCER nor BPCER.",
    "acer": (
        "ACER: mean of APCER and BPCER, once with the worst species, once with all attacks pooled. Not part of the standard; "
        "printed to compare with papers, which rarely say which of the two they print."
    ),
    "miss": "Forgery miss rate: share of digitally manipulated faces accepted as bona fide. Not an APCER: nothing was presented to a sensor.",
}
"""Rates of the tables by species."""
INTERVAL = "Intervals are 95 % Clopper-Pearson, exact if presentations are independent; clips of one person are not, so the truth is wider."
AT_TEST = f"{ORACLE}: the threshold was set on the test scores themselves; no deployed system can do that."
EXPLAINED = ("hter", "auc", "eer")
"""Metrics that every page explains, since papers speak of them; others where they were measured."""

ACER = {
    "acer_worst": "worst species",
    "acer_pooled": "all attacks pooled",
    "acer_mean_species": "mean over the species",
}
"""ACER in its conventions, as people name them."""


def entries(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and entry of every figure in the content of metrics.json, breakdowns left out."""
    for test in metrics["tests"].values():
        for measured in (*test["tasks"].values(), *([test["merged"]] if "merged" in test else [])):
            yield from measured["metrics"].items()


def meanings(measured: Iterable[str] = ()) -> list[str]:
    """What the metrics that every page explains mean, then those that were measured, each once; `measured` are sentences of entries."""
    known = [metric.meaning for name in EXPLAINED if (metric := metric_named(name)) is not None]
    return [sentence for sentence in dict.fromkeys([*known, *measured]) if sentence]


def glossary(metrics: Mapping[str, Any]) -> list[str]:
    """Everything that a reader of the report may look up."""
    measured = [described(name, entry).meaning for name, entry in entries(metrics)]
    return [*TERMS.values(), *meanings(measured), INTERVAL, AT_TEST]


def title(name: str, entry: Mapping[str, Any]) -> str:
    """A metric's title with the fields that differ from their defaults, as people write it."""
    return described(name, entry).title


def percent(value: Any) -> str:
    """A rate as people read it; a dash where it was not measured."""
    return PERCENT.text(value)


def number(value: Any) -> str:
    """Any figure in few digits."""
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def interval(parts: Mapping[str, Any]) -> str:
    """The interval of a rate; a dash where nothing was measured."""
    return "–" if not parts.get("n") else f"{100 * parts['low']:.1f} – {100 * parts['high']:.1f} %"


def bootstrap(ends: Mapping[str, Any] | None) -> str:
    """The interval of a rate over subjects; a dash where there is none."""
    return (PERCENT.interval(ends.get("low"), ends.get("high")) if ends else "") or "–"


def figure_interval(name: str, entry: Mapping[str, Any]) -> str:
    """The interval over subjects of a metric's primary figure, in its own unit; empty where there is none."""
    ends = entry.get("bootstrap") or {}
    ends = ends.get(entry["primary"], ends) if isinstance(ends, Mapping) else {}
    return described(name, entry).unit.interval(ends.get("low"), ends.get("high")) if isinstance(ends, Mapping) else ""


def seconds(value: float) -> str:
    """A time as people read it."""
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2f} s"


def level(folded: Mapping[str, Any] | None) -> str:
    """What counts as one presentation, in words."""
    if not folded or folded["name"] == "frame":
        return "each row of the score files"
    return f"{'a clip' if folded['name'] == 'clip' else 'an attempt of a subject'}, the {folded['rule']} of its rows"


def metric_title(name: str, entry: Mapping[str, Any]) -> str:
    """A metric's name, marked where it is an oracle."""
    return f"{name} {ORACLE}" if entry["oracle"] else name


def headline(name: str, entry: Mapping[str, Any]) -> str:
    """A metric's primary figure in its unit; what was not measurable in words."""
    value = entry.get(entry["primary"])
    return "not measurable" if value is None else described(name, entry).unit.text(value)


def detail(name: str, entry: Mapping[str, Any]) -> str:
    """What qualifies the figure, as its metric words it: convention, what was reached, n; or the note that says why there is none."""
    return described(name, entry).detail
