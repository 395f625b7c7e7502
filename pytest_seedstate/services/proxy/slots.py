"""Where in the shared counters the proxy counts."""

BEGUN, ENDED = 0, 1
"""Writes that were forwarded, and those of them that were answered or given up."""
