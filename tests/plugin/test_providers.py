"""Who runs the services: what may be said of it, and a PostgreSQL that runs already."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pytest_seedstate.config.services import providers
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.postgres import EmbeddedPostgres
from pytest_seedstate.services.rundir import RunDir
from tests.certificates import self_signed
from tests.plugin.fronts import pooler, tls
from tests.plugin.inner_runs import InnerProject

PACK = """
    from pytest_seedstate import Record, Row, scenario

    class Product(Record):
        sku: str
        stored_in = (Row("products"),)

    @scenario("three")
    def three(seed):
        for number in range(3):
            yield Product(sku=str(number))
"""

TESTS = """
    pytestmark = pytest.mark.scenario("three")

    def test_deletes(postgres):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        postgres.execute("DELETE FROM products")

    def test_changes_a_table(postgres):
        assert postgres.execute("SELECT count(*) FROM products").fetchone() == (3,)
        postgres.execute("ALTER TABLE products ADD more text")

    def test_finds_all(postgres, seedstate_env):
        assert postgres.execute("SELECT sku FROM products ORDER BY sku").fetchall() == [
            ("0",), ("1",), ("2",)]
        assert os.environ["DATABASE_URL"] == seedstate_env["DATABASE_URL"]
        assert postgres.info.dbname in os.environ["DATABASE_URL"]
"""

INI = """
    [pytest]
    addopts = -p no:cacheprovider -p seedstate --strict-markers
    filterwarnings = error
    seedstate_provider = postgres=external
    seedstate_env = DATABASE_URL = {postgres.url}
"""


def named(root: Path, tests: str = TESTS) -> InnerProject:
    return InnerProject(root, tests, {"scenarios/shop.py": PACK, "pytest.ini": INI})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that runs already, as far as the inner runs know."""
    with RunDir(tmp_path_factory.mktemp("server")) as rundir:
        made = EmbeddedPostgres(rundir, None)
        made.start()
        yield made
        made.stop()


def databases(server: EmbeddedPostgres) -> set[str]:
    with psycopg.connect(server.conninfo) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


# -- what may be said


def test_one_provider_for_all_and_another_for_one() -> None:
    """Services by their own names, or by those of their stores."""
    assert set(providers("").values()) == {"embedded"}
    assert set(providers("containers").values()) == {"containers"}
    assert providers("embedded, s3=external") == {
        "postgres": "embedded",
        "aws": "external",
        "opensearch": "embedded",
    }
    assert providers("opensearch=containers,external")["postgres"] == "external"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("embeded", "did you mean 'embedded'?"),
        ("postgress=containers", "did you mean 'postgres'?"),
        ("postgres=docker", "unknown provider 'docker'"),
        ("embedded,containers", "the provider of all services is said twice"),
        ("dynamodb=embedded,s3=external", "the provider of aws is said twice"),
    ],
)
def test_nonsense_is_refused(text: str, told: str) -> None:
    """With the closest name where there is one."""
    with pytest.raises(SeedstateError) as refused:
        providers(text)
    assert told in str(refused.value)
    assert "seedstate_provider" in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "postgres is external, and nothing says where it is"),
        (
            {"DATABASE_URL": "postgresql://db.example.com/shop"},
            "seedstate_trusted_hosts = db.example.com",
        ),
        ({"DATABASE_URL": "mysql://localhost/shop"}, "it should begin with postgresql://"),
    ],
)
def test_an_endpoint_that_cannot_be_used_is_told_before_anything_starts(
    tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    """With the line that would allow it, where one would."""
    done = named(tmp_path).run(**variables)

    assert done.code == 4, done.output
    assert told in done.output


def test_without_exported_variables_it_is_told_at_collection(tmp_path: Path) -> None:
    """As an error of the module that has such tests; others are not held up."""
    project = InnerProject(tmp_path, TESTS, {"scenarios/shop.py": PACK})

    done = project.run("--seedstate-provider=external")

    assert done.code == 2, done.output
    assert "postgres is external, and nothing says where it is" in done.output
    assert "set seedstate_postgres_url or DATABASE_URL" in done.output
    assert project.leftovers() == []


def test_amazon_is_never_a_test_service(tmp_path: Path) -> None:
    """Not even when its host is called trusted."""
    tests = """
    def test_reads(dynamodb):
        dynamodb.Table("shop").scan()
    """
    ini = INI.replace("postgres=external", "aws=external").replace(
        "seedstate_env = DATABASE_URL = {postgres.url}",
        "seedstate_trusted_hosts = dynamodb.eu-west-2.amazonaws.com",
    )
    project = InnerProject(tmp_path, tests, {"pytest.ini": ini})

    done = project.run(AWS_ENDPOINT_URL="http://dynamodb.eu-west-2.amazonaws.com")

    assert done.code == 2, done.output
    assert "which is Amazon's own service: never changed by tests" in done.output


# -- a PostgreSQL that runs already


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "workers"])
def test_tests_have_a_database_of_their_own_there(
    tmp_path: Path, server: EmbeddedPostgres, options: tuple[str, ...]
) -> None:
    """That they find in the variable which named the server, and that is gone at the end."""
    before = databases(server)

    done = named(tmp_path).run(*options, DATABASE_URL=server.variables["url"])

    assert done.code == 0, done.output
    assert "3 passed" in done.output
    assert databases(server) == before


