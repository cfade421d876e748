"""A config module that imports numpy."""

from typing import Any, ClassVar, Literal

import numpy as np
from flawed_static import Sound


class Heavy(Sound):
    """Imports numpy with its config."""

    type: Literal["flawed.heavy"] = "flawed.heavy"
    dtype: ClassVar[Any] = np.float32
