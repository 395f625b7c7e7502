"""What the journal needs once in a database: the mark, the notes on DDL, the one rewind call.

Everything is UNLOGGED but the two catalogues: a crash of the server empties the mark together with
the logs, and a journal without its mark knows that it does not know.
"""

from __future__ import annotations

from pytest_seedstate.stores.postgres.names import CONTROL, SCHEMA

PATIENCE = 200
"""Milliseconds that one attempt waits for a lock. Short, because an attempt that is given up frees
its own locks: so a live writer that waits for them goes on, and no deadlock ends its transaction
(``deadlock_timeout`` is a second)."""

LARGE_OBJECTS = """
CASE WHEN EXISTS (SELECT FROM pg_largeobject_metadata) THEN (
    SELECT count(*) || ',' || sum(hashtextextended(oid::text || '/' || xmin, 0))
    FROM pg_largeobject_metadata) || ',' || (
    SELECT count(*) || ',' || coalesce(sum(hashtextextended(ctid::text || '/' || xmin, 0)), 0)
    FROM pg_largeobject) END
"""
"""A text that changes with any change to any large object; NULL when there is none."""

_OBJECTS_READ = """
(SELECT count(*) || ',' || sum(hashtextextended(
    concat_ws('/', oid, xmin, lomowner, lomacl::text, md5(lo_get(oid))), 0))
 FROM pg_largeobject_metadata HAVING count(*) > 0)
"""
"""The same for roles that may not look at ``pg_largeobject``: what the objects hold is read."""

OBJECTS_VISIBLE = "SELECT has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')"
"""Whether a role may look there; superusers may."""


def clean_sql(server_version: int, *, objects_visible: bool = True) -> str:
    """The one query that a clean check sends: `check_sql` and whether nobody is in the middle of it.

    A transaction with an id may have locked rows without writing any, and would hold up the next
    test; one that is prepared always has an id. The last column is the snapshot, as text.
    """
    # No transaction has an id if the next one to be given is where the snapshot ends, and the
    # oldest one that runs as well: cheaper than a look at every session, which is for servers on
    # which somebody else is busy.
    here = "(SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"
    return f"""
SELECT c.*,
    pg_snapshot_xmin(s) = pg_snapshot_xmax(s) AND age(pg_snapshot_xmax(s)::xid) = 0
    OR NOT EXISTS (
        SELECT FROM pg_stat_get_activity(NULL) a
        WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
        AND {client("a")} AND a.datid = {here})
    AND NOT EXISTS (SELECT FROM pg_prepared_xact() p WHERE p.dbid = {here}),
    s::text
FROM ({check_sql(server_version, objects_visible=objects_visible)}) c, pg_current_snapshot() s
"""


def client(row: str) -> str:
    """Whether a row of pg_stat_activity or its function is a session, also where it says no more.

    Of sessions of other roles an ordinary one sees whose they are, not what kind they are.
    """
    return (
        f"({row}.backend_type = 'client backend' "
        f"OR {row}.backend_type IS NULL AND {row}.usesysid IS NOT NULL)"
    )


def check_sql(server_version: int, *, objects_visible: bool = True) -> str:
    """What the database holds, in brief; its row is (mark, entry, sequences, objects).

    Args:
        server_version: as ``server_version_num``.
        objects_visible: what `OBJECTS_VISIBLE` says.
    """
    # pg_sequence_last_value is the quickest, but NULL for a sequence that was not called yet,
    # wherever `setval(..., false)` has put it.
    uncalled = (
        "(SELECT '~' || d.last_value FROM pg_get_sequence_data(s.oid) d)"
        if server_version >= 180000
        else f"{SCHEMA}.uncalled(s.oid)"
    )
    return f"""
SELECT m.nonce, e.last_value,
       (SELECT array_agg(coalesce(pg_sequence_last_value(s.oid)::text, {uncalled})
                         ORDER BY s.place)::text FROM {SCHEMA}.sequences s WHERE NOT s.cached),
       {LARGE_OBJECTS if objects_visible else _OBJECTS_READ}
FROM {SCHEMA}.entry e LEFT JOIN {SCHEMA}.mark m ON true
"""