def test_an_option_names_it_too(tmp_path: Path, server: EmbeddedPostgres) -> None:
    """Before the environment."""
    url = server.variables["url"].replace("postgresql://", "postgresql+psycopg://")
    done = named(tmp_path).run(
        f"--seedstate-postgres-url={url}", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing"
    )

    assert done.code == 0, done.output


def test_what_a_killed_run_leaves_is_removed_by_the_next(
    tmp_path: Path, server: EmbeddedPostgres
) -> None:
    """Its database and the clones of it; nobody else's."""
    tests = """
    @pytest.mark.scenario("three")
    def test_is_killed(postgres):
        postgres.execute("ALTER TABLE products ADD more text")
        open("there", "w").close()
        time.sleep(600)
    """
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("CREATE DATABASE seedstate_of_somebody")
        connection.execute("CREATE DATABASE seedstate_00000000_1_00000000")
    before = databases(server)
    killed = named(tmp_path / "killed", tests)
    process = killed.start(DATABASE_URL=server.variables["url"])
    killed.wait_for("there", process)
    assert len(databases(server)) > len(before)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    done = named(tmp_path / "next").run(DATABASE_URL=server.variables["url"])

    assert done.code == 0, done.output
    assert databases(server) == before


@pytest.mark.parametrize(
    ("granted", "told"),
    [
        (
            "GRANT SET ON PARAMETER session_replication_role TO plain",
            "changes of tables are noticed by comparing the catalogues",
        ),
        (
            "REVOKE SET ON PARAMETER session_replication_role FROM plain",
            "every rewind is a clone of the database",
        ),
    ],
    ids=["granted", "plain"],
)
def test_a_role_that_is_no_superuser_is_enough(
    tmp_path: Path, server: EmbeddedPostgres, granted: str, told: str
) -> None:
    """What is done instead is said once; only databases of ours are made and removed."""
    url = ordinary_role(server, "CREATEDB")
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(granted.encode())
    before = databases(server)

    done = named(tmp_path).run(DATABASE_URL=url)

    assert done.code == 0, done.output
    assert "3 passed" in done.output
    assert done.output.count(told) == 1, done.output
    assert databases(server) == before


def test_a_role_that_may_make_no_database_is_told(tmp_path: Path, server: EmbeddedPostgres) -> None:
    """With what would let it."""
    done = named(tmp_path).run(DATABASE_URL=ordinary_role(server, "NOCREATEDB"))

    assert done.code == 1, done.output
    assert "the role 'plain' may not make databases, and no other is touched" in done.output
    assert "ALTER ROLE plain CREATEDB" in done.output
    assert "plain:plain" not in done.output


def ordinary_role(server: EmbeddedPostgres, may: str) -> str:
    """The server's URL for a role of no rights but `may`."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'plain'").fetchone():
            connection.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        connection.execute(f"ALTER ROLE plain {may}".encode())
    return f"postgresql://plain:plain@127.0.0.1:{server.variables['port']}/postgres"


def test_a_pooler_is_told(tmp_path: Path, server: EmbeddedPostgres) -> None:
    """It makes up the key by which a session's queries may be cancelled; nothing is set there."""
    with pooler(int(server.variables["port"])) as port:
        url = server.variables["url"].replace(server.variables["port"], str(port))
        done = named(tmp_path).run(DATABASE_URL=url)

    assert done.code == 1, done.output
    assert "a connection pooler stands before PostgreSQL" in done.output
    assert "name the server itself: seedstate_postgres_url = " in done.output


def test_parameters_of_the_url_hold_for_our_database_too(
    tmp_path: Path, server: EmbeddedPostgres
) -> None:
    """TLS, with an authority of one's own: for our sessions, the fixture's and the application's."""
    authority, context = self_signed(tmp_path)
    with tls(int(server.variables["port"]), context) as port:
        url = server.variables["url"].replace(server.variables["port"], str(port))
        secure = f"{url}?sslmode=verify-full&sslrootcert={authority}"
        done = named(tmp_path / "secure").run(DATABASE_URL=secure)
        assert done.code == 0, done.output
        plain = named(tmp_path / "plain").run(DATABASE_URL=f"{url}?sslmode=disable")
        assert plain.code == 1, plain.output
        assert "PostgreSQL does not answer" in plain.output


def test_no_parameter_of_the_url_leads_to_another_database(
    tmp_path: Path, server: EmbeddedPostgres
) -> None:
    """Libpq takes the database from there, before the one in the path."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS precious")
        connection.execute("CREATE DATABASE precious")
    for parameters in ("?dbname=precious", "?connect_timeout=5&%64bname=precious"):
        url = server.variables["url"] + parameters
        done = named(tmp_path, TESTS).run(DATABASE_URL=url)
        assert done.code == 0, done.output
    precious = make_conninfo(server.conninfo, dbname="precious")
    with psycopg.connect(precious, autocommit=True) as connection:
        assert connection.execute("SELECT to_regclass('products')").fetchone() == (None,)
        assert connection.execute("SELECT to_regnamespace('seedstate_journal')").fetchone() == (
            None,
        )


def test_a_server_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    """Each test that needs it fails with that."""
    done = named(tmp_path).run(DATABASE_URL="postgresql://somebody:secret@127.0.0.1:9/shop")

    assert done.code == 1, done.output
    assert "PostgreSQL does not answer" in done.output
    assert "127.0.0.1:9" in done.output
    assert "secret" not in done.output
