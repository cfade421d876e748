"""The parameters of a clip: numbers and names. The renderer is a function of these alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

RENDERER_VERSION = "phantom-2"
"""Name of the benchmark that this renderer produces, and part of every digest.

Any change in what is rendered must raise it; see the README.
"""

Domain = Literal["laboratory", "wild"]
Layout = Literal["68", "mesh140"]


@dataclass(frozen=True)
class Person:
    """An identity: the same seed and tone always give the same person. `tone` is the Fitzpatrick type, 1 to 6."""

    id: str
    seed: int
    tone: int


@dataclass(frozen=True)
class Pulse:
    """Heart rate (beats per minute), green amplitude (share of DC), variability of intervals, respiration (hertz)."""

    heart_rate: float
    amplitude: float
    variability: float
    respiration: float


@dataclass(frozen=True)
class Sheet:
    """Geometry of a flat medium in a clip: prints and replays use it, all other clips ignore it.

    Lengths are in meters from the pivot of the head, and tilts in degrees. `bend` is the curvature (1/m) of limp paper
    along `bend_angle` (radians). `background` is the picture of the pool that a flat medium shows behind the depicted
    person.
    """

    half_width: float
    half_height: float
    shift_x: float
    shift_y: float
    tilt_x: float
    tilt_y: float
    bend: float
    bend_angle: float
    background: int


@dataclass(frozen=True)
class Capture:
    """Everything about a clip that must not reveal its label: camera, light, place, motion, and coding.

    `illumination` is relative to ordinary light: 1, or less in low light. `crf` is the constant rate factor of H.264,
    or None without a codec; `recoded` is that of an earlier encoding, or None. `glasses` is the seed of the ordinary
    glasses that the depicted person wears in this clip, or None. `rate` is in frames per second, with `jitter` as a
    share of the frame period. `room` is in degrees Celsius. `thermal_noise` and `thermal_offset` are the deviation and
    the constant error of the thermal camera in kelvin.
    """

    domain: Domain
    session: int
    device: str
    illumination: float
    exposure: float
    warmth: float
    tint: float
    gamma: float
    defocus: float
    noise_gain: float
    noise_floor: float
    crf: int | None
    recoded: int | None
    rate: float
    jitter: float
    face: float
    distance: float
    x: float
    y: float
    motion: float
    yaw: float
    pitch: float
    roll: float
    azimuth: float
    elevation: float
    ambient: float
    light_warmth: float
    background: int
    background_gain: float
    background_depth: float
    clothing: int
    blink: float
    talk: float
    depth_noise: float
    depth_error: float
    depth_holes: float
    infrared_exposure: float
    infrared_ambient: float
    glasses: int | None
    sheet: Sheet
    room: float
    thermal_noise: float
    thermal_offset: float


@dataclass(frozen=True)
class ClipParameters:
    """One clip.

    `other` is the second person of an attack (presenter, wearer, or donor), or None. `attack` holds its parameters.
    """

    id: str
    site: str
    seed: int
    size: int
    frames: int
    difficulty: float
    subject: Person
    other: Person | None
    species: str | None
    capture: Capture
    pulse: Pulse
    attack: tuple[tuple[str, float], ...] = ()

    def trait(self, name: str) -> float:
        """Return a parameter of the attack, such as the pitch of its halftone screen."""
        return dict(self.attack)[name]

    def canonical(self) -> str:
        """Return the canonical JSON text, with nine digits per number because the last ones differ between machines."""
        return json.dumps(_rounded(asdict(self)), sort_keys=True, separators=(",", ":"))

    def digest(self, channel: str) -> str:
        """Return the hex SHA-256 that identifies the content of one channel of this clip."""
        return hashlib.sha256(f"{RENDERER_VERSION}\n{channel}\n{self.canonical()}".encode()).hexdigest()

    @property
    def haze(self) -> float:
        """Scale of depth error, bending of sheets, and infrared scatter of displays.

        It is 0.05 at difficulty 0, 1 at 0.5, and 1.95 at 1.
        """
        return 0.05 + 1.9 * self.difficulty

    @property
    def trace(self) -> float:
        """Strength of the attack's traces: 1.75 at difficulty 0, 1 at 0.5, and 0.25 at 1."""
        return 1.75 - 1.5 * self.difficulty


def _rounded(value: Any) -> Any:
    """Round numbers to nine significant digits, at any depth."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
