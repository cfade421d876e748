"""Parameters of the paper's models, to the last one: Table 2 of Chen et al. 2025 prints them in millions."""

import json
from pathlib import Path
from typing import Any

import pytest

from fascore import RunSpec, validate
from fascore.model.cost import costs
from fascore.spec.documents import with_overrides
from fascore.spec.plan import check

BASE = json.loads((Path(__file__).parents[1] / "specs/mmfas.json").read_text())
ROWS = json.loads((Path(__file__).parents[1] / "specs/table2.json").read_text())["rows"]
EXACT = {
    **dict.fromkeys(("r", "d", "i"), (2_915_918, "2.92")),
    **dict.fromkeys(("rd", "ri", "di"), (5_758_124, "5.76")),
    **dict.fromkeys(("rdi", "icl", "cm", "cm_mined", "icl_cm", "icl_cm_mined"), (8_600_330, "8.60")),
    **dict.fromkeys(("merge", "merge.aligned"), (56_107_100, "56.11")),
    **dict.fromkeys(("cross", "cross.aligned"), (29_658_710, "29.66")),
    **dict.fromkeys(("switch", "switch.aligned"), (15_626_270, "15.63")),
}


def deployed(overrides: dict[str, Any]) -> int:
    """Parameters of everything but the objectives, which are absent where a model is used."""
    plan = check(validate(RunSpec, with_overrides(BASE, overrides)))
    return sum(row.parameters for row in costs(plan) if not row.path.startswith("model.objectives"))


@pytest.mark.parametrize("row", EXACT)
def test_each_row_of_table_2_has_the_printed_number_of_parameters(row: str) -> None:
    exact, printed = EXACT[row]
    assert deployed(ROWS[row]) == exact
    assert f"{exact / 1e6:.2f}" == printed


def test_every_row_of_table_2_is_counted() -> None:
    assert set(ROWS) == set(EXACT)
    assert len(ROWS) == 18


def test_the_literal_switch_layer_without_self_attention_has_fewer_than_the_paper_prints() -> None:
    assert deployed({"model.fusions.fused.self_attn": False}) == 13_871_810


def test_tokens_for_missing_streams_exist_only_where_an_input_is_optional() -> None:
    optional = {"modalities.depth.optional": True, "modalities.infrared.optional": True}
    assert deployed(optional) == deployed({}) + 2 * 270
    everything = {"modalities.face.optional": True, "model.fusions.fused.first_absent": "fused"}
    assert deployed(everything) == deployed({}) + 3 * 270
