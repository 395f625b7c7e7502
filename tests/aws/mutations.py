"""Every operation that the rewind of DynamoDB and S3 rests on, left out one by one."""

from __future__ import annotations

from tests.mutation import Mutation

_AWS, _HOST = "services/aws", "services/host"
_RECORDER, _MIDDLEWARE, _MOTO = (
    f"{_AWS}/{name}.py" for name in ("recorder", "middleware", "moto_state")
)
_JOURNAL, _PROCESS, _SERVER, _PROCESSES = (
    f"{_HOST}/{name}.py" for name in ("journal", "process", "server", "processes")
)
_CASES = "tests/aws/test_cases.py::test_case_comes_back"
_TESTS = "tests/aws/test_"


def _case(name: str) -> str:
    return f"{_CASES}[{name}]"


def _write(name: str) -> str:
    return f"{_TESTS}rewind.py::test_write_is_noticed_and_undone[{name}]"


def _read(action: str) -> Mutation:
    """A write that is on the list of reads."""
    return Mutation(
        f"{action} is no read",
        _RECORDER,
        'frozenset({"Query", "Scan", "TransactGetItems"})',
        f'frozenset({{"Query", "Scan", "TransactGetItems", "{action}"}})',
    )


def _prefix(prefix: str) -> Mutation:
    """Actions of all services that are taken for reads by how they begin."""
    return Mutation(
        f"{prefix} of other services are no reads",
        _RECORDER,
        '_READ_PREFIXES = ("Get", ',
        f'_READ_PREFIXES = ("{prefix}", "Get", ',
    )


_READS = (
    (_case("item-put, new"), _read("PutItem")),
    (_case("item-update: SET"), _read("UpdateItem")),
    (_case("item-delete"), _read("DeleteItem")),
    (_case("item-batch"), _read("BatchWriteItem")),
    (_case("item-transaction"), _read("TransactWriteItems")),
    (_case("item-PartiQL: UPDATE"), _read("ExecuteStatement")),
    (_case("item-PartiQL: batch"), _read("BatchExecuteStatement")),
    (_case("item-PartiQL: transaction"), _read("ExecuteTransaction")),
    (_case("table-create"), _read("CreateTable")),
    (_case("table-delete"), _read("DeleteTable")),
    (_case("table-index: create"), _read("UpdateTable")),
    (_case("table-time to live: on"), _read("UpdateTimeToLive")),
    (_case("table-tags"), _read("TagResource")),
    (_case("table-tags: fewer"), _read("UntagResource")),
    (_case("table-policy"), _read("PutResourcePolicy")),
    (_case("table-policy: deleted"), _read("DeleteResourcePolicy")),
    (_case("table-points in time"), _read("UpdateContinuousBackups")),
    (_case("table-points in time: restored"), _read("RestoreTableToPointInTime")),
    (_case("table-backup"), _read("CreateBackup")),
    (_case("table-backup: deleted"), _read("DeleteBackup")),
    (_case("table-backup: restored"), _read("RestoreTableFromBackup")),
    (_case("table-export"), _read("ExportTableToPointInTime")),
    (_case("table-import"), _read("ImportTable")),
    (_write("send message"), _prefix("Send")),
    (_write("create topic"), _prefix("Create")),
    (_write("publish"), _prefix("Publish")),
    *(
        (
            _case(f"item-PartiQL: {word}"),
            Mutation(
                f"{word} is not only looking",
                _RECORDER,
                '.startswith(("SELECT", "EXISTS"))',
                f'.startswith(("SELECT", "EXISTS", "{word}"))',
            ),
        )
        for word in ("INSERT", "UPDATE", "DELETE")
    ),
    *(
        (
            _case(name),
            Mutation(
                f"{method} of S3 is no read",
                _RECORDER,
                'request.method in ("GET", "HEAD", "OPTIONS")',
                f'request.method in ("GET", "HEAD", "OPTIONS", "{method}")',
            ),
        )
        for method, name in (
            ("PUT", "object-put, new"),
            ("POST", "object-form of a browser"),
            ("DELETE", "object-delete"),
        )
    ),
)

