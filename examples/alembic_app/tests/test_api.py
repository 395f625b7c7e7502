"""The same library over HTTP, through one client for the whole run."""

import pytest
from httpx2 import AsyncClient


def tags(tools: list[dict[str, str]]) -> list[str]:
    return [tool["tag"] for tool in tools]


async def test_the_shelf_shows_what_is_free(client: AsyncClient) -> None:
    assert tags((await client.get("/tools")).json()) == ["press-1", "saw-1", "tiles-1"]


@pytest.mark.parametrize(
    ("keyword", "found"), [("electric", ["saw-1"]), ("walls", ["tiles-1"]), ("garden", [])]
)
async def test_the_shelf_by_keyword(client: AsyncClient, keyword: str, found: list[str]) -> None:
    assert tags((await client.get("/tools", params={"keyword": keyword})).json()) == found


async def test_borrowing_takes_a_tool_off_the_shelf(client: AsyncClient) -> None:
    wish = {"email": "cem@example.org", "tag": "saw-1", "days": 14}
    answer = await client.post("/loans", json=wish)
    assert answer.status_code == 201
    assert answer.json()["id"] == 4
    assert tags((await client.get("/tools")).json()) == ["press-1", "tiles-1"]


async def test_two_wishes_for_one_tool(client: AsyncClient) -> None:
    first = {"email": "cem@example.org", "tag": "tiles-1", "days": 2}
    second = {"email": "ana@example.org", "tag": "tiles-1", "days": 2}
    assert (await client.post("/loans", json=first)).status_code == 201
    refused = await client.post("/loans", json=second)
    assert (refused.status_code, refused.json()["detail"]) == (409, "tiles-1 is lent")


async def test_bringing_back_charges(client: AsyncClient) -> None:
    answer = await client.post("/loans/2/return", params={"on": "2026-03-05"})
    assert answer.json() == {"charged": "13.50"}
    assert (await client.get("/members/ana@example.org/loans")).json() == []


async def test_a_retired_tool_is_gone(client: AsyncClient) -> None:
    assert (await client.delete("/tools/saw-1")).status_code == 204
    assert (await client.delete("/tools/saw-1")).status_code == 404
    assert tags((await client.get("/tools")).json()) == ["press-1", "tiles-1"]


@pytest.mark.parametrize("days", [0, 29])
async def test_a_loan_is_one_to_28_days(client: AsyncClient, days: int) -> None:
    wish = {"email": "cem@example.org", "tag": "saw-1", "days": days}
    assert (await client.post("/loans", json=wish)).status_code == 422


async def test_loans_of_a_stranger(client: AsyncClient) -> None:
    assert (await client.get("/members/dan@example.org/loans")).status_code == 404
