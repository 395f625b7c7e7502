"""What a test has changed: as data to assert on, in reports, with what is sensitive masked."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import write

PATIENTS = """
    from pytest_seedstate import Document, Item, Object, Record, Row, scenario


    class Address(Record):
        town: str
        street: str
        sensitive = ("street",)


    class Patient(Record):
        number: int
        ssn: str
        name: str
        address: Address
        photo: bytes = b"photo"
        sensitive = ("ssn",)
        stored_in = (
            Row("patients", columns={"ssn": "social"}),
            Item("patients", pk="SSN#{ssn}", extra={"search": "{name} {ssn}"}),
            Object("photos", key="{ssn}.jpg", body="photo"),
            Document("patients", id="{number}"),
        )


    @scenario("one-patient")
    def one_patient(seed):
        address = Address(town="Leeds", street="1 Old-Row")
        yield Patient(number=1, ssn="old-q7z", name="Zelda", address=address)
"""


def test_changes_are_data_to_assert_on(project: pytest.Pytester) -> None:
    """By store, collection and kind; an update field by field; volatile fields can be ignored."""
    project.makepyfile(
        """
        import pytest
        from decimal import Decimal
        from unittest.mock import ANY

        pytestmark = pytest.mark.scenario("three-products")

        def test_all_kinds(seedstate, postgres, dynamodb):
            name = seedstate["first"].name
            postgres.execute("UPDATE products SET name = 'new', price = price WHERE sku = 'p000'")
            postgres.execute("DELETE FROM products WHERE sku = 'p002'")
            postgres.execute("INSERT INTO products VALUES ('pen', 'pen', 1.20)")
            dynamodb.Table("shop").put_item(Item={"pk": "a", "sk": "b"})
            changes = seedstate.changes()
            assert changes == {
                "dynamodb": {"shop": {"inserted": [{"pk": "a", "sk": "b"}]}},
                "postgres": {
                    "products": {
                        "inserted": [{"sku": "pen", "name": "pen", "price": Decimal("1.20")}],
                        "updated": [{"sku": "p000", "name": (name, "new")}],
                        "deleted": [{"sku": "p002", "name": ANY, "price": ANY}],
                    }
                },
            }
            assert changes.as_data() == changes
            assert all(change.writers for change in changes)

        def test_ignored_fields(seedstate, postgres):
            postgres.execute("UPDATE products SET name = 'new' WHERE sku = 'p000'")
            postgres.execute("UPDATE products SET name = 'new', price = 7 WHERE sku = 'p001'")
            price = seedstate.changes().changes[1].fields["price"]
            assert seedstate.changes(ignore=["products.name"]) == {
                "postgres": {"products": {"updated": [{"sku": "p001", "price": price}]}}
            }
            assert seedstate.changes(ignore=["name", "price"]) == {}
            assert len(seedstate.changes(ignore=["orders.name"])) == 2

        def test_ignored_keys(seedstate, postgres):
            postgres.execute("CREATE TEMP TABLE names AS SELECT unnest(ARRAY['b', 'a']) AS name")
            postgres.execute("INSERT INTO products SELECT gen_random_uuid(), name, 1 FROM names")
            new = [{"name": name, "price": 1} for name in "ab"]
            assert seedstate.changes(ignore=["sku"]) == {"postgres": {"products": {"inserted": new}}}

        def test_a_text_is_no_list_of_names(seedstate):
            with pytest.raises(Exception, match="a list of names"):
                seedstate.changes(ignore="name")

        def test_nothing(seedstate):
            assert seedstate.changes() == {}
        """
    )
    project.runpytest().assert_outcomes(passed=5)


def test_an_assertion_shows_where_changes_differ(project: pytest.Pytester) -> None:
    """Line by line, without the values that are not shown elsewhere either."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products", count=1)
        def test_it(seedstate, postgres):
            postgres.execute("UPDATE products SET name = 'new' WHERE sku = 'p000'")
            assert seedstate.changes() == {"postgres": {"products": {"deleted": []}}}

        @pytest.mark.scenario("three-products", count=1)
        def test_masked(seedstate, dynamodb):
            dynamodb.Table("shop").put_item(Item={"pk": "a", "sk": "b", "token": "hunt" + "er2"})
            wanted = {"pk": "a", "sk": "b", "token": "hunter3".lower()}
            assert seedstate.changes() == {"dynamodb": {"shop": {"inserted": [wanted]}}}
        """
    )
    result = project.runpytest("--tb=short")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*the changes are not those expected (-), but (+):",
            "E*- {'postgres': {'products': {'deleted': [[]]}}}",
            "E*+ {'postgres': {'products': {'updated': [[]{'name': ('*', 'new'),*",
            "E*values that are not shown differ*",
        ]
    )
    result.stdout.no_fnmatch_line("*hunter2*")


def test_sensitive_fields_are_in_no_report(project: pytest.Pytester) -> None:
    """Wherever a record of the pack has put them, as columns, in keys, nested; or the ini."""
    write(project, "scenarios/patients.py", PATIENTS)
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("one-patient")
        def test_it(postgres, dynamodb, s3, opensearch):
            postgres.execute("UPDATE patients SET social = 'new-q7z', name = 'Quinn'")
            table = dynamodb.Table("patients")
            table.put_item(
                Item={"pk": "SSN#new-q7z", "search": "Quinn new-q7z", "address": {"street": "2 new-Row"}}
            )
            table.delete_item(Key={"pk": "SSN#old-q7z"})
            s3.put_object(Bucket="photos", Key="new-q7z.jpg", Body=b"new")
            opensearch.update(index="patients", id="1", body={
                "doc": {"ssn": "new-q7z", "name": "Quinn", "address": {"street": "2 new-Row"}}})
            assert False

        @pytest.mark.scenario("one-patient", readonly=True)
        def test_readonly(postgres):
            postgres.execute("UPDATE patients SET social = 'new-q7z', name = 'Quinn'")

        @pytest.mark.scenario("one-patient")
        def test_waits(seedstate, postgres):
            postgres.execute("UPDATE patients SET social = 'new-q7z', name = 'Quinn'")
            seedstate.wait_for("patients", inserted=1, timeout=0.01)
        """
    )
    result = project.runpytest("-o", "seedstate_sensitive=patients.name", "--tb=line")

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "+ dynamodb patients pk=[*][*][*]: *address={'street': '[*][*][*]'}*",
            "~ opensearch patients _id=1: ssn: [*][*][*] -> [*][*][*], name: [*][*][*]*",
            "~ postgres patients number=1: social: [*][*][*] -> [*][*][*], name: [*][*][*]*",
            "+ s3 photos key=[*][*][*]*",
        ],
        consecutive=False,
    )
    for hidden in ("-q7z", "-Row", "Quinn", "Zelda"):
        result.stdout.no_fnmatch_line(f"*{hidden}*")


