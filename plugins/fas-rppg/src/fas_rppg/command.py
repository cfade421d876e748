"""`fascore pulse`: the heart rate that a video shows, or that it shows none. Importing this module imports no torch and no numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fas_rppg.pulse_components import Method
from fascore import FascoreError, NoResponse

if TYPE_CHECKING:
    from fas_rppg.clip_pulse import ClipPulse


def pulse(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="a video, or a folder of frames", show_default=False)],
    method: Annotated[Method, typer.Option(help="the pulse extractor")] = "pos",
    band: Annotated[
        tuple[float, float], typer.Option(metavar="LOW HIGH", help="beats a minute among which a heart rate is sought")
    ] = (40.0, 180.0),
    detector: Annotated[
        str, typer.Option(metavar="NAME", help="what finds the face, name or JSON; whole: the picture is all skin")
    ] = "mtcnn",
    seconds: Annotated[float, typer.Option(min=0, help="how much of the video is read, from its beginning")] = 60.0,
    surrogates: Annotated[int, typer.Option(min=19, help="clips of noise that the SNR is compared with")] = 200,
    seed: Annotated[int, typer.Option(help="of that noise")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON object instead of lines")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE.png", help="draw trace and spectrum", show_default=False)
    ] = None,
) -> None:
    """Measure the pulse in the skin of a face: heart rate, signal-to-noise ratio, and how often noise looks alike.

    A number from an unverified camera is not a medical measurement. Exit code 1 where the video cannot be measured at all.
    """
    if out is not None and out.suffix.lower() != ".png":
        raise FascoreError(f"--out {out}: the picture is a PNG file; give a name that ends in .png")
    from fas_rppg.clip_pulse import clip_pulse

    try:
        clip = clip_pulse(
            video,
            method=method,
            band=band,
            detector=_json_or_word(detector),
            seconds=seconds,
            count=surrogates,
            seed=seed,
        )
    except NoResponse as error:
        if not as_json:
            raise FascoreError(error.reason if str(video) in error.reason else f"{video}: {error.reason}") from error
        print(json.dumps({"file": str(video), "heart_rate": None, "response": error.response, "reason": error.reason}))
        raise typer.Exit(1) from error
    if out is not None:
        from fas_rppg.pulse_picture import draw, write

        write(draw(clip), out)
    print(json.dumps(_document(clip)) if as_json else _lines(clip))


def _json_or_word(text: str) -> Any:
    """A detector's name, or its JSON. Raises FascoreError."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FascoreError(
            f'--detector: no JSON ({error}); write a name, or {{"type": "yunet", "model": "FILE"}}'
        ) from error


def _lines(clip: ClipPulse) -> str:
    pulse, low, high = clip.pulse, *clip.band
    alike = f"{pulse.p_value:.1%} of clips of like noise have as large an SNR"
    if clip.certain:
        verdict = [f"heart rate   {pulse.heart_rate:.1f} beats a minute"]
    else:
        verdict = [
            "insufficient signal: noise alone gives such a peak",
            f"largest peak {pulse.heart_rate:.1f} beats a minute",
        ]
    return "\n".join(
        [
            f"{clip.file}: {clip.seconds:.1f} s at {clip.rate:.4g} Hz; {clip.measured} of {clip.looked_at} frames show the {clip.skin}",
            *clip.notes,
            *verdict,
            f"SNR          {pulse.snr:.1f} dB ({clip.method}, {low:g} to {high:g} beats a minute)",
            f"confidence   {pulse.confidence:.3f}: {alike}",
        ]
    )


def _document(clip: ClipPulse) -> dict[str, Any]:
    pulse = clip.pulse
    return {
        "file": str(clip.file),
        "heart_rate": round(pulse.heart_rate, 2) if clip.certain else None,
        "response": "ok",
        "reason": "" if clip.certain else "insufficient signal: noise alone gives such a peak",
        "peak": round(pulse.heart_rate, 2),
        "snr": round(pulse.snr, 2),
        "p_value": round(pulse.p_value, 4),
        "confidence": round(pulse.confidence, 4),
        "method": clip.method,
        "band": list(clip.band),
        "seconds": round(clip.seconds, 3),
        "frame_rate": round(clip.rate, 4),
        "frames": clip.looked_at,
        "frames_measured": clip.measured,
        "notes": list(clip.notes),
    }


__all__ = ["pulse"]
