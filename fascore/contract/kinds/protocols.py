"""What a plugin receives, as Protocols: types to annotate with. The core makes the objects; importing this imports no torch and no numpy.

N rows are B records times their views, record-major: row `b * views + v`.
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
    """The online random choices for N rows, a function of seed, epoch and record."""

    @property
    def affine(self) -> Tensor:
        """(N, 2, 3) float32: from a point of the output, in [-1, 1] as `affine_grid` counts, to a point of the stored crop."""

    @property
    def flipped(self) -> Tensor:
        """(N,) bool: rows whose `affine` mirrors, for what must swap left and right."""

    @property
    def colour(self) -> Mapping[str, Tensor]:
        """Parameters of the changes of RGB by name, (N,) or (N, k) each."""

    def __len__(self) -> int: ...

    def take(self, rows: Sequence[int] | Tensor) -> Draws:
        """The choices of some rows."""


class Batch(Protocol):
    """What one step of training or evaluation sees: tensors of B records, and what is known of them."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The records, B ids."""

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """(N, …) by Ref (`face`, `face.points`); zeros where a record lacks the modality."""

    @property
    def present(self) -> Mapping[str, Tensor]:
        """(B,) bool by modality: records that have it."""

    @property
    def columns(self) -> Mapping[str, tuple[Scalar | None, ...]]:
        """Plain values of the records by column, B each."""

    @property
    def views(self) -> int:
        """Views a record: 1 in training."""

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""

    @property
    def label(self) -> Tensor:
        """(B,) int64: 1 bona fide, 0 attack."""

    @property
    def task(self) -> Tensor:
        """(B,) int64: 0 spoof, 1 forgery, -1 not known."""

    def __len__(self) -> int: ...

    def take(self, rows: Tensor | Sequence[int]) -> Batch:
        """The records at these places, in that order."""

    def replace(self, **tensors: Tensor) -> Batch:
        """The same records with other tensors under these names, such as `replace(face=synthetic)`."""

    def to(self, device: torch.device | str) -> Batch:
        """The batch on another device."""


class Outputs(Protocol):
    """What one pass of the graph has given."""

    @property
    def values(self) -> Mapping[str, Tensor | list[Tensor]]:
        """(N, …) by Ref, modalities among them, a list of tensors for a Pyramid; zeros where absent."""

    @property
    def present(self) -> Mapping[str, Tensor]:
        """(N,) bool by node and modality."""

    @property
    def heads(self) -> Mapping[str, Any]:
        """Each head's output for its `head_rows` only; a head without any row has none."""

    @property
    def head_rows(self) -> Mapping[str, Tensor]:
        """(R,) int64 by head: the rows, of N, that have its inputs."""

    def __getitem__(self, ref: str) -> Tensor | list[Tensor]: ...


