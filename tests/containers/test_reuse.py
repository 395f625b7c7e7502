"""Containers that stay for later runs: found again, checked, shared or not, swept in the end.

Most of it with SEEDSTATE_TEST_CASES=all only, since it takes two minutes; see `test_kept_runs` too.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.containers import ContainerPostgres
from pytest_seedstate.services.containers.docker_engine import DockerEngine, Found
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.containers.register import register_of
from pytest_seedstate.services.containers.spots import Spot
from pytest_seedstate.services.containers.sweeping import kept_containers, remove_kept, sweep
from pytest_seedstate.services.project_runs import beside_runs
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.services.rundir import sweep as sweep_run_folders
from tests.containers.conftest import Holder
from tests.docker import image
from tests.on_demand import on_demand
from tests.services.conftest import wait_until

Containers = Callable[[], list[Found]]
Hold = Callable[..., Holder]


class OtherPostgres(ContainerPostgres):
    """One with another setting, as a new version of ours would have."""

    def recipe(self) -> Recipe:
        """With a comment."""
        full = super().recipe()
        environment = {**full.environment, "COMMENT": "new"}
        return Recipe(full.image, full.port, full.command, environment, full.memory_folders)


def postgres(rundir: RunDir, **wishes: object) -> ContainerPostgres:
    """A kept PostgreSQL, not yet started."""
    return ContainerPostgres(rundir, image=image("postgres"), reuse=True, **wishes)  # type: ignore[arg-type]


def test_found_again(project: Path, engine: DockerEngine, containers: Containers) -> None:
    """A later run has the same container, endpoint and password; `remove_kept` ends it."""
    with RunDir(project) as first:
        service = postgres(first)
        service.start()
        before, container = dict(service.variables), service.container
        with psycopg.connect(before["url"]) as session:
            session.execute("CREATE TABLE kept ()")
        service.stop()
    with RunDir(project) as second:
        service = postgres(second)
        assert service.variables == before
        service.start()
        assert service.container == container
        with psycopg.connect(before["url"]) as session:
            session.execute("SELECT FROM kept")
        assert service.failure() is None
        service.stop()
    (kept,) = kept_containers(engine, project)
    assert (kept.service, kept.container, kept.running, kept.users) == (
        "postgres",
        container,
        True,
        (),
    )
    # By this testcontainers' reaper finds what it removes.
    assert "org.testcontainers.session-id" not in containers()[0].labels
    assert remove_kept(engine, project) == [kept]
    assert containers() == []
    assert not beside_runs(project, "containers-postgres").exists()


@on_demand
def test_shared_by_processes(hold: Hold, engine: DockerEngine, project: Path) -> None:
    """Workers that start at the same time have one container, and none ends it under another."""
    with ThreadPoolExecutor(3) as pool:
        first, second, third = pool.map(hold, ["reuse"] * 3)
    assert first.told["variables"] == second.told["variables"] == third.told["variables"]
    assert first.told["container"] == second.told["container"] == third.told["container"]
    first.close()
    third.close()
    with psycopg.connect(second.told["variables"]["url"]) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    (kept,) = remove_kept(engine, project)
    assert kept.users == (second.process.pid,)
    assert len(kept_containers(engine, project)) == 1
    second.close()
    remove_kept(engine, project)
    assert kept_containers(engine, project) == []


@on_demand
def test_one_process_at_a_time(hold: Hold, rundir: RunDir) -> None:
    """Where workers would meet in it, each has a container, and takes one that was let go."""
    first, second = hold("reuse", "alone"), hold("reuse", "alone")
    assert first.told["container"] != second.told["container"]
    assert first.told["variables"]["port"] != second.told["variables"]["port"]
    first.close()
    third = postgres(rundir, alone=True)
    third.start()
    assert third.container == first.told["container"]
    third.stop()


@on_demand
def test_a_killed_run(hold: Hold, engine: DockerEngine, project: Path) -> None:
    """SIGKILL: the container stays for the next run, and nobody counts as using it."""
    holder = hold("reuse")
    holder.kill()
    wait_until(lambda: kept_containers(engine, project)[0].users == ())
    again = hold("reuse")
    assert again.told["container"] == holder.told["container"]


@on_demand
def test_given_to_another_process(rundir: RunDir, engine: DockerEngine, project: Path) -> None:
    """It counts as used for as long as the other process holds the descriptor."""
    service = postgres(rundir)
    service.start()
    (descriptor,) = service.give_to(os.getpid(), platform.process_start(os.getpid()) or "")
    service.stop()
    (guard,) = kept_containers(engine, project)[0].users
    assert guard != os.getpid()
    os.close(descriptor)
    wait_until(lambda: kept_containers(engine, project)[0].users == ())


@on_demand
@pytest.mark.parametrize("fault", ["ended", "removed", "paused"])
def test_one_that_is_not_there_any_more(
    project: Path, engine: DockerEngine, containers: Containers, fault: str
) -> None:
    """Another one takes its place, at the endpoint that was announced."""
    with RunDir(project) as first:
        service = postgres(first)
        service.start()
        before, container = dict(service.variables), service.container
        assert container is not None
        service.stop()
    with RunDir(project) as second:
        service = postgres(second)
        assert service.variables == before
        if fault == "removed":
            engine.remove(container)
        elif fault == "paused":
            engine.client.api.pause(container)
        else:
            engine.client.api.kill(container)
            wait_until(lambda: engine.end_of(container) is not None)
        service.start()
        assert service.container != container
        with psycopg.connect(before["url"]) as session:
            assert session.execute("SELECT 1").fetchone() == (1,)
        assert [one.id for one in containers()] == [service.container]
        service.stop()


class Unwell(ContainerPostgres):
    """One that gives up soon, of a server that has stopped to answer."""

    health_seconds = 0.5
    start_seconds = 20.0


def stop_answering(engine: DockerEngine, container: str, patch: pytest.MonkeyPatch) -> None:
    """Leave the container running, as one that has run for an hour, and its server not."""
    engine.client.api.kill(container, signal="SIGSTOP")
    in_an_hour = time.time() + 3600
    patch.setattr(time, "time", lambda: in_an_hour)


@on_demand
def test_one_that_is_not_well(
    project: Path, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs and does not answer: replaced, and said so."""
    notes: list[str] = []
    with RunDir(project) as first:
        service = postgres(first)
        service.start()
        container = service.container
        assert container is not None
        service.stop()
    stop_answering(engine, container, monkeypatch)
    with RunDir(project) as second:
        again = Unwell(second, image=image("postgres"), reuse=True, note=notes.append)
        again.start()
        assert again.container != container
        with psycopg.connect(again.variables["url"]) as session:
            assert session.execute("SELECT 1").fetchone() == (1,)
        assert again.failure() is None
        again.stop()
    assert notes == [
        "seedstate: the PostgreSQL container, kept by an earlier run, was not well: replaced"
    ]


