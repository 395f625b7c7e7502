"""Wrong input fails at collection with one clear message, before any service starts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.plugin.conftest import write

LINE = "import pytest\n"


@dataclass
class Case:
    """A project with one mistake, and what its user must read."""

    name: str
    test: str = "def test_it(seedstate): pass"
    files: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    exit_code: pytest.ExitCode = pytest.ExitCode.INTERRUPTED


def marked(marker: str) -> str:
    return f"import pytest\n\n@pytest.mark.{marker}\ndef test_it(): pass\n"


def ini(line: str) -> tuple[str, ...]:
    return ("-o", line)


USAGE = pytest.ExitCode.USAGE_ERROR
PACK = "from pytest_seedstate import Record, Row, Item, Object, reset_state, scenario, schema\n"

CASES = [
    Case(
        "unknown scenario",
        marked('scenario("three-product")'),
        told=("unknown scenario 'three-product'", "did you mean 'three-products'?"),
    ),
    Case(
        "unknown pack",
        marked('scenario("shopp/three-products")'),
        told=("unknown pack 'shopp'", "did you mean 'shop'?"),
    ),
    Case(
        "unknown reset state",
        marked('reset_state("frsh")'),
        told=("unknown reset state 'frsh'", "did you mean 'fresh'?"),
    ),
    Case(
        "marker without a scenario",
        marked("scenario()"),
        told=("names no scenario",),
    ),
    Case(
        "misspelt argument of the marker",
        marked('scenario("three-products", readony=True)'),
        told=("unknown parameter 'readony'", "did you mean 'readonly='?"),
    ),
    Case(
        "misspelt parameter beside the marker's arguments",
        marked('scenario("three-products", cuont=1)'),
        told=("unknown parameter 'cuont'", "did you mean 'count'?"),
    ),
    Case(
        "several scenarios for an option that takes one",
        options=("--scenario=three-products,one-more",),
        told=("--scenario (ini seedstate_scenario) takes one name",),
        exit_code=USAGE,
    ),
    Case(
        "schema folder that is not there",
        options=ini("seedstate_schema=sql:db/schema"),
        told=("there is no SQL file in 'db/schema'",),
    ),
    Case(
        "alembic file that is not there",
        options=ini("seedstate_schema=alembic:alembic.ini"),
        told=("'alembic.ini' does not exist",),
    ),
    Case(
        "project without manage.py",
        options=ini("seedstate_schema=django"),
        told=("there is no manage.py",),
    ),
    Case(
        "command that no shell could read",
        options=ini("seedstate_schema=command:make 'schema"),
        told=("the command cannot be read",),
    ),
    Case(
        "unknown AWS service",
        options=ini("seedstate_aws_services=dynamodbb"),
        told=("unknown AWS service 'dynamodbb'", "did you mean 'dynamodb'?"),
    ),
    Case(
        "folder without PostgreSQL programs",
        options=ini("seedstate_postgres_bin=/nowhere"),
        told=("/nowhere holds no PostgreSQL server",),
    ),
    Case(
        "unknown key of the table",
        files={"pyproject.toml": "[tool.seedstate]\nclok = 'today'\n"},
        told=("unknown setting 'clok'", "did you mean 'clock'?", "[tool.seedstate]"),
        exit_code=USAGE,
    ),
    Case(
        "something that is no scenario",
        marked("scenario(42)"),
        told=("42 is not a scenario",),
    ),
    Case(
        "unknown scope",
        marked('scenario("three-products", scope="modul")'),
        told=("scope of the marker 'scenario' 'modul'", "did you mean 'module'?"),
    ),
    Case(
        "readonly that is no bool",
        marked('scenario("three-products", readonly="yes")'),
        told=("readonly of the marker 'scenario' is 'yes'",),
    ),
    Case(
        "unknown parameter",
        marked('scenario("three-products", cuont=3)'),
        told=("unknown parameter 'cuont'", "did you mean 'count'?"),
    ),
    Case(
        "parameters for two scenarios",
        marked('scenario("three-products", "one-more", count=3)'),
        told=("gives parameters (count) to 2 scenarios",),
    ),
    Case(
        "misspelt marker argument",
        marked('scenario("three-products", "one-more", scop="class")'),
        told=("did you mean 'scope='?",),
    ),
    Case(
        "reset_state without a name",
        marked("reset_state()"),
        told=("the marker 'reset_state' has wrong arguments", "reset_state(name)"),
    ),
    Case(
        "reset_state with two names",
        marked('reset_state("fresh", "clean")'),
        told=("the marker 'reset_state' has wrong arguments",),
    ),
    Case(
        "unknown default scenario",
        "def test_it(): pass",
        options=("--scenario=three-product",),
        told=("unknown scenario 'three-product'",),
    ),
    Case(
        "unknown default reset state",
        "def test_it(): pass",
        options=("--reset-state=clen",),
        told=("unknown reset state 'clen'", "did you mean 'clean'?"),
    ),
    Case(
        "seed that is no number",
        options=("--seedstate-seed=many",),
        told=("seedstate_seed is 'many', which is not a whole number",),
        exit_code=USAGE,
    ),
    Case(
        "report in a folder that does not exist",
        options=("--seedstate-report=reports/run.json",),
        told=("reports/run.json' does not exist", "where: seedstate_report"),
        exit_code=USAGE,
    ),
    Case(
        "unknown order",
        options=("--seedstate-order=of",),
        told=("unknown value of seedstate_order 'of'", "did you mean 'off'?"),
        exit_code=USAGE,
    ),
    Case(
        "unknown diff",
        options=("--seedstate-diff=fail",),
        told=("did you mean 'failed'?",),
        exit_code=USAGE,
    ),
    Case(
        "clock that is no instant",
        options=ini("seedstate_clock=tomorrow"),
        told=("seedstate_clock is 'tomorrow'", "2026-01-01T12:00:00Z, or today"),
        exit_code=USAGE,
    ),
    Case(
        "port out of range",
        options=ini("seedstate_postgres_port=99999"),
        told=("seedstate_postgres_port is '99999'",),
        exit_code=USAGE,
    ),
    Case(
        "environment line without a template",
        options=ini("seedstate_env=DATABASE_URL"),
        told=("seedstate_env has the line 'DATABASE_URL'",),
        exit_code=USAGE,
    ),
    Case(
        "environment of an unknown service",
        options=ini("seedstate_env=DATABASE_URL = {postgre.url}"),
        told=("unknown service 'postgre'", "did you mean 'postgres'?"),
        exit_code=USAGE,
    ),
    Case(
        "environment with an unknown variable",
        options=ini("seedstate_env=DATABASE_URL = {postgres.uri}"),
        told=("unknown variable of postgres 'uri'", "did you mean 'url'?"),
        exit_code=USAGE,
    ),
    Case(
        "environment that leads to another machine",
        options=ini("seedstate_env=DATABASE_URL = postgresql://u:hunter2@db.example.com/app"),
        told=("db.example.com", "seedstate_trusted_hosts = db.example.com"),
        exit_code=USAGE,
    ),
    Case(
        "folder of packs that does not exist",
        options=ini("seedstate_scenarios=scenrios"),
        told=("a folder of packs does not exist", "scenrios"),
    ),
    Case(
        "unknown default pack",
        options=ini("seedstate_default_pack=shp"),
        told=("unknown pack 'shp'", "did you mean 'shop'?"),
    ),
    Case(
        "unknown kind of schema",
        options=ini("seedstate_schema=alembc:alembic.ini"),
        told=("unknown kind of schema 'alembc'", "did you mean 'alembic'?"),
    ),
    Case(
        "kind of schema without its argument",
        options=ini("seedstate_schema=sql"),
        told=("'sql' without its argument",),
    ),
    Case(
        "two scenarios of one name in a pack",
        files={
            "scenarios/twice.py": PACK
            + '@scenario("same")\ndef one(seed): pass\n\n@scenario("same")\ndef two(seed): pass\n'
        },
        told=("'same'", "twice.py:2", "twice.py:5"),
    ),
    Case(
        "one name in two packs",
        marked('scenario("three-products")'),
        files={"scenarios/other.py": PACK + '@scenario("three-products")\ndef one(seed): pass\n'},
        told=("is ambiguous", "shop/three-products", "other/three-products"),
    ),
    Case(
        "pack that fails to import",
        files={"scenarios/broken.py": "x = 1\nfrom os import no_such_name\n"},
        told=("broken", "broken.py:2", "no_such_name"),
    ),
    Case(
        "pack with a syntax error",
        files={"scenarios/broken.py": "x = 1\ndef broken(:\n"},
        told=("broken", "broken.py:2", "SyntaxError"),
    ),
    Case(
        "parameter that the marker has taken",
        files={
            "scenarios/bad.py": PACK + '@scenario("bad")\ndef bad(seed, scope="x"): pass\n',
        },
        told=("scope", "bad.py"),
    ),
    Case(
        "scenario without a seed",
        files={"scenarios/bad.py": PACK + '@scenario("bad")\ndef bad(): pass\n'},
        told=("bad.py", "seed"),
    ),
    Case(
        "unknown store of a scenario",
        files={
            "scenarios/bad.py": PACK + '@scenario("bad", stores="postgress")\ndef bad(seed): pass\n'
        },
        told=("unknown store 'postgress'", "did you mean 'postgres'?"),
    ),
    Case(
        "input that does not exist",
        files={
            "scenarios/bad.py": PACK + '@scenario("bad", inputs="no.csv")\ndef bad(seed): pass\n'
        },
        told=("no.csv", "does not exist"),
    ),
    Case(
        "scenarios that extend each other",
        marked('scenario("a")'),
        files={
            "scenarios/circle.py": PACK
            + '@scenario("a", extends="b")\ndef a(seed): pass\n\n'
            + '@scenario("b", extends="a")\ndef b(seed): pass\n'
        },
        told=("circle/a -> circle/b -> circle/a",),
    ),
    Case(
        "scenario that extends an unknown one",
        marked('scenario("a")'),
        files={"scenarios/bad.py": PACK + '@scenario("a", extends="tree")\ndef a(seed): pass\n'},
        told=("unknown scenario 'tree'",),
    ),
    Case(
        "template with an unknown field",
        files={
            "scenarios/bad.py": PACK
            + "class Thing(Record):\n    sku: str\n"
            + '    stored_in = (Item("things", pk="{skuu}"),)\n'
        },
        told=("unknown field 'skuu'", "did you mean '{sku}'?"),
    ),
    Case(
        "schema that is no JSON",
        files={
            "scenarios/bad/scenarios.py": PACK,
            "scenarios/bad/schema/dynamodb/table.json": '{\n"TableName": }\n',
        },
        told=("table.json:2",),
    ),
    Case(
        "reset state without copies",
        files={"scenarios/bad.py": PACK + 'reset_state("none", copies=0)\n'},
        told=("copies must be 1 or more",),
    ),
    Case(
        "reset state of an unknown scenario",
        marked('reset_state("odd")'),
        files={"scenarios/bad.py": PACK + 'reset_state("odd", scenario="three-product")\n'},
        told=("unknown scenario 'three-product'", "did you mean 'three-products'?"),
    ),
    Case(
        "bucket without a name",
        files={"scenarios/bad.py": PACK + 'schema(buckets=[{"Name": "images"}])\n'},
        told=("lacks its 'Bucket'", "bad.py"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_at_collection(project: pytest.Pytester, case: Case) -> None:
    """What is wrong, where, and what would be right; no service, no traceback, nothing passed."""
    for name, text in case.files.items():
        write(project, name, text)
    project.makepyfile(case.test)

    result = project.runpytest(*case.options)

    output = result.stdout.str() + result.stderr.str()
    for text in case.told:
        assert text in output
    assert result.ret == case.exit_code
    assert "services started" not in output
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output
    assert "hunter2" not in output


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_one_wrong_module_does_not_hide_the_others(
    project: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    """With xdist the text is shown once, however many workers met it."""
    project.makepyfile(
        test_wrong=marked('scenario("three-product")'), test_right="def test_fine(): pass"
    )

    result = project.runpytest_subprocess("--continue-on-collection-errors", *workers)

    result.assert_outcomes(passed=1, errors=1)
    assert result.stdout.str().count("did you mean 'three-products'?") == 1