class Graph(Protocol):
    """The model graph as one torch module: call it on a Batch."""

    training: bool
    """Whether it is in training mode."""

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
        """Run the graph; with `nodes` only these (`head.<name>` for heads) and what they need. Raises FascoreError for an unknown name."""

    def node(self, name: str) -> nn.Module:
        """The module of an encoder or a fusion. Raises KeyError."""

    def head(self, name: str) -> nn.Module:
        """The module of a head. Raises KeyError."""

    def losses(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """Weighted losses, float32 scalars: `head.<name>`, and in training `objective.<name>`. Raises FascoreError."""

    def scores(self, outputs: Outputs, batch: Batch) -> Mapping[str, Tensor]:
        """(B,) float32 by head, means over views; NaN where a record has no input."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All parameters, those of objectives among them."""

    def modules(self) -> Iterator[nn.Module]:
        """The graph itself and every module in it."""

    def train(self, mode: bool = True) -> Graph:
        """Training mode; returns the graph."""

    def eval(self) -> Graph:
        """Evaluation mode; returns the graph."""


class ManagedOptimizer(Protocol):
    """One optimizer with its parameters, its schedule, clipping and accumulation; `make_optimizer` builds it, the engine steps it."""

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """torch's optimizer."""

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """All that it trains."""

    @property
    def rate(self) -> float:
        """Learning rate of the first group of parameters."""

    @property
    def clip(self) -> float | None:
        """Largest norm of the whole gradient."""

    @property
    def accumulate(self) -> int:
        """Batches an update."""

    @property
    def updates(self) -> int:
        """Updates so far."""


class Engine(Protocol):
    """What a recipe trains with, on one device of one of `world` processes.

    `optimize` is one whole update. A two-step update takes it apart: `gradients`, `backward` and `step`.
    """

    @property
    def epoch(self) -> int:
        """The epoch, from 0."""

    @property
    def step_number(self) -> int:
        """The training step, from 0, over all epochs."""

    @property
    def device(self) -> torch.device:
        """Where tensors are."""

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""

    @property
    def world(self) -> int:
        """How many processes there are."""

    @property
    def optimizers(self) -> Mapping[str, ManagedOptimizer]:
        """The recipe's optimizers, by name."""

    def graph(self, batch: Batch, nodes: Sequence[str] | None = None) -> Outputs:
        """The model graph's outputs for a batch, under autocast; with `nodes`, only these and what they need."""

    def losses(self, outputs: Outputs, batch: Batch) -> dict[str, Tensor]:
        """Weighted float32 losses of heads (`head.<name>`) and objectives (`objective.<name>`)."""

    def optimize(self, name: str, closure: Callable[[], Tensor]) -> Tensor:
        """`backward`, then `step`: the scalar loss, detached."""

    def backward(self, name: str, loss: Tensor | Callable[[], Tensor]) -> Tensor:
        """Add the gradients of a scalar loss to those of one optimizer's parameters, and of no others; the loss, detached.

        A function is called under autocast. Several calls before a `step` add up.
        """

    def step(self, name: str) -> bool:
        """A batch is done: average over the batches and processes, clip, update, move the schedule; whether it was an update.

        With accumulation only every `accumulate`-th call is. Raises FascoreError where nothing has been back-propagated.
        """

    def gradients(self, name: str, loss: Tensor | Callable[[], Tensor]) -> dict[nn.Parameter, Tensor]:
        """The gradients of a scalar loss by one optimizer's parameters, averaged over processes, which all get the same.

        They are not part of any update. A parameter that the loss of no process depends on is left out.
        """

    def frozen(self, *modules: nn.Module | Graph, statistics_only: bool = False) -> AbstractContextManager[None]:
        """Inside the block these modules get no parameter gradients, and their buffers (running statistics) end as they began.

        With `statistics_only` parameters get their gradients, and only the buffers are held.
        """

    def rand(self, purpose: str, ids: Sequence[str], shape: Sequence[int]) -> Tensor:
        """Uniform draws in [0, 1), (len(ids), *shape) float32: a function of seed, purpose, epoch, step and record id."""

    def reduce(self, tensor: Tensor) -> Tensor:
        """Sum over processes, a new tensor, without gradient."""

    def autocast(self) -> torch.autocast:
        """bfloat16 inside the block where the run's precision is bf16."""


class Quarantined(Protocol):
    """A record that was set aside, because it lacks a required modality."""

    @property
    def id(self) -> str:
        """The record."""

    @property
    def response(self) -> str:
        """`unreadable`, `no_face` or `refused`."""

    @property
    def reason(self) -> str:
        """Why, a sentence."""

    @property
    def modality(self) -> str:
        """The modality that it lacks."""


class Prepared(Protocol):
    """Records that can be used, and those that were set aside."""

    @property
    def records(self) -> tuple[Record, ...]:
        """Records that can be used, in their order."""

    @property
    def quarantined(self) -> Sequence[Quarantined]:
        """Records that were set aside."""

    def present(self, id: str, modality: str) -> bool:
        """Whether a usable record has a modality. Raises KeyError for another record."""


class Trained(Protocol):
    """A model with its best weights, in evaluation mode, and the records that it can be asked about."""

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
        """What became of the records."""

    @property
    def device(self) -> torch.device:
        """Where the model is."""

    @property
    def splits(self) -> Mapping[str, tuple[Record, ...]]:
        """Usable records by split: `train`, `dev` and the test sets of a run, or `files`."""

    @property
    def shown(self) -> frozenset[str]:
        """Splits whose faces may stand in a report."""

    @property
    def tests(self) -> Mapping[str, tuple[Record, ...]]:
        """The splits that are neither train nor dev."""

    def untrained(self) -> Trained:
        """The same model as it was before training."""

    def batches(
        self, records: Sequence[Record], also: Sequence[str] = (), without: Sequence[str] = ()
    ) -> Iterator[Batch]:
        """Evaluation batches of some records, in order, all views.

        `also` names modalities that the model itself does not read, `without` those that are taken for absent.
        """

    def table(self, records: Sequence[Record], weights: Mapping[str, float], without: Sequence[str] = ()) -> ScoreTable:
        """Scores of some records, one row per record. `weights` are those of a weighted score rule, else empty."""

    def stored(self, record: Record, modality: str) -> Mapping[str, np.ndarray] | None:
        """The prepared arrays of a record's modality, all views, by name; None where there are none."""

    def values(
        self, records: Sequence[Record], refs: Sequence[str], reduce: Callable[[str, Any], Tensor] | None = None
    ) -> Mapping[str, NDArray[np.float32]]:
        """What modalities, nodes and ports give for R records of V views, by Ref: (R, V, …) float32, NaN where a record lacks it.

        `reduce` makes a smaller tensor (N, …) of a Ref's value for N rows. Raises FascoreError for a Ref that names no tensor, and
        for a Pyramid without `reduce`.
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
