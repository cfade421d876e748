"""`fascore compare` as a user calls it."""

import json


def scores(path, shift):
    lines = ["id,label,species,subject,score"]
    lines += [
        f"{n},{n % 2},{'' if n % 2 else 'print'},s{n // 4},{(n % 2) * shift + (n * 37 % 23) / 23}" for n in range(80)
    ]
    path.write_text("\n".join(lines))


def test_score_files_are_compared_and_written_in_every_form(fascore, tmp_path):
    for name, shift in (("a", 0.3), ("b", 0.7)):
        scores(tmp_path / f"{name}.csv", shift)
        scores(tmp_path / f"{name}_dev.csv", shift + 0.01)
    files = ("a.csv", "b.csv", "--dev", "a_dev.csv", "--dev", "b_dev.csv")
    told = fascore("compare", *files, "--out", "both", "--bootstrap", 50, COLUMNS="200").stdout
    assert "Differences from a" in told and "comparison: both/compare.html" in told
    assert {path.name for path in (tmp_path / "both").iterdir()} == {
        f"compare.{form}" for form in ("html", "md", "tex", "csv", "json")
    }
    found = json.loads((tmp_path / "both/compare.json").read_text())
    pair = found["tests"]["test"]["tasks"]["spoof"]["pairs"]["b"]
    assert pair["differences"]["auc"]["difference"] > 0 and found["bootstrap"]["resamples"] == 50
    paper = ("--paper", "joint/II", "--as", "a=ViT, joint", "--on", "test=SiW")
    fascore("compare", "a.csv", "b.csv", "--threshold", "fixed=0.5", *paper, "--out", "beside")
    cells = json.loads((tmp_path / "beside/compare.json").read_text())["paper"]["cells"]
    assert {(cell["row"], cell["column"]) for cell in cells if cell["ours"]} == {("ViT, joint", "SiW")}


def test_a_paper_alone_is_printed_and_a_bare_option_says_what_lists_all(fascore):
    assert "95.73" in fascore("compare", "--paper", "joint/II", COLUMNS="200").stdout
    for arguments in (("--paper",), ("--paper", "--seed", 1)):
        assert "'fascore papers' lists" in fascore("compare", *arguments, code=1).stderr


def test_papers_are_listed_by_package_and_a_table_is_printed_with_its_marks(fascore):
    listed = fascore("papers").stdout
    assert "fas-joint 0.1.0\n  joint: " in listed and "joint/II " in listed and "polytrace/1 " in listed
    assert "polytrace" not in fascore("papers", "joint").stdout
    printed = fascore("papers", "joint/IV", COLUMNS="250").stdout
    assert "3.6 [a]" in printed and "a: other numbers of the paper contradict it: " in printed
    assert "Did you mean 'joint'" in fascore("papers", "jint/II", code=1).stderr


def test_mistakes_are_reported_in_a_sentence(fascore, tmp_path):
    scores(tmp_path / "a.csv", 0.3)
    for arguments, message in (
        ((), "name at least one system"),
        (("a.csv",), "score files have no threshold"),
        (("nowhere.csv", "--threshold", "fixed=1"), "there is no score file or folder nowhere.csv"),
        (
            ("a.csv", "--threshold", "fixed=0.5", "--baseline", "b"),
            "there is no system 'b' to compare with; available: a",
        ),
        (("a.csv", "--threshold", "fixed=0.5", "--paper", "joint/XX"), "there is no table 'joint/XX'"),
        (
            ("a.csv", "--threshold", "fixed=0.5", "--as", "a=ViT"),
            "'a=ViT' selects a row or column of a paper: add its table with --paper",
        ),
    ):
        assert message in fascore("compare", *arguments, code=1).stderr


def test_a_run_is_compared_with_what_evaluate_made_of_its_scores(home, program):
    program("evaluate", "runs/small/scores/intra.csv", "--dev", "runs/small/scores/dev.csv", "--out", "alone")
    program("compare", "runs/small", "alone", "--out", "compared")
    found = json.loads((home / "compared/compare.json").read_text())
    assert [one["trained_on"] for one in found["systems"].values()] == [["phantom"], []]
    (part,) = found["tests"]["intra"]["tasks"].values()
    run, alone = part["systems"].values()
    assert {key: figure["value"] for key, figure in run.items()} == {
        key: figure["value"] for key, figure in alone.items()
    }
    assert {one["difference"] for one in part["pairs"]["alone"]["differences"].values()} == {0}
