"""Errors, written for the person who has to fix them."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal, NamedTuple

Response = Literal["ok", "no_face", "unreadable", "timeout", "refused"]


class FascoreError(Exception):
    """An error that the user can fix. The command line prints its message without a traceback."""

    exit_code: ClassVar[int] = 1


class Problem(NamedTuple):
    """One problem in a spec: its path (`model.fusions.all.theta`) and a sentence."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def no_column(name: str, header: Sequence[str], delimiter: str = ",") -> str:
    """Message for a table that lacks a required column. It names a wrong delimiter or a difference in letter case, if any."""
    actual = next(
        (mark for mark in (";", "\t", ",", "|") if mark != delimiter and len(header) == 1 and mark in header[0]), None
    )
    if actual is not None:
        return f"its cells are separated by {actual!r}; save it with {delimiter!r} as the delimiter and '.' as the decimal point"
    near = next((column for column in header if column.lower() == name.lower()), None)
    return f"there is no column '{name}'" + (f"; rename '{near}' to '{name}'" if near else "")


class SpecError(FascoreError):
    """A component rejects its input. Raise it with a sentence only; the check adds the JSON path."""


class SpecErrors(FascoreError):
    """All problems found in one pass over a spec."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


class NoResponse(FascoreError):
    """A record yields no sample of a modality, for example because it shows no face or its file is unreadable.

    This is a state of the record, not a crash. `response` is the value in the score table (a non-response in ISO/IEC
    30107-3); `reason` is a sentence.
    """

    def __init__(self, response: Response, reason: str) -> None:
        self.response: Response = response
        self.reason = reason
        super().__init__(reason)
