"""The journal of a real OpenSearch node, which is not ours to fork."""
