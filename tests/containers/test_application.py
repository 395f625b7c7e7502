"""An application in a container of its own: the demo's server, on this run's services."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker import image

# The demo's frameworks are where the examples' tests are: in tox's environment `containers`.
pytest.importorskip("fastapi")

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "directory_api"

TESTS = """
    import http.client
    import json
    import os
    import sys
    import time

    import pytest

    from scenarios.tattoo_directory.records import Artist, Booking

    from pytest_seedstate.services.containers.docker_engine import DockerEngine

    pytestmark = pytest.mark.scenario("minimal")


    @pytest.fixture(scope="module")
    def server(seedstate_container_env):
        # Any image will do: the program and its Python are this machine's, the network is not.
        engine = DockerEngine("the test")
        container = engine.client.containers.create(
            os.environ["IMAGE"],
            entrypoint=["chroot", "/machine", sys.executable, "-m", "directory_api"],
            command=[],
            environment={
                **seedstate_container_env,
                "HOST": "0.0.0.0",
                "PYTHONPATH": os.environ["DEMO"],
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            volumes={"/": {"bind": "/machine", "mode": "ro"}},
            ports={"8000/tcp": ("127.0.0.1", None)},
        )
        try:
            container.start()
            container.reload()
            port = int(container.ports["8000/tcp"][0]["HostPort"])
            deadline = time.monotonic() + 60
            while True:
                try:
                    assert ask(port, "GET", "/v1/health") == {"status": "up"}
                    break
                except (OSError, http.client.HTTPException):
                    container.reload()
                    assert container.status == "running", container.logs().decode()
                    assert time.monotonic() < deadline, container.logs().decode()
                    time.sleep(0.1)
            yield port
        finally:
            container.remove(force=True)
            engine.close()


    def ask(port, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"content-type": "application/json"})
            with connection.getresponse() as answer:
                assert answer.status in (200, 201, 204), answer.read()
                return json.loads(answer.read() or b"null")
        finally:
            connection.close()


    def test_it_is_told_no_loopback(seedstate_container_env, seedstate_env):
        assert seedstate_container_env.keys() == seedstate_env.keys()
        assert "127.0.0.1" in seedstate_env["DATABASE_URL"]
        assert not any("127.0.0.1" in value for value in seedstate_container_env.values())


    @pytest.mark.parametrize("turn", range(2))
    def test_what_it_writes_is_told_and_goes_back(turn, server, seedstate, postgres):
        artist = seedstate.records(Artist)[0]
        assert postgres.execute("SELECT count(*) FROM bookings").fetchone()[0] == len(
            seedstate.records(Booking)
        )
        shown = ask(server, "GET", f"/v1/artists/{artist.artist_id}")
        assert shown["pricing"]["hourlyRate"] != 133
        wish = {
            "clientName": "Zadie Okafor", "clientEmail": "zadie@example.org", "hours": 2,
            "styleId": artist.styles[0], "startsAt": "2026-06-01T10:00:00+00:00",
        }
        ask(server, "POST", f"/v1/artists/{artist.artist_id}/bookings", wish)
        ask(server, "PATCH", f"/v1/artists/{artist.artist_id}", {"hourlyRate": 133})
        changes = seedstate.wait_for(
            lambda changes: any(change.store == "opensearch" for change in changes)
        )
        assert {(change.store, change.collection) for change in changes} >= {
            ("postgres", "bookings"),
            ("dynamodb", "tattoo-directory"),
            ("opensearch", "artists"),
        }
        seedstate.wait_for("notifications", inserted=1)


    @pytest.mark.parametrize("turn", range(2))
    def test_pictures(turn, server, s3, seedstate):
        bucket = "tattoo-directory-images"
        artist = seedstate.records(Artist)[0]
        there = s3.list_objects_v2(Bucket=bucket)["KeyCount"]
        number = len(artist.portfolio_images)
        ask(server, "DELETE", f"/v1/artists/{artist.artist_id}/images/{number}")
        assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == there - 1
"""

INI = f"""
    [pytest]
    addopts = -p no:randomly -p no:asyncio
    filterwarnings = error
    pythonpath = {ROOT}
    seedstate_scenarios = {ROOT / "scenarios"}
    seedstate_schema = sql:{DEMO / "schema"}
"""


def test_the_demo_in_a_container(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes to all four stores through addresses of Docker's network, and all of it goes back."""
    monkeypatch.setenv("IMAGE", image("postgres"))
    monkeypatch.setenv("DEMO", str(DEMO))
    pytester.makeini(INI)
    pytester.makepyfile(TESTS)

    # Of whichever provider they are, the way to them is the same.
    done = pytester.runpytest_subprocess("--seedstate-verify", "--seedstate-provider=embedded")

    done.assert_outcomes(passed=5)
