"""One JSON Schema (draft 2020-12) for the documents that users write and for every installed component.

The models leave components open: a Slot writes the marker `{"x-slot": kind}` (with `x-node` if it is a node of a graph).
This module turns each marker into a reference to one definition per kind, so that nested slots need no recursion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fascore.contract.component import Component, load
from fascore.contract.errors import FascoreError
from fascore.contract.registry import KINDS, index
from fascore.spec.documents import RunSpec, StudySpec

Schema: TypeAlias = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> Schema:
    """The schema. Components that cannot be imported are listed under `x-broken` and omitted from the rest."""
    components, broken = _installed()
    every: list[type[BaseModel]] = [RunSpec, StudySpec, *components]
    references, document = models_json_schema([(model, "validation") for model in every])
    names = {model: references[model, "validation"]["$ref"].rpartition("/")[2] for model in every}
    definitions: Schema = document["$defs"]
    for component in components:
        definitions[names[component]].setdefault("required", []).insert(0, "type")
    for marker in [*_markers(definitions)]:
        slot = slots_named(marker)
        offered = {names[component]: component for component in components if component.kind == marker["x-slot"]}
        definitions.setdefault(slot, _choice(slot, offered))
        del marker["x-slot"]
        marker.pop("x-node", None)
        marker["$ref"] = f"#/$defs/{slot}"
    _close(definitions)
    forms = {"if": {"required": ["rows"]}, "then": _to(names[StudySpec]), "else": _to(names[RunSpec])}
    return {
        "$schema": DIALECT,
        "title": "fascore",
        **forms,
        "$defs": definitions,
        **({"x-broken": broken} if broken else {}),
    }


def slots_named(part: Schema) -> str:
    """The definition that a marker refers to: `node.fusion` or `slot.fusion`; empty for any other schema."""
    return f"{'node' if part.get('x-node') else 'slot'}.{part['x-slot']}" if "x-slot" in part else ""


def _installed() -> tuple[list[type[Component]], list[Schema]]:
    """The components that can be imported and described, and the other ones with their errors."""
    described, broken = [], []
    for kind, name in dict.fromkeys((p.kind, p.name) for p in index().providers() if p.kind in KINDS):
        try:
            component = load(kind, name)
            component.model_json_schema()
            described.append(component)
        except FascoreError as error:
            broken.append({"kind": kind, "name": name, "error": str(error)})
        except Exception as error:  # a field that pydantic cannot describe affects only its own component
            broken.append(
                {"kind": kind, "name": name, "error": f"cannot be described: {type(error).__name__}: {error}"}
            )
    return described, broken


def _choice(slot: str, offered: dict[str, type[Component]]) -> Schema:
    """A bare name or one of the objects. A slot rejects `inputs`, because its owner wires them."""
    refused = {} if slot.startswith("node.") else {"not": {"required": ["inputs"]}}
    names = sorted(component.model_fields["type"].default for component in offered.values())
    return {"anyOf": [{"enum": names}, *(_to(name) | refused for name in sorted(offered))]}


def _to(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _nodes(value: Any) -> Iterator[Schema]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _markers(definitions: Schema) -> Iterator[Schema]:
    return (node for node in _nodes(definitions) if isinstance(node.get("x-slot"), str))


def _close(definitions: Schema) -> None:
    """Make names that do not match a pattern errors; pydantic allows them."""
    for node in _nodes(definitions):
        if isinstance(node.get("patternProperties"), dict):
            node.setdefault("additionalProperties", False)
