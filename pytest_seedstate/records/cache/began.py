"""When this process began to use packs, and with which environment.

Apart from what needs it, because it must be imported early, so it has to be light.
"""

from __future__ import annotations

import os
import time

BEGAN = time.time_ns()
ENVIRONMENT = dict(os.environ)
