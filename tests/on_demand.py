"""Tests that take too long for each run of CI: SEEDSTATE_TEST_CASES=all has them run."""

from __future__ import annotations

import os

import pytest

ALL_CASES = os.environ.get("SEEDSTATE_TEST_CASES") == "all"

on_demand = pytest.mark.skipif(not ALL_CASES, reason="SEEDSTATE_TEST_CASES is not all")
