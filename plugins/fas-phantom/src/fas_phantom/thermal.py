"""Long-wave infrared: temperatures (degrees Celsius) of skin, hair, clothes, worn items, and room; and the camera."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fas_phantom.canvas import Field, blur, bump, gaussian, host, mix, noise, pair, sample, soft
from fas_phantom.head import beard, head
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import grid, surface
from fas_phantom.scenery import Body
from fas_phantom.streams import stream
from fas_phantom.traits import EYE_SPACING, MOUTH, SUBNASALE
from fas_phantom.view import Pose

FREEZING = 273.15
"""0 degrees Celsius in kelvin."""
MOUTH_CAVITY = 36.2
HAIR = 0.4
"""Share of the skin's excess over room temperature at the outside of hair; that of clothes is drawn."""
REACH = 0.006
"""Scale, in meters, at which an air gap insulates a worn item from the wearer's warmth."""


def drawn(clip: ClipParameters, what: str, low: float, high: float) -> float:
    """Draw a thermal property of a clip's instrument, uniform in a range."""
    return float(stream("thermal", clip.seed, clip.id, what).uniform(low, high))


@lru_cache(maxsize=24)
def warmth(person: Person) -> Field:
    """(H, W, 2) over the maps of a head: degrees Celsius of the bare skin, and its coverage by hair, brows, and beard.

    The skin is warm at the inner corners of the eyes, temples, and forehead; cooler on cheeks, chin, and ears; and
    coolest at the tip of the nose.
    """
    face, random, (x, y) = head(person), stream("warmth", person.seed), grid()
    who, corner = face.who, EYE_SPACING * face.who.eye_spacing * face.who.width
    tip, base = float(random.uniform(0.9, 2.8)), 34.1 + float(np.clip(random.normal(0, 0.35), -0.7, 0.7))
    warm = 0.6 * bump(x, y, 0, -0.045, 0.035, 0.022) + 0.4 * pair(x, y, 0.06, -0.015, 0.01, 0.02)
    warm += 1.5 * pair(x, y, corner - 0.0155 * who.eyes, 0.001, 0.0035, 0.0035) + 0.5 * bump(
        x, y, 0, MOUTH * who.length, 0.02, 0.008
    )
    cool = (
        0.8 * pair(x, y, 0.046, 0.036, 0.018, 0.02)
        + 0.5 * bump(x, y, 0, 0.1, 0.03, 0.014)
        + 1.2 * soft(np.abs(x) - 0.072 * who.width, 0.004)
    )
    cool += tip * (bump(x, y, 0, 0.034, 0.011, 0.011) + 0.4 * bump(x, y, 0, 0.015, 0.007, 0.016))
    veins = 0.14 * noise(random, x.shape, (26, 26), 2)
    eye = soft(np.minimum(face.lids[..., 3], 1 - face.lids[..., 3]), 0.15)
    bald = np.clip(1 - face.matter[..., 1] / 0.5, 0, 1) * (1 - eye)
    cover = np.maximum(np.maximum(surface(who, person.seed).hair, 0.5 * bald), 0.45 * beard(who, x, y))
    return np.dstack([np.float32(base) + warm - cool + veins - 0.3 * eye, cover]).astype(np.float32)


@lru_cache(maxsize=4)
def surroundings(background: int, celsius: float, size: int) -> Field:
    """(size, size) degrees Celsius of walls and furniture, within about one degree of the room."""
    random = stream("thermal", "background", background)
    return np.float32(celsius) + np.float32(0.35) * noise(random, (size, size), (size / 3, size / 3), 2)


def living(clip: ClipParameters, person: Person, moment: Moment, cover: Field, torso: Body) -> Field:
    """(H, W) degrees Celsius of a person in the room, with breath at the nostrils; `cover` is that of the head."""
    capture, hit, room = clip.capture, moment.hit, np.float32(clip.capture.room)
    maps = sample(warmth(person), hit.u, hit.v)
    skin, hair = maps[..., 0], maps[..., 1]
    breath = np.float32(0.35 * np.sin(2 * np.pi * clip.pulse.respiration * moment.time))
    skin = skin + breath * bump(hit.x, hit.y, 0, SUBNASALE, 0.008, 0.004)
    if hit.gap is not None:
        skin = mix(skin, MOUTH_CAVITY, hit.gap)
    skin = mix(skin, room + np.float32(HAIR) * (skin - room), hair)
    skin = skin - np.float32(0.1) * (skin - room) * (1 - np.clip(moment.light.facing, 0, 1)) ** 3
    body, below = clothed(clip, torso, moment.pose, hit.plane_x, hit.plane_y)
    return mix(mix(surroundings(capture.background, capture.room, clip.size), body, below), skin, cover)


def clothed(clip: ClipParameters, torso: Body, pose: Pose, x: Field, y: Field) -> tuple[Field, Field]:
    """(H, W) degrees Celsius of neck and shoulders at points of the view plane, and their coverage."""
    dressed, below = torso.dress_at(pose, x, y)
    room, share = (
        np.float32(clip.capture.room),
        np.float32(stream("clothes", "warmth", clip.capture.clothing).uniform(0.25, 0.5)),
    )
    return room + (np.float32(34.0) - room) * (1 - (1 - share) * dressed), below


def warmed(clip: ClipParameters, wearer: Field, gap: Field | float, conducts: tuple[float, float]) -> Field:
    """Degrees Celsius of the outside of a worn item: a smooth share of the wearer's excess over the room.

    An air `gap` (meters) lowers the share from the second value of `conducts` to the first.
    """
    near = np.exp(-np.clip(gap, 0, 0.1) / np.float32(REACH))
    share = drawn(clip, "conducts", 0.9, 1.1) * (conducts[0] + (conducts[1] - conducts[0]) * near)
    room = np.float32(clip.capture.room)
    return (room + share * (blur(wearer, 2.5 * clip.size / 128) - room)).astype(np.float32)


def record_thermal(clip: ClipParameters, celsius: Field, index: int) -> np.ndarray:
    """(H, W) uint16 hundredths of a kelvin with lens blur, and drift, column noise, and noise of an uncooled sensor."""
    capture, size = clip.capture, clip.size
    columns = gaussian(stream("noise", clip.seed, clip.id, "columns"), (size,))
    fine = gaussian(stream("noise", clip.seed, clip.id, "thermal", index), (size, size))
    kelvin = blur(celsius, 0.8 * size / 128) + np.float32(FREEZING + capture.thermal_offset)
    noisy = kelvin + np.float32(capture.thermal_noise) * (fine + np.float32(0.4) * columns)
    return host(np.clip(noisy * np.float32(100) + np.float32(0.5), 0, 65535), np.uint16)
