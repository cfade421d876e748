"""MSTmap against masks of all unions, and its steps against their definitions written as loops."""

from itertools import product

import numpy as np
import pytest
from fas_rppg.mstmap import membership, moving_mean, normalized, padded, region_means
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

LABELS = arrays(
    np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 6)
)


@settings(max_examples=60, deadline=None)
@given(LABELS, st.integers(0, 2**32 - 1))
def test_rows_equal_means_over_the_masks_of_all_unions_exactly(labels, seed):
    images = np.random.default_rng(seed).integers(0, 256, (*labels.shape, 3))
    masks = np.stack([labels == region for region in range(1, 7)], axis=1)
    sums = np.einsum("tkhw,thwc->tkc", masks.astype(float), images.astype(float))
    found = region_means(sums, masks.sum((2, 3)).astype(float))
    for row, members in enumerate(m for m in product([False, True], repeat=6) if any(m)):
        for t in range(len(labels)):
            union = np.any(masks[t][list(members)], axis=0)
            wanted = images[t][union].sum(0) / union.sum() if union.any() else np.zeros(3)
            np.testing.assert_array_equal(found[:, row, t], wanted)


def test_rows_count_in_binary_with_region_1_the_most_significant_digit():
    b = membership()
    assert b.shape == (63, 6)
    assert [b[row].tolist().index(1) + 1 for row in (31, 15, 7, 3, 1, 0)] == [1, 2, 3, 4, 5, 6]
    assert all(b[row].sum() == 1 for row in (31, 15, 7, 3, 1, 0))
    assert b[62].tolist() == [1] * 6
    assert len({tuple(row) for row in b.tolist()}) == 63


@given(arrays(np.float64, st.integers(2, 12), elements=st.integers(0, 255)))
def test_the_moving_mean_is_of_three_and_of_two_at_the_ends(row):
    wanted = [np.mean(row[max(t - 1, 0) : t + 2]) for t in range(len(row))]
    np.testing.assert_allclose(moving_mean(row[None])[0], wanted, rtol=1e-12)


def test_a_short_clip_is_mirrored_or_followed_by_its_own_last_frames():
    row = np.arange(5.0)
    assert padded(row, 8, "reflect").tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    assert padded(row, 8, "tail").tolist() == [0, 1, 2, 3, 4, 2, 3, 4]
    assert padded(row, 14, "reflect").tolist() == [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3]
    assert padded(row, 13, "tail")[5:].tolist() == [2, 3, 4, 0, 1, 2, 3, 4]
    assert padded(row, 5, "tail").tolist() == row.tolist()


@settings(deadline=None)
@given(arrays(np.float64, (3, 2, 6), elements=st.floats(0, 255)))
def test_minmax_spans_0_to_255_in_each_row_that_is_not_flat(rows):
    found = normalized(rows, "minmax")
    flat = np.ptp(rows, axis=-1) <= 1e-6
    assert (found[flat] == 0).all()
    np.testing.assert_allclose(found[~flat].min(-1), 0)
    np.testing.assert_allclose(found[~flat].max(-1), 255)
    low, spread = rows.min(-1, keepdims=True), np.ptp(rows, axis=-1, keepdims=True)
    np.testing.assert_allclose(found[~flat], 255 * (rows - low)[~flat] / spread[~flat], atol=1e-9)


def test_ac_dc_keeps_the_share_of_the_pulse_whatever_the_brightness():
    t = np.arange(300) / 30
    rows = np.stack([level * (1 + 0.004 * np.sin(2 * np.pi * 1.5 * t)) for level in (40.0, 200.0, 0.0)])[:, None]
    found = normalized(rows, "ac_dc")
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    assert np.abs(found[0]).max() == pytest.approx(0.4, rel=1e-2)
    assert (found[2] == 0).all()
    np.testing.assert_array_equal(normalized(rows, "none"), rows)
