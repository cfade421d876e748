"""Papers with one flaw each, which the conformance suite has to find."""

from pathlib import Path

from fascore import Paper

FILES = Path(__file__).parent / "papers"


def paper(name, files):
    return Paper(name, "A toy", "Nobody; table 1", FILES / f"{files}.csv", FILES / f"{files}.json")


RENAMED = paper("other", "unmeasured")
TWICE = paper("twice", "twice")
UNMEASURED = paper("unmeasured", "unmeasured")
