"""POS: projection onto the plane orthogonal to skin (Wang, den Brinker, Stuijk, and de Haan 2017, doi:10.1109/TBME.2016.2609282)."""

from __future__ import annotations

from einops import rearrange
from torch import Tensor
from torch.nn.functional import fold

from fas_rppg.pulse.colours import deviation_ratio, extractor, relative, window_length


@extractor
def pos(rgb: Tensor, rate: float) -> Tensor:
    """S1 = G - B, S2 = -2R + G + B, h = S1 + (s1 / s2) S2 in windows of 1.6 s, one starting at each frame, added up (algorithm 1).

    Colors are divided by their mean in each window; the mean of h is subtracted. Fewer windows cover the ends, which
    are therefore weaker, as published. Shapes: (T, 3) -> (T,), (B, T, 3) -> (B, T).
    """
    frames, length = rgb.shape[1], window_length(rgb.shape[1], rate)
    windows = relative(rgb.unfold(1, length, 1), -1)
    red, green, blue = windows.unbind(2)
    s1, s2 = green - blue, -2 * red + green + blue
    h = s1 + deviation_ratio(s1, s2) * s2
    h = h - h.mean(-1, keepdim=True)
    return fold(rearrange(h, "b w l -> b l w"), (1, frames), (1, length)).reshape(-1, frames)
