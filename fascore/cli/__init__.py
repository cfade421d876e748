"""The command line. Every command imports what it needs when it is called, so that `fascore --help` is instant."""

from __future__ import annotations

import os
import sys

from fascore.cli.ending import DEBUG, end


def main() -> None:
    """Entry point `fascore`: a user error ends in a sentence and exit code 1, never in a traceback."""
    process = int(os.environ.get("RANK", "0"))
    if process:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  it lives as long as the process
    from fascore.contract.errors import FascoreError, SpecErrors
    from fascore.contract.extras import missing_extra

    try:
        from fascore.cli.app import app

        app()
    except SpecErrors as error:
        end("" if process else str(error))  # every process reports the same problems: only the first prints them
    except FascoreError as error:
        end(f"process {process}: {error}" if process else str(error), error.exit_code)
    except KeyboardInterrupt:
        end("stopped by Ctrl-C", code=130)
    except ModuleNotFoundError as error:
        if os.environ.get(DEBUG):
            raise
        end(str(missing_extra(error) or _unexpected(error)))
    except OSError as error:
        if os.environ.get(DEBUG):
            raise
        where = f"{error.filename}: " if error.filename else ""
        end(
            f"{where}{error.strerror or error}; check that the path exists, that you have access, "
            "and that the disk has space (FASCORE_DEBUG=1 shows more)"
        )
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        end(_unexpected(error))


def _unexpected(error: Exception) -> str:
    """The sentence for an error that no code of fascore expects."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"fascore failed unexpectedly ({what}); please report this with the output that FASCORE_DEBUG=1 adds"
