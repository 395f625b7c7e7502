"""All scenarios and reset states of a project, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_seedstate.errors import SeedstateError, closest, unknown_name
from pytest_seedstate.records.declared import last_change
from pytest_seedstate.records.pack import Pack, check, find_packs, loose_packs
from pytest_seedstate.records.reset_state import ResetState
from pytest_seedstate.records.scenario import Scenario
from pytest_seedstate.records.schema import collection_names, is_called

if TYPE_CHECKING:
    from pytest_seedstate.records.record import Record

ThingT = TypeVar("ThingT", Scenario, ResetState)


class Registry:
    """What names mean.

    Args:
        root: the project's root directory.
        packs: its packs.
        default_pack: the pack whose names win where a bare name is ambiguous.
        own_schema: stores whose schema the project creates itself, so that none is derived.

    Raises:
        SeedstateError: the default pack does not exist.
    """

    def __init__(
        self,
        root: Path,
        packs: Sequence[Pack],
        *,
        default_pack: str | None = None,
        own_schema: Collection[str] = (),
    ) -> None:
        self.root = root
        self.packs = tuple(packs)
        self.own_schema = frozenset(own_schema)
        self._deriving = Lock()
        self._known: _Known | None = None
        names = [str(pack.name) for pack in packs]
        if default_pack is not None and default_pack not in names:
            raise unknown_name("pack", default_pack, names, where="seedstate_default_pack")
        self._default = next((pack for pack in packs if pack.name == default_pack), None)

    @classmethod
    def find(
        cls,
        root: Path,
        folders: Sequence[Path] = (),
        *,
        default_pack: str | None = None,
        own_schema: Collection[str] = (),
    ) -> Registry:
        """Import all packs of a project.

        Raises:
            SeedstateError: see `find_packs`, or the default pack does not exist.
        """
        packs = find_packs(root, folders)
        return cls(root, packs, default_pack=default_pack, own_schema=own_schema)

    # -- lists

    def scenarios(self, visible_from: Path | None = None) -> list[Scenario]:
        """All scenarios that a file can name; of packs only, for None."""
        return [one for pack in self._visible(visible_from) for one in pack.scenarios]

    def reset_states(self, visible_from: Path | None = None) -> list[ResetState]:
        """All reset states that a file can name; of packs only, for None."""
        return [one for pack in self._visible(visible_from) for one in pack.states]

    # -- names

    def scenario(
        self,
        name: str | Scenario,
        *,
        visible_from: Path | None = None,
        within: Pack | None = None,
    ) -> Scenario:
        """The scenario that a name means.

        Args:
            name: the name, ``pack/name``, or the scenario itself.
            visible_from: the file that asks, for scenarios of conftests.
            within: the pack that asks, whose own names win.

        Raises:
            SeedstateError: an unknown or ambiguous name, with the candidates and the closest one;
                something that is no scenario.
        """
        if isinstance(name, Scenario):
            if name.pack is None:
                self._loose()
            return name
        if not isinstance(name, str):
            raise SeedstateError(
                f"{name!r} is not a scenario",
                fix="give its name, or the object that @scenario makes of the function",
            )
        packs = self._visible(visible_from)
        found: Scenario = self._named("scenario", name, packs, within, lambda pack: pack.scenarios)
        return found

    def reset_state(self, name: str, *, visible_from: Path | None = None) -> ResetState:
        """The reset state that a name means.

        Raises:
            SeedstateError: an unknown or ambiguous name, with the candidates and the closest one.
        """
        packs = self._visible(visible_from)
        found: ResetState = self._named("reset state", name, packs, None, lambda pack: pack.states)
        return found

    def _named(
        self, kind: str, name: str, packs: Sequence[Pack], within: Pack | None, things: Any
    ) -> Any:
        pack_name, slash, bare = name.rpartition("/")
        if slash:
            packs = [pack for pack in packs if pack.name == pack_name]
            if not packs:
                names = [str(pack.name) for pack in self.packs]
                raise unknown_name("pack", pack_name, names, where=f"{kind} '{name}'")
        found = [one for pack in packs for one in things(pack) if one.name == bare]
        if len(found) > 1:
            found = self._preferred(found, within)
        if len(found) > 1:
            raise SeedstateError(
                f"{kind} '{name}' is ambiguous",
                checked=", ".join(f"{one.full_name} ({one.site})" for one in found),
                fix="write pack/name, or set seedstate_default_pack",
            )
        if not found:
            raise self._unknown(kind, name, packs, things)
        return found[0]

    def _preferred(self, found: list[ThingT], within: Pack | None) -> list[ThingT]:
        """Of several, those of the pack that asks, else the nearest conftest's, else the default's."""
        for pack in (within, _nearest(found), self._default):
            chosen = [one for one in found if one.pack is pack]
            if pack is not None and chosen:
                return chosen
        return found

    def _unknown(self, kind: str, name: str, packs: Sequence[Pack], things: Any) -> SeedstateError:
        names = [one.name for pack in packs for one in things(pack)]
        known = sorted(
            one.full_name if names.count(one.name) > 1 else one.name
            for pack in packs
            for one in things(pack)
        )
        error = unknown_name(kind, name.rpartition("/")[2], known)
        hidden = [one for pack in self._loose() for one in things(pack) if one.name == name]
        if hidden and closest(name, known) is None:
            error = SeedstateError(
                error.problem,
                checked=error.checked,
                fix=f"{hidden[0].site} declares it, which is not visible here: move it to a pack "
                "or a conftest.py above, or give the object instead of the name",
            )
        return error

    # -- schemas

    def schema_for(self, store: str) -> list[Any]:
        """What must exist in a store: what packs declare, and what follows from records.

        Args:
            store: the store's name.

        Returns:
            Declarations as `Store.create_schema` takes them.

        Raises:
            SeedstateError: a schema that cannot be derived; see `derived`.
        """
        packs = [*self.packs, *(pack for pack in self._loose() if self._is_below_root(pack))]
        declared: list[Any] = []
        silent: list[Pack] = []
        for pack in packs:
            own = pack.declared(store)
            if own is None:
                silent.append(pack)
            else:
                declared += own
        return declared + self._derived(store, silent, declared)

    @property
    def derived_tables(self) -> frozenset[str]:
        """The PostgreSQL tables that are made from records, so that their first field is the key."""
        return self._now.derived_tables

    def _derived(self, store: str, packs: Sequence[Pack], declared: Sequence[Any]) -> list[Any]:
        records: list[type[Record]] = [record for pack in packs for record in pack.records]
        if not records or store in self.own_schema:
            return []
        # Asked by a thread for each service that starts: the loser of a race for a first import may
        # find a module without its names (seen once with Python 3.11).
        with self._deriving:
            from pytest_seedstate.records import derived
            from pytest_seedstate.records.derived_index import derived_indices

        if store == "postgres":
            return list(derived.derived_sql(records))
        known = collection_names(store, declared) or ()
        made: list[Any]
        if store == "dynamodb":
            made = derived.derived_tables(records)
        elif store == "s3":
            made = derived.derived_buckets(records)
        else:
            made = derived_indices(records)
        return [
            one
            for one in made
            if not any(is_called(name, known) for name in collection_names(store, [one]) or ())
        ]

    # -- visibility

    def _visible(self, path: Path | None) -> list[Pack]:
        known = self._now.visible
        if path not in known:
            near = [pack for pack in self._loose() if pack.is_visible_from(path)]
            for pack in near:
                check(pack)
            known[path] = [*self.packs, *near]
        return known[path]

    def _loose(self) -> list[Pack]:
        return self._now.loose

    @property
    def _now(self) -> _Known:
        # Conftests and test modules declare things while they are imported; in between, every
        # collected test asks.
        if self._known is None or self._known.change != last_change():
            loose = loose_packs(self.packs)
            derived = () if "postgres" in self.own_schema else (*self.packs, *loose)
            self._known = _Known(last_change(), loose, _derived_tables(derived))
        return self._known

    def _is_below_root(self, pack: Pack) -> bool:
        return pack.path.is_relative_to(self.root.resolve())


@dataclass
class _Known:
    """What follows from all that was declared up to a change."""

    change: int
    loose: list[Pack]
    derived_tables: frozenset[str]
    visible: dict[Path | None, list[Pack]] = field(default_factory=dict)


def _derived_tables(packs: Iterable[Pack]) -> frozenset[str]:
    return frozenset(
        place.collection
        for pack in packs
        if pack.declared("postgres") is None
        for record in pack.records
        for place in record.placements()
        if place.store == "postgres"
    )


def _nearest(found: Sequence[Scenario] | Sequence[ResetState]) -> Pack | None:
    loose = [one.pack for one in found if one.pack is not None and one.pack.name is None]
    return max(loose, key=lambda pack: len(pack.path.parts), default=None)
