import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

import model_toys

from fascore.contract.registry import using


@pytest.fixture(autouse=True)
def toys():
    """Use installed components and the toys, on one thread."""
    torch.set_num_threads(1)
    with using(model_toys.toy_index()) as index:
        yield index
