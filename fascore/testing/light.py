"""Which heavy packages a config module imports, seen from a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

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
"""Packages that no config module may import, nor its examples and static checks."""

_PROBE = """
import importlib, json, sys
heavy, module, attributes = json.loads(sys.argv[1])
report, known = {}, set()

def note(part):
    new = {name for name in heavy if name in sys.modules} - known
    known.update(new)
    report.setdefault(part, sorted(new))

found = importlib.import_module(module)
note("")
for attribute in attributes:
    component = getattr(found, attribute, None)
    try:
        for example in component.examples():
            if component.kind in ("encoder", "fusion"):
                example[0].infer(example[1])
            elif component.kind in ("head", "objective"):
                example[0].check(example[1], example[2])
    except Exception:
        pass  # another check reports it
    note(attribute)
print("report:" + json.dumps(report))
"""


@cache
def heavy_imports(module: str, attributes: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Heavy packages that importing `module` loads (key `""`), and then those that each attribute's examples and checks add.

    Runs once a module in a fresh interpreter with this one's search path. Raises RuntimeError with its complaint.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    request = json.dumps([HEAVY, module, attributes])
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, request],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    answers = [line.removeprefix("report:") for line in done.stdout.splitlines() if line.startswith("report:")]
    if done.returncode or not answers:
        raise RuntimeError(f"a fresh interpreter cannot import {module}:\n{done.stderr.strip()}")
    report: Mapping[str, list[str]] = json.loads(answers[-1])
    return report
