"""Templates of ``seedstate_env`` and the refusal of foreign hosts."""

import pytest

from pytest_seedstate.engine.environment import (
    expand,
    is_local,
    refuse_foreign_hosts,
    services_named,
)
from pytest_seedstate.errors import SeedstateError

VARIABLES = {
    "postgres": {"url": "postgresql://u:p@127.0.0.1:5432/app", "authority": "u:p@127.0.0.1:5432"},
    "aws": {"url": "http://127.0.0.1:4566"},
}.__getitem__


def test_placeholders_are_filled_in():
    """Any text may surround them."""
    templates = {"ASYNC_URL": "postgresql+asyncpg://{postgres.authority}/app", "DEBUG": "1"}

    assert services_named(templates) == {"postgres"}
    assert expand(templates, VARIABLES) == {
        "ASYNC_URL": "postgresql+asyncpg://u:p@127.0.0.1:5432/app",
        "DEBUG": "1",
    }


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{postgre.url}", "did you mean 'postgres'?"),
        ("{postgres}", "unknown service 'postgres'|unknown service"),
        ("{postgres.uri}", "did you mean 'url'?"),
        ("{postgres.url", "is no template"),
    ],
)
def test_a_wrong_placeholder_names_the_line_and_the_closest(template, message):
    """The variable's name is in the message too."""
    with pytest.raises(SeedstateError, match=message.replace("?", r"\?")) as caught:
        expand({"DATABASE_URL": template}, VARIABLES)

    assert "DATABASE_URL" in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "localhost", "db.localhost", "::1"])
def test_this_machine_is_local(host):
    """Loopback in all its spellings."""
    assert is_local(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "db", "example.com", "localhost.evil.com"])
def test_anything_else_is_not_local(host):
    """Private networks are other machines too."""
    assert not is_local(host)


def test_a_url_to_another_machine_is_refused_with_the_line_that_allows_it():
    """Nothing there would be rewound."""
    environment = {"DATABASE_URL": "postgresql://app:secret@db.example.com/app"}

    with pytest.raises(SeedstateError) as caught:
        refuse_foreign_hosts(environment, ())

    assert "seedstate_trusted_hosts = db.example.com" in str(caught.value)
    assert "secret" not in str(caught.value)
    refuse_foreign_hosts(environment, ("db.example.com",))
