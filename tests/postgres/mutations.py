"""Every operation that PostgreSQL's rewind rests on, left out one by one, and what notices it."""

from __future__ import annotations

from tests.mutation import Mutation

MACHINE = "tests/postgres/test_machine.py::test_whatever_is_done_comes_back"
WRITERS = "tests/postgres/test_writers.py"
CRASHES = "tests/postgres/test_crashes.py::"
POSITIONS = "tests/postgres/test_positions.py::"
BASELINES = "tests/postgres/test_baselines.py::"
APPLICATIONS = "tests/postgres/test_applications.py::"
DISPOSABLE = "tests/postgres/test_disposable.py::"
REPLACING = "tests/postgres/test_replacing.py::"
SETTINGS = "tests/postgres/test_settings.py::"
UNTOLD = "tests/postgres/test_untold.py::"
VIEWS = "tests/postgres/test_views.py::"

_LOGS = "stores/postgres/install_sql.py"
_SERVER = "stores/postgres/server_sql.py"
_DATABASE = "stores/postgres/database.py"
_JOURNAL = "stores/postgres/journal.py"
_CATALOG = "stores/postgres/catalog.py"
_CONTROL = "stores/postgres/control.py"
_FILLING = "stores/postgres/filling.py"
_REDO = "stores/postgres/redo.py"
_CLONES = "stores/postgres/clones.py"
_RETRYING = "stores/postgres/retrying.py"
_WITHOUT = "stores/postgres/disposable.py"
_CLONE = "stores/postgres/watched_clone.py"
_SETTINGS = "stores/postgres/settings.py"
_VIEWS = "stores/postgres/views.py"

_RECORDING = (
    Mutation(
        "INSERT is logged",
        _LOGS,
        "TG_OP = 'INSERT' THEN {inserted};",
        "TG_OP = 'INSERT' THEN NULL;",
    ),
    Mutation(
        "UPDATE is logged", _LOGS, "TG_OP = 'UPDATE' THEN {updated};", "TG_OP = 'UPDATE' THEN NULL;"
    ),
    Mutation(
        "DELETE is logged", _LOGS, "TG_OP = 'DELETE' THEN {deleted};", "TG_OP = 'DELETE' THEN NULL;"
    ),
    Mutation(
        "TRUNCATE is logged",
        _LOGS,
        'ELSE {target} SELECT 1{_images(table, "t")} FROM ONLY {table.sql} t;',
        "ELSE NULL;",
    ),
    Mutation("old images of an UPDATE", _LOGS, "{target} {old} UNION ALL {new}", "{target} {new}"),
    Mutation("new images of an UPDATE", _LOGS, "{target} {old} UNION ALL {new}", "{target} {old}"),
    Mutation(
        "old images of an UPDATE, row by row",
        _LOGS,
        "VALUES (1{_images(table, 'OLD')}), (-1{_images(table, 'NEW')})",
        "VALUES (-1{_images(table, 'NEW')})",
    ),
    Mutation(
        "new images of an UPDATE, row by row",
        _LOGS,
        "VALUES (1{_images(table, 'OLD')}), (-1{_images(table, 'NEW')})",
        "VALUES (1{_images(table, 'OLD')})",
    ),
    Mutation(
        "partitions and heirs are logged row by row",
        _CATALOG,
        "EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)),",
        "false,",
    ),
    Mutation(
        "triggers fire in replica mode",
        _LOGS,
        '    statements.append(f"ALTER TABLE {table.sql} {always};")\n',
    ),
    Mutation(
        "the journal's own writes are not logged",
        _LOGS,
        "= 'on' THEN RETURN NULL; END IF;",
        "= 'on' THEN NULL; END IF;",
    ),
    Mutation(
        "DDL is noted",
        _SERVER,
        "        INSERT INTO {SCHEMA}.ddl (tag, object)\n"
        "        VALUES (_command.command_tag, _command.object_identity);\n",
    ),
    Mutation(
        "drops are noted",
        _SERVER,
        "INSERT INTO {SCHEMA}.ddl (tag, object) VALUES (TG_TAG, _object.object_identity);",
        "NULL;",
    ),
)

