"""A plain vision transformer on maps of rows and time."""

from __future__ import annotations

from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from fascore import Plane


class MstVitEncoder(nn.Module):
    """Class token of a pre-norm vision transformer (ViT) with learned positions. Shapes: (B, C, H, W) -> (B, width)."""

    def __init__(
        self, plane: Plane, *, tile: tuple[int, int], width: int, depth: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        rows, frames = tile
        self.pad = (0, -plane.w % frames, 0, -plane.h % rows)
        self.vit = VisionTransformer(
            img_size=(plane.h + self.pad[3], plane.w + self.pad[1]),
            patch_size=tile,
            in_chans=plane.c,
            num_classes=0,
            embed_dim=width,
            depth=depth,
            num_heads=heads,
            drop_rate=dropout,
            proj_drop_rate=dropout,
        )

    def forward(self, plane: Tensor) -> Tensor:
        feature: Tensor = self.vit(nn.functional.pad(plane, self.pad))
        return feature
