"""A spec that trains nothing: nodes and heads of finished runs as one model."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from fascore import FascoreError
from fascore.evaluation.table import ScoreTable
from fascore.running.run import execute_document


def test_a_frozen_spec_gives_the_scores_of_the_run_whose_weights_it_loads(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny["recipe"]["epochs"] = 1
    first = execute_document(tiny, runs=tmp_path)
    loaded = deepcopy(tiny) | {
        "name": "loaded",
        "seed": tiny.get("seed", 0) + 1,
        "recipe": {"type": "supervised", "epochs": 1, "frozen": True},
    }
    for kind, before in (("encoders", ""), ("fusions", ""), ("heads", "head.")):
        for name, part in loaded["model"].get(kind, {}).items():
            part["weights"] = f"{first}#{before}{name}"
    second = execute_document(loaded, runs=tmp_path)
    for name in sorted(path.name for path in (first / "scores").iterdir()):
        one, two = (ScoreTable.read(run / "scores" / name) for run in (first, second))
        assert two.score == pytest.approx(one.score, abs=1e-6), name

    head = next(iter(loaded["model"]["heads"].values()))
    head["weights"] = f"{first}#head.nobody"
    with pytest.raises(FascoreError, match=r"has no weights for 'head.nobody'; it has weights for .*head\."):
        execute_document(loaded | {"name": "wrong"}, runs=tmp_path)
    del head["weights"]
    with pytest.raises(
        FascoreError, match=r"model\.heads\.\w+: with recipe.frozen nothing is trained, so this would stay random"
    ):
        execute_document(loaded | {"name": "random"}, runs=tmp_path)
