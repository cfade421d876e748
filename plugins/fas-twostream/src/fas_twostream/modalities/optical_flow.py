"""Optical flow between key frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fas_twostream.modalities.key_frames import LUMA
from fascore import Arrays, FascoreError, Loaded, ModalityModule, Record

if TYPE_CHECKING:
    from torch import Tensor

    from fascore import Draws


class OpticalFlowModule(ModalityModule):
    """Stores `flow` float16 (V, k, 2, S, S): x and y in pixels of the crop, computed at the side S.

    `reach` (V,) is the extent of the stored crop relative to the crop.
    """

    def __init__(self, size: int, *, bound: float, side: int | None, attachment: float) -> None:
        self.size, self.bound, self.side, self.attachment = size, bound, side, attachment

    def extract(self, record: Record, inputs: Sequence[Arrays]) -> Arrays:
        clips = inputs[0].get("value")
        if clips is None or clips.ndim != 5:
            raise FascoreError("the input stores no clip of frames; name a twostream.key_frames in 'inputs'")
        flows = [np.stack([self._flow(first, second) for first, second in pairwise(clip)]) for clip in clips]
        reach = clips.shape[-1] / self.size
        return {"flow": np.stack(flows).astype(np.float16), "reach": np.full(len(clips), reach, np.float32)}

    def _flow(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(2, S, S) displacement of the face between two frames (3, H, W) uint8, in pixels of the crop."""
        from skimage.registration import optical_flow_tvl1

        gray = [self._gray(frame) for frame in (first, second)]
        down, right = optical_flow_tvl1(gray[0], gray[1], attachment=self.attachment)
        scale: float = first.shape[-1] / gray[0].shape[-1]
        return np.stack([right, down]) * scale

    def _gray(self, frame: np.ndarray) -> np.ndarray:
        import cv2

        gray: np.ndarray = np.tensordot(LUMA, frame.astype(np.float32), 1) / 255
        side = self.side or gray.shape[0]
        return cv2.resize(gray, (side, side), interpolation=cv2.INTER_AREA)

    def load(self, stored: Mapping[str, Tensor], draws: Draws, inputs: Sequence[Loaded]) -> Loaded:
        """The flow in the augmented crop, with its vectors transformed by the inverse of the draw's linear part."""
        import torch

        from fascore import sample

        flow = sample(stored["flow"].float(), draws, self.size, float(stored["reach"][0]))
        transformed = torch.einsum("nab,ntbhw->ntahw", draws.affine[:, :, :2].inverse(), flow)
        return (transformed / self.bound).clamp(-1, 1).flatten(1, 2)
