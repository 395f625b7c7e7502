"""The APIs, one module per family, each route registered with its method and path."""
