"""How the program ends with a message."""

from __future__ import annotations

import sys
from typing import NoReturn

DEBUG = "FASCORE_DEBUG"
"""Environment variable that shows tracebacks."""


def end(message: str, code: int = 1) -> NoReturn:
    """Leave with a message on the error stream, if there is a message."""
    if message:
        print(message, file=sys.stderr)
    sys.exit(code)
