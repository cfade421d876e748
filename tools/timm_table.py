"""Writes `fascore/components/encoders/timm_models.json`: the outputs of every timm model, for the static check.

Each model is built and run on torch's meta device (shapes only, no weights, no arithmetic) at a few input sizes. The
size of a feature map along one side is `floor((x + a) / s)` for an input side of x pixels: every chain of convolutions
and poolings reduces to that form, with `a = 0` if it rounds down and `a = s - 1` if it rounds up. The two integers are
computed from the observed sizes: at least two sizes, and more until the integers are certain. A model that does not fit
the form gets a `build` row: the static check then builds it on the meta device.

    python tools/timm_table.py [--processes 2] [--only 'resnet*'] [--again]
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import multiprocessing
import signal
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch

TABLE = Path(__file__).parents[1] / "fascore/components/encoders/timm_models.json"
SECONDS = 8
"""Processor seconds; a model that takes longer gets a `build` row."""
STEPS = (4, 8, 14, 16, 28, 32, 64, 224)
"""Candidates for the number that a model's input sides must be a multiple of."""


class Seen(NamedTuple):
    """Shapes at one input size, without the batch axis."""

    h: int
    w: int
    vector: tuple[int, ...]
    features: tuple[int, ...] | None
    levels: tuple[tuple[int, ...], ...]


class Probe:
    """One timm model on the meta device."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.drop, self.model = self._first()
        self.height, self.width = self.model.pretrained_cfg["input_size"][1:]
        self.sized = bool(self.model.pretrained_cfg.get("fixed_input_size"))
        self.prefix = int(getattr(self.model, "num_prefix_tokens", 0) or 0)
        self.pyramid = self._pyramid({})

    def _create(self, **options: Any) -> torch.nn.Module:
        with torch.device("meta"):
            return timm.create_model(self.name, **options).eval()

    def _first(self) -> tuple[list[str], torch.nn.Module]:
        """The model, and the drop options that it accepts."""
        for drop in (["drop", "drop_path"], ["drop"], ["drop_path"], []):
            try:
                return drop, self._create(num_classes=0, **{f"{word}_rate": 0.0 for word in drop})
            except TypeError:
                if not drop:
                    raise
        raise AssertionError

    def _pyramid(self, options: dict[str, Any]) -> torch.nn.Module | None:
        try:
            count = len(self.model.feature_info)
            return self._create(features_only=True, out_indices=tuple(range(count)), **options)
        except Exception:
            return None

    def see(self, h: int, w: int) -> Seen:
        """Run the model at an input size. Raises timm's error if the model does not support the size."""
        model, pyramid = self.model, self.pyramid
        if self.sized and (h, w) != (self.height, self.width):
            model = self._create(num_classes=0, img_size=(h, w))
            pyramid = self._pyramid({"img_size": (h, w)}) if pyramid is not None else None
        image = torch.empty(1, 3, h, w, device="meta")
        features = model.forward_features(image)
        vector = model.forward_head(features)
        levels = [] if pyramid is None else pyramid(image)
        return Seen(
            h,
            w,
            tuple(vector.shape[1:]),
            tuple(features.shape[1:]) if isinstance(features, torch.Tensor) else None,
            tuple(tuple(level.shape[1:]) for level in levels),
        )


def row(name: str) -> dict[str, Any]:
    """The table's row for one model."""
    probe = Probe(name)
    first = probe.see(probe.height, probe.width)
    multiple, seen = _sizes(probe)
    facts: dict[str, Any] = {"size": [probe.height, probe.width]}
    facts["input"] = ("sized" if probe.sized else "free") if multiple else "fixed"
    if multiple > 1:
        facts["multiple"] = multiple
    facts["drop"] = probe.drop
    facts["vector"] = first.vector[0] if len(first.vector) == 1 else None
    facts["levels"] = _levels([first, *seen], probe.pyramid)
    facts["tokens"] = _tokens([first, *seen], probe.prefix, facts["levels"][-1][1] if facts["levels"] else 32)
    return facts


