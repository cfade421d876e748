"""Progress of long tasks on stderr: a bar on a terminal, occasional lines in a log or a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn

from fascore.contract.pace import QUIET, Pace
from fascore.data.prepare import Progress

if TYPE_CHECKING:
    from fascore.data.batch import Batch


@contextmanager
def progress_bar(
    name: str, done: str, *, quiet: bool = False, unit: str = "records", clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """A progress bar over records, or another unit, on a terminal; one line at the end: `prepared 20 records`.

    Without a terminal, such as in a notebook or a log, one line per half minute at most replaces the bar:
    `prepare: 7 of 20 records`. `quiet` shows nothing.
    """
    if quiet:
        yield progress_lines(name, quiet=True)
        return
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    last = (0, 0)
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task, line = bar.add_task(name, total=None), progress_lines(name, unit=unit, clock=clock)

        def report(count: int, total: int) -> None:
            nonlocal last
            last = (count, total)
            bar.update(task, completed=count, total=total)
            line(count, total)

        yield report
    console.print(f"{done} {last[0]} {unit}", highlight=False)


def progress_lines(
    name: str, *, quiet: bool = False, unit: str = "records", clock: Callable[[], float] = time.monotonic
) -> Progress:
    """Progress without a bar: one line per half minute at most. A terminal and `quiet` show nothing."""
    console, pace = Console(stderr=True), Pace(QUIET, clock)

    def report(count: int, total: int) -> None:
        if not quiet and not console.is_terminal and pace.due():
            console.print(f"{name}: {count} of {total} {unit}", highlight=False)

    return report


def say(text: str) -> None:
    """Print a note for the user of the command."""
    print(text, file=sys.stderr, flush=True)


def counted_batches(
    batches: Callable[[Sequence[str]], Iterable[Batch]], progress: Progress
) -> Callable[[Sequence[str]], Iterator[Batch]]:
    """The same batches; after each, `progress` receives the number of its records and all before, and their total."""

    def counted(ids: Sequence[str]) -> Iterator[Batch]:
        done = 0
        for batch in batches(ids):
            yield batch
            done += len(batch.ids)
            progress(done, len(ids))

    return counted
