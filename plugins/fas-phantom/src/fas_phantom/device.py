"""Fields on a torch device. The protocols of numpy (NEP 13 and 18) run the renderer's expressions there unchanged.

`np.exp(field)`, `np.where(...)`, and `a * field` call torch if `field` is an `OnDevice`. Methods here replace OpenCV,
and the tools of `canvas` choose between the two. A numpy function that is not listed below raises an error; nothing is
copied to the CPU silently.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, SupportsFloat, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.mixins import NDArrayOperatorsMixin

from fascore import FascoreError

SMALL = 64
"""Maximum number of values of an array that is cached on the device by its content instead of by its identity."""

_UFUNCS: dict[np.ufunc, Callable[..., torch.Tensor]] = {
    np.add: torch.add,
    np.subtract: torch.subtract,
    np.multiply: torch.multiply,
    np.divide: torch.divide,
    np.power: torch.pow,
    np.negative: torch.negative,
    np.absolute: torch.abs,
    np.sqrt: torch.sqrt,
    np.square: torch.square,
    np.exp: torch.exp,
    np.log: torch.log,
    np.sin: torch.sin,
    np.cos: torch.cos,
    np.tan: torch.tan,
    np.tanh: torch.tanh,
    np.arcsin: torch.arcsin,
    np.arctan2: torch.arctan2,
    np.hypot: torch.hypot,
    np.minimum: torch.minimum,
    np.maximum: torch.maximum,
    np.sign: torch.sign,
    np.floor: torch.floor,
    np.rint: torch.round,
    np.remainder: torch.remainder,
    np.greater: torch.gt,
    np.greater_equal: torch.ge,
    np.less: torch.lt,
    np.less_equal: torch.le,
    np.equal: torch.eq,
    np.not_equal: torch.ne,
    np.logical_and: torch.logical_and,
    np.logical_or: torch.logical_or,
    np.bitwise_and: torch.bitwise_and,
    np.bitwise_or: torch.bitwise_or,
    np.invert: torch.bitwise_not,
}
_TYPES = {np.dtype(np.float32): torch.float32, np.dtype(np.bool_): torch.bool, np.dtype(np.int32): torch.int32}
_KEPT: dict[tuple[int, torch.device], torch.Tensor] = {}


class OnDevice(NDArrayOperatorsMixin):
    """A field (H, W) or (H, W, C) on a torch device."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[OnDevice, ...] | None = None
    ) -> OnDevice:
        if method != "__call__" or ufunc not in _UFUNCS:
            raise TypeError(
                f"numpy's {ufunc.__name__} ({method}) has no counterpart on a device: add it to fas_phantom.device"
            )
        result = _UFUNCS[ufunc](*(self._operand(value) for value in inputs))
        if out is None:
            return OnDevice(result)
        out[0].tensor.copy_(result)
        return out[0]

    def __array_function__(
        self, function: Callable[..., Any], types: Any, arguments: Sequence[Any], options: dict[str, Any]
    ) -> OnDevice:
        if function not in _FUNCTIONS:
            raise TypeError(f"numpy's {function.__name__} has no counterpart on a device: add it to fas_phantom.device")
        return OnDevice(_FUNCTIONS[function](self._operand, *arguments, **options))

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("a field on a device is not a numpy array: convert it with `canvas.host`")

    def _operand(self, value: Any) -> torch.Tensor:
        if isinstance(value, OnDevice):
            return value.tensor
        if isinstance(value, np.ndarray) and value.ndim:
            device = self.tensor.device
            return (
                _uploaded(value, device)
                if value.size > SMALL
                else _small(value.tobytes(), value.shape, value.dtype, device)
            )
        return torch.tensor(value if isinstance(value, (bool, np.bool_)) else float(cast(SupportsFloat, value)))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)

    @property
    def ndim(self) -> int:
        return self.tensor.ndim

    @property
    def nbytes(self) -> int:
        return self.tensor.nbytes

    @property
    def dtype(self) -> np.dtype[Any]:
        return next(kind for kind, like in _TYPES.items() if like == self.tensor.dtype)

    def __len__(self) -> int:
        return len(self.tensor)

    def __getitem__(self, where: Any) -> OnDevice:
        indices = where if isinstance(where, tuple) else (where,)
        mirrored = [axis for axis, index in enumerate(indices) if isinstance(index, slice) and index.step == -1]
        forward = tuple(slice(None) if axis in mirrored else index for axis, index in enumerate(indices))
        return OnDevice(self.tensor[forward].flip(mirrored) if mirrored else self.tensor[forward])

    def __setitem__(self, where: Any, value: Any) -> None:
        self.tensor[where] = self._operand(value).to(self.tensor.dtype)

    def astype(self, kind: Any) -> OnDevice:
        return OnDevice(self.tensor.to(_TYPES[np.dtype(kind)]))

    def transpose(self, *axes: int) -> OnDevice:
        return OnDevice(self.tensor.permute(*axes))

    def max(self, axis: int) -> OnDevice:
        return OnDevice(self.tensor.amax(axis))

    def sum(self, axis: int) -> OnDevice:
        return OnDevice(self.tensor.sum(axis))

    def mean(self, axis: int) -> OnDevice:
        return OnDevice(self.tensor.mean(axis))

    def host(self) -> np.ndarray:
        """Copy this field to a numpy array."""
        return self.tensor.cpu().numpy()

    def placed(self, array: np.ndarray) -> OnDevice:
        """Move an array to the device of this field."""
        return OnDevice(_uploaded(array, self.tensor.device))

    def sampled(self, x: OnDevice | np.ndarray, y: OnDevice | np.ndarray) -> OnDevice:
        """`canvas.sample` of this field."""
        planes = self.tensor[None, None] if self.ndim == 2 else self.tensor.permute(2, 0, 1)[None]
        across, down = (torch.tensor(2 / max(extent - 1, 1)) for extent in (self.shape[1], self.shape[0]))
        places = torch.stack([self._operand(x) * across - 1, self._operand(y) * down - 1], dim=-1)[None]
        sampled = F.grid_sample(planes, places, mode="bilinear", padding_mode="border", align_corners=True)[0]
        return OnDevice(sampled[0] if self.ndim == 2 else sampled.permute(1, 2, 0))

    def blurred(self, sigma: float) -> OnDevice:
        """`canvas.blur` of this field, with OpenCV's kernel."""
        kernel = cv2.getGaussianKernel(round(sigma * 8 + 1) | 1, sigma, cv2.CV_32F)[:, 0]
        weights, reach = self._operand(kernel), len(kernel) // 2
        planes = F.pad(self._planes(), (reach, reach, reach, reach), mode="replicate")
        across = F.conv2d(planes, weights[None, None, None])
        return self._of_planes(F.conv2d(across, weights[None, None, :, None]))

    def filtered(self, kernel: np.ndarray) -> OnDevice:
        """Correlate with a kernel (3, 3); the border is mirrored about its outermost pixels."""
        return self._of_planes(
            F.conv2d(F.pad(self._planes(), (1, 1, 1, 1), mode="reflect"), self._operand(kernel)[None, None])
        )

    def resized(self, size: tuple[int, int]) -> OnDevice:
        """Resize this field (H, W) bilinearly to (rows, columns)."""
        return self._of_planes(F.interpolate(self._planes(), size, mode="bilinear", align_corners=False))

    def _planes(self) -> torch.Tensor:
        return (self.tensor[None] if self.ndim == 2 else self.tensor.permute(2, 0, 1))[:, None]

    def _of_planes(self, planes: torch.Tensor) -> OnDevice:
        return OnDevice(planes[0, 0] if self.ndim == 2 else planes[:, 0].permute(1, 2, 0))


