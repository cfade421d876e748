"""The documents that users write: RunSpec, and StudySpec for tables of runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from fascore.contract.component import DEVICE, FILE_NAME, NODE_NAME, Config, Node, Slot, named, validate
from fascore.contract.errors import FascoreError, SpecError, SpecErrors
from fascore.contract.kinds import Dataset, Encoder, Fusion, Head, Metric, Modality, Objective, Recipe, Sampler
from fascore.contract.threshold_rule import RULES, ThresholdRule
from fascore.spec.overrides import Json, apply_overrides, on_command_line

Name: TypeAlias = Annotated[str, StringConstraints(pattern=NODE_NAME)]
FileName: TypeAlias = Annotated[str, StringConstraints(pattern=FILE_NAME, max_length=100)]
Probability: TypeAlias = Annotated[float, Field(ge=0, le=1)]

SCORE_FORM = (
    'a head, {"sum": [heads]}, {"mean": [heads]}, {"min": [heads]}, {"by_task": {"spoof": head, "forgery": head}} '
    'or {"weighted": {head: number, "dev" or a list of numbers that dev chooses from}}'
)


def _weight(value: Json) -> bool:
    """Whether a weight of a score rule has a valid form."""
    numbers = value if isinstance(value, list) and value else [value]
    return value == "dev" or all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers)


def _score_rule(rule: str | dict[str, Json]) -> str | dict[str, Json]:
    if isinstance(rule, str):
        return rule
    if len(rule) == 1:
        ((name, value),) = rule.items()
        if (
            name in ("sum", "mean", "min")
            and isinstance(value, list)
            and value
            and all(isinstance(v, str) for v in value)
        ):
            return rule
        if (
            name == "by_task"
            and isinstance(value, dict)
            and set(value) == {"spoof", "forgery"}
            and all(isinstance(v, str) for v in value.values())
        ):
            return rule
        if name == "weighted" and isinstance(value, dict) and value and all(map(_weight, value.values())):
            return rule
    raise ValueError(f"is not a score rule; write {SCORE_FORM}")


ScoreRule: TypeAlias = Annotated[str | dict[str, Json], AfterValidator(_score_rule)]


def heads_of(rule: str | dict[str, Json]) -> list[str]:
    """The heads that a score rule reads, without duplicates."""
    if isinstance(rule, str):
        return [rule]
    (value,) = rule.values()
    return list(dict.fromkeys(value if isinstance(value, list) else value.values() if "by_task" in rule else value))


class DataEntry(Config):
    """One split of one dataset."""

    dataset: Slot[Dataset] = Field(description="a dataset component")
    split: str = Field(description="one of the dataset's splits")
    hide: tuple[str, ...] = Field(
        (), description="metadata columns to remove from its records, so that only other entries teach a task"
    )


class Data(Config):
    """The data that a run trains on, tunes on, and is tested on."""

    train: tuple[DataEntry, ...] = Field(min_length=1, description="entries to train on")
    dev: tuple[DataEntry, ...] = Field(
        (),
        description="entries for choosing the threshold and the checkpoint; if empty, dev is split off from train by subject",
    )
    test: dict[Name, tuple[DataEntry, ...]] = Field(default_factory=dict, description="named test sets")
    carve: float = Field(0.2, gt=0, lt=1, description="share of train's subjects to use as dev if dev is empty")

    @model_validator(mode="after")
    def _every_test_has_entries(self) -> Data:
        if empty := [name for name, entries in self.test.items() if not entries]:
            raise ValueError(f"test set '{empty[0]}' has no entries")
        return self


class Augment(Config):
    """Random changes in training: one geometry for all modalities of a record, color for RGB only. Default: none."""

    flip: Probability = Field(0, description="probability of a mirror image")
    rotation: NonNegativeFloat = Field(0, le=180, description="largest rotation in either direction, degrees")
    scale: float = Field(0, ge=0, lt=1, description="largest relative change in size")
    translate: Probability = Field(0, description="largest shift, as a fraction of the face frame")
    crop: float = Field(0, ge=0, lt=1, description="largest fraction of the side that a random crop removes")
    brightness: float = Field(0, ge=0, lt=1, description="largest relative change in brightness")
    contrast: float = Field(0, ge=0, lt=1, description="largest relative change in contrast")
    saturation: float = Field(0, ge=0, le=1, description="largest relative change in saturation")
    hue: float = Field(0, ge=0, le=0.5, description="largest rotation of the hue circle, as a fraction of a full turn")
    gamma: float = Field(0, ge=0, lt=1, description="largest relative change in gamma")
    blur: NonNegativeFloat = Field(0, description="largest Gaussian blur, sigma in pixels")
    compression: int = Field(0, ge=0, le=100, description="lowest JPEG quality; 0: no compression")
    cutout: Probability = Field(0, description="probability that a square is cut out")
    cutout_size: float = Field(
        0.3, gt=0, lt=1, description="largest side of that square, as a fraction of the face frame"
    )
    modality_dropout: Probability = Field(0, description="probability of dropping an optional modality of a record")


class Model(Config):
    """The model graph: named encoders, fusions, heads and objectives."""

    encoders: dict[Name, Node[Encoder]] = Field(default_factory=dict, description="encoders by name")
    fusions: dict[Name, Node[Fusion]] = Field(default_factory=dict, description="fusions by name")
    heads: dict[Name, Node[Head]] = Field(min_length=1, description="heads by name")
    objectives: dict[Name, Node[Objective]] = Field(
        default_factory=dict, description="extra losses by name, used only in training"
    )
    score: ScoreRule = Field("", validate_default=False, description=f"{SCORE_FORM}; default: the only head")

    @model_validator(mode="before")
    @classmethod
    def _only_head_is_the_score(cls, value: Json) -> Json:
        if isinstance(value, dict) and not value.get("score"):
            heads = value.get("heads")
            if isinstance(heads, dict) and len(heads) == 1:
                return {**value, "score": next(iter(heads))}
        return value

    @model_validator(mode="after")
    def _score_is_named(self) -> Model:
        if not self.score:
            raise ValueError(f"'score' is missing; with several heads, name the one that is the score: {SCORE_FORM}")
        return self


class Compute(Config):
    """Where and how the run executes. Only precision affects what is learned."""

    device: str = Field("auto", pattern=DEVICE, description="auto, cpu, cuda or cuda:N")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 if the GPU supports it, else fp32"
    )
    compile: bool = Field(False, description="compile the graph with torch.compile")
    workers: NonNegativeInt = Field(2, description="number of loading workers; it does not affect the batches")
    eval_batch: PositiveInt = Field(32, description="records per batch in evaluation")
    prepare: PositiveInt | None = Field(None, description="processes that fill the store; default: one per core")
    store: str | None = Field(None, description="folder of prepared arrays; default: $FASCORE_STORE or .fascore/store")


class RunSpec(Config):
    """A complete run: data, inputs, model, training, and metrics."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    schema_: str | None = Field(
        None, alias="$schema", description="JSON Schema for editors; `fascore schema` writes one"
    )
    fascore: Literal[1] = Field(1, description="version of this document format")
    name: FileName = Field(description="name of the run's folder under runs/")
    seed: NonNegativeInt = Field(0, description="seed of everything random")
    data: Data = Field(description="the data to train, tune, and test on")
    modalities: dict[Name, Node[Modality]] = Field(min_length=1, description="the data graph: modalities by name")
    augment: Augment = Field(Augment(), description="random changes in training")
    model: Model = Field(description="the model graph")
    sampler: Slot[Sampler] = Field(named("shuffle"), description="plans the batches")
    recipe: Slot[Recipe] = Field(named("supervised"), description="what one training step does")
    metrics: tuple[Slot[Metric], ...] = Field(
        tuple(map(named, ("auc", "eer", "iso30107"))), description="metrics to compute on every test set"
    )
    threshold: ThresholdRule = Field(
        ThresholdRule("eer"), description="how dev sets the threshold: " + ", ".join(RULES)
    )
    trackers: dict[str, dict[str, Json]] = Field(
        default_factory=dict, description="hook plugins to use, with their options"
    )
    compute: Compute = Field(Compute(), description="where and how it runs")


