"""One JSON Schema (draft 2020-12) of the documents that users write and of every installed component.

Components stand open in the models: a Slot leaves the marker `{"x-slot": kind}` (`x-node` where it is a graph's node).
Here each marker becomes a reference to one definition a kind, so that slots inside slots need no recursion.
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
    """The schema; what cannot be imported is listed under `x-broken` and absent from the rest."""
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
    """The definition that a marker stands for: `node.fusion` or `slot.fusion`; empty for any other schema."""
    return f"{'node' if part.get('x-node') else 'slot'}.{part['x-slot']}" if "x-slot" in part else ""


def _installed() -> tuple[list[type[Component]], list[Schema]]:
    """Every component that can be imported and described, and the others with their errors."""
    described, broken = [], []
    for kind, name in dict.fromkeys((p.kind, p.name) for p in index().providers() if p.kind in KINDS):
        try:
            component = load(kind, name)
            component.model_json_schema()
            described.append(component)
        except FascoreError as error:
            broken.append({"kind": kind, "name": name, "error": str(error)})
        except Exception as error:  # a plugin's field that pydantic cannot describe costs that component only
            broken.append(
                {"kind": kind, "name": name, "error": f"cannot be described: {type(error).__name__}: {error}"}
            )
    return described, broken


def _choice(slot: str, offered: dict[str, type[Component]]) -> Schema:
    """A bare name, or one of the objects; a slot's owner wires `inputs`, so there they are refused."""
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
    """Names outside a pattern are errors; pydantic leaves such objects open."""
    for node in _nodes(definitions):
        if isinstance(node.get("patternProperties"), dict):
            node.setdefault("additionalProperties", False)
