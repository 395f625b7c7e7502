"""Noticing DDL where no event trigger may be created: the catalogues are compared with a sum of them.

A row version is as good as its contents: who changes a definition writes a new one. Where PostgreSQL
itself writes new ones without a change of definition (``TRUNCATE``, an undo that switches a trigger
off and on), the sum takes the columns that matter.
"""

from __future__ import annotations

from pytest_seedstate.stores.postgres.names import SCHEMA

_TEMPORARY = r"nspname LIKE 'pg\_temp\_%' OR nspname LIKE 'pg\_toast%'"

_NAMESPACES = "(SELECT n.oid FROM n)"
_RELATIONS = "(SELECT r.oid FROM r)"
_WITH = f"""
WITH n AS MATERIALIZED (
    SELECT oid FROM pg_catalog.pg_namespace WHERE nspname <> '{SCHEMA}' AND NOT ({_TEMPORARY})
), r AS MATERIALIZED (
    SELECT oid FROM pg_catalog.pg_class WHERE oid >= 16384 AND relnamespace IN {_NAMESPACES}
)
"""

_CLASS = (
    "concat_ws('/', oid, relname, relnamespace, reltype, reloftype, relowner, relam, reltablespace, "
    "relpersistence, relkind, relnatts, relchecks, relrowsecurity, relforcerowsecurity, "
    "relispartition, relreplident, relacl::text, reloptions::text, relpartbound::text, "
    # A refresh gives a view another file.
    "CASE WHEN relkind = 'm' THEN relfilenode END)"
)
# Without ``indisclustered``: ``CLUSTER`` is no DDL for event triggers either.
_INDEX = (
    "concat_ws('/', indexrelid, indisunique, indisprimary, indisexclusion, indimmediate, "
    "indisvalid, indisready, indislive, indisreplident, indkey::text, indcollation::text, "
    "indclass::text, indoption::text, indexprs::text, indpred::text)"
)
_TRIGGER = (
    "concat_ws('/', oid, tgname, tgfoid, tgtype, tgenabled, tgconstraint, tgdeferrable, "
    "tginitdeferred, tgattr::text, encode(tgargs, 'hex'), tgqual::text, tgoldtable, tgnewtable)"
)
_RULE = (
    "concat_ws('/', oid, rulename, ev_type, ev_enabled, is_instead, ev_qual::text, ev_action::text)"
)


def _version(key: str) -> str:
    return f"concat_ws('/', {key}, xmin)"


_OF_RELATIONS = {
    "pg_attribute": ("attrelid", _version("attrelid, attnum")),
    "pg_attrdef": ("adrelid", _version("oid")),
    "pg_index": ("indrelid", _INDEX),
    "pg_trigger": ("tgrelid", _TRIGGER),
    "pg_rewrite": ("ev_class", _RULE),
    "pg_policy": ("polrelid", _version("oid")),
    "pg_inherits": ("inhrelid", _version("inhrelid, inhparent")),
    "pg_partitioned_table": ("partrelid", _version("partrelid")),
    "pg_sequence": ("seqrelid", _version("seqrelid")),
    "pg_foreign_table": ("ftrelid", _version("ftrelid")),
}
_OF_NAMESPACES = {
    "pg_type": "typnamespace",
    "pg_proc": "pronamespace",
    "pg_constraint": "connamespace",
    "pg_statistic_ext": "stxnamespace",
}
_OTHERS = {
    "pg_aggregate": "aggfnoid::oid",
    "pg_amop": "oid",
    "pg_amproc": "oid",
    "pg_am": "oid",
    "pg_cast": "oid",
    "pg_collation": "oid",
    "pg_conversion": "oid",
    "pg_default_acl": "oid",
    "pg_description": "objoid",
    "pg_enum": "oid",
    "pg_event_trigger": "oid",
    "pg_extension": "oid",
    "pg_foreign_data_wrapper": "oid",
    "pg_foreign_server": "oid",
    "pg_language": "oid",
    "pg_opclass": "oid",
    "pg_operator": "oid",
    "pg_opfamily": "oid",
    "pg_publication": "oid",
    "pg_publication_rel": "oid",
    "pg_range": "rngtypid",
    "pg_seclabel": "objoid",
    "pg_transform": "oid",
    "pg_ts_config": "oid",
    "pg_ts_config_map": "mapcfg",
    "pg_ts_dict": "oid",
    "pg_ts_parser": "oid",
    "pg_ts_template": "oid",
}
"""Catalogues of objects that belong to no schema of ours, with the column that says whether they are
the system's."""