class StudySpec(Config):
    """A base spec and named rows of overrides, with seeds and folds."""

    schema_: str | None = Field(None, alias="$schema", description="JSON Schema for editors")
    name: FileName | None = Field(
        None, description="name of the study's folder under runs/; default: the name of this file"
    )
    base: str = Field(description="the base spec, relative to this file")
    rows: dict[FileName, dict[str, Json]] = Field(
        min_length=1, description='overrides by row: {path: value}; {"$unset": true} removes'
    )
    seeds: tuple[NonNegativeInt, ...] = Field((0,), min_length=1, description="every row runs once per seed")
    folds: dict[FileName, dict[str, Json]] = Field(
        default_factory=dict, description="overrides by fold; every row runs once per fold"
    )
    report: tuple[str, ...] = Field(
        ("auc", "eer", "iso30107"), description="metrics in the table, by name or name.part"
    )


def read_json(path: Path) -> Json:
    """Parse a JSON file. Raises FascoreError with line and column; a duplicate key is an error."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FascoreError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FascoreError(f"{path}: is not a text file (UTF-8): byte {error.start}") from error
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        hint = (
            "; JSON allows no comments and no comma before a closing bracket"
            if error.msg.startswith(("Expecting", "Illegal"))
            else ""
        )
        raise FascoreError(f"{path}: line {error.lineno}, column {error.colno}: {error.msg}{hint}") from error
    except RecursionError:
        raise FascoreError(f"{path}: is not a fascore document: its brackets are nested too deeply") from None
    except SpecError as error:
        raise FascoreError(f"{path}: {error}") from error


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    seen: dict[str, Json] = {}
    for key, value in pairs:
        if key in seen:
            raise SpecError(f"the key '{key}' appears twice in one object; delete one")
        seen[key] = value
    return seen


def parse_override(text: str) -> tuple[str, Json]:
    """Split `a.b=value` of `--set`; the value is JSON or a plain word."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise FascoreError(f"--set {text}: write path=value, such as --set recipe.epochs=5")
    return path, json_or_word(value)


