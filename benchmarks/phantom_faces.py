"""Does a face detector detect rendered faces as well as real ones, and equally well for every species?

    python benchmarks/phantom_faces.py [--sites ABC] [--subjects 100] [--species all | NAME ...] [--size 128] [--portraits DIR]

MTCNN receives one frame of each clip. Prints, by site and species, the number of frames with a face and the mean score.
The exit status is 1 if a face is detected in less than 95 % of the bona fide frames of a site, if two rates of a site
differ by 3 points or more ("no face" would reveal the label), or if the mean score of bona fide frames differs by more
than 0.1 from that of the portraits (.jpg and .png files anywhere below DIR that show a face), which are reduced to the
same size first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from fas_phantom.components import Phantom

from fascore.components.detectors import Mtcnn
from fascore.contract.kinds.detector import DetectorModule, Face

LEAST, APART, SCORE = 0.95, 0.03, 0.1
BONA_FIDE = "bona fide"


def frames(site: str, subjects: int, size: int, species: list[str] | str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (species, RGB frame) for one frame of each attack clip, and of as many bona fide clips as a species has."""
    seen: dict[str, int] = {}
    for record in Phantom(site=site, subjects=subjects, frames=4, size=size, species=species).records("all"):
        name = record.species or BONA_FIDE
        seen[name] = seen.get(name, 0) + 1
        if seen[name] <= subjects:
            yield name, next(iter(record.channels["rgb"].read([2]))).image


def portraits(folder: Path, size: int) -> Iterator[np.ndarray]:
    """Yield RGB pictures with the longer side reduced to three times `size`."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png")):
        picture = cv2.imread(str(path))
        if picture is not None:
            share = min(1.0, 3 * size / max(picture.shape[:2]))
            yield cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)[..., ::-1]


def scored(detector: DetectorModule, picture: np.ndarray) -> float:
    """Score of the face; 0 if none is detected."""
    face: Face | None = detector.detect(picture, 0, None)
    return 0.0 if face is None else face.confidence


def measure(site: str, args: argparse.Namespace, detector: DetectorModule) -> tuple[dict[str, float], float]:
    """Print the table of a site. Return rates by species, and the mean score of bona fide frames with a face."""
    scores: dict[str, list[float]] = {}
    for name, picture in frames(site, args.subjects, args.size, "all" if args.species == ["all"] else args.species):
        scores.setdefault(name, []).append(scored(detector, picture))
    for name, values in sorted(scores.items()):
        detected = [value for value in values if value > 0]
        share = f"{len(detected):5} of {len(values):5} = {100 * len(detected) / len(values):5.1f} %"
        print(f"{site}  {name:24} {share}   score {np.mean(detected or [0]):.4f}", flush=True)
    rates = {name: float(np.mean(np.array(values) > 0)) for name, values in scores.items()}
    return rates, float(np.mean([value for value in scores[BONA_FIDE] if value > 0] or [0]))


def main() -> int:
    """Measure all sites; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", default="ABC")
    parser.add_argument("--subjects", type=int, default=100)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--species", nargs="+", default=["all"])
    parser.add_argument("--portraits", type=Path)
    args = parser.parse_args()
    detector, failed = Mtcnn(smallest=20).build(), []
    real = [
        score
        for picture in (portraits(args.portraits, args.size) if args.portraits else ())
        if (score := scored(detector, picture)) > 0
    ]
    if real:
        print(f"   portraits: {len(real)} faces, score {np.mean(real):.4f}")
    for site in args.sites:
        rates, score = measure(site, args, detector)
        low, high = min(rates, key=rates.__getitem__), max(rates, key=rates.__getitem__)
        print(f"{site}  lowest {low} {100 * rates[low]:.1f} %, highest {high} {100 * rates[high]:.1f} %")
        if (
            rates[BONA_FIDE] < LEAST
            or rates[high] - rates[low] >= APART
            or (real and abs(score - np.mean(real)) > SCORE)
        ):
            failed.append(site)
    print(f"requirements not met at: {', '.join(failed)}" if failed else "requirements met at every site")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
