"""The layout of the tree: no import cycles, and plugins that know public names of fascore only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

import fascore

TREE = Path(__file__).parents[1]
PLUGINS = {
    folder.name: folder for folder in sorted((TREE / "plugins").iterdir()) if (folder / "pyproject.toml").is_file()
}
PUBLIC_MODULES = ("fascore", "fascore.testing")


def packages(plugin: Path) -> list[str]:
    """Names of a plugin's packages."""
    return [package.name for package in sorted((plugin / "src").iterdir()) if (package / "__init__.py").is_file()]


def cycles(*names: str) -> list[str]:
    """Imports below some packages that lead back to their importer, those inside functions and for type checking among them."""
    graph = grimp.build_graph(*names, exclude_type_checking_imports=False, cache_dir=None)
    return [
        f"{importer} -> {imported}"
        for importer in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if graph.chain_exists(importer=imported, imported=importer)
    ]


def test_no_modules_import_one_another_in_a_circle() -> None:
    names = ["fascore", *(name for plugin in PLUGINS.values() for name in packages(plugin))]
    assert len(names) > 5
    assert cycles(*names) == []


def test_a_circle_through_a_type_checking_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "goes_round"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "config.py").write_text("def build():\n    from goes_round.module import Module\n    return Module\n")
    (package / "module.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from goes_round.config import build\nclass Module: ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert cycles("goes_round") == ["goes_round.config -> goes_round.module", "goes_round.module -> goes_round.config"]


def imports_of_fascore(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, module, name) of every import of fascore; the name is empty where the module itself is imported."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names if alias.name.split(".")[0] == "fascore")
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "fascore":
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)


def private(source: str) -> list[str]:
    """Imports of what fascore does not offer to plugins, as `line: module.name`."""
    return [
        f"{line}: {module}{'.' if name else ''}{name}"
        for line, module, name in imports_of_fascore(source)
        if module not in PUBLIC_MODULES or (module == "fascore" and name and name not in (*fascore.__all__, "testing"))
    ]


def private_below(folder: Path) -> dict[str, list[str]]:
    """Private imports of the files below a folder, by file."""
    files = sorted(folder.rglob("*.py"))
    assert files
    by_file = {str(file.relative_to(TREE)): private(file.read_text(encoding="utf-8")) for file in files}
    return {name: lines for name, lines in by_file.items() if lines}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugins_import_public_names_of_fascore_only(plugin: str) -> None:
    assert private_below(PLUGINS[plugin] / "src") == {}


def test_examples_import_public_names_of_fascore_only() -> None:
    assert private_below(TREE / "examples") == {}


@pytest.mark.parametrize(
    "line",
    [
        "from fascore.spec.plan import Plan",
        "import fascore.spec.plan",
        "from fascore import spec",
        "def f():\n    from fascore.data.media import as_rgb",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fascore.model import ModelGraph",
    ],
)
def test_a_private_import_is_seen_wherever_it_stands(line: str) -> None:
    assert len(private(line)) == 1


def test_public_imports_are_allowed() -> None:
    assert (
        private(
            "import fascore\nfrom fascore import Encoder, Signal\nfrom fascore.testing import suite\nimport fascores"
        )
        == []
    )
