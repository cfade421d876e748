"""The table of commands, and the group that adds the commands of plugins."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

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
from fascore.cli.help import Command, Group, layout
from fascore.cli.plugin_commands import application, command_of_plugin, names_of_plugins


class Entry(NamedTuple):
    """A command: its name, its function, one line for the list of commands, and examples for its help."""

    name: str
    function: Callable[..., None]
    summary: str
    examples: tuple[str, ...]
    shell: type[Command] = Command


TRAINING = (
    Entry(
        "init",
        init.init,
        "write a spec that is ready to run",
        ("fascore init spec.json", "fascore init spec.json --manifest videos.csv --modalities rgb,depth"),
    ),
    Entry(
        "check",
        check.check,
        "check a spec and print its graph",
        ("fascore check spec.json", "fascore check spec.json --set recipe.epochs=5 --cost"),
    ),
    Entry("fill", fill.fill, "print a spec with all defaults", ("fascore fill spec.json --out full.json",)),
    Entry(
        "prepare",
        prepare.prepare,
        "decode the records of a spec and store them",
        ("fascore prepare spec.json --processes 8",),
    ),
    Entry(
        "run",
        run.run,
        "train, evaluate, and report",
        ("fascore run spec.json", "fascore run spec.json --set seed=1 --set name=second --processes 2"),
    ),
)
MEASURING = (
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
        "evaluate score files by ISO/IEC 30107-3",
        (
            "fascore evaluate runs/demo/scores/cross.csv --dev runs/demo/scores/dev.csv",
            "fascore evaluate scores.csv --threshold fixed=0.5",
            "fascore evaluate scores.txt --format id-label-score --polarity bona_fide_high --labels-are bona_fide_1",
            "fascore evaluate --combine sum runs/color runs/depth --out both",
        ),
    ),
    Entry(
        "compare",
        compare.compare,
        "compare systems, with paired tests",
        (
            "fascore compare runs/concat runs/attention --out compared",
            "fascore compare a_test.csv b_test.csv --dev a_dev.csv --dev b_dev.csv",
            "fascore compare runs/study/* --threshold bpcer=0.01",
            "fascore compare runs/vit --paper joint/II --as 'vit=ViT, joint'",
        ),
        compare.CompareCommand,
    ),
    Entry("papers", papers.papers, "list or print the tables of papers", ("fascore papers", "fascore papers joint/II")),
    Entry(
        "report",
        report.report,
        "rewrite the report of a run, or write one to share",
        ("fascore report runs/demo", "fascore report runs/demo --share"),
    ),
    Entry(
        "plan",
        plan.plan,
        "compute the sample sizes that a claim requires",
        (
            "fascore plan --apcer 0.02",
            "fascore plan --apcer 0.02 --bpcer 0.15 --species 6 --each 10 --correlation 0.2 --json",
        ),
    ),
    Entry(
        "recalibrate",
        recalibrate.recalibrate,
        "choose a threshold for a new camera",
        (
            "fascore recalibrate runs/demo phone/ --camera phone --bpcer 0.02",
            "fascore recalibrate runs/demo phone.csv --camera phone",
        ),
    ),
    Entry(
        "subsets",
        subsets.subsets,
        "evaluate a run without some of its inputs",
        ("fascore subsets runs/demo", "fascore subsets runs/demo --metric auc --metric eer"),
    ),
)
COMPONENTS = (
    Entry(
        "components",
        components.components,
        "list the installed components",
        ("fascore components", "fascore components encoder fusion"),
    ),
    Entry("explain", explain.explain, "describe a component", ("fascore explain fusion concat",)),
    Entry(
        "plugins",
        plugins.plugins,
        "list the packages that provide components",
        ("fascore plugins", "fascore plugins --check"),
    ),
    Entry("schema", schema.schema, "print the JSON Schema for editors", ("fascore schema --out fascore.schema.json",)),
)
STUDY = (
    Entry("check", study.study_check, "check every run", ("fascore study check study.json",)),
    Entry(
        "run",
        study.study_run,
        "execute the unfinished runs",
        ("fascore study run study.json --processes 2", "fascore study run study.json --base other.json"),
    ),
    Entry(
        "table",
        study.study_table,
        "print means and standard deviations of the finished runs",
        ("fascore study table study.json",),
    ),
)
PLUGIN = (
    Entry(
        "new",
        plugin_new.plugin_new,
        "create a package that passes its tests",
        ("fascore plugin new my-fusion --into ~/code", "fascore plugin new thermal --kind modality"),
    ),
)


class Program(Group):
    """fascore's commands and those of installed plugins: listed by name, imported when called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The core commands in their order, then those of plugins."""
        own: list[str] = super().list_commands(ctx)
        return [*own, *names_of_plugins(own)]

    def titles(self, ctx: Any) -> list[tuple[str, list[str]]]:
        """The core commands by subject, then those of plugins."""
        return [
            ("Train", [*(entry.name for entry in TRAINING), "study"]),
            ("Score and evaluate", [entry.name for entry in MEASURING]),
            ("Components and plugins", [*(entry.name for entry in COMPONENTS), "plugin"]),
            ("Plugin commands", names_of_plugins(super().list_commands(ctx))),
        ]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command. A plugin's is imported when it runs; if its package is not installed, the error names it."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        from fascore.contract.registry import index

        if cmd_name in index().names("command"):
            return command_of_plugin(cmd_name)
        if package := index().package_to_install("command", cmd_name):
            ctx.fail(f"fascore {cmd_name} comes with {package}: pip install {package}")
        return None

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Ctrl-C ends it with exit code 130 and the message of the KeyboardInterrupt, if any."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            end(str(error) or "stopped by Ctrl-C", code=130)


def _add(group: typer.Typer, entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        group.command(entry.name, cls=entry.shell, short_help=entry.summary, epilog=layout(*entry.examples))(
            entry.function
        )


def _version(wanted: bool) -> None:
    if wanted:
        print(f"fascore {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and exit")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks, as FASCORE_DEBUG=1 does")] = False,
) -> None:
    """Detect presentation attacks and face forgeries with composable components."""
    if debug:
        os.environ[DEBUG] = "1"


def _build() -> typer.Typer:
    program = application(cls=Program, no_args_is_help=True)
    program.callback(epilog=layout("fascore init spec.json", "fascore check spec.json", "fascore run spec.json"))(
        _options
    )
    _add(program, (*TRAINING, *MEASURING, *COMPONENTS))
    groups = (
        (
            "study",
            STUDY,
            "Check and run studies, each a base spec with rows of overrides.",
            "fascore study run study.json",
        ),
        ("plugin", PLUGIN, "Create a plugin package.", "fascore plugin new my-fusion"),
    )
    for name, entries, what, example in groups:
        group = application(cls=Group, no_args_is_help=True)
        _add(group, entries)
        program.add_typer(group, name=name, help=what, epilog=layout(example))
    return program


app = _build()
