"""What belongs to a database as a whole: owner, limits, rights, settings, its comment.

No event trigger fires for these. Whoever changes one takes a transaction id, so there is nothing to
look for while no transaction has ended since the last look. The same look is for definitions that no
event trigger tells of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_seedstate.stores.postgres.names import SCHEMA, literal, quote
from pytest_seedstate.stores.postgres.position import LostError
from pytest_seedstate.stores.postgres.untold import UNTOLD, Untold, changed

if TYPE_CHECKING:
    from pytest_seedstate.stores.postgres.control import Control

Settings = tuple[str, ...]
"""Statements that give a database its settings, where it has none; equal for equal settings."""

# Row versions: a quick look that tells whether the slow one would find anything new.
_VERSION = """
(SELECT concat_ws(' ', d.oid, d.xmin,
    (SELECT array_agg(s.setrole || ' ' || s.xmin) FROM pg_db_role_setting s
     WHERE s.setdatabase = d.oid),
    (SELECT c.xmin FROM pg_shdescription c
     WHERE c.objoid = d.oid AND c.classoid = 'pg_database'::regclass))
 FROM pg_database d WHERE d.datname = current_database())
"""
_LOOK = f"SELECT pg_current_snapshot()::text, {UNTOLD}, {_VERSION}"

# The rights are set once more as they are stored, since statements may leave them in another form;
# by a superuser, since others may not.
_READ = """
WITH d AS (SELECT * FROM pg_database WHERE datname = current_database())
SELECT pg_current_snapshot()::text, {untold}, {version}, ARRAY(SELECT w.statement FROM (
    SELECT 1 AS place, 0::oid AS role, 0::bigint AS n,
           format('ALTER DATABASE %s OWNER TO %I', {name}, pg_get_userbyid(d.datdba)) AS statement
    FROM d
    UNION ALL
    SELECT 2, 0, 0, format('ALTER DATABASE %s ALLOW_CONNECTIONS %s IS_TEMPLATE %s CONNECTION LIMIT %s',
                           {name}, d.datallowconn::text, d.datistemplate::text, d.datconnlimit)
    FROM d
    UNION ALL
    SELECT 3, 0, 0, format('REVOKE ALL ON DATABASE %s FROM PUBLIC', {name})
    FROM d WHERE d.datacl IS NOT NULL
    UNION ALL
    SELECT 4, x.grantee, x.n, format('GRANT %s ON DATABASE %s TO %s%s', x.privilege_type, {name},
           CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
           CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM d, aclexplode(d.datacl) WITH ORDINALITY AS x(grantor, grantee, privilege_type, is_grantable, n)
    UNION ALL
    SELECT 5, 0, 0, format('UPDATE pg_database SET datacl = %L WHERE datname = %L',
                           d.datacl, d.datname)
    FROM d WHERE (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user)
    UNION ALL
    SELECT 6, s.setrole, c.n, format('ALTER %s SET %I TO %s',
           CASE WHEN s.setrole = 0 THEN 'DATABASE ' || {name}
                ELSE format('ROLE %I IN DATABASE %s', pg_get_userbyid(s.setrole), {name}) END,
           split_part(c.setting, '=', 1),
           CASE WHEN split_part(c.setting, '=', 1) IN ('search_path', 'temp_tablespaces',
                     'session_preload_libraries', 'local_preload_libraries')
                THEN substr(c.setting, strpos(c.setting, '=') + 1)
                ELSE quote_literal(substr(c.setting, strpos(c.setting, '=') + 1)) END)
    FROM d JOIN pg_db_role_setting s ON s.setdatabase = d.oid,
         unnest(s.setconfig) WITH ORDINALITY AS c(setting, n)
    UNION ALL
    SELECT 7, 0, 0, format('COMMENT ON DATABASE %s IS %L', {name},
                           shobj_description(d.oid, 'pg_database'))
    FROM d
) w ORDER BY w.place, w.role, w.n)
"""

# What takes away all that `_READ` finds.
_RESET = """
SELECT CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %s RESET ALL', {name})
            ELSE format('ALTER ROLE %I IN DATABASE %s RESET ALL', pg_get_userbyid(s.setrole), {name})
            END
FROM pg_database d JOIN pg_db_role_setting s ON s.setdatabase = d.oid
WHERE d.datname = current_database()
UNION ALL
SELECT DISTINCT format('REVOKE ALL ON DATABASE %s FROM %s CASCADE', {name},
       CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
FROM pg_database d, aclexplode(d.datacl) x WHERE d.datname = current_database()
"""


class DatabaseSettings:
    """The settings of the journal's database.

    Args:
        control: the journal's connection.

    Attributes:
        untold: definitions that no event trigger tells of, as they were at the last look.
        known: what the journal takes them to be.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self.untold: Untold = ()
        self.known: Untold = ()
        name = literal(quote(control.dbname))
        self._read = (
            _READ.replace("{untold}", UNTOLD).replace("{version}", _VERSION).replace("{name}", name)
        )
        self._reset = _RESET.replace("{name}", name)
        self._seen: Settings = ()
        self._seen_at = ""
        self._version = ""

    def read(self) -> Settings:
        """What they are now."""
        self._seen_at, untold, version = self._control.one(_LOOK)
        if version != self._version:
            self._seen_at, untold, self._version, statements = self._control.one(self._read)
            self._seen = tuple(statements)
        self.untold = tuple(untold)
        return self._seen

    def are(self, wanted: Settings, snapshot: str) -> bool:
        """Whether they, and definitions, are the right ones in the snapshot just taken."""
        # Equal snapshots see the same transactions.
        now = self._seen if snapshot == self._seen_at else self.read()
        return now == wanted and self.untold == self.known

    def put(self, wanted: Settings) -> None:
        """Give the database these, all or none, where it has others.

        Raises:
            LostError: its rights have changed, and only a superuser can store them as they were;
                or definitions have, and nobody told.
        """
        now = self.read()
        if self.untold != self.known:
            raise LostError(", ".join(changed(self.known, self.untold)))
        if now == wanted:
            return
        if _rights(now) != _rights(wanted) and not any(map(_stores_rights, wanted)):
            raise LostError("a change of rights on the database")
        with self._control.transaction() as connection:
            for (statement,) in connection.execute(self._reset).fetchall():
                connection.execute(statement)
            for statement in wanted:
                connection.execute(statement)

    def learn_untold(self) -> None:
        """Take definitions to be what they are."""
        self.read()
        self.known = self.untold

    def note_untold(self) -> None:
        """Note changes of definitions where an event trigger would have noted them."""
        self.read()
        for what in changed(self.known, self.untold):
            self._control.run(f"INSERT INTO {SCHEMA}.ddl (tag) VALUES ({literal(what)})")
        self.known = self.untold


def _rights(settings: Settings) -> list[str]:
    return [each for each in settings if each.startswith(("GRANT ", "REVOKE "))]


def _stores_rights(statement: str) -> bool:
    return statement.startswith("UPDATE pg_database ")


def read_settings(control: Control) -> Settings:
    """Statements that give a clone the settings and rights of the database."""
    return DatabaseSettings(control).read()
