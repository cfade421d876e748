"""The report in a browser: the console stays empty, the page fits a phone, and nothing is cut off without a cue."""

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
        comparison = compare_systems(systems, depth=Depth(50))
        comparison["paper"] = beside(paper_table("joint/IV"), systems, ["one=ViT CA, joint"], ["intra=SiW"])
        return render_comparison("three systems", comparison, list(sections(comparison)), systems)
    metrics = evaluate(tests, choose("eer", dev), [Auc(), Eer(), Iso30107()], dev, Depth(50, 0, ("device",)))
    return render(ReportFacts("a run with a name", metrics, tests, dev, system={"weights": "sha256 " + 64 * "a"}))


def test_a_browser_reports_no_errors(page: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page)
    messages = browse(
        "--window-size=1200,2400", f"--screenshot={tmp_path / 'report.png'}", f"file://{tmp_path / 'report.html'}"
    ).stderr
    assert "CONSOLE" not in messages
    picture = np.asarray(Image.open(tmp_path / "report.png").convert("RGB"))
    assert picture.shape[:2] == (2400, 1200)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50  # something is drawn


def test_an_error_in_a_page_is_detected(tmp_path: Path) -> None:
    (tmp_path / "broken.html").write_text("<script>nothing.there()</script>")
    assert "CONSOLE" in browse(f"--screenshot={tmp_path / 'broken.png'}", f"file://{tmp_path / 'broken.html'}").stderr


def answer(page: str, width: int, script: str, tmp_path: Path) -> str:
    """The result of a script in a page shown `width` pixels wide. In the script, `page` is the document."""
    onload = html.escape(f"const page = this.contentDocument; document.title = 'answer: ' + ({script})")
    frame = f'<iframe onload="{onload}" style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(page)}"></iframe>'
    (tmp_path / "frame.html").write_text(f"<body>{frame}")
    shown = browse("--window-size=1400,1000", "--dump-dom", f"file://{tmp_path / 'frame.html'}").stdout
    title = re.search(r"<title>answer: (.*?)</title>", shown, re.DOTALL)
    assert title, "the page did not load"
    return html.unescape(title.group(1))


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_is_no_wider_than_the_window(width: int, page: str, tmp_path: Path) -> None:
    assert int(answer(page, width, "page.documentElement.scrollWidth", tmp_path)) <= width


CUT_OFF = """
(() => {
  page.querySelectorAll('details').forEach(details => details.open = true);
  const style = element => page.defaultView.getComputedStyle(element);
  const wide = element => element.scrollWidth > element.clientWidth + 1;
  const cued = element => style(element).overflowX === 'auto' && style(element).backgroundImage.includes('radial-gradient')
    && style(element).backgroundAttachment.includes('local');
  const elements = [...page.querySelectorAll('main *')].filter(element => !element.closest('svg') || element.tagName === 'svg');
  const clipped = elements.filter(element => style(element).overflowX !== 'visible' && style(element).display !== 'inline'
    && element.tagName !== 'svg' && wide(element) && !cued(element));
  const outside = elements.filter(element => {
    if (element.getBoundingClientRect().right <= page.documentElement.clientWidth + 1) return false;
    for (let above = element.parentElement; above; above = above.parentElement) if (wide(above) && cued(above)) return false;
    return true;
  });
  const scrolling = elements.filter(element => wide(element) && cued(element)).length;
  return [scrolling, ...[...clipped, ...outside].map(element => element.tagName + '.' + element.className)].join(' ');
})()
"""


def test_on_a_phone_nothing_is_cut_off_without_a_cue(page: str, tmp_path: Path) -> None:
    """What is wider than the screen scrolls in a container whose edges have shadows on the side with more content."""
    scrolling, *cut_off = answer(page, 360, CUT_OFF, tmp_path).split()
    assert int(scrolling) > 0
    assert not cut_off


def test_a_table_that_is_cut_off_is_detected(page: str, tmp_path: Path) -> None:
    without_cue = page.replace("</style>", ".scroll { background: none !important }</style>")
    assert "DIV.card" in answer(without_cue, 360, CUT_OFF, tmp_path)
