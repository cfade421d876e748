"""Detects the heavy packages that a config module imports, in a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeAlias

HEAVY = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "cv2",
    "av",
    "PIL",
    "matplotlib",
    "sklearn",
    "wandb",
    "tensorboard",
    "einops",
)
"""Packages that config modules, their examples, and their static checks must not import."""

_PROBE = """
import importlib, json, sys
heavy, modules = json.loads(sys.argv[1])

def loaded():
    return {name for name in heavy if name in sys.modules}

for module, attributes in modules:
    report, known = {}, set()
    try:
        config = importlib.import_module(module)
    except BaseException as error:
        print("report:" + json.dumps([module, f"{type(error).__name__}: {error}"]))
        break
    report[""] = sorted(loaded())
    known = loaded()
    for attribute in attributes:
        component = getattr(config, attribute, None)
        try:
            for example in component.examples():
                if component.kind in ("encoder", "fusion"):
                    example[0].infer(example[1])
                elif component.kind in ("head", "objective"):
                    example[0].check(example[1], example[2])
        except Exception:
            pass  # another check reports it
        report[attribute] = sorted(loaded() - known)
        known |= loaded()
    print("report:" + json.dumps([module, report]))
    if known:
        break
"""
"""Reports on modules until one has loaded a heavy package, because this would hide that the next module loads it too.
"""

Modules: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Config modules, each with its components."""
Report: TypeAlias = Mapping[str, Sequence[str]]
"""Heavy packages loaded by importing a module (key `""`), and those added by the examples and checks of each attribute.
"""


@cache
def heavy_imports(modules: Modules) -> Mapping[str, Report | str]:
    """The heavy packages that importing each module loads, or the error that it raises.

    Modules are imported in one fresh interpreter with the current search path. After a module that loads a heavy
    package, the remaining ones get another interpreter. Raises RuntimeError with the error output of an interpreter
    that fails.
    """
    reports: dict[str, Report | str] = {}
    while waiting := [row for row in modules if row[0] not in reports]:
        reports.update(_probe(waiting))
    return reports


def _probe(modules: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, Report | str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps([HEAVY, modules])],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line.removeprefix("report:") for line in done.stdout.splitlines() if line.startswith("report:")]
    if not lines:
        raise RuntimeError(f"a fresh interpreter cannot import {modules[0][0]}:\n{done.stderr.strip()}")
    return dict(map(json.loads, lines))
