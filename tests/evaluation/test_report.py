"""The report and the terminal's summary: complete, escaped, self-contained, the same bytes every time."""

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import norm

from fascore.contract.hooks import Section
from fascore.evaluation.evaluate import Depth, evaluate
from fascore.evaluation.metrics import Accuracy, Auc, Eer, Hter, Iso30107, TprAtFpr
from fascore.evaluation.roc import roc
from fascore.evaluation.table import ScoreTable
from fascore.evaluation.threshold import choose
from fascore.report.charts import POINTS, Line, det_chart, operating_point, scatter_chart, thinned, training_chart
from fascore.report.contents import ReportFacts, Timing, curves, record_counts, record_people
from fascore.report.html import render, write_report
from fascore.report.sharing import Pseudonyms, to_share
from fascore.report.terminal import summary_table

METRICS = [Auc(), Eer(), Hter(), Accuracy(), TprAtFpr(fpr=0.001, positive="attack"), Iso30107()]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that tags balance, and collects what the page would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "srcset", "action") and not str(value).startswith(("#", "data:")):
                self.fetched.append(str(value))
            if name.startswith("on"):
                self.fetched.append(name)
            if name == "id":
                self.ids.append(str(value))
        if tag == "script":
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def scores(seed: int, count: int = 40, dataset: str = "d", species: str = "print") -> ScoreTable:
    random = np.random.default_rng(seed)
    kinds = [""] * count + [species] * count + ["mask"] * count + ["forgery.swap"] * count
    return ScoreTable.from_columns(
        {
            "id": range(4 * count),
            "dataset": [dataset] * 4 * count,
            "label": [1] * count + [0] * 3 * count,
            "species": kinds,
            "task": ["spoof"] * 3 * count + ["forgery"] * count,
            "subject": [f"{dataset}{i % 7}" for i in range(4 * count)],
            "score": np.r_[random.normal(1, 1, count), random.normal(-1, 1, 3 * count)],
            "response": ["no_face" if i % 50 == 7 else "ok" for i in range(4 * count)],
        }
    )


def facts(**changes: object) -> ReportFacts:
    dev, tests = scores(0, dataset="dev"), {"intra": scores(1), "cross": scores(2)}
    given = {
        "title": "demo",
        "metrics": evaluate(tests, choose("eer", dev), METRICS, dev),
        "tests": tests,
        "dev": dev,
        "system": {"weights": "sha256 abc"},
        "splits": {"train": {"bona_fide": 77, "subjects": 5, "species": {"print": 66}}},
        "log": [
            {"epoch": 0, "losses": {"main": 1.0}},
            {"epoch": 1, "losses": {"main": 0.5}},
            {"epoch": 1, "dev": {"auc": 0.9}},
        ],
        "quarantine": [
            {"id": "broken/1", "modality": "faces", "response": "unreadable", "reason": "the file ends early"}
        ]
        * 2,
        "sections": [Section("Pulse", "<p>heart</p>")],
    }
    return ReportFacts(**{**given, **changes})


def part_of(page: str, anchor: str) -> str:
    part = page[page.index(f'<section id="{anchor}">') :]
    return part[: part.index("</section>")]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", " ".join(Page(page).words))


def test_the_report_fetches_nothing_runs_nothing_and_its_tags_balance() -> None:
    text = render(facts())
    page = Page(text)
    assert page.open == []
    assert page.fetched == []
    assert len(page.ids) == len(set(page.ids))
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_the_report_says_what_a_certifier_looks_for() -> None:
    shown = text_of(render(facts()))
    for words in (
        "APCER, worst species",
        "BPCER: bona fide rejected",
        "95 %, if independent",
        "Miss rate by species",
        "ISO/IEC 30107-3:2023",
        "[test-oracle]",
        "chosen on the dev split of dev (",
        "not measurable",
        "the file ends early",
        "no_face",
        "sha256 abc",
        "heart",
        "Training losses",
        "77",
        "DET (normal deviate axes)",
        "all tasks merged",
        "ACER (for comparison with papers)",
    ):
        assert words in shown