def json_or_word(text: str | None) -> Json:
    """A command-line value: parsed as JSON, or returned unchanged if it is a plain word."""
    try:
        return None if text is None else json.loads(text)
    except json.JSONDecodeError:
        return text


def with_overrides(document: Json, overrides: Mapping[str, Json]) -> Json:
    """A copy of a spec's document with fields changed or removed by path; see `apply_overrides`."""
    return apply_overrides(document, overrides, RunSpec)


def read_document(path: Path) -> dict[str, Json]:
    """The document in a spec file or in a run's resolved.json. Raises FascoreError for any other file."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise FascoreError(f"{path}: a spec is a JSON object; this is a {type(document).__name__}")
    if is_study(document):
        raise FascoreError(
            f"{path}: this is a study; use fascore study check {path}, or fascore study run {path} to run it"
        )
    return dict(document["spec"]) if "spec" in document and "provenance" in document else document


def is_study(document: Json) -> bool:
    """Whether a document is a study: it has rows and no model."""
    return isinstance(document, dict) and "rows" in document and "model" not in document


def read_spec(path: str | os.PathLike[str], overrides: Mapping[str, Json] | None = None) -> tuple[RunSpec, Json]:
    """The validated spec in a spec file or a run's resolved.json, and its document, with overrides applied.

    Raises FascoreError if the file cannot be read or an override names no field, and SpecErrors with every structural
    problem.
    """
    document, overrides = read_document(Path(path)), overrides or {}
    try:
        document = with_overrides(document, overrides)
    except SpecErrors as error:
        options = [f"{on_command_line(where, overrides[where])}: {sentence}" for where, sentence in error.problems]
        raise FascoreError("\n".join(options)) from error
    return validate(RunSpec, document), document


__all__ = [
    "Augment",
    "Compute",
    "Data",
    "DataEntry",
    "Json",
    "Model",
    "RunSpec",
    "StudySpec",
    "heads_of",
    "is_study",
    "json_or_word",
    "parse_override",
    "read_document",
    "read_json",
    "read_spec",
    "with_overrides",
]