_UNDOING = (
    Mutation(
        "an undo knows what came before its position",
        _LOGS,
        'f"({since} IS NULL OR NOT pg_visible_in_snapshot(l.xid, {since}))"',
        'f"{since} IS NULL OR true"',
    ),
    Mutation(
        "new rows go", _LOGS, "l;{remove}\n", "l;_found := coalesce(cardinality(_gone), 0);\n"
    ),
    Mutation(
        "old rows come back",
        _LOGS,
        '    {_insert(table, f"{table.log} l WHERE l.entry = ANY (seedstate._back)")}\n',
        "",
    ),
    Mutation(
        "new rows go where there is no key",
        _LOGS,
        "    IF _entries > 0 THEN\n        DELETE",
        "    IF false THEN\n        DELETE",
    ),
    Mutation("given values go into identity columns", _LOGS, " OVERRIDING SYSTEM VALUE ", " "),
    Mutation(
        "undone entries go",
        _LOGS,
        "{switch_off}{restore}{switch_on}    DELETE FROM {table.log} l\n    WHERE {_newer(table)};\n",
        "{switch_off}{restore}{switch_on}",
    ),
    Mutation(
        "the user's triggers do not fire", _CONTROL, '    "session_replication_role": "replica",\n'
    ),
    Mutation(
        "sequences are put back",
        _SERVER,
        "moved := {SCHEMA}.set_sequences(_wanted, _now);",
        "moved := 0;",
    ),
    Mutation("a sequence is as uncalled as it was", _SERVER, "w.value NOT LIKE '~%'", "true"),
    Mutation(
        "where an uncalled sequence stands",
        _SERVER,
        "coalesce(pg_sequence_last_value(s.oid)::text, {uncalled})",
        "pg_sequence_last_value(s.oid)::text",
    ),
    Mutation(
        "large objects are looked at",
        _SERVER,
        "       {LARGE_OBJECTS if objects_visible else _OBJECTS_READ}\nFROM",
        "       NULL::text\nFROM",
    ),
    Mutation(
        "large objects are put back",
        _JOURNAL,
        "            with self._control.transaction() as connection:\n"
        "                position.objects = self._database.write_objects(connection, position.large_objects)\n",
        "            position.objects = undone.objects\n",
    ),
    Mutation(
        "views are refreshed",
        _JOURNAL,
        "                refresh_views(connection, position.views)\n",
        "                pass\n",
    ),
    Mutation(
        "a lost way back leads to a clone",
        _JOURNAL,
        "                    rewound = self._replace(to, str(lost))\n",
        "                    raise\n",
    ),
    Mutation(
        "what came before a position is in the clone",
        _JOURNAL,
        "            self._database.redo(entries, position)\n",
        "            pass\n",
    ),
    Mutation(
        "what is redone is written",
        _REDO,
        '        connection.execute(f"SELECT {SCHEMA}.undo_{oid}(NULL, NULL)")\n',
    ),
    Mutation(
        "entries of what is redone are there again",
        _REDO,
        '(NULL, NULL)")\n        _write(connection, f"log_{oid}", data)\n',
        '(NULL, NULL)")\n',
    ),
    Mutation(
        "notes of what is redone are there again",
        _REDO,
        '    _write(connection, "ddl", entries.refreshes)\n',
    ),
)

