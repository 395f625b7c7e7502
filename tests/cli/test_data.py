"""``seed``, ``reset`` and ``clear`` on services that are up, with what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.projects import EMPTY, FRESH, THREE, CliProject


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    """Services that are up for all tests of this module."""
    made = CliProject(tmp_path_factory.mktemp("data") / "project")
    done = made.run("up", "--json")
    assert done.returncode == 0, done.stderr
    yield made
    made.run("down")
    assert made.leftovers() == []


@pytest.fixture
def shop(shared: CliProject) -> CliProject:
    """The same services, empty."""
    assert shared.run("clear").returncode == 0
    return shared


def test_a_scenario_is_loaded_into_every_store(shop: CliProject) -> None:
    """With its parameters; what is told is what is there."""
    told = shop.told("seed", "three-products", "--param", "count=2")
    assert told == {
        "scenario": "shop/three-products",
        "parameters": {"count": 2},
        "loaded": {
            "postgres": {"products": 2},
            "dynamodb": {"shop": 2},
            "opensearch": {"products": 2},
        },
        "skipped": {},
    }
    assert shop.counts()["opensearch"] == {"products": 2}
    last = shop.told("status")["last"]
    assert (last["command"], last["name"], last["parameters"]) == (
        "seed",
        "three-products",
        {"count": 2},
    )


def test_only_the_stores_that_are_named(shop: CliProject) -> None:
    """For loading, emptying and resetting."""
    shop.told("seed", "three-products", "--stores", "postgres,dynamodb")
    some = {**EMPTY, "postgres": {"products": 3}, "dynamodb": {"shop": 3}}
    assert shop.counts() == some
    shop.told("clear", "dynamodb")
    assert shop.counts() == {**some, "dynamodb": {"shop": 0}}
    shop.told("reset", "fresh", "--stores", "dynamodb", "--stores", "s3")
    assert shop.counts() == {**some, "s3": {"photos": 3}}


def test_a_dry_run_writes_nothing(shop: CliProject) -> None:
    """It says what would be loaded, also where a part is there already."""
    assert shop.told("seed", "with-photos", "--dry-run")["would_load"]["s3"] == {"photos": 3}
    assert shop.counts() == EMPTY
    shop.told("seed", "three-products", "--param", "count=1", "--stores", "dynamodb")
    told = shop.told("seed", "three-products", "--dry-run", "--skip-existing")
    assert told["would_load"] == {
        "postgres": {"products": 3},
        "dynamodb": {"shop": 2},
        "opensearch": {"products": 3},
    }
    assert told["would_skip"] == {"dynamodb": {"shop": 1}}
    assert "not known before it runs" in shop.run("seed", "written", "--dry-run").stdout
    assert shop.counts() == {**EMPTY, "dynamodb": {"shop": 1}}


def test_records_that_are_there_are_left(shop: CliProject) -> None:
    """Without the option they are an error that changes nothing; with it, the rest is loaded."""
    shop.told("seed", "three-products", "--param", "count=2")
    told = shop.refused("seed", "with-photos", code=1)
    assert "--skip-existing loads the rest" in told
    assert "refused, and as before: dynamodb, opensearch, postgres" in told
    assert shop.counts()["postgres"] == {"products": 2}
    assert "seed with-photos" in shop.run("status").stdout.partition("last: ")[2]
    assert shop.told("status")["last"]["unfinished"] is True
    skipped = shop.told("seed", "with-photos", "--skip-existing")["skipped"]
    assert skipped["postgres"] == {"products": 2}
    assert skipped["opensearch"] == {"products": 2}
    assert shop.counts() == FRESH


def test_a_reset_replaces_everything(shop: CliProject) -> None:
    """Whatever was there; another state then takes its place."""
    shop.told("seed", "three-products", "--param", "count=7")
    told = shop.told("reset", "fresh")
    assert told["loaded"]["s3"] == {"photos": 3}
    assert sorted(told["cleared"]) == ["dynamodb", "opensearch", "postgres", "s3"]
    assert shop.counts() == FRESH
    shop.told("reset", "double")
    assert shop.counts() == {
        **EMPTY,
        "postgres": {"products": 6},
        "dynamodb": {"shop": 6},
    }
    assert shop.told("status")["last"]["name"] == "double"
    shop.told("reset", "clean")
    assert shop.counts() == EMPTY


def test_a_reset_that_cannot_be_made_removes_nothing(shop: CliProject) -> None:
    """The data is made before anything is cleared."""
    shop.told("seed", "three-products")
    told = shop.refused("reset", "failing", code=1)
    assert "the scenario's own fault" in told
    assert "scenarios/shop.py" in told
    assert shop.counts() == THREE
    last = shop.told("status")["last"]
    assert (last["command"], last["name"]) == ("seed", "three-products")
    assert "unfinished" not in last


def test_a_scenario_may_write_for_itself(shop: CliProject) -> None:
    """Through the clients that it is handed; but not past --stores."""
    shop.told("seed", "written")
    assert shop.counts()["postgres"] == {"products": 1}
    assert "cannot be kept from" in shop.refused("seed", "written", "--stores", "s3", code=1)


@pytest.mark.parametrize("command", ["seed", "reset"])
def test_what_writes_for_itself_finds_what_comes_before(shop: CliProject, command: str) -> None:
    """In the stores; it is told with what was loaded afterwards, and left where it is there."""
    told = shop.told(command, "written-on-top")
    assert told["loaded"] == {
        "postgres": {"products": 4},
        "dynamodb": {"shop": 4},
        "opensearch": {"products": 4},
    }
    # Three come before it, one after; it doubles what it finds, in PostgreSQL alone.
    assert shop.counts()["postgres"] == {"products": 7}
    assert shop.counts()["opensearch"] == {"products": 4}
    assert "unfinished" not in shop.told("status")["last"]


def test_what_comes_before_is_left_where_it_is_there(shop: CliProject) -> None:
    """Also where it is loaded in parts."""
    shop.told("seed", "three-products")
    told = shop.told("seed", "written-on-top", "--skip-existing")
    assert told["skipped"]["postgres"] == {"products": 3}
    assert told["loaded"]["postgres"] == {"products": 1}
    assert shop.counts()["postgres"] == {"products": 7}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["seed", "three-product"], "did you mean 'three-products'?"),
        (["seed", "three-products", "--param", "cout=2"], "did you mean 'count'?"),
        (["seed", "three-products", "--param", "count=many"], "count=many is not valid"),
        (["seed", "three-products", "--param", "count"], "write --param NAME=VALUE"),
        (
            ["seed", "three-products", "--param", "count=1", "--param", "count=2"],
            "count is given twice",
        ),
        (["seed", "three-products", "--stores", "postgre"], "did you mean 'postgres'?"),
        (["seed", "three-products", "--stores", ","], "--stores names no store"),
        (["seed", "shop2/three-products"], "did you mean 'shop'?"),
        (["seed"], "Missing argument"),
        (["reset", "frsh"], "did you mean 'fresh'?"),
        (["clear", "s4"], "did you mean 's3'?"),
        (["seeed", "x"], "No such command"),
        (["up", "--export", "--json"], "exclude each other"),
        (["up", "--scenario", "x", "--reset-state", "y"], "exclude each other"),
        (["up", "--stores", "redis"], "unknown store 'redis'"),
        (["up", "--reset-state", "nope"], "unknown reset state 'nope'"),
    ],
)
def test_wrong_usage_is_told(shared: CliProject, arguments: list[str], says: str) -> None:
    """Exit code 2, the closest name, and nothing on standard output."""
    assert says in shared.refused(*arguments, code=2)


def test_a_store_that_does_not_exist_is_told_first(tmp_path: Path) -> None:
    """Also where nothing is up, which is another matter."""
    made = CliProject(tmp_path / "project")
    for command in (
        ["clear", "foo"],
        ["reset", "fresh", "--stores", "foo"],
        ["seed", "three-products", "--stores", "foo"],
    ):
        assert "unknown store 'foo'" in made.refused(*command, code=2)
    assert "nothing is up" in made.refused("clear", "s3", code=1)


def test_lists_name_everything(shared: CliProject) -> None:
    """As tables and as JSON."""
    assert "three-products" in shared.run("scenarios").stdout
    scenarios = {one["name"]: one for one in shared.told("scenarios")["scenarios"]}
    assert scenarios["three-products"]["parameters"] == {"count": 3}
    assert scenarios["with-photos"]["extends"] == ["three-products"]
    assert scenarios["written"]["writes_itself_to"] == ["postgres"]
    states = {one["name"]: one for one in shared.told("states")["states"]}
    assert states["double"]["copies"] == 2
    assert states["double"]["stores"] == ["postgres", "dynamodb"]
    assert "three products with photos" in shared.run("states").stdout


def test_health_asks_every_store(shop: CliProject) -> None:
    """Their answers, how long they took, and what they hold."""
    shop.told("seed", "three-products")
    told = shop.told("health")
    assert told["healthy"] is True
    assert told["stores"]["postgres"]["answer"].startswith("PostgreSQL ")
    assert {name: each["records"] for name, each in told["stores"].items()} == {
        "postgres": 3,
        "dynamodb": 3,
        "s3": 0,
        "opensearch": 3,
    }
    assert all(each["milliseconds"] > 0 for each in told["stores"].values())
    assert "PostgreSQL" in shop.run("health").stdout


def test_secrets_stay_out_of_what_is_shown(shared: CliProject) -> None:
    """Only `up` gives them, where they are asked for."""
    told = shared.told("up")
    password = told["services"]["postgres"]["password"]
    assert password in told["environment"]["DATABASE_URL"]
    for command in (["up"], ["status"], ["status", "--json"], ["health"], ["health", "--json"]):
        done = shared.run(*command)
        assert done.returncode == 0
        assert password not in done.stdout + done.stderr
        assert "seedstate-secret" not in done.stdout + done.stderr


def test_commands_that_write_do_so_one_at_a_time(shop: CliProject) -> None:
    """The second one says so, whatever it is, and the first is done."""
    slow = """
        import time
        from pathlib import Path
        from pytest_seedstate import scenario

        @scenario("slow")
        def slow(seed):
            here = Path(__file__).parent
            (here / "begun").touch()
            while not (here / "go").exists():
                time.sleep(0.01)
            return []
    """
    from tests.plugin.inner_runs import wait_until
    from tests.plugin.projects import write_text

    pack = shop.root / "scenarios" / "slow.py"
    write_text(pack, slow)
    try:
        first = shop.start("seed", "slow")
        wait_until((pack.parent / "begun").exists)
        assert "another seedstate command is writing" in shop.refused("clear", code=1)
        (pack.parent / "go").touch()
        first.communicate()
        assert first.returncode == 0
    finally:
        pack.unlink()


def test_json_is_all_that_is_printed(shared: CliProject) -> None:
    """Every command, so that a script may read it."""
    for command in (["scenarios"], ["states"], ["status"], ["health"], ["up"], ["clear"]):
        done = shared.run(*command, "--json")
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)


def test_a_folder_below_the_project_will_do(tmp_path: Path) -> None:
    """Where pytest finds the same root directory."""
    made = CliProject(
        tmp_path / "project",
        {"pytest.ini": "[pytest]", "scenarios/shop.py": "", "tests/deep/test_it.py": ""},
    )
    done = made.run("scenarios", cwd=made.root / "tests" / "deep")
    assert (done.returncode, done.stderr) == (0, "")
