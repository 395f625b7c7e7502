"""A PostgreSQL server of the run's own."""
