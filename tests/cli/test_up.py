"""``up`` and ``down``: services that live between commands, and end when they should."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from pytest_seedstate.engine.endpoints import EXAMPLES
from pytest_seedstate.engine.uprun import UpRun
from pytest_seedstate.errors import SeedstateError
from tests.cli.projects import EMPTY, FRESH, PACK, SEEDSTATE, CliProject, is_gone
from tests.plugin.inner_runs import wait_until
from tests.plugin.projects import clean_environment, write_text


def test_the_whole_way(project: CliProject) -> None:
    """Up, seeded, looked at, used by an application, reset, down; nothing is left."""
    assert "nothing is up" in project.refused("status", code=1)
    told = project.told("up", "--reset-state", "fresh")
    assert set(told["services"]) == {"postgres", "aws", "opensearch"}
    assert told["last"]["name"] == "fresh"
    assert project.counts() == FRESH

    write_text(
        project.root / "app.py",
        """
        import json, os, urllib.request
        import boto3, psycopg

        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute("INSERT INTO products VALUES ('own', 'own', 1)")
        print(boto3.resource("dynamodb").Table("shop").scan()["Count"])
        print(len(boto3.client("s3").list_objects_v2(Bucket="photos")["Contents"]))
        found = urllib.request.urlopen(os.environ["OPENSEARCH_URL"] + "/products/_count")
        print(json.load(found)["count"])
        """,
    )
    application = subprocess.run(
        [sys.executable, "app.py"],
        cwd=project.root,
        env=clean_environment(**told["environment"]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert application.stdout.split() == ["3", "3", "3"]
    assert project.counts()["postgres"] == {"products": 4}

    project.told("reset", "fresh")
    assert project.counts() == FRESH
    assert project.told("down") == {"up": False, "was_up": True, "removed": [], "in_use": []}
    assert project.leftovers() == []
    assert is_gone(told["pid"])
    assert project.told("down") == {"up": False, "was_up": False, "removed": [], "in_use": []}


def test_up_again_changes_nothing(project: CliProject) -> None:
    """The same services with the same data, whatever is asked for."""
    first = project.told("up", "--scenario", "three-products")
    project.told("clear")
    done = project.run("up", "--reset-state", "fresh", "--json")
    assert "already up" in done.stderr
    assert "'fresh' was not loaded" in done.stderr
    again = project.told("up")
    assert again["environment"] == first["environment"]
    assert again["pid"] == first["pid"]
    assert project.counts() == EMPTY


def test_the_shell_takes_what_is_exported(project: CliProject) -> None:
    """A real sh; tables and remarks go elsewhere, so that nothing else is evaluated."""
    odd = """it's "odd" $HOME `id` \\\\"""
    ini = f"[pytest]\nseedstate_env =\n  DATABASE_URL = {{postgres.url}}\n  ODD = {odd}\n"
    write_text(project.root / "pytest.ini", ini)
    script = f"""
        set -eu
        eval "$('{SEEDSTATE}' up --export 2>errors)"
        '{sys.executable}' -c '
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("SELECT count(*) FROM products").fetchone()[0])
'
        printf '%s\\n' "$AWS_ENDPOINT_URL" "$OPENSEARCH_URL" "$ODD"
    """
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    services = project.told("up")["services"]
    urls = [services["aws"]["url"], services["opensearch"]["url"]]
    assert done.stdout.splitlines() == ["0", *urls, odd]
    assert "Environment" in (project.root / "errors").read_text()


def test_two_at_once_are_one(project: CliProject) -> None:
    """Both wait for the same services."""
    both = [project.start("up", "--json") for _ in range(2)]
    outputs = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]


def test_two_checkouts_never_meet(project: CliProject, tmp_path: Path) -> None:
    """Each has services and data of its own, and ends alone."""
    other = CliProject(tmp_path / "other" / "project")
    try:
        both = [each.start("up", "--stores", "postgres") for each in (project, other)]
        for process in both:
            process.communicate()
        other.told("seed", "three-products", "--stores", "postgres")
        assert project.counts() == {"postgres": {"products": 0}}
        assert other.counts() == {"postgres": {"products": 3}}
        project.told("down")
        assert other.counts() == {"postgres": {"products": 3}}
    finally:
        other.run("down")
    assert other.leftovers() == []


