"""An item worn on a live head: a surface in front of the face with its own color, gloss, and infrared reflectance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from fas_phantom.attacks.live import Live, Spectacles, Stage
from fas_phantom.canvas import Field, framed, mix, packed, sample, tinted
from fas_phantom.head import Head, head, pixels
from fas_phantom.light import Shading, glint, tint
from fas_phantom.moments import Moment
from fas_phantom.parameters import ClipParameters, Person
from fas_phantom.relief import grid
from fas_phantom.thermal import warmed
from fas_phantom.view import Hit, meet, window

MARGIN = 0.004
"""Distance, in meters, beyond its coverage at which an instrument may still shine."""


class Instrument(NamedTuple):
    """Maps with the layout of `relief.grid`.

    `surface` is in meters toward the camera, `cover` in [0, 1], `color` (H, W, 3) linear reflectance, `tone` (H, W, 3)
    the gain of ink or paint on it, and `matter` (H, W, 2) gloss and near-infrared reflectance. `box` holds the minimum
    and maximum (x, y, z), in meters, of the covered points.
    """

    surface: Field
    cover: Field
    color: Field
    tone: Field
    matter: Field
    box: np.ndarray


class Layer(NamedTuple):
    """The instrument in one frame: where pixels meet it; its coverage, gloss, and near-infrared reflectance; its light.

    Everything is computed in a window of the frame, outside of which nothing is covered: `close` is `hit` within the
    window, and `corner` (row, column) is the position of the window.
    """

    hit: Hit
    cover: Field
    gloss: Field
    near: Field
    light: Shading
    close: Hit
    corner: tuple[int, int]

    def look(self, maps: Field) -> Field:
        """Maps of the instrument in the frame (H, W) or (H, W, C); 0 outside the window."""
        return framed(sample(maps, self.close.u, self.close.v), self.corner, len(self.cover))


class Worn(Live):
    """The wearer, whose face is visible wherever the instrument is not."""

    conducts: ClassVar[tuple[float, float]] = (0.35, 0.75)
    """Share of the wearer's excess over room temperature at the instrument's outside: far from the skin, and on it."""

    spectacles: ClassVar[Spectacles] = "hidden"

    def body(self) -> Person:
        return self.clip.other or self.clip.subject

    def head(self) -> Head:
        return head(self.body())

    def instrument(self) -> Instrument:
        """The maps of the worn item."""
        raise NotImplementedError

    def stages(self) -> Mapping[str, Stage]:
        return {"occluder": self.occluder, "specular": self.specular}

    def layer(self, moment: Moment) -> Layer:
        """The instrument in a frame."""
        return moment.once("layer", lambda: put_on(self.instrument(), self.head(), moment, self.clip))

    def occluder(self, image: Field, moment: Moment) -> Field:
        """The color of the instrument under the light of the scene."""
        layer = self.layer(moment)
        return mix(image, painted(self.instrument(), layer, self.clip), layer.cover)

    def specular(self, image: Field, moment: Moment) -> Field:
        """Highlights on the surface of the instrument."""
        layer = self.layer(moment)
        shine = layer.cover * layer.gloss * layer.light.gleam * np.float32(min(self.clip.trace, 1.3))
        return image + tinted(shine, tint(self.clip.capture.light_warmth))

    def hidden(self, moment: Moment) -> Field:
        return self.layer(moment).cover

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        layer = self.layer(moment)
        return np.where(layer.cover > 0.5, np.float32(self.clip.capture.distance) - layer.hit.lift, meters())

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        layer = self.layer(moment)
        return mix(light(), near_infrared(layer, self.clip), layer.cover)

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        """Glass, plastic, and paper block long waves: the camera sees their outside, partly warmed by the wearer."""
        layer, skin = self.layer(moment), celsius()
        return mix(
            skin,
            warmed(self.clip, skin, layer.hit.lift - moment.hit.lift, self.conducts),
            np.clip(2 * layer.cover, 0, 1),
        )


def put_on(worn: Instrument, wearer: Head, moment: Moment, clip: ClipParameters) -> Layer:
    """Compute where the pixels of a frame meet the item worn on a head."""
    pose, size = moment.pose, clip.size
    top, left, *extent = window(pose, size, worn.box, 3 + MARGIN * pose.scale)
    corner, scene = (top, left), moment.hit
    close = meet(
        wearer._replace(relief=worn.surface),
        pose._replace(mouth=0.0, x=pose.x - left, y=pose.y - top),
        (extent[0], extent[1]),
    )
    matter = framed(sample(packed(worn.matter, worn.cover), close.u, close.v), corner, size)
    x, y, lift = (
        framed(field, corner, size, beyond) for field, beyond in ((close.x, 1.0), (close.y, 1.0), (close.lift, 0.0))
    )
    u, v = pixels(x, y)
    light = Shading(clip.capture, close.lift, pose.scale, lambda field: framed(field, corner, size))
    return Layer(
        Hit(scene.plane_x, scene.plane_y, x, y, u, v, None, lift),
        matter[..., 2],
        matter[..., 0],
        matter[..., 1],
        light,
        close,
        corner,
    )


def painted(worn: Instrument, layer: Layer, clip: ClipParameters) -> Field:
    """Light (H, W, 3) reflected by the color of the instrument."""
    return layer.look(worn.color) * layer.light.diffuse[..., None] * tint(clip.capture.light_warmth)


def near_infrared(layer: Layer, clip: ClipParameters) -> Field:
    """Near-infrared light (H, W) of the instrument, lit from beside the camera."""
    ambient, light = clip.capture.infrared_ambient, layer.light
    lit = layer.near * (light.facing + np.float32(0.35 * ambient) * light.diffuse)
    return lit + layer.gloss * (np.float32(0.8) * glint(light.facing) + np.float32(0.3 * ambient) * light.gleam)


def instrument(
    surface: Field, cover: Field, color: Field, *, gloss: Field | float, near: Field | float, tone: Field | None = None
) -> Instrument:
    """Return an Instrument of contiguous float32 maps."""
    matter = np.dstack([np.broadcast_to(np.asarray(value, np.float32), cover.shape) for value in (gloss, near)])
    gain = np.ones_like(color) if tone is None else tone
    covered, (x, y) = cover > 1e-3, grid()
    box = np.array([[field[covered].min(), field[covered].max()] for field in (x, y, surface)], np.float64).T
    maps = (np.ascontiguousarray(field, np.float32) for field in (surface, cover, color, gain, matter))
    return Instrument._make([*maps, box])
