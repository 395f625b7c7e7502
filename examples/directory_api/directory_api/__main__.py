"""Serve the directory: ``python -m directory_api``."""

import uvicorn

from directory_api import settings
from directory_api.app import app

uvicorn.run(app, host=settings.HOST, port=settings.PORT)
