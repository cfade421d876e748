"""A config module that imports torch."""

from typing import Any, ClassVar, Literal

import torch
from flawed_static import Sound


class Heavy(Sound):
    """Imports torch with its config."""

    type: Literal["flawed.heavy"] = "flawed.heavy"
    dtype: ClassVar[Any] = torch.float32
