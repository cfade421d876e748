"""A metric of a stranger's plugin reads as well as ours: terminal, report, comparison; and old entries without a description are still read."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from fascore.contract.component import load, validate
from fascore.contract.kinds import Metric, Unit
from fascore.contract.registry import Index, using
from fascore.evaluation.comparison import compare_systems
from fascore.evaluation.evaluate import Depth, evaluate
from fascore.evaluation.metric_entry import ABOUT, described, metric_name, metric_named
from fascore.evaluation.metrics import Auc, BpcerAtApcer, ClassAccuracy, Hter, Iso30107
from fascore.evaluation.score_files import evaluate_files
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.comparison import page
from fascore.report.comparison.sheets import sections
from fascore.report.comparison.terminal import summary
from fascore.report.comparison.text import COLUMNS, csv_text, markdown, table_rows
from fascore.report.contents import ReportFacts
from fascore.report.html import render
from fascore.report.terminal import summary_table
from fascore.running.systems import read_systems

PLUGIN = '''
from typing import ClassVar, Literal
from pydantic import Field
from fascore import Measures, Metric, MetricModule, Unit


class LatencyModule(MetricModule):
    def __init__(self, column):
        self.column = column

    def compute(self, table, threshold):
        import numpy as np

        times = table.reading(self.column).score
        return {"value": float(np.mean(times)), "slowest": float(np.max(times)), "n": len(times)}

    def resample(self, table, threshold, draws):
        return {"bootstrap": {"low": 0.01, "high": 0.02, "subjects": 3}}


class Latency(Metric):
    """Mean time until an answer."""

    type: Literal["lag.latency"] = "lag.latency"
    title: ClassVar[str] = "Latency"
    unit: ClassVar[Unit] = Unit("ms", digits=1, factor=1000)
    measures: ClassVar[Measures] = "column"
    meaning: ClassVar[str] = "Latency: mean time until the system answers."
    higher_is_better: ClassVar[bool] = False
    column: str = Field("clock.seconds", description="column of seconds")

    def build(self):
        return LatencyModule(self.column)

    def detail(self, parts):
        return f"slowest {self.unit.text(parts['slowest'])}; n = {parts['n']}"


class Broken(Latency):
    """Its wording raises."""

    type: Literal["lag.broken"] = "lag.broken"

    def detail(self, parts):
        return parts["nothing"]
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stranger's distribution, installed."""
    folder = tmp_path / "site"
    info = folder / "fas_lag-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "lag_metrics.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fas-lag\nVersion: 1.0\n")
    points = "lag.latency = lag_metrics:Latency\nlag.broken = lag_metrics:Broken\n"
    (info / "entry_points.txt").write_text(f"[fascore.v1.metric]\n{points}")
    monkeypatch.syspath_prepend(folder)
    with using(Index.from_environment()):
        yield
    sys.modules.pop("lag_metrics", None)


def latency(**fields: Any) -> Metric:
    return validate(load("metric", "lag.latency"), {"type": "lag.latency", **fields})  # type: ignore[return-value]


def table(seed: int = 0) -> ScoreTable:
    random = np.random.default_rng(seed)
    label = np.arange(40) % 2
    return ScoreTable.from_columns(
        {
            "id": [f"r{row}" for row in range(40)],
            "label": label,
            "score": random.normal(label, 1),
            "species": np.where(label == 1, "", "print.flat"),
            "subject": [f"s{row // 8}" for row in range(40)],
            "clock.seconds": np.where(np.arange(40) == 7, 0.25, 0.015 + 0.001 * seed),
        }
    )


def shown(drawing: Any) -> str:
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(drawing)
    return console.export_text()


@pytest.mark.usefixtures("plugin")
def test_terminal_and_report_write_it_in_its_own_unit_with_its_own_detail() -> None:
    metrics = evaluate({"lab": table()}, choose("fixed=0.5", None), [Iso30107(), latency()], depth=Depth(50))
    entry = metrics["tests"]["lab"]["tasks"]["spoof"]["metrics"]["lag.latency"]
    assert entry["value"] == pytest.approx((39 * 0.015 + 0.25) / 40)
    assert json.loads(json.dumps(metrics)) == metrics
    (row,) = [line for line in shown(summary_table(metrics)).splitlines() if "Latency" in line]
    assert "20.9 ms" in row
    report = render(ReportFacts("toy", metrics, {"lab": table()}))
    for words in ("<td>Latency</td>", "20.9 ms", "10.0 – 20.0 ms", "slowest 250.0 ms; n = 40", "mean time until the"):
        assert words in report


@pytest.mark.usefixtures("plugin")
def test_compare_shows_it_for_runs_and_folders_that_were_measured_by_it(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 5)):
        folder = tmp_path / name
        folder.mkdir()
        for split in ("lab", "dev"):
            table(seed + 10 * (split == "dev")).write(folder / f"{split}.csv")
        metrics = [Auc(), latency()]
        evaluate_files([folder / "lab.csv"], dev=folder / "dev.csv", out=tmp_path / "out" / name, metrics=metrics)
    systems = read_systems([tmp_path / "out" / "a", tmp_path / "out" / "b"])
    comparison = compare_systems(systems, depth=Depth(50))
    parts = list(sections(comparison))
    for text in (shown(summary(comparison, parts)), markdown("t", comparison, parts)):
        for words in (
            "Further figures",
            "Latency",
            "lower is better",
            "20.9 ms",
            "25.8 ms",
            "slowest 250.0 ms; n = 40",
        ):
            assert words in text
    html = page.render("t", comparison, parts, systems)
    assert "25.8 ms" in html and "Latency: mean time until the system answers." in html
    rows = csv_text(COLUMNS, table_rows(comparison)).splitlines()
    (row,) = [line for line in rows if line.startswith("lab,spoof,b,lag.latency,False,")]
    assert float(row.split(",")[5]) == pytest.approx((39 * 0.02 + 0.25) / 40)


