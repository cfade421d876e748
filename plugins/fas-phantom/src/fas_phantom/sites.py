"""The capture sites: distributions of cameras, light, people, printers, and displays."""

from __future__ import annotations

from typing import NamedTuple

Range = tuple[float, float]


class Site(NamedTuple):
    """One capture site; ranges are uniform unless stated otherwise.

    `rates` are the frame rates of its cameras relative to the nominal rate. `crf` is the range of the constant rate
    factor of H.264 in the laboratory, and `uncoded` the share of clips without a codec there. `dim` is the share of
    clips in low light.

    Color warmth is signed (positive: redder). `tones` are the shares of Fitzpatrick types 1 to 6. Printer `sharpness`
    is the unsharp gain of the driver, negative if prints are blurrier than live faces. This cue flips between sites A
    and B, and is uninformative at C.
    """

    devices: tuple[str, ...]
    rates: tuple[float, ...]
    crf: tuple[int, int]
    uncoded: float
    dim: float
    warmth: Range
    gamma: Range
    noise_gain: Range
    light_warmth: Range
    azimuth: Range
    elevation: Range
    ambient: Range
    tones: tuple[float, ...]
    printer_sharpness: Range
    printer_gamut: Range
    printer_screen: Range
    paper_warmth: Range
    ink_infrared: Range
    display_warmth: Range
    display_gamut: Range
    display_pitch: Range
    display_glare: Range


SITES: dict[str, Site] = {
    "A": Site(
        devices=("A-webcam", "A-phone"),
        rates=(1.0, 1.2),
        crf=(12, 24),
        uncoded=0.7,
        dim=0.12,
        warmth=(-0.12, 0.12),
        gamma=(2.1, 2.35),
        noise_gain=(0.004, 0.009),
        light_warmth=(-0.05, 0.05),
        azimuth=(-45, 45),
        elevation=(15, 50),
        ambient=(0.4, 0.65),
        tones=(0.15, 0.25, 0.25, 0.15, 0.12, 0.08),
        printer_sharpness=(-1.0, -0.5),
        printer_gamut=(0.82, 0.98),
        printer_screen=(2.6, 3.6),
        paper_warmth=(0.0, 0.05),
        ink_infrared=(0.25, 0.5),
        display_warmth=(-0.1, 0.0),
        display_gamut=(0.8, 1.0),
        display_pitch=(0.18, 0.25),
        display_glare=(0.03, 0.14),
    ),
    "B": Site(
        devices=("B-tablet", "B-laptop"),
        rates=(0.96, 1.2),
        crf=(12, 28),
        uncoded=0.7,
        dim=0.2,
        warmth=(-0.06, 0.18),
        gamma=(1.95, 2.2),
        noise_gain=(0.005, 0.012),
        light_warmth=(0.03, 0.18),
        azimuth=(-70, 70),
        elevation=(5, 40),
        ambient=(0.3, 0.55),
        tones=(0.08, 0.12, 0.15, 0.2, 0.25, 0.2),
        printer_sharpness=(0.5, 1.2),
        printer_gamut=(0.8, 1.0),
        printer_screen=(2.2, 3.2),
        paper_warmth=(-0.05, 0.01),
        ink_infrared=(0.05, 0.3),
        display_warmth=(-0.06, 0.06),
        display_gamut=(0.8, 1.0),
        display_pitch=(0.08, 0.16),
        display_glare=(0.05, 0.2),
    ),
    "C": Site(
        devices=("C-door", "C-kiosk"),
        rates=(0.96, 1.0),
        crf=(12, 26),
        uncoded=0.7,
        dim=0.16,
        warmth=(-0.18, 0.06),
        gamma=(2.15, 2.5),
        noise_gain=(0.005, 0.0125),
        light_warmth=(-0.12, 0.02),
        azimuth=(-30, 30),
        elevation=(30, 65),
        ambient=(0.5, 0.75),
        tones=(0.12, 0.16, 0.22, 0.22, 0.16, 0.12),
        printer_sharpness=(-0.4, 0.4),
        printer_gamut=(0.75, 1.0),
        printer_screen=(2.4, 3.4),
        paper_warmth=(-0.03, 0.03),
        ink_infrared=(0.15, 0.4),
        display_warmth=(0.0, 0.1),
        display_gamut=(0.8, 1.0),
        display_pitch=(0.12, 0.2),
        display_glare=(0.04, 0.17),
    ),
}
