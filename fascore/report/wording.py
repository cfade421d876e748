"""How figures are written: shared by the terminal and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ORACLE = "[test-oracle]"

MEANINGS = {
    "apcer": "APCER: share of attack presentations of one species that were accepted as bona fide. The worst species is the claim.",
    "bpcer": "BPCER: share of bona fide presentations that were rejected as attacks.",
    "nrr": "APNRR, BPNRR: share of attack or bona fide presentations that got no answer (no face, unreadable). They are in neither APCER nor BPCER.",
    "acer": (
        "ACER: mean of APCER and BPCER, once with the worst species, once with all attacks pooled. Not part of the standard; "
        "printed to compare with papers, which rarely say which of the two they print."
    ),
    "miss": "Forgery miss rate: share of digitally manipulated faces accepted as bona fide. Not an APCER: nothing was presented to a sensor.",
    "hter": "HTER: mean of both error rates at the dev threshold, all attacks pooled.",
    "auc": "AUC: chance that a bona fide scores above an attack; 0.5 is guessing.",
    "eer": "EER: the error rate where both are equal, at a threshold that nobody could have known before the test.",
    "interval": "Intervals are 95 % Clopper-Pearson, exact if presentations are independent; clips of one person are not, so the truth is wider.",
    "oracle": f"{ORACLE}: the threshold was set on the test scores themselves; no deployed system can do that.",
}


ACER = {
    "acer_worst": "worst species",
    "acer_pooled": "all attacks pooled",
    "acer_mean_species": "mean over the species",
}
"""ACER in its conventions, as people name them."""


TITLES = {
    "hter": "HTER",
    "eer": "EER",
    "auc": "AUC",
    "partial_auc": "Partial AUC",
    "accuracy": "Accuracy",
    "bpcer_at_apcer": "BPCER at APCER",
    "apcer_at_bpcer": "APCER at BPCER",
    "accuracy_at_bpcer": "Accuracy at BPCER",
    "tpr_at_fpr": "TPR at FPR",
    "riapar": "RIAPAR",
    "iso30107": "ACER, worst species",
}
"""The core's metrics as people name them."""


def title(name: str) -> str:
    """A metric's name in metrics.json as people write it; one of a plugin stays as it is."""
    kind, bracket, fields = name.partition("(")
    return f"{TITLES.get(kind, kind)}{' ' * bool(bracket)}{bracket}{fields}"


def percent(value: Any, digits: int = 2) -> str:
    """A rate as people read it; a dash where it was not measured."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def number(value: Any) -> str:
    """Any figure in few digits."""
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def interval(parts: Mapping[str, Any]) -> str:
    """The interval of a rate; a dash where nothing was measured."""
    return "–" if not parts.get("n") else f"{100 * parts['low']:.1f} – {100 * parts['high']:.1f} %"


def bootstrap(found: Mapping[str, Any] | None) -> str:
    """The interval over subjects; a dash where there is none."""
    return "–" if not found or found.get("low") is None else f"{100 * found['low']:.1f} – {100 * found['high']:.1f} %"


def figure_interval(name: str, parts: Mapping[str, Any]) -> str:
    """The interval over subjects of a metric's primary figure, in its own form; empty where there is none."""
    found = parts.get("bootstrap") or {}
    found = found.get(parts["primary"], found) if isinstance(found, Mapping) else {}
    if not isinstance(found, Mapping) or found.get("low") is None:
        return ""
    return f"{found['low']:.4f} – {found['high']:.4f}" if is_area(name) else bootstrap(found)


def is_area(name: str) -> bool:
    """Whether a metric is an area under a curve, which is written as a number and not in per cent."""
    return name.startswith(("auc", "partial_auc"))


def seconds(value: float) -> str:
    """A time as people read it."""
    return f"{1000 * value:.0f} ms" if value < 1 else f"{value:.2f} s"


def level(found: Mapping[str, Any] | None) -> str:
    """What counts as one presentation, in words."""
    if not found or found["name"] == "frame":
        return "each row of the score files"
    return f"{'a clip' if found['name'] == 'clip' else 'an attempt of a subject'}, the {found['rule']} of its rows"


