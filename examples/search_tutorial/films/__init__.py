"""Films, to be searched."""
