"""Printed numbers of papers that plugins bring: found, read, and set beside runs."""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fascore import FascoreError
from fascore.contract.paper import load_paper
from fascore.contract.registry import BrokenPlugin, Index, UnknownComponent, index, using
from fascore.evaluation.comparison import System, compare_systems
from fascore.evaluation.roc import auc, equal_error
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.comparison import files as written
from fascore.report.comparison.sheets import sections
from fascore.report.papers.matching import beside
from fascore.report.papers.reading import read_cells
from fascore.report.papers.tables import listing, paper_table

HEADER = "paper,table,row,column,task,metric,unit,value,deviation,flag,reason"
CELLS = [
    *(
        f'toy,II,"{row}",{column},{task},{metric},percent,{value},,,'
        for row in ("ResNet50, separate", "ViT, joint")
        for column, task in (("SiW", "spoof"), ("MSU", "spoof"), ("HKBU", "spoof"), ("FF++", "forgery"))
        for metric, value in (("AUC", 95), ("EER", 8.93))
    ),
    "toy,III,Ours,SiW,spoof,EER,percent,3.6,,contradicted,impossible with AUC 99.99",
    "toy,III,Ours,MSU,spoof,EER,percent,8.93,0.2,,",
    "toy,III,Ours,FF++,forgery,EER,percent,,,not printed,the cell is empty",
    "toy,III,Ours,SiW,spoof,ACER,percent,4.1,,,",
    "toy,III,Ours,SiW,spoof,parameters,million,1.73,,,",
]
MAPPING = {
    "AUC": {"said": "All attacks pooled", "ours": [{"name": "AUC", "metric": {"type": "auc"}}]},
    "EER": {
        "said": "Where both rates are nearest",
        "ours": [{"name": "EER, nearest", "metric": {"type": "eer", "convention": "nearest"}}],
    },
    "ACER": {
        "said": "Which attacks is not known",
        "ours": [
            {"name": f"ACER, {part}", "metric": {"type": "iso30107"}, "part": f"acer_{part}"}
            for part in ("worst", "pooled")
        ],
    },
}
MODULE = """
from importlib.resources import files
from fascore import Paper

FILES = files(__name__)
TOY = Paper("toy", "A toy", "Nobody, 2024; tables II and III", FILES / "toy.csv", FILES / "toy.json")
OTHER = Paper("another", "A toy", "Nobody", FILES / "toy.csv", FILES / "toy.json")
LOST = Paper("lost", "A lost toy", "Nobody", FILES / "lost.csv", FILES / "toy.json")
NUMBER = 3
"""
POINTS = """[fascore.v1.paper]
toy = toy_papers:TOY
misnamed = toy_papers:OTHER
lost = toy_papers:LOST
number = toy_papers:NUMBER
broken = toy_papers.broken:TOY
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the module of an installed distribution `toy-papers`, which brings one paper and four that are broken."""
    folder = tmp_path / "site" / "toy_papers"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(MODULE)
    (folder / "toy.csv").write_text("\n".join([HEADER, *CELLS]) + "\n")
    (folder / "toy.json").write_text(json.dumps(MAPPING))
    information = folder.parent / "toy_papers-0.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-papers\nVersion: 0.1\n")
    (information / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(folder.parent)
    with using(Index.from_environment()):
        yield folder
    sys.modules.pop("toy_papers", None)


def test_names_are_read_from_metadata_and_files_when_a_table_is_asked_for(package: Path) -> None:
    (package / "toy.csv").unlink()
    assert "toy" in index().names("paper") and "toy_papers" not in sys.modules
    assert load_paper("toy").title == "A toy"
    with pytest.raises(FascoreError, match=r"paper 'toy': .*toy\.csv cannot be read"):
        paper_table("toy/II")


def test_tables_are_listed_by_package_with_their_metrics_and_marks() -> None:
    lines = listing().splitlines()
    own = lines[lines.index("toy-papers 0.1") :]
    assert "  toy: A toy (Nobody, 2024; tables II and III)" in own
    assert "    toy/II            AUC, EER; 16 cells" in own
    assert "    toy/III           EER, ACER, parameters; 5 cells, 2 marked" in own


def test_a_broken_paper_costs_only_itself() -> None:
    text = listing()
    assert "  broken: paper 'broken' from toy-papers 0.1 cannot be imported (toy_papers.broken:TOY): Mod" in text
    assert "lost.csv cannot be read" in text and "toy/II " in text
    for name, words in (("misnamed", "has the name 'another'"), ("number", "is not a fascore.Paper")):
        with pytest.raises(BrokenPlugin, match=words):
            load_paper(name)
    assert paper_table("toy/II").columns == ["SiW", "MSU", "HKBU", "FF++"]


def test_an_unknown_table_is_answered_with_the_nearest_and_all_of_the_paper() -> None:
    with pytest.raises(FascoreError, match=r"there is no table 'toy/IIX'; did you mean toy/II\?$") as caught:
        paper_table("toy/IIX")
    assert "toy/II  " in str(caught.value) and "toy/III  " in str(caught.value)
    assert (paper_table("TOY/2").name, paper_table("Toy/ii").name) == ("III", "II")


@pytest.mark.parametrize(
    ("name", "package_name"),
    [("joint", "fas-joint"), ("polytrace", "fas-physttd"), ("mmfas", "fas-mmfas"), ("twostream", "fas-twostream")],
)
def test_a_paper_that_is_not_installed_says_what_to_install(name: str, package_name: str) -> None:
    refused = pytest.raises(UnknownComponent, match=rf"^there is no paper '{name}'\. .* pip install {package_name}$")
    with using(Index.of({"paper": {"toy": "toy_papers:TOY"}})), refused:
        paper_table(f"{name}/1")
    with using(Index.of({})):
        assert f"pip install {package_name} provides" in listing() and name in listing()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("toy,II,a,b,spoof,AUC,percent,95,,", "more or fewer cells"),
        ("toi,II,a,b,spoof,AUC,percent,95,,,", "paper is 'toi'; write 'toy'"),
        ("toy,II,a,b,spoof,AUC,per mille,95,,,", "unit is 'per mille'; choose one of percent"),
        ("toy,II,a,b,spoof,AUC,percent,95,,odd,no reason", "flag is 'odd'; leave it empty, or"),
        ("toy,II,a,b,spoof,AUC,percent,high,,,", "value is 'high', which is not a number"),
        ("toy,II,a,b,spoof,AUC,percent,95,nan,,", "deviation is 'nan', which is not a number"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_write(package: Path, line: str, words: str) -> None:
    (package / "toy.csv").write_text("\n".join([HEADER, CELLS[0], line]))
    with pytest.raises(FascoreError, match=rf"toy\.csv, line 3: .*{words}"):
        read_cells(load_paper("toy"))


def test_other_columns_and_another_form_of_the_mapping_are_refused(package: Path) -> None:
    (package / "toy.json").write_text('{"AUC": {"said": "All attacks", "our": []}}')
    with pytest.raises(FascoreError, match=r"toy\.json: AUC.ours: is missing"):
        paper_table("toy/II")
    (package / "toy.csv").write_text("paper,table\n")
    with pytest.raises(FascoreError, match="has the columns paper, table; write paper, table, row"):
        paper_table("toy/II")
    (package / "toy.csv").write_text(f"{HEADER}\n")
    with pytest.raises(FascoreError, match="has no cells"):
        paper_table("toy/II")


def run(name: str, datasets: dict[str, str], task: str = "spoof", count: int = 200) -> System:
    random = np.random.default_rng(1)
    tests = {}
    for test, dataset in datasets.items():
        label = np.arange(count) % 2
        tests[test] = ScoreTable.from_columns(
            {
                "id": [f"{dataset}{row}" for row in range(count)],
                "dataset": [dataset] * count,
                "task": [task] * count,
                "label": label,
                "score": random.normal(0, 1, count) + label,
                "species": np.where(label == 1, "", "print.flat"),
            }
        )
    return System(name, tests, choose("fixed=0.5", None))


def ours(document: dict, **place: str) -> list[dict]:
    (cell,) = [cell for cell in document["cells"] if all(cell[key] == value for key, value in place.items())]
    return cell["ours"]


def test_a_run_is_below_the_row_that_its_name_spells_and_its_test_sets_in_the_columns_of_their_data() -> None:
    system = run("runs/resnet50-separate.s3", {"intra": "SiW", "MSU": "unnamed"})
    document = beside(paper_table("toy/II"), [system])
    assert document["warnings"] == []
    place = {"row": "ResNet50, separate", "task": "spoof"}
    (figure,) = ours(document, column="SiW", metric="AUC", **place)
    table = system.tests["intra"]
    assert (figure["test"], figure["value"]) == ("intra", auc(table.sorted_bona_fide, table.sorted_attack))
    (figure,) = ours(document, column="MSU", metric="EER", **place)
    table = system.tests["MSU"]
    assert figure["value"] == equal_error(table.sorted_bona_fide, table.sorted_attack).nearest and figure["oracle"]
    assert ours(document, column="HKBU", metric="EER", **place) == []
    assert sum(bool(cell["ours"]) for cell in document["cells"]) == 4


def test_a_run_is_of_the_row_and_the_test_set_of_the_column_that_the_user_says() -> None:
    system = run("mine", {"a": "x"})
    assert "mine: no row of toy/II has this name" in beside(paper_table("toy/II"), [system])["warnings"][0]
    assert (
        "no test set has the name of a column"
        in beside(paper_table("toy/II"), [system], ["mine=vit, JOINT"])["warnings"][0]
    )
    document = beside(paper_table("toy/II"), [system], ["mine=vit, JOINT"], ["a=HKBU"])
    assert len(ours(document, row="ViT, joint", column="HKBU", metric="AUC")) == 1
    for rows, columns, message in (
        (["mine=ViT"], [], "the table has no 'ViT'; did you mean 'ViT, "),
        (["mine"], [], "write ours, an equals sign"),
        (["other=ViT, joint"], [], "there is no 'other'; available: mine"),
        ([], ["a=SIW-M"], "did you mean 'SiW'"),
    ):
        with pytest.raises(FascoreError, match=message):
            beside(paper_table("toy/II"), [system], rows, columns)


def test_forgeries_are_in_columns_of_forgery_alone() -> None:
    document = beside(paper_table("toy/II"), [run("vit-joint", {"ff": "FF++", "siw": "SiW"}, task="forgery")])
    assert {cell["column"] for cell in document["cells"] if cell["ours"]} == {"FF++"}


def test_where_a_paper_does_not_name_its_acer_both_of_ours_are_shown() -> None:
    document = beside(paper_table("toy/III"), [run("Ours", {"siw": "any"})])
    figures = ours(document, row="Ours", column="SiW", metric="ACER")
    assert [figure["name"] for figure in figures] == ["ACER, worst", "ACER, pooled"]
    assert "not known" in document["metrics"]["ACER"]


def test_a_marked_cell_has_a_footnote_and_no_distance_in_every_form(tmp_path: Path) -> None:
    system = run("ours", {"siw": "SiW", "msu": "MSU"})
    comparison = compare_systems([system])
    comparison["paper"] = beside(paper_table("toy/III"), [system])
    shown = list(sections(comparison))
    page = written.write(tmp_path, comparison, shown, [system]).read_text()
    assert re.search(r'3\.6<sup class="bad">a</sup>', page)
    assert r"3.6\textsuperscript{a}" in (tmp_path / "compare.tex").read_text()
    assert r"3.6 \[a\]" in (tmp_path / "compare.md").read_text()
    assert "impossible with AUC 99.99" in page
    sheet = next(sheet for section in shown for sheet in section.sheets if sheet.title.startswith("EER · Presentation"))
    row = next(row for row in sheet.rows if row[0].text.startswith("fascore:"))
    siw, msu = (row[list(sheet.head).index(name)] for name in ("SiW", "MSU"))
    assert siw.detail == () and float(msu.detail[0]) == pytest.approx(float(msu.text) - 8.93, abs=0.011)
    rows = list(csv.DictReader((tmp_path / "compare.paper.csv").open(newline="")))
    assert len(rows) == 6 and sum(bool(row["ours"]) for row in rows) == sum(
        len(cell["ours"]) for cell in comparison["paper"]["cells"]
    )
