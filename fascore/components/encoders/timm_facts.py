"""The output of a timm model, from the generated table `timm_models.json` (`tools/timm_table.py`).

Only a model that is not in the table needs torch: it is built on torch's meta device, and a line on standard error
reports this.
"""

from __future__ import annotations

import difflib
import json
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fascore.components.encoders.timm_options import TimmOptions
from fascore.contract.errors import SpecError
from fascore.contract.signals import Level, Pyramid, Tokens, Vector


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((Path(__file__).parent / "timm_models.json").read_text(encoding="utf-8"))
    return table


def output_signal(options: TimmOptions, c: int, h: int, w: int) -> Vector | Tokens | Pyramid:
    """The output Signal of a model for inputs of this size. Raises SpecError."""
    name, _, tag = options.name.partition(".")
    facts = _table()["models"].get(name)
    if facts is None:
        if version("timm") == _table()["timm"]:
            raise SpecError(_no_model(name))
        return _measured(options, c, h, w)
    _check_tag(options, name, tag, facts["tags"])
    if "build" in facts:
        return _measured(options, c, h, w)
    _check_drop(options, facts["drop"])
    _check_size(options, facts, facts["tags"].get(tag) or facts["size"], h, w)
    rows = {"vector": facts["vector"], "tokens": facts["tokens"], "pyramid": facts["levels"]}[options.output]
    if rows is None:
        return _measured(options, c, h, w)
    if not rows:
        raise SpecError(
            f"timm produces no {options.output} for '{name}'; set 'output' to vector, tokens, or pyramid, whichever it supports"
        )
    if options.output == "vector":
        return Vector(rows)
    return _tokens(rows, h, w) if options.output == "tokens" else _pyramid(options, rows, h, w)


def _no_model(name: str) -> str:
    matches = difflib.get_close_matches(name, _table()["models"], 3, 0.5)
    hint = f"Did you mean {' or '.join(repr(n) for n in matches)}?" if matches else "timm.list_models() lists them."
    return f"timm {_table()['timm']} has no model '{name}'. {hint}"


def _check_tag(options: TimmOptions, name: str, tag: str, tags: dict[str, Any]) -> None:
    if tag and tag not in tags:
        raise SpecError(f"timm has no weights '{tag}' for '{name}'; it has {', '.join(tags) or 'none'}")
    if options.pretrained is True and not tags:
        raise SpecError(
            f"timm has no pretrained weights for '{name}'; set \"pretrained\" to false or to a file, or choose another model"
        )


def _check_drop(options: TimmOptions, supported: list[str]) -> None:
    for name in ("drop", "drop_path"):
        if getattr(options, name) and name not in supported:
            raise SpecError(f"'{options.name}' has no {name}; set it to 0")


def _check_size(options: TimmOptions, facts: dict[str, Any], size: list[int], h: int, w: int) -> None:
    kind, multiple = facts["input"], facts.get("multiple", 1)
    requested = options.img_size
    if requested is not None:
        if kind != "sized":
            accepts = "accepts inputs of any size" if kind == "free" else f"accepts {size[0]} x {size[1]} only"
            raise SpecError(f"'{options.name}' {accepts}, and 'img_size' does not change that; delete it")
        size = [requested, requested] if isinstance(requested, int) else list(requested)
    if kind != "free" and [h, w] != size:
        hint = f', or set "img_size": [{h}, {w}] here' if kind == "sized" and h % multiple == 0 == w % multiple else ""
        raise SpecError(
            f"'{options.name}' accepts {size[0]} x {size[1]} pixels, but its input has {h} x {w}; change the modality's size{hint}"
        )
    if [h, w] != facts["size"] and (h % multiple or w % multiple):
        message = f"'{options.name}' accepts sides that are multiples of {multiple} pixels, but its input has {h} x {w}"
        raise SpecError(f"{message}; change the modality's size")


def _side(x: int, stride: int, a: int, name: str) -> int:
    side = (x + a) // stride
    if side < 1:
        raise SpecError(f"an input side of {x} pixels is too small for '{name}': its feature map would be empty")
    return side


def _tokens(row: list[Any], h: int, w: int) -> Tokens:
    width, prefix, stride, a = row
    grid = (_side(h, stride, a, "this model"), _side(w, stride, a, "this model"))
    return Tokens(prefix + grid[0] * grid[1], width, prefix, grid)


def _pyramid(options: TimmOptions, rows: list[list[int]], h: int, w: int) -> Pyramid:
    levels = [(channels, stride, a) for channels, stride, a, repeats in rows for _ in range(repeats)]
    picked = [levels[i] for i in options.chosen_levels(len(levels))]
    return Pyramid(
        tuple(Level(c, (_side(h, s, a, options.name), _side(w, s, a, options.name)), s) for c, s, a in picked)
    )


def _measured(options: TimmOptions, c: int, h: int, w: int) -> Vector | Tokens | Pyramid:
    from fascore.components.encoders.timm import measure

    print(
        f"timm '{options.name}' is not in fascore's table: the check built it on torch's meta device and had to import torch",
        file=sys.stderr,
    )
    return measure(options, c, h, w)


__all__ = ["output_signal"]
