"""Lifecycle hooks: who wants to act when something happens in a run. Any number, in order, guarded.

A hook plugin is a class under the entry-point group `fascore.v1.hooks`, built with its options from the spec's
`trackers`. One whose class attribute `always` is true acts in every run, any other only where `trackers` names it::

    class Notify:
        always = False

        def __init__(self, options: dict) -> None:
            self.address = options["address"]

        @hookimpl
        def run_ended(self, run: RunFacts, outcome: str) -> None:
            send(self.address, f"{run.name}: {outcome}")

A class attribute `Options`, a Config, is what the options are: `fascore check` then validates them, and resolves every Ref in them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pluggy

from fascore.contract.errors import FascoreError, Problem, SpecErrors
from fascore.contract.kinds.protocols import Spec, Trained
from fascore.contract.registry import index

hookspec = pluggy.HookspecMarker("fascore")
hookimpl = pluggy.HookimplMarker("fascore")


class RunFacts(NamedTuple):
    """What every hook gets of the run."""

    name: str
    folder: Path
    spec: Spec


class Step(NamedTuple):
    """One step of training: losses by name, learning rates by optimizer, counters and speed."""

    epoch: int
    step: int
    steps: int
    epochs: int
    losses: Mapping[str, float]
    rates: Mapping[str, float]
    records: int
    seconds: float


class Section(NamedTuple):
    """A part of the report that a plugin adds: a title and self-contained HTML. `shareable`: it shows no face and names nobody."""

    title: str
    html: str
    shareable: bool = False


class Specs:
    """The hooks of fascore."""

    @hookspec
    def run_started(self, run: RunFacts, epochs: int, steps: int, done: int) -> None:
        """Training begins, or continues after `done` steps: `epochs` in all, `steps` an epoch."""

    @hookspec
    def step_ended(self, run: RunFacts, step: Step) -> None:
        """An optimizer step is done."""

    @hookspec
    def epoch_ended(self, run: RunFacts, epoch: int, metrics: Mapping[str, float]) -> None:
        """An epoch is done; `metrics` are those of dev, where there is one."""

    @hookspec
    def checkpoint_saved(self, run: RunFacts, path: Path) -> None:
        """A checkpoint is whole on disk."""

    @hookspec
    def scores_ready(self, run: RunFacts, split: str, path: Path) -> None:
        """The score file of a split is written."""

    @hookspec
    def report_sections(self, run: RunFacts, trained: Trained) -> list[Section]:
        """Further sections for report.html; `trained` has the best weights, and gives what any node makes of any record."""
        return []

    @hookspec
    def run_ended(self, run: RunFacts, outcome: str) -> None:
        """The run is over: `finished`, `interrupted` or `failed`."""


class Hooks:
    """The hook plugins of one run. One that fails is reported once and switched off; it never stops the run."""

    def __init__(self, complain: Callable[[str], None] | None = None) -> None:
        self._manager = pluggy.PluginManager("fascore")
        self._manager.add_hookspecs(Specs)
        self._complain = complain or (lambda text: print(text, file=sys.stderr))

    @classmethod
    def for_run(cls, trackers: Mapping[str, Mapping[str, Any]], complain: Callable[[str], None] | None = None) -> Hooks:
        """Load the installed hook plugins that act in this run. Raises FascoreError for a tracker that is not installed."""
        hooks = cls.named(trackers, complain)
        for name in index().names("hooks"):
            if name in trackers:
                continue
            try:
                plugin: Any = index().provider("hooks", name).load()
                if getattr(plugin, "always", False):
                    hooks.register(name, plugin({}))
            except FascoreError as error:
                hooks._complain(str(error))
            except Exception as error:
                hooks._complain(f"hook '{name}' cannot start and is off: {type(error).__name__}: {error}")
        return hooks

    @classmethod
    def named(cls, trackers: Mapping[str, Mapping[str, Any]], complain: Callable[[str], None] | None = None) -> Hooks:
        """Only the hook plugins that are named, with their options. Raises FascoreError for one that is not installed, or cannot start."""
        hooks = cls(complain)
        for name, options in trackers.items():
            try:
                plugin: Any = index().provider("hooks", name).load()
                hooks.register(name, plugin(dict(options)))
            except FascoreError as error:
                raise _placed(error, f"trackers.{name}") from None
            except Exception as error:
                raise FascoreError(f"tracker '{name}' cannot start: {type(error).__name__}: {error}") from error
        return hooks

    def register(self, name: str, plugin: object) -> None:
        """Add a plugin object whose methods are marked with `hookimpl`."""
        self._manager.register(plugin, name)

    def call(self, hook: str, **arguments: Any) -> list[Any]:
        """Call every implementation, one at a time; the results that are not None."""
        results: list[Any] = []
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            try:
                result = implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception as error:
                self._complain(
                    f"hook '{implementation.plugin_name}' failed in {hook} and is off from now on: {type(error).__name__}: {error}"
                )
                self._manager.unregister(implementation.plugin)
                continue
            if result is not None:
                results.append(result)
        return results


def _placed(error: FascoreError, path: str) -> FascoreError:
    """Problems with options, with their place in the spec; any other error as it is."""
    if not isinstance(error, SpecErrors):
        return error
    return SpecErrors(Problem(f"{path}.{problem.path}".rstrip("."), problem.message) for problem in error.problems)
