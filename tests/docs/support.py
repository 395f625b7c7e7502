"""The application that documents speak of: what a project had before it adopted the plugin."""

from __future__ import annotations

APPLICATION = {
    "db/schema/001_customers.sql": """
        CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL);
    """,
    "app/__init__.py": "",
    "app/migrate.py": """
        import os
        import psycopg

        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE payments (id serial PRIMARY KEY)")
    """,
    "app/seed.py": """
        import os
        import psycopg

        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO customers (name) VALUES ('seeded')")
    """,
    "alembic.ini": """
        [alembic]
        script_location = %(here)s/migrations
        path_separator = os
    """,
    "migrations/env.py": """
        import os
        from alembic import context
        from sqlalchemy import create_engine

        url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
        with create_engine(url).connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
    """,
    "migrations/versions/001_invoices.py": """
        from alembic import op

        revision, down_revision = "001", None

        def upgrade():
            op.execute("CREATE TABLE invoices (id serial PRIMARY KEY)")
    """,
    "manage.py": """
        import os
        import sys
        from urllib.parse import urlsplit

        from django.conf import settings
        from django.core.management import execute_from_command_line

        url = urlsplit(os.environ["DATABASE_URL"])
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path[1:],
            "USER": url.username,
            "PASSWORD": url.password,
            "HOST": url.hostname,
            "PORT": url.port,
        }
        apps = ["django.contrib.sessions"]
        settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps)
        execute_from_command_line(sys.argv)
    """,
}
"""Files by path, and the tables that they create: ``customers`` (SQL), ``invoices`` (Alembic),
``payments`` (a command), ``django_session`` (Django)."""
