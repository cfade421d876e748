"""What an entry of metrics.json says of its metric, so that terminal, report and comparison write figures without knowing any metric."""

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
"""Key of an entry under which the description stands."""


@dataclass(frozen=True)
class Description:
    """How the figures of an entry are written.

    `figures` are the parts that stand in summaries, with their titles: the primary one, or those that the metric names.
    `detail` is what qualifies the figure, or why there is none.
    """

    title: str
    unit: Unit
    measures: str
    figures: Mapping[str, str]
    detail: str
    meaning: str = ""

    def document(self) -> dict[str, Any]:
        """The description as it stands in metrics.json."""
        return asdict(self)


def metric_name(metric: Metric) -> str:
    """A metric's name in metrics.json: its type, with the fields that differ from their defaults in parentheses."""
    return _with_fields(metric.type, "", _fields(metric))


def describe(metric: Metric, parts: Mapping[str, Any]) -> Description:
    """The description of a metric that gave these parts. A `detail` that raises is reported there, since a run must not end by it."""
    fields = _fields(metric)
    title = _with_fields(metric.title or metric.type, " ", fields)
    figures = {part: _with_fields(name, " ", fields) for part, name in metric.figures.items()} or {
        metric.primary: title
    }
    return Description(title, metric.unit, metric.measures, figures, _detail(metric, parts), metric.meaning)


def described(name: str, entry: Mapping[str, Any]) -> Description:
    """The description of an entry.

    An entry of an older fascore has none: its metric is then found by its name, and where the plugin of the metric is not
    installed the name itself is the title, and the figure is read as a rate.
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
    """The metric of a name in metrics.json; None where its plugin is not installed, or has changed so that the name says nothing."""
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
        return f"{metric.type} cannot word its parts: {type(error).__name__}: {error}"


def _assignments(fields: str) -> Iterator[tuple[str, str]]:
    """`key=value` texts of a name; a comma inside quotes or brackets separates nothing."""
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
    """A value as Python prints it; any other text is a word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
