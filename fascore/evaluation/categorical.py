"""Categorical: a column of words, stored as codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fascore.evaluation.bincount import tally


@dataclass(frozen=True)
class Categorical:
    """A column of words: `names` (K,), sorted and distinct, and `codes` (N,), int32 indices into them.

    Grouping needs no text sorting.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, values: Sequence[Any] | NDArray[Any]) -> Categorical:
        """Encode; None becomes the empty word."""
        words = Words()
        words.add(texts(values))
        return words.array()

    @classmethod
    def constant(cls, word: str, count: int) -> Categorical:
        """A column with the same word in every row."""
        return cls((word,), np.zeros(count, np.int32))

    def decode(self) -> NDArray[np.str_]:
        """The words, (N,)."""
        return np.asarray(self.names, dtype=np.str_)[self.codes]

    def equals(self, word: str) -> NDArray[np.bool_]:
        """A mask of the rows with this word."""
        return np.asarray(self.codes == (self.names.index(word) if word in self.names else -1))

    def select(self, rows: NDArray[Any] | slice) -> Categorical:
        """Some rows, without the names that no longer occur."""
        codes = self.codes[rows]
        used = tally(codes, len(self.names)) > 0
        return Categorical(
            tuple(name for name, kept in zip(self.names, used) if kept), (np.cumsum(used) - 1).astype(np.int32)[codes]
        )

    def renamed(self, words: Sequence[str]) -> Categorical:
        """Replace the names, in their order; equal new names are merged."""
        names = sorted(set(words))
        place = {name: code for code, name in enumerate(names)}
        return Categorical(tuple(names), np.array([place[word] for word in words], np.int32)[self.codes])

    def named(self) -> Categorical:
        """Rename the empty word to `unknown`, merged with rows that already have this word."""
        return self.renamed([name or "unknown" for name in self.names]) if "" in self.names else self

    def present(self, rows: NDArray[Any] | slice = slice(None)) -> tuple[str, ...]:
        """The words that occur in some rows."""
        return tuple(self.names[code] for code in np.flatnonzero(tally(self.codes[rows], len(self.names))))


def texts(values: Sequence[Any] | NDArray[Any]) -> list[str]:
    """Convert any values to words; None becomes the empty word."""
    return [
        "" if value is None else str(value) for value in (values.tolist() if isinstance(values, np.ndarray) else values)
    ]


class _Codes(dict[str, int]):
    """A number for each word, assigned at its first occurrence."""

    def __missing__(self, word: str) -> int:
        code = self[word] = len(self)
        return code


class Words:
    """A column of words as it is read."""

    def __init__(self) -> None:
        self._codes, self._chunks = _Codes(), list[NDArray[np.int32]]()

    def add(self, cells: Sequence[str]) -> None:
        """Append the next rows."""
        self._chunks.append(np.fromiter(map(self._codes.__getitem__, cells), np.int32, len(cells)))

    @property
    def distinct(self) -> int:
        """Number of different words so far."""
        return len(self._codes)

    def array(self) -> Categorical:
        """The whole column."""
        words = list(self._codes)
        codes = np.concatenate(self._chunks) if self._chunks else np.empty(0, np.int32)
        return Categorical(tuple(words), codes).renamed(words) if words else Categorical((), codes)
