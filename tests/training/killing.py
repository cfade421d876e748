"""Trains in forked children and kills them at random moments until one comes to its end; prints how many were killed.

Usage: killing.py FOLDER SEED. One process imports torch, so that a kill costs milliseconds and can fall anywhere.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from training_toys import job_of, spec_of, toy_index

from fascore.components.hooks.log import JsonLog
from fascore.contract.hooks import Hooks, hookimpl
from fascore.contract.registry import using
from fascore.training.trainer import train


class Slowly:
    @hookimpl
    def step_ended(self, step: object) -> None:
        time.sleep(0.01)


def child(folder: Path) -> None:
    hooks = Hooks()
    hooks.register("log", JsonLog({}))
    hooks.register("slowly", Slowly())
    spec = spec_of("classification", recipe={"epochs": 5, "ema": 0.9})
    train(job_of(spec, folder, hooks=hooks, save_steps=1))


def main(folder: Path, seed: int) -> int:
    torch.set_num_threads(1)
    child(folder / "warm")  # everything is imported before the fork, so that children begin at once
    dice, killed = random.Random(seed), 0
    while True:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                child(folder / "killed")
                code = 0
            finally:
                os._exit(code)
        deadline = time.monotonic() + dice.uniform(0.02, 0.3 + 0.05 * killed)
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                if status:
                    raise SystemExit(f"a child failed with status {status}")
                return killed
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        killed += 1
        if killed > 200:
            raise SystemExit("no child came to its end")


if __name__ == "__main__":
    with using(toy_index()):
        print(main(Path(sys.argv[1]), int(sys.argv[2])))
