"""The exit codes of every command."""

OK = 0
"""Done, or all well."""
FAILED = 1
"""What was asked for failed, something does not answer, or nothing is up."""
USAGE = 2
"""A wrong command, name, value or setting; nothing was begun."""
