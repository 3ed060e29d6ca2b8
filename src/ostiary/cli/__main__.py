"""``python -m ostiary.cli``: the same as ``ostiary``."""

from __future__ import annotations

import sys

from ostiary.cli import main

sys.exit(main())