def test_figures_of_the_report_are_those_of_metrics_json() -> None:
    given = facts()
    iso = given.metrics["tests"]["intra"]["tasks"]["spoof"]["metrics"]["iso30107"]
    shown = text_of(render(given))
    for rate in (iso["apcer_worst"], iso["apcer_pooled"], iso["bpcer"], iso["acer_worst"]):
        assert f"{100 * rate:.2f} %" in shown
    print_rate = iso["species"]["print"]
    assert f"{print_rate['errors']} / {print_rate['n']}" in shown


def test_forgery_has_no_apcer_in_the_report() -> None:
    part = part_of(render(facts()), "intra-forgery")
    assert "Miss rate" in part
    assert "APCER" not in part


@pytest.mark.parametrize(
    ("level", "of_a_run", "of_score_files"),
    [
        (None, "one record of the dataset (an image or a video)", "one row of the score file"),
        ("clip", "one clip, scored by the mean of its rows", "one clip, scored by the mean of its rows"),
    ],
)
def test_a_report_states_what_one_presentation_is(level: str | None, of_a_run: str, of_score_files: str) -> None:
    metrics = {**facts().metrics, "level": level and {"name": level, "rule": "mean"}}
    counts = record_counts([])
    for splits, words in (({"train": counts}, of_a_run), ({}, of_score_files)):
        assert f"<dt>Presentation</dt><dd>{words}</dd>" in render(replace(facts(), metrics=metrics, splits=splits))


def test_hostile_names_are_text_in_the_report() -> None:
    nasty = "<script>alert(1)</script>"
    tests = {nasty: scores(1, species=nasty)}
    metrics = evaluate(tests, choose("fixed=0", None), METRICS)
    given = facts(title=nasty, tests=tests, metrics=metrics, system={nasty: nasty}, quarantine=[{"reason": nasty}])
    page = Page(render(given))
    assert page.fetched == []
    assert nasty in " ".join(page.words)


def test_the_same_facts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_report(tmp_path / name, facts())
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize("keep", ["bona_fide", "attack", "responded"])
def test_a_test_set_of_one_class_or_without_answers_still_gives_a_report(keep: str) -> None:
    rows = getattr(scores(1), keep)
    lone = scores(1).select(~rows if keep == "responded" else rows)
    given = facts(
        tests={"t": lone},
        metrics=evaluate({"t": lone}, choose("fixed=0", None), METRICS),
        dev=None,
        log=(),
        quarantine=(),
        sections=(),
    )
    assert Page(render(given)).open == []
    Console(file=None, quiet=True).print(summary_table(given.metrics))


def test_a_report_without_threshold_says_so() -> None:
    tests = {"t": scores(1)}
    assert "No threshold: no dev scores were provided" in text_of(
        render(facts(tests=tests, metrics=evaluate(tests, None, METRICS), dev=None))
    )


def test_a_report_of_many_scores_stays_small() -> None:
    tests = {"t": scores(1, count=50_000)}
    page = render(facts(tests=tests, metrics=evaluate(tests, choose("fixed=0", None), METRICS)))
    assert len(page) < 500_000


def test_thinning_keeps_the_ends_and_stays_on_the_curve() -> None:
    random = np.random.default_rng(0)
    curve = roc(np.sort(random.normal(1, 1, 20_000)), np.sort(random.normal(0, 1, 20_000)))
    x, y = thinned(curve.false_accept, curve.false_reject)
    assert len(x) <= POINTS
    assert {(x[0], y[0]), (x[-1], y[-1])} == {(1, 0), (0, 1)}
    assert set(zip(x, y)) <= set(zip(curve.false_accept, curve.false_reject))
    np.testing.assert_allclose(np.interp(0.1, x[::-1], y[::-1]), norm.cdf(norm.ppf(0.9) - 1), atol=0.02)


def test_the_operating_point_accepts_a_score_at_the_threshold() -> None:
    line = Line("x", np.array([0.1, 0.5, 0.9]), np.array([0.1, 0.5]))
    assert operating_point(line, 0.5) == (0.5, pytest.approx(1 / 3))


