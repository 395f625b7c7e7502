"""Services of the tests' own behind the recording proxy, with what the engine is given of them."""

from __future__ import annotations

import pytest

from tests.aws.services import RecordedAws


@pytest.fixture
def aws(moto_aws: RecordedAws) -> RecordedAws:
    """It with nothing in it."""
    moto_aws.journal.switch("empty")
    return moto_aws


@pytest.fixture
def filled(aws: RecordedAws) -> RecordedAws:
    """It with one of everything, kept as the baseline ``filled``."""
    aws.fill()
    aws.journal.keep("filled")
    return aws
