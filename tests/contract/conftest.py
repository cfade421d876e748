import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import contract_toys

from fascore.contract.registry import Index, using


@pytest.fixture(autouse=True)
def toys():
    """Only the toys count as installed."""
    with using(Index.of(contract_toys.TABLE)) as index:
        yield index
