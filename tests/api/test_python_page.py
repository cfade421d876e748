"""docs/python.md and the notebook do what they say: every block and every cell is executed, in order."""

import ast
import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

import fascore

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python.md"
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_store: Path) -> None:
    monkeypatch.chdir(tmp_path)


def executed(blocks: list[str]) -> Iterator[tuple[Any, str]]:
    """The value of the last expression of each block, and what the block prints."""
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks, start=1):
        tree, last = ast.parse(block), None
        if isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]  # it was tested in the line above
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(tree, f"block {number}", "exec"), names)
            value = None if last is None else eval(compile(last, f"block {number}", "eval"), names)
        yield value, printed.getvalue()


def test_every_block_of_the_page_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    printed = [text for _, text in executed(blocks)]
    assert len(blocks) == 11
    assert re.search(r"APCER of the worst species: \d+\.\d%", printed[1])
    assert "('measured', 'noisier')" in printed[3]
    for path in ("measured/report.html", "compared/compare.html", "runs/first/report.html", "runs/second/report.html"):
        assert (tmp_path / path).is_file()
    assert "slow" in printed[6] and "fast" in printed[6]
    assert len(re.findall(r"(?:bona fide|attack): 0\.\d{3}, a face in \d of \d frames", printed[7])) == 2
    assert "cannot be read" in printed[8]
    assert "there is no field 'sead'" in printed[9] and "Did you mean 'supervised'" in printed[9]


def test_the_lines_of_the_readme_run(document: dict[str, Any], tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    frame = np.random.default_rng(1).integers(0, 256, (48, 48, 3), np.uint8)
    (tmp_path / "photos").mkdir()
    (tmp_path / "spec.json").write_text(json.dumps(document))
    for path in ("a.png", "photos/b.png"):
        Image.fromarray(frame).save(tmp_path / path)
    names = {"scores": [0.9, 0.1, 0.6], "labels": [1, 0, 0], "species": ["", "print", "mask"], "frame": frame}
    exec(compile(block, "README.md", "exec"), names)
    assert names["result"].threshold == 0.5
    assert names["answer"].decision in ("bona fide", "attack")
    assert [answer.score for answer in names["answers"]] == [names["answer"].score] * 2


def test_the_page_names_every_function_and_every_field_of_an_answer() -> None:
    text = PAGE.read_text()
    verbs = {name for name in dir(fascore) if name in fascore.__all__ and name.islower()} & {
        name for module, names in fascore._WHERE.items() if module.startswith("fascore.api.") for name in names
    }
    assert len(verbs) == 7
    assert [name for name in verbs if f"`fascore.{name}(" not in text] == []
    assert [field for field in fascore.Answer.__dataclass_fields__ if f"`{field}`" not in text] == []


def test_every_cell_of_the_notebook_runs_and_shows_its_result() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in cells if cell.outputs or cell.execution_count] == []
    shown = [value for value, _ in executed([cell.source for cell in cells])]
    assert shown[0] == fascore.__version__
    for value in shown[1:]:
        assert "<table" in html.unescape(value._repr_html_())
    for value in (shown[1], shown[3], shown[5]):
        assert "<svg" in html.unescape(value._repr_html_())
