"""report.html: one file, no network, no script."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from fascore.evaluation.evaluate import counts
from fascore.evaluation.table import ScoreTable
from fascore.files import write_whole
from fascore.report import charts, words
from fascore.report.facts import ReportFacts, curves

MOST_ROWS = 14
"""Species with a histogram of their own; the table has all."""
TASKS = {"spoof": "Presentation attacks", "forgery": "Digital forgery"}


def write_report(path: Path, facts: ReportFacts) -> None:
    """Write report.html whole. The same facts give the same bytes."""
    write_whole(path, render(facts))


def render(facts: ReportFacts) -> str:
    """The page. Text is escaped; the HTML of hook plugins' sections stands as they give it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fascore", "report"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"percent": words.percent, "interval": words.interval, "number": words.number}
    threshold = facts.metrics["threshold"]
    return environment.get_template("report.html.j2").render(
        facts=facts, threshold=threshold, warnings=facts.metrics["warnings"], meanings=words.MEANINGS,
        parts=[part for name in facts.metrics["tests"] for part in _parts(facts, name)], merged=list(_merged(facts)),
        data=_data(facts), silent=_silent(facts), quarantine=_quarantine(facts), training=list(_training(facts)),
        sections=[(section.title, Markup(section.html)) for section in facts.sections],
    )  # fmt: skip


def _parts(facts: ReportFacts, name: str) -> Iterator[dict[str, Any]]:
    """What the template shows of each task of a test set."""
    threshold = facts.metrics["threshold"]
    value = threshold and threshold["value"]
    for task, part in facts.metrics["tests"][name]["tasks"].items():
        iso = part["metrics"].get("iso30107", {})
        rates = _rates(iso["forgery"], "forgery_miss_rate", "non_response") if "forgery" in iso else {}
        if "species" in iso:
            rates = _rates(iso, "apcer", "apnrr")
        table = facts.tests[name].task("" if task == "unknown" else task)
        yield {
            "anchor": f"{name}-{task}", "test": name, "task": task, "heading": TASKS.get(task, f"Task {task}"), "counts": part["counts"],
            "figures": list(_figures(part["metrics"])), "rates": rates, "potentials": iso.get("attack_potential", {}),
            "charts": _charts(table, value, rates.get("worst"), f"{name}, {task}"),
        }  # fmt: skip


def _rates(found: Mapping[str, Any], attack: str, silent: str) -> dict[str, Any]:
    """Rows by species, the worst first, and bona fide: each with `rate`, `silent` and the parts of its interval."""
    bona_fide, none = ("bpcer", "bpnrr") if attack == "apcer" else ("false_reject", "non_response")
    rows = [{**rate, "name": name, "rate": rate[attack], "silent": rate[silent]} for name, rate in found["species"].items()]
    genuine = found["bona_fide"]
    return {
        "title": "APCER" if attack == "apcer" else "Miss rate", "bona_fide_title": "BPCER" if attack == "apcer" else "False rejects",
        "rows": sorted(rows, key=lambda row: (-(row["rate"] or 0), row["name"])),
        "bona_fide": {**genuine, "name": "bona fide", "rate": genuine[bona_fide], "silent": genuine[none]},
        "worst": found[f"{attack}_worst_species"], "worst_value": found[f"{attack}_worst"], "pooled": found[f"{attack}_pooled"],
        "acer": [(shown, found.get(key)) for key, shown in (("acer_worst", "worst species"), ("acer_pooled", "all attacks pooled"))],
    }  # fmt: skip


def _figures(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str, bool]]:
    """Name, value, qualification and whether it is an oracle, for every metric but iso30107, which has its own table."""
    for name, parts in metrics.items():
        if not name.startswith("iso30107"):
            yield name, words.headline(name, parts), words.detail(parts), parts["oracle"]


def _merged(facts: ReportFacts) -> Iterator[tuple[str, list[tuple[str, str, str, bool]]]]:
    for name, test in facts.metrics["tests"].items():
        if "merged" in test:
            yield name, list(_figures(test["merged"]["metrics"]))


def _charts(table: ScoreTable, threshold: float | None, worst: str | None, name: str) -> list[tuple[str, Markup]]:
    """Histograms, ROC and DET; fewer where a class has no scores."""
    groups = {species: np.sort(table.score[rows]) for species, rows in table.by_group("species", table.attack & table.responded)}
    bona_fide, attack = table.sorted_bona_fide, table.sorted_attack
    errors = {species: 0.0 if threshold is None else float(np.mean(scores >= threshold)) for species, scores in groups.items()}
    rows = {"bona fide": (bona_fide, True)} if len(bona_fide) else {}
    rows |= {species: (groups[species], False) for species in sorted(groups, key=lambda one: (-errors[one], one))[:MOST_ROWS]}
    found = [("Scores by species", charts.histogram_chart(rows, threshold, f"histograms, {name}"))] if rows else []
    if len(bona_fide) and len(attack):
        lines = [charts.Line("all attacks pooled", bona_fide, attack)]
        lines += [charts.Line(f"worst: {worst}", bona_fide, groups[worst])] if worst in groups and len(groups) > 1 else []
        found.append(("ROC", charts.roc_chart(lines, threshold, f"ROC, {name}")))
        found.append(("DET, normal deviate axes", charts.det_chart(lines, threshold, f"DET, {name}")))
    return [(title, Markup(drawing)) for title, drawing in found]


def _data(facts: ReportFacts) -> dict[str, Any]:
    """Presentations by species (rows) and split (columns)."""
    splits = {**facts.splits, **{name: counts(table) for name, table in _tables(facts).items()}}
    species = sorted({name for split in splits.values() for name in split["species"]})
    rows = [("bona fide", [split["bona_fide"] for split in splits.values()])]
    rows += [(name, [split["species"].get(name, 0) for split in splits.values()]) for name in species]
    return {"splits": list(splits), "rows": rows, "subjects": [split["subjects"] or None for split in splits.values()]}


def _tables(facts: ReportFacts) -> dict[str, ScoreTable]:
    return {**({} if facts.dev is None else {"dev": facts.dev}), **facts.tests}


def _silent(facts: ReportFacts) -> list[tuple[str, str, int, int]]:
    """(split, response, bona fide, attacks) of presentations without an answer."""
    found = []
    for name, table in _tables(facts).items():
        kinds = Counter(zip(table.column("response")[~table.responded].tolist(), table.label[~table.responded].tolist()))
        found += [(name, response, kinds[response, 1], kinds[response, 0]) for response in sorted({response for response, _ in kinds})]
    return found


def _quarantine(facts: ReportFacts) -> list[tuple[str, str, int, str]]:
    """(modality, reason, count, first id) of records that were left out."""
    ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in facts.quarantine:
        ids[str(row.get("modality", "")), str(row.get("reason") or row.get("response", ""))].append(str(row.get("id", "")))
    return [(modality, reason, len(found), found[0]) for (modality, reason), found in sorted(ids.items(), key=lambda item: -len(item[1]))]


def _training(facts: ReportFacts) -> Iterator[tuple[str, Markup]]:
    titles = {"losses": "Training losses", "dev": "Dev figures"}
    for kind, series in curves(facts.log).items():
        yield titles[kind], Markup(charts.training_chart(series, "mean of the epoch" if kind == "losses" else "value", titles[kind]))