@pytest.mark.usefixtures("plugin")
def test_wording_that_raises_is_reported_and_ends_nothing() -> None:
    broken = validate(load("metric", "lag.broken"), {"type": "lag.broken"})
    metrics = evaluate({"lab": table()}, None, [broken])  # type: ignore[list-item]
    entry = metrics["tests"]["lab"]["tasks"]["spoof"]["metrics"]["lag.broken"]
    assert described("lag.broken", entry).detail == "detail() of lag.broken failed: KeyError: 'nothing'"


@pytest.mark.usefixtures("plugin")
def test_a_column_that_decides_nothing_takes_no_threshold_from_dev() -> None:
    dev = table(3)
    silent = ScoreTable(dev.id, dev.label, dev.score, dev.words, {})
    metrics = evaluate({"lab": table()}, choose("eer", dev), [latency()], silent)
    assert metrics["tests"]["lab"]["tasks"]["spoof"]["metrics"]["lag.latency"]["value"] > 0


def without_descriptions(value: Any) -> Any:
    """metrics.json as an older fascore wrote it."""
    if isinstance(value, dict):
        return {key: without_descriptions(part) for key, part in value.items() if key != ABOUT}
    return [without_descriptions(part) for part in value] if isinstance(value, list) else value


@pytest.mark.usefixtures("plugin")
def test_entries_of_an_older_fascore_are_found_by_name_and_read_the_same() -> None:
    ours = [Auc(), Hter(threshold="bpcer=0.2"), BpcerAtApcer(apcer=0.3), Iso30107(threshold="apcer=0.1"), Iso30107()]
    metrics = evaluate({"lab": table()}, choose("eer", table(1)), [*ours, latency()], table(1), Depth(50))
    old = without_descriptions(metrics)
    assert old != metrics
    facts = [ReportFacts("toy", document, {"lab": table()}) for document in (metrics, old)]
    assert render(facts[0]) == render(facts[1])
    assert shown(summary_table(metrics)) == shown(summary_table(old))


def test_an_older_entry_of_a_plugin_that_is_not_installed_has_its_plain_name_and_reads_as_a_rate() -> None:
    entry = {"value": 0.25, "n": 8, "oracle": False, "primary": "value", "higher_is_better": True}
    about = described("lag.latency(column=lab.seconds)", entry)
    assert (about.title, about.unit.text(0.25), about.detail) == (
        "lag.latency (column=lab.seconds)",
        "25.00 %",
        "n = 8",
    )
    noted = described("lag.latency", {**entry, "value": None, "note": "one class only"})
    assert noted.detail == "one class only"


@pytest.mark.parametrize(
    "metric",
    [
        Auc(),
        Auc(column="depth.score"),
        Hter(threshold="bpcer=0.01"),
        BpcerAtApcer(apcer=0.1, attacks="pooled"),
        ClassAccuracy(head="tone", target="skin_tone"),
        ClassAccuracy(head="7", target="True"),
    ],
    ids=metric_name,
)
def test_a_metric_is_found_again_by_its_name(metric: Metric) -> None:
    assert metric_named(metric_name(metric)) == metric


@pytest.mark.parametrize(
    "name",
    [
        "auc(",
        "auc(colum=x)",
        "auc(column)",
        "nobody.knows",
        "",
        "hter(threshold=often)",
        "iso30107(group=kind, of)",
        "a(b",
    ],
)
def test_what_is_not_the_name_of_a_metric_finds_none(name: str) -> None:
    assert metric_named(name) is None


def test_a_unit_writes_figures_intervals_and_differences() -> None:
    unit = Unit("dB", digits=1)
    assert (unit.text(-3.14), unit.text(None), unit.difference(0.06), unit.difference(None)) == (
        "-3.1 dB",
        "–",
        "+0.1",
        "–",
    )
    assert (unit.interval(1, 2.25), unit.interval(None, 2)) == ("1.0 – 2.2 dB", "")
    assert Unit("%", 2, 100, 1).interval(0.1, 0.2) == "10.0 – 20.0 %"
    assert Unit(**Unit("s", 3, 2.0, 1).document()) == Unit("s", 3, 2.0, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"symbol": " s"},
        {"symbol": "a\nb"},
        {"digits": -1},
        {"digits": 13},
        {"interval_digits": -1},
        {"factor": 0.0},
        {"factor": float("nan")},
    ],
)
def test_a_unit_that_cannot_be_written_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unit"):
        Unit(**fields)


IMPORTS = """
import importlib, pkgutil, sys
for name in {packages}:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{{name}}."):
        importlib.import_module(module.name)
print(*sorted({heavy} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("packages", "heavy"),
    [
        (
            ["fascore.evaluation"],
            {"torch", "torchvision", "timm", "cv2", "av", "sklearn", "matplotlib", "pandas", "PIL"},
        ),
        (["fascore.report"], {"torch", "torchvision", "timm", "cv2", "av", "sklearn", "pandas"}),
    ],
)
def test_no_module_of_evaluation_or_report_imports_what_only_training_needs(
    packages: list[str], heavy: set[str]
) -> None:
    program = IMPORTS.format(packages=packages, heavy=heavy)
    ran = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr
