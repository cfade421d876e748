import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from fascore.contract.registry import using


@pytest.fixture(autouse=True)
def toys():
    """Toy components count as installed. One thread, so that sums have a fixed order."""
    from training_toys import toy_index

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with using(toy_index()):
        yield
    torch.set_num_threads(threads)
