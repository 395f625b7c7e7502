"""How the random machines run: the same way each time, unless more examples are asked for."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = "SEEDSTATE_TEST_EXAMPLES"


def machine_settings(*, examples: int, steps: int) -> settings:
    """Settings of a machine.

    Args:
        examples: how many runs of it; the variable SEEDSTATE_TEST_EXAMPLES gives another number,
            other examples at each run, and shrinks what fails.
        steps: the most steps of one.
    """
    asked = os.environ.get(EXAMPLES)
    return settings(
        max_examples=int(asked) if asked else examples,
        stateful_step_count=steps,
        derandomize=asked is None,
        database=None,
        deadline=None,
        # Shrinking takes minutes of real services; it is for whoever looks for faults.
        phases=(Phase.generate, Phase.shrink) if asked else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
