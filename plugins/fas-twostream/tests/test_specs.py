"""The specs and studies that come with the package: valid, with the paper's numbers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SPECS = Path(__file__).parents[1] / "specs"
BASES = ("both", "difference", "multi", "phantom", "base")
CHECK = """
import sys
from fascore.cli import main
wrong = []
for command, path in zip(sys.argv[1::2], sys.argv[2::2]):
    sys.argv = ["fascore", *command.split(), path]
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            wrong.append(path)
assert "torch" not in sys.modules
assert not wrong, wrong
"""


def read(name: str) -> Any:
    return json.loads((SPECS / f"{name}.json").read_text())


def test_every_spec_and_every_row_of_every_study_is_valid_without_torch(tmp_path: Path) -> None:
    files = [path for path in sorted(SPECS.rglob("*.json")) if path.name != "trends.json"]
    commands = [part for path in files for part in ("check" if path.stem in BASES else "study check", str(path))]
    done = subprocess.run(
        [sys.executable, "-c", CHECK, *commands], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("all valid") == len([path for path in files if path.stem not in BASES])


def test_branches_are_trained_as_the_paper_says() -> None:
    for name, batch in (("multi", 8), ("difference", 16)):
        spec = read(name)
        optimizer = spec["recipe"]["optimizer"]
        assert (optimizer["name"], optimizer["lr"], optimizer["momentum"], optimizer["weight_decay"]) == (
            "sgd",
            0.01,
            0.9,
            5e-4,
        )
        assert (spec["sampler"]["batch_size"], spec["modalities"]["keys"]["k"], spec["modalities"]["keys"]["size"]) == (
            batch,
            9,
            224,
        )


def test_studies_have_the_rows_of_the_tables() -> None:
    sums = ["single-multi", "single-diff", "multi-diff", "multi-flow", "single-multi-diff", "origin-multi-diff"]
    assert list(read("table5")["rows"]) == ["single", "origin", "multi", "diff", "flow", *sums]
    assert {name: row["model.score"] for name, row in read("table5")["rows"].items() if "-" in name} == {
        name: {"sum": name.split("-")} for name in sums
    }
    assert len(read("table5-cross")["rows"]) == 11
    assert len(read("table6")["rows"]) == 8
    for branch in ("multi", "difference"):
        assert len(read(f"table4-{branch}")["rows"]) == 5
