"""What a database is beside its rows, as text: for comparisons in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_seedstate.stores.postgres.catalog import USER_SCHEMA
from pytest_seedstate.stores.postgres.names import SCHEMA, TRIGGERS, title

if TYPE_CHECKING:
    import psycopg

_OURS = ", ".join(f"'{name}'" for name in TRIGGERS.values())
_RELATION = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"

# Each row: schema, relation (empty for none), what, definition.
_QUERY = f"""
SELECT n.nspname, '', 'schema', concat_ws(' ', n.nspowner::regrole, n.nspacl::text)
FROM pg_namespace n WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, c.relname, 'kind', concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity,
       c.relforcerowsecurity, c.relowner::regrole, c.relacl::text, c.reloptions::text,
       pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid))
FROM {_RELATION} WHERE {USER_SCHEMA} AND c.relkind NOT IN ('i', 'I', 't', 'c')
UNION ALL
SELECT n.nspname, c.relname, 'inherits from ' || i.inhparent::regclass, i.inhseqno::text
FROM pg_inherits i JOIN {_RELATION} ON c.oid = i.inhrelid WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, c.relname, 'column ' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
       pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attacl::text,
       a.attoptions::text, CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation::text END)
FROM pg_attribute a JOIN {_RELATION} ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE {USER_SCHEMA} AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT n.nspname, coalesce(c.relname, ''), 'constraint ' || k.conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
LEFT JOIN pg_class c ON c.oid = k.conrelid WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, c.relname, 'index ' || x.relname,
       concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered)
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN {_RELATION} ON c.oid = i.indrelid
WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, c.relname, 'trigger ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
FROM pg_trigger t JOIN {_RELATION} ON c.oid = t.tgrelid
WHERE {USER_SCHEMA} AND NOT t.tgisinternal AND t.tgname NOT IN ({_OURS})
UNION ALL
SELECT n.nspname, c.relname, 'rule ' || r.rulename, concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled)
FROM pg_rewrite r JOIN {_RELATION} ON c.oid = r.ev_class WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, c.relname, 'policy ' || p.polname, concat_ws(' ', p.polcmd, p.polpermissive,
       p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid),
       pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN {_RELATION} ON c.oid = p.polrelid WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, c.relname, 'sequence', concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart,
       s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
FROM pg_sequence s JOIN {_RELATION} ON c.oid = s.seqrelid WHERE {USER_SCHEMA}
UNION ALL
SELECT n.nspname, '', 'function ' || p.oid::regprocedure,
       concat_ws(' ', CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid)
       ELSE p.prosrc END, p.proowner::regrole, p.proacl::text)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {USER_SCHEMA} AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')
UNION ALL
SELECT n.nspname, '', 'type ' || t.typname, concat_ws(' ', t.typtype, t.typnotnull, t.typdefault,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid), t.typowner::regrole, t.typacl::text)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE {USER_SCHEMA} AND t.typtype IN ('c', 'd', 'e', 'r') AND (c.oid IS NULL OR c.relkind = 'c')
UNION ALL
SELECT '', '', 'extension ' || x.extname, x.extversion FROM pg_extension x
UNION ALL
SELECT '', '', 'event trigger ' || v.evtname, concat_ws(' ', v.evtevent, v.evtfoid::regproc, v.evtenabled)
FROM pg_event_trigger v JOIN pg_proc p ON p.oid = v.evtfoid
JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> '{SCHEMA}'
UNION ALL
SELECT '', '', 'database', concat_ws(' ', d.datdba::regrole, d.datacl::text, d.datconnlimit,
       d.datallowconn, d.datistemplate, shobj_description(d.oid, 'pg_database'))
FROM pg_database d WHERE d.datname = current_database()
UNION ALL
SELECT '', '', concat_ws(' ', 'settings', CASE WHEN s.setrole <> 0 THEN s.setrole::regrole::text END),
       s.setconfig::text
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
WHERE d.datname = current_database()
UNION ALL
SELECT '', '', 'comment', concat_ws(' ', o.type, o.identity, d.description)
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o
WHERE d.objoid >= 16384 AND o.identity IS NOT NULL AND o.identity NOT LIKE '%{SCHEMA}%'
"""


def read_definitions(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str, Any]]:
    """Table or other relation (empty for none), what of it, its definition as SQL has it."""
    rows = connection.execute(_QUERY).fetchall()
    for schema, relation, what, definition in sorted(rows, key=str):
        if relation:
            yield title(schema, relation), what, definition
        else:
            yield "", f"{what} {schema}".strip() if what == "schema" else what, definition
