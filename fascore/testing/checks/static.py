"""Checks of the config alone, without building a module."""

from __future__ import annotations

import json
from typing import Any, get_args

import jsonschema

from fascore.contract.component import validate
from fascore.contract.errors import FascoreError
from fascore.contract.hooks import Specs
from fascore.contract.registry import KINDS, OTHER_KINDS, known_plugins
from fascore.contract.signals import Series
from fascore.testing.case import NAME, Case, Check, Failure, author_code, cases, reason, shown
from fascore.testing.fixtures import has_fixture
from fascore.testing.inner import (
    UNKNOWN,
    accepts,
    can_change,
    configs_inside,
    models_inside,
    open_to_unknown_keys,
    with_unknown_key,
)
from fascore.testing.light import heavy_imports


def resolves(case: Case) -> None:
    """The entry point names an importable object of its kind."""
    if case.kind in KINDS:
        _ = case.component
    else:
        case.load()


def light_import(case: Case) -> None:
    """The config module, its examples, and its static checks import no heavy package."""
    modules: dict[str, list[str]] = {}
    for other in cases(case.distribution):
        if other.kind in _ANY:
            modules.setdefault(other.module, []).extend([other.point.attr] if other.kind in KINDS else [])
    try:
        report = heavy_imports(tuple((module, tuple(attributes)) for module, attributes in modules.items()))[
            case.module
        ]
    except RuntimeError as error:
        raise Failure(str(error)) from error
    if isinstance(report, str):
        raise Failure(f"a fresh interpreter cannot import {case.module}: {report}")
    if report[""]:
        raise Failure(f"importing {case.module} imports {', '.join(report[''])}")
    if added := report.get(case.point.attr):
        raise Failure(f"examples() of {case.point.attr}, or its infer or check, imports {', '.join(added)}")


def named(case: Case) -> None:
    """`type` is a literal equal to the entry point's name, with the plugin's prefix; the core's names have no prefix."""
    declared = get_args(case.component.model_fields["type"].annotation)
    if declared != (case.name,):
        raise Failure(f"`type` is {declared or 'not a Literal'}, but the entry point is called '{case.name}'")
    if not NAME.fullmatch(case.name):
        raise Failure(
            f"'{case.name}' is not a valid name: use lowercase letters, digits, and '_', in parts separated by dots"
        )
    if case.component.model_fields["type"].default != case.name:
        raise Failure(f"`type` has no default, so Python users would have to write it; set the default '{case.name}'")
    if case.distribution == "fascore":
        if "." in case.name:
            raise Failure(f"the core's names have no prefix, but '{case.name}' has one")
        return
    facts = known_plugins().get(case.distribution)
    own = (
        facts["prefix"]
        if facts
        else case.distribution.removeprefix("fascore-").removeprefix("fas-").replace("-", "_").lower()
    )
    prefixes = sorted({c.name.partition(".")[0] for c in cases(case.distribution) if c.kind in KINDS})
    if len(prefixes) > 1:
        raise Failure(
            f"names of one distribution must share one prefix; {case.distribution} uses {', '.join(prefixes)}"
        )
    if "." not in case.name and case.name != own:
        raise Failure(f"'{case.name}' has no prefix: names without a prefix are reserved for fascore itself")
    taken = [
        package
        for package, known in known_plugins().items()
        if known["prefix"] == prefixes[0] and package != case.distribution
    ]
    if taken:
        raise Failure(f"the prefix '{prefixes[0]}' belongs to {taken[0]}")


def documented(case: Case) -> None:
    """The class has a docstring of at least one sentence."""
    target = case.load()
    text = (vars(target).get("__doc__") or "").strip() if isinstance(target, type) else (target.__doc__ or "").strip()
    if len(text.split()) < 3:
        raise Failure(
            f"{case.point.attr} has no docstring of its own" if not text else f"the docstring is only '{text}'"
        )


def has_examples(case: Case) -> None:
    """`examples()` has the form of its kind and is not empty.

    A dataset may have a fixture instead; a detector may need a file.
    """
    if case.examples() or case.kind == "detector":
        return
    if case.kind != "dataset":
        raise Failure("examples() is empty, so nothing else of this component can be checked")
    if not has_fixture(case.component):
        raise Failure("examples() is empty and there is no fixture(), so nothing else of this dataset can be checked")


def described(case: Case) -> None:
    """Every field, including nested ones, has a description."""
    for owner in (case.component, *models_inside(case.component)):
        for name, field in owner.model_fields.items():
            if name != "type" and not (field.description or "").strip():
                raise Failure(f"field '{name}' of {owner.__name__} has no description")


def round_trips(case: Case) -> None:
    """A dump is JSON, and reading it back restores the same component and the same dump."""
    for config in case.configs():
        try:
            text = config.canonical()
            again = validate(type(config), json.loads(json.dumps(json.loads(text), allow_nan=False)))
        except (FascoreError, ValueError, TypeError) as error:
            raise Failure(f"{config!r:.200}: its own dump is rejected: {reason(error, case.module)}") from error
        if again.canonical() != text:
            raise Failure(f"{shown(config)}: read back, it dumps as {again.canonical()}")
        if again != config:
            raise Failure(f"{shown(config)}: read back, it is not equal to the original")


