"""The generators of docs/ are imported as the build of the site does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "generators"))
