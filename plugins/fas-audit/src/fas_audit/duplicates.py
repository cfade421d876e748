"""Records of two splits that show nearly the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fas_audit.prediction import Floats
from fas_audit.record_facts import Facts
from fas_audit.target import Row

NEAR = 10
"""Largest number of differing bits, of 64, at which two pictures are compared pixel by pixel."""
ALIKE = 0.96
"""Smallest correlation of details of identical pictures: 0.98 for reencoded frames, but up to 0.93 for two people."""
BLOCK = 512
_COARSE = 4
"""Number of rows and columns of the cosine transform that represent layout rather than detail."""


@dataclass(frozen=True)
class Pair:
    """Two records of different splits: differing bits of their hashes, correlation of their details."""

    first: str
    second: str
    splits: tuple[str, str]
    bits: int
    correlation: float


def gray(facts: Facts) -> Floats:
    """(64, 64) float64 of the rgb frame, or of the first channel if there is no rgb."""
    frame = facts.frames["rgb"] if "rgb" in facts.frames else next(iter(facts.frames.values()))
    values = frame.astype(np.float64)
    return values.mean(-1) if values.ndim == 3 else values


def perceptual_hash(picture: Floats) -> np.ndarray:
    """(64,) bool: which of the 8 x 8 lowest cosine coefficients exceed their median (pHash, Zauner 2010).

    The median leaves out the mean, the first coefficient.
    """
    from scipy.fft import dctn

    low = dctn(picture, norm="ortho")[:8, :8].ravel()
    return np.asarray(low > np.median(low[1:]))


def detail(picture: Floats) -> Floats:
    """The picture without its coarse layout, with mean 0 and length 1.

    The product of two such pictures is the correlation of their details.
    """
    from scipy.fft import dctn, idctn

    spectrum = dctn(picture, norm="ortho")
    spectrum[:_COARSE, :_COARSE] = 0
    flat: Floats = idctn(spectrum, norm="ortho").ravel()
    return flat / max(float(np.linalg.norm(flat)), 1e-9)


def duplicates(rows: Sequence[Row], facts: Sequence[Facts]) -> list[Pair]:
    """Pairs of different ids that share no split and show the same picture; the most alike first.

    Faces in front of the same backgrounds have similar hashes, so the hash only proposes pairs and the pixels decide.
    Constant pictures have no details and never form a pair.
    """
    if len(rows) < 2:
        return []
    pictures = [gray(seen) for seen in facts]
    signs = np.where([perceptual_hash(picture) for picture in pictures], 1, -1).astype(np.float32)
    details = np.stack([detail(picture) for picture in pictures]).astype(np.float32)
    pairs = []
    for start in range(0, len(rows), BLOCK):
        bits = (64 - signs[start : start + BLOCK] @ signs.T) / 2
        for offset, second in np.argwhere(bits <= NEAR).tolist():
            first = start + offset
            if first < second and _apart(rows[first], rows[second]):
                correlation = float(details[first] @ details[second])
                if correlation >= ALIKE:
                    splits = (rows[first].splits[0], rows[second].splits[0])
                    pairs.append(
                        Pair(
                            rows[first].record.id,
                            rows[second].record.id,
                            splits,
                            round(bits[offset, second]),
                            correlation,
                        )
                    )
    return sorted(pairs, key=lambda pair: (-pair.correlation, pair.first, pair.second))


def _apart(first: Row, second: Row) -> bool:
    return bool(first.splits and second.splits) and not set(first.splits) & set(second.splits)