def test_a_perfect_system_has_an_empty_det_and_no_failure() -> None:
    assert "<svg" in det_chart([Line("x", np.array([1.0, 2.0]), np.array([0.0]), 0.5)], "perfect")


def test_curves_average_the_steps_of_an_epoch() -> None:
    log = [
        {"epoch": 0, "losses": {"main": 1.0}},
        {"epoch": 0, "losses": {"main": 3.0}},
        {"epoch": 1, "dev": {"auc": 0.5}},
        {"event": "started"},
    ]
    assert curves(log) == {"losses": {"main": {0.0: 2.0}}, "dev": {"auc": {1.0: 0.5}}}


def test_counts_of_records_are_those_of_their_table() -> None:
    from fascore.contract.record import Record

    records = [Record("a", 1, {}, subject="s"), Record("b", 0, {}, species="print", subject="s"), Record("c", 0, {})]
    assert record_counts(records) == {"bona_fide": 1, "subjects": 1, "species": {"print": 1, "unknown": 1}}


def test_the_terminal_shows_rates_n_intervals_oracles_origin_and_warnings() -> None:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    given = facts()
    console.print(summary_table(given.metrics))
    shown = console.export_text()
    for words in (
        "EER [test-oracle]",
        "APCER by species",
        "miss rate by manipulation",
        "ACER, worst species",
        "chosen on the dev split",
    ):
        assert words in shown
    print_rate = given.metrics["tests"]["intra"]["tasks"]["spoof"]["metrics"]["iso30107"]["species"]["print"]
    assert f"{print_rate['errors']} / {print_rate['n']}" in shown


LONG = "silicone-mask-with-eye-holes-and-a-beard"


