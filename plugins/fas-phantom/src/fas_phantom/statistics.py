"""Simple statistics of one record by modality. They measure how difficult the phantom is without learning."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from scipy.stats import rankdata

from fas_phantom.pos import measured, region_colors
from fascore import FascoreError, Record

NOSE, EYES, CHEEKS, HULL = (30, 33), (36, 39, 42, 45), (2, 14, 31, 35), tuple(range(27))


def depth(record: Record) -> dict[str, float]:
    """Statistics of the face's depth in millimeters, without holes, and the share of valid pixels.

    They are the residuals of the best plane and the best quadric, the height of the nose over the cheeks, the range
    from the 5th to the 95th percentile, and the mean absolute Laplacian.
    """
    image, points = _middle(record, "depth")
    inside = _hull(points, image.shape)
    valid = inside & (image > 0)
    if valid.sum() < 20:
        return dict.fromkeys(("plane", "quadric", "nose", "range", "laplacian"), 0.0) | {
            "valid": float(valid.sum() / inside.sum())
        }
    y, x = np.nonzero(valid)
    z, face = image[y, x].astype(np.float64), float(np.sqrt(inside.sum()))
    u, v = (x - x.mean()) / face, (y - y.mean()) / face
    flat = np.column_stack([np.ones_like(u), u, v])
    filled = np.where(image > 0, image, np.median(z)).astype(np.float32)
    return {
        "plane": _residual(flat, z),
        "quadric": _residual(np.column_stack([flat, u * u, u * v, v * v]), z),
        "nose": _around(image, points, CHEEKS) - _around(image, points, NOSE),
        "range": float(np.ptp(np.percentile(z, (5, 95)))),
        "laplacian": float(np.abs(cv2.Laplacian(filled, cv2.CV_32F))[valid].mean()),
        "valid": float(valid.sum() / inside.sum()),
    }


def infrared(record: Record) -> dict[str, float]:
    """Statistics of near infrared.

    They are mean and deviation on the face, the mean relative to the surroundings of face and instrument, and eyes
    relative to cheeks.
    """
    image, points = _middle(record, "infrared")
    inside, beside = _hull(points, image.shape), _beside(record, image.shape)
    face = image[inside].astype(np.float64)
    around = float(image[beside].mean()) if beside.any() else float(image[~inside].mean())
    return {
        "mean": float(face.mean()),
        "deviation": float(face.std()),
        "relative deviation": float(face.std() / (face.mean() + 1)),
        "contrast": float((face.mean() + 1) / (around + 1)),
        "eyes": (_around(image, points, EYES) + 1) / (_around(image, points, CHEEKS) + 1),
    }


def rgb(record: Record) -> dict[str, float]:
    """Statistics of the picture of the face.

    They are mean, deviation, ratios of channels, saturation, Laplacian variance, noise (median absolute deviation of
    the Laplacian), and steps at the borders of 8 x 8 blocks relative to all steps.
    """
    image, points = _middle(record, "rgb")
    inside, picture = _hull(points, image.shape[:2]), image.astype(np.float32)
    red, green, blue = (float(picture[..., channel][inside].mean()) + 1 for channel in range(3))
    gray = picture.mean(2)
    fine = cv2.Laplacian(gray, cv2.CV_32F)[inside]
    return {
        "mean": float(gray[inside].mean()),
        "deviation": float(gray[inside].std()),
        "red/green": red / green,
        "blue/green": blue / green,
        "saturation": float((np.ptp(picture, axis=2) / (picture.max(2) + 1))[inside].mean()),
        "brightest": float(np.percentile(gray[inside], 98)),
        "darkest": float(np.percentile(gray[inside], 2)),
        "laplacian": float(fine.var()),
        "noise": float(np.median(np.abs(fine - np.median(fine)))),
        "sharpness": float(fine.std() / (gray[inside].std() + 1)),
        "blockiness": _blockiness(gray),
    }


def pulse(record: Record) -> dict[str, float]:
    """Statistics of POS on three skin regions: SNR in dB, share of the power at the peak, coherence between regions."""
    measures = measured(*region_colors(record))
    return {"snr": measures.snr, "share": measures.share, "coherence": measures.coherence}


STATISTICS: dict[str, Callable[[Record], dict[str, float]]] = {
    "depth": depth,
    "infrared": infrared,
    "rgb": rgb,
    "pulse": pulse,
}


def auc(attacks: np.ndarray, bona_fide: np.ndarray) -> float:
    """Area under the ROC curve: how often a bona fide value exceeds that of an attack; ties count half."""
    ranks = rankdata(np.concatenate([bona_fide, attacks]))
    count = len(bona_fide)
    return float((ranks[:count].sum() - count * (count + 1) / 2) / (count * len(attacks)))


def _middle(record: Record, channel: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle frame of a channel, and the record's landmarks (68, 2) for it."""
    if record.annotation is None or channel not in record.channels:
        raise FascoreError(
            f"record '{record.id}' lacks landmarks or the channel '{channel}'; pass a record of 'phantom'"
        )
    points = np.asarray(record.annotation.load().points, np.float64)
    index = len(points) // 2
    return next(iter(record.channels[channel].read([index]))).image, points[index]


def _hull(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: the face from brows to chin, shrunk by a tenth to exclude the background."""
    outer = cv2.convexHull(points[list(HULL)].astype(np.float32))[:, 0]
    inner = outer.mean(0) + 0.9 * (outer - outer.mean(0))
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(inner).astype(np.int32), 1)
    return mask.astype(bool)


def _beside(record: Record, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: the pixels of the middle frame that face and instrument cannot cover."""
    known = record.annotation.load() if record.annotation else None
    mask = np.ones(shape[:2], bool)
    if known is not None and known.area is not None:
        x1, y1, x2, y2 = np.round(known.area[len(known.area) // 2]).astype(int).clip(0)
        mask[y1:y2, x1:x2] = False
    return mask


def _residual(design: np.ndarray, z: np.ndarray) -> float:
    return float(np.sqrt(np.mean((z - design @ np.linalg.lstsq(design, z, rcond=None)[0]) ** 2)))


def _around(image: np.ndarray, points: np.ndarray, names: tuple[int, ...]) -> float:
    """Median of the valid pixels near landmarks; those of the jaw are moved inward to the cheeks."""
    reach, values = max(1, round(0.03 * float(np.ptp(points[:, 1])))), []
    for name in names:
        x, y = points[name] if name > 16 else points[name] + 0.35 * (points[30] - points[name])
        row, column = int(np.clip(y, 0, image.shape[0] - 1)), int(np.clip(x, 0, image.shape[1] - 1))
        patch = image[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
        values.append(patch[patch > 0])
    joined = np.concatenate(values)
    return float(np.median(joined)) if len(joined) else 0.0


def _blockiness(gray: np.ndarray) -> float:
    across, down = np.abs(np.diff(gray, axis=1)), np.abs(np.diff(gray, axis=0))
    border = across[:, 7::8].mean() + down[7::8].mean()
    return float(border / (across.mean() + down.mean() + 1e-6))
