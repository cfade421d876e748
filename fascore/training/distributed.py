"""Several processes as one: torch.distributed from torchrun's environment, sums, buckets, and JSON between processes.

With one process nothing is initialized and every function is the identity.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor

from fascore.contract.errors import FascoreError

BUCKET = 25 * 2**20
"""Number of bytes in one averaging message: large enough for bandwidth, small enough to overlap."""
PATIENCE = timedelta(days=1)
"""How long a process waits for the others: one of them may be filling the store. torchrun ends all if one dies."""


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def expected() -> int:
    """Number of processes that torchrun started, whether joined or not."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def start(device: torch.device) -> None:
    """Join the processes that torchrun started; does nothing without torchrun, or if already joined.

    gloo transfers CPU tensors, nccl CUDA tensors.
    """
    if dist.is_initialized() or expected() < 2:
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)


def stop() -> None:
    """Leave the processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def barrier() -> None:
    """Wait for all processes."""
    total(torch.zeros(1))


def total(tensor: Tensor) -> Tensor:
    """Sum over processes, as a new tensor without gradients."""
    summed = tensor.detach().clone()
    if world() > 1:
        dist.all_reduce(summed)
    return summed


def average_(tensors: Iterable[Tensor]) -> None:
    """Replace floating tensors by their mean over processes, in flat buckets; shapes are equal on all."""
    if world() == 1:
        return
    pending = []
    for bucket in _buckets(list(tensors)):
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in bucket])
        pending.append((bucket, flat, dist.all_reduce(flat, async_op=True)))
    for bucket, flat, work in pending:
        work.wait()
        flat.div_(world())
        for tensor, mean in zip(bucket, torch.split(flat, [tensor.numel() for tensor in bucket])):
            tensor.detach().copy_(mean.view_as(tensor))


def average_gradients(parameters: Sequence[torch.nn.Parameter]) -> None:
    """Average gradients over processes. One that no process has stays None; one that some have is zero elsewhere."""
    if world() == 1:
        return
    gradients = averaged([parameter.grad for parameter in parameters], parameters)
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient


def averaged(gradients: Sequence[Tensor | None], parameters: Sequence[torch.nn.Parameter]) -> Sequence[Tensor | None]:
    """Average these gradients of the parameters over processes, in place, as `average_gradients` does."""
    if world() == 1:
        return gradients
    exists = torch.tensor([gradient is not None for gradient in gradients], dtype=torch.uint8)
    dist.all_reduce(exists, dist.ReduceOp.MAX)
    shared = [
        torch.zeros_like(parameter) if needed and gradient is None else gradient
        for gradient, parameter, needed in zip(gradients, parameters, exists.tolist())
    ]
    average_(gradient for gradient in shared if gradient is not None)
    return shared


def broadcast_(tensors: Iterable[Tensor]) -> None:
    """Give every process the tensors of process 0."""
    if world() > 1:
        for tensor in tensors:
            dist.broadcast(tensor.detach(), 0)


def gather_json(value: Any) -> list[Any]:
    """The JSON values of all processes, in the order of processes. They are sent as text, so nothing is unpickled."""
    if world() == 1:
        return [json.loads(json.dumps(value))]
    own = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
    lengths = [torch.zeros(1, dtype=torch.long) for _ in range(world())]
    dist.all_gather(lengths, torch.tensor([len(own)]))
    longest = int(max(lengths))
    texts = [torch.zeros(longest, dtype=torch.uint8) for _ in range(world())]
    dist.all_gather(texts, torch.nn.functional.pad(own, (0, longest - len(own))))
    return [json.loads(text[: int(length)].numpy().tobytes()) for text, length in zip(texts, lengths)]


def spawn(processes: int, command: Sequence[str]) -> int:
    """Run `python COMMAND` in N processes, as torchrun does; return 0, or the exit status of the first that failed.

    `command` is a script or `-m module`, and its arguments. Ctrl-C and SIGTERM reach every process once; the status is
    then 128 plus the signal's number, as in a shell. The torchrun program itself is not called, because it would print
    its own traceback.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", "300")  # seconds for the last step and its checkpoint
    with _undisturbed(), TemporaryDirectory() as logs:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id=uuid4().hex,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=logs),
        )
        try:
            elastic_launch(config, sys.executable)(*command)
        except ChildFailedError as error:
            status = error.get_first_failure()[1].exitcode
            return status if status > 0 else 128 - status
        except SignalException as error:
            return 128 + int(error.sigval)
    return 0


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Confine torchrun's signal handlers to the block and silence its log, but not the output of the processes."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before, level = {number: signal.getsignal(number) for number in numbers}, logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(level)
        for number, handler in before.items():
            signal.signal(number, handler)


def pick_device(name: str) -> torch.device:
    """The device that `compute.device` selects in this process. Raises FascoreError if there is no such device."""
    local, processes = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    if not count:
        raise FascoreError(f"compute.device is '{name}', and torch sees no GPU here; write auto or cpu")
    if ":" in name:
        if processes > 1:
            raise FascoreError(
                f"compute.device is '{name}', one GPU for {processes} processes; write cuda, so that each process uses its own GPU"
            )
        index = int(name.partition(":")[2])
    else:
        index = local
    if index >= count:
        raise FascoreError(
            f"there is no GPU {index}: torch sees {count}; start at most {count} processes, or write cpu"
        )
    return torch.device("cuda", index)


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Groups of one dtype, each below BUCKET bytes unless a single tensor is larger."""
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        bucket: list[Tensor] = []
        for tensor in (tensor for tensor in tensors if tensor.dtype == dtype):
            if bucket and sum(member.nbytes for member in bucket) + tensor.nbytes > BUCKET:
                yield bucket
                bucket = []
            bucket.append(tensor)
        yield bucket
