"""Commands on services that somebody else runs, which the environment or the settings name."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pytest_seedstate.engine.endpoints import masked_url
from tests.certificates import self_signed
from tests.cli.projects import EMPTY, FRESH, CliProject, is_gone
from tests.opensearch_node.guarded import guarded
from tests.plugin.inner_runs import wait_until
from tests.plugin.projects import write_text
from tests.proxy.services import moto_server


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Services with the schema of the pack `shop`: the variables that lead to them."""
    owner = CliProject(tmp_path_factory.mktemp("owner") / "project")
    environment = owner.told("up")["environment"]
    yield environment
    owner.run("down")
    assert owner.leftovers() == []


@pytest.fixture
def project(tmp_path: Path) -> CliProject:
    """Another project with the same pack, and nothing up."""
    return CliProject(tmp_path / "project")


def test_all_commands_work_on_named_endpoints(
    project: CliProject, services: dict[str, str]
) -> None:
    """In every store; what is not ours is not called up."""
    project.told("reset", "fresh", **services)
    assert project.counts(**services) == FRESH
    told = project.told("status", **services)
    assert told["up"] is False
    assert told["services"]["postgres"]["named_by"] == "DATABASE_URL"
    assert "***" in told["services"]["postgres"]["url"]
    assert "not of ours" in project.run("status", **services).stdout
    assert project.told("health", **services)["healthy"]
    done = project.run("clear", **services)
    assert (
        "nothing is up, so this is done in postgres at postgresql://seedstate:***@" in done.stderr
    )
    assert project.counts(**services) == EMPTY
    project.told("seed", "written", **services)
    assert project.counts(**services)["postgres"] == {"products": 1}


