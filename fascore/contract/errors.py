"""What can go wrong, as sentences for the person who has to mend it."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal, NamedTuple

Response = Literal["ok", "no_face", "unreadable", "timeout", "refused"]


class FascoreError(Exception):
    """A mistake or a limit that the user can act on. The command line prints the message, never a traceback."""

    exit_code: ClassVar[int] = 1


class Problem(NamedTuple):
    """One thing wrong with a spec: where it stands (`model.fusions.all.theta`) and a sentence."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def no_column(name: str, header: Sequence[str], delimiter: str = ",") -> str:
    """Sentence for a table without a column that it needs: what separates its cells, or how the column is written instead."""
    other = next(
        (mark for mark in (";", "\t", ",", "|") if mark != delimiter and len(header) == 1 and mark in header[0]), None
    )
    if other is not None:
        return f"its cells are separated by {other!r}; save it with {delimiter!r} between cells, and '.' in decimal numbers"
    near = next((column for column in header if column.lower() == name.lower()), None)
    return f"there is no column '{name}'" + (f": '{near}' is written '{name}'" if near else "")


class SpecError(FascoreError):
    """A component refuses what it was given. The check adds the JSON path; raise it with a sentence only."""


class SpecErrors(FascoreError):
    """All problems that one pass over a spec found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


class NoResponse(FascoreError):
    """A record gives no sample of a modality: no face, an unreadable file. A state of the record, not a crash.

    `response` is the word of the score table (ISO/IEC 30107-3 calls these non-responses), `reason` a sentence.
    """

    def __init__(self, response: Response, reason: str) -> None:
        self.response: Response = response
        self.reason = reason
        super().__init__(reason)
