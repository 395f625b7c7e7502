"""The recording proxy: between applications and a service that is not ours to fork.

A child process that passes every byte on as it comes, and notes what each request may change
before the service can act on it.
"""
