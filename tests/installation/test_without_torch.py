"""`pip install fascore` alone: it evaluates, compares, plans and reports without torch."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from fascore.contract.extras import TRAIN
from fascore.running.run import execute_document

ROOT = Path(__file__).parents[2]
LIMIT = 430
"""Megabytes that the environment may take."""


def call(command, folder, code=0, **environment):
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "FASCORE", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env={**clean, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def install(python, wheel, folder):
    """Install a wheel and what it requires, with uv where it is there (its cache is warm), otherwise with pip."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    tool = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    call([*tool, "--quiet", "--constraint", ROOT / "constraints.txt", wheel], folder)


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """The folder of an environment that holds the wheel of fascore and what it requires, and nothing else."""
    folder = tmp_path_factory.mktemp("light")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT]
    call(build, folder)
    call([sys.executable, "-m", "venv", folder / "env"], folder)
    (wheel,) = (folder / "dist").iterdir()
    install(folder / "env" / "bin" / "python", wheel, folder)
    return folder


@pytest.fixture
def program(light, tmp_path):
    def fascore(*arguments, code=0, **environment):
        done = call([light / "env" / "bin" / "fascore", *arguments], tmp_path, code, **environment)
        assert "Traceback" not in done.stderr
        return done

    return fascore


@pytest.fixture
def run(tiny, tmp_path, shared_store):
    """A finished run, trained where torch is."""
    return execute_document(tiny, runs=tmp_path / "runs")


def test_the_environment_has_no_torch_and_stays_small(light):
    site = next((light / "env" / "lib").glob("python*")) / "site-packages"
    assert not {path.name for path in site.iterdir()} & TRAIN
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6
    print(f"fascore and what it requires take {size:.0f} MB")
    assert size < LIMIT


def test_score_files_are_evaluated_compared_and_reported(program, run, tmp_path):
    scores, dev = run / "scores" / "cross.csv", run / "scores" / "dev.csv"
    out = program("evaluate", scores, "--dev", dev, "--out", "measured").stdout
    assert "APCER by species" in out
    assert (tmp_path / "measured" / "report.html").stat().st_size > 10_000
    measured = json.loads((tmp_path / "measured" / "metrics.json").read_text())
    expected = json.loads((run / "metrics.json").read_text())["tests"]["cross"]["tasks"]["spoof"]["metrics"]["auc"]
    assert measured["tests"]["cross"]["tasks"]["spoof"]["metrics"]["auc"]["value"] == expected["value"]
    program("compare", run, "measured", "--out", "compared")
    assert (tmp_path / "compared" / "compare.html").is_file()
    page = run / "report.html"
    page.unlink()
    program("report", run)
    assert "APCER" in page.read_text()


EVALUATE = """
import sys, fascore
result = fascore.evaluate([0.9, 0.8, 0.2, 0.6], [1, 1, 0, 0], ["", "", "print", "mask"], threshold=0.5)
(worst,) = [figure.value for figure in result.figures if figure.figure == "apcer_worst"]
assert (worst, "torch" in sys.modules) == (1.0, False)
print(result.write("measured"))
try: result.to_pandas()
except fascore.FascoreError as error: print(error)
"""


def test_arrays_are_evaluated_in_python_and_pandas_is_optional(light, tmp_path):
    done = call([light / "env" / "bin" / "python", "-c", EVALUATE], tmp_path)
    assert done.stdout == "measured/report.html\nto_pandas() needs pandas, which is not installed: pip install pandas\n"
    assert "mask" in (tmp_path / "measured" / "report.html").read_text()


def test_presentations_are_planned_and_a_threshold_is_recalibrated(program, run, tmp_path):
    (plan,) = json.loads(program("plan", "--apcer", "0.02", "--json").stdout)
    assert plan["plans"][0]["independent"] == 149  # the smallest n with 0.98 ** n <= 0.05
    header, *rows = (run / "scores" / "dev.csv").read_text().splitlines()
    label = header.split(",").index("label")
    bona_fide = [row for row in rows if row.split(",")[label] == "1"]
    copies = [f"{copy}-{row}" for copy in range(40) for row in bona_fide]  # the id stands first
    (tmp_path / "phone.csv").write_text("\n".join([header, *copies]))
    program("recalibrate", run, "phone.csv", "--camera", "phone", "--bpcer", "0.1")
    assert json.loads((run / "thresholds" / "phone.json").read_text())["threshold"]["datasets"] == ["phone"]


@pytest.fixture
def spec(program, tmp_path):
    """A spec of a manifest that needs nothing but the core."""
    rows = []
    for split in ("train", "dev", "test"):
        for number in range(4):
            Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / f"{number}.png")
            attack = number % 2
            rows.append(f"{split}{number},{1 - attack},{'print.flat' * attack},p-{split}{number},{split},{number}.png")
    (tmp_path / "videos.csv").write_text("\n".join(["id,label,species,subject,split,rgb", *rows]))
    program("init", "spec.json", "--manifest", "videos.csv", "--detector", "whole")
    return tmp_path / "spec.json"


def test_a_spec_is_checked_down_to_its_graph(program, spec):
    assert "Vector(512)" in program("check", spec).stdout
    assert "Did you mean 'epochs'" in program("check", spec, "--set", "recipe.epoch=3", code=1).stderr


@pytest.mark.parametrize("command", ["run", "prepare", "predict", "subsets"])
def test_what_needs_torch_says_in_one_sentence_what_to_install(program, run, spec, command):
    arguments = {"predict": [run, spec], "subsets": [run]}.get(command, [spec])
    done = program(command, *arguments, code=1)
    (sentence,) = done.stderr.splitlines()
    assert sentence.endswith("is not installed: pip install 'fascore[train]'")
