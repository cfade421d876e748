"""The table of commands, and the group that adds those of plugins."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from fascore import __version__
from fascore.cli import (
    check,
    compare,
    components,
    evaluate,
    explain,
    fill,
    init,
    papers,
    plan,
    plugin_new,
    plugins,
    predict,
    prepare,
    recalibrate,
    report,
    run,
    schema,
    study,
    subsets,
)
from fascore.cli.ending import DEBUG, end


class Entry(NamedTuple):
    """A command: its name, what it calls, one line for the list of commands, and examples that its own help shows."""

    name: str
    function: Callable[..., None]
    summary: str
    examples: tuple[str, ...]
    shell: type[TyperCommand] = TyperCommand


COMMANDS = (
    Entry(
        "init",
        init.init,
        "write a spec that runs",
        ("fascore init spec.json", "fascore init spec.json --data folder --manifest videos.csv --modalities rgb,depth"),
    ),
    Entry(
        "check",
        check.check,
        "check a spec and print its graph",
        ("fascore check spec.json", "fascore check spec.json --set recipe.epochs=5 --cost"),
    ),
    Entry(
        "run",
        run.run,
        "train, choose the threshold, evaluate, report",
        ("fascore run spec.json", "fascore run spec.json --set seed=1 --set name=second --processes 2"),
    ),
    Entry(
        "prepare",
        prepare.prepare,
        "decode and store the data of a spec, once",
        ("fascore prepare spec.json --processes 8",),
    ),
    Entry(
        "predict",
        predict.predict,
        "score images and videos with a run",
        (
            "fascore predict runs/demo video.mp4 photos/",
            "fascore predict runs/demo video.mp4 --json",
            "fascore predict runs/demo long.mp4 --clips 2 --timeline scores.png",
            "fascore predict runs/demo video.mp4 --threshold runs/demo/thresholds/phone.json",
            'fascore predict runs/demo video.mp4 --detector \'{"type": "yunet", "model": "yunet.onnx"}\'',
        ),
    ),
    Entry(
        "evaluate",
        evaluate.evaluate,
        "measure score files; no model is needed",
        (
            "fascore evaluate runs/demo/scores/cross.csv --dev runs/demo/scores/dev.csv",
            "fascore evaluate scores.csv --threshold fixed=0.5",
            "fascore evaluate scores.txt --format id-label-score --polarity bona_fide_high --labels-are bona_fide_1",
            "fascore evaluate --sum runs/colour runs/depth --out both",
        ),
    ),
    Entry(
        "compare",
        compare.compare,
        "set systems side by side, with paired tests",
        (
            "fascore compare runs/concat runs/attention --out compared",
            "fascore compare a_test.csv b_test.csv --dev a_dev.csv --dev b_dev.csv",
            "fascore compare runs/study/* --threshold bpcer=0.01",
            "fascore compare runs/vit --paper joint/II --as 'vit=ViT, joint'",
        ),
        compare.Command,
    ),
    Entry("papers", papers.papers, "list or print the tables of papers", ("fascore papers", "fascore papers joint/II")),
    Entry(
        "report",
        report.report,
        "write a run's report again, or one to share",
        ("fascore report runs/demo", "fascore report runs/demo --share"),
    ),
    Entry(
        "plan",
        plan.plan,
        "how many presentations a claim needs",
        (
            "fascore plan --apcer 0.02",
            "fascore plan --apcer 0.02 --bpcer 0.15 --species 6 --each 10 --correlation 0.2 --json",
        ),
    ),
    Entry(
        "recalibrate",
        recalibrate.recalibrate,
        "a threshold for a new camera, from bona fide",
        (
            "fascore recalibrate runs/demo phone/ --camera phone --bpcer 0.02",
            "fascore recalibrate runs/demo phone.csv --camera phone",
        ),
    ),
    Entry(
        "subsets",
        subsets.subsets,
        "measure a run without some of its inputs",
        ("fascore subsets runs/demo", "fascore subsets runs/demo --metric auc --metric eer"),
    ),
    Entry(
        "fill",
        fill.fill,
        "write every default of a spec out",
        ("fascore fill spec.json", "fascore fill spec.json --out full.json"),
    ),
    Entry("explain", explain.explain, "what a component does, takes and gives", ("fascore explain fusion concat",)),
    Entry(
        "components",
        components.components,
        "list the installed components",
        ("fascore components", "fascore components encoder fusion"),
    ),
    Entry(
        "plugins",
        plugins.plugins,
        "list the packages that offer components",
        ("fascore plugins", "fascore plugins --check"),
    ),
    Entry("schema", schema.schema, "write the JSON Schema, for editors", ("fascore schema --out fascore.schema.json",)),
)
STUDY = (
    Entry("check", study.study_check, "validate every run", ("fascore study check study.json",)),
    Entry(
        "run",
        study.study_run,
        "run what has not run yet",
        ("fascore study run study.json --processes 2", "fascore study run study.json --base other.json"),
    ),
    Entry("table", study.study_table, "mean and deviation of what has run", ("fascore study table study.json",)),
)
PLUGIN = (
    Entry(
        "new",
        plugin_new.plugin_new,
        "write a package that passes its tests at once",
        ("fascore plugin new my-fusion --into ~/code",),
    ),
)


class Program(TyperGroup):
    """fascore's commands and those of installed plugins: listed by name, imported when called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Own commands in their order, then those of plugins."""
        from fascore.contract.registry import index

        own: list[str] = super().list_commands(ctx)
        return [*own, *(name for name in index().names("command") if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command. That of a plugin is imported when it runs; that of a plugin which lacks is an error that names it."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        from fascore.contract.registry import index

        if cmd_name in index().names("command"):
            return _of_plugin(cmd_name)
        if package := index().package_to_install("command", cmd_name):
            ctx.fail(f"fascore {cmd_name} comes with {package}: pip install {package}")
        return None

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C ends in the sentence that it brings along, or in a plain one, and exit code 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            end(str(error) or "stopped by Ctrl-C", code=130)


def _of_plugin(name: str) -> Any:
    from fascore.contract.registry import index

    provider = index().provider("command", name)
    shell = _typer()
    everything = {"ignore_unknown_options": True, "allow_extra_args": True}

    @shell.command(name, help=f"A command of {provider.source}.", add_help_option=False, context_settings=everything)
    def call(context: typer.Context) -> None:
        real = provider.load()
        if not isinstance(real, typer.Typer):
            function, real = real, _typer()
            real.command(name)(function)  # type: ignore[type-var]  # checked by Typer itself
        command = typer.main.get_command(real)
        with command.make_context(name, context.args, parent=context.parent) as inner:
            command.invoke(inner)

    return typer.main.get_command(shell)


def _typer(**settings: Any) -> typer.Typer:
    """Typer without rich, which alone would take longer than all of `--help` may."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **settings)


def _add(group: typer.Typer, entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        group.command(entry.name, cls=entry.shell, short_help=entry.summary, epilog=_examples(*entry.examples))(
            entry.function
        )


def _examples(*commands: str) -> str:
    return "\n".join(
        ["\b", "Examples:" if len(commands) > 1 else "Example:", *(f"  {command}" for command in commands)]
    )


def _version(wanted: bool) -> None:
    if wanted:
        print(f"fascore {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and end")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks, as FASCORE_DEBUG=1 does")] = False,
) -> None:
    """Face presentation-attack and forgery detection from components that compose."""
    if debug:
        os.environ[DEBUG] = "1"


def _build() -> typer.Typer:
    program = _typer(cls=Program, no_args_is_help=True)
    program.callback(epilog=_examples("fascore init spec.json", "fascore check spec.json", "fascore run spec.json"))(
        _options
    )
    _add(program, COMMANDS)
    groups = (
        ("study", STUDY, "Tables of runs: a base spec and rows of overrides.", "fascore study run study.json"),
        ("plugin", PLUGIN, "Begin a plugin of your own.", "fascore plugin new my-fusion"),
    )
    for name, entries, what, example in groups:
        group = _typer(no_args_is_help=True)
        _add(group, entries)
        program.add_typer(
            group, name=name, help=what, short_help=what[0].lower() + what[1:-1], epilog=_examples(example)
        )
    return program


app = _build()
