"""Configs of optimizers and learning-rate schedules, for the fields of any recipe. This module does not import torch.

The classes of `torch.optim` and their arguments are typed here, so that `fascore check` detects a misspelled name or a
number that torch would reject. A test compares them with the installed torch.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    NonNegativeFloat,
    NonNegativeInt,
    NonPositiveFloat,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from fascore.contract.component import Config, validate_lines

Form: TypeAlias = Literal["none", "cosine", "step", "multistep", "poly", "tanh"]
Momentum: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Betas: TypeAlias = tuple[Momentum, Momentum]

REFUSED = {
    "lbfgs": "it evaluates the loss several times per step, which a training batch cannot provide",
    "sparseadam": "it accepts only sparse gradients, and no encoder produces them",
}
CLASSES: Mapping[str, str] = {
    name.lower(): name
    for name in (
        *("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD"),
        *("Muon", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"),
    )
}
"""Usable classes of torch.optim by their names in a spec."""
NAME = f"class of torch.optim, which determines the other fields: {', '.join(CLASSES)}"


def _resolve(value: object) -> Optimizer:
    if isinstance(value, Optimizer):
        return value
    if not isinstance(value, Mapping):
        message = 'must be an optimizer of torch.optim, such as {"name": "adamw", "lr": 0.001}'
        raise PydanticCustomError("component", "{message}", {"message": message})
    return validate_lines(Optimizer.member_for(value), value)


def _dump(value: Optimizer, info: core_schema.SerializationInfo) -> dict[str, Any]:
    return value.model_dump(mode=info.mode, by_alias=True, exclude_unset=info.exclude_unset)


class Optimizer(Config):
    """An optimizer of `torch.optim` and its arguments: `{"name": "sgd", "lr": 0.01, "momentum": 0.9}`.

    A union: `name` chooses `Sgd`, `Adam`, `AdamW`, or `RmsProp`, which type their arguments, or `OtherOptimizer`, which
    has them in `options`. `Optimizer(name="sgd", …)` and validation both return an object of the chosen class.
    """

    name: str = Field(description=NAME)
    lr: PositiveFloat = Field(description="learning rate before the schedule")

    if TYPE_CHECKING:

        def __init__(self, *, name: str, lr: float, **arguments: Any) -> None: ...

    def __new__(cls, *_: object, **fields: Any) -> Optimizer:
        return super().__new__(cls.member_for(fields))

    @classmethod
    def member_for(cls, value: object) -> type[Optimizer]:
        if cls.__base__ is not Config:  # a member of the union
            return cls
        name = value.get("name") if isinstance(value, Mapping) else None
        return TYPED.get(name, OtherOptimizer) if isinstance(name, str) else OtherOptimizer

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of torch's class, except parameters and `lr`, that differ from its defaults."""
        return self.model_dump(exclude={"name", "lr"}, exclude_defaults=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls.__base__ is not Config:  # a member of the union
            return handler(source)
        serialize = core_schema.plain_serializer_function_ser_schema(_dump, info_arg=True)
        return core_schema.no_info_plain_validator_function(_resolve, serialization=serialize)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if cls.__base__ is not Config:  # a member of the union
            return handler(schema)
        members: list[CoreSchema | tuple[CoreSchema, str]] = [member.__pydantic_core_schema__ for member in _members()]
        shared = {
            "name": {"enum": [*CLASSES], "description": NAME},
            "lr": {"type": "number", "exclusiveMinimum": 0, "description": Optimizer.model_fields["lr"].description},
        }
        return {"type": "object", "properties": shared, "required": [*shared]} | handler(
            core_schema.union_schema(members)
        )


class Sgd(Optimizer):
    """Stochastic gradient descent, `torch.optim.SGD`."""

    name: Literal["sgd"] = Field("sgd", description=NAME)
    momentum: NonNegativeFloat = Field(0.0, description="share of the last step that the next step keeps")
    dampening: float = Field(0.0, description="fraction of the gradient that the momentum omits")
    weight_decay: NonNegativeFloat = Field(0.0, description="factor of the L2 penalty")
    nesterov: bool = Field(False, description="Nesterov's momentum")
    maximize: bool = Field(False, description="ascend instead of descend")

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Sgd:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError("'nesterov' needs a momentum above 0 and a dampening of 0")
        return self


class Adam(Optimizer):
    """Adam, `torch.optim.Adam`."""

    name: Literal["adam"] = Field("adam", description=NAME)
    betas: Betas = Field((0.9, 0.999), description="decay of the running means of gradient and squared gradient")
    eps: NonNegativeFloat = Field(1e-8, description="added to the denominator")
    weight_decay: NonNegativeFloat = Field(0.0, description="factor of the L2 penalty")
    amsgrad: bool = Field(False, description="divide by the largest second moment so far")
    maximize: bool = Field(False, description="ascend instead of descend")
    decoupled_weight_decay: bool = Field(False, description="decay the weights as AdamW does (torch 2.7 or newer)")


class AdamW(Optimizer):
    """Adam with decoupled weight decay, `torch.optim.AdamW`."""

    name: Literal["adamw"] = Field("adamw", description=NAME)
    betas: Betas = Field((0.9, 0.999), description="decay of the running means of gradient and squared gradient")
    eps: NonNegativeFloat = Field(1e-8, description="added to the denominator")
    weight_decay: NonNegativeFloat = Field(0.01, description="fraction of each weight, times lr, that a step subtracts")
    amsgrad: bool = Field(False, description="divide by the largest second moment so far")
    maximize: bool = Field(False, description="ascend instead of descend")


class RmsProp(Optimizer):
    """RMSprop, `torch.optim.RMSprop`."""

    name: Literal["rmsprop"] = Field("rmsprop", description=NAME)
    alpha: Share = Field(0.99, description="decay of the running mean of the squared gradient")
    eps: NonNegativeFloat = Field(1e-8, description="added to the denominator")
    weight_decay: NonNegativeFloat = Field(0.0, description="factor of the L2 penalty")
    momentum: NonNegativeFloat = Field(0.0, description="share of the last step that the next step keeps")
    centered: bool = Field(False, description="divide by an estimate of the gradient's variance")
    maximize: bool = Field(False, description="ascend instead of descend")


def _options(name: str, **types: Any) -> type[Config]:
    """The closed model of a class's arguments; an omitted argument keeps torch's default."""
    fields: dict[str, Any] = {key: (kind, Field(None, validate_default=False)) for key, kind in types.items()}
    return create_model(name, __base__=Config, **fields)


OPTIONS: Mapping[str, type[Config]] = {
    "adadelta": _options("Adadelta", rho=Share, eps=NonNegativeFloat, weight_decay=NonNegativeFloat, maximize=bool),
    "adafactor": _options(
        "Adafactor",
        beta2_decay=NonPositiveFloat,
        eps=tuple[NonNegativeFloat | None, NonNegativeFloat],
        d=Annotated[float, Field(ge=1)],
        weight_decay=NonNegativeFloat,
        maximize=bool,
    ),
    "adagrad": _options(
        "Adagrad",
        lr_decay=NonNegativeFloat,
        weight_decay=NonNegativeFloat,
        initial_accumulator_value=NonNegativeFloat,
        eps=NonNegativeFloat,
        maximize=bool,
    ),
    "adamax": _options("Adamax", betas=Betas, eps=NonNegativeFloat, weight_decay=NonNegativeFloat, maximize=bool),
    "asgd": _options("ASGD", lambd=float, alpha=float, t0=float, weight_decay=NonNegativeFloat, maximize=bool),
    "muon": _options(
        "Muon",
        weight_decay=NonNegativeFloat,
        momentum=NonNegativeFloat,
        nesterov=bool,
        ns_coefficients=tuple[float, float, float],
        eps=float,
        ns_steps=Annotated[int, Field(ge=0, lt=100)],
        adjust_lr_fn=Literal["original", "match_rms_adamw"],
    ),
    "nadam": _options(
        "NAdam",
        betas=Betas,
        eps=NonNegativeFloat,
        weight_decay=NonNegativeFloat,
        momentum_decay=NonNegativeFloat,
        decoupled_weight_decay=bool,
        maximize=bool,
    ),
    "radam": _options(
        "RAdam",
        betas=Betas,
        eps=NonNegativeFloat,
        weight_decay=NonNegativeFloat,
        decoupled_weight_decay=bool,
        maximize=bool,
    ),
    "rprop": _options(
        "Rprop",
        etas=tuple[Annotated[float, Field(gt=0, lt=1)], Annotated[float, Field(gt=1)]],
        step_sizes=tuple[float, float],
        maximize=bool,
    ),
}
"""Arguments of the classes without a separate config."""


class OtherOptimizer(Optimizer):
    """Any other class of `torch.optim`: `{"name": "nadam", "lr": 0.001, "options": {"momentum_decay": 0.004}}`.

    The arguments may also be written next to `name`, as for the typed classes.
    """

    name: str = Field(description=NAME)
    options: dict[str, Any] = Field(
        default_factory=dict, description="arguments of the class; omitted ones keep torch's defaults"
    )

    @model_validator(mode="before")
    @classmethod
    def _arguments_become_options(cls, value: Any) -> Any:
        """Accept the flat form, with the arguments next to `name`. Raises ValueError for unknown arguments."""
        if not isinstance(value, Mapping) or value.get("name") not in OPTIONS:
            return value
        name, options, known = value["name"], value.get("options", {}), OPTIONS[value["name"]].model_fields
        arguments = {key: argument for key, argument in value.items() if key not in cls.model_fields}
        for key in arguments:
            if key not in known:
                matches = difflib.get_close_matches(key, known, 1, 0.6)
                hint = f"Did you mean '{matches[0]}'?" if matches else f"Its arguments are lr, {', '.join(known)}."
                raise ValueError(f"{name} has no argument '{key}'. {hint}")
            if isinstance(options, Mapping) and key in options:
                raise ValueError(f"the argument '{key}' of {name} is in 'options' too; remove one of them")
        fields = {key: field for key, field in value.items() if key not in arguments}
        return {**fields, "options": {**arguments, **options}} if isinstance(options, Mapping) else fields

    @field_validator("name")
    @classmethod
    def _is_a_class_of_torch(cls, name: str) -> str:
        class_name(name)
        if name in TYPED:
            raise ValueError(f"{name} has its own config, without 'options'")
        return name

    @field_validator("options")
    @classmethod
    def _options_of_the_class(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "name" not in info.data:  # which has already been reported
            return options
        return validate_lines(OPTIONS[info.data["name"]], options).model_dump(exclude_unset=True)

    @property
    def arguments(self) -> dict[str, Any]:
        """The options, as the torch class accepts them."""
        return dict(self.options)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        document = handler.resolve_ref_schema(handler(schema))
        own = document["properties"]
        flat: dict[str, Any] = {key: {} for model in OPTIONS.values() for key in model.model_fields}
        document["properties"] = {**flat, **own, "name": {**own["name"], "enum": [*OPTIONS]}}
        document["anyOf"] = [
            {
                "properties": {"name": {"const": name}, "options": {"propertyNames": {"enum": [*model.model_fields]}}},
                "propertyNames": {"enum": [*own, *model.model_fields]},
            }
            for name, model in OPTIONS.items()
        ]
        return document


TYPED: Mapping[str, type[Optimizer]] = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "rmsprop": RmsProp}


def _members() -> list[type[Optimizer]]:
    return [*TYPED.values(), OtherOptimizer]


def class_name(name: str) -> str:
    """The class of torch.optim that a lower-case name stands for. Raises ValueError, with the nearest name."""
    if name in REFUSED:
        raise ValueError(f"{name} cannot train here: {REFUSED[name]}; use adamw or sgd")
    if name not in CLASSES:
        matches = difflib.get_close_matches(name.lower(), CLASSES, 1, 0.6)
        hint = f"Did you mean '{matches[0]}'?" if matches else f"It has {', '.join(CLASSES)}."
        raise ValueError(f"torch.optim has no '{name}'. {hint}")
    return CLASSES[name]


class Schedule(Config):
    """The learning rate over all optimizer steps, as implemented by timm's schedulers."""

    name: Form = Field("none", description="shape of the decay; none: constant after the warm-up")
    warmup_epochs: NonNegativeFloat = Field(0, description="epochs of linear warm-up, included in the total")
    warmup_steps: NonNegativeInt = Field(0, description="optimizer steps of linear warm-up, instead of warmup_epochs")
    warmup_lr: NonNegativeFloat = Field(1e-6, description="learning rate at the first step of the warm-up")
    minimum: NonNegativeFloat = Field(0, description="learning rate at the end (cosine, poly, tanh)")
    decay_epochs: PositiveFloat = Field(30, description="epochs between two decays (step)")
    milestones: tuple[PositiveInt, ...] = Field((), description="epochs after which the rate decays (multistep)")
    decay_rate: float = Field(0.1, gt=0, le=1, description="factor of one decay (step, multistep)")
    power: PositiveFloat = Field(1, description="exponent of the polynomial (poly)")

    @model_validator(mode="after")
    def _fields_agree(self) -> Schedule:
        if self.warmup_epochs and self.warmup_steps:
            raise ValueError("warmup_epochs and warmup_steps set the same value in two units; remove one of them")
        if self.name == "multistep" and (not self.milestones or list(self.milestones) != sorted(set(self.milestones))):
            raise ValueError('multistep needs milestones in increasing order, such as "milestones": [30, 60]')
        return self


__all__ = ["Adam", "AdamW", "Optimizer", "OtherOptimizer", "RmsProp", "Schedule", "Sgd", "class_name"]
