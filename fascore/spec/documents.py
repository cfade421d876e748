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
    """Whether a weight of a score rule can be read."""
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
    """The heads that a score rule reads, each once."""
    if isinstance(rule, str):
        return [rule]
    (value,) = rule.values()
    return list(dict.fromkeys(value if isinstance(value, list) else value.values() if "by_task" in rule else value))


class DataEntry(Config):
    """One split of one dataset."""

    dataset: Slot[Dataset] = Field(description="a dataset component")
    split: str = Field(description="one of the dataset's splits")
    hide: tuple[str, ...] = Field(
        (), description="columns of metadata that are removed from its records, so that only other entries teach a task"
    )


class Data(Config):
    """What a run trains on, tunes on and is tested on."""

    train: tuple[DataEntry, ...] = Field(min_length=1, description="entries to train on")
    dev: tuple[DataEntry, ...] = Field(
        (), description="entries that choose threshold and checkpoint; none: carved from train by subject"
    )
    test: dict[Name, tuple[DataEntry, ...]] = Field(default_factory=dict, description="named test sets")
    carve: float = Field(0.2, gt=0, lt=1, description="share of train's subjects that becomes dev where dev is empty")

    @model_validator(mode="after")
    def _every_test_has_entries(self) -> Data:
        if empty := [name for name, entries in self.test.items() if not entries]:
            raise ValueError(f"test set '{empty[0]}' has no entries")
        return self


class Augment(Config):
    """Random changes in training: one geometry for all modalities of a record, colour for RGB only. Default: none."""

    flip: Probability = Field(0, description="probability of a mirror image")
    rotation: NonNegativeFloat = Field(0, le=180, description="largest rotation either way, degrees")
    scale: float = Field(0, ge=0, lt=1, description="largest relative change of size")
    translate: Probability = Field(0, description="largest shift, share of the face frame")
    crop: float = Field(0, ge=0, lt=1, description="largest share of the side that a random crop cuts off")
    brightness: float = Field(0, ge=0, lt=1, description="largest relative change of brightness")
    contrast: float = Field(0, ge=0, lt=1, description="largest relative change of contrast")
    saturation: float = Field(0, ge=0, le=1, description="largest relative change of saturation")
    hue: float = Field(0, ge=0, le=0.5, description="largest rotation of the hue circle, share of a turn")
    gamma: float = Field(0, ge=0, lt=1, description="largest relative change of gamma")
    blur: NonNegativeFloat = Field(0, description="largest Gaussian blur, sigma in pixels")
    compression: int = Field(0, ge=0, le=100, description="lowest JPEG quality; 0: no compression")
    cutout: Probability = Field(0, description="probability that a square is cut out")
    cutout_size: float = Field(0.3, gt=0, lt=1, description="largest side of that square, share of the face frame")
    modality_dropout: Probability = Field(0, description="probability that an optional modality of a record is dropped")


class Model(Config):
    """The model graph: named encoders, fusions, heads and objectives."""

    encoders: dict[Name, Node[Encoder]] = Field(default_factory=dict, description="encoders by name")
    fusions: dict[Name, Node[Fusion]] = Field(default_factory=dict, description="fusions by name")
    heads: dict[Name, Node[Head]] = Field(min_length=1, description="heads by name")
    objectives: dict[Name, Node[Objective]] = Field(
        default_factory=dict, description="extra losses by name, training only"
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
    def _score_is_said(self) -> Model:
        if not self.score:
            raise ValueError(f"'score' is missing; with several heads, say which is the score: {SCORE_FORM}")
        return self


class Compute(Config):
    """Where and how it runs; only precision changes what is learned."""

    device: str = Field("auto", pattern=DEVICE, description="auto, cpu, cuda or cuda:N")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="auto: bf16 where the GPU has it, else fp32")
    compile: bool = Field(False, description="torch.compile the graph")
    workers: NonNegativeInt = Field(2, description="loading workers; batches do not depend on it")
    eval_batch: PositiveInt = Field(32, description="records a batch in evaluation")
    prepare: PositiveInt | None = Field(None, description="processes that fill the store; default: one a core")
    store: str | None = Field(None, description="folder of prepared arrays; default: $FASCORE_STORE or .fascore/store")