def _sum(catalogue: str, what: str, where: str) -> str:
    sums = f"SELECT coalesce(sum(hashtextextended({what}, 0)), 0)"
    return f"({sums} FROM pg_catalog.{catalogue} WHERE {where})"


def _sums() -> list[str]:
    system = {"pg_description": "objoid, classoid, objsubid", "pg_seclabel": "objoid, classoid"}
    return [
        _sum("pg_namespace", _version("oid"), f"oid IN {_NAMESPACES}"),
        _sum("pg_class", _CLASS, f"oid IN {_RELATIONS}"),
        *(
            _sum(name, what, f"{relation} >= 16384 AND {relation} IN {_RELATIONS}")
            for name, (relation, what) in _OF_RELATIONS.items()
        ),
        *(
            _sum(name, _version("oid"), f"oid >= 16384 AND {namespace} IN {_NAMESPACES}")
            for name, namespace in _OF_NAMESPACES.items()
        ),
        *(
            _sum(name, _version(system.get(name, key)), f"{key} >= 16384")
            for name, key in _OTHERS.items()
        ),
        # Rights on the server's own functions and relations are few; a comment is not ours either.
        "(SELECT coalesce(sum(hashtextextended(concat_ws('/', umid, umoptions::text), 0)), 0) "
        "FROM pg_catalog.pg_user_mappings)",
    ]


WATCH = f"""
CREATE TABLE {SCHEMA}.watched (shape text);
INSERT INTO {SCHEMA}.watched VALUES (NULL);

-- What all definitions are, as a text that changes with any of them. A view with a unique index may
-- be refreshed in place, so its rows are looked at.
CREATE FUNCTION {SCHEMA}.shape() RETURNS text LANGUAGE plpgsql AS $$
DECLARE _shape text; _view record; _rows text;
BEGIN
    {_WITH} SELECT concat_ws(',', {", ".join(_sums())}) INTO _shape;
    FOR _view IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relkind = 'm' AND c.relispopulated
        AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique)
        ORDER BY c.oid
    LOOP
        EXECUTE format('SELECT concat(count(*), ''/'', sum(hashtextextended(ctid::text || xmin, 0))) '
                       'FROM %s', _view.name) INTO _rows;
        _shape := concat_ws(',', _shape, _rows);
    END LOOP;
    RETURN _shape;
END $$;

-- Has what is there now become what is known.
CREATE FUNCTION {SCHEMA}.learn() RETURNS void LANGUAGE sql AS $$
    UPDATE {SCHEMA}.watched SET shape = {SCHEMA}.shape()
$$;

-- Notes DDL as an event trigger would, where definitions are not what is known.
CREATE FUNCTION {SCHEMA}.look() RETURNS void LANGUAGE plpgsql AS $$
DECLARE _shape text := {SCHEMA}.shape();
BEGIN
    UPDATE {SCHEMA}.watched SET shape = _shape WHERE shape IS DISTINCT FROM _shape;
    IF FOUND THEN INSERT INTO {SCHEMA}.ddl (tag) VALUES ('a change of definitions'); END IF;
END $$;
"""

IS_WATCHED = f"SELECT to_regclass('{SCHEMA}.watched') IS NOT NULL"
"""Whether `WATCH` is what notices DDL in this database."""

LOOK = f"SELECT {SCHEMA}.look()"
LEARN = f"SELECT {SCHEMA}.learn()"
DIFFERS = f"SELECT {SCHEMA}.shape() IS DISTINCT FROM (SELECT w.shape FROM {SCHEMA}.watched w)"
