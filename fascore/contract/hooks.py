"""Lifecycle hooks: plugins that act on the events of a run.

Any number of them run in order; their failures are contained.

A hook plugin is a class in the entry-point group `fascore.v1.hooks`, built with its options from the spec's `trackers`.
If its class attribute `always` is true, it acts in every run; otherwise only in runs whose `trackers` name it::

    class Notify:
        always = False

        def __init__(self, options: dict) -> None:
            self.address = options["address"]

        @hookimpl
        def run_ended(self, run: RunFacts, outcome: str) -> None:
            send(self.address, f"{run.name}: {outcome}")

If the class has an attribute `Options`, a Config, `fascore check` validates the options with it and resolves their
Refs.
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
    """The facts about the run that every hook receives."""

    name: str
    folder: Path
    spec: Spec


class Step(NamedTuple):
    """One training step: losses by name, learning rates by optimizer, counters, and duration."""

    epoch: int
    step: int
    steps: int
    epochs: int
    losses: Mapping[str, float]
    rates: Mapping[str, float]
    records: int
    seconds: float


class Section(NamedTuple):
    """A report section of a plugin: a title and self-contained HTML.

    `shareable`: it shows no faces and names no people.
    """

    title: str
    html: str
    shareable: bool = False


class Specs:
    """The hooks of fascore."""

    @hookspec
    def run_started(self, run: RunFacts, epochs: int, steps: int, done: int) -> None:
        """Training begins, or resumes after `done` steps; it has `epochs` epochs of `steps` steps each."""

    @hookspec
    def step_ended(self, run: RunFacts, step: Step) -> None:
        """An optimizer step has ended."""

    @hookspec
    def epoch_ended(self, run: RunFacts, epoch: int, metrics: Mapping[str, float]) -> None:
        """An epoch has ended; `metrics` are those of dev, if the run has a dev set."""

    @hookspec
    def checkpoint_saved(self, run: RunFacts, path: Path) -> None:
        """A checkpoint has been written completely."""

    @hookspec
    def scores_ready(self, run: RunFacts, split: str, path: Path) -> None:
        """The score file of a split has been written."""

    @hookspec
    def report_sections(self, run: RunFacts, trained: Trained) -> list[Section]:
        """Additional sections for report.html.

        `trained` has the best weights and returns any node's output for any record.
        """
        return []

    @hookspec
    def run_ended(self, run: RunFacts, outcome: str) -> None:
        """The run has ended; `outcome` is `finished`, `interrupted`, or `failed`."""


class Hooks:
    """The hook plugins of one run. A plugin that fails is reported once and disabled; it never stops the run."""

    def __init__(self, complain: Callable[[str], None] | None = None) -> None:
        self._manager = pluggy.PluginManager("fascore")
        self._manager.add_hookspecs(Specs)
        self._complain = complain or (lambda text: print(text, file=sys.stderr))

    @classmethod
    def for_run(cls, trackers: Mapping[str, Mapping[str, Any]], complain: Callable[[str], None] | None = None) -> Hooks:
        """Load the installed hook plugins that act in this run.

        Raises FascoreError for a tracker that is not installed.
        """
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
                hooks._complain(f"hook '{name}' cannot start and has been disabled: {type(error).__name__}: {error}")
        return hooks

    @classmethod
    def named(cls, trackers: Mapping[str, Mapping[str, Any]], complain: Callable[[str], None] | None = None) -> Hooks:
        """Load only the named hook plugins, with their options.

        Raises FascoreError if one is not installed or cannot start.
        """
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
        """Call every implementation, one at a time; return the results that are not None."""
        results: list[Any] = []
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            try:
                result = implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception as error:
                self._complain(
                    f"hook '{implementation.plugin_name}' failed in {hook} and has been disabled: {type(error).__name__}: {error}"
                )
                self._manager.unregister(implementation.plugin)
                continue
            if result is not None:
                results.append(result)
        return results


def _placed(error: FascoreError, path: str) -> FascoreError:
    """The error with `path` added to the problems of its options; any other error unchanged."""
    if not isinstance(error, SpecErrors):
        return error
    return SpecErrors(Problem(f"{path}.{problem.path}".rstrip("."), problem.message) for problem in error.problems)