def printed(shown: object, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(shown)
    return console.export_text()


@pytest.mark.parametrize("tests", [1, 7])
def test_no_name_and_no_figure_is_truncated_at_80_columns(tests: int) -> None:
    dev = scores(0, dataset="dev")
    named = scores(1, species=LONG)
    metrics = evaluate(dict.fromkeys((f"{LONG}-{n}" for n in range(tests)), named), choose("eer", dev), METRICS, dev)
    text = printed(summary_table(metrics), 80)
    assert "…" not in text
    letters = re.sub(r"[\s┃│]", "", text)
    assert letters.count(LONG) >= tests
    for name in ("AUC", "EER[test-oracle]", "ACER,worstspecies", "APCER,worstspecies"):
        assert name in letters
    figures = {f"{100 * test['tasks']['spoof']['metrics']['eer']['value']:.2f} %" for test in metrics["tests"].values()}
    assert all(text.count(figure) >= tests for figure in figures)


def deep() -> ReportFacts:
    """With the bootstrap, breakdowns, decision times, pictures and the people of train."""
    dev, tests = scores(0, dataset="dev"), {"intra": scores(1), "cross": scores(2)}
    metrics = evaluate(tests, choose("eer", dev), METRICS, dev, Depth(resamples=50, by=("subject",)))
    return facts(
        tests=tests,
        dev=dev,
        metrics=metrics,
        timing=Timing([0.1] * 9 + [2.1], "on a test bench"),
        people={"train": frozenset({("d", "d1"), ("d", "elsewhere")})},
        pictures={"intra": {"0": b"jpeg"} | {str(i): b"jpeg" for i in range(160)}},
    )


def test_the_worst_species_is_shown_with_its_exact_bound_and_every_rate_with_both_intervals() -> None:
    given = deep()
    iso = given.metrics["tests"]["intra"]["tasks"]["spoof"]["metrics"]["iso30107"]
    part = text_of(part_of(render(given), "intra-spoof"))
    assert f"≤ {100 * iso['apcer_worst_bound']['value']:.2f} %" in part
    for rate in (*iso["species"].values(), iso["bona_fide"]):
        assert f"{100 * rate['low']:.1f} – {100 * rate['high']:.1f} %" in part
        if rate["errors"]:
            assert f"{100 * rate['bootstrap']['low']:.1f} – {100 * rate['bootstrap']['high']:.1f} %" in part
        else:  # no resample of no errors has one: the rule of three says more
            assert f"0 – {100 * rate['rule_of_three']['high']:.2f} %" in part
    second = iso["non_response_rejects"]
    assert (
        f"If non-responses count as rejections: APCER of the worst species {100 * second['apcer_worst']:.2f} %" in part
    )


def test_a_breakdown_has_a_row_for_each_value_with_n() -> None:
    given = deep()
    part = text_of(part_of(render(given), "intra-spoof"))
    assert "By subject" in part
    for value, found in given.metrics["tests"]["intra"]["tasks"]["spoof"]["breakdowns"]["subject"].items():
        assert value in part
        assert f"{100 * found['metrics']['iso30107']['bpcer']:.2f} %" in part


def test_people_who_are_in_train_and_test_are_counted_by_pair_of_splits() -> None:
    part = text_of(part_of(render(deep()), "data"))
    assert re.search(r"train and intra 2, 7 1", part)
    assert re.search(r"dev and intra 7, 7 none", part)


def test_decision_times_are_those_measured_or_those_of_the_score_file() -> None:
    assert "50 % of the decisions within 100 ms, 95 % within 1.20 s (n = 10; on a test bench)" in text_of(
        render(deep())
    )
    table = ScoreTable.from_columns({"label": [1, 0, 0], "score": [1.0, 0.0, 0.1], "decision_time": ["0.2", "", "0.4"]})
    shown = text_of(render(ReportFacts("t", evaluate({"t": table}, None, METRICS), {"t": table})))
    assert "within 300 ms, 95 % within 390 ms (n = 2; from column" in shown
    assert "Decision time not measured" in text_of(render(facts()))


def test_calibration_is_that_of_scikit_learn_and_only_of_probabilities() -> None:
    from sklearn.metrics import brier_score_loss

    random = np.random.default_rng(0)
    score = random.uniform(0, 1, 2000)
    label = (random.uniform(0, 1, 2000) < score).astype(int)
    table = ScoreTable.from_columns({"label": label, "score": score})
    shown = text_of(render(ReportFacts("t", evaluate({"t": table}, None, METRICS), {"t": table})))
    assert f"Brier score {brier_score_loss(label, score):.4f}" in shown
    error = float(re.search(r"Expected calibration error ([0-9.]+)", shown).group(1))  # type: ignore[union-attr]
    assert error < 0.05  # the scores are calibrated by construction
    assert "Calibration" not in text_of(render(facts()))


def test_the_worst_mistakes_are_the_extreme_scores_on_the_wrong_side_with_pictures_where_there_are_some() -> None:
    given = deep()
    table, value = given.tests["intra"].task("spoof"), given.metrics["threshold"]["value"]
    wrong = table.score[table.attack & table.responded & (table.score >= value)]
    part = part_of(render(given), "intra-spoof")
    assert f"{wrong.max():.6g}" in part
    assert part.count("data:image/jpeg;base64,") == part.count("<li>") > 0
    assert "<img" not in part_of(render(given), "cross-spoof")


def test_a_shared_report_has_no_picture_no_id_and_no_name() -> None:
    given = deep()
    told = {**given.metrics, "warnings": ["1 subjects of test set 'intra' also appear in dev (for example 'd3')"]}
    left_out = [{"id": "secret", "response": "unreadable", "reason": "/home/ann/x.mp4"}]
    given = replace(given, metrics=told, quarantine=left_out)
    page, whole = render(to_share(given)), render(given)
    assert "<img" not in page
    assert "heart" not in page  # a section that does not say it may be shared
    for secret in (">d3<", "d3&#39;", "secret", "/home/ann", *(f"<code>{i}</code>" for i in range(160))):
        assert secret not in page
        assert secret in whole or secret.startswith("<code>")
    assert "test set &#39;intra&#39;" in page
    assert re.findall(r"\d+\.\d\d %", text_of(page)) == re.findall(r"\d+\.\d\d %", text_of(whole))


def test_pseudonyms_are_one_to_one_and_do_not_depend_on_the_order_of_names() -> None:
    names = [f"person{i}" for i in range(1200)]
    forwards, backwards = Pseudonyms.of(names, "s"), Pseudonyms.of(names[::-1], "s")
    assert len({forwards(name) for name in names}) == 1200
    assert [forwards(name) for name in names] == [backwards(name) for name in names]
    assert forwards("") == ""


def test_everybody_in_a_split_is_counted_in_any_role() -> None:
    from fascore.contract.record import Record

    records = [
        Record("a", 1, {}, dataset="d", subject="s", presenter="s"),
        Record("b", 0, {}, dataset="d", subject="s", presenter="t"),
    ]
    assert record_people(records) == {("d", "s"), ("d", "t")}


def test_instruments_and_sources_are_counted_by_species() -> None:
    table = ScoreTable.from_columns(
        {
            "label": [0, 0, 0, 1],
            "score": [0.0] * 4,
            "species": ["print", "print", "mask", ""],
            "instrument": ["i1", "i2", "", ""],
            "subject": ["a", "a", "b", "a"],
            "presenter": ["p", "q", "q", "a"],
        }
    )
    part = text_of(
        part_of(
            render(ReportFacts("t", evaluate({"t": table}, choose("fixed=0", None), METRICS), {"t": table})), "data"
        )
    )
    assert "t mask 1 not named 1 1" in part
    assert "t print 2 2 1 2" in part


def test_a_second_operating_point_of_the_standards_rates_is_a_row_of_its_own() -> None:
    dev, tests = scores(0, dataset="dev"), {"intra": scores(1)}
    metrics = evaluate(tests, choose("eer", dev), [Iso30107(), Iso30107(threshold="bpcer=0.05")], dev)
    other = metrics["tests"]["intra"]["tasks"]["spoof"]["metrics"]["iso30107(threshold=bpcer=0.05)"]
    part = text_of(part_of(render(ReportFacts("t", metrics, tests, dev)), "intra-spoof"))
    assert f"ACER, worst species (threshold=bpcer=0.05) {100 * other['acer_worst']:.2f} %" in part
    assert f"BPCER {100 * other['bpcer']:.2f} %" in part
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(summary_table(metrics))
    assert "APCER, worst species (threshold=bpcer=0.05)" in console.export_text()


def test_both_classes_have_their_color() -> None:
    page = render(facts())
    style = page[: page.index("</style>")]
    for kind, variable in (("attack", "attack"), ("bona", "genuine")):
        assert f'class="{kind}"' in page
        assert re.search(rf"\.{kind} {{[^}}]*color: var\(--{variable}\)", style)


def test_a_narrow_terminal_folds_long_names_and_cuts_no_figure() -> None:
    part = {"metrics": {"tpr_at_fpr(fpr=0.1, positive=attack)": {"value": 0.4321, "primary": "value", "oracle": True}}}
    tests = {name: {"tasks": {"spoof": part, "forgery": part}} for name in ("intra", "cross", "other")}
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(summary_table({"tests": tests, "threshold": None, "warnings": []}))
    lines = console.export_text().splitlines()
    assert sum(line.count("43.21 %") for line in lines) == 6
    assert max(len(line) for line in lines) <= 80
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(
    ("values", "halfway"), [((100.0, 10.0, 1.0), True), ((10.0, 5.5, 1.0), False), ((100.0, 10.0, 0.0), False)]
)
def test_losses_of_several_orders_have_an_axis_in_decades(values, halfway):
    drawing = training_chart({"generator": dict(enumerate(values))}, "mean of the epoch", "losses", spread=50)
    path, _legend = re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--genuine\)', drawing)
    high, middle, low = [float(pair.split()[1]) for pair in re.split("[ML]", path)[1:4]]
    share = (middle - high) / (low - high)
    assert share == pytest.approx(0.5 if halfway else (values[0] - values[1]) / (values[0] - values[2]), abs=1e-3)


def test_six_groups_of_points_have_six_colors():
    points = np.random.default_rng(0).normal(size=(6, 9, 2))
    drawing = scatter_chart({f"group {place}": each for place, each in enumerate(points)}, "features")
    assert len(set(re.findall(r"fill: (var\(--[a-z]+\))", drawing)) - {"var(--ink)"}) == 6