_TOUCHES = (
    (
        _case("item-put, new"),
        Mutation(
            "items that are put are named",
            _RECORDER,
            'return [self._item(asked["TableName"], asked["Item"])]',
            "return []",
        ),
    ),
    (
        _case("item-update: SET"),
        Mutation(
            "items that are updated or deleted are named",
            _RECORDER,
            'return [self._key(asked["TableName"], asked["Key"])]',
            "return []",
        ),
    ),
    (
        _case("item-batch"),
        Mutation(
            "all of a batch is named",
            _RECORDER,
            "for member in members\n",
            "for member in members[:1]\n",
        ),
    ),
    (
        _case("item-transaction"),
        Mutation(
            "puts of a transaction are named", _RECORDER, 'if kind == "Put"', 'if kind == "No"'
        ),
    ),
    (
        _case("item-transaction"),
        Mutation(
            "updates of a transaction are named",
            _RECORDER,
            'if kind != "ConditionCheck"',
            'if kind == "Put"',
        ),
    ),
    (
        _case("table-delete"),
        Mutation(
            "tables whose keys cannot be told are named",
            _RECORDER,
            'whole = [Touch("dynamodb", region, table) for table in tables]',
            "whole: list[Touch] = []",
        ),
    ),
    (
        _case("table-points in time: restored"),
        Mutation("tables that are made of others are named", _RECORDER, ' "TargetTableName",'),
    ),
    (
        _case("table-import"),
        Mutation(
            "imported tables are named",
            _RECORDER,
            '        names.append(creation.get("TableName"))\n',
            "        pass\n",
        ),
    ),
    (
        _case("table-export"),
        Mutation(
            "the bucket of an export is named",
            _RECORDER,
            '        whole.append(Touch("s3", "", asked["S3Bucket"]))\n',
            "        pass\n",
        ),
    ),
    (
        _case("item-PartiQL: UPDATE"),
        Mutation("tables of statements are named", _RECORDER, "INTO|UPDATE|FROM", "INTO|FROM"),
    ),
    (
        _case("object-put, new"),
        Mutation(
            "objects are named",
            _RECORDER,
            'return Write("s3", action, (Touch("s3", "", bucket, key), *logged), note)',
            'return Write("s3", action, logged, note)',
        ),
    ),
    (
        _case("object-delete many"),
        Mutation(
            "objects that are deleted together are named",
            _RECORDER,
            "for name, _ in named)",
            "for name, _ in named[:1])",
        ),
    ),
    (
        _case("object-form of a browser"),
        Mutation(
            "objects of forms are named",
            _RECORDER,
            '(Touch("s3", "", bucket, form_key), *logged)',
            "logged",
        ),
    ),
    (
        _case("object-form of a browser, named by it"),
        Mutation(
            "buckets are named",
            _RECORDER,
            'return Write("s3", action, (Touch("s3", "", bucket), *logged), note)',
            'return Write("s3", action, logged, note)',
        ),
    ),
    (
        f"{_TESTS}hangups.py::test_reads_of_a_bucket_with_access_logs",
        Mutation(
            "reads that are logged count", _RECORDER, "if logged else None", "if False else None"
        ),
    ),
    (
        f"{_TESTS}hangups.py::test_reads_of_a_bucket_with_access_logs",
        Mutation("logs are named", _RECORDER, '(Touch("s3", "", logs),)', "()"),
    ),
    (
        f"{_TESTS}recorder.py::test_writes_name_what_they_touch[delete]",
        Mutation("a key is one however it is sent", _RECORDER, "sort_keys=True", "sort_keys=False"),
    ),
    (
        f"{_TESTS}changes.py::test_number_keys",
        Mutation("equal numbers are one key", _RECORDER, "_one_spelling(item[name])", "item[name]"),
    ),
    (
        f"{_TESTS}changes.py::test_another_region",
        Mutation(
            "tables of other regions are looked for there",
            _MOTO,
            "region = region or self._region",
            "region = self._region",
        ),
    ),
)

_NOTES = tuple(
    (_case(name), Mutation(what, _RECORDER, old, new))
    for name, what, old, new in (
        (
            "object-multipart: begun",
            "begun uploads are noted",
            'return f"upload of {bucket}/{key}: begun"',
            "return None",
        ),
        (
            "object-multipart: aborted",
            "steps of uploads are noted",
            'return step and f"upload of {bucket}/{key}: {step}"',
            "return None",
        ),
        (
            "object-version: deleted, an old",
            "versions are noted",
            "return f\"version of {bucket}/{key}: {_part(asked) or 'deleted'}\"",
            "return None",
        ),
        (
            "object-version: deleted with others",
            "versions that are deleted together are noted",
            "for name, version in named if version]",
            "for name, version in named if False]",
        ),
        (
            "bucket-cross-origin rules",
            "settings of buckets are noted",
            'return f"bucket {bucket}: {part}"',
            'return ""',
        ),
    )
)

