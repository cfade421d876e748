"""docs/first-plugin.md, carried out: its files are written, its commands run, and what they print is what the page says."""

import json
import re
import shlex
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "first-plugin.md"
BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def blocks():
    return [(match["language"], match["title"], match["text"]) for match in BLOCK.finditer(PAGE.read_text())]


def commands(text):
    """(command, lines that it prints) of a console block."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.splitlines()[0], part.splitlines()[1:]) for part in parts]


def test_the_page_works_from_its_first_line_to_its_last(environment, tmp_path):
    there = environment("fas-phantom")
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
    metrics = json.loads((tmp_path / "runs/first-plugin/metrics.json").read_text())
    assert metrics


def test_every_file_of_the_page_is_whole_and_named():
    titles = [title for _, title, _ in blocks() if title]
    assert titles == [
        "fas-maxout/src/fas_maxout/components.py",
        "fas-maxout/src/fas_maxout/maxout.py",
        "fas-maxout/pyproject.toml",
        "fas-maxout/tests/test_conformance.py",
        "spec.json",
    ]
