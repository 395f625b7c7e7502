"""Which replaced database has cut a test's connections, for the report of one that fails of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_seedstate.stores.base import ReplacingJournal

if TYPE_CHECKING:
    import pytest

    from pytest_seedstate.engine.engine import Engine

_DURING = """\
the database was replaced by a copy while this test ran, since changed tables were to be undone (by
seedstate.restore or reset, say): connections from before are cut, that of the postgres fixture
too. Connect anew after such a call; the fixture does so for the next test."""

_BEFORE = """\
the database was replaced by a copy before this test began{why}.
Connections that were open then are cut, also those that a pool keeps. Let the pool try a connection
before it hands it out (SQLAlchemy: create_engine(..., pool_pre_ping=True)), or close the pool after a
test that changes tables (engine.dispose())."""

# What the server, libpq, psycopg, asyncpg and sockets say of a connection that was cut.
_SAID = re.compile(
    r"terminating connection|AdminShutdown|closed the connection|network error|broken pipe"
    r"|connection (?:(?:is|was|has been|already) )?closed|connection reset|ConnectionDoesNotExist",
    re.IGNORECASE,
)


class Cuts:
    """Counts how often stores were replaced as a whole, which cuts all connections.

    Args:
        engine: drives the stores.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._count_at_begin = 0
        self._told_at_begin = 0
        self._test = ""
        self._before = ""

    def test_begins(self, nodeid: str) -> None:
        """A test's state is made, and its fixtures are next."""
        count = self._count()
        self._before = _BEFORE.format(why=self._why()) if count > self._count_at_begin else ""
        self._count_at_begin = count
        self._told_at_begin = len(self._engine.figures.replaced)
        self._test = nodeid

    def tell(self, report: pytest.TestReport) -> None:
        """Add what there is to tell to the report of a test that fails."""
        during = self._count() > self._count_at_begin
        text = _DURING if during else self._before
        # A test that fails of something else has nothing to do with those before it.
        if text and (during or any(map(_SAID.search, _texts(report)))):
            report.sections.append(("seedstate: connections were cut", text))

    def _count(self) -> int:
        return sum(
            journal.replacements()
            for journal in self._engine.fleet.journals
            if isinstance(journal, ReplacingJournal)
        )

    def _why(self) -> str:
        news = self._engine.figures.replaced[self._told_at_begin :]
        if news and news[-1].test:
            # Of several, the last is what connections of now have not survived.
            return f", because of {news[-1].test}: {news[-1].reason}"
        return f" and after {self._test}" if self._test else ""


def _texts(report: pytest.TestReport) -> list[str]:
    """The failure, and what was logged: an application may answer an error of its own."""
    return [report.longreprtext, *(text for _, text in report.sections)]
