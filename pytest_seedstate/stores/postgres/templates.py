"""Which databases can be cloned: one for each generation of tables."""

from __future__ import annotations

from collections.abc import Collection

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.postgres.baselines import Baseline, Contents, Template
from pytest_seedstate.stores.postgres.clones import (
    drop_template,
    make_template,
    make_template_at_once,
    replace_by_clone,
    template_name,
)
from pytest_seedstate.stores.postgres.control import Control
from pytest_seedstate.stores.postgres.settings import read_settings


class Templates:
    """The templates of one database.

    Args:
        control: the journal's connection.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._of: dict[int, Template] = {}

    @property
    def contents(self) -> list[Contents]:
        """What the templates hold."""
        return [template.contents for template in self._of.values()]

    def make(self, baseline: Baseline, wait: float) -> None:
        """Clone the database, which holds `baseline`, unless its tables have a template.

        Where another session stays for `wait` seconds none is made: see `replace`.
        """
        if baseline.generation not in self._of:
            made = make_template(
                self._control, self._name(baseline.generation), baseline.contents, wait
            )
            if made is not None:
                self._of[baseline.generation] = made

    def make_at_once(self, baseline: Baseline) -> None:
        """As `make`, but end the sessions that stay."""
        if baseline.generation not in self._of:
            self._of[baseline.generation] = make_template_at_once(
                self._control, self._name(baseline.generation), baseline.contents
            )

    def replace(self, former: int | None, generation: int, reason: str) -> Template:
        """Put a clone of a generation's template in the place of the database.

        Args:
            former: the generation of the tables that are there, when they are as they were made:
                without a template of its own, the database becomes one.
            generation: that of the tables to have.
            reason: why, for the message.

        Raises:
            SeedstateError: there is nothing to clone from.
        """
        template = self._of.get(generation)
        if template is None:
            raise SeedstateError(
                f"the tables cannot be brought back after: {reason}",
                checked="no copy of them could be made when they were new, because the database "
                "had other sessions then",
                fix="close connections once the schema is made (for SQLAlchemy: engine.dispose())",
            )
        if former is None or former in self._of:
            replace_by_clone(self._control, template)
            return template
        # What it holds does not matter: without contents, every table is filled again.
        kept = Template(self._name(former), {}, read_settings(self._control))
        replace_by_clone(self._control, template, kept.name)
        self._of[former] = kept
        return template

    def size(self, generation: int) -> int:
        """Bytes of a generation's template; 0 where it has none."""
        template = self._of.get(generation)
        if template is None:
            return 0
        return int(self._control.one("SELECT pg_database_size(%s::name)", (template.name,))[0])

    def drop_all_but(self, needed: Collection[int]) -> None:
        """Free the templates of other generations."""
        for generation in self._of.keys() - set(needed):
            drop_template(self._control, self._of.pop(generation))

    def _name(self, generation: int) -> str:
        return template_name(self._control.dbname, generation)
