"""The index of installed components, built from metadata only. Nothing is imported until a spec names it."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypedDict

from fascore.contract.errors import FascoreError

API = 1
KINDS = ("dataset", "modality", "encoder", "fusion", "head", "objective", "sampler", "metric", "recipe", "detector")
WORDS = {"hooks": "tracker"}
"""Kinds that messages call by another word: a spec names hooks under `trackers`."""
OTHER_KINDS = ("hooks", "command", "paper")
"""What a plugin may provide besides components."""
_GROUP = re.compile(r"fascore\.v(?P<api>\d+)\.(?P<kind>[a-z_]+)")
WITH = "FASCORE_WITH"
"""Environment variable with the `module:Class` targets of `--with`; child processes inherit it."""


class UnknownComponent(FascoreError):
    """No provider has this name; the message suggests a similar name or a package to install."""


class Conflict(FascoreError):
    """Two distributions provide the same name."""


class BrokenPlugin(FascoreError):
    """A provider is installed but cannot be imported."""


@dataclass(frozen=True)
class Provider:
    """The origin of a component: an entry point, read from metadata."""

    kind: str
    name: str
    target: str
    point: importlib.metadata.EntryPoint | None = None

    @cached_property
    def _metadata(self) -> dict[str, str]:
        """Name and Version of the distribution. importlib parses the whole file, which is ten times slower."""
        if self.point is None or self.point.dist is None:
            return {}
        text = self.point.dist.read_text("METADATA") or self.point.dist.read_text("PKG-INFO") or ""
        return dict(
            line.split(": ", 1)
            for line in text.partition("\n\n")[0].splitlines()
            if line.startswith(("Name: ", "Version: "))
        )

    @property
    def distribution(self) -> str:
        """Name of the distribution. It reads the metadata file; use it only for messages."""
        return self._metadata.get("Name", "not installed")

    @property
    def version(self) -> str:
        """Version of the distribution; empty for a component that is not installed."""
        return self._metadata.get("Version", "")

    @property
    def installed(self) -> bool:
        """False for a component of `--with`: a run that uses one is not reproducible elsewhere."""
        return self.point is not None

    @property
    def source(self) -> str:
        """The distribution and its version as messages print them: `fas-mmfas 0.1.0`."""
        return f"{self.distribution} {self.version}".strip()

    def load(self) -> object:
        """Import the target. Raises BrokenPlugin with the package, its version, and the import error."""
        module, _, attribute = self.target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise BrokenPlugin(
                f"{self.kind} '{self.name}' from {self.source} cannot be imported ({self.target}): "
                f"{type(error).__name__}: {error}; update or reinstall {self.distribution}"
            ) from error


class Index:
    """Names of all installed components by kind, and of hooks, commands, and papers (`OTHER_KINDS`).

    Tests build a closed index with `Index.of`; the program uses `Index.from_environment`.
    """

    def __init__(self, providers: Iterable[Provider], other_api: Mapping[str, str] | None = None) -> None:
        self._table: dict[tuple[str, str], list[Provider]] = defaultdict(list)
        for provider in providers:
            known = self._table[provider.kind, provider.name]
            if not any(
                p.target == provider.target and (p.distribution == provider.distribution or not provider.installed)
                for p in known
            ):
                known.append(provider)
        self._other_api = dict(other_api or {})

    @classmethod
    def from_environment(cls) -> Index:
        """Scan the installed metadata once and add the targets of `--with`."""
        providers, other = [], {}
        points = importlib.metadata.entry_points()
        for group in points.groups:
            ours = _GROUP.fullmatch(group)
            for point in points.select(group=group) if ours else ():
                if ours and int(ours["api"]) == API:
                    providers.append(Provider(ours["kind"], point.name, point.value, point))
                elif ours:
                    other[point.name] = ours["api"]
        extra = [target for target in os.environ.get(WITH, "").split(",") if target]
        return cls([*providers, *map(_uninstalled, extra)], other)

    @classmethod
    def of(cls, table: Mapping[str, Mapping[str, str]]) -> Index:
        """A closed index from `{kind: {name: "module:Class"}}`, for tests."""
        return cls(Provider(kind, name, target) for kind, names in table.items() for name, target in names.items())

    def including(self, *targets: str) -> Index:
        """This index plus some `module:Class` components that are not installed."""
        return Index(
            [p for row in self._table.values() for p in row] + list(map(_uninstalled, targets)), self._other_api
        )

    def names(self, kind: str) -> list[str]:
        """Sorted names of a kind."""
        return sorted(name for k, name in self._table if k == kind)

    def providers(self) -> list[Provider]:
        """Every provider, sorted by kind and name, including conflicting ones."""
        return [p for key in sorted(self._table) for p in self._table[key]]

    def conflicts(self) -> list[Conflict]:
        """Names with more than one provider."""
        return [_conflict(row) for row in self._table.values() if len(row) > 1]

    def provider(self, kind: str, name: str) -> Provider:
        """The provider of a name. Raises UnknownComponent with a hint, or Conflict."""
        row = self._table.get((kind, name))
        if not row:
            raise UnknownComponent(self._hint(kind, name))
        if len(row) > 1:
            raise _conflict(row)
        return row[0]

    def _hint(self, kind: str, name: str) -> str:
        start = f"there is no {WORDS.get(kind, kind)} '{name}'."
        other_kinds = [k for k, n in self._table if n == name and k in KINDS]
        if other_kinds:
            return f"{start} '{name}' is registered as {' and '.join(other_kinds)}."
        if name in self._other_api:
            return (
                f"{start} An installed plugin provides it for plugin API {self._other_api[name]}, "
                f"but this fascore uses API {API}; update one of them."
            )
        package = self.package_to_install(kind, name)
        names = self.names(kind)
        if package:
            return f"{start} The package {package} provides it: pip install {package}"
        if near := difflib.get_close_matches(name, names, 1, 0.75):
            return f"{start} Did you mean '{near[0]}' ({self._table[kind, near[0]][0].source})?"
        if loose := difflib.get_close_matches(name, names, 1, 0.5):
            return f"{start} Did you mean '{loose[0]}' ({self._table[kind, loose[0]][0].source})?"
        return f"{start} Installed: {', '.join(names[:20]) or 'none'}{' …' if len(names) > 20 else ''}."

    def package_to_install(self, kind: str, name: str) -> str | None:
        """The known plugin that provides a name of this kind and is not installed; None if there is none."""
        for package, known in known_plugins().items():
            offered = name.startswith(f"{known['prefix']}.") or name in known["bare"].get(kind, ())
            if offered and not self._has_plugin(package):
                return package
        return None

    def _has_plugin(self, package: str) -> bool:
        return any(p.distribution == package for row in self._table.values() for p in row)


class KnownPlugin(TypedDict):
    """A plugin of this project: the prefix of its names, its purpose, and the names without a prefix, by kind."""

    prefix: str
    what: str
    bare: dict[str, list[str]]


def known_plugins() -> dict[str, KnownPlugin]:
    """Known plugins by package, installed or not."""
    table: dict[str, KnownPlugin] = json.loads((Path(__file__).parent / "known_plugins.json").read_text())
    return table


def _uninstalled(target: str) -> Provider:
    """A provider for a `module:Class` target of `--with`; kind and name come from the class."""
    module, _, attribute = target.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        component = getattr(importlib.import_module(module), attribute)
        return Provider(component.kind, component.model_fields["type"].default, target)
    except Exception as error:
        raise FascoreError(
            f"--with {target}: cannot be imported ({type(error).__name__}: {error}); write the module:Class of a component"
        ) from error


def _conflict(row: list[Provider]) -> Conflict:
    both = " and ".join(f"{p.source} ({p.target})" for p in row)
    return Conflict(f"{row[0].kind} '{row[0].name}' is provided by both {both}; uninstall one of them")


_current: list[Index] = []


def index() -> Index:
    """The current index: the one set by `using`, or else that of the environment, scanned once."""
    if not _current:
        _current.append(Index.from_environment())
    return _current[-1]


@contextmanager
def using(other: Index) -> Iterator[Index]:
    """Use another index inside the block."""
    index()
    _current.append(other)
    try:
        yield other
    finally:
        _current.pop()


def add_targets(targets: Iterable[str]) -> None:
    """Implement `--with`: add components that are not installed, for this process and its children. Raises FascoreError."""
    known = [t for t in os.environ.get(WITH, "").split(",") if t]
    new = [t for t in targets if t not in known]
    for target in new:
        _uninstalled(target)  # report an error here once, rather than at every lookup
    os.environ[WITH] = ",".join([*known, *new])
    _current.clear()
