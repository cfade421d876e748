"""The content of metrics.json as rows: one for each figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

RATES = ("apcer", "bpcer", "forgery_miss_rate", "false_reject")


@dataclass(frozen=True)
class Figure:
    """One figure: its test set and task, the metric and which figure of it, `species` for the rate of one species.

    `low` and `high` are the ends of the 95 % interval if presentations were independent, `subjects_low` and `subjects_high` those over
    subjects; `errors` of `n` presentations are behind a rate. `oracle`: its threshold was set on the test scores. None: not known.
    """

    test: str
    task: str
    metric: str
    figure: str
    species: str | None
    value: float | None
    low: float | None = None
    high: float | None = None
    subjects_low: float | None = None
    subjects_high: float | None = None
    errors: int | None = None
    n: int | None = None
    oracle: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


COLUMNS = tuple(field.name for field in fields(Figure))


def figures(metrics: Mapping[str, Any]) -> tuple[Figure, ...]:
    """All figures of metrics.json, test by test and task by task; a metric's rates by species follow its own figures."""
    return tuple(
        Figure(test, task, name, figure, species, **facts, oracle=bool(entry["oracle"]))
        for test, measured in metrics["tests"].items()
        for task, part in measured["tasks"].items()
        for name, entry in part["metrics"].items()
        for figure, species, facts in [*_own(name, entry), *_by_species(entry)]
    )


def _own(name: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, None, dict[str, Any]]]:
    """The figures that the metric itself names."""
    from fascore.evaluation.metric_entry import described

    parts = described(name, entry).figures
    drawn = entry.get("bootstrap") or {}
    for part in parts:
        own = drawn.get(part, drawn)
        known = {key: entry[key] for key in ("low", "high", "errors", "n") if len(parts) == 1 and key in entry}
        yield part, None, {"value": entry.get(part), **known, **_over_subjects(own)}


def _by_species(entry: Mapping[str, Any]) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """The rate of each species and that of bona fide, of a metric that has them."""
    rates = entry.get("forgery", entry)
    if not isinstance(rates.get("species"), Mapping):
        return
    for species, rate in [*rates["species"].items(), (None, rates.get("bona_fide", {}))]:
        for key in RATES:
            if key in rate:
                known = {name: rate[name] for name in ("low", "high", "errors", "n") if name in rate}
                yield key, species, {"value": rate[key], **known, **_over_subjects(rate.get("bootstrap", {}), rate)}


def _over_subjects(drawn: Mapping[str, Any], rate: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The interval over subjects; of a rate without errors by the rule of three, as in the report."""
    if rate and "rule_of_three" in rate:
        return {"subjects_low": 0.0, "subjects_high": rate["rule_of_three"]["high"]}
    return {f"subjects_{end}": drawn[end] for end in ("low", "high") if isinstance(drawn.get(end), float)}
