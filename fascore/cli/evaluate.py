"""Commands that need scores and no model: measure them, plan how many are needed, set a threshold for a new camera."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from fascore.cli.options import SHARE, Share

Text = str | None


def option(name: str, metavar: str, help: str) -> Any:
    return typer.Option(name, metavar=metavar, help=help, show_default=False)


def _flag(name: str, help: str) -> Any:
    return typer.Option(name, help=help)


Scores = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCORES",
        help="score files, each a test set, or a run's folder; to combine, one a system",
        show_default=False,
    ),
]
Dev = Annotated[
    list[Path],
    option(
        "--dev", "FILE", "score file that sets the threshold; once a system, in their order, where systems are combined"
    ),
]
Rule = Annotated[Text, option("--threshold", "RULE", "eer, bpcer=0.01, fixed=0.5, … [default: eer on --dev]")]
Folder = Annotated[Path | None, option("--out", "DIR", "write metrics.json, threshold.json and report.html there")]
FORMATS = "fascore, csv, bob-csv, bob-4, bob-5, id-label-score, score-label, id-score, json"
Format = Annotated[Text, option("--format", "NAME", f"{FORMATS} [default: what the file names itself]")]
Polarity = Annotated[
    Text, option("--polarity", "WHICH", "bona_fide_high or attack_high, for formats that do not say it")
]
LabelsAre = Annotated[
    Text,
    option("--labels-are", "WHICH", "bona_fide_1 or attack_1, for labels in numbers of formats that do not say it"),
]
LabelFile = Annotated[
    Path | None, option("--labels", "FILE", "labels and species by id, CSV, for formats without labels")
]
Sum = Annotated[bool, _flag("--sum", "combine the systems: sum of their scores")]
Mean = Annotated[bool, _flag("--mean", "combine: mean of the scores of those that answered")]
Weighted = Annotated[bool, _flag("--weighted", "combine: weights from dev, by a grid")]
Logistic = Annotated[bool, _flag("--logistic", "combine: logistic regression on dev")]
LevelName = Annotated[
    str, typer.Option("--level", metavar="NAME", help="what counts as one presentation: frame (a row), clip or attempt")
]
Fold = Annotated[
    Text, option("--fold", "RULE", "one score of several rows: mean, median, min, max, majority [default: mean]")
]
By = Annotated[list[str], option("--by", "COLUMN", "the figures again for each value of a column; may be repeated")]
Bootstrap = Annotated[
    int,
    typer.Option("--bootstrap", min=0, metavar="N", help="resamples over subjects, where the file names them; 0: none"),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of the bootstrap")]


def evaluate(
    scores: Scores,
    dev: Dev = [],  # noqa: B006  Typer copies it
    threshold: Rule = None,
    out: Folder = None,
    format: Format = None,
    polarity: Polarity = None,
    labels_are: LabelsAre = None,
    labels: LabelFile = None,
    sum_: Sum = False,
    mean: Mean = False,
    weighted: Weighted = False,
    logistic: Logistic = False,
    level: LevelName = "frame",
    fold: Fold = None,
    by: By = [],  # noqa: B006
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    share: Share = False,
) -> None:
    """Measure score files by ISO/IEC 30107-3; no model is needed. The threshold comes from --dev, or is fixed.

    What a file means is never guessed: its format says whether higher scores are bona fide, or you do, and it is printed.
    """
    from rich.console import Console

    from fascore.evaluation.evaluate import Depth
    from fascore.evaluation.importers.importer import importer
    from fascore.evaluation.score_files import evaluate_files
    from fascore.report.terminal import summary_table

    combine = _one({"sum": sum_, "mean": mean, "weighted": weighted, "logistic": logistic})
    evaluated = evaluate_files(
        scores,
        dev=dev,
        rule=threshold,
        out=out,
        importer=importer(format, polarity, labels_are, labels),
        combine=combine,
        level=level_of(level, fold),
        depth=Depth(bootstrap, seed, tuple(by)),
    )
    print("\n".join(evaluated.told))
    Console().print(summary_table(evaluated.metrics))
    if out is not None:
        from fascore.report.contents import ReportFacts
        from fascore.report.html import write_report

        system = {f"input {number}": line for number, line in enumerate(evaluated.told, start=1)}
        path = out / (SHARE if share else "report.html")
        write_report(
            path,
            ReportFacts(out.name, evaluated.metrics, evaluated.tests, evaluated.dev, system={} if share else system),
            share=share,
        )
        print(f"the report: {path}")


def level_of(name: str, rule: str | None) -> Any:
    """The level that is asked for. Raises FascoreError for words that name none."""
    from fascore.contract.errors import FascoreError
    from fascore.evaluation.presentation_level import Level

    for option, field, value in (("level", "name", name), ("fold", "rule", rule)):
        allowed = get_args(Level.model_fields[field].annotation)
        if value is not None and value not in allowed:
            raise FascoreError(f"--{option} {value}: choose one of {', '.join(allowed)}")
    if rule is not None and name == "frame":
        raise FascoreError(
            "--fold says how rows become one, and at level 'frame' each row stays; say --level clip or --level attempt"
        )
    return Level(**{"name": name, **({} if rule is None else {"rule": rule})})


def _one(flags: dict[str, bool]) -> Any:
    """The name of the one flag that is set; None where none is. Raises FascoreError for several."""
    from fascore.contract.errors import FascoreError

    chosen = [name for name, wanted in flags.items() if wanted]
    if len(chosen) > 1:
        raise FascoreError(f"--{chosen[0]} and --{chosen[1]}: choose one way to combine")
    return chosen[0] if chosen else None