class RunSpec(Config):
    """One run, whole: data, inputs, model, training, measures."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    schema_: str | None = Field(
        None, alias="$schema", description="JSON Schema for editors: write one with `fascore schema`"
    )
    fascore: Literal[1] = Field(1, description="version of this document's form")
    name: FileName = Field(description="the run's folder below runs/")
    seed: NonNegativeInt = Field(0, description="of everything random")
    data: Data = Field(description="what it trains on, tunes on and is tested on")
    modalities: dict[Name, Node[Modality]] = Field(min_length=1, description="the data graph: modalities by name")
    augment: Augment = Field(Augment(), description="random changes in training")
    model: Model = Field(description="the model graph")
    sampler: Slot[Sampler] = Field(named("shuffle"), description="plans the batches")
    recipe: Slot[Recipe] = Field(named("supervised"), description="what one training step does")
    metrics: tuple[Slot[Metric], ...] = Field(
        tuple(map(named, ("auc", "eer", "iso30107"))), description="figures of every test set"
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
    name: FileName | None = Field(None, description="the study's folder below runs/; default: its file's name")
    base: str = Field(description="the base spec, relative to this file")
    rows: dict[FileName, dict[str, Json]] = Field(
        min_length=1, description='overrides by row: {path: value}; {"$unset": true} removes'
    )
    seeds: tuple[NonNegativeInt, ...] = Field((0,), min_length=1, description="every row runs once for each")
    folds: dict[FileName, dict[str, Json]] = Field(
        default_factory=dict, description="overrides by fold; every row runs on each"
    )
    report: tuple[str, ...] = Field(
        ("auc", "eer", "iso30107"), description="metrics of the table, by name or name.part"
    )


def read_json(path: Path) -> Json:
    """Parse a JSON file. Raises FascoreError with line and column; a key written twice is an error."""
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
            "; JSON has no comments, and no comma before a closing bracket"
            if error.msg.startswith(("Expecting", "Illegal"))
            else ""
        )
        raise FascoreError(f"{path}: line {error.lineno}, column {error.colno}: {error.msg}{hint}") from error
    except RecursionError:
        raise FascoreError(f"{path}: is not a document of fascore: its brackets are nested too deeply") from None
    except SpecError as error:
        raise FascoreError(f"{path}: {error}") from error


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    seen: dict[str, Json] = {}
    for key, value in pairs:
        if key in seen:
            raise SpecError(f"the key '{key}' stands twice in one object; delete one")
        seen[key] = value
    return seen


def parse_override(text: str) -> tuple[str, Json]:
    """`a.b=value` of `--set`: the value is JSON, or a plain word."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise FascoreError(f"--set {text}: write path=value, such as --set recipe.epochs=5")
    return path, json_or_word(value)


def json_or_word(text: str | None) -> Json:
    """A value of the command line: JSON, or a plain word as it is."""
    try:
        return None if text is None else json.loads(text)
    except json.JSONDecodeError:
        return text


def with_overrides(document: Json, overrides: Mapping[str, Json]) -> Json:
    """A copy of a spec's document with fields changed or removed by their paths; see `apply_overrides`."""
    return apply_overrides(document, overrides, RunSpec)


def read_document(path: Path) -> dict[str, Json]:
    """The document of a spec's file, or of a run's resolved.json. Raises FascoreError for any other file."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise FascoreError(f"{path}: a spec is a JSON object; this is a {type(document).__name__}")
    if is_study(document):
        raise FascoreError(
            f"{path}: this is a study; use fascore study check {path}, or fascore study run {path} to run it"
        )
    return dict(document["spec"]) if "spec" in document and "provenance" in document else document


def is_study(document: Json) -> bool:
    """Whether a document is a study's: it has rows, and no model."""
    return isinstance(document, dict) and "rows" in document and "model" not in document


def read_spec(path: str | os.PathLike[str], overrides: Mapping[str, Json] | None = None) -> tuple[RunSpec, Json]:
    """The validated spec of a file, or of a run's resolved.json, and the document it came from, overrides applied.

    Raises FascoreError for a file that cannot be read or an override that leads nowhere, SpecErrors with every
    structural problem.
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