def test_only_the_services_that_are_named(project: CliProject, services: dict[str, str]) -> None:
    """A driver in the URL, as SQLAlchemy has it, is left out."""
    url = services["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
    project.told("clear", DATABASE_URL=url)
    assert project.counts(DATABASE_URL=url) == {"postgres": {"products": 0}}
    told = project.refused("reset", "fresh", code=1, DATABASE_URL=url)
    assert "needs what does not run here: dynamodb, opensearch" in told
    assert (
        "set AWS_ENDPOINT_URL and OPENSEARCH_URL; or seed or reset with --stores postgres" in told
    )
    project.told("reset", "fresh", "--stores", "postgres", DATABASE_URL=url)
    assert project.counts(DATABASE_URL=url) == {"postgres": {"products": 3}}


def test_settings_name_endpoints_too(project: CliProject, services: dict[str, str]) -> None:
    """By another variable, or by the URL itself."""
    write_text(project.root / "pytest.ini", "[pytest]\nseedstate_env = SHOP_DB = {postgres.url}\n")
    named = {"SHOP_DB": services["DATABASE_URL"]}
    assert set(project.counts(**named)) == {"postgres"}
    ini = f"[pytest]\nseedstate_env = OPENSEARCH_URL = {services['OPENSEARCH_URL']}\n"
    write_text(project.root / "pytest.ini", ini)
    assert set(project.counts()) == {"opensearch"}


def test_dynamodb_and_s3_may_be_two_services(project: CliProject, services: dict[str, str]) -> None:
    """Commands go where clients go that read the variables of single services first."""
    project.told("reset", "fresh", **services)
    both = {name: value for name, value in services.items() if name.startswith("AWS_")}
    there = both.pop("AWS_ENDPOINT_URL")
    with moto_server() as other:
        named = {"AWS_ENDPOINT_URL_DYNAMODB": there, "AWS_ENDPOINT_URL_S3": other["url"], **both}
        assert project.counts(**named) == {"dynamodb": FRESH["dynamodb"], "s3": {}}
        told = project.run("health", **named).stdout
        assert there in told
        assert other["url"] in told
        assert f"aws at {there}, {other['url']} (" in project.run("clear", **named).stderr
    kept = project.counts(**services)
    assert kept == {**FRESH, "dynamodb": EMPTY["dynamodb"]}
    del named["AWS_ENDPOINT_URL_DYNAMODB"]
    alone = project.refused("status", code=2, **named)
    assert "nothing says where dynamodb is" in alone
    assert "set AWS_ENDPOINT_URL_DYNAMODB" in alone


def test_an_authority_of_ones_own(
    project: CliProject, services: dict[str, str], tmp_path: Path
) -> None:
    """Behind TLS and a password, which no command shows."""
    authority, context = self_signed(tmp_path)
    with guarded(services["OPENSEARCH_URL"], context, "me", "word") as port:
        named = {"OPENSEARCH_URL": f"https://me:word@127.0.0.1:{port}"}
        assert "CERTIFICATE_VERIFY_FAILED" in project.run("health", **named).stdout
        write_text(project.root / "pytest.ini", f"[pytest]\nseedstate_ca_file = {authority}\n")
        project.told("reset", "fresh", **services)
        assert project.counts(**named) == {"opensearch": FRESH["opensearch"]}
        assert "word" not in project.run("status", **named).stdout


@pytest.mark.parametrize(
    ("name", "url", "says"),
    [
        ("DATABASE_URL", "postgresql://db.example.com/shop", "leads to 'db.example.com'"),
        ("DATABASE_URL", "postgresql:///shop?host=db.example.com", "leads to 'db.example.com'"),
        ("DATABASE_URL", "postgresql://localhost,db.example.com/shop", "'db.example.com'"),
        ("AWS_ENDPOINT_URL", "http://s3.amazonaws.com", "leads to 's3.amazonaws.com'"),
        ("AWS_ENDPOINT_URL", "ftp://localhost", "should begin with http://"),
        ("OPENSEARCH_URL", "localhost:9200", "should begin with http://"),
        ("DATABASE_URL", "mysql://localhost/shop", "should begin with postgresql://"),
        ("DATABASE_URL", "postgresql://localhost:port/shop", "is no URL of postgres"),
    ],
)
def test_what_is_not_of_this_machine_is_refused(
    project: CliProject, name: str, url: str, says: str
) -> None:
    """Before anything is asked of it."""
    assert says in project.refused("clear", code=2, **{name: url})


def test_hosts_may_be_trusted(project: CliProject) -> None:
    """Then it is asked, and what it says is told."""
    ini = "[pytest]\nseedstate_trusted_hosts = db.invalid\n"
    write_text(project.root / "pytest.ini", ini)
    told = project.refused("clear", code=1, DATABASE_URL="postgresql://me:hidden@db.invalid/shop")
    assert "PostgreSQL does not answer" in told
    assert "hidden" not in told


def test_libpq_may_not_lead_elsewhere(project: CliProject) -> None:
    """What a URL leaves out is taken from the environment by libpq, so it is looked at."""
    told = project.refused(
        "clear", code=2, DATABASE_URL="postgresql:///shop", PGHOST="db.example.com"
    )
    assert "leads to 'db.example.com'" in told


def test_a_service_that_does_not_answer(project: CliProject) -> None:
    """Health says which, and ends with 1."""
    told = project.told("health", code=1, OPENSEARCH_URL="http://127.0.0.1:9")
    assert told["stores"]["opensearch"]["problem"]
    told = project.refused(
        "seed", "three-products", code=1, DATABASE_URL="postgresql://127.0.0.1:9/x"
    )
    assert "needs what does not run here: dynamodb, opensearch" in told


def test_no_superuser_is_needed(project: CliProject, services: dict[str, str]) -> None:
    """Rows that refer to each other both ways, a self-reference, and emptying them."""
    pack = """
        from pytest_seedstate import Record, Row, scenario, schema, reset_state

        class Person(Record):
            id: int
            boss: int | None = None
            stored_in = (Row("people"),)

        @scenario("people")
        def people(seed, count=3):
            for number in range(1, count + 1):
                yield Person(id=number, boss=number - 1 or None)

        reset_state("staffed", scenario="people")
    """
    write_text(project.root / "scenarios" / "shop.py", pack)
    with psycopg.connect(services["DATABASE_URL"], autocommit=True) as admin:
        admin.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        admin.execute("CREATE DATABASE plain OWNER plain")
    own = services["DATABASE_URL"].rpartition("@")[2].partition("/")[0]
    url = f"postgresql://plain:plain@{own}/plain"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE people (id int PRIMARY KEY, boss int REFERENCES people, place serial)"
        )
        for _ in range(2):
            project.told("reset", "staffed", DATABASE_URL=url)
            found = connection.execute("SELECT id, place FROM people ORDER BY id").fetchall()
            assert found == [(1, 1), (2, 2), (3, 3)]
        told = project.told(
            "seed", "people", "--param", "count=5", "--skip-existing", DATABASE_URL=url
        )
        assert told["skipped"] == {"postgres": {"people": 3}}
        assert project.counts(DATABASE_URL=url) == {"postgres": {"people": 5}}


