"""docs/first-plugin.md, carried out: its files are written, its commands run, and what they print is what the page says."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import fascore

PAGE = Path(__file__).parents[2] / "docs" / "first-plugin.md"
BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def blocks():
    return [(match["language"], match["title"], match["text"]) for match in BLOCK.finditer(PAGE.read_text())]


def commands(text):
    """(command, lines that it prints) of a console block."""
    prompts = [prompt.splitlines() for prompt in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return [(lines[0], lines[1:]) for lines in prompts]


def test_the_page_works_from_its_first_line_to_its_last(environment, tmp_path):
    there = environment("fas-phantom")
    where, plugins = there.origins()
    assert where.is_relative_to(there.site)
    assert plugins == ["fas-phantom", "fascore"]
    ran = 0
    for language, title, text in blocks():
        if title:
            path = tmp_path / title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif language == "console":
            for command, lines in commands(text):
                words = shlex.split(command)
                if words[:3] == ["pip", "install", "-e"]:
                    there.install("-e", words[3].partition("[")[0], cwd=tmp_path)
                    continue
                done = there.run(
                    *(
                        ["python", "-m", "pytest", "-p", "no:cacheprovider", *words[1:]]
                        if words[0] == "pytest"
                        else words
                    ),
                    cwd=tmp_path,
                    check=False,
                )
                ran += 1
                assert (done.returncode == 0) == ("--set" not in words), f"{command}\n{done.stdout}"
                assert "Traceback" not in done.stdout
                for line in lines:
                    assert line in done.stdout, f"'{command}' does not print '{line}':\n{done.stdout}"
    assert ran == 7
    assert there.origins()[1] == ["fas-maxout", "fas-phantom", "fascore"]
    run = tmp_path / "runs" / "first-plugin"
    assert {path.name for path in (run / "scores").iterdir()} >= {"dev.csv", "intra.csv"}
    assert "intra" in json.dumps(json.loads((run / "metrics.json").read_text()))
    assert json.loads((run / "resolved.json").read_text())
    missing = there.run(
        "fascore", "check", "spec.json", "--set", "model.encoders.look.type=rppg.mstmap", cwd=tmp_path, check=False
    )
    assert missing.returncode == 1
    assert "pip install fas-rppg" in missing.stdout
    assert "Traceback" not in missing.stdout


def listed(what):
    """The names that the page says import a package."""
    line = re.search(rf"these import {what}: (.*?)[;.]$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`(\w+)`", line[1]))


def test_every_public_name_that_the_page_does_not_list_needs_neither_torch_nor_numpy():
    heavy = listed("torch") | listed("numpy")
    code = (
        f"import fascore, sys; [getattr(fascore, name) for name in fascore.__all__ if name not in {heavy!r}]; "
        "print([name for name in ('torch', 'numpy', 'cv2', 'av', 'timm') if name in sys.modules])"
    )
    assert heavy <= set(fascore.__all__)
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_names_that_the_page_says_import_numpy_do_not_import_torch():
    code = (
        f"import fascore, sys; [getattr(fascore, name) for name in {listed('numpy')!r}]; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_every_file_of_the_page_is_whole_and_named():
    titles = [title for _, title, _ in blocks() if title]
    assert titles == [
        "fas-maxout/src/fas_maxout/components.py",
        "fas-maxout/src/fas_maxout/maxout.py",
        "fas-maxout/pyproject.toml",
        "fas-maxout/tests/test_conformance.py",
        "spec.json",
    ]
