"""Commands of plugins: listed by name and summary without importing anything, imported when they are called."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fascore.cli.help import Command, first_sentence, lay_out

if TYPE_CHECKING:
    from fascore.contract.registry import Provider


def application(**settings: Any) -> typer.Typer:
    """Typer without rich, which alone would take longer than all of `--help` may."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **settings)


def names_of_plugins(own: list[str]) -> list[str]:
    """Names of the commands that installed plugins add to these."""
    from fascore.contract.registry import index

    return [name for name in index().names("command") if name not in own]


def command_of_plugin(name: str) -> Any:
    """A command that, when it runs, imports the plugin's command and passes all arguments to it."""
    from fascore.contract.registry import index

    provider = index().provider("command", name)
    shell = application()
    everything = {"ignore_unknown_options": True, "allow_extra_args": True}

    @shell.command(name, short_help=summary_of_plugin(provider), add_help_option=False, context_settings=everything)
    def call(context: typer.Context) -> None:
        command = loaded(provider)
        with command.make_context(name, context.args, parent=context.parent) as inner:
            command.invoke(inner)

    return typer.main.get_command(shell)


def loaded(provider: Provider) -> Any:
    """Import a plugin's command, a function or a Typer application, with the layout of help that core commands have."""
    real = provider.load()
    if not isinstance(real, typer.Typer):
        function, real = real, application()
        real.command(provider.name, cls=Command)(function)  # type: ignore[type-var]  # checked by Typer itself
    return typer.main.get_command(lay_out(real))


def summary_of_plugin(provider: Provider) -> str:
    """The purpose of the command, read from its source without importing it; its package, if there is no docstring."""
    return first_sentence(_docstring(provider.target) or "") or f"a command of {provider.source}"


def _docstring(target: str) -> str | None:
    """The docstring of `module:function`; of the callback, or the help, if the target is a Typer application."""
    module, _, name = target.partition(":")
    path = _source(module)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8")) if path else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (node.name == name or _is_callback(node, name)):
            return ast.get_docstring(node)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.targets[0]) == name:
            for keyword in node.value.keywords:
                if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return None


def _is_callback(function: ast.FunctionDef, name: str) -> bool:
    return any(ast.unparse(decorator).startswith(f"{name}.callback(") for decorator in function.decorator_list)


def _source(module: str) -> Path | None:
    """The file of a module. Only the finder of its top package is asked, which imports nothing."""
    top, *inner = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if not inner:
        return Path(spec.origin) if spec.origin else None
    for folder in spec.submodule_search_locations or ():
        stem = Path(folder, *inner)
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return path
    return None
