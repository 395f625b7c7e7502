"""OpenSearch in a user's project: fixtures, documents, one state with the other stores."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.plugin.conftest import write
from tests.plugin.inner_runs import HIDE, InnerProject, told_once_each

SEARCH = """
    from decimal import Decimal

    import factory
    from pytest_seedstate import Document, Item, Record, RecordFactory, Row, scenario

    class Product(Record):
        sku: str
        name: str
        price: Decimal
        stored_in = (
            Row("goods"),
            Item("goods", pk="PRODUCT#{sku}"),
            Document("goods", id="{sku}"),
        )

    class ProductFactory(RecordFactory[Product]):
        sku = factory.Sequence("p{:03}".format)
        name = factory.Sequence("red chair number {}".format)
        price = factory.Sequence(lambda n: Decimal(n + 1) / 2)

    @scenario("goods")
    def goods(seed, count=3):
        yield from ProductFactory.build_batch(count)
"""

NOTES = """
    from pytest_seedstate import Document, Record, scenario

    class Note(Record):
        number: int
        stored_in = (Document("notes", id="{number}"),)

    @scenario("two-notes")
    def two_notes(seed):
        yield from (Note(number=1), Note(number=2))
"""

SPOIL_AND_LOOK = """
    import pytest

    pytestmark = pytest.mark.scenario("goods")

    def found(opensearch):
        answer = opensearch.search(index="goods", body={"query": {"match": {"name": "chair 1"}}})
        return [(hit["_id"], hit["_score"], hit["_source"]) for hit in answer["hits"]["hits"]]

    before = []

    @pytest.mark.parametrize("attempt", [1, 2, 3])
    def test_spoil(attempt, opensearch, postgres, dynamodb, seedstate):
        before.append(found(opensearch))
        assert before[0] == before[-1] and len(before[0]) == 3
        assert opensearch.get(index="goods", id="p001")["_source"] == {
            "sku": "p001", "name": "red chair number 1", "price": 1.0
        }
        postgres.execute("DELETE FROM goods")
        dynamodb.Table("goods").delete_item(Key={"pk": "PRODUCT#p001"})
        opensearch.delete(index="goods", id="p002", refresh=True)
        opensearch.index(index="goods", id="new", body={"name": "chair chair"}, refresh=True)
        opensearch.indices.put_mapping(index="goods", body={"properties": {"x": {"type": "ip"}}})
        opensearch.indices.put_alias(index="goods", name="all")
        opensearch.indices.create(index="more")
        changes = seedstate.changes()
        assert {(c.store, c.kind) for c in changes if c.store == "opensearch"} == {
            ("opensearch", "deleted"), ("opensearch", "inserted")
        }
        assert not before[0] == found(opensearch)

    def test_definitions_are_back(opensearch):
        assert list(opensearch.indices.get_alias(index="*")) == ["goods"]
        mapping = opensearch.indices.get_mapping(index="goods")["goods"]["mappings"]
        assert "x" not in mapping["properties"]
"""


@pytest.fixture
def search(project: pytest.Pytester) -> pytest.Pytester:
    """A project with documents."""
    write(project, "scenarios/search.py", SEARCH)
    return project


def test_documents_and_definitions_are_undone_with_the_rest(search: pytest.Pytester) -> None:
    """Three tests that each destroy what the next one needs, compared in full after each."""
    search.makepyfile(SPOIL_AND_LOOK)
    result = search.runpytest("--seedstate-verify")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*states loaded: 1 *rewinds: 3 *"])


def test_the_same_under_xdist(search: pytest.Pytester) -> None:
    """Workers have nodes of their own."""
    search.makepyfile(test_a=SPOIL_AND_LOOK, test_b=SPOIL_AND_LOOK)
    result = search.runpytest_subprocess("-p", "xdist", "-n", "2", "--dist", "loadfile")
    result.assert_outcomes(passed=8)


@pytest.mark.parametrize("plugin", ["asyncio", "anyio", "none"])
def test_the_asynchronous_client(search: pytest.Pytester, plugin: str) -> None:
    """With either plugin for async tests, and in loops of the test's own; nothing stays open."""
    marks = {
        "asyncio": "@pytest.mark.asyncio",
        "anyio": '@pytest.mark.anyio\n    @pytest.mark.parametrize("anyio_backend", ["asyncio"])',
        "none": "@in_a_loop",
    }
    search.makepyfile(
        f"""
        import asyncio, functools, gc
        import pytest

        pytestmark = pytest.mark.scenario("goods")

        def in_a_loop(function):
            def test(opensearch_async): asyncio.run(function(opensearch_async))
            test.__name__ = function.__name__
            return test

        {marks[plugin].replace("    @", "        @")}
        async def test_first(opensearch_async):
            assert (await opensearch_async.count(index="goods"))["count"] == 3
            await opensearch_async.indices.delete(index="goods")

        {marks[plugin].replace("    @", "        @")}
        async def test_second(opensearch_async):
            found = await asyncio.gather(*(opensearch_async.count(index="goods") for _ in range(5)))
            assert [each["count"] for each in found] == [3] * 5

        def test_nothing_is_open():
            gc.collect()
        """
    )
    options = ("-W", "error", *(() if plugin == "none" else ("-p", plugin)))
    if plugin == "asyncio":
        options += ("-o", "asyncio_default_fixture_loop_scope=function")
    result = search.runpytest_subprocess(*options)
    result.assert_outcomes(passed=3)


