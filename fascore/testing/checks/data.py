"""Checks of datasets, samplers, and detectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch

from fascore.contract.component import validate
from fascore.contract.errors import NoResponse, SpecError
from fascore.contract.kinds import Dataset, DetectorModule, Face
from fascore.contract.record import POINTS, Record, Source
from fascore.testing.case import Case, Check, Failure, author_code, reason, shown
from fascore.testing.fixtures import fixture
from fascore.testing.records import toy_records


def fixture_written(case: Case) -> None:
    """If a dataset has a `fixture`, it returns a dataset with splits that survives a round trip through its dump."""
    dataset = fixture(case)
    if dataset is None:
        return
    if not dataset.splits():
        raise Failure(f"{shown(dataset)}: the fixture has no splits")
    again = _fresh(dataset)
    if again != dataset:
        raise Failure(f"{shown(dataset)}: read back from its dump, the fixture is a different dataset")


def lists(case: Case) -> None:
    """Every split of an example, and all splits of the fixture, have records."""
    for dataset, split in _datasets(case):
        try:
            records = dataset.records(split)
        except Exception as error:
            raise Failure(f"{shown(dataset)}: records('{split}') raises {reason(error, case.module)}") from error
        if not records:
            raise Failure(f"{shown(dataset)}: split '{split}' has no records")


def records_valid(case: Case) -> None:
    """Ids are unique within a split; label, species, and task are consistent."""
    for dataset, split in _datasets(case):
        ids: set[str] = set()
        for record in dataset.records(split):
            where = f"{shown(dataset)}, split '{split}', record '{record.id}'"
            if record.id in ids:
                raise Failure(f"{where}: the id occurs twice")
            ids.add(record.id)
            if record.label not in (0, 1) or record.task not in ("spoof", "forgery"):
                raise Failure(f"{where}: label {record.label!r}, task {record.task!r}")
            if (record.label == 1) != (record.species is None):
                raise Failure(f"{where}: label {record.label} with species {record.species!r}")


def disjoint(case: Case) -> None:
    """No record or subject is in more than one of `train`, `dev`, and `test`."""
    for dataset, _ in _datasets(case):
        seen: dict[tuple[str, str], str] = {}
        for split in (name for name in ("train", "dev", "test") if name in dataset.splits()):
            for record in dataset.records(split):
                names = [("record", record.id), *([("subject", record.subject)] if record.subject else [])]
                for name in names:
                    if seen.setdefault(name, split) != split:
                        raise Failure(
                            f"{shown(dataset)}: {name[0]} '{name[1]}' is in both '{seen[name]}' and '{split}'"
                        )


def lazy_listing(case: Case) -> None:
    """Listing records does not decode media."""
    for dataset, split in _datasets(case):
        dataset.records(split)
        with _no_decoding():
            _fresh(dataset).records(split)


def listed_twice(case: Case) -> None:
    """Two listings return the same records in the same order, with the same content."""
    for dataset, split in _datasets(case):
        first, second = ([_facts(record) for record in _fresh(dataset).records(split)] for _ in range(2))
        if first != second:
            pair = next(((a, b) for a, b in zip(first, second) if a != b), (len(first), len(second)))
            raise Failure(f"{shown(dataset)}: two listings of '{split}' differ: {pair[0]} and {pair[1]}")


def unknown_split(case: Case) -> None:
    """An unknown split raises SpecError."""
    for dataset, _ in _datasets(case):
        try:
            dataset.records("no_such_split")
        except SpecError:
            continue
        except Exception as error:
            raise Failure(f"{shown(dataset)}: an unknown split raises {reason(error, case.module)}") from error
        raise Failure(f"{shown(dataset)}: an unknown split is accepted")


def channels(case: Case) -> None:
    """Channels are readable: a digest, increasing times, and pictures of the contract's types.

    The annotation is readable too.

    The check opens the first record of an example, and every record of a fixture.
    """
    whole = fixture(case)
    for dataset, split in _datasets(case):
        records = list(dataset.records(split))
        fresh = {record.id: record for record in _fresh(dataset).records(split)}
        for record in records if dataset is whole else records[:1]:
            for name, source in record.channels.items():
                where = f"{shown(dataset)}, record '{record.id}', channel '{name}'"
                with author_code(where, case.module):
                    wrong = _source(source, fresh[record.id].channels[name])
                if wrong:
                    raise Failure(f"{where}: {wrong}")
            if record.annotation is not None:
                with author_code(f"{shown(dataset)}, record '{record.id}': its annotation", case.module):
                    record.annotation.load()


def _source(source: Source, again: Source) -> str | None:
    """The first error in a source, compared with the source from a second listing; None if there is none."""
    try:
        times = source.times()
        frames = list(source.read([0, len(times) - 1] if len(times) > 1 else [0]))
    except NoResponse as error:
        return f"cannot be read: {error}"
    if times.ndim != 1 or not bool((np.diff(times) > 0).all()) or not bool(np.isfinite(times).all()):
        return "times() does not increase"
    if not source.digest() or source.digest() != again.digest():
        return "digest() is empty or changes"
    for frame in frames:
        image = frame.image
        if not (
            (image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8)
            or (image.ndim == 2 and image.dtype in (np.uint8, np.uint16))
        ):
            return f"a picture is {image.dtype} {image.shape}; it must be (H, W, 3) uint8, or (H, W) uint8 or uint16"
    return None


def plans(case: Case) -> None:
    """A plan depends only on its arguments, contains only the given ids, and has no batch that is empty or too large."""
    records = toy_records(48)
    known = {record.id for record in records}
    for (sampler,) in case.examples():
        np.random.seed(1)
        torch.manual_seed(1)
        first = sampler.plan(records, 0, 5)
        np.random.seed(2)
        torch.manual_seed(2)
        if first != _fresh(sampler).plan(list(records), 0, 5):
            raise Failure(f"{shown(sampler)}: two plans with the same epoch and seed differ")
        if not first:
            raise Failure(f"{shown(sampler)}: the plan for 48 records has no batches")
        for batch in first:
            if not 0 < len(batch) <= sampler.batch_size:
                raise Failure(f"{shown(sampler)}: a batch has {len(batch)} ids; batch_size is {sampler.batch_size}")
            if strange := [i for i in batch if i not in known]:
                raise Failure(f"{shown(sampler)}: the plan contains '{strange[0]}', which is not a record's id")


def epochs_differ(case: Case) -> None:
    """A different epoch or seed gives a different plan."""
    records = toy_records(48)
    for (sampler,) in case.examples():
        base = sampler.plan(records, 0, 5)
        for what, other in (("epoch", sampler.plan(records, 1, 5)), ("seed", sampler.plan(records, 0, 6))):
            if other == base:
                raise Failure(f"{shown(sampler)}: a different {what} gives the same plan")


def nothing_to_sample(case: Case) -> None:
    """An empty list of records raises SpecError or gives no batches, never another exception."""
    for (sampler,) in case.examples():
        try:
            if sampler.plan([], 0, 0):
                raise Failure(f"{shown(sampler)}: it plans batches without any records")
        except SpecError:
            continue
        except Exception as error:
            raise Failure(f"{shown(sampler)}: without records, it raises {reason(error, case.module)}") from error


def builds(case: Case) -> None:
    """`build` returns a DetectorModule."""
    for (detector,) in case.examples():
        with author_code(f"{shown(detector)}: build()", case.module):
            module = detector.build()
        if not isinstance(module, DetectorModule):
            raise Failure(
                f"{shown(detector)}: build() returns a {type(module).__name__}; derive it from DetectorModule"
            )


def blank(case: Case) -> None:
    """Black, white, and tiny pictures without annotation give a face, no face, or a NoResponse, never another
    exception.
    """
    for (detector,) in case.examples():
        module: DetectorModule = detector.build()
        for image in (
            np.zeros((64, 80, 3), np.uint8),
            np.full((64, 80, 3), 255, np.uint8),
            np.zeros((1, 1, 3), np.uint8),
        ):
            try:
                face = module.detect(image, 0, None)
            except NoResponse:
                continue
            except Exception as error:
                raise Failure(
                    f"{shown(detector)}: on a blank picture {image.shape}, it raises {reason(error, case.module)}"
                ) from error
            if face is not None and (wrong := _face(detector.layouts(), face)):
                raise Failure(f"{shown(detector)}: on a blank picture, {wrong}")


def drawn_face(case: Case) -> None:
    """A drawn face gives a well-formed face or none, and the same result twice.

    A detector that reads the annotation returns its box.
    """
    record = toy_records(1)[0]
    assert record.annotation is not None
    annotation = record.annotation.load()
    record_box = np.asarray(annotation.boxes)[0]
    image = next(iter(record.channels["rgb"].read([0]))).image
    for (detector,) in case.examples():
        pictures = [image.copy(), image.copy()]
        first, second = (detector.build().detect(picture, 0, annotation) for picture in pictures)
        if not all(np.array_equal(picture, image) for picture in pictures):
            raise Failure(f"{shown(detector)}: detect() writes into the picture")
        if (first is None) != (second is None) or (first is not None and not np.array_equal(first.box, second.box)):
            raise Failure(f"{shown(detector)}: two detections in the same picture differ")
        if first is not None and (wrong := _face(detector.layouts(), first)):
            raise Failure(f"{shown(detector)}: {wrong}")
        if detector.reads_annotation and (first is None or not np.allclose(first.box, record_box, atol=1e-3)):
            raise Failure(f"{shown(detector)}: reads_annotation is true, but its box differs from the record's")


def _face(layouts: Sequence[str], face: Face) -> str | None:
    if face.box.shape != (4,) or face.box.dtype != np.float32 or not np.isfinite(face.box).all():
        return f"the box is {face.box.dtype} {face.box.shape} {face.box}; it must be (4,) float32, finite"
    if not 0 <= face.confidence <= 1:
        return f"the confidence is {face.confidence}; it must be in [0, 1]"
    if face.points is None:
        return None
    counts = [POINTS[name] for name in layouts if name in POINTS]
    if face.points.dtype != np.float32 or face.points.ndim != 2 or (counts and len(face.points) not in counts):
        return f"the points are {face.points.dtype} {face.points.shape}; its layouts are {tuple(layouts)}"
    return None


def _datasets(case: Case) -> Iterator[tuple[Dataset, str]]:
    """Yield the examples and every split of the fixture."""
    yield from case.examples()
    if (whole := fixture(case)) is not None:
        for split in whole.splits():
            yield whole, split


def _fresh(component: Any) -> Any:
    return validate(type(component), component.model_dump(mode="json", by_alias=True))


def _facts(record: Record) -> tuple[object, ...]:
    columns = [record.column(name) for name in ("id", "label", "dataset", "task", "species", "subject", "presenter")]
    return (*columns, dict(record.metadata), sorted(record.channels))


@contextmanager
def _no_decoding() -> Iterator[None]:
    """Inside the block, everything that decodes pictures raises."""

    def decoding(*_: object, **__: object) -> None:
        raise Failure("listing records decodes media")

    with ExitStack() as stack:
        for target in ("av.open", "cv2.imread", "cv2.imdecode", "cv2.VideoCapture", "PIL.Image.open"):
            stack.enter_context(mock.patch(target, decoding))
        for owner in _subclasses(Source):
            for name in {"times", "read"} & set(vars(owner)):
                stack.enter_context(mock.patch.object(owner, name, decoding))
        yield


def _subclasses(owner: Any) -> list[Any]:
    return [deeper for child in owner.__subclasses__() for deeper in (child, *_subclasses(child))]


_DUMPED = ("resolves", "has_examples", "round_trips")
_LISTED = (*_DUMPED, "fixture", "lists")
_BUILT = ("resolves", "has_examples", "builds")
CHECKS = (
    Check(
        "fixture",
        ("dataset",),
        fixture_written,
        "Write a few small files below the folder, and return the dataset that reads them.",
        needs=_DUMPED,
    ),
    Check(
        "lists",
        ("dataset",),
        lists,
        "List only splits with records in examples() and splits(); fixture() needs at least one record per split.",
        needs=(*_DUMPED, "fixture"),
    ),
    Check(
        "records_valid",
        ("dataset",),
        records_valid,
        "Build ids from dataset, manipulation, compression, and name; attacks have a species, bona fide records none.",
        needs=_LISTED,
    ),
    Check(
        "disjoint",
        ("dataset",),
        disjoint,
        "Split by subject, as the protocol of the dataset requires.",
        needs=(*_LISTED, "records_valid"),
    ),
    Check(
        "lazy_listing",
        ("dataset",),
        lazy_listing,
        "Give each channel a Source that opens its file in times() and read(), not in its constructor.",
        needs=_LISTED,
    ),
    Check(
        "listed_twice",
        ("dataset",),
        listed_twice,
        "Sort the listings of the file system, and seed every random draw.",
        needs=_LISTED,
    ),
    Check("unknown_split", ("dataset",), unknown_split, "Raise SpecError with the names of the splits.", needs=_LISTED),
    Check(
        "channels",
        ("dataset",),
        channels,
        "Implement times(), read(), and digest() as the docstrings of fascore.Source describe.",
        needs=(*_LISTED, "records_valid", "listed_twice"),
    ),
    Check(
        "plans",
        ("sampler",),
        plans,
        "Draw from numpy.random.Generator(Philox(key)) with a key of seed and epoch, never from global state.",
        needs=_DUMPED,
    ),
    Check(
        "epochs_differ",
        ("sampler",),
        epochs_differ,
        "Seed the generator with epoch and seed; if the order is fixed on purpose, expect this failure with that reason.",
        needs=(*_DUMPED, "plans"),
    ),
    Check(
        "nothing_to_sample",
        ("sampler",),
        nothing_to_sample,
        "Raise SpecError with the kind of records that is missing.",
    ),
    Check("builds", ("detector",), builds, "Derive the result of build() from fascore.DetectorModule."),
    Check("blank", ("detector",), blank, "Return None if there is no face in the picture.", needs=_BUILT),
    Check(
        "drawn_face",
        ("detector",),
        drawn_face,
        "Return float32 pixels: box (4,), points (N, 2) in the order of a layout; clamp the confidence to [0, 1].",
        needs=(*_BUILT, "blank"),
    ),
)
