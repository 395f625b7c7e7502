"""Whole runs on a node that somebody else runs and uses, behind TLS and a password."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.opensearch_node.guarded import guarded
from tests.plugin.inner_runs import InnerProject

PACK = """
    from pytest_seedstate import Document, Record, scenario

    class Article(Record):
        id: str
        title: str
        stored_in = (Document("articles", id="{id}"),)

    @scenario("three")
    def three(seed):
        for number in range(3):
            yield Article(id=str(number), title=f"title {number}")
"""
TESTS = """
    pytestmark = pytest.mark.scenario("three")

    def test_writes(opensearch):
        opensearch.indices.create(index="made")
        opensearch.index(index="self-made", id="1", body={"a": 1}, refresh=True)
        opensearch.delete(index="articles", id="0")
        if os.environ.get("WAITS"):
            open("there", "w").close()
            time.sleep(600)

    def test_finds_what_was_loaded(opensearch):
        opensearch.indices.refresh(index="articles")
        assert opensearch.count(index="articles")["count"] == 3
        assert not opensearch.indices.exists(index="made")
        assert not opensearch.indices.exists(index="self-made")
        assert opensearch.count(index="precious")["count"] == 1

    def test_reaches_for_what_is_not_ours(opensearch):
        opensearch.delete_by_query(index="prec*", body={"query": {"match_all": {}}}, refresh=True)
"""
INI = """
    [pytest]
    addopts = -p no:cacheprovider -p seedstate --strict-markers
    filterwarnings = error
    seedstate_provider = opensearch=external
    seedstate_env = OPENSEARCH_URL = {opensearch.url}
    seedstate_ca_file = CA
"""


def ask(method: str, url: str, body: object = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def indices(node_url: str) -> set[str]:
    told = ask("GET", f"{node_url}/_cat/indices?format=json&h=index&expand_wildcards=all")
    assert isinstance(told, list)
    return {each["index"] for each in told}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_runs_are_tidied_up_and_leave_what_is_not_theirs(tmp_path: Path, node_url: str) -> None:
    """A killed run's indices go with the next; what a test does to others' indices is told."""
    authority, context = self_signed(tmp_path)
    ini = INI.replace("CA", str(authority))
    files = {"scenarios/shop.py": PACK, "pytest.ini": ini}
    ask("PUT", f"{node_url}/precious/_doc/1?refresh=true", {"of": "somebody"})
    before = indices(node_url)
    with guarded(node_url, context, "tester", "secret/word") as port:
        named = {"OPENSEARCH_URL": f"https://tester:secret%2Fword@127.0.0.1:{port}"}
        project = InnerProject(tmp_path / "project", TESTS, files)
        process = project.start(WAITS="1", **named)
        project.wait_for("there", process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert {"articles", "made", "self-made"} <= indices(node_url)

        done = project.run(**named)

        assert done.code == 0, done.output
        assert "3 passed" in done.output
        assert "'precious', which is not ours, stays as written" in done.output
        assert indices(node_url) == before
        for part in ("secret/word", "secret%2Fword"):
            assert part not in done.output
        refused = project.run(OPENSEARCH_URL=f"https://tester:wrong@127.0.0.1:{port}")
        assert refused.code == 1, refused.output
        assert "wrong" not in refused.output
    ask("DELETE", f"{node_url}/precious")
