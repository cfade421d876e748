"""The report as a browser shows it: nothing is complained of, and nothing is wider than a phone."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fascore.evaluation.comparison import System, compare_systems
from fascore.evaluation.evaluate import Depth, evaluate
from fascore.evaluation.metrics import Auc, Eer, Iso30107
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.comparison.page import render as render_comparison
from fascore.report.comparison.sheets import sections
from fascore.report.contents import ReportFacts
from fascore.report.html import render
from fascore.report.papers.matching import beside
from fascore.report.papers.tables import paper_table

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browse(*arguments: str) -> subprocess.CompletedProcess[str]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.fail(f"no browser is installed: one of {', '.join(BROWSERS)} is needed to look at the report")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
    return subprocess.run([browser, *flags, *arguments], check=True, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module", params=["report", "comparison"])
def page(request: pytest.FixtureRequest) -> str:
    random = np.random.default_rng(0)
    species = ["", "", "print.flat", "replay.screen", "a species with a very long name that nobody has shortened"] * 30

    def table(name: str) -> ScoreTable:
        return ScoreTable.from_columns(
            {
                "label": [int(not kind) for kind in species],
                "species": species,
                "subject": [f"{name}{i % 11}" for i in range(150)],
                "score": random.uniform(0, 1, 150),
                "device": ["phone", "tablet", "kiosk"] * 50,
            }
        )

    dev, tests = table("dev"), {"intra": table("intra")}
    if request.param == "comparison":
        names = ("one", "another_with_a_very_long_name_that_nobody_has_shortened", "$third_")
        systems = [System(name, {"intra": table("intra")}, choose("eer", dev), dev) for name in names]
        found = compare_systems(systems, depth=Depth(50))
        found["paper"] = beside(paper_table("joint/IV"), systems, ["one=ViT CA, joint"], ["intra=SiW"])
        return render_comparison("three systems", found, list(sections(found)), systems)
    metrics = evaluate(tests, choose("eer", dev), [Auc(), Eer(), Iso30107()], dev, Depth(50, 0, ("device",)))
    return render(ReportFacts("a run with a name", metrics, tests, dev, system={"weights": "sha256 " + 64 * "a"}))


def test_a_browser_has_nothing_to_complain_of(page: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page)
    told = browse(
        "--window-size=1200,2400", f"--screenshot={tmp_path / 'report.png'}", f"file://{tmp_path / 'report.html'}"
    ).stderr
    assert "CONSOLE" not in told
    picture = np.asarray(Image.open(tmp_path / "report.png").convert("RGB"))
    assert picture.shape[:2] == (2400, 1200)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50  # something is drawn


def test_a_broken_page_would_have_been_noticed(tmp_path: Path) -> None:
    (tmp_path / "broken.html").write_text("<script>nothing.there()</script>")
    assert "CONSOLE" in browse(f"--screenshot={tmp_path / 'broken.png'}", f"file://{tmp_path / 'broken.html'}").stderr


@pytest.mark.parametrize("width", [375, 1200])
def test_the_page_is_no_wider_than_the_window(width: int, page: str, tmp_path: Path) -> None:
    script = 'onload="document.title=this.contentDocument.documentElement.scrollWidth"'
    frame = f'<body><iframe {script} style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(page)}"></iframe></body>'
    (tmp_path / "frame.html").write_text(frame)
    shown = browse("--window-size=1400,1000", "--dump-dom", f"file://{tmp_path / 'frame.html'}").stdout
    found = re.search(r"<title>(\d+)</title>", shown)
    assert found, "the page did not load"
    assert int(found.group(1)) <= width