def closed(case: Case) -> None:
    """An unknown key is rejected."""
    for config in case.configs():
        if accepts(type(config), {**json.loads(config.canonical()), UNKNOWN: 1}):
            raise Failure(f"{shown(config)}: an unknown key is accepted")


def closed_inside(case: Case) -> None:
    """Every plain config inside the component, in its examples and field types, rejects unknown keys and is frozen."""
    tried = set()
    for config in case.configs():
        dump = json.loads(config.canonical())
        for path, inner in configs_inside(config):
            where = f"{shown(config)}, at '{'.'.join(map(str, path))}'"
            if accepts(type(config), with_unknown_key(dump, path)):
                raise Failure(f"{where}: {type(inner).__name__} accepts an unknown key")
            tried.add(type(inner))
            if can_change(inner):
                raise Failure(f"{where}: {type(inner).__name__} is not frozen")
    for model in models_inside(case.component):
        if model not in tried and open_to_unknown_keys(model):
            raise Failure(f"{model.__name__}, a config in the field types, accepts an unknown key")


def schema(case: Case) -> None:
    """Its JSON Schema is valid and accepts its own dump."""
    with author_code("model_json_schema()", case.module):
        document = case.component.model_json_schema(by_alias=True)
    try:
        jsonschema.Draft202012Validator.check_schema(document)
    except jsonschema.SchemaError as error:
        raise Failure(f"the JSON Schema is not valid: {error.message}") from error
    for config in case.configs():
        errors = list(jsonschema.Draft202012Validator(document).iter_errors(json.loads(config.canonical())))
        if errors:
            raise Failure(
                f"{shown(config)}: the JSON Schema rejects it at '{errors[0].json_path}': {errors[0].message}"
            )


def refuses(case: Case) -> None:
    """Missing inputs and inputs of an unusual type are accepted or raise SpecError, never another exception."""
    for config, _, *rest in case.examples():
        unusual: list[list[Any]] = [[], [Series(3, 2, 1.0)] * 2, *([[None]] if case.kind == "modality" else [])]
        static_check: Any = getattr(config, "check" if rest else "infer")
        for signals in unusual:
            try:
                static_check(signals, *rest)
            except FascoreError:
                continue
            except Exception as error:
                inputs = ", ".join(map(str, signals)) or "nothing"
                raise Failure(f"{shown(config)}: for {inputs}, it raises {reason(error, case.module)}") from error


def known_hooks(case: Case) -> None:
    """Every method marked with `hookimpl` implements an existing hook."""
    marked = [name for name in dir(case.load()) if hasattr(getattr(case.load(), name), "fascore_impl")]
    unknown = [name for name in marked if not hasattr(Specs, name)]
    if unknown or not marked:
        hooks = ", ".join(name for name in vars(Specs) if not name.startswith("_"))
        what = f"'{unknown[0]}' is not a hook" if unknown else "no method is marked with @hookimpl"
        raise Failure(f"{what}; available hooks: {hooks}")


_ANY = (*KINDS, *OTHER_KINDS)
_LOADED = ("resolves",)
_DUMPED = ("resolves", "has_examples", "round_trips")
RESOLVES = Check(
    "resolves",
    _ANY,
    resolves,
    "Correct the target in pyproject.toml's [project.entry-points], then reinstall the distribution.",
    needs=(),
)
CHECKS = (
    RESOLVES,
    Check(
        "light_import",
        _ANY,
        light_import,
        "Move the implementation to another file, and import it inside build(), compute(), or records().",
        needs=_LOADED,
    ),
    Check(
        "named",
        KINDS,
        named,
        'Write type: Literal["prefix.name"] = "prefix.name", and give the entry point the same name.',
        needs=_LOADED,
    ),
    Check(
        "documented",
        _ANY,
        documented,
        "Write a docstring: one sentence that describes it, then shapes, units, and source.",
        needs=_LOADED,
    ),
    Check(
        "has_examples",
        KINDS,
        has_examples,
        "Define the classmethod examples(); the docstring of the kind's base class documents its form.",
        needs=_LOADED,
    ),
    Check("described", KINDS, described, 'Write Field(default, description="…") for every field.', needs=_LOADED),
    Check(
        "round_trips",
        KINDS,
        round_trips,
        "Use JSON types in fields (finite numbers, text, tuples, Configs); validators must accept their own output.",
    ),
    Check("closed", KINDS, closed, "Keep the model_config of the kind's base class.", needs=_DUMPED),
    Check(
        "closed_inside",
        KINDS,
        closed_inside,
        "Derive the configs inside a component from fascore.Config.",
        needs=_DUMPED,
    ),
    Check(
        "schema",
        KINDS,
        schema,
        "If a validator accepts more than its annotation, extend the annotation or add a __get_pydantic_json_schema__.",
        needs=_DUMPED,
    ),
    Check(
        "refuses",
        ("modality", "encoder", "fusion", "head", "objective"),
        refuses,
        "Check the number and types of the signals first, and raise SpecError with a sentence.",
    ),
    Check(
        "known_hooks",
        ("hooks",),
        known_hooks,
        "Mark the methods with @fascore.hookimpl, and use the method names of fascore.contract.hooks.Specs.",
        needs=_LOADED,
    ),
)
