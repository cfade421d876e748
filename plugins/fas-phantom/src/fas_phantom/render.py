"""The renderer: any frame of any channel of a clip, from the clip's parameters alone."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from fas_phantom.attacks import Live, presentation
from fas_phantom.camera import develop, exposure, record_depth, record_infrared, record_rgb
from fas_phantom.canvas import Field, blur, luminance, mix, sample, soft
from fas_phantom.attacks.live import Moment
from fas_phantom.light import irradiance, normals, tint
from fas_phantom.motion import Tracks, tracks
from fas_phantom.parameters import ClipParameters
from fas_phantom.scenery import backdrop_frame, body, sample_body
from fas_phantom.view import PIVOT_Y, Pose, meet

BLOOD = np.array([0.33 / 0.7682, 0.77 / 0.5121, 0.53 / 0.3841], np.float32) / np.float32(0.77 / 0.5121)
"""Pulse relative to the skin's own colour, u_p / u_c of the dichromatic model, 1 in green."""
MOUTH_CAVITY = np.array([0.055, 0.014, 0.014], np.float32)


class Layers(NamedTuple):
    """What every channel of a frame begins with: coverage of head and body (H, W), and the head's matter (H, W, 4)."""

    head: Field
    body: Field
    matter: Field


class Scene:
    """One clip in front of the cameras. `without` names stages of the attack to leave out; `live` replaces the attack
    by the depicted person, under the attack's pose, light and camera."""

    def __init__(self, clip: ClipParameters, *, live: bool = False, without: frozenset[str] = frozenset()) -> None:
        self.clip, self.without = clip, without
        self.attack = presentation(clip)
        self.shown = Live(clip) if live else self.attack

    @cached_property
    def tracks(self) -> Tracks:
        """All motion of the clip."""
        return tracks(self.clip)

    def pose(self, index: int) -> Pose:
        """Pose of a frame: always that of the attack, so that a live counterpart lies under it."""
        return self.attack.pose(self.tracks, index)

    def moment(self, index: int) -> Moment:
        """Geometry and background of a frame."""
        clip, pose = self.clip, self.pose(index)
        behind = self._backdrop(clip.capture.background)
        depicted = behind if self.shown.depicted() == clip.capture.background else self._backdrop(self.shown.depicted())
        return Moment(index, float(self.tracks.time[index]), pose, meet(self.shown.head(), pose, clip.size), behind, depicted)

    def _backdrop(self, picture: int) -> Field:
        shift = (0.03 * float(np.sin(self.clip.capture.background)), 0.02 * float(np.cos(self.clip.capture.background)))
        return backdrop_frame(picture, self.clip.capture.background_gain / exposure(self.clip), self.clip.size, shift)

    def rgb(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8."""
        return record_rgb(self.clip, self.display(index), index)

    def display(self, index: int) -> Field:
        """(H, W, 3) display-referred RGB in [0, 1], before noise and coding."""
        moment = self.moment(index)
        image = self._live(moment)
        for name, stage in self.shown.stages().items():
            image = image if name in self.without else stage(image, moment)
        return develop(self.clip, image)

    def depth(self, index: int) -> np.ndarray:
        """(H, W) uint16 millimetres, 0 where unknown."""
        moment, capture = self.moment(index), self.clip.capture
        layers = self._layers(moment)
        metres = np.full(layers.head.shape, capture.background_depth, np.float32)
        torso = sample_body(body(self.shown.body(), capture.clothing).matter, moment.pose, moment.hit.plane_x, moment.hit.plane_y)[..., 0]
        metres = np.where(layers.body > 0.5, np.float32(capture.distance) - torso, metres)
        metres = np.where(layers.head > 0.5, np.float32(capture.distance) - moment.hit.lift, metres)
        return record_depth(self.clip, self.shown.depth(metres, moment), None, index)

    def infrared(self, index: int) -> np.ndarray:
        """(H, W) uint8."""
        moment, capture = self.moment(index), self.clip.capture
        far = np.float32(0.5 * min(1.0, (capture.distance / capture.background_depth) ** 2 + 0.3 * capture.infrared_ambient))
        around = luminance(moment.backdrop) * np.float32(exposure(self.clip)) * far
        light = self.shown.infrared(lambda: self._live_infrared(moment, around), moment, lambda: self._picture(moment), around)
        return record_infrared(self.clip, light, index)

    def _layers(self, moment: Moment) -> Layers:
        hit, head = moment.hit, self.shown.head()
        covered = sample(head.colour[..., 3], hit.u, hit.v) * self._inside(hit.u, hit.v, head.colour.shape)
        torso = sample_body(body(self.shown.body(), self.clip.capture.clothing).colour, moment.pose, hit.plane_x, hit.plane_y)
        return Layers(covered, torso[..., 3] * soft(hit.plane_y + np.float32(PIVOT_Y) - np.float32(0.05), 0.004), sample(head.matter, hit.u, hit.v))

    @staticmethod
    def _inside(u: Field, v: Field, shape: tuple[int, ...]) -> Field:
        """0 beyond the maps' border, where their last column must not be repeated."""
        return soft(np.minimum(np.minimum(u, shape[1] - 1 - u), np.minimum(v, shape[0] - 1 - v)), 2.0)

    def _live(self, moment: Moment) -> Field:
        """Linear RGB (H, W, 3) of the person in the scene."""
        hit, capture = moment.hit, self.clip.capture
        normal = normals(hit.lift, moment.pose.scale)
        diffuse, gleam = irradiance(capture, normal)
        colour = self._colour(moment)
        matter = sample(self.shown.head().matter, hit.u, hit.v)
        skin = colour[..., :3] * diffuse[..., None]
        wave = self.shown.pulse(float(self.tracks.beat[moment.index]) * self.clip.pulse.amplitude, moment)
        skin = skin * (1 + (matter[..., 2] * wave)[..., None] * BLOOD)
        skin = skin + (matter[..., 1] * gleam)[..., None]
        torso = sample_body(body(self.shown.body(), capture.clothing).colour, moment.pose, hit.plane_x, hit.plane_y)
        lamp = tint(capture.light_warmth)
        below = torso[..., 3] * soft(hit.plane_y + np.float32(PIVOT_Y) - np.float32(0.05), 0.004)
        scene = mix(moment.depicted, torso[..., :3] * (np.float32(0.85) * lamp), below)
        return mix(scene, skin * lamp, colour[..., 3])

    def _colour(self, moment: Moment) -> Field:
        """Reflectance and coverage (H, W, 4) of the head in this frame, lids and lips as they are."""
        head, pose = self.shown.colour(), moment.pose
        u, v = self.shown.moved(moment)
        colour = sample(head.colour, u, v)
        colour[..., 3] *= self._inside(u, v, head.colour.shape)
        if pose.lids > 0.05:
            lids = sample(head.lids, u, v)
            closed = soft(np.float32(1.15 * pose.lids) - lids[..., 3], 0.12) * (lids[..., 3] < 1.6)
            colour[..., :3] = mix(colour[..., :3], lids[..., :3] * np.float32(0.92), closed)
        if moment.hit.gap is not None:
            colour[..., :3] = mix(colour[..., :3], MOUTH_CAVITY, moment.hit.gap)
        return colour

    def _picture(self, moment: Moment) -> Field:
        """Luminance (H, W) of what a flat medium depicts, without the shading of the light."""
        colour = self._colour(moment)
        torso = sample_body(body(self.shown.body(), self.clip.capture.clothing).colour, moment.pose, moment.hit.plane_x, moment.hit.plane_y)
        below = torso[..., 3] * soft(moment.hit.plane_y + np.float32(PIVOT_Y) - np.float32(0.05), 0.004)
        return mix(mix(luminance(moment.depicted), luminance(torso), below), luminance(colour), colour[..., 3])

    def _live_infrared(self, moment: Moment, around: Field) -> Field:
        """Near-infrared light (H, W) of the person, lit from beside the camera."""
        layers, capture = self._layers(moment), self.clip.capture
        normal = normals(moment.hit.lift, moment.pose.scale)
        diffuse, gleam = irradiance(capture, normal)
        near = layers.matter[..., 3]
        if moment.pose.lids > 0.05:
            lids = sample(self.shown.head().lids, moment.hit.u, moment.hit.v)[..., 3]
            near = mix(near, 0.55, soft(np.float32(1.15 * moment.pose.lids) - lids, 0.12) * (lids < 1.6))
        lit = near * (normal[2] + np.float32(0.35 * capture.infrared_ambient) * diffuse)
        lit = lit + layers.matter[..., 1] * (np.float32(0.8) * normal[2] ** 24 + np.float32(0.3 * capture.infrared_ambient) * gleam)
        torso = sample_body(body(self.shown.body(), capture.clothing).matter, moment.pose, moment.hit.plane_x, moment.hit.plane_y)[..., 1]
        return mix(mix(around, torso * np.float32(0.85), layers.body), lit, layers.head)


@lru_cache(maxsize=4)
def scene(clip: ClipParameters) -> Scene:
    """The scene of a clip, shared by its channels."""
    return Scene(clip)


__all__ = ["Layers", "Scene", "blur", "scene"]