class Full(ContainerPostgres):
    """One that cannot be emptied."""

    def empty(self, spot: Spot) -> None:
        """It cannot."""
        raise OSError("for a reason")


@on_demand
def test_one_that_cannot_be_emptied(project: Path, containers: Containers) -> None:
    """Another one takes its place, and that is said; one that is new is not emptied at all."""
    notes: list[str] = []
    found = set()
    for _ in range(2):
        with RunDir(project) as rundir:
            service = Full(rundir, image=image("postgres"), reuse=True, note=notes.append)
            service.start()
            found.add(service.container)
            with psycopg.connect(service.variables["url"]) as session:
                assert session.execute("SELECT 1").fetchone() == (1,)
            assert [one.id for one in containers()] == [service.container]
            service.stop()
    assert len(found) == 2
    assert notes == [
        "seedstate: the PostgreSQL container, kept by an earlier run, could not be emptied "
        "(for a reason): replaced"
    ]


@on_demand
def test_what_is_in_it_while_another_process_is(
    hold: Hold, project: Path, rundir: RunDir, engine: DockerEngine
) -> None:
    """A second process in it leaves all as it is; the next one after both finds it empty."""
    holder = hold("reuse")
    url = holder.told["variables"]["url"]
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("CREATE DATABASE of_the_first")
    for expected, next_one in ((1, False), (0, True)):
        if next_one:
            holder.kill()
            wait_until(lambda: kept_containers(engine, project)[0].users == ())
        service = postgres(rundir)
        service.start()
        with psycopg.connect(service.variables["url"]) as session:
            count = "SELECT count(*) FROM pg_database WHERE datname = 'of_the_first'"
            assert session.execute(count).fetchone() == (expected,)
        service.stop()


