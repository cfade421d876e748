"""timm's models as encoders (Wightman, PyTorch Image Models, 2019)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import timm
import torch
from einops import rearrange
from torch import Tensor, nn

from fascore.components.encoders.timm_options import TimmOptions
from fascore.contract.errors import FascoreError, SpecError
from fascore.contract.signals import Clip, Image, Level, Plane, Pyramid, Signal, Tokens, Vector


class TimmEncoder(nn.Module):
    """One timm model, preceded by its own normalization.

    Shapes: Image or Plane (B, C, H, W), Clip (B, T, C, H, W) -> (B, D), (B, N, D), or a list of (B, C_i, H_i, W_i).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, options: TimmOptions, signal: Image | Plane | Clip, *, output: Signal, average_frames: bool
    ) -> None:
        """`output` is the output signal for `signal`; for a Clip, the frame vectors are averaged or kept as tokens."""
        super().__init__()
        self.options, self.size = options, (signal.c, signal.h, signal.w)
        self.output, self.average_frames = output, average_frames
        self.frames = isinstance(signal, Clip)
        self.model: Any = create(options, *self.size)
        mean, deviation = ((0.0,), (1.0,)) if isinstance(signal, Plane) else self._statistics(signal.c)
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1), persistent=False)

    def adopt_pretrained(self) -> None:
        """Load timm's weights; timm adapts them to the channels and the input size. Raises FascoreError."""
        if self.options.pretrained is False:
            return
        path = (
            Path(self.options.pretrained) if isinstance(self.options.pretrained, str) else downloaded(self.options.name)
        )
        if path.suffix != ".safetensors" or not path.is_file():
            raise FascoreError(
                f"timm '{self.options.name}': pretrained weights are a .safetensors file, and {path} is not one"
            )
        first, second = (self._loaded(path, seed) for seed in (0, 1))
        # timm ignores missing weights; values that differ between two seeds did not come from the file.
        if missing := [key for key, value in first.items() if not torch.equal(value, second[key])]:
            listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
            raise FascoreError(
                f"timm '{self.options.name}': {path} does not contain weights of this model: {listed} is missing"
            )
        self.model.load_state_dict(first)

    def _loaded(self, path: Path, seed: int) -> dict[str, Tensor]:
        overlay = {"file": str(path), "custom_load": False}
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return create(self.options, *self.size, pretrained=True, pretrained_cfg_overlay=overlay).state_dict()
        except Exception as error:
            raise FascoreError(
                f"timm '{self.options.name}': {path} does not contain weights of this model: {error}"
            ) from error

    def _statistics(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        config = self.model.pretrained_cfg
        return per_channel(config["mean"], channels), per_channel(config["std"], channels)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        if not self.frames:
            return self._frame(x)
        feature = cast(Tensor, self._frame(rearrange(x, "b t c h w -> (b t) c h w")))
        by_frame = rearrange(feature, "(b t) d -> b t d", b=len(x))
        return by_frame.mean(1) if self.average_frames else by_frame

    def _frame(self, x: Tensor) -> Tensor | list[Tensor]:
        x = (x - self.mean) / self.deviation
        if isinstance(self.output, Pyramid):
            return [_channels_first(feature, level) for feature, level in zip(self.model(x), self.output.levels)]
        if self.options.output == "vector":
            return cast(Tensor, self.model(x))
        assert isinstance(self.output, Tokens)
        return _as_tokens(self.model.forward_features(x), self.output)


def _channels_first(feature: Tensor, level: Level) -> Tensor:
    channels_first = tuple(feature.shape[1:]) == (level.channels, *level.size)
    return feature if channels_first else rearrange(feature, "b h w c -> b c h w")


def _as_tokens(feature: Tensor, tokens: Tokens) -> Tensor:
    """Positions of a map, row by row: (B, D, H, W) or (B, H, W, D) -> (B, N, D); a sequence is returned unchanged."""
    if feature.ndim == 3:
        return feature
    channels_first = tuple(feature.shape[1:]) == (tokens.d, *(tokens.grid or ()))
    return rearrange(feature, "b d h w -> b (h w) d" if channels_first else "b h w d -> b (h w) d")


def per_channel(statistic: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """An RGB statistic for any number of channels: unchanged for three channels, otherwise its average for each."""
    return tuple(statistic) if channels == len(statistic) else (sum(statistic) / len(statistic),) * channels


def create(options: TimmOptions, c: int, h: int, w: int, **arguments: Any) -> nn.Module:
    """Build the model, initialized randomly from torch's current seed. Raises SpecError if timm refuses."""
    arguments["in_chans"] = c
    if options.img_size is not None:
        arguments["img_size"] = (h, w)
    for name in ("drop", "drop_path"):
        if getattr(options, name):
            arguments[f"{name}_rate"] = getattr(options, name)
    try:
        if options.output == "pyramid":
            return cast(
                nn.Module,
                timm.create_model(options.name, features_only=True, out_indices=_indices(options), **arguments),
            )
        model: Any = timm.create_model(options.name, num_classes=0, **arguments)
    except (TypeError, AssertionError, RuntimeError, ValueError) as error:
        raise SpecError(f"timm cannot build '{options.name}' with {arguments}: {error}") from error
    if options.output == "tokens":
        # Remove what only the pooled feature needs; a few models cannot be built without pooling and keep it unused.
        with suppress(TypeError, AssertionError, ValueError):
            model.reset_classifier(0, "")
    return cast(nn.Module, model)


def _indices(options: TimmOptions) -> tuple[int, ...]:
    with torch.device("meta"):
        count = len(cast(Any, timm.create_model(options.name)).feature_info)
    return options.chosen_levels(count)


def downloaded(name: str) -> Path:
    """timm's weights from the Hugging Face hub, as safetensors only. Raises FascoreError if they are not available."""
    from huggingface_hub import hf_hub_download

    source = getattr(timm.get_pretrained_cfg(name), "hf_hub_id", None)
    if not source:
        raise FascoreError(
            f"timm '{name}': its weights are not available as safetensors; convert them and set 'pretrained' to the path of the file"
        )
    try:
        return Path(hf_hub_download(source, "model.safetensors"))
    except Exception as error:
        raise FascoreError(
            f"timm '{name}': the weights {source} cannot be downloaded ({type(error).__name__}); "
            "without a network, set 'pretrained' to the path of a safetensors file, or to false"
        ) from error


def measure(options: TimmOptions, c: int, h: int, w: int) -> Vector | Tokens | Pyramid:
    """The output of a model, determined by running it on the meta device. Raises SpecError if timm refuses."""
    with torch.device("meta"):
        model: Any = create(options, c, h, w).eval()
        image = torch.empty(1, c, h, w)
    try:
        output = model.forward_features(image) if options.output == "tokens" else model(image)
    except Exception as error:
        raise SpecError(f"timm '{options.name}' refuses an input of {c} x {h} x {w}: {error}") from error
    if options.output == "vector" and isinstance(output, Tensor) and output.ndim == 2:
        return Vector(output.shape[1])
    if options.output == "tokens" and isinstance(output, Tensor) and output.ndim in (3, 4):
        return _measured_tokens(model, output)
    if options.output == "pyramid":
        levels = zip(output, model.feature_info.channels(), model.feature_info.reduction(), strict=True)
        return Pyramid(tuple(_measured_level(feature, channels, stride) for feature, channels, stride in levels))
    raise SpecError(f"timm produces no {options.output} for '{options.name}'; choose another 'output' or another model")


def _measured_level(feature: Tensor, channels: int, stride: int) -> Level:
    channels_first = feature.shape[1] == channels
    return Level(
        channels,
        (feature.shape[2], feature.shape[3]) if channels_first else (feature.shape[1], feature.shape[2]),
        int(stride),
    )


def _measured_tokens(model: Any, feature: Tensor) -> Tokens:
    if feature.ndim == 4:
        channels_last = getattr(model, "output_fmt", "NCHW") == "NHWC"
        d, h, w = (feature.shape[i] for i in ((3, 1, 2) if channels_last else (1, 2, 3)))
        return Tokens(h * w, d, 0, (h, w))
    n, prefix = feature.shape[1], int(getattr(model, "num_prefix_tokens", 0) or 0)
    grid = getattr(getattr(model, "patch_embed", None), "grid_size", None)
    fits = grid is not None and grid[0] * grid[1] == n - prefix
    return Tokens(n, feature.shape[2], prefix, (grid[0], grid[1]) if fits and grid is not None else None)
