"""What a clip is: numbers and names, nothing else. The renderer is a function of these."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

RENDERER_VERSION = "phantom-2"
"""Name of the benchmark that this renderer makes, and part of every digest. Whoever changes what is rendered raises it: the README says how."""

Domain = Literal["laboratory", "wild"]
Layout = Literal["68", "mesh140"]


@dataclass(frozen=True)
class Person:
    """An identity: the same seed and tone are the same person everywhere. `tone` is the Fitzpatrick type, 1 to 6."""

    id: str
    seed: int
    tone: int


@dataclass(frozen=True)
class Pulse:
    """Heart rate in beats a minute, green amplitude as a share of DC, variability of beat intervals, respiration in hertz."""

    heart_rate: float
    amplitude: float
    variability: float
    respiration: float


@dataclass(frozen=True)
class Sheet:
    """Geometry that a flat medium would have in a clip: prints and replays take it, all other clips ignore it.

    Metres about the head's pivot; tilts in degrees; `bend` is the curvature (1/m) of limp paper along `bend_angle` (radians);
    `background` the picture of the pool that a flat medium shows behind the depicted person.
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
    """Everything about a clip that must tell nothing of its label: camera, light, place, motion, coding.

    `illumination`: share of ordinary light, 1 but in low light. `crf`: constant rate factor of H.264, None for no codec;
    `recoded`: that of an earlier encoding, None where there was none. `glasses`: seed of the ordinary spectacles that the
    depicted person wears in this clip, None for none. `rate`: frames a second, each off its beat by `jitter` of a period.
    `room`: degrees Celsius; `thermal_noise`, `thermal_offset`: kelvin by which the thermal camera scatters, and by which it is off.
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
    """One clip. `other` is the second person of an attack (presenter, wearer or donor), None where there is none; `attack` its numbers."""

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
        """A number of the attack, such as the pitch of its halftone screen."""
        return dict(self.attack)[name]

    def canonical(self) -> str:
        """The one JSON text of these parameters: nine digits of each number, since the last ones differ between machines."""
        return json.dumps(_rounded(asdict(self)), sort_keys=True, separators=(",", ":"))

    def digest(self, channel: str) -> str:
        """Hex SHA-256 of what one channel of this clip shows."""
        return hashlib.sha256(f"{RENDERER_VERSION}\n{channel}\n{self.canonical()}".encode()).hexdigest()

    @property
    def haze(self) -> float:
        """Error of the depth camera, bending of sheets, scatter of displays in infrared: 0.05 at difficulty 0, 1 in the middle, 1.95 at 1."""
        return 0.05 + 1.9 * self.difficulty

    @property
    def trace(self) -> float:
        """Strength of the attack's traces: 1.75 at difficulty 0, 1 in the middle, 0.25 at difficulty 1."""
        return 1.75 - 1.5 * self.difficulty


def _rounded(value: Any) -> Any:
    """Numbers at nine significant digits, at any depth."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value
