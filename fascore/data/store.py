"""The prepared store: one safetensors file per record and modality, addressed by a digest of its sources."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from fascore.contract.component import Component
from fascore.contract.errors import FascoreError, NoResponse, Response
from fascore.contract.files import write_whole, writing
from fascore.contract.kinds.modality import Arrays, Modality
from fascore.contract.record import Record, Source
from fascore.data.media import MediaSource, file_digest

if TYPE_CHECKING:
    import numpy as np

FORM = 1
"""Version of the store's format; a change invalidates every key."""
ABANDONED = 24 * 3600.0
"""Age in seconds from which an unfinished file is assumed to belong to a killed process."""


class Store:
    """A folder of prepared arrays that any number of processes can fill and read simultaneously.

    `<k0k1>/<key>.safetensors` contains arrays; `<k0k1>/<key>.none.json` marks a sample that does not exist and states
    the reason. Content is written to a temporary file, which is then renamed, so every file is complete. Files never
    change: new content has a new key.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def key(self, record: Record, modality: Modality, inputs: Sequence[str]) -> str:
        """Address of one sample: a digest of the media used, config, code versions, and keys of the inputs.

        Raises NoResponse if a file of the record cannot be read.
        """
        ports = [ref.port for ref in modality.inputs]
        contents = {
            "form": FORM,
            "config": modality.model_dump(mode="json", by_alias=True, exclude={"inputs", "optional"}),
            "versions": list(_versions(modality)),
            "channels": {name: self._channel_fact(record, name) for name in modality.channels()},
            "inputs": list(zip(inputs, ports, strict=True)),
        }
        return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()

    def _channel_fact(self, record: Record, channel: str) -> str | int | float | None:
        if channel == "annotation":
            return _annotation_digest(record)
        if channel.startswith("record."):
            return record.column(channel.removeprefix("record."))
        source = record.channels.get(channel)
        return self.digest(source) if source else None

    def digest(self, source: Source) -> str:
        """`source.digest()`, cached for media files whose size and modification time are unchanged."""
        if not isinstance(source, MediaSource):
            return source.digest()
        stamp, path = self._stamp(source)
        known = self._cached(stamp, path)
        if known is None:
            known = source.digest_by(file_digest)
            write_whole(path, json.dumps({"stamp": stamp, "digest": known}))
        return known

    def knows(self, record: Record, modality: Modality) -> bool:
        """Whether `key` can be computed without reading media files again."""
        sources = [record.channels[name] for name in modality.channels() if name in record.channels]
        return all(not isinstance(s, MediaSource) or self._cached(*self._stamp(s)) is not None for s in sources)

    def _stamp(self, source: MediaSource) -> tuple[str, Path]:
        """A stamp that differs if the files have changed, and the path at which their digest is cached."""
        try:
            stamps = [(str(p.resolve()), (s := p.stat()).st_size, s.st_mtime_ns) for p in source.files()]
        except OSError as error:
            raise NoResponse("unreadable", f"{error.filename} cannot be read: {error.strerror}") from error
        stamp = hashlib.sha256(f"{source!r} {stamps}".encode()).hexdigest()
        return stamp, self.root / "digests" / stamp[:2] / f"{stamp}.json"

    def _cached(self, stamp: str, path: Path) -> str | None:
        try:
            known = json.loads(path.read_text())
        except (OSError, ValueError):
            return None
        return str(known["digest"]) if known.get("stamp") == stamp else None

    def _path(self, key: str) -> Path:
        return self.root / key[:2] / f"{key}.safetensors"

    def has(self, key: str) -> bool:
        """Whether the store has the arrays of a key."""
        return self._path(key).is_file()

    def missing(self, key: str) -> NoResponse | None:
        """Why this sample is known not to exist; None if nothing is known."""
        try:
            known = json.loads(self._path(key).with_suffix(".none.json").read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        response: Response = known["response"]
        return NoResponse(response, known["reason"])

    def write(self, key: str, arrays: Arrays) -> None:
        """Store arrays completely or not at all."""
        import numpy as np
        from safetensors import SafetensorError
        from safetensors.numpy import save_file

        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        with writing(self._path(key)) as temporary:
            try:
                save_file(contiguous, temporary, metadata={"key": key})
            except SafetensorError as error:  # raised by safetensors if the disk is full
                raise OSError(str(error)) from error

    def write_missing(self, key: str, missing: NoResponse) -> None:
        """Store that there is no such sample, so that a bad file is not decoded repeatedly."""
        write_whole(
            self._path(key).with_suffix(".none.json"),
            json.dumps({"response": missing.response, "reason": missing.reason}),
        )

    def read(self, key: str, view: int | None = None) -> dict[str, np.ndarray]:
        """All arrays, or those of one view without the view axis; then only that view is read from disk.

        Raises FascoreError if the file is missing or damaged.
        """
        from safetensors import SafetensorError, safe_open

        path = self._path(key)
        try:
            with safe_open(path, framework="numpy") as file:
                if view is None:
                    return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
                return {name: file.get_slice(name)[view : view + 1][0] for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise FascoreError(
                f"{path}: is missing or damaged ({error}); delete it, or the whole store, and rerun the command"
            ) from error

    def forget(self, key: str) -> None:
        """Delete the arrays of a key, such as a damaged file."""
        self._path(key).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Delete files that killed processes left unfinished more than a day ago; return their number."""
        oldest = time.time() - ABANDONED
        abandoned = [path for path in self.root.glob("*/.*.part") if path.stat().st_mtime < oldest]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)


def _annotation_digest(record: Record) -> str | None:
    """Digest of the record's annotation. Raises NoResponse if its file cannot be read."""
    try:
        return record.annotation.digest() if record.annotation else None
    except OSError as error:
        raise NoResponse("unreadable", f"the annotation of '{record.id}' cannot be read: {error}") from error


def _versions(value: object) -> Iterator[tuple[str, Any]]:
    """Code versions of a component and the components in its slots, and digests of the files that its fields name."""
    if isinstance(value, Component):
        yield value.type, getattr(value, "version", 1)
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _versions(getattr(value, name))
    elif isinstance(value, Path) and value.is_file():
        yield "file", file_digest(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _versions(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _versions(item)
