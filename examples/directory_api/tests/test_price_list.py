"""An older test case in unittest's style: setUpClass writes by a connection of its own."""
# ruff: noqa: PT009, PT027 - unittest's own assertions are the point

import unittest
from decimal import Decimal

import psycopg
import pytest
from directory_api import settings
from fastapi.testclient import TestClient
from wishes import booking


@pytest.mark.scenario("minimal")
class PriceListTest(unittest.TestCase):
    """January prices: everybody takes 100 pounds an hour."""

    @classmethod
    def setUpClass(cls) -> None:
        with psycopg.connect(settings.DATABASE_URL) as connection:
            connection.execute("UPDATE artists SET hourly_rate = 100, minimum_charge = 90")

    def setUp(self) -> None:
        self.connection = psycopg.connect(settings.DATABASE_URL, autocommit=True)
        self.addCleanup(self.connection.close)

    def rates(self) -> list[Decimal]:
        rows = self.connection.execute("SELECT hourly_rate FROM artists ORDER BY id").fetchall()
        return [rate for (rate,) in rows]

    def test_everybody_takes_the_same(self) -> None:
        self.assertEqual(self.rates(), [Decimal(100)] * 3)

    def test_rates_rise_by_a_tenth(self) -> None:
        self.connection.execute("UPDATE artists SET hourly_rate = hourly_rate * 1.1")
        self.assertEqual(self.rates(), [Decimal(110)] * 3)

    def test_rates_fall_by_a_tenth(self) -> None:
        self.connection.execute("UPDATE artists SET hourly_rate = hourly_rate * 0.9")
        self.assertEqual(self.rates(), [Decimal(90)] * 3)

    def test_a_rate_outside_of_the_rules(self) -> None:
        with self.assertRaises(psycopg.errors.CheckViolation):
            self.connection.execute("UPDATE artists SET hourly_rate = 300")
        self.assertEqual(self.rates(), [Decimal(100)] * 3)


@pytest.mark.scenario("minimal")
def test_ordinary_prices_are_back(client: TestClient, artist) -> None:
    wish = booking(artist, hours=4)
    made = client.post(f"/v1/artists/{artist.artist_id}/bookings", json=wish).json()
    assert Decimal(made["price"]) == 4 * artist.hourly_rate
