"""What `phantom-1` is, once it is frozen: the one place that holds its constants."""

import pytest
from fas_phantom import fingerprint, mini

MINI: str | None = None
"""Fingerprint of `mini()`; None until the benchmark is frozen."""


@pytest.mark.skipif(MINI is None, reason="phantom-1 is not frozen yet")
def test_the_records_of_mini_are_those_that_were_frozen():
    assert fingerprint(mini()) == MINI
