"""Traces that models of fas-physttd estimate on rendered clips, compared with the true traces, as Markdown.

    python benchmarks/physttd_truth.py RUN [RUN ...] [--records 12]

The table is the same as in the report section `physttd.truth`. The exit status is 1, with a message, for an unfinished
run or a run without a trace generator.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fas_physttd.truth.table import compare, markdown

from fascore import FascoreError, open_trained


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one table per test set of each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--records", type=int, default=12, help="maximum number of records per species")
    asked = parser.parse_args(arguments)
    try:
        for run in asked.runs:
            with open_trained(run) as trained:
                for test, records in trained.tests.items():
                    print(f"**{trained.spec.name}**, {test}\n\n{markdown(compare(trained, records, asked.records))}\n")
    except FascoreError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
