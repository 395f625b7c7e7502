"""Data that cannot be made or loaded fails its own tests with one message, and leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.plugin.bad_data import CASES, Case
from tests.plugin.projects import INI, SHOP, clean_environment, write_text

TESTS = """
    import pytest

    def count(postgres, dynamodb, s3):
        tables = [name for (name,) in postgres.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")]
        return [
            sum(postgres.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables),
            sum(table.scan()["Count"] for table in dynamodb.tables.all()),
            sum(s3.list_objects_v2(Bucket=each["Name"])["KeyCount"]
                for each in s3.list_buckets()["Buckets"]),
        ]

    def make_tests(pack):
        @pytest.mark.scenario(f"{pack}/bad")
        class TestIt:
            def test_bad(self, postgres, dynamodb, s3): pass

            def test_bad_again(self, postgres, dynamodb, s3): pass

        class TestAfterwards:
            def test_nothing_is_left(self, postgres, dynamodb, s3):
                assert count(postgres, dynamodb, s3) == [0, 0, 0]

            @pytest.mark.scenario("with-photos")
            def test_others_go_on(self, postgres, dynamodb, s3):
                assert count(postgres, dynamodb, s3) == [3, 3, 3]

        return TestIt, TestAfterwards

"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """What became of each test of a run over all cases: its error by pack and name."""
    root = tmp_path_factory.mktemp("bad")
    write_text(root / "pytest.ini", INI)
    write_text(root / "scenarios/shop.py", SHOP)
    text = TESTS
    for case in CASES:
        write_text(root / f"scenarios/{case.pack}.py", case.text)
        for name, content in case.files.items():
            write_text(root / name, content)
        text += f"    Test_{case.pack}, TestAfter_{case.pack} = make_tests({case.pack!r})\n"
    write_text(root / "test_all.py", text)

    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--seedstate-verify", "--seedstate-order=off"),
            "--junitxml=report.xml",
        ],
        cwd=root,
        env=clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
    )

    output = run.stdout + run.stderr
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    found = {}
    for test in ElementTree.parse(root / "report.xml").iter("testcase"):
        pack = test.attrib["classname"].partition("_")[2].partition("_")[2]
        errors = ["".join(error.itertext()) for error in test if error.tag in ("error", "failure")]
        found[pack, test.attrib["name"]] = "\n".join(errors)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_data_is_told_and_leaves_nothing(
    outcomes: dict[tuple[str, str], str], case: Case
) -> None:
    """Its tests fail alike, in every store nothing is left, and other scenarios are as ever."""
    message = outcomes[case.pack, "test_bad"]
    assert message.count("seedstate: ") == 1
    for text in case.told:
        assert text.replace("{pack}", case.pack) in message
    for text in case.hidden:
        assert text not in message
    assert outcomes[case.pack, "test_bad_again"] == message
    assert outcomes[case.pack, "test_nothing_is_left"] == ""
    assert outcomes[case.pack, "test_others_go_on"] == ""
