"""Samplers for two tasks (Yu et al. 2024, section III-A, Tables VI and VII). Importing this module imports no numpy.

U_s and U_f are the number of steps for the records of each task: ceil(records / batch_size).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from pydantic import Field, PositiveInt, model_validator

from fascore import BONA_FIDE, Record, Sampler, SpecError, Task

Kept: TypeAlias = Literal["all", "bona_fide", "attack", "none"]
Epoch: TypeAlias = Literal["shorter", "longer"]

EPOCH: Epoch = Field(
    "shorter",
    description="task that sets the number of steps per epoch; shorter: as in the release; longer: the "
    "shorter task is repeated, reshuffled each time",
)


class _Joint(Sampler):
    """Base: the records of each task that training uses. Table VII limits the other task's data in the same way."""

    batch_size: PositiveInt = Field(64, description="number of records per step over all processes")
    spoof: Kept = Field(
        "all", description="records of the task spoof to train on: all, bona_fide, attack, or none (forgery only)"
    )
    forgery: Kept = Field(
        "all", description="records of the task forgery to train on: all, bona_fide, attack, or none (spoof only)"
    )

    def ids(self, records: Sequence[Record], task: Task) -> list[str]:
        """Ids of the used records of one task, in the order of `records`."""
        kept = self.spoof if task == "spoof" else self.forgery
        of_task = [record for record in records if record.task == task and kept != "none"]
        return [
            record.id for record in of_task if kept == "all" or (record.label == BONA_FIDE) == (kept == "bona_fide")
        ]


class _Both(_Joint):
    """Base of samplers that need both tasks."""

    def groups(self, records: Sequence[Record]) -> dict[Task, list[str]]:
        """Ids by task. Raises SpecError if a task has none."""
        tasks: tuple[Task, Task] = ("spoof", "forgery")
        ids_by_task = {task: self.ids(records, task) for task in tasks}
        for task, ids in ids_by_task.items():
            if not ids:
                raise SpecError(
                    f"{self.type}: no record of the task {task} is used in training; add a dataset with such "
                    "records, or use joint.random"
                )
        return ids_by_task

    @model_validator(mode="after")
    def _uses_both(self) -> _Both:
        if "none" in (self.spoof, self.forgery):
            raise ValueError(
                f"{self.type} samples two tasks; to train on one task ('none' for the other), use joint.random"
            )
        return self


class Random(_Joint):
    """Both tasks merged and shuffled, so that the share of a task in a batch is random (the paper's default).

    Every record occurs once per epoch, in batches of nearly equal size. If `forgery` or `spoof` is none, only the other
    task is trained.
    """

    type: Literal["joint.random"] = "joint.random"

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fas_joint.samplers.plans import merged

        used = {*self.ids(records, "spoof"), *self.ids(records, "forgery")}
        if not used:
            limits = f"spoof {self.spoof}, forgery {self.forgery}"
            raise SpecError(
                f"joint.random: none of {len(records)} records is used in training ({limits}); change these "
                "fields or add data"
            )
        return merged([record.id for record in records if record.id in used], self.batch_size, epoch, seed)

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(batch_size=10), cls(batch_size=6, forgery="none"), cls(batch_size=8, forgery="bona_fide")]


class Simultaneous(_Both):
    """Half of every batch comes from each task.

    The task with fewer records sets the epoch: each of its records occurs once. Batches have nearly equal sizes and
    contain equally many records of both tasks. Within a batch the records of a task are contiguous, so `batch[r::n]`
    contains its share of both.
    """

    type: Literal["joint.simultaneous"] = "joint.simultaneous"
    epoch: Epoch = EPOCH

    @model_validator(mode="after")
    def _has_halves(self) -> Simultaneous:
        if self.batch_size % 2:
            raise ValueError(
                "'batch_size' must be an even number, because half of a batch comes from each task; got "
                f"{self.batch_size}"
            )
        return self

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fas_joint.samplers.plans import halves

        return halves(
            list(self.groups(records).values()), self.batch_size // 2, epoch, seed, longer=self.epoch == "longer"
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(batch_size=6), cls(batch_size=6, epoch="longer")]


class Alternating(_Both):
    """One step of spoof, one step of forgery, and so on.

    The task with fewer steps sets the epoch: min(U_s, U_f) steps of each.
    """

    type: Literal["joint.alternating"] = "joint.alternating"
    epoch: Epoch = EPOCH

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fas_joint.samplers.plans import alternating

        return alternating(
            list(self.groups(records).values()), self.batch_size, epoch, seed, longer=self.epoch == "longer"
        )

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(batch_size=6), cls(batch_size=6, epoch="longer")]


class TaskByTask(_Both):
    """U_s steps of spoof, then U_f steps of forgery: every record occurs once per epoch."""

    type: Literal["joint.task_by_task"] = "joint.task_by_task"
    first: Task = Field("spoof", description="task with which every epoch begins")

    def plan(self, records: Sequence[Record], epoch: int, seed: int) -> list[list[str]]:
        from fas_joint.samplers.plans import in_turn

        groups = self.groups(records)
        second: Task = "forgery" if self.first == "spoof" else "spoof"
        return in_turn([groups[self.first], groups[second]], self.batch_size, epoch, seed)

    @classmethod
    def examples(cls) -> list[Any]:
        return [cls(batch_size=6), cls(batch_size=6, first="forgery")]


__all__ = ["Alternating", "Random", "Simultaneous", "TaskByTask"]
