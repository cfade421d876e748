"""The index: names from metadata, one import a name, and sentences that say what to do."""

import os
import subprocess
import sys

import pytest

from fascore.contract.component import load
from fascore.contract.errors import FascoreError
from fascore.contract.registry import WITH, BrokenPlugin, Conflict, Index, UnknownComponent, index, using

FUSION = """
from typing import Literal
from pydantic import Field
from fascore import Fusion

class Sum(Fusion):
    type: Literal["{name}"] = "{name}"

    def infer(self, signals):
        return signals[0]
"""


def distribution(folder, name, version, groups, modules):
    """An installed distribution: its metadata and its modules."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for module in set(sys.modules) - before:
        del sys.modules[module]


def alpha(site, name="alpha.sum"):
    distribution(
        site,
        "fas-alpha",
        "1.2",
        {"fascore.v1.fusion": {name: "alpha_mod:Sum"}},
        {"alpha_mod": FUSION.format(name=name)},
    )


def test_a_scan_reads_names_and_imports_no_plugin(site):
    distribution(
        site,
        "fas-bomb",
        "3.0",
        {"fascore.v1.fusion": {"bomb.x": "bomb_mod:X"}},
        {"bomb_mod": "raise SystemExit('imported')"},
    )
    alpha(site)
    found = Index.from_environment()
    assert {"alpha.sum", "bomb.x"} <= set(found.names("fusion"))
    assert not {"alpha_mod", "bomb_mod"} & set(sys.modules)


def test_a_name_imports_only_the_module_that_it_names(site):
    alpha(site)
    distribution(
        site,
        "fas-beta",
        "1.0",
        {"fascore.v1.fusion": {"beta.sum": "beta_mod:Sum"}},
        {"beta_mod": FUSION.format(name="beta.sum")},
    )
    with using(Index.from_environment()):
        assert load("fusion", "alpha.sum").__name__ == "Sum"
    assert "alpha_mod" in sys.modules
    assert "beta_mod" not in sys.modules


def test_a_broken_plugin_names_package_version_and_error_and_costs_only_its_own_components(site):
    distribution(
        site,
        "fas-broken",
        "0.9",
        {"fascore.v1.fusion": {"broken.x": "broken_mod:X"}},
        {"broken_mod": "import no_such_library"},
    )
    alpha(site)
    with using(Index.from_environment()):
        with pytest.raises(BrokenPlugin) as caught:
            load("fusion", "broken.x")
        assert load("fusion", "alpha.sum")
    assert str(caught.value) == (
        "fusion 'broken.x' from fas-broken 0.9 cannot be imported (broken_mod:X): "
        "ModuleNotFoundError: No module named 'no_such_library'; update or reinstall fas-broken"
    )


def test_two_providers_of_one_name_are_an_error_that_names_both(site):
    alpha(site)
    distribution(
        site,
        "fas-other",
        "2.0",
        {"fascore.v1.fusion": {"alpha.sum": "other_mod:Sum"}},
        {"other_mod": FUSION.format(name="alpha.sum")},
    )
    found = Index.from_environment()
    with pytest.raises(Conflict) as caught:
        found.provider("fusion", "alpha.sum")
    text = str(caught.value)
    assert "fas-alpha 1.2 (alpha_mod:Sum)" in text
    assert "fas-other 2.0 (other_mod:Sum)" in text
    assert text.endswith("uninstall one of them")
    assert [str(conflict) for conflict in found.conflicts()] == [text]


def test_one_name_in_two_kinds_is_not_a_conflict(site):
    groups = {"fascore.v1.fusion": {"alpha.x": "alpha_mod:Sum"}, "fascore.v1.encoder": {"alpha.x": "alpha_mod:Sum"}}
    distribution(site, "fas-alpha", "1.2", groups, {"alpha_mod": FUSION.format(name="alpha.x")})
    assert Index.from_environment().conflicts() == []


def test_a_near_name_is_offered_with_its_package(site):
    alpha(site)
    with pytest.raises(
        UnknownComponent, match=r"^there is no fusion 'alpha\.sun'\. Did you mean 'alpha\.sum' \(fas-alpha 1\.2\)\?$"
    ):
        Index.from_environment().provider("fusion", "alpha.sun")


def test_a_name_of_a_known_package_that_lacks_says_what_to_install():
    with pytest.raises(
        UnknownComponent,
        match=r"no fusion 'mmfas\.switch_attention'\. The package fas-mmfas provides it: pip install fas-mmfas$",
    ):
        index().provider("fusion", "mmfas.switch_attention")


def test_a_name_of_another_kind_says_which():
    with pytest.raises(
        UnknownComponent, match=r"^there is no encoder 'toy\.stack'\. 'toy\.stack' is registered as fusion\.$"
    ):
        index().provider("encoder", "toy.stack")


def test_a_plugin_for_another_api_is_named_as_such(site):
    distribution(site, "fas-old", "0.1", {"fascore.v2.fusion": {"old.sum": "old_mod:Sum"}}, {})
    with pytest.raises(UnknownComponent, match="for plugin API 2, but this fascore uses API 1; update one of them"):
        Index.from_environment().provider("fusion", "old.sum")


@pytest.mark.parametrize("group", ["fascore.v1", "fascore.vx", "fascore.version"])
def test_a_malformed_group_of_somebody_does_not_break_the_scan(site, group):
    distribution(site, "fas-odd", "0.1", {group: {"odd": "odd_mod:X"}}, {})
    assert "odd" not in Index.from_environment().names("fusion")


def test_a_far_name_lists_what_is_installed():
    with pytest.raises(UnknownComponent, match=r"^there is no objective 'zzzz'\. Installed: toy\.pull\.$"):
        index().provider("objective", "zzzz")


def test_no_component_of_a_kind_says_none():
    with pytest.raises(UnknownComponent, match=r"no detector 'x'\. Installed: none\.$"):
        index().provider("detector", "x")


def test_a_type_that_differs_from_its_entry_point_is_a_broken_plugin():
    renamed = Index.of({"fusion": {"toy.sum": "contract_toys:Stack"}})
    with using(renamed), pytest.raises(BrokenPlugin, match="its entry point and its `type` must match"):
        load("fusion", "toy.sum")


@pytest.mark.parametrize("target", ["contract_toys:Flat", "contract_toys:document", "contract_toys:Inner"])
def test_a_target_that_is_not_a_component_of_the_kind_is_a_broken_plugin(target):
    with (
        using(Index.of({"fusion": {"toy.flat": target}})),
        pytest.raises(BrokenPlugin, match="is not a fusion component"),
    ):
        load("fusion", "toy.flat")


def test_a_missing_attribute_is_a_broken_plugin():
    with (
        using(Index.of({"fusion": {"toy.x": "contract_toys:Nothing"}})),
        pytest.raises(BrokenPlugin, match="AttributeError"),
    ):
        load("fusion", "toy.x")


def test_with_adds_a_component_that_is_not_installed_for_children_too():
    code = """