INFRASTRUCTURE = f"""
CREATE SCHEMA {SCHEMA};
COMMENT ON SCHEMA {SCHEMA} IS 'pytest-seedstate: undo log of this test run';

-- Every entry takes a number from here, so one look at it proves that nothing was written.
CREATE SEQUENCE {SCHEMA}.entry;
SELECT nextval('{SCHEMA}.entry');

CREATE UNLOGGED TABLE {SCHEMA}.mark (nonce text NOT NULL);

CREATE UNLOGGED TABLE {SCHEMA}.ddl (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    entry bigint NOT NULL DEFAULT nextval('{SCHEMA}.entry'),
    pid integer NOT NULL DEFAULT pg_backend_pid(),
    application text NOT NULL DEFAULT current_setting('application_name'),
    tag text NOT NULL,
    object text
);

CREATE TABLE {SCHEMA}.tables (
    relid oid PRIMARY KEY, shape text NOT NULL, log oid NOT NULL, kept bigint NOT NULL DEFAULT 0,
    -- The last entry when its log was last found with any.
    used bigint NOT NULL DEFAULT 0
);
CREATE TABLE {SCHEMA}.sequences (
    oid oid PRIMARY KEY, place integer NOT NULL, cached boolean NOT NULL
);

CREATE FUNCTION {SCHEMA}.uncalled(oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE _value text;
BEGIN
    EXECUTE format('SELECT ''~'' || last_value FROM %s', $1::regclass) INTO _value;
    RETURN _value;
END $$;

-- Makes our triggers on a table, and on those that inherit from it, do nothing: its columns are no
-- longer what the trigger functions name, and the user's statements must not fail of that. The
-- triggers themselves stay: PostgreSQL takes none off a table that a cursor reads or whose deferred
-- constraints are still to be checked, where it lets the user rename a column.
CREATE FUNCTION {SCHEMA}.release(_relation oid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE _one oid;
BEGIN
    FOR _one IN
        WITH RECURSIVE family(oid) AS (
            SELECT _relation
            UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN family f
                  ON i.inhparent OPERATOR(pg_catalog.=) f.oid
        )
        SELECT f.oid FROM family f
    LOOP
        UPDATE {SCHEMA}.tables SET shape = '' WHERE relid = _one AND shape <> '';
        CONTINUE WHEN NOT FOUND;
        EXECUTE pg_catalog.format(
            'CREATE OR REPLACE FUNCTION {SCHEMA}.write_%s() RETURNS trigger LANGUAGE plpgsql '
            'AS %L', _one, 'BEGIN RETURN NULL; END');
    END LOOP;
END $$;

CREATE FUNCTION {SCHEMA}.note_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _command record;
BEGIN
    IF pg_catalog.current_setting('{CONTROL}', true) = 'on' THEN RETURN; END IF;
    FOR _command IN SELECT * FROM pg_catalog.pg_event_trigger_ddl_commands() LOOP
        CONTINUE WHEN _command.schema_name = 'pg_temp' OR _command.command_tag = 'REINDEX'
            -- The check for large objects sees these.
            OR lower(_command.object_type) = 'large object' AND _command.command_tag <> 'COMMENT';
        IF _command.object_type = 'table column' THEN
            -- Its identity alone reads like that of a table.
            _command.object_identity := _command.object_identity || ' (column)';
        END IF;
        INSERT INTO {SCHEMA}.ddl (tag, object)
        VALUES (_command.command_tag, _command.object_identity);
        CONTINUE WHEN _command.objid IS NULL;
        PERFORM pg_catalog.set_config('{CONTROL}', 'on', true);
        IF _command.object_type IN ('table', 'table column') THEN
            PERFORM {SCHEMA}.release(_command.objid);
        ELSIF _command.object_type LIKE '%type%' THEN
            -- Of an attribute it names the type's row in pg_class.
            PERFORM {SCHEMA}.release(c.oid) FROM pg_class c
            WHERE c.reloftype IN (_command.objid, (
                SELECT t.reltype FROM pg_class t
                WHERE t.oid = _command.objid AND _command.classid = 'pg_class'::regclass));
        ELSIF _command.object_type = 'schema' THEN
            PERFORM {SCHEMA}.release(c.oid) FROM pg_catalog.pg_class c
            WHERE c.relnamespace = _command.objid;
        ELSIF _command.object_type = 'extension' THEN
            PERFORM {SCHEMA}.release(t.relid) FROM {SCHEMA}.tables t;
        END IF;
        PERFORM pg_catalog.set_config('{CONTROL}', '', true);
    END LOOP;
END $$;

CREATE FUNCTION {SCHEMA}.note_drop() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _object record;
BEGIN
    IF pg_catalog.current_setting('{CONTROL}', true) = 'on' THEN RETURN; END IF;
    FOR _object IN SELECT * FROM pg_catalog.pg_event_trigger_dropped_objects() LOOP
        CONTINUE WHEN _object.is_temporary;
        IF _object.object_type = 'table column' THEN
            _object.object_identity := _object.object_identity || ' (column)';
        END IF;
        IF _object.original THEN
            INSERT INTO {SCHEMA}.ddl (tag, object) VALUES (TG_TAG, _object.object_identity);
        END IF;
        IF _object.object_type = 'table column' THEN
            PERFORM pg_catalog.set_config('{CONTROL}', 'on', true);
            PERFORM {SCHEMA}.release(_object.objid);
            PERFORM pg_catalog.set_config('{CONTROL}', '', true);
        END IF;
    END LOOP;
END $$;

-- Whether the snapshot leaves out no transaction that may have written here. Transaction ids are
-- never used again, so one that belongs to another database or to autovacuum is none of ours.
CREATE FUNCTION {SCHEMA}.settled() RETURNS boolean LANGUAGE sql AS $$
    SELECT NOT EXISTS (
        SELECT FROM pg_snapshot_xip(pg_current_snapshot()) x(running)
        WHERE NOT EXISTS (
            SELECT FROM pg_stat_activity a WHERE a.backend_xid = x.running::xid
            AND (a.datname <> current_database() OR a.backend_type = 'autovacuum worker'))
        AND NOT EXISTS (
            SELECT FROM pg_prepared_xacts p WHERE p.transaction = x.running::xid
            AND p.database <> current_database()))
$$;

-- Puts sequences back to what `_wanted` says, in the order of {SCHEMA}.sequences; `~` stands
-- before the value of one that was not called yet.
CREATE FUNCTION {SCHEMA}.set_sequences(_wanted text[], _now text[]) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE _moved integer := 0;
BEGIN
    IF _now IS NOT DISTINCT FROM _wanted THEN RETURN 0; END IF;
    SELECT count(setval(o.oid::regclass, ltrim(w.value, '~')::bigint, w.value NOT LIKE '~%'))
    INTO _moved
    FROM (SELECT s.oid, row_number() OVER (ORDER BY s.place) AS n
          FROM {SCHEMA}.sequences s WHERE NOT s.cached) o
    JOIN unnest(_wanted, _now) WITH ORDINALITY AS w(value, was, n) ON w.n = o.n
    WHERE w.value IS DISTINCT FROM w.was;
    RETURN _moved;
END $$;
"""


