"""Modules beside the tests, which child processes run too, can be imported."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
