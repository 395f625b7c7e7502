"""The SQL that gives one table its log: the log table, what writes it, what undoes by it.

An entry is one image of a row with a sign: -1 for a row that a statement left behind, 1 for a row
that it took away. The rows before a stretch of entries are the rows now plus the sum of the
entries, image by image, *whatever order they were written in*. Order cannot be relied on: a user's
AFTER ROW trigger that writes the same table, or a cascade within one table, is logged before the
statement that caused it.
"""

from __future__ import annotations

import hashlib

from pytest_seedstate.stores.postgres.catalog import Column, Table
from pytest_seedstate.stores.postgres.names import CONTROL, SCHEMA, TRIGGERS, literal

# How the text of a value depends on the session; pinned where images are kept as text.
PINNED_SETTINGS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
}


def install_sql(table: Table, *, watched: bool = False) -> tuple[str, str]:
    """How to journal a table.

    Args:
        table: the table.
        watched: whether no event trigger tells of DDL as it happens: see `shape_sql`.

    Returns:
        The SQL, and a text that changes when the SQL does.
    """
    text = "\n".join(
        (
            f"DROP TABLE IF EXISTS {table.log};",
            _log_table(table),
            _write_function(table, watched),
            *_triggers(table),
            _undo_function(table),
        )
    )
    shape = hashlib.sha256(text.encode()).hexdigest()
    register = (
        f"INSERT INTO {SCHEMA}.tables VALUES ({table.oid}, '{shape}', '{table.log}'::regclass) "
        f"ON CONFLICT (relid) DO UPDATE SET shape = excluded.shape, log = excluded.log;"
    )
    return f"{text}\n{register}\n", shape


def uninstall_sql(oid: int) -> str:
    """How to forget a table that is no longer there."""
    return (
        f"DROP TABLE IF EXISTS {SCHEMA}.log_{oid};"
        f"DROP FUNCTION IF EXISTS {SCHEMA}.write_{oid}();"
        f"DROP FUNCTION IF EXISTS {SCHEMA}.undo_{oid}(pg_snapshot, bigint);"
        f"DELETE FROM {SCHEMA}.tables WHERE relid = {oid};\n"
    )


def _log_table(table: Table) -> str:
    images = "".join(f", {column.image} {column.log_type}" for column in table.logged)
    return (
        f"CREATE UNLOGGED TABLE {table.log} ("
        # First, so that nobody has an entry without having a transaction id: TRUNCATE may have
        # none when its trigger fires.
        "xid xid8 NOT NULL DEFAULT pg_current_xact_id(), "
        f"entry bigint NOT NULL DEFAULT nextval('{SCHEMA}.entry'), "
        "pid integer NOT NULL DEFAULT pg_backend_pid(), "
        "application text NOT NULL DEFAULT current_setting('application_name'), "
        f"sign smallint NOT NULL{images});"
    )


def _images(table: Table, row: str) -> str:
    """What to add after the sign: the images of `row`."""
    return "".join(
        f", {row}.{column.sql}" + (f"::{column.log_type}" if column.cast else "")
        for column in table.logged
    )


# The user's statement after a change of columns must not fail, and what it wrote is not logged.
_GUARDED = f"""EXCEPTION WHEN OTHERS THEN
    INSERT INTO {SCHEMA}.ddl (tag, object) VALUES ('a change of', TG_RELID::pg_catalog.regclass);
    RETURN NULL;
"""


def _write_function(table: Table, watched: bool) -> str:
    target = f"INSERT INTO {table.log} (sign{''.join(f', {c.image}' for c in table.logged)})"
    if table.by_row:
        inserted = f"{target} VALUES (-1{_images(table, 'NEW')})"
        deleted = f"{target} VALUES (1{_images(table, 'OLD')})"
        updated = f"{target} VALUES (1{_images(table, 'OLD')}), (-1{_images(table, 'NEW')})"
    else:
        old = f"SELECT 1{_images(table, 't')} FROM seedstate_old t"
        new = f"SELECT -1{_images(table, 't')} FROM seedstate_new t"
        inserted, deleted = f"{target} {new}", f"{target} {old}"
        updated = f"{target} {old} UNION ALL {new}"
    settings = ""
    if any(column.pinned for column in table.logged):
        settings = "".join(f" SET {name} = '{value}'" for name, value in PINNED_SETTINGS.items())
    # No name of ours may be taken for a column of the user's, hence the first line.
    body = f"""
#variable_conflict use_column
BEGIN
    IF pg_catalog.current_setting('{CONTROL}', true) = 'on' THEN RETURN NULL; END IF;
    IF TG_OP = 'INSERT' THEN {inserted};
    ELSIF TG_OP = 'UPDATE' THEN {updated};
    ELSIF TG_OP = 'DELETE' THEN {deleted};
    ELSE {target} SELECT 1{_images(table, "t")} FROM ONLY {table.sql} t;
    END IF;
    RETURN NULL;
{_GUARDED if watched else ""}END """
    return (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.write_{table.oid}() RETURNS trigger "
        f"LANGUAGE plpgsql SECURITY DEFINER{settings} AS {literal(body)};"
    )


