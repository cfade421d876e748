import json
import os

import pytest
import typer
from typer.testing import CliRunner

from fascore import __version__
from fascore.cli.app import app

HEAVY = ("torch", "torchvision", "timm", "cv2", "av", "scipy", "sklearn", "matplotlib", "wandb", "rich", "jinja2")


def leaves(command, path=()):
    """Every command and group, with the words that call it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, (*path, name))


COMMANDS = list(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_shows_an_example_that_begins_with_the_command_itself(path):
    done = CliRunner().invoke(app, [*path, "--help"], prog_name="fascore")
    assert done.exit_code == 0
    examples = done.output.partition("Example")[2]
    assert f"\n    {' '.join(['fascore', *path])}" in examples


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


def test_a_missing_file_is_told_in_one_line(fascore):
    done = fascore("check", "nowhere.json", code=1)
    assert done.stderr == "nowhere.json: cannot be read: No such file or directory\n"


def test_broken_json_is_told_with_line_and_column(fascore, tmp_path):
    (tmp_path / "spec.json").write_text('{\n  "name": "x",,\n}')
    assert fascore("check", "spec.json", code=1).stderr.startswith("spec.json: line 2, column ")


@pytest.mark.parametrize("arguments", [["--help"], ["components"], ["plugins"], ["check", "--help"], ["--version"]])
def test_what_only_looks_imports_nothing_heavy(fascore, tmp_path, arguments):
    assert imported(fascore, tmp_path, *arguments).isdisjoint(HEAVY)


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


def test_commands_of_plugins_are_listed_by_name_and_imported_when_called(fascore, distributions):
    site = distributions(1)
    (site / "fas_fake0-1.0.dist-info/entry_points.txt").write_text("[fascore.v1.command]\nbeat = fas_fake0:beat\n")
    assert (
        "A command of fas-fake0 1.0." in fascore("--help", PYTHONPATH=str(site)).stdout
    )  # the module itself raises on import
    (site / "fas_fake0.py").write_text(
        "def beat(video: str, rate: float = 30.0) -> None:\n    'Read a pulse.'\n    print(f'{video} at {rate}')\n"
    )
    assert fascore("beat", "a.mp4", "--rate", "25", PYTHONPATH=str(site)).stdout == "a.mp4 at 25.0\n"
    assert "Read a pulse." in fascore("beat", "--help", PYTHONPATH=str(site)).stdout
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


def test_a_pipe_that_closes_is_no_failure(tmp_path):
    import subprocess
    import sys

    program = f"{sys.executable} -c 'from fascore.cli import main; main()' schema | head -c 10"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
