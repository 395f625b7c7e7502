"""Settings, read from the environment when this module is imported."""

import os

DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://localhost/tattoo_directory")

AWS_ENDPOINT_URL = os.environ.get("AWS_ENDPOINT_URL")  # None is Amazon's own
AWS_ACCESS_KEY_ID = os.environ.get("AWS_ACCESS_KEY_ID")  # None leaves it to boto3's own search
AWS_SECRET_ACCESS_KEY = os.environ.get("AWS_SECRET_ACCESS_KEY")
AWS_REGION = os.environ.get("AWS_DEFAULT_REGION", "eu-west-2")
DIRECTORY_TABLE = os.environ.get("DIRECTORY_TABLE", "tattoo-directory")
IMAGES_BUCKET = os.environ.get("IMAGES_BUCKET", "tattoo-directory-images")

OPENSEARCH_URL = os.environ.get("OPENSEARCH_URL", "http://localhost:9200")
ARTISTS_INDEX = os.environ.get("ARTISTS_INDEX", "artists")

WORKER_INTERVAL = float(os.environ.get("WORKER_INTERVAL", "0.05"))  # seconds
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))