_COUNTING = (
    (
        _case("item-put, new"),
        Mutation(
            "writes are counted",
            _MIDDLEWARE,
            "        self._writes.begin()\n        answered",
            "        answered",
        ),
    ),
    (
        _case("item-put, new"),
        Mutation(
            "writes are recorded",
            _MIDDLEWARE,
            "                self._record(replace(write, note=None), environ)\n",
        ),
    ),
    (
        _case("bucket-create"),
        Mutation(
            "notes are recorded",
            _MIDDLEWARE,
            "                    self._record(write, environ)\n",
            "                    pass\n",
        ),
    ),
    (
        f"{_TESTS}cases.py::test_refused_requests_leave_nothing[bucket-delete, not empty]",
        Mutation(
            "what is refused is not noted",
            _MIDDLEWARE,
            ' and not answered.startswith("4")',
        ),
    ),
    (
        f"{_TESTS}concurrency.py::test_a_consumer_gets_its_message_at_once",
        Mutation(
            "messages that are received are recorded",
            _MIDDLEWARE,
            "                self._record(write, environ)\n            else:",
            "                pass\n            else:",
        ),
    ),
    (
        f"{_TESTS}concurrency.py::test_a_consumer_gets_its_message_at_once",
        Mutation(
            "a message that is received is a write",
            _MIDDLEWARE,
            ' or b"ReceiptHandle" in self.body',
        ),
    ),
    (
        f"{_TESTS}concurrency.py::test_receiving_nothing_is_no_write",
        Mutation(
            "an empty answer is no write",
            _MIDDLEWARE,
            "                self._writes.void()\n",
            "                pass\n",
        ),
    ),
    (
        f"{_TESTS}positions.py::test_identifiers_are_not_made_up_twice",
        Mutation(
            "servers do not make up the same ids",
            _MOTO,
            "        mock_random.seed()\n",
            "        pass\n",
        ),
    ),
)

_OF_THE_JOURNAL = tuple(
    (proof, Mutation(name, _JOURNAL, old, new))
    for proof, name, old, new in (
        (
            f"{_TESTS}positions.py::test_clean_is_asked_for_each_position",
            "clean asks what positions say",
            "            if any(position.changed for position in self._positions[since + 1 :]):\n"
            "                return False\n",
            "",
        ),
        (
            _case("item-put, new"),
            "clean asks the count",
            "self._slots.tally.written(server.slot) == 0 and not",
            "not",
        ),
        (
            f"{_TESTS}life.py::test_a_server_that_dies",
            "clean asks whether the server lives",
            " and not server.has_ended()",
            "",
        ),
        (
            f"{_TESTS}positions.py::test_clean_is_asked_for_each_position",
            "a position that was written before is another",
            "self._positions.append(_Position(keeper, changed))",
            "self._positions.append(_Position(keeper, False))",
        ),
        (
            _case("item-put, new"),
            "a rewind replaces the server",
            "                written = self._replace_server(keeper, keeper.segment)\n",
            '                written = {"touches": 0, "writers": []}\n',
        ),
        (
            f"{_TESTS}positions.py::test_nested_positions",
            "a rewind goes to its position",
            "written = self._replace_server(keeper, keeper.segment)",
            "written = self._replace_server(self._positions[0].keeper, keeper.segment)",
        ),
        (
            f"{_TESTS}positions.py::test_nested_positions",
            "a rewind over positions is one, written or not",
            "            if keeper is self._positions[-1].keeper:\n                if self._is",
            "            if True:\n                if self._is",
        ),
        (
            f"{_TESTS}positions.py::test_a_position_without_writes_costs_no_process",
            "later positions are gone, nothing written",
            "                    del self._positions[to + 1 :]\n",
            "                    pass\n",
        ),
        (
            f"{_TESTS}positions.py::test_a_position_without_writes_costs_no_process",
            "later positions are gone",
            "            del self._positions[to + 1 :]\n            self._let_go",
            "            self._let_go",
        ),
        (
            f"{_TESTS}positions.py::test_baselines_are_switched_in_place",
            "a switch replaces the server",
            "            self._replace_server(keeper)\n",
            "",
        ),
        (
            f"{_TESTS}changes.py::test_changes_since_a_position",
            "changes are looked for in all since the position",
            "self._server.touched(keeper.segment)",
            "self._server.touched(keeper.segment + 1)",
        ),
        (
            f"{_TESTS}changes.py::test_changes_since_a_position",
            "values before are those of the position",
            'before = keeper.values(touched["keys"])',
            'before = self._positions[-1].keeper.values(touched["keys"])',
        ),
        (
            f"{_TESTS}positions.py::test_baselines_are_switched_in_place",
            "keepers that baselines need stay",
            "needed = {self._root, *self._baselines.values()}",
            "needed = {self._root}",
        ),
        (
            f"{_TESTS}positions.py::test_a_shared_state_outlives_a_position",
            "keepers that positions need stay",
            "        needed.update(position.keeper for position in self._positions)\n",
            "",
        ),
        (
            f"{_TESTS}positions.py::test_keeping_again_replaces_a_baseline",
            "a baseline that becomes current has no positions",
            "        self._positions = [_Position(keeper, changed=False)]\n        self._let_go",
            "        self._positions.append(_Position(keeper, changed=False))\n        self._let_go",
        ),
        (
            f"{_TESTS}positions.py::test_a_position_without_writes_costs_no_process",
            "a state is kept once it was written to",
            "            return self._positions[-1].keeper, False\n",
            "            return self._root, False\n",
        ),
    )
)

