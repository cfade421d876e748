"""The description of a metric in metrics.json, so that terminal, report, and comparison can format figures without knowing the metric."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from fascore.contract.component import load, validate
from fascore.contract.errors import FascoreError
from fascore.contract.kinds.metric import Metric, counted
from fascore.contract.kinds.unit import PERCENT, Unit

ABOUT = "about"
"""Key of the description in an entry."""


@dataclass(frozen=True)
class Description:
    """The format of an entry's figures.

    `figures` maps the parts shown in summaries to their titles: the primary part, or those that the metric names.
    `detail` qualifies the figure, or explains why there is none.
    """

    title: str
    unit: Unit
    measures: str
    figures: Mapping[str, str]
    detail: str
    meaning: str = ""

    def document(self) -> dict[str, Any]:
        return asdict(self)


def metric_name(metric: Metric) -> str:
    """A metric's name in metrics.json: its type, with the fields that differ from their defaults in parentheses."""
    return _with_fields(metric.type, "", _fields(metric))


def describe(metric: Metric, parts: Mapping[str, Any]) -> Description:
    """The description of a metric that returned these parts. An error in `detail` becomes the detail text so that it cannot stop a run."""
    fields = _fields(metric)
    title = _with_fields(metric.title or metric.type, " ", fields)
    figures = {part: _with_fields(name, " ", fields) for part, name in metric.figures.items()} or {
        metric.primary: title
    }
    return Description(title, metric.unit, metric.measures, figures, _detail(metric, parts), metric.meaning)


def described(name: str, entry: Mapping[str, Any]) -> Description:
    """The description of an entry.

    Entries of older fascore versions have none. Their metric is looked up by name. If its plugin is not installed, the name
    is the title and the figure is treated as a rate.
    """
    document = entry.get(ABOUT)
    if document is not None:
        return Description(**{**document, "unit": Unit(**document["unit"])})
    metric = metric_named(name)
    if metric is not None:
        return describe(metric, entry)
    kind, _, fields = name.partition("(")
    title = _with_fields(kind, " ", fields.removesuffix(")"))
    detail = str(entry.get("note") or counted(entry))
    return Description(title, PERCENT, "attack_detection", {entry["primary"]: title}, detail)


def metric_named(name: str) -> Metric | None:
    """The metric with a name from metrics.json. None if its plugin is not installed or no longer matches the name."""
    kind, _, fields = name.partition("(")
    try:
        component = load("metric", kind)
    except FascoreError:
        return None
    texts = dict(_assignments(fields.removesuffix(")")))
    literals = {key: _literal(text) for key, text in texts.items()}
    for values in (literals, texts):
        try:
            metric = cast("Metric", validate(component, {"type": kind, **values}))
        except FascoreError:
            continue
        if metric_name(metric) == name:
            return metric
    return None


def _fields(metric: Metric) -> str:
    fields = metric.model_dump(exclude_defaults=True)
    return ", ".join(f"{key}={value}" for key, value in fields.items() if key != "type")


def _with_fields(name: str, blank: str, fields: str) -> str:
    return f"{name}{blank}({fields})" if fields else name


def _detail(metric: Metric, parts: Mapping[str, Any]) -> str:
    if parts.get("note"):
        return str(parts["note"])
    try:
        return str(metric.detail(parts))
    except Exception as error:
        return f"detail() of {metric.type} failed: {type(error).__name__}: {error}"


def _assignments(fields: str) -> Iterator[tuple[str, str]]:
    """Yield the `key=value` pairs of a name. Commas inside quotes or brackets do not separate pairs."""
    depth, quote, start = 0, "", 0
    for place, letter in enumerate(f"{fields},"):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and not depth:
            key, equals, value = fields[start:place].strip().partition("=")
            if equals:
                yield key, value
            start = place + 1


def _literal(text: str) -> Any:
    """Parse a value printed by Python. Other text is returned as a string."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
