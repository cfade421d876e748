"""The program in a process of its own that does not import torch and timm anew.

A server imports them once per test session and forks for every call: the child has its own memory, signals, files and
exit code, as a new interpreter has. A test of what a command imports, of plugins on PYTHONPATH, or of hash seeds needs a
new interpreter instead.
"""

import atexit
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

PRELOADED = ("fascore.cli.app", "fascore.running.run", "fascore.report.html", "timm", "torch._dynamo")
POLL = 0.01
"""Seconds between two looks at a process."""


class Forked:
    """A running call of the program, with the part of `subprocess.Popen` that tests need."""

    def __init__(self, *arguments: object, cwd: Path, **environment: str) -> None:
        self._folder = TemporaryDirectory(prefix="forked-")
        self.returncode: int | None = None
        request = {
            "arguments": list(map(str, arguments)),
            "cwd": str(cwd),
            "environment": {**os.environ, "OMP_NUM_THREADS": "1", **environment},
            "files": [os.devnull, f"{self._folder.name}/out", f"{self._folder.name}/err"],
        }
        self.pid: int = _ask(request)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        if self.returncode is None:
            self.returncode = _ask({"wait": self.pid})
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float = 240) -> tuple[str, str]:
        """Wait for the end: stdout and stderr. Raises TimeoutError and kills the process when it takes too long."""
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                self.send_signal(signal.SIGKILL)
                raise TimeoutError(f"the program runs for more than {timeout} s")
            time.sleep(POLL)
        out, err = (Path(self._folder.name, name).read_text() for name in ("out", "err"))
        return out, err


def call(*arguments: object, cwd: Path, timeout: float = 240, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, as `subprocess.run` does."""
    process = Forked(*arguments, cwd=cwd, **environment)
    out, err = process.communicate(timeout)
    return subprocess.CompletedProcess(list(map(str, arguments)), process.returncode or 0, out, err)


@cache
def _server() -> "subprocess.Popen[str]":
    server = subprocess.Popen(
        [sys.executable, __file__],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.kill)
    return server


def _ask(request: dict[str, Any]) -> Any:
    server = _server()
    assert server.stdin and server.stdout
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


def _serve() -> None:
    """Answer requests, one line each: fork a call and print its process id, or print the exit code of one."""
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        if "wait" in request:
            pid, status = os.waitpid(request["wait"], os.WNOHANG)
            print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _become(request)
        print(pid, flush=True)


def _become(request: dict[str, Any]) -> NoReturn:
    """Turn this process into the call. It ends without tearing down the modules of the server, which takes a second."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell's child ignores it
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, name in enumerate(request["files"]):
        file = os.open(name, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0)  # noqa: SIM115  it lives as long as the process
    sys.argv = ["fascore", *request["arguments"]]
    code: object = 1
    try:
        from fascore.cli import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        if isinstance(code, str):
            print(code, file=sys.stderr)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
