"""Ingest pipelines: changes to documents before they are indexed."""
