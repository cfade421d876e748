"""The layout of `--help`: purpose, arguments, options by group, examples. It is instant because it avoids rich."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

INPUT, SPEC, THRESHOLD, PAPER = "Input", "Changes to the spec", "Threshold", "Numbers of a paper"
PRESENTATIONS, STATISTICS, OUTPUT, EXECUTION = "Presentations", "Statistics", "Output", "Execution"
OTHER = "Other options"
HELP = "show this help"
EXAMPLES = re.compile(r"^Examples?:$", re.MULTILINE)
NO_BREAK = "\N{NO-BREAK SPACE}"
WIDTH = 78
"""Columns of an example, without its indent."""


def option(flag: str, metavar: str | None, help: str, group: str, short: str | None = None, **settings: Any) -> Any:
    """An option in a group of the command's help. With `show_default=True` the help ends with the default."""
    names = (flag,) if short is None else (short, flag)
    return typer.Option(
        *names, metavar=metavar, help=help, rich_help_panel=group, **{"show_default": False, **settings}
    )


class _Examples:
    """Shows the `Examples:` of a docstring or an epilog as a section, and describes `--help` like the other options."""

    help: str | None
    epilog: str | None

    def get_help(self, ctx: Any) -> str:
        """The help, with ordinary blanks for those that kept a default on one line."""
        text: str = super().get_help(ctx)  # type: ignore[misc]  # mixed into commands and groups
        return text.replace(NO_BREAK, " ")

    def get_help_option(self, ctx: Any) -> Any:
        """`--help`."""
        option = super().get_help_option(ctx)  # type: ignore[misc]  # mixed into commands and groups
        if option is not None:
            option.help = HELP
        return option

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """The docstring up to its examples."""
        whole = self.help
        self.help = EXAMPLES.split(whole or "", maxsplit=1)[0]
        super().format_help_text(ctx, formatter)  # type: ignore[misc]
        self.help = whole

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The examples of the docstring or of the epilog; an epilog of another kind as it is."""
        commands = examples_of(self.help) or examples_of(self.epilog)
        if not commands:
            super().format_epilog(ctx, formatter)  # type: ignore[misc]
            return
        with formatter.section("Examples"):
            for line in (line for command in commands for line in _continued(command)):
                formatter.write(f"{' ' * formatter.current_indent}{line}\n")


class Command(_Examples, TyperCommand):
    """A command whose help groups its options by their `rich_help_panel`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Arguments by their metavar: in brackets if optional, with dots if there can be several."""
        return [*([self.options_metavar] if self.options_metavar else []), *map(_usage, self._arguments(ctx))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then options by group in the order of the command, then the options without a group."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        rest: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            if param.param_type_name == "argument":
                groups["Arguments"].append((_metavar(param), _bounds(record[1], required=False)))
                continue
            panel = getattr(param, "rich_help_panel", None)
            (groups.setdefault(panel, []) if panel else rest).append((record[0], _bounds(record[1])))
        rest = groups.pop(OTHER, []) + rest
        groups[OTHER if len(groups) > 1 else "Options"] = rest
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)

    def _arguments(self, ctx: Any) -> list[Any]:
        return [param for param in self.get_params(ctx) if param.param_type_name == "argument"]


class Group(_Examples, TyperGroup):
    """A group of commands; their summaries are never cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands under their titles."""
        for title, names in self.titles(ctx):
            rows = [(name, summary(self.get_command(ctx, name))) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def titles(self, ctx: Any) -> list[tuple[str, list[str]]]:
        """Names of the commands by title."""
        return [("Commands", self.list_commands(ctx))]


def layout(*commands: str) -> str:
    """The epilog that shows these commands as examples."""
    return "\n".join(["Examples:", *commands])


def examples_of(text: str | None) -> list[str]:
    """The commands after `Examples:` in a docstring or an epilog; a line that ends in a backslash continues."""
    _, *rest = EXAMPLES.split(text or "", maxsplit=1)
    joined = re.sub(r"\s*\\\n\s*", " ", "".join(rest))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def summary(command: Any) -> str:
    """One line for a list of commands."""
    return command.short_help or first_sentence(command.help or "")


def lay_out(app: typer.Typer) -> typer.Typer:
    """The commands of a plugin's application, with this layout of help where they do not choose their own."""
    if app.info.cls is TyperGroup or not isinstance(app.info.cls, type):
        app.info.cls = Group
    for info in app.registered_commands:
        if info.cls is TyperCommand:
            info.cls = Command
    for nested in app.registered_groups:
        if nested.typer_instance is not None:
            lay_out(nested.typer_instance)
    return app


def first_sentence(text: str) -> str:
    """The first sentence as an entry of a list: without its period, in lower case unless it begins with an acronym."""
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.split(r"(?<=\w)[.;](?:\s|$)", paragraph, maxsplit=1)[0]
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def _continued(command: str) -> list[str]:
    """The lines of a command: one if it fits, otherwise broken before options and continued with a backslash."""
    lines = [""]
    for word in re.split(r" (?=--)", command):
        if lines[-1] and len(lines[-1]) + len(word) + len("  \\") > WIDTH:
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return [command] if len(command) <= WIDTH else lines


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _usage(param: Any) -> str:
    text = _metavar(param) + ("..." if param.nargs != 1 else "")
    return text if param.required else f"[{text}]"


def _bounds(text: str, required: bool = True) -> str:
    """The range of a number in words, unless it is obvious. The usage line shows which arguments are required."""
    text = re.sub(r"; x>=[01](?=\])|\s*\[x>=[01]\]", "", text)
    text = re.sub(r"([-\d.]+)<=x<=([-\d.]+)", r"range: \1 to \2", text)
    text = re.sub(r"x>=([-\d.]+)", r"minimum: \1", text)
    text = re.sub(r"\]\s+\[", "; ", re.sub(r"\s+\[", " [", text))
    text = text.replace("[default: ", f"[default:{NO_BREAK}")
    return text if required else re.sub(r"; required(?=\])|\s*\[required\]$", "", text)
