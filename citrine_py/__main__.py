"""`python -m citrine_py` is `citrine-py`."""

import sys

from citrine_py.cli import main

sys.exit(main())
