"""The modules of setup/, which is no package: it runs before anything is installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "setup"))
