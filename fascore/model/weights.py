"""Load weights of a node from a file: `weights: path`, or `weights: run-folder#node`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fascore.contract.errors import FascoreError

PREFIX = "n_"
"""Prefix of every name in a ModuleDict, which rejects names such as `type` and `values`."""
CHECKPOINT = Path("checkpoints/best.safetensors")
"""Path of a run's weights in its folder; the keys are those of the graph's `state_dict`: `nodes.n_<node>.<parameter>`."""
SHOWN = 4
"""Largest number of keys that one message lists."""
HEAD = "head."
"""Prefix that marks the name of a head."""


def load_weights(module: nn.Module, source: str, where: str) -> None:
    """Load all parameters and buffers of a node, strictly. `where` is the JSON path for messages. Raises FascoreError."""
    state = module.state_dict()
    tensors = _under_common_prefix(node_weights(source, where), state)
    problems = [
        *_listed("lacks", [key for key in state if key not in tensors]),
        *_listed("has unknown", [key for key in tensors if key not in state]),
        *_listed(
            "has different shapes:",
            [
                f"{k} {tuple(tensors[k].shape)} for {tuple(state[k].shape)}"
                for k in state
                if k in tensors and tensors[k].shape != state[k].shape
            ],
        ),
    ]
    if problems:
        raise FascoreError(
            f"{where}: {source} does not fit this node: it {'; it '.join(problems)}. Use weights of the same component with the same options"
        )
    module.load_state_dict(tensors)


def node_weights(source: str, where: str) -> dict[str, Tensor]:
    """Tensors of a safetensors file by name, or of a node (`run-folder#node`) or head (`run-folder#head.name`).

    `where` is the JSON path for messages. Raises FascoreError.
    """
    folder, hash_, name = source.partition("#")
    path = Path(folder) / CHECKPOINT if hash_ and not Path(folder).is_file() else Path(folder)
    tensors = _read(path, where)
    return _of_node(tensors, name, path, where) if hash_ else tensors


def _read(path: Path, where: str) -> dict[str, Tensor]:
    if path.is_dir():
        raise FascoreError(f"{where}: {path} is a folder; for a node of a run, write '{path}#<node>'")
    if not path.is_file():
        raise FascoreError(
            f"{where}: there is no file {path}; write a .safetensors file, or 'runs/<name>#<node>' for a trained run"
        )
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise FascoreError(
            f"{where}: {path} is not a readable safetensors file ({error}); pickled files are never loaded"
        ) from error


def _of_node(tensors: Mapping[str, Tensor], name: str, path: Path, where: str) -> dict[str, Tensor]:
    table = "heads" if name.startswith(HEAD) else "nodes"
    start = f"{table}.{PREFIX}{name.removeprefix(HEAD)}."
    own = {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}
    if not own:
        modules = {tuple(key.split(".")[:2]) for key in tensors if key.startswith(("nodes.", "heads."))}
        available = sorted(f"{HEAD if table == 'heads' else ''}{part.removeprefix(PREFIX)}" for table, part in modules)
        raise FascoreError(
            f"{where}: {path} has no weights for '{name}'; it has weights for {', '.join(available) or 'none'}"
        )
    return own


def _under_common_prefix(tensors: dict[str, Tensor], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add the common first name of the module's keys if the file lacks it, as the file of a bare timm model does."""
    starts = {key.partition(".")[0] for key in state}
    under = {f"{start}.{key}": value for start in starts for key, value in tensors.items()}
    return under if len(starts) == 1 and under.keys() & state.keys() and not tensors.keys() & state.keys() else tensors


def _listed(what: str, keys: list[str]) -> list[str]:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return [f"{what} {', '.join(keys[:SHOWN])}{more}"] if keys else []