_KEEPING = (
    Mutation(
        "tables that were written are saved",
        _DATABASE,
        "dirty = self._touched(connection) | unknown",
        "dirty = unknown",
    ),
    Mutation(
        "logs are emptied",
        _DATABASE,
        '            connection.execute(";".join(f"DELETE FROM {log}" for log in logs))\n',
    ),
    Mutation(
        "new tables are another generation",
        _DATABASE,
        "        if ddl:\n            self._generations",
        "        if not self.generation:\n            self._generations",
    ),
    Mutation(
        "a switch fills tables that differ",
        _JOURNAL,
        "if again or target.contents.get(oid) is not here.contents.get(oid)",
        "if again",
    ),
    Mutation(
        "a switch to other tables is a clone",
        _JOURNAL,
        "elif target.generation != self._database.generation:",
        "elif False:",
    ),
    Mutation(
        "a switch undoes what is not filled",
        _DATABASE,
        "row = connection.execute(_REWIND, (None, baseline.sequences, None, None)).fetchone()",
        "since = connection.execute('SELECT pg_current_snapshot()::text').fetchone()\n"
        "                row = connection.execute(\n"
        "                    _REWIND, (since[0], baseline.sequences, None, None)\n"
        "                ).fetchone()",
    ),
    Mutation(
        "a switch puts large objects back",
        _DATABASE,
        "                write_objects(connection, baseline.large_objects)\n",
    ),
    Mutation(
        "a switch refreshes views",
        _DATABASE,
        "                refresh_views(connection, baseline.views)\n",
    ),
    Mutation(
        "tables are emptied before they are filled",
        _FILLING,
        'statements = [f"DELETE FROM ONLY {tables[oid].sql}" for oid in wanted if oid not in large]',
        "statements = []",
    ),
    Mutation(
        "tables are filled",
        _FILLING,
        "        files.fill(connection, tables[oid], content)\n",
        "        pass\n",
    ),
    Mutation(
        "a clone is filled where its template differs",
        _DATABASE,
        "            or template.contents[oid] is not baseline.contents.get(oid)\n",
    ),
)

_DESPITE_WRITERS = (
    Mutation(
        "one snapshot for a whole rewind",
        _CONTROL,
        '"default_transaction_isolation": "repeatable read"',
        '"default_transaction_isolation": "read committed"',
    ),
    Mutation(
        "a rewind knows of transactions that go on",
        _SERVER,
        "settled := {SCHEMA}.settled();",
        "settled := true;",
    ),
    Mutation(
        "who goes on is not taken for clean",
        _DATABASE,
        "entry=entry if settled else None",
        "entry=entry",
    ),
    Mutation(
        "nor when a position is marked", _DATABASE, "entry=entry if row[1] else None", "entry=entry"
    ),
    Mutation(
        "the last entry is read before the rewind",
        _DATABASE,
        "            return self._undone(self.entry(), self.control.one(_REWIND, since))\n",
        "            row = self.control.one(_REWIND, since)\n"
        "            return self._undone(self.entry(), row)\n",
    ),
    Mutation(
        "live writers are tried again",
        _RETRYING,
        "_LIVE_WRITER = (errors.SerializationFailure, errors.UniqueViolation, errors.ExclusionViolation)",
        "_LIVE_WRITER = (errors.ExclusionViolation,)",
    ),
    Mutation(
        "what a switch leaves is the baseline's sequences",
        _DATABASE,
        "            position.sequences = baseline.sequences\n",
    ),
)


def case(name: str) -> str:
    """The node id of a case."""
    return f"tests/postgres/test_cases.py::test_case_comes_back[{name}]"


def alike(name: str) -> str:
    """The node id of a script that runs with the journal and without it."""
    return f"tests/postgres/test_alike.py::test_statements_do_what_they_do_without_us[{name}]"


