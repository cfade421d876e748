"""The renderer: any frame of any channel of a clip, from the parameters of the clip alone."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from fas_phantom.attacks import presentation
from fas_phantom.attacks.live import Live
from fas_phantom.camera import develop, exposure, record_depth, record_infrared, record_rgb
from fas_phantom.canvas import Field, bounded, here, host, luminance, mix, on, packed, sample, soft, tinted
from fas_phantom.head import transit
from fas_phantom.light import Shading, glint, tint
from fas_phantom.moments import Moment, Moments
from fas_phantom.motion import Tracks, tracks, waveform
from fas_phantom.parameters import ClipParameters
from fas_phantom.scenery import Body, backdrop_frame, body
from fas_phantom.spectacles import Spectacles
from fas_phantom.thermal import living, record_thermal, surroundings
from fas_phantom.view import Pose, meet

BLOOD = np.array([0.33 / 0.7682, 0.77 / 0.5121, 0.53 / 0.3841], np.float32) / np.float32(0.77 / 0.5121)
"""Pulse relative to the color of the skin, u_p / u_c of the dichromatic model (Wang et al. 2017); 1 in green."""
MOUTH_CAVITY = np.array([0.055, 0.014, 0.014], np.float32)
EYELID_INFRARED = 0.55

MOMENTS = Moments(160 << 20)
"""Frames that this process keeps in memory."""


class Matter(NamedTuple):
    """Maps of the head, sampled at the pixels of one frame, fields (H, W).

    They are gloss, pulse amplitude, near-infrared reflectance, and coverage.
    """

    gloss: Field
    pulse: Field
    near: Field
    cover: Field


class Scene:
    """One clip in front of the cameras.

    `without` names stages of the attack to leave out. `live` replaces the attack by the depicted person in the pose,
    light, and camera of the attack. Frames are rendered on `device`, one at a time, and returned in numpy.
    """

    def __init__(
        self, clip: ClipParameters, *, live: bool = False, without: frozenset[str] = frozenset(), device: str = "cpu"
    ) -> None:
        self.clip, self.without, self.device = clip, without, device
        self.attack = presentation(clip)
        self.shown = Live(clip) if live else self.attack

    @cached_property
    def tracks(self) -> Tracks:
        """All motion of the clip."""
        return tracks(self.clip)

    @cached_property
    def spectacles(self) -> Spectacles | None:
        """The depicted person's glasses, or None if none are worn or the attack hides them (in its counterpart too)."""
        seed = self.clip.capture.glasses
        return None if seed is None or self.attack.spectacles == "hidden" else Spectacles(self.clip, seed)

    @property
    def _worn(self) -> Spectacles | None:
        """The glasses, unless they are only in a picture."""
        return None if self.shown.spectacles == "pictured" else self.spectacles

    @cached_property
    def backdrop(self) -> Field:
        """(H, W, 3) linear light of the background."""
        return self._backdrop(self.clip.capture.background)

    @cached_property
    def depicted(self) -> Field:
        """(H, W, 3) linear light of the background of the depicted person."""
        return self._backdrop(self.shown.depicted())

    @cached_property
    def gray(self) -> Field:
        """(H, W) luminance of the backdrop."""
        return luminance(self.backdrop)

    @cached_property
    def torso(self) -> Body:
        """Neck and shoulders."""
        return body(self.shown.body(), self.clip.capture.clothing)

    def pose(self, index: int) -> Pose:
        """Pose in a frame: always that of the attack, so that a live counterpart is aligned with it."""
        return self.attack.pose(self.tracks, index)

    def moment(self, index: int) -> Moment:
        """Geometry and background of a frame."""
        return MOMENTS.get(self, index, lambda: self._moment(index))

    def _moment(self, index: int) -> Moment:
        pose = self.pose(index)
        hit = meet(self.shown.head(), pose, self.clip.size)
        light = Shading(self.clip.capture, hit.lift, pose.scale)
        return Moment(index, float(self.tracks.time[index]), pose, hit, light, self.backdrop, self.depicted)

    def rgb(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 from the sensor, before the codec."""
        with on(self.device):
            return record_rgb(self.clip, self._display(index), index)

    def display(self, index: int) -> Field:
        """(H, W, 3) display-referred RGB in [0, 1], before noise and coding."""
        with on(self.device):
            return host(self._display(index))

    def _display(self, index: int) -> Field:
        moment = self.shown.seen(self.moment(index))
        image = self._live(moment)
        if self.spectacles is not None and self.attack.spectacles in ("behind", "pictured"):
            image = self.spectacles.rgb(image, moment)
        if self.shown is not self.attack:
            image = self.attack.shaped(image, moment)
        for name, stage in self.shown.stages().items():
            image = image if name in self.without else stage(image, moment)
        if self.spectacles is not None and self.attack.spectacles == "before":
            image = self.spectacles.rgb(image, moment)
        return develop(self.clip, image)

    def depth(self, index: int) -> np.ndarray:
        """(H, W) uint16 millimeters, 0 where unknown."""
        with on(self.device):
            return record_depth(self.clip, self._meters(index), index)

    def metres(self, index: int) -> Field:
        """(H, W) meters from the camera, before noise and losses."""
        with on(self.device):
            return host(self._meters(index))

    def _meters(self, index: int) -> Field:
        moment = self.moment(index)
        return self.shown.depth(lambda: self._live_depth(moment), moment)

    def infrared(self, index: int) -> np.ndarray:
        """(H, W) uint8."""
        with on(self.device):
            moment, capture = self.moment(index), self.clip.capture
            reach = min(1.0, (capture.distance / capture.background_depth) ** 2 + 0.3 * capture.infrared_ambient)
            around = self.gray * np.float32(0.5 * reach * exposure(self.clip))
            light = self.shown.infrared(
                lambda: self._live_infrared(moment, around), moment, lambda: self._picture(moment), around
            )
            return record_infrared(self.clip, light, index)

    def thermal(self, index: int) -> np.ndarray:
        """(H, W) uint16 hundredths of a kelvin."""
        with on(self.device):
            return record_thermal(self.clip, self._celsius(index), index)

    def celsius(self, index: int) -> Field:
        """(H, W) degrees Celsius, before lens and noise."""
        with on(self.device):
            return host(self._celsius(index))

    def _celsius(self, index: int) -> Field:
        moment, capture = self.moment(index), self.clip.capture
        room = here(surroundings(capture.background, capture.room, self.clip.size))
        return self.shown.thermal(lambda: self._live_thermal(moment), moment, room)

    def hidden(self, index: int) -> Field:
        """(H, W) in [0, 1]: share of each pixel that the attack replaces by something else, in RGB."""
        with on(self.device):
            return host(self.shown.hidden(self.shown.seen(self.moment(index))))

    def _live_thermal(self, moment: Moment) -> Field:
        """Degrees Celsius (H, W) of the person who is present, and of the room."""
        celsius = living(self.clip, self.shown.body(), moment, self.matter(moment).cover, self.torso)
        return celsius if self._worn is None else self._worn.thermal(celsius, moment)

    def _backdrop(self, picture: int) -> Field:
        capture = self.clip.capture
        shift = (0.03 * float(np.sin(capture.background)), 0.02 * float(np.cos(capture.background)))
        return here(backdrop_frame(picture, capture.background_gain / exposure(self.clip), self.clip.size, shift))

    def matter(self, moment: Moment) -> Matter:
        """Return the maps of the head in a frame."""
        return moment.once("matter", lambda: self._look(moment))

    def _look(self, moment: Moment) -> Matter:
        sampled = sample(self._matter, moment.hit.u, moment.hit.v)
        return Matter(sampled[..., 0], sampled[..., 1], sampled[..., 2], sampled[..., 3])

    @cached_property
    def _matter(self) -> Field:
        """Gloss, pulse, near infrared, and coverage; coverage must be 0 outside the maps instead of continuing."""
        head = self.shown.head()
        return np.dstack([head.matter, bounded(head.cover)])

    def _below(self, moment: Moment) -> tuple[Field, Field]:
        """Neck and shoulders: color (H, W, 3) and coverage (H, W)."""
        return self.torso.color_at(moment.pose, moment.hit.plane_x, moment.hit.plane_y)

    def _below_matter(self, moment: Moment) -> tuple[Field, Field, Field]:
        return moment.once(
            "torso matter", lambda: self.torso.matter_at(moment.pose, moment.hit.plane_x, moment.hit.plane_y)
        )

    def _live(self, moment: Moment) -> Field:
        """Linear RGB (H, W, 3) of the person in the scene."""
        matter, lamp = self.matter(moment), tint(self.clip.capture.light_warmth)
        skin = self._color(moment)[..., :3] * moment.light.diffuse[..., None]
        wave = self.shown.pulse(self._blood(moment), moment)
        if not isinstance(wave, float) or wave:
            skin = skin * (1 + tinted(matter.pulse * wave, BLOOD))
        skin = skin + (matter.gloss * moment.light.gleam)[..., None]
        torso, below = self._below(moment)
        scene = mix(moment.depicted, torso * (np.float32(0.85) * lamp), below)
        return mix(scene, skin * lamp, matter.cover)

    def _blood(self, moment: Moment) -> Field:
        """The pulse (H, W) in linear light as a share of DC, delayed at each point.

        Amplitudes are specified for the picture, where they are measured and light is raised to 1 / gamma.
        """
        clip, (phase, rate) = self.clip, (self.tracks.phase[moment.frame], self.tracks.heart[moment.frame])
        late = self._color(moment)[..., 3]
        return waveform(np.float32(phase % (2 * np.pi)) - np.float32(rate) * late) * np.float32(
            clip.pulse.amplitude * clip.capture.gamma
        )

    def _color(self, moment: Moment) -> Field:
        """(H, W, 4): reflectance of the head with its lids and lips in this frame, and the delay of the pulse."""
        return moment.once("color", lambda: self._reflectance(moment))

    def _reflectance(self, moment: Moment) -> Field:
        head, (u, v) = self.shown.color(), self.shown.moved(moment)
        sampled = sample(packed(head.color, transit(self.clip.subject)), u, v)
        color = sampled[..., :3]
        if moment.pose.lids > 0.05:
            lids = sample(head.lids, u, v)
            color = mix(color, lids[..., :3] * np.float32(0.92), self._shut(lids[..., 3], moment.pose))
        sampled[..., :3] = color if moment.hit.gap is None else mix(color, MOUTH_CAVITY, moment.hit.gap)
        return sampled

    @staticmethod
    def _shut(aperture: Field, pose: Pose) -> Field:
        """Coverage of the eyes by their lids."""
        return soft(np.float32(1.15 * pose.lids) - aperture, 0.12) * (aperture < 1.6)

    def _picture(self, moment: Moment) -> Field:
        """Luminance (H, W) of the picture on a flat medium, without shading."""
        torso, below = self._below(moment)
        behind = mix(luminance(moment.depicted), luminance(torso), below)
        gray = mix(behind, luminance(self._color(moment)[..., :3]), self.matter(moment).cover)
        return gray if self.spectacles is None else self.spectacles.picture(gray, moment)

    def _live_depth(self, moment: Moment) -> Field:
        """Meters (H, W) from the camera to the person and the background."""
        capture = self.clip.capture
        relief, _, below = self._below_matter(moment)
        behind = np.where(below > 0.5, np.float32(capture.distance) - relief, np.float32(capture.background_depth))
        meters = np.where(self.matter(moment).cover > 0.5, np.float32(capture.distance) - moment.hit.lift, behind)
        return meters if self._worn is None else self._worn.depth(meters, moment)

    def _live_infrared(self, moment: Moment, around: Field) -> Field:
        """Near-infrared light (H, W) of the person, lit from next to the camera."""
        matter, shade, ambient = self.matter(moment), moment.light, self.clip.capture.infrared_ambient
        near = matter.near
        if moment.pose.lids > 0.05:
            lids = sample(self.shown.head().lids, moment.hit.u, moment.hit.v)
            near = mix(near, EYELID_INFRARED, self._shut(lids[..., 3], moment.pose))
        lit = near * (shade.facing + np.float32(0.35 * ambient) * shade.diffuse)
        lit = lit + matter.gloss * (np.float32(0.8) * glint(shade.facing) + np.float32(0.3 * ambient) * shade.gleam)
        _, torso, below = self._below_matter(moment)
        light = mix(mix(around, torso * np.float32(0.85), below), lit, matter.cover)
        return light if self._worn is None else self._worn.infrared(light, moment)


@lru_cache(maxsize=4)
def scene(clip: ClipParameters, device: str = "cpu") -> Scene:
    """Return the scene of a clip, which its channels share."""
    return Scene(clip, device=device)