_OF_PROCESSES = (
    (
        _case("item-put, new"),
        Mutation(
            "a server counts in its own slot",
            _PROCESS,
            "Writes(self._tally, slot)",
            "Writes(self._tally, 0)",
        ),
    ),
    (
        _case("item-put, new"),
        Mutation(
            "a server that is released parks its connections",
            _PROCESS,
            "        self._hosted.end()\n        server.park()\n        self._channel",
            "        self._hosted.end()\n        self._channel",
        ),
    ),
    (
        _case("item-put, new"),
        Mutation(
            "connections go to the next server",
            _PROCESS,
            "            target.give_connections(server.take_parked())\n            if not busy",
            "            if not busy",
        ),
    ),
    (
        f"{_TESTS}pipelining.py::test_connections_live_on",
        Mutation(
            "connections go to the server of a state that is kept",
            _PROCESS,
            "        target.give_connections(server.take_parked())\n        target.close()",
            "        target.close()",
        ),
    ),
    (
        f"{_TESTS}changes.py::test_changes_since_a_position",
        Mutation(
            "a state that is kept begins a segment",
            _PROCESS,
            "        self._hosted.segments.append(Log())\n",
        ),
    ),
    (
        f"{_TESTS}writers.py::test_no_write_is_lost",
        Mutation(
            "a state is kept between requests",
            _PROCESS,
            "        quiet = server.wait_quiet(_STUCK_CLIENT)\n        if not quiet:\n            # Whoever",
            "        quiet = True\n        if not quiet:\n            # Whoever",
        ),
    ),
    (
        f"{_TESTS}concurrency.py::test_an_answer_nobody_reads_does_not_hold_up_a_mark",
        Mutation(
            "clients that are stuck are cut off",
            _PROCESS,
            "            server.cut_stuck_clients()\n",
        ),
    ),
    (
        f"{_TESTS}pipelining.py::test_requests_sent_ahead_are_answered",
        Mutation(
            "a connection with a request read ahead stays",
            _SERVER,
            "if connection.idle and any(",
            "if any(",
        ),
    ),
    (
        f"{_TESTS}pipelining.py::test_slots_are_used_again",
        Mutation("a slot begins at 0", _PROCESSES, "        self.tally.clear(slot)\n"),
    ),
)

MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    *_READS,
    *_TOUCHES,
    *_NOTES,
    *_COUNTING,
    *_OF_THE_JOURNAL,
    *_OF_PROCESSES,
)
"""What is left out, with the test that has to fail then."""

MACHINE = "tests/aws/test_machine.py::test_whatever_is_done_comes_back"
BY_THE_MACHINE = (
    "items that are put are named",
    "items that are updated or deleted are named",
    "tables whose keys cannot be told are named",
    "objects are named",
    "writes are counted",
    "writes are recorded",
    "clean asks what positions say",
    "clean asks the count",
    "a position that was written before is another",
    "a rewind replaces the server",
    "a rewind goes to its position",
    "a rewind over positions is one, written or not",
    "later positions are gone, nothing written",
    "later positions are gone",
    "a switch replaces the server",
    "changes are looked for in all since the position",
    "values before are those of the position",
    "keepers that baselines need stay",
    "keepers that positions need stay",
    "a baseline that becomes current has no positions",
    "a state is kept once it was written to",
    "a server counts in its own slot",
    "a server that is released parks its connections",
    "connections go to the next server",
    "connections go to the server of a state that is kept",
    "a state that is kept begins a segment",
)
"""What random applications have to notice too."""
