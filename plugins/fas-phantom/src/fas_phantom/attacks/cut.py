"""`print.cut`: a print with eye holes; the eyes of a live person behind it blink and wander, deeper than the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from fas_phantom.attacks.live import Stage
from fas_phantom.attacks.prints import FlatPrint
from fas_phantom.camera import exposure
from fas_phantom.canvas import Field, mix, sample, soft
from fas_phantom.head import Head, head, pixels
from fas_phantom.moments import Moment
from fas_phantom.motion import Tracks
from fas_phantom.parameters import ClipParameters
from fas_phantom.relief import grid
from fas_phantom.sites import Site
from fas_phantom.traits import EYE_SPACING
from fas_phantom.view import Pose


class CutPrint(FlatPrint):
    """A photograph of the subject with the presenter's eyes behind it."""

    @classmethod
    def draw(cls, random: np.random.Generator, site: Site) -> dict[str, float]:
        return {
            **super().draw(random, site),
            "hole_width": float(random.uniform(0.018, 0.021)),
            "hole_height": float(random.uniform(0.0085, 0.0115)),
            "gap": float(random.uniform(0.006, 0.02)),
            "stray_x": float(random.uniform(-0.003, 0.003)),
            "stray_y": float(random.uniform(-0.002, 0.002)),
        }

    def pose(self, tracks: Tracks, index: int) -> Pose:
        return super().pose(tracks, index)._replace(lids=float(tracks.lids[index]))

    def color(self) -> Head:
        return cut_out(self.clip)[0]

    def moved(self, moment: Moment) -> tuple[Field, Field]:
        """The eyes behind the paper are slightly off the printed ones, and move independently."""
        hole, drift = (
            self.hole(moment),
            0.0012 * np.sin(np.array([1.7, 2.3]) * moment.time + self.clip.trait("hole_width") * 1e4),
        )
        across, down = 1000 * (np.array([self.clip.trait("stray_x"), self.clip.trait("stray_y")]) + drift)
        return moment.hit.u + hole * np.float32(across), moment.hit.v + hole * np.float32(down)

    def hole(self, moment: Moment) -> Field:
        """Coverage of the holes in [0, 1]."""
        return sample(cut_out(self.clip)[1], moment.hit.u, moment.hit.v)

    def pulse(self, wave: Field, moment: Moment) -> float | Field:
        return wave * self.hole(moment)

    def stages(self) -> Mapping[str, Stage]:
        def around(stage: Stage) -> Stage:
            return lambda image, moment: mix(stage(image, moment), image, self.hole(moment))

        printed = {name: around(stage) for name, stage in super().stages().items()}
        sheet = printed.pop("sheet")
        return {**printed, "holes": self.holes, "sheet": sheet}

    def holes(self, image: Field, moment: Moment) -> Field:
        """The paper shades what is behind it, and its white cut edge shows on the side that faces the lamp."""
        edge, lit = cut_out(self.clip)[2], min(0.9 / exposure(self.clip) * self.clip.trace, 1.0)
        ring, hole = sample(edge, moment.hit.u, moment.hit.v), self.hole(moment)
        upper = sample(edge, moment.hit.u, moment.hit.v - np.float32(2.0)) * hole
        shaded = image * (1 - np.float32(0.35) * hole - np.float32(0.45) * upper)[..., None]
        return mix(shaded, np.broadcast_to(np.float32(lit), image.shape), np.float32(0.55) * ring * (1 - hole))

    def hidden(self, moment: Moment) -> Field:
        return self.cover(moment) * (1 - self.hole(moment))

    def depth(self, meters: Callable[[], Field], moment: Moment) -> Field:
        return super().depth(meters, moment) + np.where(
            self.hole(moment) > 0.5, np.float32(self.clip.trait("gap")), np.float32(0)
        )

    def infrared(
        self, light: Callable[[], Field], moment: Moment, picture: Callable[[], Field], surroundings: Field
    ) -> Field:
        paper = super().infrared(light, moment, picture, surroundings)
        return mix(paper, np.float32(0.8) * light(), self.hole(moment) * self.cover(moment))

    def thermal(self, celsius: Callable[[], Field], moment: Moment, room: Field) -> Field:
        return mix(
            super().thermal(celsius, moment, room), celsius() - np.float32(0.3), self.hole(moment) * self.cover(moment)
        )


@lru_cache(maxsize=8)
def cut_out(clip: ClipParameters) -> tuple[Head, Field, Field]:
    """Return the subject's maps with the presenter's eyes in the holes, the holes, and the cut edge of the paper."""
    face, other = head(clip.subject), head(clip.other or clip.subject)
    x, y = grid()
    mine = EYE_SPACING * face.who.eye_spacing * face.who.width
    theirs = EYE_SPACING * other.who.eye_spacing * other.who.width
    reach = np.hypot((np.abs(x) - mine) / clip.trait("hole_width"), y / clip.trait("hole_height"))
    inside = (1 - reach) * clip.trait("hole_height")
    u, v = pixels(x + np.sign(x) * np.float32(theirs - mine), y)
    hole = soft(inside, 0.0008).astype(np.float32)
    color = mix(face.color, sample(other.color, u, v), hole)
    lids = np.dstack(
        [
            mix(face.lids[..., :3], sample(other.lids, u, v)[..., :3], hole),
            np.where(hole > 0.3, sample(other.lids, u, v)[..., 3], 2),
        ]
    )
    edge = soft(0.0012 - np.abs(inside), 0.0008).astype(np.float32)
    shown = face._replace(color=np.ascontiguousarray(color, np.float32), lids=np.ascontiguousarray(lids, np.float32))
    return shown, hole, edge
