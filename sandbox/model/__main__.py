"""`python -m sandbox.model`, and what `python -m sandbox model` calls."""

import sys

from sandbox.model.serve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
