"""report.html: one file without network access or scripts."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from fascore.contract.files import write_whole
from fascore.report import summary, task_tables, wording
from fascore.report.contents import ReportFacts
from fascore.report.sharing import to_share


def write_report(path: Path, facts: ReportFacts, *, share: bool = False) -> None:
    """Write report.html atomically. The same facts produce the same bytes. `share`: omit media and use pseudonyms."""
    write_whole(path, render(to_share(facts) if share else facts))


def render(facts: ReportFacts) -> str:
    """Render the page. Text is escaped. The HTML of hook plugins' sections is inserted unchanged."""
    instruments = summary.instruments(facts)
    return template("report.html.j2").render(
        facts=facts,
        threshold=facts.metrics["threshold"],
        warnings=facts.metrics["warnings"],
        meanings=wording.glossary(facts.metrics),
        level=wording.level(facts.metrics.get("level"), of_run=bool(facts.splits)),
        resampled=facts.metrics.get("bootstrap"),
        summary=summary.summary(facts, instruments),
        parts=list(task_tables.parts(facts)),
        across=task_tables.across(facts),
        merged=list(task_tables.merged(facts)),
        data=summary.presentations(facts),
        instruments=instruments,
        overlap=summary.shared_people(facts),
        silent=summary.silent(facts),
        quarantine=summary.quarantine(facts),
        training=list(summary.training(facts)),
        sections=[(section.title, Markup(section.html)) for section in facts.sections],
    )


def template(name: str) -> jinja2.Template:
    """A template of the package. It escapes the values that it renders."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fascore", "report/templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "percent": wording.percent,
        "interval": wording.interval,
        "number": wording.number,
        "seconds": wording.seconds,
        "bootstrap": wording.bootstrap,
    }
    return environment.get_template(name)