def upload(array: np.ndarray, device: str) -> OnDevice:
    """Copy a numpy array to a device. The copy is cached as long as the array lives; the array must not change."""
    return OnDevice(_uploaded(array, place(device)))


@lru_cache(maxsize=8)
def place(name: str) -> torch.device:
    """Return the torch device of a name such as `cuda:0`; `torch:cpu` is torch on the CPU.

    Raises FascoreError if there is no such device.
    """
    try:
        device = torch.device(name.removeprefix("torch:"))
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise FascoreError(
            f"phantom cannot render on the device '{name}': {reason}; leave out 'device' to render on the CPU"
        ) from error
    return device


def _uploaded(array: np.ndarray, device: torch.device) -> torch.Tensor:
    key = (id(array), device)
    if key not in _KEPT:
        tensor = torch.from_numpy(np.array(array, np.bool_ if array.dtype == np.bool_ else np.float32)).to(device)
        if array.base is not None or not array.flags.owndata:
            return tensor
        _KEPT[key] = tensor
        weakref.finalize(array, _KEPT.pop, key, None)
    return _KEPT[key]


@lru_cache(maxsize=512)
def _small(data: bytes, shape: tuple[int, ...], kind: np.dtype[Any], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(data, kind).reshape(shape).astype(np.float32)).to(device)


Operand = Callable[[Any], torch.Tensor]


def _clip(of: Operand, field: Any, low: Any = None, high: Any = None) -> torch.Tensor:
    bounds: list[Any] = [
        None if bound is None else of(bound) if isinstance(bound, OnDevice) else float(bound) for bound in (low, high)
    ]
    return torch.clamp(of(field), *bounds)


def _where(of: Operand, condition: Any, if_true: Any, if_false: Any) -> torch.Tensor:
    return torch.where(of(condition), of(if_true), of(if_false))


def _stack(of: Operand, fields: Sequence[Any], axis: int = 0) -> torch.Tensor:
    return torch.stack([of(field) for field in fields], axis)


def _concatenate(of: Operand, fields: Sequence[Any], axis: int = 0) -> torch.Tensor:
    return torch.cat([of(field) for field in fields], axis)


def _dstack(of: Operand, fields: Sequence[Any]) -> torch.Tensor:
    return torch.cat([of(field)[..., None] if of(field).ndim == 2 else of(field) for field in fields], 2)


def _full_like(of: Operand, field: Any, value: float, dtype: Any = None) -> torch.Tensor:
    return torch.full_like(of(field), float(value), dtype=None if dtype is None else _TYPES[np.dtype(dtype)])


def _diff(of: Operand, field: Any, axis: int = -1, append: Any = None) -> torch.Tensor:
    return torch.diff(of(field), dim=axis, append=None if append is None else of(append))


def _pad(of: Operand, field: Any, ends: Sequence[tuple[int, int]], constant_values: float) -> torch.Tensor:
    return F.pad(of(field), [end for axis in reversed(ends) for end in axis], value=float(constant_values))


_FUNCTIONS: dict[Callable[..., Any], Callable[..., torch.Tensor]] = {
    np.clip: _clip,
    np.where: _where,
    np.stack: _stack,
    np.concatenate: _concatenate,
    np.dstack: _dstack,
    np.full_like: _full_like,
    np.diff: _diff,
    np.pad: _pad,
    np.zeros_like: lambda of, field: torch.zeros_like(of(field)),
    np.ones_like: lambda of, field: torch.ones_like(of(field)),
    np.empty_like: lambda of, field: torch.empty_like(of(field)),
    np.broadcast_to: lambda of, field, shape: of(field).broadcast_to(shape),
    np.moveaxis: lambda of, field, source, target: torch.movedim(of(field), source, target),
}
