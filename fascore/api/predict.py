"""`fascore.predict`: score images and videos with a finished run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from fascore.api.answers import Answer, Answers
from fascore.api.paths import PathLike, path_of, paths_of


def predict(
    run: PathLike,
    paths: PathLike | Sequence[PathLike],
    *,
    detector: Any = None,
    device: str = "auto",
    threshold: PathLike | None = None,
    clips: float | None = None,
    note: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Answers:
    """Score files with a finished run, one answer for each; a folder stands for the images and videos below it. Imports torch.

    `detector`, a name or a detector's JSON, detects the faces instead of the run's own. `threshold` is a file of `fascore
    recalibrate`, which then decides. `clips` divides each video into parts of so many seconds, with one answer for each part.
    `note` receives sentences on how the files are read, by default on stderr; `progress` is called with (done, total). A file that
    cannot be read or shows no face is an answer with its reason, never an error. Raises FascoreError for a run that is not
    finished, a path that does not exist, and a detector that cannot start.
    """
    folder, files = path_of(run, "run"), paths_of(paths, "paths")
    recalibrated = None if threshold is None else path_of(threshold, "threshold")
    from fascore.running.predict import predict as predictions

    answers = predictions(
        folder,
        files,
        detector=detector,
        device=device,
        recalibrated=recalibrated,
        clips=clips,
        note=note,
        progress=progress,
    )
    return Answers(tuple(Answer(**asdict(answer)) for answer in answers))