def _triggers(table: Table) -> list[str]:
    old, new = "OLD TABLE AS seedstate_old", "NEW TABLE AS seedstate_new"
    referencing = {"INSERT": new, "UPDATE": f"{old} {new}", "DELETE": old}
    statements = []
    for event, name in TRIGGERS.items():
        if event == "TRUNCATE":
            when, each = "BEFORE", "FOR EACH STATEMENT"
        elif table.by_row:
            when, each = "AFTER", "FOR EACH ROW"
        else:
            when, each = "AFTER", f"REFERENCING {referencing[event]} FOR EACH STATEMENT"
        statements.append(
            f"DROP TRIGGER IF EXISTS {name} ON {table.sql};"
            f"CREATE TRIGGER {name} {when} {event} ON {table.sql} {each} "
            f"EXECUTE FUNCTION {SCHEMA}.write_{table.oid}();"
        )
    # Also for a writer in session_replication_role = replica.
    always = ", ".join(f"ENABLE ALWAYS TRIGGER {name}" for name in TRIGGERS.values())
    statements.append(f"ALTER TABLE {table.sql} {always};")
    return statements


def value_sql(column: Column) -> str:
    """A column's value from its image in the log `l`."""
    value = f"l.{column.image}"
    return f"{value}::{column.type}" if column.cast else value


def _key_value(column: Column) -> str:
    value = value_sql(column)
    return f"({value}) COLLATE {column.collation}" if column.collation else value


def image_text(table: Table) -> str:
    """The whole image of a row of the log `l` as text: equal for equal rows, down to the digit."""
    return f"ROW({', '.join(f'l.{column.image}' for column in table.logged)})::text"


def _newer(table: Table) -> str:
    # Qualified: the user may have a column of that name.
    since = f"undo_{table.oid}._since"
    return f"({since} IS NULL OR NOT pg_visible_in_snapshot(l.xid, {since}))"


