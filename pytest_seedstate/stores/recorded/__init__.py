"""A way back for services that are not ours to fork: what was touched is written back."""
