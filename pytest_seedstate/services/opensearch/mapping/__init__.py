"""Mappings: what types fields have, and what of a document's source is indexed."""
