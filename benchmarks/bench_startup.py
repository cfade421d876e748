"""Start-up of the command line over bare Python. The limits are the issue's, on two cores.

    import fascore and --help            250 ms
    components, 300 distributions more   300 ms
    check of the demo spec               600 ms
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / "plugins/fas-phantom/specs/demo.json"
PROGRAM = "from fascore.cli import main; main()"


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Run Python code with arguments, modules compiled beforehand as they are after an installation."""
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled")), "PYTHONDONTWRITEBYTECODE": ""}

    def run(code, *arguments, path=""):
        environment = {**os.environ, **compiled, "PYTHONPATH": str(path)}
        subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environment, check=True, capture_output=True)

    return run


@pytest.fixture(scope="module")
def bare(call):
    """Seconds that Python itself takes, the fastest of ten."""

    def once():
        start = time.perf_counter()
        call("")
        return time.perf_counter() - start

    return min(once() for _ in range(10))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    for number in range(300):
        info = site / f"fas_fake{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fas-fake{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[fascore.v1.encoder]\nfake{number}.net = fas_fake{number}:Net\n")
    return site


@pytest.fixture
def measure(benchmark, call, bare):
    def limited(limit, *arguments, path=""):
        benchmark.pedantic(call, (PROGRAM, *arguments), {"path": path}, rounds=10, warmup_rounds=1)
        over = benchmark.stats.stats.min - bare
        benchmark.extra_info |= {"over_bare_ms": round(1000 * over), "limit_ms": round(1000 * limit)}
        assert over < limit

    return limited


def test_help(measure):
    measure(0.25, "--help")


def test_components_with_300_distributions_more(measure, crowd):
    measure(0.3, "components", path=crowd)


def test_check_of_the_demo(measure):
    measure(0.6, "check", DEMO)
