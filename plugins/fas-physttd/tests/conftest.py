"""Makes modules beside the tests importable, including in child processes."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