def _undo_function(table: Table) -> str:
    restore = _undo_keyed(table) if table.key else _undo_bag(table)
    switch_off = "".join(f"    EXECUTE {literal(off)};\n" for off, _ in table.forced)
    switch_on = "".join(f"    EXECUTE {literal(on)};\n" for _, on in table.forced)
    body = f"""
#variable_conflict use_column
<<seedstate>>
DECLARE
    _gone bigint[]; _back bigint[]; _entries bigint; _found bigint; _row record;
BEGIN
    SELECT count(*), array_agg(DISTINCT format('%s (pid %s)', l.application, l.pid))
    INTO entries, writers FROM {table.log} l
    WHERE {_newer(table)};
    IF entries > _limit THEN RETURN; END IF;
    changed := 0;
    IF entries = 0 THEN RETURN; END IF;
{switch_off}{restore}{switch_on}    DELETE FROM {table.log} l
    WHERE {_newer(table)};
END """
    return (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.undo_{table.oid}(_since pg_snapshot, _limit bigint, "
        f"OUT changed bigint, OUT entries bigint, OUT writers text[]) LANGUAGE plpgsql AS {literal(body)};"
    )


def _insert(table: Table, source: str) -> str:
    columns = table.stored
    if not columns:
        return f"INSERT INTO {table.sql} SELECT FROM {source};"
    return (
        f"INSERT INTO {table.sql} ({', '.join(c.sql for c in columns)}) OVERRIDING SYSTEM VALUE "
        f"SELECT {', '.join(value_sql(c) for c in columns)} FROM {source};"
    )


def _undo_keyed(table: Table) -> str:
    """Images add up within a key; where a key has one entry, its image need not be made."""
    keys = ", ".join(f"l.{column.image}" for column in table.key)
    if len(table.key) == 1:
        column = table.key[0]
        remove = f"""
    DELETE FROM ONLY {table.sql} t WHERE t.{column.sql} = ANY (ARRAY(
        SELECT {_key_value(column)} FROM {table.log} l WHERE l.entry = ANY (seedstate._gone)));
    GET DIAGNOSTICS _found = ROW_COUNT;"""
    else:
        # Row by row: a join's plan may begin with the user's whole table.
        match = " AND ".join(
            f"t.{column.sql} = " + _key_value(column).replace("l.", "seedstate._row.", 1)
            for column in table.key
        )
        remove = f"""
    _found := 0;
    FOR _row IN SELECT {keys} FROM {table.log} l WHERE l.entry = ANY (seedstate._gone) LOOP
        DELETE FROM ONLY {table.sql} t WHERE {match};
        IF FOUND THEN _found := _found + 1; END IF;
    END LOOP;"""
    return f"""
    SELECT array_agg(entry) FILTER (WHERE net < 0), array_agg(entry) FILTER (WHERE net > 0),
           count(DISTINCT seedstate_key)
    INTO _gone, _back, changed
    FROM (
        SELECT min(entry) AS entry, sum(sign) AS net, min(seedstate_key) AS seedstate_key
        FROM (
            SELECT l.entry, l.sign, min(l.entry) OVER same AS seedstate_key,
                   ROW({keys}) AS seedstate_row,
                   CASE WHEN count(*) OVER same > 1 THEN {image_text(table)} END AS image
            FROM {table.log} l
            WHERE {_newer(table)}
            WINDOW same AS (PARTITION BY {keys})
        ) l GROUP BY seedstate_key, image HAVING sum(sign) <> 0
    ) l;{remove}
    IF _found <> coalesce(cardinality(_gone), 0) THEN
        RAISE 'log of % and its rows disagree', {literal(table.title)} USING ERRCODE = 'data_corrupted';
    END IF;
    {_insert(table, f"{table.log} l WHERE l.entry = ANY (seedstate._back)")}
"""


def _undo_bag(table: Table) -> str:
    """Without a key, equal rows are alike: so many of each must go or come back."""
    now = ", ".join(
        f"t.{column.sql}" + (f"::{column.log_type}" if column.cast else "")
        for column in table.logged
    )
    return f"""
    SELECT coalesce(sum(abs(net)), 0), coalesce(-sum(net) FILTER (WHERE net < 0), 0)
    INTO changed, _entries
    FROM (
        SELECT sum(l.sign) AS net FROM {table.log} l
        WHERE {_newer(table)}
        GROUP BY {image_text(table)}
    ) l;
    IF _entries > 0 THEN
        DELETE FROM ONLY {table.sql} WHERE ctid = ANY (ARRAY(
            SELECT t.place FROM (
                SELECT t.ctid AS place, t.image,
                       row_number() OVER (PARTITION BY t.image) AS n
                FROM (SELECT t.ctid, ROW({now})::text AS image FROM ONLY {table.sql} t) t
            ) t JOIN (
                SELECT {image_text(table)} AS image, -sum(l.sign) AS net FROM {table.log} l
                WHERE {_newer(table)}
                GROUP BY 1 HAVING sum(l.sign) < 0
            ) l ON l.image = t.image AND t.n <= l.net));
        GET DIAGNOSTICS _found = ROW_COUNT;
        IF _found <> _entries THEN
            RAISE 'log of % and its rows disagree', {
        literal(table.title)
    } USING ERRCODE = 'data_corrupted';
        END IF;
    END IF;
    {
        _insert(
            table,
            f'''(
        SELECT l.*, sum(l.sign) OVER same AS seedstate_net,
               row_number() OVER (PARTITION BY l.image ORDER BY l.sign DESC) AS seedstate_place
        FROM (SELECT l.*, {image_text(table)} AS image FROM {table.log} l
              WHERE {_newer(table)}) l
        WINDOW same AS (PARTITION BY l.image)
    ) l WHERE l.seedstate_place <= l.seedstate_net''',
        )
    }
"""
