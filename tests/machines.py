"""How the random machines run: the same way each time, unless more examples are asked for.

A long run of other examples, to be repeated by its seed:

    SEEDSTATE_TEST_EXAMPLES=2000 python -m pytest --timeout=0 --hypothesis-seed=1 tests/postgres/test_machine.py
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = "SEEDSTATE_TEST_EXAMPLES"
STEPS = "SEEDSTATE_TEST_STEPS"
SHRINK = "SEEDSTATE_TEST_SHRINK"


def machine_settings(*, examples: int, steps: int) -> settings:
    """Settings of a machine.

    Args:
        examples: how many runs of it; the variable SEEDSTATE_TEST_EXAMPLES gives another number,
            and other examples at each run.
        steps: the most steps of one; SEEDSTATE_TEST_STEPS gives another number.
    """
    asked = os.environ.get(EXAMPLES)
    return settings(
        max_examples=int(asked) if asked else examples,
        stateful_step_count=int(os.environ.get(STEPS, steps)),
        derandomize=asked is None,
        database=None,
        deadline=None,
        # Shrinking takes minutes of real services; it is for whoever looks for faults.
        phases=(Phase.generate, Phase.shrink) if SHRINK in os.environ else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