def test_sensitive_values_of_records_are_in_no_report(project: pytest.Pytester) -> None:
    """In comparisons and errors; by names, by the record, by the ini; data is as it was."""
    write(
        project,
        "scenarios/accounts.py",
        """
        from pytest_seedstate import Record, Row, scenario

        class Login(Record):
            password: str

        class Account(Record):
            number: int
            password: str | None
            ssn: str
            name: str
            plain: str = "to be seen"
            login: Login = Login(password="hunter2-nested")
            extra: dict[str, str] = {"api_key": "hunter2-extra"}
            sensitive = ("ssn",)
            stored_in = Row("accounts", columns={"name": "full_name"})

        @scenario("accounts")
        def accounts(seed):
            yield Account(number=1, password="hunter2", ssn="hunter2-ssn", name="hunter2-name")
            yield Account(number=2, password=None, ssn="hunter2-ssn", name="hunter2-name")
        """,
    )
    project.makepyfile(
        """
        import pytest
        from scenarios.accounts import Account

        pytestmark = pytest.mark.scenario("accounts")

        def test_comparison(seedstate):
            assert seedstate.records(Account) == []

        def test_texts(seedstate):
            account = seedstate.one(Account, number=1)
            print("printed", account, repr(account))
            assert account == seedstate.one(Account, password="hunter2")
            assert account != account.model_copy(update={"password": "other"})
            assert account.model_dump()["login"] == {"password": "hunter2-nested"}
            seedstate.one(Account, ssn="hunter2-x", name="hunter2-x", plain="nobody")
        """
    )
    result = project.runpytest("-o", "seedstate_sensitive=accounts.full_name", "--tb=line", "-vv")

    result.assert_outcomes(failed=2)
    masked = "[*][*][*]"
    result.stdout.fnmatch_lines(
        [
            "printed number=1 *",
            f"*there are no Account records with ssn='{masked}', name='{masked}', plain='nobody'*",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            f"*Account(number=1, password='{masked}', ssn='{masked}', name='{masked}', "
            f"plain='to be seen', login=Login(password='{masked}'), extra={{'api_key': '{masked}'}})*",
            "*Account(number=2, password=None, *",
        ]
    )
    result.stdout.no_fnmatch_line("*hunter2*")


