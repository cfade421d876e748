"""`print.warped`: a print curled about an axis of the sheet. The picture bends with the paper, which shades itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from fas_phantom.attacks.live import Stage
from fas_phantom.attacks.prints import FlatPrint
from fas_phantom.canvas import Field, mix, sample, soft
from fas_phantom.light import Shading
from fas_phantom.moments import Moment
from fas_phantom.motion import Tracks
from fas_phantom.sites import Site
from fas_phantom.view import Pose

STEEPEST = 1.25
"""Largest angle, in radians, by which any part of the sheet turns away from the camera."""


class WarpedPrint(FlatPrint):
    """A print on part of a cylinder of radius `radius`, curled toward (`side` 1) or away from (-1) the camera.

    `lean` tilts it in proportion to its rise.
    """

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "radius": float(random.uniform(0.1, 0.16)),
            "axis": float(random.uniform(-0.35, 0.35)),
            "side": float(random.choice([-1, 1])),
            "lean": float(random.uniform(0.3, 0.6) * random.choice([-1, 1])),
        }

    def tilt(self, tracks: Tracks, index: int) -> tuple[float, float]:
        return 0.0, 0.0

    def stages(self) -> Mapping[str, Stage]:
        flat, bent = super().stages(), self.bent

        def on_paper(stage: Stage) -> Stage:
            return lambda image, moment: stage(image, bent(moment))

        after = {name: on_paper(stage) for name, stage in flat.items() if name != "tone"}
        return {"tone": flat["tone"], "warp": self.warp, "shading": self.shading, **after}

    def bent(self, moment: Moment) -> Moment:
        """The moment with coordinates on the unrolled paper instead of those in the view plane."""
        x, y, _ = self._paper(moment)
        return moment.once("bent", lambda: moment.elsewhere(moment.hit._replace(plane_x=x, plane_y=y)))

    def warp(self, image: Field, moment: Moment) -> Field:
        """Foreshortening: each pixel shows the point of the picture that lies there on the bent paper."""
        paper, pose = self.bent(moment).hit, moment.pose
        c, s = np.float32(np.cos(np.deg2rad(pose.roll))), np.float32(np.sin(np.deg2rad(pose.roll)))
        column = pose.x + pose.scale * (c * paper.plane_x - s * paper.plane_y) - 0.5
        row = pose.y + pose.scale * (s * paper.plane_x + c * paper.plane_y) - 0.5
        return sample(image, column.astype(np.float32), row.astype(np.float32))

    def shaped(self, image: Field, moment: Moment) -> Field:
        return self.warp(image, moment)

    def shading(self, image: Field, moment: Moment) -> Field:
        """The light on the bent paper, relative to that on a flat sheet."""
        level = Shading(self.clip.capture, np.zeros((2, 2), np.float32), 1.0).diffuse[0, 0]
        return image * (np.float32(0.15) + np.float32(0.85 / level) * self._light(moment).diffuse)[..., None]

    def inside(self, moment: Moment) -> Field:
        """Meters from the border along the paper; parts that turn away from the camera are not visible."""
        across = self._across(moment.hit.plane_x, moment.hit.plane_y)
        return np.minimum(super().inside(moment), np.float32(self.clip.trait("radius") * STEEPEST) - np.abs(across))

    def lift(self, moment: Moment) -> Field:
        return self._paper(moment)[2] + np.float32(0.05)

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        covered = soft(self.inside(self.bent(moment)), 0.6 / moment.pose.scale) > 0.5
        return np.where(covered, np.float32(self.clip.capture.distance) - self.lift(moment), self.behind.depth(moment))

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        facing = self._light(moment).facing
        shown, bent = self.warp(picture(), moment), self.bent(moment)
        paper = self.surface_infrared(bent, lambda: shown) * (0.3 + 0.7 * facing)
        return mix(self.behind.infrared(surroundings, moment), paper, self.cover(bent))

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        return super().thermal(celsius, self.bent(moment), room)

    def placed(self, points: np.ndarray, pose: Pose) -> np.ndarray:
        """Inverse of the unrolling: pixels in the frame of points (N, 2) of the flat picture."""
        turn, axis, radius = np.deg2rad(pose.roll), self.clip.trait("axis"), self.clip.trait("radius")
        flat = (
            (points - [pose.x, pose.y])
            / pose.scale
            @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        )
        along = np.array([np.cos(axis), np.sin(axis)])
        normal = np.array([-np.sin(axis), np.cos(axis)])
        angle = np.clip(flat @ along / radius, -STEEPEST, STEEPEST)
        down = flat @ normal + self.clip.trait("lean") * radius * (1 - np.cos(angle))
        seen = np.outer(radius * np.sin(angle), along) + np.outer(down, normal)
        return np.asarray(
            seen @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * pose.scale
            + [pose.x, pose.y]
        )

    def _light(self, moment: Moment) -> Shading:
        return moment.once("paper light", lambda: Shading(self.clip.capture, self.lift(moment), moment.pose.scale))

    def _paper(self, moment: Moment) -> tuple[Field, Field, Field]:
        return moment.once("paper", lambda: self._unroll(moment.hit.plane_x, moment.hit.plane_y))

    def _across(self, x: Field, y: Field) -> Field:
        axis = self.clip.trait("axis")
        return x * np.float32(np.cos(axis)) + y * np.float32(np.sin(axis))

    def _unroll(self, x: Field, y: Field) -> tuple[Field, Field, Field]:
        """Coordinates on the paper of points in the view plane, and the height of the paper, in meters."""
        c, s = np.float32(np.cos(self.clip.trait("axis"))), np.float32(np.sin(self.clip.trait("axis")))
        radius = np.float32(self.clip.trait("radius"))
        ratio = self._across(x, y) / radius
        limit = np.float32(np.sin(STEEPEST))
        angle = np.arcsin(np.clip(ratio, -limit, limit))
        rise = radius * (1 - np.cos(angle))
        across = radius * angle + radius * np.float32(4) * (ratio - np.clip(ratio, -limit, limit))
        down = c * y - s * x - np.float32(self.clip.trait("lean")) * rise
        return c * across - s * down, s * across + c * down, -np.float32(self.clip.trait("side")) * rise