PROOFS: dict[str, tuple[Mutation, ...]] = {
    MACHINE: _RECORDING + _UNDOING + _KEEPING,
    WRITERS: _DESPITE_WRITERS,
    BASELINES + "test_switching_keeps_connections_and_prepared_statements": (
        Mutation("logs of filled tables are emptied", _FILLING,
                 '    statements.extend(f"DELETE FROM {tables[oid].log}" for oid in wanted)\n'),
    ),
    BASELINES + "test_rows_that_were_written_before_their_table_changed_are_kept": (
        Mutation("tables of which nothing is known are saved", _DATABASE,
                 "dirty = self._touched(connection) | unknown", "dirty = self._touched(connection)"),
    ),
    case("tables changed in replica mode"): (
        Mutation("DDL is noted in replica mode", _SERVER, "ALTER EVENT TRIGGER seedstate_ddl ENABLE ALWAYS;\n"),
    ),
    case("a view dropped in replica mode"): (
        Mutation("drops are noted in replica mode", _SERVER, "ALTER EVENT TRIGGER seedstate_drop ENABLE ALWAYS;\n"),
    ),
    case("every type, another session's formats"): (
        Mutation("images do not depend on the session", _LOGS,
                 "if any(column.pinned for column in table.logged):", "if False:"),
    ),
    case("user triggers enabled always"): (
        Mutation("triggers that always fire are off during an undo", _LOGS,
                 "{switch_off}{restore}{switch_on}", "{restore}"),
        Mutation("and on again after it", _LOGS, "{switch_off}{restore}{switch_on}", "{switch_off}{restore}"),
    ),
    case("unique key with NULLs is none"): (
        Mutation("a key has no NULL", _CATALOG, " AND NOT a.attnotnull)", " AND false)"),
    ),
    case("unique indexes of some rows or of expressions are no keys"): (
        Mutation("a key is of all rows", _CATALOG, "  AND i.indpred IS NULL AND", "  AND"),
        Mutation("a key is of columns", _CATALOG, " AND i.indexprs IS NULL\n", "\n"),
    ),
    case("nondeterministic collation as key"): (
        Mutation("keys compare as the column does", _LOGS,
                 'return f"({value}) COLLATE {column.collation}" if column.collation else value',
                 "return value"),
    ),
    alike("rename a column, then write"): (
        Mutation("a changed table is let go", _SERVER, "PERFORM {SCHEMA}.release(_command.objid);", "NULL;"),
    ),
    alike("types dropped with cascade"): (
        Mutation("a dropped column's table is let go", _SERVER,
                 "PERFORM {SCHEMA}.release(_object.objid);", "NULL;"),
    ),
    alike("an attribute of a table's type is renamed"): (
        Mutation("a changed type's tables are let go", _SERVER,
                 "WHERE c.reloftype IN (_command.objid, (", "WHERE false AND c.reloftype IN (_command.objid, ("),
    ),
    alike("rename a schema, then truncate"): (
        Mutation("a changed schema's tables are let go", _SERVER,
                 "            PERFORM {SCHEMA}.release(c.oid) FROM pg_catalog.pg_class c\n"
                 "            WHERE c.relnamespace = _command.objid;\n", "            NULL;\n"),
    ),
    alike("an extension with tables goes to another schema"): (
        Mutation("all tables are let go with an extension", _SERVER,
                 "PERFORM {SCHEMA}.release(t.relid) FROM {SCHEMA}.tables t;", "NULL;"),
    ),
    alike("a parent's column is renamed"): (
        Mutation("heirs are let go too", _SERVER,
                 "            UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN family f\n"
                 "                  ON i.inhparent OPERATOR(pg_catalog.=) f.oid\n"),
    ),
    alike("functions of the user that have the names of the server's"): (
        Mutation("only functions of the server are called", _SERVER,
                 "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$\n"
                 "DECLARE _command record;", "LANGUAGE plpgsql SECURITY DEFINER AS $$\nDECLARE _command record;"),
    ),
    APPLICATIONS + "test_a_role_with_few_rights_is_journaled": (
        Mutation("logs need no rights", _LOGS, "LANGUAGE plpgsql SECURITY DEFINER{settings}", "LANGUAGE plpgsql{settings}"),
    ),
    APPLICATIONS + "test_a_prepared_transaction_that_stays_is_rolled_back": (
        Mutation("prepared transactions are waited for", "stores/postgres/blockers.py",
                 "UNION ALL SELECT NULL, gid FROM pg_prepared_xacts WHERE database = current_database()\n"),
    ),
    APPLICATIONS + "test_a_prepared_transaction_that_only_holds_locks_is_rolled_back": (
        Mutation("a prepared transaction is not clean", _SERVER,
                 "\n    AND NOT EXISTS (SELECT FROM pg_prepared_xact() p WHERE p.dbid = {here})"),
    ),
    SETTINGS + "test_what_is_changed_comes_back": (
        Mutation("settings are looked at", _DATABASE, " and self.settings.are(position.settings, snapshot)"),
        Mutation("settings are looked at again", _SETTINGS, "if snapshot == self._seen_at", "if self._seen_at"),
        Mutation("settings are put back", _JOURNAL,
                 "            self._database.settings.put(position.settings)\n"),
        Mutation("what there was not is taken away", _SETTINGS,
                 "                connection.execute(statement)\n            for", "                pass\n            for"),
    ),
    UNTOLD + "test_it_is_found_and_undone": (
        Mutation("definitions are looked at", _SETTINGS, " and self.untold == self.known"),
    ),
    UNTOLD + "test_it_is_found_by_a_rewind_of_rows": (
        Mutation("definitions are looked at after rows were put back", _SETTINGS,
                 "        if self.untold != self.known:\n", "        if not self.known:\n"),
    ),
    UNTOLD + "test_a_wider_fixture_may_make_one": (
        Mutation("definitions are noted before a position's entry", _JOURNAL,
                 "                self._database.ddl()\n                entry", "                entry"),
    ),
    UNTOLD + "test_a_baseline_may_have_one": (
        Mutation("definitions of a baseline that is switched to", _DATABASE,
                 "        self.settings.known = baseline.untold\n"),
    ),
    POSITIONS + "test_large_objects_are_the_same_for_every_position_in_a_clone": (
        Mutation("large objects are known after a clone", _JOURNAL,
                 "redo(entries, position)\n            self._share_objects(position)\n", "redo(entries, position)\n"),
    ),
    SETTINGS + "test_each_position_has_its_own": (
        Mutation("a position has its settings on a clone", _DATABASE,
                 "        self.settings.put(position.settings)\n"),
    ),
    SETTINGS + "test_each_baseline_has_its_own": (
        Mutation("a switch puts settings back", _DATABASE, "        self.settings.put(baseline.settings)\n"),
    ),
    SETTINGS + "test_a_database_that_is_marked_as_a_template_can_be_replaced": (
        Mutation("the mark of a template does not keep a database", _CLONES,
                 '            connection.execute(f"ALTER DATABASE {quote(control.dbname)} IS_TEMPLATE false")\n',
                 "            raise\n"),
    ),
    VIEWS + "test_a_refresh_finds_what_a_test_begins_with": (
        Mutation("a baseline's views are fresh", _DATABASE,
                 "        refresh_stale(self.control, self._touched(self.control.connection), unknown)\n"),
    ),
    VIEWS + "test_views_upon_views_are_refreshed_in_their_order": (
        Mutation("views are refreshed after those they read", _VIEWS, "reads[oid]) for oid in order)",
                 "reads[oid]) for oid in found)"),
        Mutation("a view is as old as those it reads", _VIEWS, "            last[view.oid] = refresh\n",
                 "            pass\n"),
    ),
    VIEWS + "test_what_is_read_indirectly": (
        Mutation("a load refreshes views", "stores/postgres/store.py",
                 "                refresh_after(connection, {ANYTHING} if tables & plan.triggered else tables)\n"),
        Mutation("triggers write elsewhere", "stores/postgres/store.py",
                 "{ANYTHING} if tables & plan.triggered else tables", "tables"),
        Mutation("functions read anything", _VIEWS, "if ANYTHING in view.reads or", "if"),
        Mutation("rows of partitions and heirs are read", _VIEWS,
                 "UNION SELECT inhparent::int8, inhrelid::int8 FROM pg_inherits\n"),
        Mutation("rows arrive in partitions", _VIEWS,
                 "UNION SELECT inhrelid::int8, inhparent::int8 FROM pg_inherits\n"),
    ),
    VIEWS + "test_views_without_data_stay_so": (
        Mutation("a view that is read is filled for a moment", _VIEWS,
                 "if view.populated or view.oid in read:", "if view.populated:"),
    ),
    APPLICATIONS + "test_a_prepared_transaction_does_not_hold_up_a_clone": (
        Mutation("prepared transactions are rolled back before a clone", _CLONES,
                 "            end_prepared(control)\n"),
    ),
    CRASHES + "test_a_crash_is_never_clean": (
        Mutation("a clean database has its mark", _DATABASE,
                 "known = [self._nonce, position.entry", "known = [found[0], position.entry"),
        Mutation("a lost mark is a lost journal", _DATABASE, "if nonce != self._nonce or not nonce:", "if False:"),
        Mutation("a template's unlogged tables are filled again", _DATABASE, "            or table.unlogged\n"),
    ),
    CRASHES + "test_a_crash_while_data_was_loaded_is_no_baseline": (
        Mutation("nothing is kept after a crash", _DATABASE,
                 "            if self._nonce and isinstance(lost, CrashedError):\n                raise\n"),
    ),
    POSITIONS + "test_later_positions_are_gone_after_a_rewind": (
        Mutation("later positions are forgotten", _JOURNAL, "            del self._positions[later]\n", "            pass\n"),
    ),
    POSITIONS + "test_views_are_refreshed_once": (
        Mutation("notes of refreshed views go", _SERVER,
                 "    DELETE FROM {SCHEMA}.ddl d WHERE _since IS NULL OR NOT pg_visible_in_snapshot(d.xid, _since);\n"),
    ),
    POSITIONS + "test_position_with_ddl_before_it": (
        Mutation("logs follow DDL when a position is marked", _JOURNAL,
                 "                self._database.renew_logs(self._positions.values())\n"),
    ),
    POSITIONS + "test_position_survives_ddl_after_it": (
        Mutation("later entries have later numbers", _REDO,
                 "    connection.execute(f\"SELECT setval('{SCHEMA}.entry', %s)\", (entries.last,))\n"),
        Mutation("entries outlive the logs of changed tables", _DATABASE,
                 "            position.entries = self.entries_before(position)\n", "            pass\n"),
    ),
    BASELINES + "test_logs_that_disagree_with_rows_lead_to_a_clone": (
        Mutation("logs and rows agree", _LOGS, "IF _found <> coalesce(cardinality(_gone), 0) THEN", "IF false THEN"),
    ),
    BASELINES + "test_most_rows_changed_are_read_back": (
        Mutation("most rows changed are read back", _LOGS, "    IF entries > _limit THEN RETURN; END IF;\n"),
    ),
    BASELINES + "test_cached_sequences_only_move_forward": (
        Mutation("sequences with a cache are not put back", _CATALOG, "s.seqcache > 1", "false"),
        Mutation("they are never behind a baseline", _DATABASE,
                 "                set_cached(connection, baseline.cached)\n"),
    ),
    DISPOSABLE + "test_each_clone_has_the_databases_settings": (
        Mutation("a clone has the database's settings", _CLONES,
                 "            for statement in template.settings:\n                connection.execute(statement)\n"),
    ),
    REPLACING + "test_sessions_that_keep_connecting_cannot_prevent_it": (
        Mutation("a dropped database ends its sessions", _CLONES, " WITH (FORCE)"),
    ),
    APPLICATIONS + "test_rows_that_are_locked_are_not_clean": (
        Mutation("an older transaction is looked for", _SERVER, "pg_snapshot_xmin(s) = pg_snapshot_xmax(s) AND "),
        Mutation("the latest transaction is looked for", _SERVER, " AND age(pg_snapshot_xmax(s)::xid) = 0"),
    ),
    REPLACING + "test_a_replacement_that_was_interrupted_is_never_clean": (
        Mutation("a database that is being replaced has no mark", _DATABASE,
                 "        self._nonce = \"\"\n        template = self", "        template = self"),
    ),
    DISPOSABLE + "test_whatever_is_written_is_gone": (
        Mutation("a later transaction is no clean clone", _CLONE, " and last == (self._named_by,)", ""),
        Mutation("a moved sequence is no clean clone", _CLONE,
                 "first == self._look.answer", "bool(first) and first[1:] == (False,)"),
    ),
    DISPOSABLE + "test_open_transactions_are_never_clean": (
        Mutation("an open transaction is no clean clone", _CLONE, "first == self._look.answer",
                 "bool(first) and first[:1] == self._look.answer[:1]"),
    ),
    DISPOSABLE + "test_nothing_of_ours_is_in_it": (
        Mutation("nothing of ours is in a clone", _WITHOUT,
                 '            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")\n'),
    ),
    DISPOSABLE + "test_a_crash_is_never_clean": (
        Mutation("after a crash clones are made from another template", _JOURNAL,
                 "            if self._disposable.is_trusted:\n", "            if True:\n"),
    ),
}  # fmt: skip
"""Mutations by the proof that fails of them: the machine, the writers, or what is tried apart,
because it matters in a moment or to a schema that the machine does not have."""

MUTATIONS: tuple[Mutation, ...] = tuple(each for group in PROOFS.values() for each in group)


def proof_of(mutation: Mutation) -> str:
    """The node id of what notices it."""
    return next(proof for proof, group in PROOFS.items() if mutation in group)
