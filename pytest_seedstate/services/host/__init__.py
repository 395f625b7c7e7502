"""Hosts of embedded services: trees of processes in which a fork is a snapshot.

What is served is a `Hosted` application; `services.aws` and `services.opensearch` each bring one.
"""
