"""Settings, read from the environment when this module is imported."""

import os

DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql+asyncpg://localhost/tool_library")
LATE_FEE_FACTOR = int(os.environ.get("LATE_FEE_FACTOR", "2"))
