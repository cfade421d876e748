"""Atomic file writes: write to a temporary file, sync, rename."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from fascore.contract.errors import FascoreError


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path next to `path`. If the block ends without an error, it is renamed to `path`; otherwise it is deleted.

    Any number of processes may write the same path: the last to finish wins, and readers always see one complete file.
    Raises FascoreError if the write fails, for example on a full disk, a read-only folder, or a file in place of a folder.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        temporary.chmod(mode)  # as the user's umask sets it; some writers create private files
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        misplaced = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file exists where a folder is needed" if misplaced else getattr(error, "strerror", None) or error
        raise FascoreError(
            f"{path} cannot be written: {why}; free up space or choose another folder, then rerun the same command"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write text (UTF-8) or bytes atomically: a reader sees the complete file or none."""
    with writing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