def metric_title(name: str, parts: Mapping[str, Any]) -> str:
    """A metric's name, marked where it is an oracle."""
    return f"{name} {ORACLE}" if parts["oracle"] else name


def headline(name: str, parts: Mapping[str, Any]) -> str:
    """A metric's primary figure: AUC as a number, rates in per cent, what was not measurable in words."""
    value = parts.get(parts["primary"])
    if value is None:
        return "not measurable"
    return f"{value:.4f}" if is_area(name) else percent(value)


def detail(parts: Mapping[str, Any]) -> str:
    """What qualifies the figure: convention, what was reached, n, a note. A plugin's metric may give any parts: those that are known are worded."""
    if parts.get("note"):
        return str(parts["note"])
    return next((worded(parts) for needed, worded in _DETAILS if needed.issubset(parts)), "")


def _of_instruments(parts: Mapping[str, Any]) -> str:
    worst = f"APCER {percent(parts['apcer_worst'])} ({parts['apcer_worst_species']}), pooled {percent(parts['apcer_pooled'])}"
    return f"{worst}, BPCER {percent(parts['bpcer'])}"


def _at_limit(parts: Mapping[str, Any]) -> str:
    limit = "apcer" if "apcer" in parts else "bpcer"
    asked = f"at {limit.upper()} at most {percent(parts[limit])} ({parts['attacks']} species)"
    return f"{asked.replace('pooled species', 'pooled')}; reached {percent(parts['reached'])}; {parts['errors']} of n = {parts['n']}"


def _at_fpr(parts: Mapping[str, Any]) -> str:
    asked = f"at FPR {percent(parts['fpr'])} ({parts['rule']}), positive: {parts['positive']}"
    return (
        f"{asked}; reached {percent(parts['reached'])} of n = {parts['n']} negatives, {parts['n_positive']} positives"
    )


def _other_convention(parts: Mapping[str, Any]) -> str:
    other = "nearest" if parts["convention"] == "interpolated" else "interpolated"
    return f"{parts['convention']}; {other}: {percent(parts.get(other))}"


_DETAILS: tuple[tuple[frozenset[str], Callable[[Mapping[str, Any]], str]], ...] = (
    (frozenset({"apcer_worst", "apcer_worst_species", "apcer_pooled", "bpcer"}), _of_instruments),
    (frozenset({"attacks", "apcer", "reached", "errors", "n"}), _at_limit),
    (frozenset({"attacks", "bpcer", "reached", "errors", "n"}), _at_limit),
    (frozenset({"fpr", "rule", "positive", "reached", "n", "n_positive"}), _at_fpr),
    (
        frozenset({"bpcer", "reached", "errors", "n"}),
        lambda parts: (
            f"at BPCER at most {percent(parts['bpcer'])}; reached {percent(parts['reached'])}; {parts['errors']} wrong of n = {parts['n']}"
        ),
    ),
    (frozenset({"convention"}), _other_convention),
    (
        frozenset({"max_fpr", "area"}),
        lambda parts: f"up to FPR {percent(parts['max_fpr'])}, standardised; area {parts['area']:.4g}",
    ),
    (
        frozenset({"false_reject", "false_accept_pooled"}),
        lambda parts: (
            f"false accepts {percent(parts['false_accept_pooled'])} (pooled), false rejects {percent(parts['false_reject'])}"
        ),
    ),
    (
        frozenset({"riapar_worst_species", "iapar_worst", "frr"}),
        lambda parts: (
            f"worst species {parts['riapar_worst_species']}: IAPAR {percent(parts['iapar_worst'])}, FRR {percent(parts['frr'])}"
        ),
    ),
    (
        frozenset({"n_bona_fide", "n_attack"}),
        lambda parts: f"n = {parts['n_bona_fide']} bona fide, {parts['n_attack']} attacks",
    ),
    (frozenset({"n"}), lambda parts: f"n = {parts['n']}"),
)
"""What is said of parts that hold all of these names; the first that fits."""
