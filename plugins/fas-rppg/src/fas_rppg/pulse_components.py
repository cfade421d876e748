"""Components that measure the pulse: a skin color trace, a head, and metrics. Importing this module imports neither numpy nor torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from fascore import (
    PERCENT,
    Head,
    Labels,
    Measures,
    Metric,
    MetricModule,
    Modality,
    ModalityModule,
    Ref,
    Series,
    Signal,
    SpecError,
    Target,
    Unit,
)

if TYPE_CHECKING:
    from torch import nn

Method = Literal["green", "chrom", "pos", "pbv", "lgi", "omit", "ica"]
SHORTEST = 5.0
"""Shortest clip with a heart rate, in seconds; equal to that of `fas_rppg.pulse`, which this module does not import."""
BEATS_PER_MINUTE = Unit("beats/min", digits=1)
DECIBELS = Unit("dB", digits=1)
FACES: dict[str, Any] = {"faces": {"type": "faces", "detector": "boxes"}}


class SkinColour(Modality):
    """Mean RGB of all six skin regions from the start of the record, at an even sampling rate: Series(frames, 3, fps) in [0, 1].

    It is the input of pulse extractors, without filtering or normalization. Reads one modality of faces with 5 or 68
    points in every frame. A record that is shorter, or whose face is missing for more than `gap` frames, is a
    non-response.
    """

    type: Literal["rppg.skin_colour"] = "rppg.skin_colour"
    channel: str = Field("rgb", description="raw channel to measure; the same that 'faces' reads")
    frames: PositiveInt = Field(300, description="number of samples")
    fps: PositiveFloat = Field(
        30.0, ge=5, le=240, description="samples per second; other frame rates are interpolated to it"
    )
    gap: NonNegativeInt = Field(5, description="maximum number of successive frames without a face to bridge")

    def channels(self) -> tuple[str, ...]:
        return (self.channel,)

    def infer(self, signals: Sequence[Signal | None]) -> Series:
        if len(signals) != 1 or signals[0] is not None:
            raise SpecError('rppg.skin_colour reads one modality of faces: write "inputs": ["faces"]')
        return Series(self.frames, 3, self.fps)

    def build(self, signals: Sequence[Signal | None]) -> ModalityModule:
        from fas_rppg.skin_colour import SkinColourModule

        return SkinColourModule(channel=self.channel, frames=self.frames, fps=self.fps, gap=self.gap)

    @classmethod
    def examples(cls) -> list[Any]:
        return [(cls(inputs=(Ref("faces"),), frames=4, fps=5), FACES)]


class PulseHead(Head):
    """Pulse by a classic extractor: columns `heart_rate` (beats per minute), `snr` (dB), and `confidence` of score files.

    It learns nothing and produces no score. Metrics read its columns, such as `{"type": "rppg.hr_mae", "column":
    "pulse.heart_rate"}` or `{"type": "auc", "column": "pulse.confidence"}`. The input is a Series of mean colors of at
    least five seconds. A record without a heart rate has empty cells. The signal-to-noise ratio (SNR) is compared with
    that of surrogates, noise similar to that of the record; confidence is the share of surrogates with a smaller SNR.
    """

    scores: ClassVar[bool] = False
    numbers: ClassVar[tuple[str, ...]] = ("heart_rate", "snr", "confidence")
    type: Literal["rppg.pulse"] = "rppg.pulse"
    method: Method = Field("pos", description="the pulse extractor")
    band: tuple[PositiveFloat, PositiveFloat] = Field(
        (40.0, 180.0), description="range in which to search for the heart rate, in beats per minute"
    )
    surrogates: PositiveInt = Field(99, description="number of noise clips to compare the SNR with")
    seed: int = Field(0, description="seed of the surrogates")

    def series(self, signals: Sequence[Signal]) -> Series:
        """The input trace. Raises SpecError."""
        if len(signals) != 1 or not isinstance(signals[0], Series) or signals[0].c != 3:
            got = ", ".join(map(str, signals)) or "nothing"
            raise SpecError(f"rppg.pulse reads one Series of three colors, such as that of rppg.skin_colour; got {got}")
        trace = signals[0]
        if trace.t < round(SHORTEST * trace.rate):
            raise SpecError(
                f"rppg.pulse: {trace} lasts {trace.t / trace.rate:.1f} s, but a heart rate needs {SHORTEST:g} s; use more frames"
            )
        low, high = self.band
        if not low < high <= 30 * trace.rate:
            raise SpecError(
                f"rppg.pulse: 'band' must be two rates, the lower first, of {30 * trace.rate:g} beats per minute at most for {trace}"
            )
        return trace

    def check(self, signals: Sequence[Signal], target: Target) -> None:
        self.series(signals)

    def build(self, signals: Sequence[Signal], target: Target) -> nn.Module:
        from fas_rppg.pulse import EXTRACTORS
        from fas_rppg.pulse_head import PulseHeadModule

        return PulseHeadModule(
            self.series(signals).rate,
            EXTRACTORS[self.method],
            band=self.band,
            surrogates=self.surrogates,
            seed=self.seed,
        )

    @classmethod
    def examples(cls) -> list[Any]:
        label = Labels("label")
        return [
            (cls(surrogates=9), [Series(150, 3, 30.0)], label),
            (cls(method="ica", surrogates=9), [Series(60, 3, 10.0)], label),
        ]


class _HeartRateError(Metric):
    """Mean error of a column of heart rates, over records with a number in this column and in the reference."""

    unit: ClassVar[Unit] = BEATS_PER_MINUTE
    measures: ClassVar[Measures] = "column"
    higher_is_better: ClassVar[bool] = False
    column: str = Field("pulse.heart_rate", description="column of heart rates in beats per minute, <head>.heart_rate")
    reference: str = Field("heart_rate", description="column of the true rates, from the metadata of the records")
    rows: Literal["bona_fide", "all"] = Field(
        "bona_fide", description="presentations to include; an attack does not show the heart rate of a person"
    )

    @classmethod
    def examples(cls) -> list[Any]:
        return [
            (cls.model_validate({}), {"heart_rate": 72.0}),
            (cls.model_validate({"reference": "pulse_rate"}), {"pulse_rate": 66.0}),
        ]


class HrMae(_HeartRateError):
    """Mean absolute error of heart rate in beats per minute, with the mean error, the share within 5, and the number not measured."""

    type: Literal["rppg.hr_mae"] = "rppg.hr_mae"
    title: ClassVar[str] = "Heart rate, mean absolute error"

    def build(self) -> MetricModule:
        from fas_rppg.heart_rate_metrics import HrMaeModule

        return HrMaeModule(column=self.column, reference=self.reference, rows=self.rows)

    def detail(self, parts: Mapping[str, Any]) -> str:
        bias, within = f"{parts['bias']:+.{self.unit.digits}f}", PERCENT.text(parts["within_5"])
        return f"mean error {bias}; {within} within 5; {_counted(parts)}"


class HrRmse(_HeartRateError):
    """Root of the mean squared error of heart rate in beats per minute, with the number not measured."""

    type: Literal["rppg.hr_rmse"] = "rppg.hr_rmse"
    title: ClassVar[str] = "Heart rate, root mean squared error"

    def build(self) -> MetricModule:
        from fas_rppg.heart_rate_metrics import HrRmseModule

        return HrRmseModule(column=self.column, reference=self.reference, rows=self.rows)

    def detail(self, parts: Mapping[str, Any]) -> str:
        return _counted(parts)


class PulseSnr(Metric):
    """Mean signal-to-noise ratio (SNR) of the pulse in decibels, over bona fide presentations and over attacks of each species.

    The SNR is that at the measured heart rate, as in the column; it needs no reference.
    """

    type: Literal["rppg.snr"] = "rppg.snr"
    title: ClassVar[str] = "Pulse SNR"
    unit: ClassVar[Unit] = DECIBELS
    measures: ClassVar[Measures] = "column"
    column: str = Field("pulse.snr", description="column of signal-to-noise ratios in decibels, <head>.snr")

    def build(self) -> MetricModule:
        from fas_rppg.heart_rate_metrics import PulseSnrModule

        return PulseSnrModule(column=self.column)

    def detail(self, parts: Mapping[str, Any]) -> str:
        attacks = (f"{species} {self.unit.text(mean)}" for species, mean in parts["attack"].items())
        return "; ".join([f"bona fide; {_counted(parts)}", *attacks])


def _counted(parts: Mapping[str, Any]) -> str:
    """Numbers of measured and unmeasured presentations."""
    unmeasured = f", {parts['n_unmeasured']} not measured" if parts["n_unmeasured"] else ""
    return f"n = {parts['n']}{unmeasured}"


__all__ = ["HrMae", "HrRmse", "PulseHead", "PulseSnr", "SkinColour"]
