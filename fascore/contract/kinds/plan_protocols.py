"""Protocols of a checked spec: the documents and plans that recipes, hooks, and commands of plugins read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fascore.contract.component import Component
from fascore.contract.kinds.head import Target
from fascore.contract.refs import Ref
from fascore.contract.signals import Signal


class Spec(Protocol):
    """The validated spec of a run."""

    @property
    def name(self) -> str:
        """The name of the run and of its folder."""

    @property
    def seed(self) -> int:
        """The seed of everything random."""

    @property
    def metrics(self) -> Sequence[Component]:
        """The metrics computed on every test set."""

    @property
    def recipe(self) -> Component:
        """What one training step does."""

    def digest(self) -> str:
        """Hex digest of the whole spec."""

    def model_dump(self, *, mode: str = "python", by_alias: bool | None = None) -> dict[str, Any]:
        """The document; with `mode="json"` and `by_alias=True`, in the form that a user writes."""


class NodePlan(Protocol):
    """A named component with everything that the check has determined about it."""

    @property
    def name(self) -> str:
        """Its name in the spec."""

    @property
    def section(self) -> str:
        """`modality`, `encoder`, `fusion`, `head`, or `objective`."""

    @property
    def component(self) -> Any:
        """The config."""

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """Its inputs, in order."""

    @property
    def signals(self) -> tuple[Signal | None, ...]:
        """The Signals of `inputs`, in order."""

    @property
    def outputs(self) -> Mapping[str, Signal | None]:
        """The Signals that it produces, by port; `""` is the main output."""

    @property
    def views(self) -> int:
        """The number of views per record."""

    @property
    def optional(self) -> bool:
        """Whether a record may lack it."""

    @property
    def target(self) -> Target | None:
        """The target that a head or an objective learns."""

    @property
    def path(self) -> str:
        """Its path in the spec."""


class Plan(Protocol):
    """Both checked graphs of a spec. Modalities and nodes are in an order in which they can be computed."""

    @property
    def spec(self) -> Spec:
        """The spec that was checked."""

    @property
    def modalities(self) -> Mapping[str, NodePlan]:
        """The data graph."""

    @property
    def nodes(self) -> Mapping[str, NodePlan]:
        """Encoders and fusions."""

    @property
    def heads(self) -> Mapping[str, NodePlan]:
        """Heads."""

    @property
    def objectives(self) -> Mapping[str, NodePlan]:
        """Objectives."""

    @property
    def views(self) -> int:
        """The number of views per record in evaluation."""

    def signal(self, ref: Ref) -> Signal | None:
        """The Signal of a modality, node, or port. Raises KeyError if it does not exist."""


__all__ = ["NodePlan", "Plan", "Spec"]
