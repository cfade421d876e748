"""`fascore schema`: the JSON Schema of everything installed."""

from __future__ import annotations

import json

from fascore.cli.options import Out
from fascore.cli.text import print_or_write


def schema(out: Out = None) -> None:
    """Print one JSON Schema of all installed components.

    Editors use the schema to complete and check specs.
    """
    from fascore.spec.schema import schema as schema_of_all

    print_or_write(json.dumps(schema_of_all(), indent=1, ensure_ascii=False), out)