def test_a_sensitive_field_that_does_not_exist_is_a_mistake(project: pytest.Pytester) -> None:
    """Told before anything starts, with the closest name: a typing error would show the value."""
    write(project, "scenarios/patients.py", PATIENTS.replace('("ssn",)', '("snn",)'))
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("one-patient")
        def test_it(): pass
        """
    )
    project.runpytest().stdout.fnmatch_lines(["*unknown field 'snn'*", "*did you mean 'ssn'?*"])


def test_notes_tell_columns_from_tables(project: pytest.Pytester) -> None:
    """`public.products.title` alone would be a table of a schema."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products")
        @pytest.mark.parametrize(
            ("statement", "note"),
            [
                ("ALTER TABLE products RENAME COLUMN name TO title", "ALTER TABLE public.products.title (column)"),
                ("ALTER TABLE products DROP COLUMN name", "ALTER TABLE public.products.name (column)"),
                ("COMMENT ON COLUMN products.name IS 'x'", "COMMENT public.products.name (column)"),
                ("ALTER TABLE products ADD COLUMN more int", "ALTER TABLE public.products"),
            ],
        )
        def test_it(seedstate, postgres, statement, note):
            postgres.execute(statement)
            assert note in seedstate.changes().notes
        """
    )
    project.runpytest().assert_outcomes(passed=4)


def test_as_many_changes_as_wanted(project: pytest.Pytester) -> None:
    """20 unless told otherwise; the rest is counted, with the option that shows it."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("three-products", count=30)
        def test_it(postgres):
            postgres.execute("DELETE FROM products")
            assert False
        """
    )
    project.runpytest().stdout.fnmatch_lines(
        ["- postgres products sku=p019", "and 10 more (--seedstate-diff-limit)"], consecutive=True
    )
    result = project.runpytest("--seedstate-diff-limit=100")
    result.stdout.fnmatch_lines(["- postgres products sku=p029", "written by *(pid *)"])


def test_each_change_tells_who_made_it(project: pytest.Pytester) -> None:
    """Where several programs have written: application name and process, client and request."""
    project.makepyfile(
        """
        import os
        import psycopg
        import pytest

        @pytest.mark.scenario("three-products")
        def test_it(dynamodb, seedstate_env):
            url = seedstate_env["DATABASE_URL"]
            for number, name in enumerate(("web", "worker")):
                with psycopg.connect(url, application_name=name) as connection:
                    connection.execute(f"DELETE FROM products WHERE sku = 'p00{number}'")
            dynamodb.Table("shop").delete_item(Key={"pk": "PRODUCT#p000", "sk": "PROFILE"})
            assert False
        """
    )
    project.runpytest().stdout.fnmatch_lines(
        [
            "- dynamodb shop pk=PRODUCT#p000, sk=PROFILE (by Boto3/*: DeleteItem)",
            "- postgres products sku=p000 (by web (pid *))",
            "- postgres products sku=p001 (by worker (pid *))",
        ],
        consecutive=True,
    )


def test_several_threads_may_ask(project: pytest.Pytester) -> None:
    """At once, beside the test, and still when it has ended: what they find is right, and goes."""
    project.makepyfile(
        test_threads="""
        import threading
        import time
        from concurrent.futures import ThreadPoolExecutor

        import pytest

        COUNTS = "SELECT count(*) FROM products"

        def put(table, key):
            table.put_item(Item={"pk": key, "sk": "1"})

        @pytest.mark.scenario("three-products")
        def test_waits(postgres, dynamodb, seedstate):
            with ThreadPoolExecutor(4) as pool:
                rows = [pool.submit(seedstate.wait_for, "products", inserted=1) for _ in range(2)]
                items = [pool.submit(seedstate.wait_for, "shop", inserted=1) for _ in range(2)]
                for number in range(20):
                    seedstate.changes()
                    seedstate.snapshot(str(number))
                put(dynamodb.Table("shop"), "of a test")
                postgres.execute("INSERT INTO products VALUES ('of a test', 'x', 1)")
                for wait in (*rows, *items):
                    assert wait.result()
            assert len(seedstate.changes()) == 2
            seedstate.restore("0")
            assert seedstate.changes() == {}

        @pytest.mark.scenario("three-products")
        @pytest.mark.parametrize("number", range(6))
        def test_finds_its_state(postgres, seedstate, number):
            assert postgres.execute(COUNTS).fetchone() == (3,)
            late = threading.Thread(
                target=lambda: pytest.raises(
                    Exception, seedstate.wait_for, "products", inserted=9, timeout=0.3
                )
            )
            late.start()
            postgres.execute("INSERT INTO products VALUES ('of a test', 'x', 1)")
            while number == 0 and late.is_alive():
                assert len(seedstate.changes()) == 1
        """
    )
    result = project.runpytest_subprocess("--seedstate-verify")
    result.assert_outcomes(passed=7)
