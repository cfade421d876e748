"""`fascore init`: write a spec for rendered clips or for your own videos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from fascore.cli.help import OUTPUT, option
from fascore.cli.text import to_json
from fascore.contract.errors import FascoreError
from fascore.contract.registry import index

if TYPE_CHECKING:
    from fascore.contract.kinds import Dataset

MODALITIES = ("rgb", "depth", "infrared")
FUSIONS = ("gated", "concat", "mean", "sum", "attention_pool")
SIZE = 112
NODE = {"rgb": "face", "depth": "depth", "infrared": "infrared"}


class Choices(NamedTuple):
    """The choices of the user; None for those left out."""

    data: str | None = None
    manifest: Path | None = None
    modalities: str | None = None
    encoder: str | None = None
    fusion: str | None = None
    detector: str | None = None
    epochs: int | None = None
    name: str | None = None


DATA, MODEL = "Data", "Model and training"
Data = Annotated[
    str | None,
    option("--data", "NAME", "phantom (rendered clips) or folder (your own videos) [default: phantom]", DATA),
]
Manifest = Annotated[
    Path | None, option("--manifest", "FILE", "list of your videos, as CSV or JSON lines; implies --data folder", DATA)
]
Modalities = Annotated[
    str | None,
    option("--modalities", "LIST", "any of rgb, depth, and infrared, separated by commas [default: rgb]", DATA),
]
Finder = Annotated[
    str | None,
    option(
        "--detector",
        "NAME",
        "face detector [default: boxes for phantom; otherwise mtcnn, or whole if mtcnn is not installed]",
        DATA,
    ),
]
Encoder = Annotated[str | None, option("--encoder", "NAME", "timm model [default: resnet18]", MODEL)]
Fusion = Annotated[str | None, option("--fusion", "NAME", "fusion of several modalities [default: gated]", MODEL)]
Epochs = Annotated[int | None, option("--epochs", "N", "number of training epochs [default: 10]", MODEL, min=1)]
Name = Annotated[str | None, option("--name", "NAME", "name of the run [default: the name of the file]", OUTPUT)]
Force = Annotated[bool, option("--force", None, "overwrite an existing file", OUTPUT)]


def init(
    path: Annotated[Path, typer.Argument(metavar="SPEC", help="file to write")] = Path("spec.json"),
    data: Data = None,
    manifest: Manifest = None,
    modalities: Modalities = None,
    encoder: Encoder = None,
    fusion: Fusion = None,
    detector: Finder = None,
    epochs: Epochs = None,
    name: Name = None,
    force: Force = False,
) -> None:
    """Write a spec that is ready to run.

    Without options, on a terminal, the command asks for the choices.
    """
    flags = Choices(
        data=data,
        manifest=manifest,
        modalities=modalities,
        encoder=encoder,
        fusion=fusion,
        detector=detector,
        epochs=epochs,
        name=name,
    )
    choices = asked(flags) if flags == Choices() else flags
    write_spec(path, choices, force=force)
    print(f"wrote {path}\ncheck it: fascore check {path}\ntrain it: fascore run {path}")


def asked(choices: Choices) -> Choices:
    """Ask for the choices on a terminal; without a terminal, they stay as they are."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return choices
    data = _ask("data: 'phantom' (rendered clips) or the path of a manifest (CSV or JSON lines)", "phantom", _there)
    choices = choices._replace(data=data) if data == "phantom" else choices._replace(data="folder", manifest=Path(data))
    modalities = _ask(f"modalities, of {', '.join(MODALITIES)}", "rgb", lambda text: ",".join(_modalities(text)))
    fusion = (
        _ask(f"fusion, one of {', '.join(FUSIONS)}", "gated", lambda text: _one_of(FUSIONS, text))
        if "," in modalities
        else None
    )
    encoder = typer.prompt("encoder, the name of a timm model", default="resnet18")
    epochs = _ask("epochs", "10", _positive)
    return choices._replace(modalities=modalities, fusion=fusion, encoder=encoder, epochs=int(epochs))


def _ask(question: str, default: str, reading: Callable[[str], str]) -> str:
    """An answer that `reading` accepts. If it refuses one, it says why, and the question is repeated."""

    def read(text: str) -> str:
        try:
            return reading(text.strip())
        except FascoreError as error:
            raise typer.BadParameter(str(error)) from error

    return str(typer.prompt(question, default=default, value_proc=read))


def _there(text: str) -> str:
    if text != "phantom" and not Path(text).is_file():
        raise FascoreError(f"there is no file {text}")
    return text


def _one_of(names: Sequence[str], text: str) -> str:
    if text not in names:
        raise FascoreError(f"'{text}' is not one of {', '.join(names)}")
    return text


def _positive(text: str) -> str:
    if not text.isdecimal() or not int(text):
        raise FascoreError(f"'{text}' is not a whole number above 0")
    return text


