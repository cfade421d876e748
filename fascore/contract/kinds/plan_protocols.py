"""A checked spec, as Protocols: the documents and plans that recipes, hooks and commands of plugins read."""

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
        """The run's name, and the name of its folder."""

    @property
    def seed(self) -> int:
        """The seed of everything random."""

    @property
    def metrics(self) -> Sequence[Component]:
        """The figures of every test set."""

    @property
    def recipe(self) -> Component:
        """What one training step does."""

    def digest(self) -> str:
        """Hex digest of the whole spec."""

    def model_dump(self, *, mode: str = "python", by_alias: bool | None = None) -> dict[str, Any]:
        """The document; with `mode="json"` and `by_alias=True` as a user writes it."""


class NodePlan(Protocol):
    """A named component with everything that the check has found out about it."""

    @property
    def name(self) -> str:
        """Its name in the spec."""

    @property
    def section(self) -> str:
        """`modality`, `encoder`, `fusion`, `head` or `objective`."""

    @property
    def component(self) -> Any:
        """The config."""

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """What it reads, in order."""

    @property
    def signals(self) -> tuple[Signal | None, ...]:
        """The Signals of `inputs`, in order."""

    @property
    def outputs(self) -> Mapping[str, Signal | None]:
        """The Signals that it gives, by port; `""` is the main output."""

    @property
    def views(self) -> int:
        """How many views a record has."""

    @property
    def optional(self) -> bool:
        """Whether a record may lack it."""

    @property
    def target(self) -> Target | None:
        """What a head or an objective learns."""

    @property
    def path(self) -> str:
        """Where it stands in the spec."""


class Plan(Protocol):
    """Both graphs of a spec, checked. Modalities and nodes stand in an order in which they can be computed."""

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
        """How many views a record has in evaluation."""

    def signal(self, ref: Ref) -> Signal | None:
        """The Signal of a modality, node or port. Raises KeyError for one that is not there."""


__all__ = ["NodePlan", "Plan", "Spec"]
