"""What a node keeps: documents, indices, what a search sees of them, aliases and templates."""
