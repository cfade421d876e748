"""Frames a second of processor time for RGB, depth and infrared together on one core, against the stated limit."""

import time

import cv2
import pytest
from fas_phantom.components import Phantom
from pytest_benchmark.fixture import BenchmarkFixture

LIMITS = {64: 200, 128: 100, 256: 30}


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("size", LIMITS)
def test_three_channels(benchmark: BenchmarkFixture, size: int) -> None:
    cv2.setNumThreads(1)
    records = Phantom(subjects=3, size=size).records("all")

    def render() -> None:
        for record in records:
            for channel in record.channels.values():
                for _ in channel.read():
                    pass

    benchmark.pedantic(render, rounds=3, warmup_rounds=1)
    rate = sum(record.channels["rgb"].clip.frames for record in records) / benchmark.stats.stats.min
    benchmark.extra_info.update(frames_per_second=round(rate), limit=LIMITS[size])
    assert rate >= LIMITS[size]
