"""Makes the tests of this folder share one store."""

import pytest


@pytest.fixture(autouse=True)
def _one_store(shared_store: object) -> None:
    pass
