"""`fascore evaluate`: evaluate score files of any system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from fascore.cli.help import INPUT, OUTPUT, PRESENTATIONS, STATISTICS, THRESHOLD, option
from fascore.cli.options import SHARE, Share

if TYPE_CHECKING:
    from fascore.evaluation.score_files import Evaluation

Text = str | None
RULES = ("sum", "mean", "weighted", "logistic")
FORMATS = "fascore, csv, bob-csv, bob-4, bob-5, id-label-score, score-label, id-score, json"

Scores = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCORES",
        help="score files, one per test set, or the folder of a run; with --combine, one per system",
        show_default=False,
    ),
]
Format = Annotated[Text, option("--format", "NAME", f"{FORMATS} [default: detected from the file]", INPUT)]
Polarity = Annotated[
    Text, option("--polarity", "NAME", "bona_fide_high or attack_high, if the format does not define it", INPUT)
]
LabelsAre = Annotated[
    Text,
    option(
        "--labels-are", "NAME", "bona_fide_1 or attack_1, for numeric labels that the format does not define", INPUT
    ),
]
LabelFile = Annotated[
    Path | None,
    option("--labels", "FILE", "CSV file with the label and species of each id, for formats without labels", INPUT),
]
Dev = Annotated[
    list[Path],
    option("--dev", "FILE", "score file that sets the threshold; with --combine, repeat once per system", THRESHOLD),
]
Rule = Annotated[
    Text,
    option(
        "--threshold",
        "RULE",
        "rule that sets the threshold, for example eer, bpcer=0.01, or fixed=0.5 [default: eer on --dev]",
        THRESHOLD,
    ),
]
Combine = Annotated[
    Text,
    option(
        "--combine",
        "RULE",
        "combine the systems: sum, mean (of the systems that responded), weighted (weights from a grid on dev), or "
        "logistic (regression on dev)",
        PRESENTATIONS,
    ),
]
LevelName = Annotated[
    str,
    option(
        "--level",
        "NAME",
        "unit that counts as one presentation: frame (each row), clip, or attempt",
        PRESENTATIONS,
        show_default=True,
    ),
]
Fold = Annotated[
    Text,
    option(
        "--fold",
        "RULE",
        "how the rows of a clip or attempt are merged: mean, median, min, max, or majority [default: mean]",
        PRESENTATIONS,
    ),
]
By = Annotated[list[str], option("--by", "COLUMN", "add a breakdown by this column; repeatable", STATISTICS)]
Bootstrap = Annotated[
    int,
    option(
        "--bootstrap",
        "N",
        "number of bootstrap resamples, by subject if the file names subjects; 0 disables intervals",
        STATISTICS,
        min=0,
        show_default=True,
    ),
]
Seed = Annotated[int, option("--seed", "N", "seed of the bootstrap", STATISTICS, min=0, show_default=True)]
Folder = Annotated[
    Path | None, option("--out", "DIR", "write metrics.json, threshold.json, and report.html to this folder", OUTPUT)
]


def _shorthand(rule: str) -> Any:
    """`--RULE`, the former spelling of `--combine RULE`, hidden in the help."""
    return typer.Option(f"--{rule}", hidden=True)


def evaluate(
    scores: Scores,
    format: Format = None,
    polarity: Polarity = None,
    labels_are: LabelsAre = None,
    labels: LabelFile = None,
    dev: Dev = [],  # noqa: B006  Typer copies it
    threshold: Rule = None,
    combine: Combine = None,
    sum_: Annotated[bool, _shorthand("sum")] = False,
    mean: Annotated[bool, _shorthand("mean")] = False,
    weighted: Annotated[bool, _shorthand("weighted")] = False,
    logistic: Annotated[bool, _shorthand("logistic")] = False,
    level: LevelName = "frame",
    fold: Fold = None,
    by: By = [],  # noqa: B006
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    out: Folder = None,
    share: Share = False,
) -> None:
    """Evaluate score files by ISO/IEC 30107-3, without a model.

    The threshold comes from --dev or is fixed. Polarity is never guessed: whether higher scores mean bona fide follows
    from the format or from an option, and is printed.
    """
    from rich.console import Console

    from fascore.evaluation.evaluate import Depth
    from fascore.evaluation.importers.importer import importer
    from fascore.evaluation.score_files import evaluate_files
    from fascore.report.terminal import summary_table

    flags = (sum_, mean, weighted, logistic)
    evaluated = evaluate_files(
        scores,
        dev=dev,
        rule=threshold,
        out=out,
        importer=importer(format, polarity, labels_are, labels),
        combine=_rule(combine, [rule for rule, chosen in zip(RULES, flags, strict=True) if chosen]),
        level=level_of(level, fold),
        depth=Depth(bootstrap, seed, tuple(by)),
    )
    print("\n".join(evaluated.notes))
    Console().print(summary_table(evaluated.metrics))
    if out is not None:
        print(f"report: {_write_report(out, evaluated, share)}")


def _write_report(out: Path, evaluated: Evaluation, share: bool) -> Path:
    from fascore.report.contents import ReportFacts
    from fascore.report.html import write_report

    system = {f"input {number}": line for number, line in enumerate(evaluated.notes, start=1)}
    facts = ReportFacts(out.name, evaluated.metrics, evaluated.tests, evaluated.dev, system={} if share else system)
    path = out / (SHARE if share else "report.html")
    write_report(path, facts, share=share)
    return path


def level_of(name: str, rule: str | None) -> Any:
    """The level that the options choose. Raises FascoreError for an unknown name, or a rule without rows to merge."""
    from fascore.contract.errors import FascoreError
    from fascore.evaluation.presentation_level import Level

    for flag, field, value in (("level", "name", name), ("fold", "rule", rule)):
        allowed = get_args(Level.model_fields[field].annotation)
        if value is not None and value not in allowed:
            raise FascoreError(f"--{flag} {value}: choose one of {', '.join(allowed)}")
    if rule is not None and name == "frame":
        raise FascoreError(
            "--fold merges the rows of one presentation, and at level 'frame' each row is one: "
            "add --level clip or --level attempt"
        )
    return Level(**{"name": name, **({} if rule is None else {"rule": rule})})


def _rule(combine: str | None, shorthands: list[str]) -> Any:
    """The rule that combines the systems; None without one. Raises FascoreError for an unknown rule, or for several."""
    from fascore.contract.errors import FascoreError

    if combine is not None and combine not in RULES:
        raise FascoreError(f"--combine {combine}: choose one of {', '.join(RULES)}")
    chosen = list(dict.fromkeys([*([combine] if combine else []), *shorthands]))
    if len(chosen) > 1:
        raise FascoreError(
            f"'{chosen[0]}' and '{chosen[1]}' are two rules to combine systems; choose one with --combine"
        )
    return chosen[0] if chosen else None
