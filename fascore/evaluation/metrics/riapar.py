"""RIAPAR: the full system, a PAD subsystem with a matcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fascore.contract.errors import SpecError
from fascore.contract.kinds.metric import MetricModule
from fascore.contract.kinds.protocols import Resampling, ScoreTable, Threshold
from fascore.contract.kinds.values import Value
from fascore.evaluation.rates import Rate, worst
from fascore.evaluation.threshold import needed

ACCEPT, SCORE = "matcher.accept", "matcher.score"


@dataclass(frozen=True)
class RiaparModule(MetricModule):
    """RIAPAR of one score column.

    The matcher accepts by `matcher.accept`, or by `matcher.score` at `matcher_threshold`.
    """

    column: str
    matcher_threshold: float | None

    def compute(self, table: ScoreTable, threshold: Threshold | None) -> Mapping[str, Value]:
        """RIAPAR = IAPAR + FRR by species, the worst first, each rate with errors, n, and interval.

        Both rates count all presentations, including non-responses, which are not admitted. Raises SpecError without a
        threshold, without matcher columns, and if a class is missing.
        """
        read = table.reading(self.column)
        accepted = system_accepts(read, needed(threshold).value, self.matcher_threshold)
        frr = _count(~accepted, read.bona_fide)
        species = {name: _count(accepted, rows) for name, rows in read.by_group("species", read.attack)}
        top = worst(species)
        if top is None or frr.value is None:
            raise SpecError(
                f"the table has no {'bona fide' if top else 'attack'} presentation; RIAPAR needs both classes"
            )
        sums = {name: (rate.value or 0.0) + frr.value for name, rate in species.items()}
        return {
            "riapar_worst": sums[top],
            "riapar_worst_species": top,
            "iapar_worst": species[top].value,
            "frr": frr.value,
            "bona_fide": frr.counts("frr"),
            "species": {name: {"riapar": sums[name], **rate.counts("iapar")} for name, rate in species.items()},
        }

    def resample(self, table: ScoreTable, threshold: Threshold | None, draws: Resampling) -> Mapping[str, Value]:
        """`bootstrap` of FRR, and of the sum by species. Raises SpecError as `compute` does."""
        read = table.reading(self.column)
        own = draws.on(read)
        if own is None:
            return {}
        accepted = system_accepts(read, needed(threshold).value, self.matcher_threshold)
        rates = own.rates_of(accepted, np.ones(len(read), np.bool_))
        sums = {name: {"bootstrap": own.interval(values + rates.bona_fide)} for name, values in rates.species.items()}
        return {"bona_fide": {"bootstrap": own.interval(rates.bona_fide)}, "species": sums}


def system_accepts(table: ScoreTable, threshold: float, matcher_threshold: float | None) -> NDArray[np.bool_]:
    """Presentations that both the PAD subsystem and the matcher accept, (N,): by `matcher.accept` (0 or 1), otherwise
    by `matcher.score`.
    """
    if matcher_threshold is not None and SCORE in table.heads:
        matched = table.heads[SCORE] >= matcher_threshold
    elif matcher_threshold is None and ACCEPT in table.heads:
        accepts = table.heads[ACCEPT]
        if not np.isin(accepts[np.isfinite(accepts)], (0, 1)).all():
            raise SpecError(
                f"column '{ACCEPT}' must hold 1 (the matcher accepted) or 0 (it did not); write matcher scores to column '{SCORE}'"
            )
        matched = accepts == 1
    else:
        raise SpecError(
            f"RIAPAR needs matcher results: provide column '{ACCEPT}' with 0 and 1, or column '{SCORE}' and the field matcher_threshold"
        )
    return np.asarray(matched & table.responded & (table.score >= threshold))


def _count(errors: NDArray[np.bool_], rows: NDArray[np.bool_] | NDArray[np.int64]) -> Rate:
    picked = errors[rows]
    return Rate(int(np.count_nonzero(picked)), len(picked))
