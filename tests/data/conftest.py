import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def media() -> Path:
    """Real media beside the checkout; tests that need them are skipped elsewhere."""
    folder = Path(__file__).parents[3] / "shared" / "media"
    if not folder.is_dir():
        pytest.skip("there is no ../shared/media beside this checkout")
    return folder
