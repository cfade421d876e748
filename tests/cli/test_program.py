import json
import os
import re
import subprocess
import sys

import pytest
import typer

from fascore import __version__
from fascore.cli.app import app
from fascore.cli.plugin_commands import loaded
from fascore.contract.registry import index

HEAVY = ("torch", "torchvision", "timm", "cv2", "av", "scipy", "sklearn", "matplotlib", "wandb", "rich", "jinja2")


def leaves(command, path=()):
    """Every command and group, with the words that call it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, (*path, name))


def whole_program():
    """fascore with the commands of the installed plugins, as if they were its own."""
    program = typer.main.get_command(app)
    for provider in index().providers():
        if provider.kind == "command" and provider.distribution != "not installed":
            program.commands[provider.name] = loaded(provider)
    return program


PROGRAM = whole_program()
COMMANDS = list(leaves(PROGRAM))


def command_at(path):
    command = PROGRAM
    for name in path:
        command = command.commands[name]
    return command


def context_at(path):
    context = None
    for number, name in enumerate(("fascore", *path)):
        context = command_at(path[:number]).make_context(name, ["--help"], parent=context, resilient_parsing=True)
    return context


def help_of(path):
    return command_at(path).get_help(context_at(path))


def options_of(path):
    return [param for param in command_at(path).params if param.param_type_name == "option" and not param.hidden]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_ends_with_examples_that_begin_with_the_command_itself(path):
    heading, *examples = help_of(path).rpartition("\n\nExamples:\n")[1:]
    assert heading and re.match(f"  {' '.join(['fascore', *path])}\\b", examples[0])
    assert all(line.startswith(("  fascore ", "    --")) for line in examples[0].splitlines())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_states_the_purpose_in_one_line_and_fits_80_columns(path):
    text = help_of(path)
    (purpose,) = text.split("\n\n")[1].splitlines()
    assert purpose.strip()[0].isupper() and purpose.endswith(".")
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"\.\.\.|…|<|\N{NO-BREAK SPACE}", text.split("\n\n", 1)[1])


LEAVES = [path for path in COMMANDS if not hasattr(command_at(path), "commands")]


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_is_described_and_listed_once_with_its_default(path):
    text = help_of(path).partition("\n\nExamples:\n")[0]
    for option in options_of(path):
        assert option.help, option.name
        rows = re.findall(rf"^  (?:-\w, )?{option.opts[-1]}(?![-\w]).*(?:\n   .*)*", text, re.MULTILINE)
        assert len(rows) == 1, option.name
        if option.default not in (None, False, (), []) and not callable(option.default):
            assert "[default: " in " ".join(rows[0].split()), option.name


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_options_are_in_groups_and_those_of_no_group_come_last(path):
    headings = re.findall(r"^(\w.*):$", help_of(path), re.MULTILINE)
    assert len(set(headings)) == len(headings)
    groups = [heading for heading in headings if heading not in ("Arguments", "Examples")]
    assert groups[-1] in ("Options", "Other options")
    assert (groups == ["Options"]) == (not [option for option in options_of(path) if option.name != "help"])
    assert len(options_of(path)) < 16


def test_evaluate_has_fewer_than_15_options():
    assert len(options_of(("evaluate",))) < 15


def test_a_long_example_continues_with_backslashes_and_reads_as_one_command():
    from fascore.cli.help import examples_of

    epilog = command_at(("evaluate",)).epilog
    shown = help_of(("evaluate",)).rpartition("\n\n")[2]
    assert " \\\n    --" in shown
    assert examples_of(shown) == examples_of(epilog)


def test_all_commands_of_the_issue_are_there():
    words = {" ".join(path) for path in COMMANDS}
    named = [
        "run",
        "prepare",
        "predict",
        "check",
        "schema",
        "fill",
        "init",
        "explain",
        "plugins",
        "components",
        "evaluate",
    ]
    assert {*named, "study check", "study run", "study table", "plugin new"} <= words


def test_the_version_is_printed(fascore):
    assert fascore("--version").stdout == f"fascore {__version__}\n"


def test_a_wrong_option_is_a_usage_error(fascore):
    done = fascore("check", "--nonsense", code=2)
    assert "No such option" in done.stderr
    assert done.stdout == ""


def test_a_wrong_command_is_a_usage_error(fascore):
    assert "chekc" in fascore("chekc", code=2).stderr


def test_a_missing_file_is_reported_in_one_line(fascore):
    done = fascore("check", "nowhere.json", code=1)
    assert done.stderr == "nowhere.json: cannot be read: No such file or directory\n"


def test_broken_json_is_reported_with_line_and_column(fascore, tmp_path):
    (tmp_path / "spec.json").write_text('{\n  "name": "x",,\n}')
    assert fascore("check", "spec.json", code=1).stderr.startswith("spec.json: line 2, column ")


@pytest.mark.parametrize("arguments", [["--help"], ["components"], ["plugins"], ["check", "--help"], ["--version"]])
def test_what_only_looks_imports_nothing_heavy(fascore, tmp_path, arguments):
    assert imported(fascore, tmp_path, *arguments).isdisjoint(HEAVY)


def test_the_help_of_every_command_imports_nothing_heavy():
    program = (
        "import sys, typer\n"
        "from fascore.cli.app import app\n"
        "def show(command, context):\n"
        "    assert 'Examples:' in command.get_help(context)\n"
        "    for name, inner in getattr(command, 'commands', {}).items():\n"
        "        show(inner, inner.make_context(name, [], parent=context, resilient_parsing=True))\n"
        "main = typer.main.get_command(app)\n"
        "show(main, main.make_context('fascore', [], resilient_parsing=True))\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()).isdisjoint({*HEAVY, "numpy"})


def test_importing_fascore_imports_neither_pydantic_nor_torch(tmp_path, fascore):
    modules = imported(fascore, tmp_path, "--help")
    assert modules.isdisjoint(("torch", "pydantic", "numpy"))


@pytest.mark.parametrize("command", ["check", "fill"])
def test_checking_the_demo_imports_nothing_heavy(fascore, tmp_path, demo, command):
    assert imported(fascore, tmp_path, command, demo).isdisjoint({*HEAVY, "numpy"})


@pytest.mark.parametrize("arguments", [["schema"], ["explain", "fusion", "concat"]])
def test_describing_components_imports_no_torch(fascore, tmp_path, arguments):
    assert imported(fascore, tmp_path, *arguments).isdisjoint(HEAVY)


def imported(fascore, folder, *arguments):
    """Names of the top-level modules that a command has imported when it ends."""
    (folder / "sitecustomize.py").write_text(
        "import atexit, json, sys\n"
        "atexit.register(lambda: open('modules.json', 'w').write(json.dumps(sorted({m.partition('.')[0] for m in sys.modules}))))\n"
    )
    fascore(*arguments, PYTHONPATH=os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return set(json.loads((folder / "modules.json").read_text()))


def test_an_unexpected_failure_is_one_line_and_a_traceback_only_on_request(fascore, distributions):
    site = distributions(1)
    (site / "fas_fake0.py").write_text("def beat():\n    raise RuntimeError('no reason')\n")
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.command]\nbeat = fas_fake0:beat\n")
    done = fascore("beat", code=1, PYTHONPATH=str(site))
    assert done.stderr.count("\n") == 1
    assert "RuntimeError: no reason" in done.stderr
    assert "report" in done.stderr
    shown = fascore("--debug", "beat", code=1, traceback=True, PYTHONPATH=str(site)).stderr
    assert shown.rstrip().endswith("RuntimeError: no reason")


@pytest.mark.parametrize(
    ("source", "summary"),
    [
        ('def beat(video):\n    """Read a pulse. Slowly.\n\n    More.\n    """\n', "read a pulse"),
        ("def beat(video):\n    'RPPG in a line'\n", "RPPG in a line"),
        ("beat = typer.Typer(help='Read a pulse; or two.')\n", "read a pulse"),
        ("@beat.callback()\ndef all():\n    'Read pulses.'\n", "read pulses"),
        ("", "a command of fas-fake0 1.0"),
        ("def beat(video): pass\n", "a command of fas-fake0 1.0"),
        ("this is not Python\n", "a command of fas-fake0 1.0"),
        (None, "a command of fas-fake0 1.0"),
    ],
)
@pytest.mark.parametrize("module", ["fas_fake0", "fas_fake0.inner.command", "fas_fake0.inner"])
def test_commands_of_plugins_are_listed_by_what_their_source_says_without_an_import(
    fascore, distributions, source, summary, module
):
    site = distributions(1)
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text(f"[fascore.v1.command]\nbeat = {module}:beat\n")
    (site / "fas_fake0.py").unlink()
    path = site.joinpath(*module.split("."))
    path = path / "__init__.py" if module.endswith("inner") else path.with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    if module != "fas_fake0":
        (site / "fas_fake0/__init__.py").write_text("raise ImportError('the list imported a plugin')\n")
    if source is not None:
        path.write_text(f"{source}\nraise ImportError('the list imported a plugin')\n")
    assert re.search(rf"^  beat +{summary}$", fascore("--help", PYTHONPATH=str(site)).stdout, re.MULTILINE)


def test_a_command_of_a_plugin_is_imported_when_it_is_called(fascore, distributions):
    site = distributions(1)
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.command]\nbeat = fas_fake0:beat\n")
    (site / "fas_fake0.py").write_text(
        "def beat(video: str, rate: float = 30.0) -> None:\n"
        "    'Read a pulse.\\n\\nExamples:\\n  fascore beat a.mp4'\n"
        "    print(f'{video} at {rate}')\n"
    )
    assert fascore("beat", "a.mp4", "--rate", "25", PYTHONPATH=str(site)).stdout == "a.mp4 at 25.0\n"
    shown = fascore("beat", "--help", PYTHONPATH=str(site)).stdout
    assert "Read a pulse.\n" in shown and shown.endswith("\n\nExamples:\n  fascore beat a.mp4\n")
    assert "No such option" in fascore("beat", "a.mp4", "--nonsense", code=2, PYTHONPATH=str(site)).stderr


def test_a_typer_app_of_a_plugin_keeps_its_exit_code(fascore, distributions):
    site = distributions(1)
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.command]\nbeat = fas_fake0:app\n")
    (site / "fas_fake0.py").write_text(
        "import typer\napp = typer.Typer()\n"
        "@app.command()\ndef one() -> None:\n    raise typer.Exit(3)\n"
        "@app.command()\ndef two() -> None:\n    pass\n"
    )
    fascore("beat", "one", code=3, PYTHONPATH=str(site))
    fascore("beat", "two", PYTHONPATH=str(site))


def test_ctrl_c_ends_in_a_sentence_and_130(fascore, distributions):
    site = distributions(1)
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.command]\nbeat = fas_fake0:beat\n")
    # Where the tests run in the background of a shell, SIGINT is ignored by what they start.
    beat = "    signal.signal(signal.SIGINT, signal.default_int_handler)\n    os.kill(os.getpid(), signal.SIGINT)\n"
    (site / "fas_fake0.py").write_text(f"import os, signal\ndef beat() -> None:\n{beat}")
    assert fascore("beat", code=130, PYTHONPATH=str(site)).stderr == "stopped by Ctrl-C\n"


def test_only_the_first_process_prints(fascore):
    assert fascore("components", RANK="1").stdout == ""
    assert fascore("components", RANK="0").stdout
    assert fascore("components", "encodr", code=1, RANK="1").stderr.startswith("process 1: 'encodr'")


def test_a_pipe_that_closes_is_not_a_failure(tmp_path):
    program = f"{sys.executable} -c 'from fascore.cli import main; main()' schema | head -c 10"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
