"""The conformance suite itself: every check finds the flaw that it is for, and nothing can be taken out of it unseen."""

import importlib.util
import sys
from pathlib import Path

import pytest

import fascore.testing
from fascore import FascoreError
from fascore.testing import conformance, suite
from fascore.testing.case import cases

pytest_plugins = ["pytester"]
FLAWED = Path(__file__).parent / "flawed"
STATIC, TORCH, PREFIXES = "flawed_static", "flawed_modules", "flawed_prefixes"
PAPERS = "flawed_papers"
FLAWS = [  # kind, name, target, the check that must complain, words of its complaint
    ("fusion", "flawed.gone", f"{STATIC}:Gone", "resolves", "no attribute 'Gone'"),
    ("encoder", "flawed.not_mine", f"{STATIC}:Bare", "resolves", "is not an encoder component"),
    ("fusion", "flawed.heavy", "flawed_heavy:Heavy", "light_import", "importing flawed_heavy imports numpy"),
    ("fusion", "flawed.importing", f"{STATIC}:Importing", "light_import", "imports numpy"),
    ("fusion", "flawed.misnamed", f"{STATIC}:Misnamed", "named", "the entry point is called 'flawed.misnamed'"),
    ("fusion", "flawed.undocumented", f"{STATIC}:Bare", "documented", "no docstring of its own"),
    ("fusion", "flawed.empty", f"{STATIC}:Empty", "has_examples", "is empty"),
    ("fusion", "flawed.raising", f"{STATIC}:Raising", "has_examples", "examples() raises ValidationError: width: "),
    ("fusion", "flawed.undescribed", f"{STATIC}:Undescribed", "described", "field 'depth'"),
    ("fusion", "flawed.growing", f"{STATIC}:Growing", "round_trips", "read back, it dumps as"),
    ("fusion", "flawed.open", f"{STATIC}:Open", "closed", "an unknown key is accepted"),
    ("fusion", "flawed.open_inside", f"{STATIC}:OpenInside", "closed_inside", "Plain accepts an unknown key"),
    ("fusion", "flawed.open_later", f"{STATIC}:OpenLater", "closed_inside", "Plain, a config in the field types"),
    ("fusion", "flawed.thawed", f"{STATIC}:Thawed", "closed_inside", "Soft is not frozen"),
    ("fusion", "flawed.unlike", f"{STATIC}:Unlike", "schema", "rejects it at '$.depth'"),
    ("fusion", "flawed.rude", f"{STATIC}:Rude", "refuses", "IndexError"),
    ("hooks", "flawed_odd", f"{STATIC}:Odd", "known_hooks", "'step_begun' is not a hook"),
    ("dataset", "flawed.records_valid", f"{STATIC}:RecordsValid", "records_valid", "the id occurs twice"),
    ("dataset", "flawed.disjoint", f"{STATIC}:Disjoint", "disjoint", "subject 'one' is in both 'train' and 'dev'"),
    ("dataset", "flawed.lazy_listing", f"{STATIC}:LazyListing", "lazy_listing", "decodes media"),
    ("dataset", "flawed.listed_twice", f"{STATIC}:ListedTwice", "listed_twice", "two listings"),
    ("dataset", "flawed.unknown_split", f"{STATIC}:UnknownSplit", "unknown_split", "KeyError"),
    ("dataset", "flawed.nothing", f"{STATIC}:Nothing", "has_examples", "there is no fixture()"),
    ("dataset", "flawed.fixture", f"{STATIC}:Fixture", "fixture", "a str instead of a Fixture"),
    ("dataset", "flawed.bare_disk", f"{STATIC}:BareDisk", "fixture", "fixture() raises PermissionError: no room"),
    ("dataset", "flawed.lists", f"{STATIC}:Lists", "lists", "split 'dev' has no records"),
    ("dataset", "flawed.torn", f"{STATIC}:Torn", "channels", "record 'torn/1', channel 'rgb': cannot be read: torn"),
    ("dataset", "flawed.channels", f"{STATIC}:Channels", "channels", "does not increase"),
    ("sampler", "flawed.inventing", f"{STATIC}:Inventing", "plans", "'nobody', which is not a record's id"),
    ("sampler", "flawed.fixed", f"{STATIC}:Fixed", "epochs_differ", "a different epoch gives the same plan"),
    ("sampler", "flawed.greedy", f"{STATIC}:Greedy", "nothing_to_sample", "ZeroDivisionError"),
    ("detector", "flawed.nervous", f"{STATIC}:Nervous", "blank", "ValueError"),
    ("detector", "flawed.unbuilt", f"{STATIC}:Unbuilt", "builds", "derive it from DetectorModule"),
    ("detector", "flawed.painting", f"{STATIC}:Painting", "drawn_face", "writes into the picture"),
    ("detector", "flawed.double", f"{STATIC}:Double", "drawn_face", "float64"),
    ("metric", "flawed.first_row", f"{STATIC}:FirstRow", "order", "in another order"),
    ("metric", "flawed.upside", f"{STATIC}:Upside", "direction", "higher_is_better is False"),
    ("metric", "flawed.unanswered", f"{STATIC}:Unanswered", "rates", "'value' is nan"),
    ("metric", "flawed.silent", f"{STATIC}:Silent", "one_class", "with bona fide only, it returns value"),
    ("metric", "flawed.needy", f"{STATIC}:Needy", "threshold_use", "needs a threshold"),
    ("metric", "flawed.untitled", f"{STATIC}:Untitled", "wording", "its title is ''"),
    ("metric", "flawed.wordless", f"{STATIC}:Wordless", "wording", "detail() raises KeyError"),
    ("metric", "flawed.unworded", f"{STATIC}:Unworded", "wording", "detail() returns 'limit None'"),
    ("encoder", "flawed.builds", f"{TORCH}:Builds", "builds", "(flawed_modules.py, line "),
    ("fusion", "flawed.picky", f"{STATIC}:Picky", "builds", "its own static check rejects this example: never"),
    ("fusion", "flawed.hollow", f"{STATIC}:Hollow", "builds", "a NoneType instead of a torch.nn.Module"),
    (
        "encoder",
        "flawed.inputs_kept",
        f"{TORCH}:InputsKept",
        "inputs_kept",
        "in evaluation the module writes into input 0",
    ),
    ("head", "flawed.output_kept", f"{TORCH}:OutputKept", "inputs_kept", "score() writes into the output"),
    ("objective", "flawed.target_kept", f"{TORCH}:TargetKept", "inputs_kept", "writes into the target"),
    ("encoder", "flawed.signal", f"{TORCH}:Signal", "signal", "has shape (6, 3)"),
    ("encoder", "flawed.nan", f"{TORCH}:Nan", "signal", "is not finite"),
    ("encoder", "flawed.context", f"{TORCH}:Context", "context", "'weather'"),
    ("encoder", "flawed.seeded", f"{TORCH}:Seeded", "seeded", "'line.weight' differs"),
    ("encoder", "flawed.gradients", f"{TORCH}:Gradients", "gradients", "no gradient reaches 'idle'"),
    ("encoder", "flawed.batch_order", f"{TORCH}:BatchOrder", "batch_order", "a record alone gives different outputs"),
    ("encoder", "flawed.state_dict", f"{TORCH}:StateDict", "state_dict", "gives different outputs"),
    ("encoder", "flawed.bf16", f"{TORCH}:Bf16", "bf16", "not finite under bfloat16"),
    ("fusion", "flawed.forgetful", f"{TORCH}:Forgetful", "missing_input", "depends on their values"),
    ("head", "flawed.losses", f"{TORCH}:Losses", "losses", "has shape ()"),
    ("head", "flawed.scores", f"{TORCH}:Scores", "scores", "are not probabilities"),
    ("head", "flawed.polarity", f"{TORCH}:Polarity", "polarity", "after training, bona fide score"),
    ("head", "flawed.feature_gradients", f"{TORCH}:FeatureGradients", "feature_gradients", "no gradient reaches any"),
    ("objective", "flawed.updates", f"{TORCH}:Updates", "updates", "'centre' is not finite"),
    ("modality", "flawed.prepares", f"{TORCH}:Prepares", "prepares", "loading for evaluation raises ZeroDivisionError"),
    ("modality", "flawed.orphan", f"{TORCH}:Orphan", "prepares", "has no 'nobody', which an input names"),
    ("modality", "flawed.darkening", f"{TORCH}:Darkening", "inputs_kept", "load() writes into its inputs"),
    ("modality", "flawed.erasing", f"{TORCH}:Erasing", "inputs_kept", "extract() writes into the stored arrays"),
    ("modality", "flawed.range", f"{TORCH}:Range", "signal", "but its values are in"),
    ("modality", "flawed.drawing", f"{TORCH}:Drawing", "repeatable", "load() returns different tensors"),
    ("modality", "flawed.rows", f"{TORCH}:Rows", "record_order", "a record alone is loaded differently"),
    ("modality", "flawed.undeclared", f"{TORCH}:Undeclared", "declared_channels", "change its output"),
    ("modality", "flawed.missing", f"{TORCH}:Missing", "missing_channels", "KeyError"),
    ("recipe", "flawed.builds_nothing", f"{TORCH}:BuildsNothing", "builds", "no `own`"),
    ("recipe", "flawed.idle", f"{TORCH}:Idle", "trains", "no weight has changed"),
    ("recipe", "flawed.drifting", f"{TORCH}:Drifting", "repeatable", "differs between two trainings"),
    ("recipe", "flawed.lazy", f"{TORCH}:Lazy", "optimizes", "belongs to no optimizer"),
    ("paper", "renamed", f"{PAPERS}:RENAMED", "is_paper", "its name is 'other'"),
    ("paper", "twice", f"{PAPERS}:TWICE", "printed_numbers", "occurs twice"),
    ("paper", "unmeasured", f"{PAPERS}:UNMEASURED", "mapping", "returns no number 'area'"),
]
SEEN_BY_OTHERS = {
    "flawed.nan": {"gradients", "batch_order", "state_dict", "bf16", "seeded"},
    "flawed.losses": {"batch_order", "state_dict", "bf16"},
    "flawed.feature_gradients": {"polarity"},
    "flawed.silent": {"direction", "rates"},
    "flawed.first_row": {"rates"},
}
"""Flaws that other checks see too: NaN is wrong wherever it comes out."""


