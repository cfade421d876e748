"""`fascore compare`: several systems side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fascore.cli.measuring import Bootstrap, Fold, Format, LabelFile, LabelsAre, LevelName, Polarity, Seed, level_of, option

Systems = Annotated[
    list[Path], typer.Argument(metavar="RUN", help="runs' folders, folders of fascore evaluate --out, or score files with --dev", show_default=False)
]
Dev = Annotated[list[Path], option("--dev", "FILE", "dev score file of each score file, in their order")]
Rule = Annotated[str | None, option("--threshold", "RULE", "choose each threshold by this rule on its own dev [default: each run's own]")]
Baseline = Annotated[str | None, option("--baseline", "NAME", "the system to compare with [default: the first]")]
Folder = Annotated[Path | None, option("--out", "DIR", "write compare.html, .md, .tex, .csv and .json there")]


def compare(
    systems: Systems,
    dev: Dev = [],  # noqa: B006  Typer copies it
    threshold: Rule = None,
    baseline: Baseline = None,
    out: Folder = None,
    format: Format = None,
    polarity: Polarity = None,
    labels_are: LabelsAre = None,
    labels: LabelFile = None,
    level: LevelName = "frame",
    fold: Fold = None,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
) -> None:
    """Set systems side by side on the presentations that all have, each at its own dev threshold, with paired tests against the first."""
    from rich.console import Console

    from fascore.evaluation.comparison import compare_systems
    from fascore.evaluation.evaluate import Depth
    from fascore.evaluation.importers.importer import importer
    from fascore.report.comparison.sheets import sections
    from fascore.report.comparison.terminal import summary
    from fascore.running.systems import read_systems

    read = read_systems(systems, dev, threshold, importer(format, polarity, labels_are, labels), level_of(level, fold))
    found = compare_systems(read, baseline, Depth(bootstrap, seed))
    shown = list(sections(found))
    print("".join(f"{system.told}\n" for system in read if system.told), end="")
    Console().print(summary(found, shown))
    if out is not None:
        from fascore.report.comparison.files import write

        print(f"the comparison: {write(out, found, shown, read)}")
