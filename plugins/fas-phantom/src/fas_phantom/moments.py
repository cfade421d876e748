"""One frame of a clip as all its channels share it, and the frames that stay in memory from channel to channel."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeVar

from fas_phantom.canvas import Field
from fas_phantom.light import Shading
from fas_phantom.view import Hit, Pose

T = TypeVar("T")

PLANES = 48
"""Fields (H, W) that one frame keeps at most, or nearly so."""


@dataclass(frozen=True)
class Moment:
    """One frame of a clip: its index, its time in seconds, pose, where pixels meet the head, the light on it, the background (H, W, 3),
    and the one behind the depicted person."""

    frame: int
    time: float
    pose: Pose
    hit: Hit
    light: Shading
    backdrop: Field
    depicted: Field
    _found: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made once in this frame: channels and stages share it. It must be a function of clip and frame alone."""
        if name not in self._found:
            self._found[name] = make()
        value: T = self._found[name]
        return value

    def elsewhere(self, hit: Hit, pose: Pose | None = None) -> Moment:
        """The same frame with other coordinates or another pose; what was found in this one is left behind."""
        light = self.light if hit.lift is self.hit.lift else self.light.on(hit.lift)
        return replace(self, hit=hit, pose=pose or self.pose, light=light, _found={})


class Moments:
    """The last frames of the last clips, up to a number of bytes.

    A full store gives up other clips' frames first, the oldest before the others; where all are of the same clip it keeps
    what it has: channels are read one after the other, and the next begins with the first frame.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._held, self._lock = limit, OrderedDict[tuple[int, int], tuple[object, Moment]](), Lock()

    def get(self, owner: object, index: int, make: Callable[[], Moment]) -> Moment:
        """The owner's frame, kept or made anew."""
        key = (id(owner), index)
        with self._lock:
            if key in self._held:
                return self._held[key][1]
        made = make()
        size = PLANES * made.hit.u.nbytes
        with self._lock:
            while self._held and (len(self._held) + 1) * size > self._limit:
                oldest = next((held for held in self._held if held[0] != key[0]), None)
                if oldest is None:
                    return made
                del self._held[oldest]
            # The owner is held too, so that no other object gets its id.
            return self._held.setdefault(key, (owner, made))[1] if size <= self._limit else made
