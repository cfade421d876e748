"""Protocols of the objects that a plugin receives, for type annotations.

The core creates the objects. Importing this imports no torch and no numpy.

N rows are B records times their views, in record-major order: row `b * views + v`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from fascore.contract.kinds.head import Scalar
from fascore.contract.kinds.plan_protocols import NodePlan, Plan, Spec
from fascore.contract.kinds.score_protocols import Resampling, ScoreTable, Threshold
from fascore.contract.record import Record

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn


class Draws(Protocol):
    """The random choices for N rows at loading time, a function of seed, epoch, and record."""

    @property
    def affine(self) -> Tensor:
        """(N, 2, 3) float32: maps a point of the output, in the [-1, 1] coordinates of `affine_grid`, to a point of the
        stored crop.
        """

    @property
    def flipped(self) -> Tensor:
        """(N,) bool: rows whose `affine` mirrors, for data in which left and right must be swapped."""

    @property
    def colour(self) -> Mapping[str, Tensor]:
        """Parameters of the RGB changes by name, (N,) or (N, k) each."""

    def __len__(self) -> int: ...

    def take(self, rows: Sequence[int] | Tensor) -> Draws:
        """The choices of some rows."""


class Batch(Protocol):
    """The input of one training or evaluation step: tensors and metadata of B records."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the B records."""

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """(N, …) by Ref (`face`, `face.points`); zeros if a record lacks the modality."""

    @property
    def present(self) -> Mapping[str, Tensor]:
        """(B,) bool by modality: whether a record has it."""

    @property
    def columns(self) -> Mapping[str, tuple[Scalar | None, ...]]:
        """Plain values of the records by column, B each."""

    @property
    def views(self) -> int:
        """The number of views per record: 1 in training."""

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""

    @property
    def label(self) -> Tensor:
        """(B,) int64: 1 bona fide, 0 attack."""

    @property
    def task(self) -> Tensor:
        """(B,) int64: 0 spoof, 1 forgery, -1 unknown."""

    def __len__(self) -> int: ...

    def take(self, rows: Tensor | Sequence[int]) -> Batch:
        """The records at these positions, in this order."""

    def replace(self, **tensors: Tensor) -> Batch:
        """The same records with other tensors under these names, for example `replace(face=synthetic)`."""

    def to(self, device: torch.device | str) -> Batch:
        """The batch on another device."""


class Outputs(Protocol):
    """The result of one pass through the graph."""

    @property
    def values(self) -> Mapping[str, Tensor | list[Tensor]]:
        """(N, …) by Ref, including modalities; a list of tensors for a Pyramid; zeros where absent."""

    @property
    def present(self) -> Mapping[str, Tensor]:
        """(N,) bool by node and modality."""

    @property
    def heads(self) -> Mapping[str, Any]:
        """Each head's output, for its `head_rows` only; a head without any rows has none."""

    @property
    def head_rows(self) -> Mapping[str, Tensor]:
        """(R,) int64 by head: those of the N rows that have its inputs."""

    def __getitem__(self, ref: str) -> Tensor | list[Tensor]: ...


