"""Files appear whole or not at all, and what the system refuses is a sentence."""

import errno
import os
from pathlib import Path

import pytest

from fascore import FascoreError
from fascore.contract.files import write_whole, writing


@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), OSError("No space left on device")]
)
def test_a_full_disk_leaves_the_old_file_and_no_remains(tmp_path: Path, failure: Exception) -> None:
    path = tmp_path / "scores.csv"
    write_whole(path, "old")
    with (
        pytest.raises(FascoreError, match=r"scores.csv cannot be written: No space left on device; free up space"),
        writing(path) as temporary,
    ):
        temporary.write_text("half of")
        raise failure
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_failure_of_the_writer_itself_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path / "a") as temporary:
        temporary.write_text(str(1 / 0))
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    for path in (tmp_path / "store" / "a", tmp_path / "store" / "b" / "a"):
        with pytest.raises(FascoreError, match="a file exists where a folder is needed"):
            write_whole(path, "")
