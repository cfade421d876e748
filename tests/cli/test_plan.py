"""`fascore plan` as a person and a program read it."""

import json

import pytest


def test_the_table_names_the_claim_and_its_numbers(fascore):
    title, heading, first, *_ = fascore("plan", "--apcer", "0.02").stdout.splitlines()
    assert title == "APCER <= 2 % at 95 % confidence, 1 species"
    assert heading.split("  ")[1:3] == ["errors tolerated", "presentations"]
    assert first.split()[:3] == ["0", "149", "149"]


def test_json_holds_what_the_table_shows(fascore):
    arguments = (
        "plan",
        "--apcer",
        "0.02",
        "--bpcer",
        "0.15",
        "--species",
        "6",
        "--each",
        "10",
        "--correlation",
        "0.2",
        "--true",
        "0.001",
    )
    found = json.loads(fascore(*arguments, "--json").stdout)
    table = fascore(*arguments).stdout
    assert [claim["rate"] for claim in found] == ["apcer", "bpcer"]
    assert found[0]["design_effect"] == pytest.approx(2.8)
    for claim in found:
        for plan in claim["plans"]:
            assert f"  {plan['tolerated']} " in table and f"  {plan['presentations']} " in table


def test_without_a_correlation_both_ends_are_shown(fascore):
    told = fascore("plan", "--bpcer", "0.02", "--each", "5").stdout
    assert "correlation 0: design effect 1" in told and "correlation 1: design effect 5" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no claim: add --apcer, --bpcer, or both"),
        (["--apcer", "2"], "--apcer 2: must be a number between 0 and 1"),
        (["--apcer", "nan"], "--apcer nan"),
        (["--apcer", "0.1", "--confidence", "95"], "--confidence 95"),
        (["--bpcer", "1e-12"], "claim less"),
    ],
)
def test_impossible_claims_are_sentences(fascore, arguments, said):
    assert said in fascore("plan", *arguments, code=1).stderr
