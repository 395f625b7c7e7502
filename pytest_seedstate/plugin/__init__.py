"""The pytest plugin's entry point: options, markers, collection.

Imported by every pytest run of every project that has the package installed, so only the standard
library, pytest and what is needed to see that nothing is needed is imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest

from pytest_seedstate.config import SETTINGS
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.plugin.fixtures import (
    dynamodb,
    opensearch,
    opensearch_async,
    postgres,
    s3,
    seedstate,
    seedstate_container_env,
    seedstate_endpoints,
    seedstate_env,
)
from pytest_seedstate.plugin.markers import MARKERS, Request, asks, read_request, request_key
from pytest_seedstate.plugin.session import RUNTIME_NAME, runtime_of, session_key, session_of


def _import_as_it_stands() -> None:
    """Keep pytest from rewriting the asserts of this package, as it does with those of plugins.

    Services start in threads, which import what they need. Rewriting makes a syntax tree of each
    module the first time, and that fails now and then in several threads at once, with
    ``SystemError: AST constructor recursion depth mismatch`` (Python 3.11 and 3.12, issue
    gh-106905 of CPython). No public way leads out of it: where pytest has changed, all is as it
    would be without this.
    """
    for finder in sys.meta_path:
        marked = getattr(finder, "_must_rewrite", None)
        cache = getattr(finder, "_marked_for_rewrite_cache", None)
        if isinstance(marked, set) and isinstance(cache, dict):
            marked.discard(__name__.partition(".")[0])
            cache.clear()


_import_as_it_stands()

__all__ = [
    "dynamodb",
    "opensearch",
    "opensearch_async",
    "postgres",
    "s3",
    "seedstate",
    "seedstate_container_env",
    "seedstate_endpoints",
    "seedstate_env",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Every setting, as an ini value and, where a run may differ, as an option."""
    group = parser.getgroup("seedstate", "the data of tests")
    for setting in SETTINGS:
        # None tells "not set" from every value that a user may write.
        parser.addini(setting.name, setting.help, type=setting.ini_type, default=None)
        if setting.flag and setting.metavar:
            group.addoption(
                setting.flag, dest=setting.name, metavar=setting.metavar, help=setting.help
            )
        elif setting.flag:
            group.addoption(
                setting.flag,
                dest=setting.name,
                action="store_true",
                default=None,
                help=setting.help,
            )
    group.addoption(
        "--seedstate-list",
        action="store_true",
        dest="seedstate_list",
        help="List the scenarios and reset states, and exit",
    )


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make our hooks known."""
    from pytest_seedstate.plugin import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Export ``seedstate_env`` before any conftest imports the application."""
    session = session_of(early_config)
    if session.exports_environment:
        session.export_environment()


def pytest_configure(config: pytest.Config) -> None:
    """Check the settings, make the markers known, and join xdist where it is there."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _ = session_of(config).settings
    if config.pluginmanager.has_plugin("xdist"):
        from pytest_seedstate.plugin.summary import WorkerFigures

        config.pluginmanager.register(WorkerFigures(config), "seedstate-workers")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Answer ``--seedstate-list``."""
    if not config.getoption("seedstate_list"):
        return None
    from pytest_seedstate.plugin.summary import list_states

    try:
        list_states(session_of(config).project)
    except SeedstateError as error:
        raise pytest.UsageError(str(error)) from None
    return 0


def pytest_report_header(config: pytest.Config) -> str | None:
    """One line that says what would run, in projects that use us."""
    session = session_of(config)
    if not session.settings.env and not any(path.is_dir() for path in session.settings.scenarios):
        return None
    from pytest_seedstate.plugin.summary import header

    return header(session.settings)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was loaded and rewound, and what should be known about it."""
    session = terminalreporter.config.stash.get(session_key, None)
    if session is not None and "project" in session.__dict__:
        from pytest_seedstate.plugin.summary import write_summary

        write_summary(terminalreporter, session.project, session.settings)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Check every test's markers: what is wrong fails the collection of its module or class.

    A `UsageError` would end the whole run, under xdist even without its text.
    """
    report = yield
    items = [node for node in report.result or () if isinstance(node, pytest.Item)]
    if not items:
        return report
    problems: dict[str, list[str]] = {}
    session = session_of(collector.config)
    any_may_ask = session.has_default_state
    for item in items:
        if not any_may_ask and not asks(item):
            continue
        try:
            request = read_request(item, session.project)
        except SeedstateError as error:
            problems.setdefault(str(error), []).append(item.nodeid)
        else:
            if request != Request():
                item.stash[request_key] = request
    if problems:
        report.outcome = "failed"
        report.longrepr = "\n\n".join(
            f"{_first_of(names)}\n{problem}" for problem, names in problems.items()
        )
        report.result = []
    return report


def _first_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Order tests by state, after other plugins have had their say; arm the runtime."""
    yield
    if not any(request_key in item.stash for item in items):
        return
    if session_of(config).settings.order:
        from pytest_seedstate.plugin.order import order_by_state

        nothing = Request()
        order_by_state(items, lambda item: item.stash.get(request_key, nothing).state)
    if not config.option.collectonly and not config.option.setupplan:
        runtime_of(config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the services as soon as the last test is done."""
    found = session.config.stash.get(session_key, None)
    if found is not None and session.config.pluginmanager.has_plugin(RUNTIME_NAME):
        from pytest_seedstate.plugin.kept import hand_over_kept

        hand_over_kept(found.project)
        found.project.engine.stop()