def test_a_search_alone_starts_nothing_else(search: pytest.Pytester) -> None:
    """Only the services that a test's stores need."""
    write(search, "scenarios/notes.py", NOTES)
    search.makepyfile(
        """
        import pytest

        @pytest.mark.scenario("two-notes")
        def test_count(opensearch):
            assert opensearch.count(index="notes")["count"] == 2
        """
    )
    result = search.runpytest()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["services started: 1 *"])


def test_an_application_is_told_where_it_is(search: pytest.Pytester) -> None:
    """By its usual variable, and by ini templates; any HTTP client does."""
    search.makepyfile(
        """
        import json, os, urllib.request
        import pytest

        @pytest.mark.scenario("goods")
        def test_http(seedstate_env):
            assert seedstate_env["OPENSEARCH_URL"] == os.environ["SEARCH"]
            with urllib.request.urlopen(os.environ["SEARCH"] + "/goods/_count") as answer:
                assert json.load(answer)["count"] == 3
        """
    )
    result = search.runpytest_subprocess("-o", "seedstate_env=SEARCH = {opensearch.url}")
    result.assert_outcomes(passed=1)


def test_waiting_for_an_index(search: pytest.Pytester) -> None:
    """A worker that indexes a moment later is waited for."""
    search.makepyfile(
        """
        import threading
        import pytest

        @pytest.mark.scenario("goods")
        def test_wait(seedstate, opensearch):
            later = threading.Timer(0.3, lambda: opensearch.index(index="goods", id="9", body={}))
            later.start()
            seedstate.wait_for("goods", inserted=1, timeout=10)
            assert opensearch.exists(index="goods", id="9")
            later.join()

        @pytest.mark.scenario("goods")
        def test_which_of_two(seedstate, postgres):
            later = threading.Timer(0.3, postgres.execute, ["DELETE FROM goods WHERE sku = 'p001'"])
            later.start()
            changes = seedstate.wait_for("goods", deleted=1, store="postgres", timeout=10)
            assert [change.store for change in changes] == ["postgres"]
            later.join()
            with pytest.raises(Exception, match="waited 0.1 s in vain"):
                seedstate.wait_for("goods", store="opensearch", timeout=0.1)
            with pytest.raises(Exception, match="did you mean 'postgres'"):
                seedstate.wait_for("goods", store="postgre")

        @pytest.mark.parametrize(
            ("collection", "arguments", "problem"),
            [
                ("goods", {"inserted": 0}, "inserted is 0"),
                ("goods", {"deleted": "2"}, "deleted is '2'"),
                ("goods", {"updated": True}, "updated is True"),
                ("goods", {"timeout": -1}, "timeout is -1"),
                ("goods", {"timeout": float("nan")}, "timeout is nan"),
                ("goods", {"timeout": "5"}, "timeout is '5'"),
                (7, {}, "7 cannot be waited for"),
                (len, {"inserted": 1}, "a condition and a number"),
            ],
        )
        def test_what_cannot_be_waited_for(collection, arguments, problem, seedstate):
            with pytest.raises(Exception, match=problem):
                seedstate.wait_for(collection, **arguments)

        def test_what_cannot_be_ignored(seedstate):
            with pytest.raises(Exception, match=r"ignore is \\[1\\]"):
                seedstate.changes(ignore=[1])
        """
    )
    search.runpytest().assert_outcomes(passed=11)


def test_refused_writes_are_allowed_to_readers(search: pytest.Pytester) -> None:
    """They change nothing; real ones fail a readonly test."""
    search.makepyfile(
        """
        import pytest
        from opensearchpy.exceptions import RequestError

        pytestmark = pytest.mark.scenario("goods", readonly=True)

        def test_refused(opensearch):
            with pytest.raises(RequestError, match="already exists"):
                opensearch.indices.create(index="goods")

        def test_done(opensearch):
            opensearch.indices.create(index="more")
        """
    )
    result = search.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*marked readonly and changed something*", "*index more created*"])


