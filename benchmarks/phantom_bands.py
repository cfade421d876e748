"""Difficulty of the phantom: the best single statistic of each modality by species, compared with the promised bands.

    python benchmarks/phantom_bands.py [--sites ABC] [--modalities depth infrared rgb pulse] [--subjects 60] [--size 96] [--jobs 2]

Statistic and sign are chosen on the training subjects and measured on all others. The exit status is 1 if a band does
not hold.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from multiprocessing import get_context

import cv2
from fas_phantom.bands import BANDS, PULSE_FRAMES, findings, listed, row, table
from fas_phantom.species import SPECIES
from fas_phantom.statistics import STATISTICS


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", default="ABC")
    parser.add_argument("--modalities", nargs="+", choices=STATISTICS, default=["depth", "infrared", "rgb"])
    parser.add_argument(
        "--species", nargs="+", choices=SPECIES, default=[name for name in SPECIES if SPECIES[name].task == "spoof"]
    )
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--bona-fide", type=int, default=4, help="maximum number of live clips per subject")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--difficulty", type=float, default=0.5)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    held = True
    for site in options.sites:
        frames = PULSE_FRAMES if "pulse" in options.modalities else 9
        records = listed(
            site,
            options.subjects,
            options.species,
            frames=frames,
            size=options.size,
            bona_fide=options.bona_fide,
            difficulty=options.difficulty,
        )
        with get_context("spawn").Pool(options.jobs, cv2.setNumThreads, (1,)) as pool:
            measured = pool.map(partial(row, modalities=options.modalities), records, chunksize=4)
        print(f"\nSite {site}, {len(records)} records", flush=True)
        for place, modality in enumerate(options.modalities):
            statistics = list(findings(rows[place] for rows in measured))
            print("", *table(modality, statistics), sep="\n", flush=True)
            bands = [(BANDS.get((modality, each.species), (0.0, 1.0)), each.auc) for each in statistics]
            held = held and all(low <= area <= high for (low, high), area in bands)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
