"""The static check of both graphs of a spec, without torch: Signals, views, and missing inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from fascore.contract.component import Config
from fascore.contract.errors import FascoreError, Problem, SpecError, SpecErrors
from fascore.contract.kinds import Dense, Encoder, Fusion, Head, Labels, Modality, Objective, Target
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal
from fascore.spec.documents import RunSpec
from fascore.spec.measures import metric_problems, no_such, score_problems, tracker_options

Section: TypeAlias = Literal["modality", "encoder", "fusion", "head", "objective"]
Graphed: TypeAlias = Modality | Encoder | Fusion | Head | Objective
CONTEXT = {
    "encoder": ("task", "label"),
    "fusion": ("task", "label", "mask"),
    "head": ("task", "label"),
    "objective": ("task", "label", "mask"),
}
_PLACE: dict[Section, str] = {
    "modality": "modalities",
    "encoder": "model.encoders",
    "fusion": "model.fusions",
    "head": "model.heads",
    "objective": "model.objectives",
}


@dataclass(frozen=True)
class NodePlan:
    """A named component with everything that the check knows about it.

    `signals` are the Signals of `inputs`, in order. `outputs` are the Signals that it produces, by port; `""` is the main
    output. `views` is the number of views per record. `optional` tells whether a record may lack it. `target` is what a
    head or objective learns.
    """

    name: str
    section: Section
    component: Any
    inputs: tuple[Ref, ...]
    signals: tuple[Signal | None, ...] = ()
    outputs: Mapping[str, Signal | None] = field(default_factory=dict)
    views: int = 1
    optional: bool = False
    target: Target | None = None

    @property
    def path(self) -> str:
        """Its path in the spec."""
        return f"{_PLACE[self.section]}.{self.name}"


@dataclass(frozen=True)
class Plan:
    """A checked spec. Modalities and nodes (encoders and fusions) are in an order in which they can be computed."""

    spec: RunSpec
    modalities: Mapping[str, NodePlan]
    nodes: Mapping[str, NodePlan]
    heads: Mapping[str, NodePlan]
    objectives: Mapping[str, NodePlan]
    views: int

    def signal(self, ref: Ref) -> Signal | None:
        """The Signal of a modality, node, or port."""
        return {**self.modalities, **self.nodes}[ref.node].outputs[ref.port]

    def loaded(self) -> list[Ref]:
        """Every tensor of the data graph that the model graph reads, inputs and targets."""
        sinks = [*self.nodes.values(), *self.heads.values(), *self.objectives.values()]
        named = [ref for node in sinks for _, ref in refs_in(node.component)]
        named += [ref for component in (self.spec.recipe, self.spec.sampler) for _, ref in refs_in(component)]
        return list(dict.fromkeys(ref for ref in named if ref.node in self.modalities))


def refs_in(value: object, path: str = "") -> Iterator[tuple[str, Ref]]:
    """Every Ref inside a component, at any depth, with its path relative to the component."""
    if isinstance(value, Ref):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from refs_in(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from refs_in(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for place, item in enumerate(value):
            yield from refs_in(item, f"{path}.{place}")


def check(spec: RunSpec) -> Plan:
    """Check both graphs of a validated spec. Raises SpecErrors with all errors found in one pass."""
    return _Checker(spec).run()


class _Checker:
    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.problems: list[Problem] = []
        model = spec.model
        sections: dict[Section, Mapping[str, Graphed]] = {
            "modality": spec.modalities,
            "encoder": model.encoders,
            "fusion": model.fusions,
            "head": model.heads,
            "objective": model.objectives,
        }
        self.raw = {
            section: {name: NodePlan(name, section, component, component.inputs) for name, component in table.items()}
            for section, table in sections.items()
        }
        self.known: dict[str, NodePlan] = {}
        self.failed: set[str] = set()
        """Nodes without a Signal, because a problem with them or with one of their inputs is already reported."""

    def run(self) -> Plan:
        self._names()
        trackers, problems = tracker_options(self.spec.trackers)
        self.problems += problems
        self._references()
        order = self._order()
        if order:
            for name in order:
                self._infer(self._named(name))
            sinks = {section: self._sinks(section) for section in ("head", "objective")}
            self.problems += [*score_problems(self.spec), *metric_problems(self.spec)]
            self._tracked(trackers)
            views = self._views()
        if self.problems:
            raise SpecErrors(self.problems)
        known = {
            section: {n: self.known[n] for n in order if self.known[n].section in names}
            for section, names in _GROUPS.items()
        }
        plan = Plan(self.spec, known["data"], known["model"], sinks["head"], sinks["objective"], views)
        self._recipe(plan)
        return plan

    def _complain(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def _named(self, name: str) -> NodePlan:
        return next(self.raw[s][name] for s in ("modality", "encoder", "fusion") if name in self.raw[s])

    def _space(self) -> list[str]:
        return [name for section in ("modality", "encoder", "fusion") for name in self.raw[section]]

    def _names(self) -> None:
        """Check that names are unique: modalities, encoders, and fusions share one namespace; `record` is reserved."""
        seen: dict[str, NodePlan] = {}
        for section in ("modality", "encoder", "fusion"):
            for name, node in self.raw[section].items():
                if name == "record":
                    self._complain(node.path, "'record' names the record's own columns; choose another name")
                if name in seen:
                    taken = f"the name '{name}' is already used by {seen[name].path}"
                    self._complain(node.path, f"{taken}; modalities, encoders, and fusions share one namespace")
                seen.setdefault(name, node)

    def _tracked(self, options: Mapping[str, Config]) -> None:
        """Check that every Ref of a tracker names a tensor."""
        for name, validated in options.items():
            for path, ref in refs_in(validated):
                if ref.node not in self.failed and ref.column is None:
                    self._tensor(f"trackers.{name}.{path}", ref)

    def _tensor(self, path: str, ref: Ref) -> None:
        if ref.node not in self.known:
            self._complain(path, no_such(ref.node, self._space()))
        elif self.known[ref.node].outputs.get(ref.port) is None:
            ports = [
                f"{ref.node}.{port}"
                for port, signal in self.known[ref.node].outputs.items()
                if port and signal is not None
            ]
            self._complain(
                path,
                f"'{ref}' produces no tensor; "
                + (f"choose one of {', '.join(ports)}" if ports else f"'{ref.node}' has no ports"),
            )

    def _references(self) -> None:
        """Check that every Ref names something, and that something refers to every node."""
        used: set[str] = set()
        for node in (node for table in self.raw.values() for node in table.values()):
            for path, ref in refs_in(node.component):
                used.add(ref.node)
                self._reference(node, f"{node.path}.{path}", ref, is_input=path.startswith("inputs."))
            if not node.inputs and node.section != "modality":
                self._complain(f"{node.path}.inputs", f"is missing: name the nodes that this {node.section} reads")
        for place, component in (("recipe", self.spec.recipe), ("sampler", self.spec.sampler)):
            for path, ref in refs_in(component):
                used.add(ref.node)
                if ref.column is None and ref.node not in self._space():
                    self._complain(f"{place}.{path}", no_such(ref.node, self._space()))
        for name in self._space():
            if name not in used:
                self._complain(
                    self._named(name).path,
                    "is not used: no node, head, or objective reads it; delete it, or add it to the 'inputs' of one",
                )

    def _reference(self, node: NodePlan, path: str, ref: Ref, *, is_input: bool) -> None:
        if ref.node == "record":
            if ref.column is None:
                self._complain(path, "'record' is not enough; name a column, such as 'record.label'")
            elif is_input:
                self._complain(
                    path, f"'{ref}' is a column, not a tensor; only a head or the 'context' of an encoder reads columns"
                )
            return
        space = list(self.raw["modality"]) if node.section == "modality" else self._space()
        if ref.node not in space:
            self._complain(path, no_such(ref.node, space))
            self.failed.add(node.name)

    def _order(self) -> list[str]:
        """An order in which all nodes can be computed. If there is a cycle, report it and return an empty list."""
        space = self._space()
        graph = {  # lists, not sets: the order must be the same in every process
            name: [ref.node for _, ref in refs_in(self._named(name).component) if ref.node in space] for name in space
        }
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            ring = error.args[1]
            self._complain(
                self._named(ring[0]).path,
                f"is part of a cycle: {' -> '.join(reversed(ring))}; remove one of these references",
            )
            return []

    def _infer(self, node: NodePlan) -> None:
        """Infer the Signals of a modality, encoder, or fusion. If an input failed, mark it failed and report nothing."""
        signals = self._inputs(node)
        if signals is None:
            return
        before = [self.known[ref.node] for ref in node.inputs]
        component, path = node.component, node.path
        if isinstance(component, Modality) and component.stored:
            for ref, source in zip(node.inputs, before, strict=True):
                if not source.component.stored:
                    message = f"'{ref}' is recomputed in every epoch, but {component.type} is stored: it can read only stored modalities"
                    self._complain(f"{path}.inputs", message)
                    self.failed.add(node.name)
        if not isinstance(component, Modality) and not self._context(node):
            return
        try:
            gives = component.infer(signals)
            views = (
                component.count([source.views for source in before])
                if isinstance(component, Modality)
                else max((source.views for source in before), default=1)
            )
        except FascoreError as error:
            self._complain(path, str(error))
            self.failed.add(node.name)
            return
        outputs: dict[str, Signal | None] = dict(gives) if isinstance(gives, Mapping) else {"": gives}
        self.known[node.name] = NodePlan(
            node.name,
            node.section,
            component,
            node.inputs,
            tuple(signals),
            outputs,
            views,
            self._optional(node, before),
        )

    def _inputs(self, node: NodePlan) -> list[Signal | None] | None:
        """Signals of the inputs, in order; None if an input has failed."""
        signals: list[Signal | None] = []
        for place, ref in enumerate(node.inputs):
            source = self.known.get(ref.node)
            if source is None or node.name in self.failed:
                self.failed.add(node.name)
                return None
            if ref.port not in source.outputs:
                ports = [f"{ref.node}.{port}" for port in source.outputs if port]
                has = f"it has {', '.join(ports)}" if ports else "it has no ports"
                lacks = (
                    f"has no port '{ref.port}'; {has}"
                    if ref.port
                    else f"has several outputs: name one of {', '.join(ports)}"
                )
                self._complain(f"{node.path}.inputs.{place}", f"'{ref.node}' {lacks}")
                self.failed.add(node.name)
                return None
            signal = source.outputs[ref.port]
            if signal is None and node.section != "modality":
                self._complain(
                    f"{node.path}.inputs.{place}",
                    f"'{ref}' produces no signal: only other modalities, such as face_frames, can read it",
                )
                self.failed.add(node.name)
                return None
            signals.append(signal and replace(signal, optional=source.optional))
        return signals

    def _context(self, node: NodePlan) -> bool:
        wrong = [word for word in node.component.context if word not in CONTEXT[node.section]]
        if wrong:
            can = ", ".join(CONTEXT[node.section])
            self._complain(
                node.path,
                f"{node.component.type} asks for the context '{wrong[0]}'; the context of a {node.section} can be {can}",
            )
            self.failed.add(node.name)
        return not wrong

    def _optional(self, node: NodePlan, before: Sequence[NodePlan]) -> bool:
        """Whether a record may lack this node's output. Reports a fusion that needs all inputs if one may be missing."""
        component = node.component
        missing = [source.name for source in before if source.optional]
        if isinstance(component, Modality):
            return component.optional or bool(missing)
        if isinstance(component, Fusion) and missing:
            if component.honours_mask:
                return len(missing) == len(before)
            self._complain(
                node.path, f"'{missing[0]}' may be missing, but {component.type} reads no mask; 'mean' and 'gated' do"
            )
        return bool(missing)

    def _sinks(self, section: Literal["head", "objective"]) -> dict[str, NodePlan]:
        sinks: dict[str, NodePlan] = {}
        for name, node in self.raw[section].items():
            signals = self._inputs(node)
            if signals is None or not self._context(node):
                continue
            target = self._target(node)
            if target is None:
                continue
            before = [self.known[ref.node] for ref in node.inputs]
            try:
                node.component.check([s for s in signals if s is not None], target)
            except FascoreError as error:
                self._complain(node.path, str(error))
                continue
            views, optional = max(source.views for source in before), any(source.optional for source in before)
            sinks[name] = NodePlan(
                name, section, node.component, node.inputs, tuple(signals), {}, views, optional, target
            )
        return sinks

    def _target(self, node: NodePlan) -> Target | None:
        """What a head learns; None if that is unavailable. Reports a problem unless the source has already failed."""
        ref: Ref = node.component.target
        if ref.column is not None:
            return Labels(ref.column)
        source = self.known.get(ref.node)
        if source is None:
            return None
        signal = source.outputs.get(ref.port)
        if signal is None:
            ports = ", ".join(f"{ref.node}.{port}" if port else ref.node for port in source.outputs)
            self._complain(f"{node.path}.target", f"'{ref}' produces no tensor to learn; available: {ports}")
            return None
        return Dense(signal)

    def _views(self) -> int:
        """Check the view counts: all modalities of a record share the view index, so counts must be equal, or 1."""
        counts = {
            node.name: node.views for node in self.known.values() if node.section == "modality" and node.views > 1
        }
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            self._complain(
                "modalities",
                f"numbers of views differ: {listed}; all modalities of a record share the views, so the numbers must be equal, or 1",
            )
        return max(counts.values(), default=1)

    def _recipe(self, plan: Plan) -> None:
        try:
            self.spec.recipe.infer(plan)
        except SpecError as error:
            raise SpecErrors([Problem("recipe", str(error))]) from error


_GROUPS: dict[str, tuple[Section, ...]] = {"data": ("modality",), "model": ("encoder", "fusion")}

__all__ = ["NodePlan", "Plan", "check", "refs_in"]
