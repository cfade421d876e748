"""Configs of optimisers and learning-rate schedules, for any recipe's fields. Importing this imports no torch.

Arguments of an optimiser are checked against the signature in torch's source text, so that `fascore check` finds a
misspelt one without importing torch.
"""

from __future__ import annotations

import ast
import difflib
import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from fascore.contract.component import Config

REFUSED = {
    "lbfgs": "it evaluates the loss several times a step, which a batch of training cannot give",
    "sparseadam": "it takes sparse gradients only, and no encoder gives them",
}
Form: TypeAlias = Literal["none", "cosine", "step", "multistep", "poly", "tanh"]
_OWN = ("params", "lr", "foreach", "fused", "capturable", "differentiable")
"""Arguments that are not the spec's: `lr` is a field, the others choose an implementation."""
_OTHER_FILES = ("__init__", "_functional", "_stateless", "functional", "lr_scheduler", "optimizer", "swa_utils")
_TYPES: Mapping[str, Any] = {"float": float, "Tensor": float, "int": int, "bool": bool, "str": str, "None": None}


class Optimizer(Config):
    """An optimiser of `torch.optim` and its arguments: `{"name": "sgd", "lr": 0.01, "momentum": 0.9}`."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="class of torch.optim in lower case, such as sgd, adam, adamw, rmsprop")
    lr: PositiveFloat = Field(description="learning rate before the schedule")

    @model_validator(mode="before")
    @classmethod
    def _arguments_of_the_class(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            return value
        name = value["name"]
        known = signature(name)
        given = {key: argument for key, argument in value.items() if key not in ("name", "lr")}
        return {**value, **{key: _argument(name, known, key, argument) for key, argument in given.items()}}

    @property
    def arguments(self) -> dict[str, Any]:
        """Everything but `name` and `lr`, as the class takes it."""
        return dict(self.__pydantic_extra__ or {})


class Schedule(Config):
    """The course of the learning rate over all optimiser steps, by timm's schedulers."""

    name: Form = Field("none", description="form of the decay; none: constant after the warm-up")
    warmup_epochs: NonNegativeFloat = Field(0, description="epochs of linear warm-up; they count as part of the whole")
    warmup_steps: NonNegativeInt = Field(0, description="optimiser steps of linear warm-up, instead of warmup_epochs")
    warmup_lr: NonNegativeFloat = Field(1e-6, description="learning rate at the first step of the warm-up")
    minimum: NonNegativeFloat = Field(0, description="learning rate at the end (cosine, poly, tanh)")
    decay_epochs: PositiveFloat = Field(30, description="epochs between two decays (step)")
    milestones: tuple[PositiveInt, ...] = Field((), description="epochs after which the rate decays (multistep)")
    decay_rate: float = Field(0.1, gt=0, le=1, description="factor of one decay (step, multistep)")
    power: PositiveFloat = Field(1, description="exponent of the polynomial (poly)")

    @model_validator(mode="after")
    def _fields_agree(self) -> Schedule:
        if self.warmup_epochs and self.warmup_steps:
            raise ValueError("warmup_epochs and warmup_steps are two units of one thing: give one of them")
        if self.name == "multistep" and (not self.milestones or list(self.milestones) != sorted(set(self.milestones))):
            raise ValueError(
                'multistep decays at milestones: give them in increasing order, such as "milestones": [30, 60]'
            )
        return self


def signature(name: str) -> Mapping[str, Any]:
    """Types of the arguments of an optimiser, by name. Raises ValueError for a name that torch.optim has not."""
    return {key: kind for key, kind in _class(name)[1].items() if key not in _OWN}


def class_name(name: str) -> str:
    """The class of torch.optim that a lower-case name stands for. Raises ValueError."""
    return _class(name)[0]


@cache
def _class(name: str) -> tuple[str, Mapping[str, Any]]:
    """Class name and argument types of an optimiser, read from torch's source without importing it."""
    if name in REFUSED:
        raise ValueError(f"{name} cannot train here: {REFUSED[name]}; use adamw or sgd")
    files = _files()
    usable = sorted(set(files) - set(REFUSED))
    for node in ast.parse(files[name].read_text(encoding="utf-8")).body if name in usable else ():
        if isinstance(node, ast.ClassDef) and node.name.lower() == name:
            init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
            return node.name, {
                argument.arg: _type(argument.annotation) for argument in (*init.args.args[1:], *init.args.kwonlyargs)
            }
    near = difflib.get_close_matches(name.lower(), usable, 1, 0.6)
    raise ValueError(
        f"torch.optim has no '{name}'. " + (f"Did you mean '{near[0]}'?" if near else f"It has {', '.join(usable)}.")
    )


def _files() -> Mapping[str, Path]:
    """torch's one source file an optimiser, by the optimiser's name."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise ValueError("torch is not installed: pip install torch")
    return {
        path.stem.replace("_", ""): path
        for path in (Path(spec.origin).parent / "optim").glob("*.py")
        if path.stem not in _OTHER_FILES
    }


def _type(annotation: ast.expr | None) -> Any:
    """An annotation as a type that pydantic checks; Any where it is none that a spec can write."""
    match annotation:
        case ast.Name(id=name):
            return _TYPES.get(name, Any)
        case ast.Constant(value=None):
            return None
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _type(left) | _type(right)
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple"), slice=ast.Tuple(elts=parts)):
            return tuple.__class_getitem__(tuple(map(_type, parts)))
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _type(inner) | None
        case _:
            return Any


def _argument(optimizer: str, known: Mapping[str, Any], key: str, value: Any) -> Any:
    if key not in known:
        near = difflib.get_close_matches(key, known, 1, 0.6)
        hint = f"Did you mean '{near[0]}'?" if near else f"It takes lr, {', '.join(known)}."
        raise ValueError(f"{optimizer} takes no argument '{key}'. {hint}")
    try:
        return TypeAdapter(known[key]).validate_python(value)
    except ValidationError as error:
        line = error.errors(include_url=False)[0]
        raise ValueError(f"{optimizer}'s argument '{key}': {line['msg']}; got {value!r}") from None


__all__ = ["Optimizer", "Schedule", "class_name", "signature"]
