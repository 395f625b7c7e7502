"""Datasets on disk: what was generated once is read the next time."""