def write(folder, name, points):
    """The metadata of an installed distribution."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = {
        kind: [f"{key} = {target}\n" for k, key, target in points if k == kind]
        for kind in sorted({point[0] for point in points})
    }
    (info / "entry_points.txt").write_text(
        "".join(f"[fascore.v1.{kind}]\n{''.join(lines)}" for kind, lines in groups.items())
    )


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory):
    """The flawed components as a distribution `fas-flawed`, and `twice`, whose names have two prefixes."""
    folder = tmp_path_factory.mktemp("site")
    write(folder, "fas-flawed", [row[:3] for row in FLAWS])
    write(folder, "twice", [("fusion", "one.a", f"{PREFIXES}:One"), ("fusion", "two.b", f"{PREFIXES}:Two")])
    write(folder, "thief", [("fusion", "mmfas.a", f"{PREFIXES}:Stolen")])
    write(folder, "naked", [("fusion", "bare", f"{PREFIXES}:Prefixless")])
    write(folder, "nothing", [])
    write(folder, "odd-kind", [("flavour", "odd.a", f"{STATIC}:Sound")])
    before = list(sys.path)
    sys.path[:0] = [str(folder), str(FLAWED)]
    yield
    sys.path[:] = before
    for module in (STATIC, TORCH, PREFIXES, PAPERS, "flawed_heavy"):
        sys.modules.pop(module, None)
    cases.cache_clear()


def case_of(distribution, name):
    return next(case for case in cases(distribution) if case.name == name)


def check_of(kind, name):
    return next(check for check in suite.CHECKS if check.name == name and kind in check.kinds)


@pytest.mark.parametrize(
    ("kind", "name", "target", "check", "words"), FLAWS, ids=[f"{row[1]}-{row[3]}" for row in FLAWS]
)
def test_each_check_describes_its_flaw_in_words(kind, name, target, check, words):
    case = next(case for case in cases("fas-flawed") if (case.kind, case.name) == (kind, name))
    complaint = suite.complaint(case, check_of(kind, check))
    assert complaint is not None
    assert words in complaint
    assert "Traceback" not in complaint
    assert "pydantic.dev" not in complaint


@pytest.mark.parametrize(("kind", "name", "target", "check"), [row[:4] for row in FLAWS], ids=[row[1] for row in FLAWS])
def test_one_flaw_gives_one_failure(kind, name, target, check):
    case = next(case for case in cases("fas-flawed") if (case.kind, case.name) == (kind, name))
    left_out = {"light_import"} if target.startswith(TORCH) else set()  # the flawed modules import torch, all of them
    complaints = {
        other.name: words
        for other in suite.CHECKS
        if kind in other.kinds and other.name not in left_out and suite.blocker(case, other) is None
        if (words := suite.complaint(case, other)) is not None
    }
    assert check in complaints
    assert set(complaints) - {check} <= SEEN_BY_OTHERS.get(name, set()), complaints


def test_every_check_has_a_flaw_that_it_finds():
    assert {(check.name) for check in suite.CHECKS} == {row[3] for row in FLAWS}


def test_the_other_checks_of_a_component_that_cannot_be_built_are_skipped_and_say_where_to_look(outcome):
    out = outcome('"fas-flawed"', "", "-rs", "-k", "flawed.builds and not flawed.builds_nothing and not light_import")
    assert "1 failed" in out
    assert "not checked, because encoder 'flawed.builds' fails 'builds'; see that check" in out


def test_examples_that_raise_are_one_failure_in_words(outcome):
    out = outcome('"fas-flawed"', "", "-k", "flawed.raising")
    assert "1 failed" in out
    assert "examples() raises ValidationError: width: Input should be greater than 0; got 0 (flawed_static.py" in out
    assert "pydantic.dev" not in out


def test_a_missing_extra_is_reported_in_a_sentence(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jsonschema" else real(name))
    with pytest.raises(FascoreError, match=r"^fascore\.testing needs jsonschema: pip install 'fascore\[test\]'$"):
        importlib.reload(fascore.testing)


def test_every_check_explains_how_to_fix_a_failure():
    for check in suite.CHECKS:
        assert len(check.fix.split()) > 5
        assert check.fix.endswith(".")
        assert check.run.__doc__


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        ("twice", "must share one prefix; twice uses one, two"),
        ("thief", "the prefix 'mmfas' belongs to fas-mmfas"),
        ("naked", "'bare' has no prefix: names without a prefix are reserved for fascore itself"),
    ],
)
def test_names_of_a_distribution_have_one_prefix_of_its_own(distribution, words):
    complaint = suite.complaint(cases(distribution)[0], check_of("fusion", "named"))
    assert complaint is not None
    assert words in complaint


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        ("fas-nowhere", "the distribution 'fas-nowhere' is not installed"),
        ("nothing", "has no entry points in a group fascore.v1.<kind>"),
        ("odd-kind", "there is no kind 'flavour'"),
    ],
)
def test_a_distribution_without_components_says_so(distribution, words):
    with pytest.raises(FascoreError, match=words.replace(".", r"\.")):
        conformance(distribution)


TEST_FILE = """
import pytest
from fascore.testing import conformance