def write_spec(path: Path, choices: Choices, *, force: bool) -> None:
    """Check the spec of some choices and write it. Raises FascoreError, or SpecErrors if the choices conflict."""
    if path.exists() and not force:
        raise FascoreError(f"{path}: already exists; overwrite it with --force, or choose another file")
    from fascore.contract.component import validate
    from fascore.contract.files import write_whole
    from fascore.spec.documents import RunSpec
    from fascore.spec.plan import check

    document = spec_of(choices._replace(name=choices.name or path.stem))
    check(validate(RunSpec, document))
    write_whole(path, to_json(document) + "\n")


def spec_of(choices: Choices) -> dict[str, Any]:
    """The spec's document. Raises FascoreError for an unknown choice."""
    kinds = _modalities(choices.modalities or "rgb")
    data, detector = _data(choices)
    nodes = [NODE[kind] for kind in kinds]
    encoder = {"type": "timm", "name": choices.encoder or "resnet18"}
    encoders = {f"{node}_features": {**encoder, "inputs": [node]} for node in nodes}
    fused = {"all": {"type": choices.fusion or "gated", "inputs": list(encoders)}} if len(nodes) > 1 else {}
    return {
        "fascore": 1,
        "name": choices.name or "spec",
        "seed": 0,
        "data": data,
        "modalities": _data_graph(kinds, detector),
        "augment": {"flip": 0.5, "brightness": 0.2, "contrast": 0.2},
        "model": {
            "encoders": encoders,
            **({"fusions": fused} if fused else {}),
            "heads": {"main": {"type": "binary", "inputs": list(fused or encoders)}},
            "score": "main",
        },
        "sampler": {"type": "balanced", "batch_size": 16},
        "recipe": {"type": "supervised", "epochs": choices.epochs or 10},
        "metrics": ["auc", "eer", "iso30107"],
        "threshold": "eer",
    }


def _modalities(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    wrong = [kind for kind in kinds if kind not in MODALITIES]
    if wrong or not kinds:
        raise FascoreError(f"--modalities {text}: '{(wrong or [''])[0]}' is not one of {', '.join(MODALITIES)}")
    return [kind for kind in MODALITIES if kind in kinds]


def _data_graph(kinds: list[str], detector: str) -> dict[str, Any]:
    """Faces are detected once, on RGB; depth and infrared follow the crop, and records may lack them."""
    graph: dict[str, Any] = {"faces": {"type": "faces", "detector": detector}}
    graph["face"] = {"type": "face_frames", "inputs": ["faces"], "size": SIZE, "views": 4}
    if "depth" in kinds:
        graph["depth"] = {"type": "depth_map", "inputs": ["face"], "optional": "rgb" in kinds}
    if "infrared" in kinds:
        graph["infrared"] = {"type": "infrared", "inputs": ["face"], "optional": "rgb" in kinds}
    return graph


def _data(choices: Choices) -> tuple[dict[str, Any], str]:
    """The spec's `data`, and the detector that suits it."""
    if choices.data == "folder" or (choices.data is None and choices.manifest is not None):
        return _of_manifest(choices.manifest), choices.detector or _finder()
    if choices.data not in (None, "phantom"):
        raise FascoreError(f"--data {choices.data}: must be phantom or folder")
    if "phantom" not in index().names("dataset"):
        raise FascoreError(
            "the package fas-phantom provides rendered clips: pip install fas-phantom; "
            "or use your own videos: --data folder --manifest FILE"
        )
    own, other = ({"type": "phantom", "site": site} for site in "AB")
    tests = {"intra": [{"dataset": own, "split": "test"}], "cross": [{"dataset": other, "split": "test"}]}
    return {
        "train": [{"dataset": own, "split": "train"}],
        "dev": [{"dataset": own, "split": "dev"}],
        "test": tests,
    }, choices.detector or "boxes"


def _finder() -> str:
    """MTCNN if its extra is installed; otherwise the whole frame counts as the face, which suits face crops."""
    return "mtcnn" if find_spec("facenet_pytorch") else "whole"


def _of_manifest(manifest: Path | None) -> dict[str, Any]:
    if manifest is None:
        raise FascoreError(
            "--data folder needs a manifest: --manifest FILE, CSV or JSON lines, with one line per video"
        )
    from fascore.contract.component import load, validate

    dataset = {"type": "folder", "manifest": str(manifest)}
    splits = cast("Dataset", validate(load("dataset", "folder"), dataset)).splits()
    if "train" not in splits:
        raise FascoreError(f"{manifest}: no line belongs to split 'train'; available: {', '.join(splits)}")
    entry = {split: [{"dataset": dataset, "split": split}] for split in splits}
    tests = {"test": entry["test"]} if "test" in splits else {}
    return {
        "train": entry["train"],
        **({"dev": entry["dev"]} if "dev" in splits else {}),
        **({"test": tests} if tests else {}),
    }
