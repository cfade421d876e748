"""One frame of a clip as shared by its channels, and the cache of frames between channels."""

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
"""Approximate maximum number of fields (H, W) that one frame keeps."""


@dataclass(frozen=True)
class Moment:
    """One frame of a clip.

    A moment has an index, a time in seconds, the pose, the points where pixels meet the head, the light on the head, the
    background (H, W, 3), and the background of the depicted person.
    """

    frame: int
    time: float
    pose: Pose
    hit: Hit
    light: Shading
    backdrop: Field
    depicted: Field
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return the result of `make`, computed once per frame and shared by channels and stages.

        It must be a function of clip and frame alone.
        """
        if name not in self._cache:
            self._cache[name] = make()
        value: T = self._cache[name]
        return value

    def elsewhere(self, hit: Hit, pose: Pose | None = None) -> Moment:
        """Return the same frame with other coordinates or another pose, and with an empty cache."""
        light = self.light if hit.lift is self.hit.lift else self.light.on(hit.lift)
        return replace(self, hit=hit, pose=pose or self.pose, light=light, _cache={})


class Moments:
    """A cache of the last frames of the last clips, limited in bytes.

    A full cache drops the frames of other clips first, starting with the oldest. If all are of the same clip, it keeps
    them: channels are read one after another, and the next channel starts at the first frame.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._held, self._lock = limit, OrderedDict[tuple[int, int], tuple[object, Moment]](), Lock()

    def get(self, owner: object, index: int, make: Callable[[], Moment]) -> Moment:
        """Return the owner's frame from the cache, or compute it."""
        key = (id(owner), index)
        with self._lock:
            if key in self._held:
                return self._held[key][1]
        moment = make()
        size = PLANES * moment.hit.u.nbytes
        with self._lock:
            while self._held and (len(self._held) + 1) * size > self._limit:
                oldest = next((held for held in self._held if held[0] != key[0]), None)
                if oldest is None:
                    return moment
                del self._held[oldest]
            # A reference to the owner is kept, so that no other object gets its id.
            return self._held.setdefault(key, (owner, moment))[1] if size <= self._limit else moment
