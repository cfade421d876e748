"""`fascore.open_scorer`: a finished run, loaded once, that scores frames in memory and files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from fascore.api.answers import Answer, Answers
from fascore.api.paths import PathLike, named, path_of
from fascore.contract.errors import FascoreError
from fascore.contract.record import Record, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fascore.running.predict import Opened

Presentation: TypeAlias = "NDArray[np.uint8] | PathLike | Source"
"""An image (H, W, 3) or a video (T, H, W, 3) of uint8 RGB, a path, or a Source such as `open_source` returns."""
FRAMES_PER_SECOND = 25.0
"""Of an array or a folder of frames, unless the caller knows better."""


@dataclass(frozen=True)
class Scorer:
    """A finished run with its model in memory. It holds no open file between two calls."""

    folder: Path
    threshold: float
    _opened: Opened = field(repr=False)

    @overload
    def score(self, x: Presentation, *, fps: float = ...) -> Answer: ...
    @overload
    def score(self, x: list[Any] | tuple[Any, ...], *, fps: float = ...) -> Answers: ...
    def score(
        self, x: Presentation | list[Any] | tuple[Any, ...], *, fps: float = FRAMES_PER_SECOND
    ) -> Answer | Answers:
        """Score one presentation, or several of a list in one call; the scores are those of `fascore.predict`.

        A presentation is an array (H, W, 3) or (T, H, W, 3) of uint8 RGB, or the path of an image, of a video, or of a folder that
        holds the frames of one video. `fps` is the frame rate of arrays and such folders. A list returns one answer per member,
        in order. What cannot be read or shows no face is an answer with its reason. Raises FascoreError for an array of
        another shape or type, and for a path that does not exist.
        """
        if isinstance(x, list | tuple):
            return Answers(tuple(self._answers([_source(item, fps) for item in x])))
        (answer,) = self._answers([_source(x, fps)])
        return answer

    def _answers(self, sources: Sequence[tuple[Source, str | None]]) -> list[Answer]:
        from fascore.running.open_trained import unlabelled
        from fascore.running.predict import CHUNK

        records = [unlabelled(path or f"array {number}", source) for number, (source, path) in enumerate(sources)]
        answers = [
            Answer(**asdict(answer))
            for start in range(0, len(records), CHUNK)
            for answer in self._opened.answers(_apart(records[start : start + CHUNK]))
        ]
        return [replace(answer, path=path) for answer, (_, path) in zip(answers, sources, strict=True)]


def open_scorer(
    run: PathLike,
    *,
    detector: Any = None,
    device: str = "auto",
    threshold: PathLike | None = None,
    note: Callable[[str], None] | None = None,
) -> Scorer:
    """Load a finished run once, to score many presentations. Imports torch.

    The parameters are those of `fascore.predict`. Raises FascoreError for a run that is not finished and a detector that cannot start.
    """
    folder = path_of(run, "run")
    recalibrated = None if threshold is None else path_of(threshold, "threshold")
    from fascore.running.predict import Opened

    opened = Opened.of(folder, detector=detector, device=device, recalibrated=recalibrated, note=note)
    return Scorer(folder, opened.threshold.value, opened)


def _source(x: Any, fps: float) -> tuple[Source, str | None]:
    """A presentation as a Source, and its path if it has one. Raises FascoreError."""
    import numpy as np

    from fascore.data.array_source import SHAPES, ArraySource
    from fascore.data.open_source import open_source

    if isinstance(x, Source):
        path = getattr(x, "path", None)
        return x, None if path is None else str(path)
    if isinstance(x, np.ndarray):
        return ArraySource.of(x, fps), None
    if isinstance(x, str | os.PathLike):
        if not Path(x).exists():
            raise FascoreError(f"{x}: there is no such file")
        return open_source(x, fps=fps), str(x)
    raise FascoreError(
        f"{named(x)} cannot be scored: pass a numpy array, a path, or a list of these; {SHAPES}, uint8 RGB"
    )


def _apart(records: Sequence[Record]) -> list[Record]:
    """Records with ids of their own: a list may hold the same path twice."""
    return [replace(record, id=f"{number}: {record.id}") for number, record in enumerate(records)]
