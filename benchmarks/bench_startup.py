"""Start-up time of the command line in addition to that of bare Python. The limits hold on two cores.

import fascore and --help                   250 ms
components, with 300 more distributions     300 ms
check of the demo spec                      600 ms
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from timing import wall

DEMO = Path(__file__).parents[1] / "plugins/fas-phantom/specs/demo.json"
Call = Callable[..., None]
PROGRAM = "from fascore.cli import main; main()"


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """Run Python code with arguments. Modules are compiled beforehand, as after an installation."""
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled")), "PYTHONDONTWRITEBYTECODE": ""}

    def run(code: str, *arguments: object, path: Path | str = "") -> None:
        environment = {**os.environ, **compiled, "PYTHONPATH": str(path)}
        subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)], env=environment, check=True, capture_output=True
        )

    return run


@pytest.fixture(scope="module")
def bare(call: Call) -> float:
    """Seconds that Python itself takes, the fastest of ten runs."""
    return min(wall(lambda: call("")) for _ in range(10))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    for number in range(300):
        info = site / f"fas_fake{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fas-fake{number}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[fascore.v1.encoder]\nfake{number}.net = fas_fake{number}:Net\n")
    return site


@pytest.fixture
def measure(benchmark: BenchmarkFixture, call: Call, bare: float) -> Call:
    def limited(limit: float, *arguments: object, path: Path | str = "") -> None:
        benchmark.pedantic(call, (PROGRAM, *arguments), {"path": path}, rounds=10, warmup_rounds=1)
        over = benchmark.stats.stats.min - bare
        benchmark.extra_info |= {"over_bare_ms": round(1000 * over), "limit_ms": round(1000 * limit)}
        assert over < limit

    return limited


def test_help(measure: Call) -> None:
    measure(0.25, "--help")


def test_components_with_300_distributions_more(measure: Call, crowd: Path) -> None:
    measure(0.3, "components", path=crowd)


def test_check_of_the_demo(measure: Call) -> None:
    measure(0.6, "check", DEMO)