import os, subprocess, sys
from fascore.contract.registry import WITH, add_targets, index
if sys.argv[1:] == ["parent"]:
    add_targets(["contract_toys:Stack"])
    add_targets(["contract_toys:Stack", "contract_toys:Flat"])
    subprocess.run([sys.executable, "-c", os.environ["CODE"]], check=True)
found = index().provider("fusion", "toy.stack")
print(os.environ[WITH], found.target, found.installed, flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__), "CODE": code}
    environment.pop(WITH, None)
    out = subprocess.run(
        [sys.executable, "-c", code, "parent"], env=environment, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines() == ["contract_toys:Stack,contract_toys:Flat contract_toys:Stack False"] * 2


@pytest.mark.parametrize(
    "target", ["no_such_module:X", "contract_toys:Missing", "contract_toys", "contract_toys:document"]
)
def test_with_says_what_it_wants(target):
    with pytest.raises(FascoreError, match=r"write the module:Class of a component$"):
        index().including(target)


def test_the_same_target_twice_is_not_a_conflict():
    assert index().including("contract_toys:Order", "contract_toys:Order").conflicts() == []


def test_using_gives_the_old_index_back_after_an_error():
    before = index()
    with pytest.raises(RuntimeError), using(Index.of({})):
        raise RuntimeError
    assert index() is before


def test_the_index_and_the_spec_import_no_heavy_library():
    code = (
        "import fascore.spec.documents, fascore.spec.plan, fascore.contract.hooks, fascore.contract.registry as r, sys; "
        "r.index().names('fusion'); print([m for m in "
        "('torch', 'numpy', 'timm', 'cv2', 'scipy', 'matplotlib', 'wandb') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
