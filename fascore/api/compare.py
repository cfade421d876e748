"""`fascore.compare`: several systems side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascore.api.frames import data_frame
from fascore.api.paths import PathLike, path_of, paths_of

if TYPE_CHECKING:
    import pandas

    from fascore.evaluation.comparison import System
    from fascore.report.comparison.sheet import Section


@dataclass(frozen=True)
class Comparison:
    """Systems side by side on the presentations that all of them have; `content` is that of compare.json."""

    content: Mapping[str, Any] = field(repr=False)
    systems: tuple[System, ...] = field(repr=False)
    names: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The content of compare.json."""
        return dict(self.content)

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each system, test set, task and figure, as in compare.csv. Raises FascoreError without pandas."""
        from fascore.report.comparison import text

        return data_frame(list(text.table_rows(dict(self.content))), text.COLUMNS)

    def write(self, folder: PathLike) -> Path:
        """Write compare.html, .md, .tex, .csv and .json into a folder; the path of the page. Raises FascoreError."""
        from fascore.report.comparison.files import write

        return write(path_of(folder, "folder"), dict(self.content), self._sections(), self.systems)

    def _sections(self) -> list[Section]:
        from fascore.report.comparison.sheets import sections

        return list(sections(dict(self.content)))

    def _repr_html_(self) -> str:
        from fascore.report.comparison.files import title
        from fascore.report.comparison.page import render
        from fascore.report.notebook import framed

        content = dict(self.content)
        return framed(render(title(content), content, self._sections(), self.systems))


def compare(
    systems: Sequence[PathLike],
    *,
    dev: Sequence[PathLike] = (),
    threshold: str | float | None = None,
    baseline: str | None = None,
    level: str = "frame",
    fold: str | None = None,
    paper: str | None = None,
    rows: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare systems, each at its own dev threshold, with paired tests against `baseline` (default: the first). Imports no torch.

    `systems` are folders of runs, folders of `fascore evaluate --out`, or score files with one `dev` file each, in their order.
    `threshold` chooses each threshold by this rule instead (`bpcer=0.01`), or is a number. `level` and `fold` are those of
    `fascore.evaluate`. `paper` adds a paper's printed numbers, such as `joint/II`; `rows` maps systems to its rows and `columns`
    test sets to its columns. `bootstrap` is the number of draws over subjects. Raises FascoreError in sentences.
    """
    from fascore.api.measures import depth_of, level_of, rule_of
    from fascore.evaluation.comparison import compare_systems
    from fascore.running.systems import read_systems

    read = read_systems(
        paths_of(systems, "systems"), paths_of(dev, "dev"), rule_of(threshold), level=level_of(level, fold)
    )
    content = compare_systems(read, baseline, depth_of(bootstrap, seed))
    if paper is not None:
        from fascore.report.papers.matching import beside
        from fascore.report.papers.tables import paper_table

        asked = [[f"{ours}={theirs}" for ours, theirs in (pairs or {}).items()] for pairs in (rows, columns)]
        content["paper"] = beside(paper_table(paper), read, *asked)
        content["warnings"] += content["paper"].pop("warnings")
    return Comparison(content, tuple(read), tuple(content["systems"]))
