"""`python -m tenfold` is `tenfold`."""

import sys

from tenfold.cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
