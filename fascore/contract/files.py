"""Files that appear whole or not at all: written beside, synced, renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from fascore.contract.errors import FascoreError


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path`; on leaving the block without error it becomes `path`, otherwise it goes away.

    Any number of processes may write the same path: the last to finish wins, and readers see one whole file. Raises
    FascoreError where the system refuses: a full disk, a folder that may not be written, a file in the place of a folder.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        temporary.chmod(mode)  # what the user's umask gives; some writers make their files private
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        misplaced = isinstance(error, FileExistsError | NotADirectoryError)
        why = "there is a file where a folder has to be" if misplaced else getattr(error, "strerror", None) or error
        raise FascoreError(
            f"{path} cannot be written: {why}; make room or choose another place, and give the same command again"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write text (UTF-8) or bytes so that a reader finds the whole file or none."""
    with writing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
