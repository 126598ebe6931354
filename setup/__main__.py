"""`python3 setup EXTRA`: what make runs before anything of Tenfold's can.

It needs only Python's own library, and is written so that an old Python reads it and can say that
it is too old. Nothing is printed where nothing is to be done.
"""

import os
import sys
from pathlib import Path
from typing import List

import pythons
from refusal import Refusal


def main(words: List[str]) -> int:
    if len(words) != 1:
        sys.stderr.write("python3 setup EXTRA, where EXTRA is demo or test\n")
        return 2
    extra = words[0]
    search = os.environ.get("PATH", os.defpath)
    try:
        pythons.check(sys.version_info[:3], sys.executable, search, extra)
        import install  # only now: an old Python cannot read it

        install.set_up(Path(__file__).resolve().parents[1], extra)
    except Refusal as no:
        no.show()
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"\nBroken off; make {extra} goes on from here.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
