"""Which presentations are timed."""

import pytest
import torch

from fascore.contract.record import Record
from fascore.running import timing


@pytest.mark.parametrize(("count", "timed"), [(1, 1), (2, 1), (10, 9), (21, 20), (500, 20)])
def test_each_presentation_is_timed_once_spread_over_all_and_the_first_only_warms_up(monkeypatch, count, timed):
    seen = []
    monkeypatch.setattr(timing, "_once", lambda plan, graph, record, device, precision: seen.append(record.id) or 0.1)
    found = timing.decision_times(
        None, None, [Record(str(i), 1, {}) for i in range(count)], torch.device("cpu"), "fp32"
    )
    assert len(found.seconds) == timed
    assert len(set(seen)) == len(seen) == min(count, 21)
    assert max(map(int, seen)) >= count - 1 - count // 21


def test_no_presentation_is_no_time(monkeypatch):
    assert list(timing.decision_times(None, None, [], torch.device("cpu"), "fp32").seconds) == []