def test_a_killed_process_is_told(project: CliProject) -> None:
    """The next command says what has happened, and `up` starts anew."""
    pid = project.told("up", "--stores", "postgres")["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))
    told = project.refused("status", code=1)
    assert "their process was killed" in told
    assert "seedstate up starts new ones" in told
    assert "their process was killed" in project.refused("seed", "three-products", code=1)
    assert project.told("up", "--stores", "postgres")["pid"] != pid
    project.told("down")
    assert "nothing is up" in project.refused("status", code=1)


def test_a_service_that_has_ended_is_told(project: CliProject) -> None:
    """The others go on; status and health name it and end with 1."""
    told = project.told("up", "--stores", "postgres,s3")
    with psycopg.connect(told["environment"]["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    log = Path(told["folder"]) / "pg" / "data" / "postmaster.pid"
    os.kill(int(log.read_text().split()[0]), signal.SIGKILL)
    wait_until(lambda: "ended" in project.run("status").stdout)
    status = project.told("status", code=1)
    assert status["services"]["postgres"]["problem"]
    assert status["services"]["aws"]["problem"] is None
    health = project.told("health", code=1)
    assert not health["healthy"]
    assert health["stores"]["s3"]["problem"] is None
    assert "fails" in project.run("health").stdout
    assert "but postgres has ended" in project.refused("up", code=1)


def test_a_closed_terminal_and_a_run_of_pytest_leave_it_alone(project: CliProject) -> None:
    """It has a session of its own, and its folder is somebody's."""
    told = project.told("up", "--stores", "postgres")
    os.kill(told["pid"], signal.SIGHUP)
    assert os.getsid(told["pid"]) == told["pid"]
    write_text(
        project.root / "test_it.py",
        """
        import pytest

        @pytest.mark.scenario("three-products")
        def test_it(postgres):
            assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        """,
    )
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=project.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in tested.stdout, tested.stdout
    assert project.counts() == {"postgres": {"products": 0}}


def test_an_interrupted_start_leaves_nothing(project: CliProject) -> None:
    """Ctrl-C reaches the command alone; the process behind it notices."""
    process = project.start("up")
    wait_until(lambda: project.leftovers() != [])
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    wait_until(lambda: project.leftovers() == [])
    assert "nothing is up" in project.refused("status", code=1)


def test_a_project_that_is_removed_takes_its_services_along(project: CliProject) -> None:
    """Nobody could stop them any more."""
    pid = project.told("up", "--stores", "postgres")["pid"]
    moved = project.root.with_name("moved")
    project.root.rename(moved)
    wait_until(lambda: is_gone(pid))
    moved.rename(project.root)
    assert project.leftovers() == []


@pytest.mark.parametrize(
    ("pack", "code", "says"),
    [
        ("import nothing_of_that_name", 2, "nothing_of_that_name"),
        ("def (", 2, "scenarios/shop.py"),
        (
            PACK + "\n    from pytest_seedstate import schema\n    schema(sql='CREATE TABLE (')",
            1,
            "failed",
        ),
    ],
)
def test_what_cannot_be_started_leaves_nothing(
    project: CliProject, pack: str, code: int, says: str
) -> None:
    """Packs that fail to import are wrong usage; a schema that the server refuses is a failure."""
    write_text(project.root / "scenarios" / "shop.py", pack)
    assert says in project.refused("up", "--stores", "postgres", code=code)
    assert project.leftovers() == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("OPENSEARCH_URL = {opensearch.uri}", "did you mean 'url'?"),
        ("OPENSEARCH_URL = {opensearc.url}", "did you mean 'opensearch'?"),
        ("OTHER = http://search.example.com", "leads to 'search.example.com'"),
        ("OTHER = http://[::1", "a URL cannot be read"),
    ],
)
def test_a_wrong_template_is_told_before_anything_starts(
    project: CliProject, line: str, says: str
) -> None:
    """By a dry run too."""
    write_text(project.root / "pytest.ini", f"[pytest]\nseedstate_env = {line}\n")
    assert says in project.refused("up", code=2)
    assert project.leftovers() == []
    assert says in project.refused("seed", "three-products", "--dry-run", code=2)


def test_every_variable_of_a_service_may_be_named(project: CliProject) -> None:
    """What templates are checked against is what services have."""
    lines = [f"V_{s}_{v} = {{{s}.{v}}}" for s, known in EXAMPLES.items() for v in known]
    ini = "[pytest]\nseedstate_env =\n" + "".join(f"  {line}\n" for line in lines)
    write_text(project.root / "pytest.ini", ini)
    told = project.told("up")
    assert {name: set(one) for name, one in told["services"].items()} == {
        name: set(one) for name, one in EXAMPLES.items()
    }
    assert told["environment"]["V_opensearch_url"] == told["services"]["opensearch"]["url"]


def test_services_that_nobody_is_told_of_are_stopped(project: CliProject) -> None:
    """Whatever fails after they were started; those that were up before stay."""

    def up_unheard() -> int:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            process = subprocess.Popen(
                [SEEDSTATE, "up", "--stores", "postgres", "--json"],
                cwd=project.root,
                env=clean_environment(),
                stdout=writer,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(writer)
        return process.wait()

    assert up_unheard() == 1
    assert project.leftovers() == []
    pid = project.told("up", "--stores", "postgres")["pid"]
    assert up_unheard() == 1
    assert project.told("up")["pid"] == pid


def test_a_host_that_has_lost_its_root_is_not_healthy(project: CliProject) -> None:
    """Though its processes answer for a while; what is said agrees with the exit code."""
    told = project.told("up", "--stores", "opensearch")
    os.kill(host_root(told["pid"]), signal.SIGKILL)
    wait_until(lambda: "ended" in project.run("status").stdout)
    health = project.told("health", code=1)
    assert health["healthy"] is False
    service = health["services"]["opensearch"]
    assert "ended unasked" in service["problem"]
    assert service["answers"] is (health["stores"]["opensearch"]["problem"] is None)
    said = "still answers" if service["answers"] else "does not answer"
    assert f"opensearch has ended, and {said}" in project.run("health").stdout


def host_root(parent: int) -> int:
    """The one process that the process behind `up` has started."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    [child] = [int(pid) for pid, ppid in pairs if int(ppid) == parent]
    return child


def test_what_was_removed_by_hand_comes_back_by_up(project: CliProject) -> None:
    """Neither seed nor reset begins, and both say what helps."""
    told = project.told("up", "--scenario", "three-products")
    last = told["last"]
    index = f"{told['environment']['OPENSEARCH_URL']}/products"
    urllib.request.urlopen(urllib.request.Request(index, method="DELETE")).close()
    for command in (
        ["reset", "fresh", "--stores", "opensearch"],
        ["seed", "three-products", "--stores", "opensearch"],
        ["seed", "three-products", "--stores", "opensearch", "--skip-existing"],
    ):
        said = project.refused(*command, code=1)
        assert "unknown OpenSearch index 'products'" in said
        assert "seedstate down, and up again, creates the schema anew" in said
        assert "--skip-existing loads" not in said
    with psycopg.connect(told["environment"]["DATABASE_URL"]) as connection:
        connection.execute("DROP TABLE products")
    said = project.refused("seed", "three-products", "--stores", "postgres", code=1)
    assert "unknown table 'products'" in said
    assert "creates the schema anew" in said
    assert project.told("status")["last"] == last


def test_a_store_that_does_not_run_is_told_before_anything_begins(project: CliProject) -> None:
    """With what to do; a store that was named is wrong usage."""
    project.told("up", "--stores", "opensearch")
    for more in ([], ["--skip-existing"], ["--skip-existing", "--dry-run"]):
        said = project.refused("seed", "three-products", *more, code=1)
        assert "needs what does not run here: dynamodb, postgres" in said
        assert "seedstate up --stores opensearch,dynamodb,postgres;" in said
        assert "seed or reset with --stores opensearch" in said
    assert project.told("status")["last"] is None
    said = project.refused("seed", "written", code=1)
    assert "seedstate down, and seedstate up --stores opensearch,dynamodb,postgres" in said
    said = project.refused("clear", "s3", code=2)
    assert "not running here: s3" in said
    assert "--stores opensearch,s3" in said
    assert "where: --stores" not in said
    dry = project.told("seed", "three-products", "--dry-run", "--stores", "postgres")
    assert dry["would_load"] == {"postgres": {"products": 3}}


def test_data_that_cannot_be_made_leaves_nothing(project: CliProject) -> None:
    """Services without the data that was asked for are not what was asked for."""
    told = project.refused("up", "--stores", "postgres", "--scenario", "broken", code=1)
    assert "the scenario's own fault" in told
    assert project.leftovers() == []


def test_what_the_schema_put_in_comes_back(tmp_path: Path) -> None:
    """Reference rows and sequences are the schema's; what a migration tool notes is its own."""
    project = CliProject(
        tmp_path / "project",
        {
            "pytest.ini": "[pytest]\nseedstate_schema = sql:db\n",
            "db/1.sql": """
                CREATE TABLE kinds (id serial PRIMARY KEY, name text);
                INSERT INTO kinds (name) VALUES ('small'), ('large');
                CREATE TABLE things (id serial PRIMARY KEY, kind int REFERENCES kinds);
                CREATE TABLE alembic_version (version_num text);
                INSERT INTO alembic_version VALUES ('one');
            """,
            "scenarios/own.py": """
                from pytest_seedstate import scenario, reset_state

                @scenario("things", stores=["postgres"])
                def things(seed):
                    seed.postgres.execute("INSERT INTO things (kind) VALUES (1), (2)")

                reset_state("full", scenario="things")
            """,
        },
    )
    try:
        url = project.told("up", "--reset-state", "full", "--stores", "postgres")["environment"][
            "DATABASE_URL"
        ]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'two'")
            connection.execute("INSERT INTO kinds (name) VALUES ('huge')")
            connection.execute("INSERT INTO things (kind) VALUES (3)")
            project.told("reset", "full")
            assert connection.execute("SELECT id, name FROM kinds ORDER BY id").fetchall() == [
                (1, "small"),
                (2, "large"),
            ]
            found = connection.execute("SELECT id, kind FROM things ORDER BY id").fetchall()
            assert found == [(1, 1), (2, 2)]
            assert connection.execute("SELECT * FROM alembic_version").fetchall() == [("two",)]
            connection.execute("ALTER TABLE kinds RENAME name TO title")
            told = project.refused("clear", code=1)
            assert "'kinds' do not fit it any more" in told
            assert connection.execute("SELECT count(*) FROM things").fetchone() == (2,)
    finally:
        project.run("down")
    assert project.leftovers() == []


CHANGING = """
import sys
from pathlib import Path

from pytest_seedstate.engine.uprun import changing
from pytest_seedstate.services import platform

root = Path(sys.argv[1])
platform.all_roots = lambda: [root]
number = root / "number"
for _ in range(100):
    with changing(root):
        number.write_text(str(int(number.read_text()) + 1))
"""
"""Takes the lock of `up` and `down` again and again, where no other run keeps the folder."""


def test_waiting_commands_survive_the_folder(tmp_path: Path) -> None:
    """Whoever is done removes it; the others make it anew, and still work one by one."""
    number = tmp_path / "number"
    number.write_text("0")
    waiting = [
        subprocess.Popen([sys.executable, "-c", CHANGING, str(tmp_path)], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [process.communicate()[1].decode() for process in waiting]
    assert errors == [""] * 3
    assert number.read_text() == "300"
    assert list(tmp_path.iterdir()) == [number]


def test_services_that_were_stopped_meanwhile_are_told(tmp_path: Path) -> None:
    """By a command that found them a moment before."""
    run = UpRun(tmp_path / "gone", os.getpid(), "start", "since", (), {})
    with pytest.raises(SeedstateError, match="have been stopped meanwhile"), run.working():
        pytest.fail("there is nothing to write to")
    with pytest.raises(SeedstateError, match="have been stopped meanwhile"):
        run.remember({"command": "clear"})
