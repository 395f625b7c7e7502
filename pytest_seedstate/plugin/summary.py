"""What a run tells people: header, list of states, summary, report file; merged across workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from pytest_seedstate.config import Settings
from pytest_seedstate.engine.figures import KINDS
from pytest_seedstate.plugin.session import RUNTIME_NAME, session_of

if TYPE_CHECKING:
    from pytest_seedstate.engine.project import Project

OUTPUT_KEY = "seedstate"
KEPT_KEY = "seedstate-kept"
MOST_REPLACED = 10


def header(settings: Settings) -> str:
    """One line for pytest's header."""
    from pytest_seedstate.config.services import STORES_OF_SERVICE

    provided = settings.providers
    services = "; ".join(
        f"{service} ({', '.join(stores)}): {provided[service]}"
        if len(set(provided.values())) > 1
        else f"{service} ({', '.join(stores)})"
        for service, stores in STORES_OF_SERVICE.items()
    )
    kept = ""
    if settings.reuse:
        no_effect = "--seedstate-reuse has no effect: no service is in a container"
        kept = ", containers stay" if "containers" in provided.values() else f", {no_effect}"
    usual = "mixed" if len(set(provided.values())) > 1 else provided["postgres"]
    return (
        f"seedstate: provider: {usual}, services: {services}, "
        f"seed: {settings.seed}, clock: {settings.clock.isoformat()}{kept}"
    )


def list_states(project: Project) -> None:
    """Print all scenarios and reset states as tables."""
    from rich.console import Console
    from rich.table import Column, Table

    console = Console()

    def table(name: str, *others: str, title: str) -> Table:
        # Names are there to be copied: they are never cut.
        return Table(Column(name, no_wrap=True), *others, title=title)

    scenarios = table("scenario", "parameters", "what it is", title="Scenarios")
    for scenario in project.registry.scenarios():
        scenarios.add_row(scenario.full_name, scenario.signature_text, scenario.summary)
    console.print(scenarios)
    states = table("state", "scenarios", "what it is", title="Reset states")
    for state in project.registry.reset_states():
        names = ", ".join(state.scenarios)
        states.add_row(state.full_name, names or "-", state.description)
    console.print(states)


def write_summary(reporter: pytest.TerminalReporter, project: Project, settings: Settings) -> None:
    """The section at the end of the run, and the report file."""
    data = project.figures.as_data()
    done = [
        f"{KINDS[kind]}: {figure['count']} ({_seconds(figure['seconds'])})"
        for kind, figure in data["figures"].items()
        if figure["count"]
    ]
    if settings.report is not None:
        try:
            settings.report.write_text(json.dumps(data, indent=2) + "\n", "utf-8")
        except OSError as error:
            reporter.ensure_newline()
            reporter.write_line(f"seedstate: no report was written: {error}", red=True)
    if not done:
        return
    reporter.ensure_newline()
    reporter.section("seedstate")
    reporter.write_line(", ".join(done))
    if data["baselines"]["kept"]:
        reporter.write_line(kept_line(data["baselines"]))
    for line in told_lines(data):
        reporter.write_line(line, yellow=True)
    if project.figures.kept is not None:
        from pytest_seedstate.plugin.kept import kept_lines

        for line in kept_lines(project.figures.kept):
            reporter.write_line(line)


def kept_line(baselines: Mapping[str, int]) -> str:
    """What is kept of states, for the summary.

    Args:
        baselines: `Figures.as_data`, of all workers.
    """
    line = (
        f"states kept: {baselines['kept']} (memory: {_size(baselines['memory'])}, "
        f"files: {_size(baselines['files'])})"
    )
    if baselines["forgotten"]:
        line += (
            f"; forgotten for room: {baselines['forgotten']}, "
            f"loaded again: {baselines['loaded_again']} (ini seedstate_kept_states)"
        )
    return line


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB"


def told_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """What should be known of the run besides its figures.

    Args:
        data: `Figures.as_data`, of all workers.
    """
    dearest = sorted(data["replaced"], key=lambda each: -each["milliseconds"])
    if dearest:
        total = sum(each["milliseconds"] for each in dearest)
        yield (
            "not rewound in place, since something had to be replaced "
            f"({len(dearest)}, {_seconds(total / 1000)} in all):"
        )
    for each in dearest[:MOST_REPLACED]:
        took = _seconds(each["milliseconds"] / 1000)
        yield f"  {_test(each)}: {each['store']}: replaced {each['reason']} ({took})"
    if len(dearest) > MOST_REPLACED:
        yield f"  and {len(dearest) - MOST_REPLACED} more; --seedstate-report=FILE has all"
    for each in data["late"]:
        since = f"after {each['test']} had ended" if each["test"] else "before the first test"
        yield f"late writes, {since} (undone):\n{each['changes']}"
    for each in data["ended"]:
        yield f"a transaction that {_test(each)} left open was ended: {each['transaction']}"
    yield from data["remarks"]


def _test(noted: Mapping[str, Any]) -> str:
    return noted["test"] or "before the first test"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


class WorkerFigures:
    """Brings the figures of xdist's workers to the process that writes the summary.

    Args:
        config: pytest's configuration, of a worker or of the controller.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """On a worker: hand the figures over."""
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None and self._config.pluginmanager.has_plugin(RUNTIME_NAME):
            figures = session_of(self._config).project.figures
            output[OUTPUT_KEY] = figures.as_data()
            output[KEPT_KEY] = None if figures.kept is None else asdict(figures.kept)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """On the controller: add a worker's figures; one that crashed has none."""
        data = getattr(node, "workeroutput", {}).get(OUTPUT_KEY)
        if data is not None:
            figures = session_of(self._config).project.figures
            figures.merge(data)
            kept = node.workeroutput.get(KEPT_KEY)
            if kept is not None:
                from pytest_seedstate.engine.keeping import KeptState

                figures.kept = KeptState(**kept)
