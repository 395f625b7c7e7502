"""Whole runs of pytest that keep their containers, and the commands that tell of them."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pytest_seedstate.services.containers.docker_engine import DockerEngine
from tests.cli.projects import CliProject
from tests.plugin.inner_runs import InnerProject

PACK = """
    from pytest_seedstate import Record, Row, scenario

    class Product(Record):
        sku: str
        stored_in = (Row("products"),)

    @scenario("catalogue")
    def catalogue(seed):
        yield Product(sku="1")
"""

KEEPING = ("--seedstate-provider=containers", "--seedstate-reuse")

TESTS = """
    def server(postgres, query):
        return [name for (name,) in postgres.execute(query)]

    @pytest.mark.scenario("catalogue")
    def test_finds_a_clean_server(postgres):
        assert server(postgres, "SELECT sku FROM products") == ["1"]
        assert server(postgres, "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'") == [
            "seedstate"
        ]
        assert "left_over" not in server(postgres, "SELECT datname FROM pg_database")
        assert server(postgres, "SHOW work_mem") == ["4MB"]
        postgres.execute("CREATE ROLE left_over")
        postgres.execute("CREATE DATABASE left_over")
        postgres.execute("ALTER SYSTEM SET work_mem = '5MB'")
        postgres.execute("SELECT pg_reload_conf()")
        postgres.execute("DELETE FROM products")
        if os.environ.get("STAYS"):
            Path("here").touch()
            time.sleep(600)
        # A test undoes what belongs to the server itself; only a killed one cannot.
        postgres.execute("DROP ROLE left_over")
        postgres.execute("DROP DATABASE left_over")
        postgres.execute("ALTER SYSTEM RESET work_mem")
"""


@pytest.mark.usefixtures("clean_up")
def test_after_a_killed_run(tmp_path: Path, engine: DockerEngine) -> None:
    """The next run has the same container and nothing of the killed one's; the commands tell."""
    commands = CliProject(tmp_path)
    project = InnerProject(tmp_path, TESTS, {"scenarios/shop.py": PACK})
    killed = project.start(*KEEPING, STAYS="yes")
    project.wait_for("here", killed)
    (container,) = engine.find(project=str(tmp_path))
    (listed,) = commands.told("status", code=1)["containers"]
    assert (listed["container"], listed["users"]) == (container.id, [killed.pid])
    # Nobody's container is removed under his feet.
    refused = commands.run("down", "--json")
    assert refused.returncode == 1
    assert f"postgres by process {killed.pid}" in refused.stderr
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    done = project.run(*KEEPING)

    assert done.code == 0, done.output
    assert "containers stay" in done.output
    assert [found.id for found in engine.find(project=str(tmp_path))] == [container.id]
    (listed,) = commands.told("status", code=1)["containers"]
    assert (listed["running"], listed["users"]) == (True, [])

    up = commands.told(
        "up", "--stores", "postgres", "--provider", "containers", SEEDSTATE_REUSE="true"
    )
    assert list(up["services"]) == ["postgres"]
    told = commands.told("status")
    assert told["stores"]["postgres"]["counts"] == {"products": 0}
    assert [one["users"] for one in told["containers"]] == [[up["pid"]]]
    assert "the services are up from another provider: postgres is containers" in commands.refused(
        "up", "--provider", "embedded", code=1
    )
    beside = project.run(*KEEPING, "--seedstate-diff=off")
    assert beside.code == 0, beside.output
    assert "postgres" in commands.told("status")["services"]
    assert [one["container"] for one in commands.told("down")["removed"]] == [container.id]
    assert engine.find(project=str(tmp_path)) == []
    assert project.leftovers() == []
