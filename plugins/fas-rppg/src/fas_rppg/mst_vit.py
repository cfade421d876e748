"""A plain vision transformer on maps of rows and time."""

from __future__ import annotations

from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from fas_rppg.components import MstVit
from fascore import Plane


class MstVitEncoder(nn.Module):
    """The class token of a pre-norm ViT with learned places. Shapes: (B, C, H, W) -> (B, width)."""

    def __init__(self, config: MstVit, plane: Plane) -> None:
        super().__init__()
        rows, frames = config.tile
        self.pad = (0, -plane.w % frames, 0, -plane.h % rows)
        self.vit = VisionTransformer(
            img_size=(plane.h + self.pad[3], plane.w + self.pad[1]),
            patch_size=config.tile,
            in_chans=plane.c,
            num_classes=0,
            embed_dim=config.width,
            depth=config.depth,
            num_heads=config.heads,
            drop_rate=config.dropout,
            proj_drop_rate=config.dropout,
        )

    def forward(self, plane: Tensor) -> Tensor:
        feature: Tensor = self.vit(nn.functional.pad(plane, self.pad))
        return feature
