"""An emulator of a subset of OpenSearch 3, in process and in memory.

Nothing here starts a thread, opens a file or keeps state outside a ``Node``, so that a forked
process is a snapshot of all of it.
"""
