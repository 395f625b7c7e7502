"""Searches: requests read, run over indices, sorted, cut to pages and shown."""
