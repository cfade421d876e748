"""Sound components whose names have the wrong prefix."""

from typing import Literal

from flawed_static import Sound


class One(Sound):
    """The first of two prefixes."""

    type: Literal["one.a"] = "one.a"


class Two(Sound):
    """The second of two prefixes."""

    type: Literal["two.b"] = "two.b"


class Stolen(Sound):
    """A prefix that belongs to a known plugin."""

    type: Literal["mmfas.a"] = "mmfas.a"


class Prefixless(Sound):
    """No prefix at all."""

    type: Literal["bare"] = "bare"
