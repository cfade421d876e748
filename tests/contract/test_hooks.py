"""Hooks: called in order, one that fails is reported once and switched off, and never stops a run."""

import sys
import types

import pytest

from fascore import FascoreError, hookimpl
from fascore.contract.hooks import Hooks
from fascore.contract.registry import Index, using


class Recorder:
    def __init__(self, name, calls, fails=False):
        self.name, self.calls, self.fails = name, calls, fails

    @hookimpl
    def epoch_ended(self, epoch):
        self.calls.append((self.name, epoch))
        if self.fails:
            raise ValueError("no network")

    @hookimpl
    def run_ended(self, run, outcome):
        self.calls.append((self.name, outcome))


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def hooks(complaints):
    return Hooks(complaints.append)


def test_the_last_registered_runs_first_as_pluggy_has_it(hooks):
    calls = []
    for name in "abc":
        hooks.register(name, Recorder(name, calls))
    hooks.call("epoch_ended", run=None, epoch=3, metrics={})
    assert calls == [("c", 3), ("b", 3), ("a", 3)]


def test_one_that_fails_is_reported_once_and_off_for_all_hooks_and_the_others_go_on(hooks, complaints):
    calls = []
    hooks.register("good", Recorder("good", calls))
    hooks.register("bad", Recorder("bad", calls, fails=True))
    for epoch in range(3):
        hooks.call("epoch_ended", run=None, epoch=epoch, metrics={})
    hooks.call("run_ended", run=None, outcome="finished")
    assert calls == [("bad", 0), ("good", 0), ("good", 1), ("good", 2), ("good", "finished")]
    assert complaints == ["hook 'bad' failed in epoch_ended and has been disabled: ValueError: no network"]


def test_results_that_are_none_are_left_out(hooks):
    class Report:
        @hookimpl
        def report_sections(self, run):
            return ["section"]

    hooks.register("report", Report())
    hooks.register("silent", type("Silent", (), {"report_sections": hookimpl(lambda self, run: None)})())
    assert hooks.call("report_sections", run=None) == [["section"]]


def test_a_method_that_is_not_a_hook_costs_only_its_plugin(complaints):
    module = types.ModuleType("odd_hooks")

    class Odd:
        always = True

        def __init__(self, options):
            pass

        @hookimpl
        def epoch_ended(self, nonsense):
            pass

    class Always(Odd):
        epoch_ended = None

    module.Odd, module.Always = Odd, Always
    sys.modules["odd_hooks"] = module
    try:
        with using(Index.of({"hooks": {"odd": "odd_hooks:Odd", "fine": "odd_hooks:Always"}})):
            Hooks.for_run({}, complaints.append)
            with pytest.raises(FascoreError, match="odd"):
                Hooks.for_run({"odd": {}}, complaints.append)
    finally:
        del sys.modules["odd_hooks"]
    assert len(complaints) == 1
    assert "hook 'odd' cannot start and has been disabled" in complaints[0]


@pytest.fixture
def installed():
    module = types.ModuleType("run_hooks")

    class Always:
        always = True

        def __init__(self, options):
            module.started.append(("always", options))

    class OnDemand:
        def __init__(self, options):
            module.started.append(("demand", options["key"]))

    module.started, module.Always, module.OnDemand = [], Always, OnDemand
    sys.modules["run_hooks"] = module
    table = {"hooks": {"always": "run_hooks:Always", "demand": "run_hooks:OnDemand", "broken": "run_hooks:Gone"}}
    with using(Index.of(table)):
        yield module
    del sys.modules["run_hooks"]


def test_a_hook_acts_always_or_where_it_is_named(installed, complaints):
    Hooks.for_run({}, complaints.append)
    assert installed.started == [("always", {})]
    Hooks.for_run({"demand": {"key": 3}}, complaints.append)
    assert ("demand", 3) in installed.started


def test_a_broken_hook_plugin_is_a_complaint_unless_it_is_named(installed, complaints):
    Hooks.for_run({}, complaints.append)
    assert len(complaints) == 1
    assert "run_hooks:Gone" in complaints[0]
    with pytest.raises(FascoreError, match="run_hooks:Gone"):
        Hooks.for_run({"broken": {}}, complaints.append)


def test_options_that_a_tracker_cannot_use_are_an_error_of_the_user(installed, complaints):
    with pytest.raises(FascoreError, match=r"tracker 'demand' cannot start: KeyError"):
        Hooks.for_run({"demand": {}}, complaints.append)


def test_a_tracker_that_is_not_installed_is_an_error(installed):
    with pytest.raises(FascoreError, match="no tracker 'wandv'"):
        Hooks.for_run({"wandv": {}})


def test_without_a_place_for_complaints_they_go_to_standard_error(capsys):
    hooks = Hooks()
    hooks.register("bad", Recorder("bad", [], fails=True))
    hooks.call("epoch_ended", run=None, epoch=0, metrics={})
    assert "hook 'bad' failed" in capsys.readouterr().err