def _sizes(probe: Probe) -> tuple[int, list[Seen]]:
    """The step of its input sides (0 if only the default size works), and its output shapes at other sizes."""
    base = -(-max(probe.height, probe.width) // 64) * 64
    coarsest = int(probe.model.feature_info[-1]["reduction"]) if getattr(probe.model, "feature_info", None) else 32
    for step in dict.fromkeys((1, coarsest, *STEPS)):
        if step == 1:
            pairs = [(base + 1, base + 31), (base + 63, base + 89)]
        else:
            start, far = -(-base // step) * step, -(-64 // step) * step
            pairs = [(start, start + far), (start + far + step, start + 2 * step)]
        try:
            seen = [probe.see(h, w) for h, w in pairs]
            while step == 1 and len(seen) < 8 and (sides := _undecided(probe, seen)):
                seen.append(probe.see(sides[0], sides[-1]))
            return step, seen
        except TimeoutError:
            raise
        except Exception:
            continue
    return 0, []


def roundings(points: Sequence[tuple[int, int]], s: int) -> range:
    """All a with `out = floor((x + a) / s)` at every point (x, out)."""
    return range(max(out * s - x for x, out in points), min(out * s + s - x for x, out in points))


def fit(points: Sequence[tuple[int, int]], hint: int) -> tuple[int, int] | None:
    """An (s, a) that fits every point; None if there is none.

    Tries the hinted stride first, and plain rounding down or up before other values.
    """
    x, out = points[0]
    near = round(x / out)
    for s in dict.fromkeys((hint, *sorted(range(max(1, near // 2), 2 * near + 2), key=lambda s: abs(s - near)))):
        if fits := roundings(points, s):
            return s, 0 if 0 in fits else s - 1 if s - 1 in fits else fits[0]
    return None


def _undecided(probe: Probe, seen: Sequence[Seen]) -> list[int]:
    """Input sides that would halve the remaining candidates for the roundings, beginning with the least certain map."""
    if probe.pyramid is None:
        return []
    open_: dict[int, int] = {}
    for place, (channels, stride) in enumerate(
        zip(probe.pyramid.feature_info.channels(), probe.pyramid.feature_info.reduction(), strict=True)
    ):
        fits = roundings(_points([(s.h, s.w, s.levels[place]) for s in seen], channels) or [(0, 0)], int(stride))
        if len(fits) > 1:
            middle = fits[len(fits) // 2]
            open_[-(-seen[-1].h // stride) * int(stride) - middle] = len(fits)
    return sorted(open_, key=lambda side: -open_[side])


def _points(shapes: Sequence[tuple[int, int, tuple[int, ...]]], channels: int) -> list[tuple[int, int]]:
    """(input side, map side) of both axes, wherever the channel axis is; empty if there is no channel axis."""
    for c, y, x in ((0, 1, 2), (2, 0, 1)):
        if all(len(shape) == 3 and shape[c] == channels for _, _, shape in shapes):
            return [p for h, w, shape in shapes for p in ((h, shape[y]), (w, shape[x]))]
    return []


def _levels(seen: Sequence[Seen], pyramid: torch.nn.Module | None) -> Any:
    """[[channels, stride, a, repeats], …]; [] if there are none; None if they do not fit the form."""
    if pyramid is None or not seen[0].levels:
        return []
    rows: list[list[int]] = []
    for place, (channels, reduction) in enumerate(
        zip(pyramid.feature_info.channels(), pyramid.feature_info.reduction(), strict=True)
    ):
        points = _points([(s.h, s.w, s.levels[place]) for s in seen], channels)
        found = fit(points, int(reduction)) if points else None
        if found is None:
            return None
        new = [channels, *found]
        if rows and rows[-1][:3] == new:
            rows[-1][3] += 1
        else:
            rows.append([*new, 1])
    return rows


def _tokens(seen: Sequence[Seen], prefix: int, hint: int) -> Any:
    """[width, prefix, stride, a]; [] if there are none; None if they do not fit the form."""
    shapes = [(s.h, s.w, s.features) for s in seen if s.features is not None]
    if len(shapes) < len(seen) or len(shapes[0][2]) not in (2, 3):
        return []
    if len(shapes[0][2]) == 2:
        return _sequence(shapes, prefix)
    for channels in (shapes[0][2][0], shapes[0][2][2]):
        points = _points(shapes, channels)
        if points and (found := fit(points, hint)):
            return [channels, 0, *found]
    return None


def _sequence(shapes: Sequence[tuple[int, int, Any]], prefix: int) -> Any:
    h, w, (count, width) = shapes[0]
    side = int((count - prefix) ** 0.5)
    if side == 0 or h != w or side * side != count - prefix:
        return None
    near = round(h / side)
    for s in sorted(range(max(1, near // 2), 2 * near + 2), key=lambda s: abs(s - near)):
        for a in (0, s - 1):
            if all(n == prefix + ((y + a) // s) * ((x + a) // s) and d == width for y, x, (n, d) in shapes):
                return [width, prefix, s, a]
    return None


def _late(*_: object) -> None:
    raise TimeoutError


def guarded(name: str) -> tuple[str, dict[str, Any], str]:
    """The row of a model, or a `build` row with the reason."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return name, row(name), ""
    except (Exception, TimeoutError) as error:
        return name, {"build": True}, f"{type(error).__name__}: {str(error)[:100]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def tags() -> dict[str, dict[str, list[int] | None]]:
    """Pretrained weights of each model: tag -> input size, if it is fixed and differs from the default's."""
    found: dict[str, dict[str, list[int] | None]] = defaultdict(dict)
    for full in timm.list_pretrained():
        name, _, tag = full.partition(".")
        cfg, default = timm.get_pretrained_cfg(full), timm.get_pretrained_cfg(name)
        differs = cfg.fixed_input_size and cfg.input_size != default.input_size
        found[name][tag] = list(cfg.input_size[1:]) if differs else None
    return found


def lines(table: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The JSON text, one line per model, so that a change of timm gives a readable diff."""
    yield f'{{"timm": {json.dumps(timm.__version__)}, "models": {{\n'
    rows = [f"{json.dumps(name)}: {json.dumps(table[name], separators=(',', ':'))}" for name in sorted(table)]
    yield ",\n".join(rows) + "\n}}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="*", help="models to process; other rows are unchanged")
    parser.add_argument(
        "--again", action="store_true", help="process only those models that have a `build` row or no row"
    )
    arguments = parser.parse_args()
    table = (
        json.loads(TABLE.read_text())["models"] if TABLE.exists() and (arguments.again or arguments.only != "*") else {}
    )
    names = [name for name in timm.list_models() if fnmatch.fnmatch(name, arguments.only)]
    if arguments.again:
        names = [name for name in names if "build" in table.get(name, {"build": True})]
    known = tags()
    with multiprocessing.get_context("spawn").Pool(arguments.processes, maxtasksperchild=200) as pool:
        for done, (name, facts, why) in enumerate(pool.imap_unordered(guarded, names, chunksize=4)):
            table[name] = {**facts, "tags": known.get(name, {})}
            if why:
                print(f"{done + 1}/{len(names)} {name}: {why}", flush=True)
    TABLE.write_text("".join(lines(table)))
    print(
        f"{TABLE}: {len(table)} models, {sum('build' in facts for facts in table.values())} of them to build, {TABLE.stat().st_size / 1000:.0f} kB"
    )


if __name__ == "__main__":
    main()
