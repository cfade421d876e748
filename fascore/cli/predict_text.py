"""What `fascore predict` prints: one line per file, as soon as the file is scored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fascore.running.predict import Prediction


def print_answers(answers: Iterable[Prediction], *, as_json: bool, origin: str) -> list[Prediction]:
    """Print one JSON object per line, or a table whose last column names the file and why it has no decision, if so.

    `origin` describes the source of the threshold. Returns the answers.
    """
    threshold: float | None = None
    printed: list[Prediction] = []
    for answer in answers:
        printed.append(answer)
        if threshold is None and not as_json:
            print(f"{'decision':11}  {'score':>6}  {'faces':>9}  file")
        threshold = answer.threshold
        print(json.dumps(asdict(answer), ensure_ascii=False) if as_json else _line(answer), flush=True)
    if threshold is not None and not as_json:
        print(f"bona fide if the score is at least {threshold:.4f}, {origin}")
    return printed


def _line(answer: Prediction) -> str:
    score = "-" if answer.score is None else f"{answer.score:.4f}"
    faces = "-" if answer.frames is None else f"{answer.faces} of {answer.frames}"
    why = f": {answer.reason.removeprefix(f'{answer.path} ')}" if answer.score is None else ""
    when = "" if answer.start is None else f"  {answer.start:.2f} to {answer.end:.2f} s"
    return f"{answer.decision:11}  {score:>6}  {faces:>9}  {answer.path}{when}{why}"
