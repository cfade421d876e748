"""The figures of ISO/IEC 30107-3:2023, and those of forgery beside them."""

from __future__ import annotations

from collections.abc import Mapping

from fascore.evaluation.rates import attack_rates, bona_fide_rate, half, pooled, worst
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import Threshold, needed
from fascore.kinds.metric import Value


def compute(table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
    """Presentation attacks at the top level, digital forgery under `forgery`, each where the table has it.

    Every rate comes with errors, n and its 95 % Clopper-Pearson interval (`low`, `high`), exact if presentations are
    independent. A rate without any answered presentation is None. Raises SpecError without a threshold.
    """
    value = needed(threshold).value
    forged = table.factor("task").equals("forgery")
    forgery = {"forgery": _forgery(table.with_bona_fide(forged), value)} if (table.attack & forged).any() else {}
    if forgery and not (table.attack & ~forged).any():
        return {"acer_worst": None, "note": "no presentation attacks here: see forgery", **forgery}
    return {**_spoof(table.with_bona_fide(~forged), value), **forgery}


def _spoof(table: ScoreTable, threshold: float) -> dict[str, Value]:
    species, bona_fide = attack_rates(table, threshold), bona_fide_rate(table, threshold)
    name, every = worst(species), pooled(species)
    apcer_worst = species[name].value if name else None
    return {
        "acer_worst": half(apcer_worst, bona_fide.value), "acer_pooled": half(every.value, bona_fide.value),
        "apcer_worst": apcer_worst, "apcer_worst_species": name, "apcer_worst_n": species[name].n if name else 0,
        "apcer_pooled": every.value, "apnrr_pooled": every.non_response, "bpcer": bona_fide.value, "bpnrr": bona_fide.non_response,
        "bona_fide": bona_fide.parts("bpcer", "bpnrr"),
        "species": {name: rate.parts("apcer", "apnrr") for name, rate in species.items()},
        **_potentials(table, threshold),
    }  # fmt: skip


def _forgery(table: ScoreTable, threshold: float) -> dict[str, Value]:
    species, bona_fide = attack_rates(table, threshold), bona_fide_rate(table, threshold)
    name, every = worst(species), pooled(species)
    return {
        "forgery_miss_rate_worst": species[name].value if name else None, "forgery_miss_rate_worst_species": name,
        "forgery_miss_rate_worst_n": species[name].n if name else 0, "forgery_miss_rate_pooled": every.value,
        "false_reject": bona_fide.value, "bona_fide": bona_fide.parts("false_reject", "non_response"),
        "species": {name: rate.parts("forgery_miss_rate", "non_response") for name, rate in species.items()},
    }  # fmt: skip


def _potentials(table: ScoreTable, threshold: float) -> dict[str, Value]:
    """The worst species of each attack potential, where the records state it: a claim holds up to one potential."""
    found: dict[str, Value] = {}
    for potential, rows in table.by_group("attack_potential", table.attack):
        species = attack_rates(table.select(rows), threshold)
        name = worst(species)
        value, n = (species[name].value, species[name].n) if name else (None, 0)
        found[potential] = {"apcer_worst": value, "apcer_worst_species": name, "apcer_worst_n": n}
    return {"attack_potential": found} if set(found) - {"unknown"} else {}