def test_snapshots_seeding_and_layers(search: pytest.Pytester) -> None:
    """A module fixture's writes, a snapshot and more of the same scenario."""
    search.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.scenario("goods")

        def count(opensearch):
            return opensearch.count(index="goods")["count"]

        @pytest.fixture(scope="module")
        def one_more(opensearch):
            opensearch.index(index="goods", id="module", body={"sku": "m"})

        @pytest.mark.parametrize("attempt", [1, 2])
        def test_layers(attempt, one_more, opensearch, seedstate):
            assert count(opensearch) == 4
            seedstate.seed("goods", count=2)
            assert count(opensearch) == 6
            seedstate.snapshot("six")
            opensearch.delete_by_query(index="goods", body={"query": {"match_all": {}}}, refresh=True)
            assert count(opensearch) == 0
            seedstate.restore("six")
            assert count(opensearch) == 6
        """
    )
    search.runpytest("--seedstate-verify").assert_outcomes(passed=2)


def test_what_the_engine_lacks_is_said(search: pytest.Pytester) -> None:
    """A clause that is not supported is an error that names it, not an empty result."""
    search.makepyfile(
        """
        import pytest
        from opensearchpy.exceptions import RequestError

        @pytest.mark.scenario("goods")
        def test_percolate(opensearch):
            with pytest.raises(RequestError, match="percolate"):
                opensearch.search(index="goods", body={"query": {"percolate": {"field": "q"}}})
        """
    )
    search.runpytest().assert_outcomes(passed=1)


DOCUMENTS_ALONE = """
    @pytest.mark.scenario("two-notes")
    def test_loaded(seedstate_endpoints): tell_ports(seedstate_endpoints)

    @pytest.mark.scenario("two-notes")
    def test_client(opensearch, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        assert opensearch.count(index="notes")["count"] == 2
"""
FILES = {"scenarios/notes.py": NOTES, "hidden/sitecustomize.py": HIDE}
ENV = ("-o", "seedstate_env=OPENSEARCH_URL = {opensearch.url}")


def test_a_missing_client_is_for_those_who_ask_for_it(tmp_path: Path) -> None:
    """Documents are loaded without it: our own traffic is plain HTTP."""
    inner = InnerProject(tmp_path, DOCUMENTS_ALONE, FILES)
    run = inner.run("-rE", *ENV, PYTHONPATH=str(tmp_path / "hidden"), HIDDEN="opensearchpy")
    assert "1 passed, 1 error" in run.output
    problem = "an OpenSearch client needs the package 'opensearch-py', which is not installed"
    told_once_each(run, problem, "test_client")
    assert inner.leftovers() == []


def test_a_missing_stemmer_is_told(tmp_path: Path) -> None:
    """Before anything is imported, since the URL is exported."""
    inner = InnerProject(tmp_path, DOCUMENTS_ALONE, FILES)
    run = inner.run("-rE", *ENV, PYTHONPATH=str(tmp_path / "hidden"), HIDDEN="snowballstemmer")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert '"pytest-seedstate[embedded]"' in run.output
    assert "'snowballstemmer', which is not installed" in run.output
    assert inner.leftovers() == []


def test_a_taken_port(tmp_path: Path) -> None:
    """The run ends before anything is imported, since the port is exported."""
    inner = InnerProject(tmp_path, DOCUMENTS_ALONE, FILES)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = inner.run(*ENV, "-o", f"seedstate_opensearch_port={port}")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert f"port {port}, " in run.output
    assert "where: seedstate_opensearch_port" in run.output
    assert inner.leftovers() == []


KILLING = """
    import socket

    pytestmark = pytest.mark.scenario("two-notes")

    def is_root(pid):
        try:
            told = Path(f"/proc/{pid}/cmdline").read_bytes()
            return b"opensearch.hosted" in told and os.environ["RUN"].encode() in told and (
                os.getsid(pid) == pid
            )
        except OSError:  # it has just ended
            return False

    def test_kills(opensearch, seedstate_endpoints):
        tell_ports(seedstate_endpoints)
        (root,) = [int(p.name) for p in Path("/proc").glob("[0-9]*") if is_root(int(p.name))]
        os.killpg(root, signal.SIGKILL)
        for _ in range(1000):
            with socket.socket() as client:
                port = int(seedstate_endpoints["opensearch"]["port"])
                if client.connect_ex(("127.0.0.1", port)) != 0:
                    return
            time.sleep(0.01)
        raise AssertionError("somebody listens")

    def test_after(opensearch): opensearch.cluster.health()

    @pytest.mark.scenario("three-products")
    def test_other(postgres, dynamodb): look(postgres, dynamodb)
"""


def test_a_host_that_dies_is_told_to_who_needs_it(tmp_path: Path) -> None:
    """And to the test it died under; tests of other services go on."""
    inner = InnerProject(tmp_path, KILLING, FILES)
    run = inner.run("-rE", "--seedstate-order=off", *ENV, RUN=inner.mark)
    told_once_each(run, "the embedded OpenSearch ended unasked", "test_kills", "test_after")
    assert "2 passed, 2 errors" in run.output
    assert inner.leftovers() == []


def test_a_missing_asynchronous_client(tmp_path: Path) -> None:
    """It needs one more package, which few want."""
    inner = InnerProject(
        tmp_path,
        '    @pytest.mark.scenario("two-notes")\n    def test_it(opensearch_async): pass\n',
        FILES,
    )
    run = inner.run("-rE", *ENV, PYTHONPATH=str(tmp_path / "hidden"), HIDDEN="aiohttp")
    problem = "an asynchronous OpenSearch client needs the package 'aiohttp'"
    told_once_each(run, problem, "test_it")
    assert '"pytest-seedstate[opensearch-async]"' in run.output


@pytest.mark.parametrize("option", ["--seedstate-verify", "--seedstate-order=on"])
def test_a_worker_that_writes_elsewhere_before_it_commits(
    search: pytest.Pytester, option: str
) -> None:
    """Its transaction is waited for; what it wrote meanwhile to other stores is undone too."""
    search.makepyfile(
        """
        import os, threading, time
        import psycopg, pytest

        pytestmark = pytest.mark.scenario("goods")

        def work(opensearch, dynamodb, began):
            with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
                connection.execute("DELETE FROM goods WHERE sku = 'p001'")
                began.set()
                time.sleep(0.3)
                opensearch.index(index="goods", id="late", body={})
                dynamodb.Table("goods").put_item(Item={"pk": "late"})

        @pytest.mark.parametrize("attempt", [1, 2])
        def test_works(attempt, opensearch, postgres, dynamodb):
            assert opensearch.count(index="goods")["count"] == 3
            assert not opensearch.exists(index="goods", id="late")
            assert dynamodb.Table("goods").scan()["Count"] == 3
            assert postgres.execute("SELECT count(*) FROM goods").fetchone() == (3,)
            opensearch.delete(index="goods", id="p001")
            began = threading.Event()
            threading.Thread(target=work, args=(opensearch, dynamodb, began)).start()
            began.wait()
        """
    )
    result = search.runpytest(option, "-o", "seedstate_env=DATABASE_URL = {postgres.url}")
    result.assert_outcomes(passed=2)
    assert "late writes" not in result.stdout.str()


EMPTY_STORES = """
    import pytest
    from pytest_seedstate.services.host.journal import HostJournal
    from pytest_seedstate.stores.base import Rewound

    @pytest.fixture(scope="session", autouse=True)
    def no_rewind():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(HostJournal, "rewind", lambda *_: Rewound())
            yield

    @pytest.mark.parametrize("attempt", [1, 2, 3])  # the patch ends before the last rewind
    def test_puts(attempt, STORE): WRITE
"""


@pytest.mark.parametrize(
    ("store", "write"),
    [
        ("opensearch", 'opensearch.index(index="goods", body={})'),
        ("dynamodb", 'dynamodb.Table("goods").put_item(Item={"pk": str(attempt)})'),
    ],
)
def test_verification_looks_at_stores_that_are_empty(
    search: pytest.Pytester, store: str, write: str
) -> None:
    """A rewind that does nothing is found out, also where the baseline has no record at all."""
    search.makepyfile(EMPTY_STORES.replace("STORE", store).replace("WRITE", write))
    result = search.runpytest_subprocess("--seedstate-verify")
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(["*after the rewind 1 records differ from the baseline*"])


def test_waiting_ends_while_the_clock_is_frozen(search: pytest.Pytester) -> None:
    """Freezegun stands in for every clock of the time module's functions."""
    search.makepyfile(
        """
        import freezegun, pytest

        @pytest.mark.scenario("goods")
        def test_wait(seedstate, opensearch):
            with freezegun.freeze_time("2020-01-01"):
                with pytest.raises(Exception, match="waited 0.1 s in vain"):
                    seedstate.wait_for("goods", inserted=1, timeout=0.1)
        """
    )
    search.runpytest().assert_outcomes(passed=1)


def test_restoring_forgets_what_was_seeded_since(search: pytest.Pytester) -> None:
    """Records and sequences are those of the snapshot."""
    search.makepyfile(
        """
        import pytest
        from scenarios.search import Product

        @pytest.mark.scenario("goods")
        def test_restore(seedstate):
            seedstate.seed("goods", count=1)
            seedstate.snapshot("four")
            seedstate.seed("goods", count=2)
            assert len(seedstate.records(Product)) == 6
            seedstate.restore("four")
            assert len(seedstate.records(Product)) == 4
            seedstate.seed("goods", count=1)
            assert [each.sku for each in seedstate.records(Product)][-1] == "p004"
        """
    )
    search.runpytest("--seedstate-verify", "-o", "pythonpath=.").assert_outcomes(passed=1)
