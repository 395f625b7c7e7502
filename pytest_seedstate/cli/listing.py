"""``seedstate scenarios`` and ``seedstate states``."""

from __future__ import annotations

from pytest_seedstate.cli.options import Json
from pytest_seedstate.cli.output import Output, asking, reporting
from pytest_seedstate.cli.tables import scenario_table, state_table
from pytest_seedstate.cli.target import check_project, settings_here


def scenarios(as_json: Json = False) -> None:
    """List the scenarios of the project's packs.

    \b
    Examples:
      seedstate scenarios
      seedstate scenarios --json | jq -r '.scenarios[].name'

    Exit codes: 0 listed; 2 there is no project here, or a pack or setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output), asking():
        project = check_project(settings_here())
        found = [
            {
                "name": one.name,
                "pack": one.pack.name if one.pack else None,
                "parameters": {
                    name: None if parameter.required else parameter.default
                    for name, parameter in one.parameters.known.items()
                },
                "required": [n for n, p in one.parameters.known.items() if p.required],
                "extends": [each if isinstance(each, str) else each.name for each in one.extends],
                "writes_itself_to": list(one.stores),
                "description": one.summary,
                "signature": one.signature_text,
            }
            for one in project.registry.scenarios()
        ]
        output.show({"scenarios": found}, lambda console: scenario_table(console, found))


def states(as_json: Json = False) -> None:
    """List the reset states of the project's packs.

    \b
    Examples:
      seedstate states
      seedstate states --json | jq -r '.states[].name'

    Exit codes: 0 listed; 2 there is no project here, or a pack or setting is wrong.
    """
    output = Output(as_json=as_json)
    with reporting(output), asking():
        project = check_project(settings_here())
        found = [
            {
                "name": one.name,
                "pack": one.pack.name if one.pack else None,
                "scenarios": list(one.scenarios),
                "copies": one.copies,
                "stores": list(one.stores) if one.stores is not None else None,
                "description": one.description,
            }
            for one in project.registry.reset_states()
        ]
        output.show({"states": found}, lambda console: state_table(console, found))