class Graph(Protocol):
    """The model graph as one torch module: call it on a Batch."""

    training: bool
    """True in training mode."""

    @property
    def plan(self) -> Plan:
        """The checked plan that it was built from."""

    @property
    def nodes(self) -> nn.Module:
        """All encoders and fusions."""

    @property
    def heads(self) -> nn.Module:
        """All heads."""

    @property
    def objectives(self) -> nn.Module:
        """All objectives."""

    def __call__(self, batch: Batch, nodes: Sequence[str] | None = None) -> Outputs:
        """Run the graph, or with `nodes` only these (`head.<name>` for heads) and their dependencies.

        Raises FascoreError for an unknown name.
        """

    def node(self, name: str) -> nn.Module:
        """The module of an encoder or a fusion. Raises KeyError."""

    def head(self, name: str) -> nn.Module:
        """The module of a head. Raises KeyError."""

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """Weighted losses, float32 scalars: `head.<name>`, and in training `objective.<name>`. Raises FascoreError."""

    def scores(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """(B,) float32 by head, averaged over views; NaN if a record has no input."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All parameters, including those of objectives."""

    def modules(self) -> Iterator[nn.Module]:
        """The graph itself and every module in it."""

    def train(self, mode: bool = True) -> Graph:
        """Set training mode; return the graph."""

    def eval(self) -> Graph:
        """Set evaluation mode; return the graph."""


class ManagedOptimizer(Protocol):
    """One optimizer with its parameters, schedule, clipping, and accumulation.

    `make_optimizer` builds it; the engine steps it.
    """

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """torch's optimizer."""

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """All parameters that it trains."""

    @property
    def rate(self) -> float:
        """Learning rate of the first parameter group."""

    @property
    def clip(self) -> float | None:
        """Maximum norm of the entire gradient."""

    @property
    def accumulate(self) -> int:
        """Number of batches per update."""

    @property
    def updates(self) -> int:
        """Number of updates so far."""


class Engine(Protocol):
    """The engine that a recipe trains with, on one device of one of `world` processes.

    `optimize` is one complete update. A two-step update uses its parts: `gradients`, `backward`, and `step`.
    """

    @property
    def epoch(self) -> int:
        """The epoch, counted from 0."""

    @property
    def step_number(self) -> int:
        """The training step, counted from 0 over all epochs."""

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""

    @property
    def rank(self) -> int:
        """The number of this process, counted from 0."""

    @property
    def world(self) -> int:
        """The number of processes."""

    @property
    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        """The recipe's optimizers, by name."""

    def graph(self, batch: Batch, nodes: Sequence[str] | None = None) -> Outputs:
        """The model graph's outputs for a batch, under autocast; with `nodes`, only these and their dependencies."""

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Weighted float32 losses of heads (`head.<name>`) and objectives (`objective.<name>`)."""

    def optimize(self, name: str, closure: Callable[[], Tensor]) -> Tensor:
        """Call `backward`, then `step`; return the detached scalar loss."""

    def backward(self, name: str, loss: Tensor | Callable[[], Tensor]) -> Tensor:
        """Add the gradients of a scalar loss to those of one optimizer's parameters only; return the detached loss.

        A function is called under autocast. Several calls before a `step` add up.
        """

    def step(self, name: str) -> bool:
        """Finish a batch: average over batches and processes, clip, update, advance the schedule.

        Return whether this was an update.

        With accumulation, only every `accumulate`-th call is an update. Raises FascoreError if nothing has been
        backpropagated.
        """

    def gradients(self, name: str, loss: Tensor | Callable[[], Tensor]) -> dict[nn.Parameter, Tensor]:
        """The gradients of a scalar loss with respect to one optimizer's parameters, averaged over and identical in all
        processes.

        They are not part of any update. A parameter on which no process's loss depends is omitted.
        """

    def frozen(self, *modules: nn.Module | Graph, statistics_only: bool = False) -> AbstractContextManager[None]:
        """Inside the block, these modules receive no parameter gradients.

        At its end, their buffers (running statistics) are restored.

        With `statistics_only`, parameters receive gradients, and only the buffers are restored.
        """

    def rand(self, purpose: str, ids: Sequence[str], shape: Sequence[int]) -> Tensor:
        """Uniform draws in [0, 1), (len(ids), *shape) float32: a function of seed, purpose, epoch, step, and record id."""

    def reduce(self, tensor: Tensor) -> Tensor:
        """Sum over processes, as a new tensor without gradient."""

    def autocast(self) -> torch.autocast:
        """Inside the block, bfloat16 if the run's precision is bf16."""


class Quarantined(Protocol):
    """A record that was quarantined because it lacks a required modality."""

    @property
    def id(self) -> str:
        """The id of the record."""

    @property
    def response(self) -> str:
        """`unreadable`, `no_face`, or `refused`."""

    @property
    def reason(self) -> str:
        """The reason, as a sentence."""

    @property
    def modality(self) -> str:
        """The modality that it lacks."""


class Prepared(Protocol):
    """Usable and quarantined records."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Usable records, in order."""

    @property
    def quarantined(self) -> Sequence[Quarantined]:
        """Quarantined records."""

    def present(self, id: str, modality: str) -> bool:
        """Whether a usable record has a modality. Raises KeyError for another record."""


class Trained(Protocol):
    """A model with its best weights, in evaluation mode, and the records that it can be applied to."""

    @property
    def plan(self) -> Plan:
        """Both graphs."""

    @property
    def graph(self) -> Graph:
        """The model."""

    @property
    def spec(self) -> Spec:
        """The run's spec."""

    @property
    def prepared(self) -> Prepared:
        """The prepared records."""

    @property
    def device(self) -> torch.device:
        """The device of the model."""

    @property
    def splits(self) -> Mapping[str, tuple[Record, ...]]:
        """Usable records by split: `train`, `dev` and the test sets of a run, or `files`."""

    @property
    def shown(self) -> frozenset[str]:
        """Splits whose faces may be shown in a report."""

    @property
    def tests(self) -> Mapping[str, tuple[Record, ...]]:
        """The splits that are neither train nor dev."""

    def untrained(self) -> Trained:
        """The same model as it was before training."""

    def batches(
        self, records: Sequence[Record], also: Sequence[str] = (), without: Sequence[str] = ()
    ) -> Iterator[Batch]:
        """Yield evaluation batches of some records, in order, with all views.

        `also` adds modalities that the model itself does not read. `without` lists modalities to treat as absent.
        """

    def table(self, records: Sequence[Record], weights: Mapping[str, float], without: Sequence[str] = ()) -> ScoreTable:
        """Scores of some records, one row per record. `weights` are those of a weighted score rule, otherwise empty."""

    def stored(self, record: Record, modality: str) -> Mapping[str, np.ndarray] | None:
        """The prepared arrays of a record's modality, all views, by name; None if there are none."""

    def values(
        self, records: Sequence[Record], refs: Sequence[str], reduce: Callable[[str, Any], Tensor] | None = None
    ) -> Mapping[str, NDArray[np.float32]]:
        """The values of modalities, nodes, and ports for R records of V views, by Ref: (R, V, …) float32, NaN if a
        record lacks it.

        `reduce` maps a Ref's value for N rows to a smaller tensor (N, …). Raises FascoreError for a Ref that names no
        tensor, and for a Pyramid without `reduce`.
        """


__all__ = [
    "Batch",
    "Draws",
    "Engine",
    "Graph",
    "ManagedOptimizer",
    "NodePlan",
    "Outputs",
    "Plan",
    "Prepared",
    "Quarantined",
    "Resampling",
    "ScoreTable",
    "Spec",
    "Threshold",
    "Trained",
]
