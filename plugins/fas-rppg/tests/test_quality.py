"""Padding and frame rate by label: counted from what is stored, and warned of where they tell the label."""

from types import SimpleNamespace

import numpy as np
import pytest
from fas_rppg.quality import Quality, label_auc, standard_error
from hypothesis import given, strategies as st

from fascore import Record


class Looked:
    """Stands for a trained model: its records, and what is stored of their map."""

    def __init__(self, rows, kind="rppg.mstmap"):
        self.rows = {f"r{place}": row for place, row in enumerate(rows)}
        self.splits = {
            "test": tuple(
                Record(id, label, {}, species=None if label else "print.flat")
                for id, (label, _, _) in self.rows.items()
            )
        }
        self.plan = SimpleNamespace(modalities={"mst": SimpleNamespace(component=SimpleNamespace(type=kind))})

    def stored(self, record, modality):
        _, valid, fps = self.rows[record.id]
        return None if valid is None else {"valid": np.array([valid], np.uint8), "fps": np.array([fps])}


def told(rows, **kind):
    return Quality({}).report_sections(Looked(rows, **kind))


def test_shares_and_rates_are_means_by_label_and_records_without_a_map_are_left_out():
    (section,) = told([(1, [1, 1, 1, 0], 30.0), (1, [1, 1, 0, 0], 30.0), (0, [1, 1, 1, 1], 25.0), (0, None, 25.0)])
    assert '<td>bona fide</td><td class="n">2</td><td class="n">37.5 %</td><td class="n">30.00</td>' in section.html
    assert '<td>attack</td><td class="n">1</td><td class="n">0.0 %</td><td class="n">25.00</td>' in section.html
    assert section.shareable


def test_a_frame_rate_that_reveals_the_label_is_warned_of_and_one_that_does_not_is_not():
    split = [(label, [1, 1], 30.0 if label else 25.0) for label in (0, 1) * 5]
    (section,) = told(split)
    assert "test, spoof: frame rate alone reveals the label with an AUC of 1.00 (limit 0.6, 10 records)" in section.html
    assert "padding alone" not in section.html
    (section,) = told([(label, [1, 1], fps) for label in (0, 1) for fps in (25.0, 30.0)])
    assert "alone reveals" not in section.html


def test_what_few_records_may_show_by_chance_is_not_warned_of():
    few = [(1, [1, 1], 30.0), (1, [1, 1], 25.0), (0, [1, 1], 25.0), (0, [1, 1], 25.0)]
    assert "alone reveals" not in told(few)[0].html
    assert "AUC of 0.75" in told(few * 20)[0].html


@given(st.integers(1, 60), st.integers(1, 60))
def test_without_any_difference_the_standard_error_is_that_of_the_rank_sum(genuine, attack):
    label = np.repeat([1, 0], [genuine, attack])
    assert standard_error(0.5, label) == pytest.approx(((genuine + attack + 1) / (12 * genuine * attack)) ** 0.5)


def test_a_run_without_an_mstmap_has_no_such_section():
    assert told([(1, [1], 30.0)], kind="face_frames") == []


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=2, max_size=12))
def test_the_auc_is_the_share_of_ordered_pairs_whichever_way_it_points(rows):
    label, values = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    pairs = [(b > a) + 0.5 * (b == a) for a in values[label == 0] for b in values[label == 1]]
    if not pairs:
        assert label_auc(values, label) is None
    else:
        assert label_auc(values, label) == pytest.approx(max(np.mean(pairs), 1 - np.mean(pairs)))
