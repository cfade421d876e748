import numpy as np
from fas_audit.record_facts import SIDE, Facts
from fas_audit.surroundings import COLUMNS, ROWS, shown, surroundings


def facts(area, margin=0.0):
    """A grey frame whose columns outside the area are `margin` bright."""
    frame = np.full((SIDE, SIDE), 0.5, dtype=np.float16)
    outside = (np.arange(SIDE) + 1 <= area[0] * SIDE) | (np.arange(SIDE) >= area[2] * SIDE)
    frame[:, outside] = margin
    return Facts("x", frames={"infrared": frame}, area=np.array(area))


LEFT, RIGHT, BOTH, NONE = (0.05, 0, 1, 1), (0, 0, 0.95, 1), (0.25, 0, 0.75, 1), (0, 0, 1, 1)


def test_a_margin_at_either_side_is_seen_by_turning_the_picture():
    seen = shown([facts(LEFT)] * 6 + [facts(RIGHT)] * 5 + [facts(NONE)], "area")
    assert seen.rows.tolist() == list(range(11))
    assert seen.turned.tolist() == [False] * 6 + [True] * 5 + [False]
    assert seen.cells.tolist() == [row * COLUMNS for row in range(ROWS)]


def test_turned_pictures_are_reported_by_what_their_own_margin_shows():
    table = surroundings([facts(side, 0.05 * place) for place, side in enumerate([LEFT, RIGHT] * 5)], "area")
    means = table.values[:, [name.startswith("infrared at") for name in table.names]]
    np.testing.assert_allclose(means, np.tile(0.05 * np.arange(10)[:, None], (1, ROWS)), atol=1e-3)
    assert table.names[0] == "infrared at row 1 of 16, column 1 of 32 from the wider margin"


def test_left_and_right_are_distinguished_where_both_are_seen():
    askew = (0.25, 0, 0.7, 1)
    seen = shown([facts(BOTH), facts(askew)] * 4, "area")
    assert not seen.turned.any()
    assert set((seen.cells % COLUMNS).tolist()) == {*range(8), *range(24, 32)}