EVENT_TRIGGERS = f"""
CREATE EVENT TRIGGER seedstate_ddl ON ddl_command_end EXECUTE FUNCTION {SCHEMA}.note_ddl();
ALTER EVENT TRIGGER seedstate_ddl ENABLE ALWAYS;
CREATE EVENT TRIGGER seedstate_drop ON sql_drop EXECUTE FUNCTION {SCHEMA}.note_drop();
ALTER EVENT TRIGGER seedstate_drop ENABLE ALWAYS;
"""
"""What has `INFRASTRUCTURE` told of DDL, where the role may create it."""


def functions_sql(server_version: int, *, objects_visible: bool = True) -> str:
    """The functions that depend on the server's version and on `OBJECTS_VISIBLE`."""
    return f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.rewind(
    _since pg_snapshot, _wanted text[], _limit bigint, _from bigint,
    OUT ddl text[], OUT refreshed boolean, OUT changed bigint, OUT heavy bigint[],
    OUT moved integer, OUT objects text, OUT settled boolean,
    OUT writers text[]
) LANGUAGE plpgsql AS $$
DECLARE _nonce text; _entry bigint; _now text[]; _log record; _one record; _left bigint;
BEGIN
    changed := 0;
    PERFORM set_config('lock_timeout', '{PATIENCE}ms', true);
    SELECT array_agg(DISTINCT concat_ws(' ', d.tag, d.object))
               FILTER (WHERE d.tag <> 'REFRESH MATERIALIZED VIEW'),
           coalesce(bool_or(d.tag = 'REFRESH MATERIALIZED VIEW'), false),
           (SELECT e.last_value FROM {SCHEMA}.entry e) - _from - count(*)
    INTO ddl, refreshed, _left
    FROM {SCHEMA}.ddl d WHERE _since IS NULL OR NOT pg_visible_in_snapshot(d.xid, _since);
    IF ddl IS NOT NULL THEN RETURN; END IF;
    -- Every number was given to one entry. Once all that came after `_from` are found, no other log
    -- has one, and a look at each of them would cost more than the undo where tables are many.
    FOR _log IN SELECT t.relid::bigint, t.log, t.kept FROM {SCHEMA}.tables t ORDER BY t.used DESC
    LOOP
        EXIT WHEN _left = 0;
        CONTINUE WHEN pg_relation_size(_log.log) = 0;
        EXECUTE format('SELECT * FROM {SCHEMA}.undo_%s($1, $2)', _log.relid)
            INTO _one USING _since, greatest(_limit, CASE WHEN _limit > 0 THEN 2 * _log.kept END);
        IF _one.changed IS NULL THEN
            heavy := array_append(heavy, _log.relid);
        ELSE
            changed := changed + _one.changed;
            writers := writers || _one.writers;
        END IF;
        IF _one.entries > 0 THEN
            _left := _left - _one.entries;
            UPDATE {SCHEMA}.tables SET used = (SELECT e.last_value FROM {SCHEMA}.entry e)
            WHERE relid = _log.relid;
        END IF;
    END LOOP;
    DELETE FROM {SCHEMA}.ddl d WHERE _since IS NULL OR NOT pg_visible_in_snapshot(d.xid, _since);
    SELECT * INTO _nonce, _entry, _now, objects
    FROM ({check_sql(server_version, objects_visible=objects_visible)}) c;
    moved := {SCHEMA}.set_sequences(_wanted, _now);
    settled := {SCHEMA}.settled();
END $$;
"""
