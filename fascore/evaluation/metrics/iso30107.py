"""The figures of ISO/IEC 30107-3:2023, and the corresponding figures for forgery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import ScoreTable, Threshold
from fascore.contract.kinds.score_protocols import ResampledRates, Resampling
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import Rate, attack_rates, bona_fide_rate, coarse, half, mean, pooled, worst, worst_bound
from fascore.evaluation.threshold import needed

Parts = dict[str, Value]


@dataclass(frozen=True)
class Words:
    """Names of the rates: those of the standard for presentation attacks, other names for forgery."""

    attack: str
    silent_attack: str
    bona_fide: str
    silent_bona_fide: str


SPOOF = Words("apcer", "apnrr", "bpcer", "bpnrr")
FORGERY = Words("forgery_miss_rate", "non_response", "false_reject", "non_response")


@dataclass(frozen=True)
class Iso30107Module(MetricModule):
    """All rates of one score column.

    `group` names the column of the coarse groups; None: the part of the species before the dot.
    """

    column: str
    group: str | None

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """Presentation attacks at the top level and digital forgery under `forgery`, each if the table contains it.

        Every rate comes with errors, n, and its 95 % Clopper-Pearson interval (`low`, `high`), exact if presentations
        are independent. A rate without any responses is None. Raises SpecError without a threshold.
        """
        value = needed(threshold).value
        spoof, forged = _tasks(table.reading(self.column))
        forgery: Parts = {} if forged is None else {"forgery": _figures(forged, value, FORGERY)}
        if spoof is None:
            return {"acer_worst": None, "note": "no presentation attacks in this table; see forgery", **forgery}
        groups = _groups(spoof, value, self.group)
        return {**_figures(spoof, value, SPOOF), **groups, **_potentials(spoof, value), **forgery}

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` beside every rate of `compute`, and under `bootstrap` the intervals of figures that combine both
        classes.

        `acer_worst` keeps the worst species of the table fixed, because the worst of each resample is biased upward.
        The bound for the worst species is `apcer_worst_bound`.
        """
        value = needed(threshold).value
        spoof, forged = _tasks(table.reading(self.column))
        parts: Parts = {}
        if spoof is not None and (own := draws.on(spoof)) is not None:
            parts |= _intervals(own, own.rates(value), worst(attack_rates(spoof, value)), SPOOF)
        if forged is not None and (own := draws.on(forged)) is not None:
            parts["forgery"] = _intervals(own, own.rates(value), worst(attack_rates(forged, value)), FORGERY)
        return parts


def _tasks(table: ScoreTable) -> tuple[ScoreTable | None, ScoreTable | None]:
    """Presentation attacks and forgeries, each with its bona fide. One of them is None if only the other occurs."""
    forged = table.categorical("task").equals("forgery")
    if not (table.attack & forged).any():
        return table.with_bona_fide(~forged), None
    return table.with_bona_fide(~forged) if (table.attack & ~forged).any() else None, table.with_bona_fide(forged)


def _figures(table: ScoreTable, threshold: float, words: Words) -> Parts:
    species, bona_fide = attack_rates(table, threshold), bona_fide_rate(table, threshold)
    every = replace(pooled(species), subjects=None if table.shown is None else table.shown.attack)
    return {
        **_summary(species, bona_fide, words),
        f"{words.attack}_worst_bound": worst_bound(species),
        f"{words.silent_attack}_pooled": every.non_response,
        words.silent_bona_fide: bona_fide.non_response,
        "bona_fide": bona_fide.parts(words.bona_fide, words.silent_bona_fide),
        "pooled": every.parts(f"{words.attack}_pooled", f"{words.silent_attack}_pooled"),
        "species": {name: rate.parts(words.attack, words.silent_attack) for name, rate in species.items()},
        "non_response_rejects": _silence_rejects(species, bona_fide, words),
    }


def _summary(species: Mapping[str, Rate], bona_fide: Rate, words: Words) -> Parts:
    """The worst species, the pooled rate, and for presentation attacks ACER in its three conventions."""
    name, every, named = worst(species), pooled(species), words.attack
    top = species[name].value if name else None
    summary: Parts = {
        f"{named}_worst": top,
        f"{named}_worst_species": name,
        f"{named}_worst_n": species[name].n if name else 0,
        f"{named}_pooled": every.value,
        words.bona_fide: bona_fide.value,
    }
    if words is not SPOOF:
        return summary
    conventions = {"worst": top, "pooled": every.value, "mean_species": mean(species)}
    return {
        **{f"acer_{convention}": half(rate, bona_fide.value) for convention, rate in conventions.items()},
        **summary,
    }


def _silence_rejects(species: Mapping[str, Rate], bona_fide: Rate, words: Words) -> Parts:
    """The second set of rates: a non-response is not admitted, so it counts as a rejection."""
    attacks = {name: rate.silence_rejects(bona_fide=False) for name, rate in species.items()}
    own = bona_fide.silence_rejects(bona_fide=True)
    return {
        **_summary(attacks, own, words),
        "bona_fide": own.counts(words.bona_fide),
        "species": {name: rate.counts(words.attack) for name, rate in attacks.items()},
    }


def _intervals(draws: Resampling, rates: ResampledRates, top: str | None, words: Words) -> Parts:
    interval = draws.interval
    both: Parts = {f"{words.attack}_pooled": interval(rates.pooled), words.bona_fide: interval(rates.bona_fide)}
    if words is SPOOF:
        conventions = {"pooled": rates.pooled, "mean_species": rates.mean_species} | (
            {"worst": rates.species[top]} if top else {}
        )
        both |= {
            f"acer_{convention}": interval((rate + rates.bona_fide) / 2) for convention, rate in conventions.items()
        }
    return {
        "bootstrap": both,
        "bona_fide": {"bootstrap": interval(rates.bona_fide)},
        "pooled": {"bootstrap": interval(rates.pooled)},
        "species": {name: {"bootstrap": interval(values)} for name, values in rates.species.items()},
    }


def _groups(table: ScoreTable, threshold: float, column: str | None) -> Parts:
    """Coarse groups: the worst species and the pooled rate of each."""
    if column is None:
        groups = coarse(attack_rates(table, threshold))
    else:
        groups = {
            name: attack_rates(table.select(rows), threshold) for name, rows in table.by_group(column, table.attack)
        }
    return {
        "groups": {
            name: {**_top(rates), **pooled(rates).parts("apcer_pooled", "apnrr_pooled")}
            for name, rates in groups.items()
        }
    }


def _potentials(table: ScoreTable, threshold: float) -> Parts:
    """The worst species by attack potential, if the records state it: a claim holds up to a given potential."""
    if not any(table.categorical("attack_potential").present()):
        return {}
    parts = {
        name: attack_rates(table.select(rows), threshold)
        for name, rows in table.by_group("attack_potential", table.attack)
    }
    return {
        "attack_potential": {
            name: {**_top(rates), "apcer_worst_bound": worst_bound(rates)} for name, rates in parts.items()
        }
    }


def _top(rates: Mapping[str, Rate]) -> Parts:
    name = worst(rates)
    value, n = (rates[name].value, rates[name].n) if name else (None, 0)
    return {"apcer_worst": value, "apcer_worst_species": name, "apcer_worst_n": n}
