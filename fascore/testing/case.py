"""The elements of the conformance suite: a Case (one component of a distribution), a Check, and a Failure."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError

from fascore.contract.component import Component, problems
from fascore.contract.errors import FascoreError
from fascore.contract.kinds import Target
from fascore.contract.registry import API, KINDS, OTHER_KINDS, Provider
from fascore.contract.signals import Signal

PAIRED = {"encoder": 2, "fusion": 2, "head": 3, "objective": 3, "modality": 2, "dataset": 2}
"""Kinds whose examples are tuples, with their lengths. An example of any other kind is the component alone."""
GROUPS = (*KINDS, *OTHER_KINDS)
FORMS = {
    "encoder": "(encoder, [input signals])",
    "fusion": "(fusion, [input signals])",
    "head": "(head, [input signals], target)",
    "objective": "(objective, [input signals], target)",
    "modality": "(modality, {name: other modality})",
    "dataset": "(dataset, split)",
    "recipe": "a recipe, or (recipe, {modalities, model})",
    "metric": "a metric, or (metric, {column: value})",
}

_SUITE = str(Path(__file__).parent)


class Failure(AssertionError):
    """A failed check; the message is a sentence for the plugin's author."""


@dataclass(frozen=True)
class Case:
    """One entry point of a distribution."""

    kind: str
    name: str
    distribution: str
    point: importlib.metadata.EntryPoint

    @property
    def module(self) -> str:
        """The config module that the entry point names."""
        return self.point.value.partition(":")[0]

    def load(self) -> Any:
        """The object that the entry point names. Raises Failure."""
        try:
            return Provider(self.kind, self.name, self.point.value, self.point).load()
        except FascoreError as error:
            raise Failure(str(error)) from error

    @property
    def component(self) -> type[Component]:
        """The component's class. Raises Failure."""
        target = self.load()
        if not (isinstance(target, type) and issubclass(target, Component)) or target.kind != self.kind:
            article = "an" if self.kind[0] in "aeiou" else "a"
            raise Failure(f"{self.point.value} is not {article} {self.kind} component")
        return target

    def examples(self) -> list[tuple[Any, ...]]:
        """The component's examples, each as a tuple whose first item is the component.

        Raises Failure for any other form.
        """
        with author_code("examples()", self.module):
            items = list(self.component.examples())
        examples = [self._example(item) for item in items]
        for config, *_ in examples:
            if type(config) is not self.component:
                raise Failure(f"examples() returns a {type(config).__name__} instead of a {self.component.__name__}")
        return examples

    def _example(self, item: Any) -> tuple[Any, ...]:
        length = PAIRED.get(self.kind)
        if self.kind in ("recipe", "metric") and isinstance(item, tuple):
            length = 2
        if length is None:
            return (item,)
        if not isinstance(item, tuple) or len(item) != length:
            raise Failure(
                f"an example of kind {self.kind} must be {FORMS[self.kind]}; examples() returns {item!r:.120}"
            )
        if self.kind in ("encoder", "fusion", "head", "objective") and not all(
            isinstance(signal, Signal) for signal in item[1]
        ):
            raise Failure(
                f"the second item of an example must be a list of Signals; examples() returns {item[1]!r:.120}"
            )
        if length == 3 and not isinstance(item[2], Target):
            raise Failure(
                f"the third item of an example must be Labels(column) or Dense(signal); examples() returns {item[2]!r:.120}"
            )
        return item

    def configs(self) -> list[Component]:
        """The components of the examples."""
        return [example[0] for example in self.examples()]


@dataclass(frozen=True)
class Check:
    """One check: its name, the kinds it applies to, its function (raises Failure), and how an author fixes a failure."""

    name: str
    kinds: Sequence[str]
    run: Callable[[Case], None]
    fix: str
    needs: Sequence[str] = ("resolves", "has_examples")
    """Checks that a component must pass first. If one of them fails, this one is skipped and names it."""


@contextmanager
def author_code(what: str, module: str) -> Iterator[None]:
    """Convert any exception in a plugin's code to a Failure that states what raised it and where in the plugin."""
    try:
        yield
    except Failure:
        raise
    except Exception as error:
        raise Failure(f"{what} raises {reason(error, module)}") from error


def reason(error: BaseException, module: str) -> str:
    """An exception as one sentence without a traceback: its type, its message, and the line of the plugin that caused
    it.

    For a validation error of pydantic, the sentence lists the fields.
    """
    if isinstance(error, ValidationError):
        message = "; ".join(map(str, problems(error)))
    else:
        message = str(error)
    place = _place(error.__traceback__, module)
    return f"{type(error).__name__}: {message}{place}"


def _place(trace: TracebackType | None, module: str) -> str:
    """The deepest line below the plugin's folder, otherwise the deepest line outside the suite; empty if there is none."""
    file = getattr(sys.modules.get(module), "__file__", None)
    plugin = str(Path(file).parent) if file else None
    frames = traceback.extract_tb(trace)
    outside = [frame for frame in frames if not frame.filename.startswith(_SUITE)]
    own = [frame for frame in outside if plugin is not None and frame.filename.startswith(plugin)]
    for frame in reversed(own or outside):
        return f" ({Path(frame.filename).name}, line {frame.lineno}, in {frame.name})"
    return ""


def shown(config: Component) -> str:
    """A component, formatted for messages."""
    text = config.canonical()
    return text if len(text) <= 200 else f"{text[:200]}…"


@cache
def cases(distribution: str) -> tuple[Case, ...]:
    """All entry points of a distribution for this plugin API, by kind and name.

    Raises FascoreError if there are none.
    """
    try:
        points = importlib.metadata.distribution(distribution).entry_points
    except importlib.metadata.PackageNotFoundError:
        raise FascoreError(
            f"the distribution '{distribution}' is not installed; run pip install -e . in its folder first"
        ) from None
    prefix = f"fascore.v{API}."
    listed = [Case(p.group.removeprefix(prefix), p.name, distribution, p) for p in points if p.group.startswith(prefix)]
    if not listed:
        groups = ", ".join(sorted({p.group for p in points})) or "none"
        raise FascoreError(
            f"'{distribution}' has no entry points in a group {prefix}<kind> (its groups: {groups}); add them to pyproject.toml, "
            f"then reinstall it"
        )
    unknown = [case.kind for case in listed if case.kind not in GROUPS]
    if unknown:
        raise FascoreError(f"'{distribution}': there is no kind '{unknown[0]}'; available: {', '.join(GROUPS)}")
    return tuple(sorted(listed, key=lambda case: (case.kind, case.name)))


NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
