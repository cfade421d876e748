"""Answers: what a run says of media without a label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, overload

from fascore.api.frames import data_frame
from fascore.contract.errors import Response

if TYPE_CHECKING:
    import pandas

SHOWN = ("path", "decision", "score", "faces", "frames", "reason")


@dataclass(frozen=True)
class Answer:
    """The answer for one presentation.

    `decision` is `bona fide` or `attack` at `threshold`, and `no decision` if there is no score: `response` and `reason` then state
    why. `faces` of `frames` frames show a face; both are None if the run detects no faces or the file cannot be read. `path` is None
    for an array. `start` and `end` are the seconds of a clip.
    """

    score: float | None
    decision: str
    threshold: float
    response: Response
    reason: str
    frames: int | None
    faces: int | None
    path: str | None = None
    start: float | None = None
    end: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    def to_pandas(self) -> pandas.DataFrame:
        """One row. Raises FascoreError without pandas."""
        return data_frame([self.to_dict()], COLUMNS)

    def _repr_html_(self) -> str:
        return Answers((self,))._repr_html_()


COLUMNS = tuple(field.name for field in fields(Answer))


@dataclass(frozen=True)
class Answers(Sequence[Answer]):
    """Answers in the order of what was scored."""

    answers: tuple[Answer, ...]

    def __len__(self) -> int:
        return len(self.answers)

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    @overload
    def __getitem__(self, place: int) -> Answer: ...
    @overload
    def __getitem__(self, place: slice) -> Answers: ...
    def __getitem__(self, place: int | slice) -> Answer | Answers:
        return Answers(self.answers[place]) if isinstance(place, slice) else self.answers[place]

    def to_dict(self) -> dict[str, Any]:
        """`answers`, a list with one dict for each."""
        return {"answers": [answer.to_dict() for answer in self.answers]}

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each answer. Raises FascoreError without pandas."""
        return data_frame([answer.to_dict() for answer in self.answers], COLUMNS)

    def _repr_html_(self) -> str:
        from fascore.report.notebook import table

        thresholds = {answer.threshold for answer in self.answers}
        caption = f"bona fide if the score is at least {thresholds.pop():.4f}" if len(thresholds) == 1 else ""
        head = [*SHOWN, "start", "end"] if any(answer.start is not None for answer in self.answers) else list(SHOWN)
        rows = [
            ["array" if name == "path" and answer.path is None else getattr(answer, name) for name in head]
            for answer in self.answers
        ]
        return table(head, rows, caption)
