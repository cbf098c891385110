"""``python docs/generators`` writes every generated page, see :mod:`pages`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

import pages

if __name__ == "__main__":
    pages.write()