def test_part_of_the_stores_may_refuse(project: CliProject, services: dict[str, str]) -> None:
    """What each holds then is told."""
    project.told("clear", **services)
    with psycopg.connect(services["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("INSERT INTO products VALUES ('p001', 'taken', 1)")
    told = project.refused("seed", "three-products", code=1, **services)
    assert "two rows of 'products' have the same key: sku = p001" in told
    assert "loaded: dynamodb, opensearch" in told
    assert "refused, and as before: postgres" in told
    project.told("seed", "three-products", "--skip-existing", **services)
    assert project.counts(**services) == {**FRESH, "s3": {"photos": 0}}


def test_a_killed_run_does_not_lead_to_others(
    project: CliProject, services: dict[str, str]
) -> None:
    """A shell still has its URLs, whose ports somebody else may have taken."""
    project.told("reset", "fresh", **services)
    try:
        pid = project.told("up", "--stores", "s3")["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: is_gone(pid))
        for command in (["clear"], ["reset", "clean"], ["seed", "three-products"]):
            assert "their process was killed" in project.refused(*command, code=1, **services)
        project.told("down")
        assert project.counts(**services) == FRESH
    finally:
        project.run("down")
    assert project.leftovers() == []


def test_an_up_that_is_killed_while_it_loads_shows_nothing_of_others(
    project: CliProject, services: dict[str, str]
) -> None:
    """The scenario writes for itself, so nothing of ours notices before the end."""
    pack = """
        import os, signal
        from pathlib import Path
        from pytest_seedstate import Record, Row, scenario
        from pytest_seedstate.engine.uprun import find_up
        from pytest_seedstate.services.platform import is_same_process

        class Product(Record):
            sku: str
            stored_in = (Row("products"),)

        @scenario("killing", stores=["postgres"])
        def killing(seed):
            run = find_up(Path.cwd())
            os.kill(run.pid, signal.SIGKILL)
            while is_same_process(run.pid, run.start):
                pass
    """
    write_text(project.root / "scenarios" / "shop.py", pack)
    told = project.refused(
        "up", "--stores", "postgres", "--scenario", "killing", code=1, **services
    )
    assert "has ended while data was loaded" in told
    assert project.leftovers() == []


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://u:SEC%zzRET@localhost/db"),
        ("DATABASE_URL", "postgresql://u:SECRET@[::1]x/db"),
        ("DATABASE_URL", "postgresql://u:SECRET/x@localhost/db"),
        ("DATABASE_URL", "postgresql://u:pass@SECRET@localhost/db"),
        ("DATABASE_URL", "postgresql://localhost/db?passwd=SECRET"),
        ("OPENSEARCH_URL", "http://admin:SEC/RET@localhost:9200"),
        ("OPENSEARCH_URL", "http://admin:SECRET@[::1]x:9200"),
        ("AWS_ENDPOINT_URL", "http://localhost:SECRET"),
    ],
)
def test_a_url_that_cannot_be_read_is_not_told(project: CliProject, name: str, url: str) -> None:
    """What a driver says of it would hold the part that is wrong, often the password."""
    told = project.refused("clear", code=2, **{name: url})
    assert f"{name} is no URL of" in told
    assert "SEC" not in told
    assert "RET" not in told


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:SECRET@h:1/db", "postgresql://u:***@h:1/db"),
        ("u:SECRET@h:1", "u:***@h:1"),
        ("postgresql://h/db?user=u&password=SEC#RET", "postgresql://h/db?user=u&password=***"),
        ("postgresql://h?sslpassword=SECRET&a=b", "postgresql://h?sslpassword=***&a=b"),
        ("postgresql:///db?p%61ssfile=SECRET", "postgresql:///db?p%61ssfile=***"),
        ("postgresql://u:SECRET@h/db?a=b://c", "postgresql://u:***@h/db?a=b://c"),
        ("http://h/path?q=1", "http://h/path?q=1"),
    ],
)
def test_passwords_are_masked_wherever_a_url_has_them(url: str, shown: str) -> None:
    """All else stays, for people to see where it leads."""
    assert masked_url(url) == shown


def test_a_password_of_the_query_is_not_shown(
    project: CliProject, services: dict[str, str]
) -> None:
    """In tables and in JSON, where the service takes it."""
    login, _, place = services["DATABASE_URL"].rpartition("@")
    user, _, password = login.rpartition(":")
    url = f"{user}@{place}"
    named = {"DATABASE_URL": f"{url}?password={password}"}
    done = project.run("status", **named)
    assert done.returncode == 0, done.stderr
    assert "password=***" in done.stdout
    assert password not in done.stdout + project.run("status", "--json", **named).stdout


def test_nothing_is_said_of_how_others_run(project: CliProject) -> None:
    """Their state is not known, and their logs are not ours."""
    urls = {
        "OPENSEARCH_URL": "http://127.0.0.1:9",
        "DATABASE_URL": "postgresql://127.0.0.1:9/x",
    }
    done = project.run("status", **urls)
    assert done.returncode == 1
    assert "PostgreSQL does not answer" in done.stdout
    told = done.stdout + project.run("health", **urls).stdout
    assert "runs" not in told
    assert "see its log" not in told
