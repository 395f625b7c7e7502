"""An independent look at a whole database: rows as text, sequences, definitions, large objects.

Nothing of the code under test is used; what it adds to a database is left out by its names.
"""

from __future__ import annotations

from typing import Any

import psycopg

_RELATIONS = """
SELECT n.nspname, c.relname, c.relkind::text, c.relispopulated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'S', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'seedstate_journal')
AND n.nspname !~ '^pg_'
"""

_DEFINITIONS = """
SELECT 'column', a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod),
       a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')
AND n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'constraint', c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), '', ''
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisclustered::text, '', ''
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text, '', '' FROM pg_trigger
WHERE NOT tgisinternal AND tgname !~ '^seedstate_'
UNION ALL
SELECT 'function', p.oid::regprocedure::text, md5(p.prosrc), '', '', ''
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'type', t.oid::regtype::text, t.typtype::text,
       (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
       '', '' FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'comment', classoid::regclass::text, description, '', '', '' FROM pg_description d
WHERE d.classoid = 'pg_class'::regclass AND d.objoid >= 16384
  AND d.objoid NOT IN (SELECT c.oid FROM pg_class c WHERE c.relnamespace = to_regnamespace('seedstate_journal'))
UNION ALL
SELECT 'grant', c.oid::regclass::text, c.relacl::text, '', '', ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relacl IS NOT NULL AND n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'relation', c.oid::regclass::text, c.relkind::text || c.relpersistence::text,
       concat_ws(' ', c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner)),
       pg_get_expr(c.relpartbound, c.oid), concat(s.seqincrement, ',', s.seqmin, ',', s.seqcache)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE n.nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'policy', polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid),
       pg_get_expr(polwithcheck, polrelid), polroles::text FROM pg_policy
UNION ALL
SELECT 'rule', r.ev_class::regclass::text, r.rulename, pg_get_ruledef(r.oid), r.ev_enabled::text, ''
FROM pg_rewrite r WHERE r.ev_class >= 16384
UNION ALL
SELECT 'inheritance', inhrelid::regclass::text, inhparent::regclass::text, '', '', ''
FROM pg_inherits
UNION ALL
SELECT 'schema', nspname, nspacl::text, pg_get_userbyid(nspowner), '', '' FROM pg_namespace
WHERE nspname !~ '^(pg_|information_schema|seedstate)'
UNION ALL
SELECT 'extension', extname, extversion, '', '', '' FROM pg_extension
"""


def full_dump(conninfo: str) -> dict[str, Any]:
    """All that a database holds, in plain Python values that compare."""
    with connect(conninfo) as connection:
        return dump(connection)


def connect(conninfo: str) -> psycopg.Connection[Any]:
    """A connection for `dump`, which may be used again and again."""
    connection = psycopg.connect(conninfo, autocommit=True, application_name="dump")
    connection.execute(
        "SET default_transaction_read_only = on; SET timezone = 'UTC'; "
        "SET extra_float_digits = 1; SET search_path = ''"
    )
    return connection


def dump(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """See `full_dump`."""
    found: dict[str, Any] = {}
    queries = []
    for schema, name, kind, populated in connection.execute(_RELATIONS).fetchall():
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
        place = f"{kind} {quoted}"
        if kind == "m" and not populated:
            found[place] = "not populated"
            continue
        found[place] = []
        # Of a sequence, log_cnt is how many values are pre-logged in the WAL: no user sees it.
        row = "(t.last_value, t.is_called)" if kind == "S" else "(t.*)"
        only = "ONLY " if kind == "r" else ""
        literal = place.replace("'", "''")
        queries.append(f"SELECT '{literal}', {row}::text FROM {only}{quoted} t")
    # The bytes themselves: a name may have a percent sign.
    for place, row in connection.execute(" UNION ALL ".join(queries).encode()) if queries else ():
        found[place].append(row)
    for rows in found.values():
        if isinstance(rows, list):
            rows.sort()
    found["definitions"] = sorted(connection.execute(_DEFINITIONS).fetchall(), key=repr)
    found["large objects"] = connection.execute(
        "SELECT oid, lomowner, lomacl::text, md5(lo_get(oid)) "
        "FROM pg_largeobject_metadata ORDER BY oid"
    ).fetchall()
    found["settings"] = connection.execute(
        "SELECT pg_get_userbyid(d.datdba), d.datacl::text, d.datconnlimit, d.datallowconn, "
        "d.datistemplate, shobj_description(d.oid, 'pg_database'), s.setrole, s.setconfig "
        "FROM pg_database d "
        "LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid "
        "WHERE d.datname = current_database() ORDER BY 7"
    ).fetchall()
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is not the same, one line each; empty when all is."""
    lines = []
    for place in sorted(before.keys() | after.keys()):
        old, new = before.get(place), after.get(place)
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list):
            lines.append(
                f"{place}: lost {[row for row in old if row not in new][:5]}, "
                f"has {[row for row in new if row not in old][:5]} ({len(old)} to {len(new)} rows)"
            )
        else:
            lines.append(f"{place}: {str(old)[:200]} became {str(new)[:200]}")
    return lines
