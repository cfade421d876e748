"""What a timm model gives, from the generated table `timm_models.json` (`tools/timm_table.py`). No torch, but where a
model is not tabulated: then it is built on torch's meta device, and that is said."""

from __future__ import annotations

import difflib
import json
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascore.contract.errors import SpecError
from fascore.contract.signals import Level, Pyramid, Tokens, Vector

if TYPE_CHECKING:
    from fascore.components.encoders import Timm

DEFAULT_LEVELS = 4


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads((Path(__file__).parent / "timm_models.json").read_text(encoding="utf-8"))
    return table


def given(config: Timm, c: int, h: int, w: int) -> Vector | Tokens | Pyramid:
    """The Signal of a model for inputs of this size. Raises SpecError."""
    name, _, tag = config.name.partition(".")
    facts = _table()["models"].get(name)
    if facts is None:
        if version("timm") == _table()["timm"]:
            raise SpecError(_no_model(name))
        return _measured(config, c, h, w)
    _check_tag(config, name, tag, facts["tags"])
    if "build" in facts:
        return _measured(config, c, h, w)
    _check_drop(config, facts["drop"])
    _check_size(config, facts, facts["tags"].get(tag) or facts["size"], h, w)
    rows = {"vector": facts["vector"], "tokens": facts["tokens"], "pyramid": facts["levels"]}[config.output]
    if rows is None:
        return _measured(config, c, h, w)
    if not rows:
        raise SpecError(
            f"timm gives no {config.output} of '{name}'; set 'output' to one of vector, tokens, pyramid that it has"
        )
    if config.output == "vector":
        return Vector(rows)
    return _tokens(rows, h, w) if config.output == "tokens" else _pyramid(config, rows, h, w)


def chosen_levels(config: Timm, count: int) -> tuple[int, ...]:
    """Indices of a model's feature maps, from 0, in order. Raises SpecError."""
    wanted = config.levels if config.levels is not None else range(-min(DEFAULT_LEVELS, count), 0)
    if wrong := [i for i in wanted if not -count <= i < count]:
        raise SpecError(
            f"'{config.name}' has {count} feature maps, so 'levels' are 0 to {count - 1} or -{count} to -1; got {wrong[0]}"
        )
    return tuple(sorted({i % count for i in wanted}))


def _no_model(name: str) -> str:
    near = difflib.get_close_matches(name, _table()["models"], 3, 0.5)
    hint = f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else "timm.list_models() lists them."
    return f"timm {_table()['timm']} has no model '{name}'. {hint}"


def _check_tag(config: Timm, name: str, tag: str, tags: dict[str, Any]) -> None:
    if tag and tag not in tags:
        raise SpecError(f"timm has no weights '{tag}' of '{name}'; it has {', '.join(tags) or 'none'}")
    if config.pretrained is True and not tags:
        raise SpecError(
            f"timm has no pretrained weights of '{name}'; set \"pretrained\" to false or to a file, or choose another model"
        )


def _check_drop(config: Timm, takes: list[str]) -> None:
    for word in ("drop", "drop_path"):
        if getattr(config, word) and word not in takes:
            raise SpecError(f"'{config.name}' has no {word}; set it to 0")


def _check_size(config: Timm, facts: dict[str, Any], size: list[int], h: int, w: int) -> None:
    kind, multiple = facts["input"], facts.get("multiple", 1)
    wanted = config.img_size
    if wanted is not None:
        if kind != "sized":
            takes = "takes inputs of any size" if kind == "free" else f"takes {size[0]} x {size[1]} only"
            raise SpecError(f"'{config.name}' {takes}, and 'img_size' does not change that; delete it")
        size = [wanted, wanted] if isinstance(wanted, int) else list(wanted)
    if kind != "free" and [h, w] != size:
        also = f', or set "img_size": [{h}, {w}] here' if kind == "sized" and h % multiple == 0 == w % multiple else ""
        raise SpecError(
            f"'{config.name}' takes {size[0]} x {size[1]} pixels, and its input has {h} x {w}; change the modality's size{also}"
        )
    if [h, w] != facts["size"] and (h % multiple or w % multiple):
        message = f"'{config.name}' takes sides that are multiples of {multiple} pixels, and its input has {h} x {w}"
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


def _pyramid(config: Timm, rows: list[list[int]], h: int, w: int) -> Pyramid:
    levels = [(channels, stride, a) for channels, stride, a, repeats in rows for _ in range(repeats)]
    picked = [levels[i] for i in chosen_levels(config, len(levels))]
    return Pyramid(tuple(Level(c, (_side(h, s, a, config.name), _side(w, s, a, config.name)), s) for c, s, a in picked))


def _measured(config: Timm, c: int, h: int, w: int) -> Vector | Tokens | Pyramid:
    from fascore.components.encoders.timm import measure

    print(
        f"timm '{config.name}' is not in fascore's table: it was built on torch's meta device, so this check imported torch",
        file=sys.stderr,
    )
    return measure(config, c, h, w)


__all__ = ["chosen_levels", "given"]
