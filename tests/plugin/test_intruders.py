"""What tests do to their own process does the services no harm, and later tests none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.inner_runs import InnerProject

TESTS = """
    import datetime, multiprocessing
    import boto3, freezegun, moto, psycopg

    pytestmark = pytest.mark.scenario("three-products")

    def spoil(env):
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            connection.execute("DELETE FROM products WHERE sku = 'p001'")
        dynamodb = boto3.resource(
            "dynamodb",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            region_name=env["AWS_REGION"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})

    def make_own_table():
        dynamodb = boto3.resource("dynamodb", region_name="eu-west-2")
        table = dynamodb.create_table(
            TableName="shop",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        table.put_item(Item={"pk": "mocked"})
        assert table.scan()["Count"] == 1

    @pytest.fixture
    def aws_env(monkeypatch):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "mocked")

    def test_mock_aws_as_a_context(postgres, dynamodb, seedstate_env, aws_env):
        with moto.mock_aws():
            make_own_table()
        look(postgres, dynamodb)
        spoil(seedstate_env)

    def test_after_the_context(postgres, dynamodb): look(postgres, dynamodb)

    @moto.mock_aws
    def test_mock_aws_as_a_decorator(postgres, aws_env):
        make_own_table()
        postgres.execute("DELETE FROM products")

    def test_after_the_decorator(postgres, dynamodb): look(postgres, dynamodb)

    @freezegun.freeze_time("2001-02-03")
    def test_frozen_in_the_past(postgres, dynamodb, seedstate_env):
        assert datetime.date.today().year == 2001
        look(postgres, dynamodb)
        spoil(seedstate_env)

    @freezegun.freeze_time("2099-02-03")
    @pytest.mark.scenario("one-more")
    def test_frozen_in_the_future_in_another_state(postgres, dynamodb, seedstate):
        look(postgres, dynamodb, 1)
        seedstate.seed("three-products")
        look(postgres, dynamodb, 4)
        seedstate.reset("dates")
        ((told,),) = postgres.execute("SELECT name FROM products").fetchall()
        assert told == "2025-12-31 2026-01-02 2026-01-01 12:00:00+00:00"

    @pytest.fixture(scope="module")
    def frozen_module():
        with freezegun.freeze_time("2001-02-03"):
            yield

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_frozen_across_rewinds(attempt, frozen_module, postgres, dynamodb, seedstate_env):
        look(postgres, dynamodb)
        spoil(seedstate_env)

    def test_after_frozen_tests(postgres, dynamodb): look(postgres, dynamodb)

    def test_fork(postgres, dynamodb, seedstate_env):
        pid = os.fork()
        if pid == 0:
            spoil(seedstate_env)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        look(postgres, dynamodb, 2)

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_multiprocessing(method, postgres, dynamodb, seedstate_env):
        look(postgres, dynamodb)
        context = multiprocessing.get_context(method)
        process = context.Process(target=spoil, args=(dict(seedstate_env),))
        process.start()
        process.join()
        assert process.exitcode == 0
        look(postgres, dynamodb, 2)

    def test_a_pool(postgres, dynamodb, seedstate_env):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pool.map(spoil, [dict(seedstate_env)] * 2)
        look(postgres, dynamodb, 2)

    def test_after_processes(postgres, dynamodb, seedstate_endpoints):
        look(postgres, dynamodb)
        tell_ports(seedstate_endpoints)
"""


DATES = """
    from decimal import Decimal
    from scenarios.shop import Product
    from pytest_seedstate import reset_state, scenario

    @scenario("dates")
    def dates(seed):
        days = [seed.faker.past_date("-1d"), seed.faker.future_date("+1d"), seed.now]
        yield Product(sku="dated", name=" ".join(map(str, days)), price=Decimal(1))

    reset_state("dates", scenario="dates")
"""


def test_mocks_frozen_clocks_and_processes(tmp_path: Path) -> None:
    """Each test that meddles is followed by one that finds its data; all is compared in full."""
    inner = InnerProject(tmp_path, TESTS, {"scenarios/dates.py": DATES})

    run = inner.run("--seedstate-order=off", "--seedstate-verify")

    assert run.code == pytest.ExitCode.OK, run.output
    assert "15 passed" in run.output
    assert "late writes" not in run.output
    assert inner.leftovers() == []


ESCAPING = """
    pytestmark = pytest.mark.scenario("three-products")

    def test_forks(postgres, dynamodb, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        pid = os.fork()
        if pid == 0:
            sys.stdout = sys.stderr = open("child", "w")
            ENDS
        os.waitpid(pid, 0)
        look(postgres, dynamodb)
        postgres.execute("DELETE FROM products")

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_after(attempt, postgres, dynamodb):
        with open("ran", "a") as file:
            file.write(f"{os.getpid()} ")
        look(postgres, dynamodb)
        dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p001", "sk": "PROFILE"})
"""


@pytest.mark.parametrize("ends", ["sys.exit(3)", "assert False", "os._exit(3)"])
def test_a_forked_child_that_goes_on_as_pytest(tmp_path: Path, ends: str) -> None:
    """It runs no test on its parent's stores, and its parent finds all as it was."""
    inner = InnerProject(tmp_path, ESCAPING.replace("ENDS", ends))

    run = inner.run("--seedstate-order=off", "--seedstate-verify", "-p", "no:unraisableexception")

    assert run.code == pytest.ExitCode.OK, run.output
    assert " 3 passed" in run.output
    assert len(set((tmp_path / "ran").read_text().split())) == 1
    escaped = "this process was forked by a test, and went on to other tests"
    assert (escaped in run.output) == (ends != "os._exit(3)")
    assert inner.leftovers() == []