@on_demand
def test_one_that_is_not_well_and_in_use(
    hold: Hold, rundir: RunDir, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not ended under another run's feet: an error names who uses it."""
    holder = hold("reuse")
    stop_answering(engine, holder.told["container"], monkeypatch)
    with pytest.raises(SeedstateError, match="other runs use it") as caught:
        Unwell(rundir, image=image("postgres"), reuse=True).start()
    assert caught.value.checked == f"processes {holder.process.pid}"
    assert engine.end_of(holder.told["container"]) is None


@on_demand
def test_another_recipe(
    project: Path, engine: DockerEngine, hold: Hold, containers: Containers
) -> None:
    """What was made otherwise is not taken: it is removed, once nobody uses it."""
    holder = hold("reuse")
    for expected in (2, 1):
        with RunDir(project) as rundir:
            service = OtherPostgres(rundir, image=image("postgres"), reuse=True)
            service.start()
            assert service.container != holder.told["container"]
            assert len(containers()) == expected
            service.stop()
        holder.close()
    assert holder.told["container"] not in {one.id for one in containers()}


@on_demand
def test_another_image_of_the_same_name(
    project: Path, engine: DockerEngine, built: Callable[[str], str]
) -> None:
    """A name that means another image now: a new container."""
    name = built(f"FROM {image('postgres')}\nLABEL version=1\n")
    found = []
    for version in (1, 1, 2):
        if version == 2:
            engine.client.images.get(name).tag(f"{name}-old")
            other = built(f"FROM {image('postgres')}\nLABEL version=2\n")
            engine.client.images.get(other).tag(name)
        with RunDir(project) as rundir:
            service = ContainerPostgres(rundir, image=name, reuse=True)
            service.start()
            found.append(service.container)
            service.stop()
    remove_kept(engine, project)
    engine.client.images.remove(f"{name}-old", force=True)
    assert found[0] == found[1] != found[2]


@on_demand
def test_a_project_that_is_gone(
    project: Path, engine: DockerEngine, containers: Containers
) -> None:
    """Any run sweeps what was kept for it."""
    with RunDir(project) as rundir:
        service = postgres(rundir)
        service.start()
        service.stop()
    sweep(engine)
    assert len(containers()) == 1
    shutil.rmtree(project)
    sweep(engine)
    assert containers() == []


@on_demand
def test_one_that_nobody_came_for(
    hold: Hold, project: Path, engine: DockerEngine, containers: Containers
) -> None:
    """After a day without a run it is swept, but not while a run of more than a day uses it."""
    holder = hold("reuse")
    register = register_of(project, "postgres")
    (entry,) = register.entries()
    path = beside_runs(project, "containers-postgres") / f"{entry.token}.json"
    yesterday = time.time() - 25 * 3600

    os.utime(path, (yesterday, yesterday))
    sweep(engine)
    assert len(containers()) == 1
    holder.close()
    sweep(engine)
    assert len(containers()) == 1
    os.utime(path, (yesterday, yesterday))
    sweep(engine)
    assert containers() == []


def test_a_port_that_another_program_has(project: Path, containers: Containers) -> None:
    """The container is gone and its port is taken: told; the run after takes another port."""
    with RunDir(project) as first:
        service = postgres(first)
        port = int(service.variables["port"])
        service.stop()
    with RunDir(project) as second, socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        service = postgres(second)
        assert int(service.variables["port"]) == port
        with pytest.raises(SeedstateError, match=f"port {port}.*used by another program"):
            service.start()
        third = postgres(second)
        assert int(third.variables["port"]) != port
        third.stop()
    assert containers() == []


def test_a_start_that_fails_leaves_nothing(
    project: Path, containers: Containers, built: Callable[[str], str]
) -> None:
    """A kept container that never answered is not kept."""
    name = built(f'FROM {image("postgres")}\nENTRYPOINT ["sh", "-c", "exit 4"]\n')
    with RunDir(project) as rundir, pytest.raises(SeedstateError, match="status 4"):
        ContainerPostgres(rundir, image=name, reuse=True).start()
    assert containers() == []


@on_demand
def test_sweeping_run_folders_leaves_it_alone(hold: Hold, project: Path) -> None:
    """Its register lies beside the folders of runs, and is none."""
    holder = hold("reuse")
    sweep_run_folders()
    (entry,) = register_of(project, "postgres").entries()
    assert str(entry.port) == holder.told["variables"]["port"]


@on_demand
def test_a_register_that_is_gone(
    project: Path, engine: DockerEngine, containers: Containers, hold: Hold
) -> None:
    """A temporary folder was emptied: what was listed there is swept."""
    elsewhere = Path(tempfile.mkdtemp(prefix="sst"))
    holder = hold("reuse", SEEDSTATE_TEST_ROOT=str(elsewhere))
    holder.close()
    sweep(engine)
    assert len(containers()) == 1
    shutil.rmtree(elsewhere)
    sweep(engine)
    assert containers() == []