test_conformance = conformance({arguments})
{after}
"""


@pytest.fixture
def outcome(pytester):
    """Run a plugin's test file in a pytest of its own; what it prints."""

    def run(arguments, after="", *options):
        pytester.makepyfile(TEST_FILE.format(arguments=arguments, after=after))
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *options).stdout.str()

    return run


ONE = '"thief"'
KNOWN = '"thief", {("fusion", "mmfas.a", "named"): "it is a thief on purpose"}'


def test_a_failure_states_the_error_and_its_fix(outcome):
    out = outcome(ONE, "", "-k", "named")
    assert f"fusion 'mmfas.a' of thief ({PREFIXES}:Stolen) fails 'named':" in out
    assert "How to fix: Write type: Literal" in out
    assert "1 failed" in out


def test_a_deviation_with_a_reason_is_expected(outcome):
    assert "1 xfailed" in outcome(KNOWN, "", "-k", "named")


def test_a_deviation_that_does_not_happen_is_a_failure(outcome):
    out = outcome('"thief", {("fusion", "mmfas.a", "documented"): "it has no words for it"}', "", "-k", "documented")
    assert "XPASS(strict)" in out
    assert "1 failed" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            '"thief", {("fusion", "mmfas.b", "named"): "no such component"}',
            "which is not a (kind, name, check) of this suite",
        ),
        (
            '"thief", {("fusion", "mmfas.a", "nomed"): "no such check here"}',
            "which is not a (kind, name, check) of this suite",
        ),
        ('"thief", {("fusion", "mmfas.a", "named"): ""}', "has no reason"),
    ],
)
def test_an_expected_failure_names_a_check_and_gives_a_reason(outcome, arguments, words):
    assert words in outcome(arguments, "", "-k", "whole")


def test_a_suite_with_a_check_removed_fails(outcome):
    shrink = """
marks = test_conformance.pytestmark
rows = [row for row in marks[0].args[1] if "named" not in row.id]
test_conformance.pytestmark = [pytest.mark.parametrize(("case", "check"), rows).mark]
"""
    out = outcome(ONE, shrink, "-k", "whole")
    assert "1 checks were removed from the suite, for example fusion-mmfas.a-named" in out


def test_a_suite_thinned_at_collection_fails(outcome, pytester):
    pytester.makeconftest(
        "def pytest_collection_modifyitems(items):\n    items[:] = [item for item in items if 'named' not in item.name]\n"
    )
    assert "1 checks were removed from the suite" in outcome(ONE)


def test_a_part_of_the_suite_may_be_run_on_purpose(outcome):
    out = outcome(ONE, "", "-k", "documented or whole")
    assert "2 passed" in out
