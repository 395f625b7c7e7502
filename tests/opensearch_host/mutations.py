"""Every operation that the rewind of the embedded OpenSearch rests on, left out one by one."""

from __future__ import annotations

from tests.mutation import Mutation

_HOSTED = "services/opensearch/hosted.py"
_STORAGE = "services/opensearch/storage/"
_MOMENT, _INDEX, _CONTENTS, _LATE, _TEMPLATES = (
    f"{_STORAGE}{name}.py" for name in ("moment", "index", "contents", "late", "templates")
)
_MACHINE = "tests/opensearch_host/test_machine.py::test_whatever_is_done_comes_back"
_REWIND = "tests/opensearch_host/test_rewind.py::"
_LIFE = "tests/opensearch_host/test_life.py::"
_EACH = f"{_REWIND}test_each_write_comes_back"
_CHANGES = "tests/opensearch_host/test_changes.py::"
_CONTEXTS = f"{_REWIND}test_another_scroll_is_not_the_same"
_AS_COPIES = "tests/opensearch/test_late.py::test_they_behave_as_copies"

_IN_PLACE = (
    Mutation(
        "a process goes back to no other state than its own",
        "services/host/journal.py",
        "            if keeper is self._positions[-1].keeper:\n                if self._is_untouched",
        "            if self._positions:\n                if self._is_untouched",
    ),
    Mutation("a node goes back", _HOSTED, "            self._moment.go_back()\n"),
    Mutation("what went back counts from 0", _HOSTED, "            self._writes.void_all()\n"),
    Mutation(
        "a process that begins takes its moment",
        _HOSTED,
        "        self._moment = Moment(self.node)\n        self._contexts_differ = False\n        gc",
        "        gc",
    ),
    Mutation("what is there is held", _MOMENT, "            index.hold()\n", "            pass\n"),
    Mutation("indices that are new go", _MOMENT, "        self._node.indices.clear()\n"),
    Mutation(
        "indices that were deleted come back",
        _MOMENT,
        'self._node.indices.update(members.pop("indices"))',
        'members.pop("indices")',
    ),
    Mutation(
        "an index is what it was", _MOMENT, "            vars(index).update(_with_copies(then))\n"
    ),
    Mutation(
        "a node's definitions come back twice",
        _MOMENT,
        "members = _with_copies(self._members)",
        "members = dict(self._members)",
    ),
    Mutation(
        "an index's definitions come back twice",
        _MOMENT,
        "vars(index).update(_with_copies(then))",
        "vars(index).update(then)",
    ),
    Mutation(
        "documents are held",
        _INDEX,
        "self._held = self._contents.held = True",
        "self._contents.held = True",
    ),
    Mutation(
        "what searches see is held",
        _INDEX,
        "self._held = self._contents.held = True",
        "self._held = True",
    ),
    Mutation(
        "documents are copied", _INDEX, "            self.documents = copied(self.documents)\n"
    ),
    Mutation(
        "what waits for a refresh is copied",
        _INDEX,
        "            self._pending = self._pending.copy()\n",
    ),
    Mutation(
        "a write works on copies",
        _INDEX,
        "        self._own()\n        self.documents.pop(identifier, None)\n        self.documents[",
        "        self.documents.pop(identifier, None)\n        self.documents[",
    ),
    Mutation(
        "a delete works on copies",
        _INDEX,
        "        self._own()\n        self.documents.pop(identifier, None)\n        self._deleted",
        "        self.documents.pop(identifier, None)\n        self._deleted",
    ),
    Mutation(
        "a refresh works on a copy",
        _INDEX,
        "            self._contents = self._contents.copy()\n",
        "            pass\n",
    ),
    *(
        Mutation(f"{name} are copied late", _CONTENTS, f"copied(self.{name})", f"self.{name}")
        for name in ("documents", "ids", "parents")
    ),
    *(
        Mutation(f"{name} are copied", _CONTENTS, f"self.{name}.copy()", f"self.{name}")
        for name in ("terms", "lengths", "tokens", "values", "present", "children")
    ),
    Mutation("ordinals go on", _CONTENTS, "        twin.next_ordinal = self.next_ordinal\n"),
    Mutation("a copy knows what it shares", _CONTENTS, "        twin._base = self\n"),
    Mutation(
        "what is shared is copied",
        _CONTENTS,
        "            found = held[key] = copied(found)\n",
        "            pass\n",
    ),
    *(
        Mutation(
            f"postings are copied {when}",
            _CONTENTS,
            f"                    postings = found[term] = copied(postings)\n                {then}",
            f"                    pass\n                {then}",
        )
        for when, then in (
            ("before one is added", "postings[ordinal]"),
            ("before one goes", "del postings"),
        )
    ),
)

_DEFINITIONS = (
    Mutation(
        "a node's definitions come back", _MOMENT, "        vars(self._node).update(members)\n"
    ),
    *(
        Mutation(f"{name} are copied", _MOMENT, f'"{name}"', f'"no {name}"')
        for name in ("templates", "pipelines", "persistent", "settings", "aliases", "counters")
    ),
    *(
        Mutation(f"{name} templates are copied", _TEMPLATES, f"self.{name}.copy()", f"self.{name}")
        for name in ("legacy", "composable", "components")
    ),
)

_COUNTED = (
    Mutation("writes are counted", _HOSTED, "        self._writes.begin()\n"),
    Mutation("touched documents are recorded", _HOSTED, "in node.touched]", "in ()]"),
)

_RARELY = (
    (
        f"{_CHANGES}test_a_deleted_index",
        Mutation(
            "documents of a deleted index are recorded",
            _HOSTED,
            '        touches += [Touch("opensearch", "", index) for index in gone]\n',
        ),
    ),
    (
        f"{_CHANGES}test_a_deleted_index",
        Mutation(
            "of an index all documents are told",
            _HOSTED,
            "[touch.key] if touch.key else index.documents",
            "[touch.key]",
        ),
    ),
    (
        f"{_REWIND}test_what_is_kept_is_refreshed",
        Mutation(
            "what is kept is refreshed",
            _INDEX,
            "        self.refresh()\n        self.doc",
            "        self.doc",
        ),
    ),
    (
        f"{_LIFE}test_a_long_request_does_not_delay_a_rewind",
        Mutation(
            "no long request is waited for",
            _HOSTED,
            "acquire(timeout=_GO_BACK_PATIENCE)",
            "acquire(timeout=60)",
        ),
    ),
    (
        f"{_REWIND}test_a_scroll_does_not_outlive_a_rewind",
        Mutation(
            "contexts that went back differ no more",
            _HOSTED,
            "            self._contexts_differ = False\n            self._writes",
            "            self._writes",
        ),
    ),
    (
        f"{_REWIND}test_settings_that_were_not_there_go",
        Mutation("transient settings are copied", _MOMENT, '"transient"', '"no transient"'),
    ),
    (
        f"{_REWIND}test_an_empty_index_is_empty_again",
        Mutation("an index has nothing more", _MOMENT, "            vars(index).clear()\n"),
    ),
    (
        f"{_REWIND}test_the_same_write_twice_is_the_same_twice",
        Mutation(
            "versions of deleted documents are copied",
            _INDEX,
            "            self._deleted_versions = copied(self._deleted_versions)\n",
        ),
    ),
    (
        f"{_REWIND}test_sorted_terms_are_those_of_the_moment",
        Mutation(
            "sorted terms are copied",
            _CONTENTS,
            "self._sorted_terms.copy()",
            "self._sorted_terms",
        ),
    ),
    (
        f"{_CHANGES}test_a_rewind_says_what_it_undid",
        Mutation(
            "the record begins anew",
            _HOSTED,
            "log, self.segments[-1] = self.segments[-1], Log()",
            "log = self.segments[-1]",
        ),
    ),
    (
        f"{_CHANGES}test_a_rewind_says_what_it_undid",
        Mutation("each write is recorded once", _HOSTED, "        node.touched.clear()\n"),
    ),
    (
        f"{_CHANGES}test_definitions_are_named",
        Mutation(
            "definitions are told", _HOSTED, "            notes = [note]\n", "            pass\n"
        ),
    ),
    (
        f"{_CHANGES}test_a_deleted_index",
        Mutation(
            "deleted indices are told",
            _HOSTED,
            'notes = [f"index {name} deleted" for name in gone]',
            "notes: list[str] = []",
        ),
    ),
    (
        f"{_CHANGES}test_an_index_made_by_a_write",
        Mutation(
            "new indices are told",
            _HOSTED,
            '        notes += [f"index {name} created" for name in new]\n',
        ),
    ),
    (
        f"{_CHANGES}test_what_was_refused_is_no_change",
        Mutation("what was refused is not told", _HOSTED, "            note = None\n"),
    ),
    (
        f"{_REWIND}test_a_scroll_that_is_closed_leaves_nothing",
        Mutation(
            "closed contexts count no more",
            _HOSTED,
            "                writes.void()\n",
            "                pass\n",
        ),
    ),
    (
        f"{_REWIND}test_a_scroll_that_is_closed_leaves_nothing",
        Mutation("contexts count once", _HOSTED, "            self._contexts_differ = differ\n"),
    ),
    (
        _CONTEXTS,
        Mutation(
            "contexts count", _HOSTED, "                writes.begin()\n", "                pass\n"
        ),
    ),
    (
        _CONTEXTS,
        Mutation(
            "other contexts are others",
            _MOMENT,
            'now.keys() == self._members["contexts"].keys()',
            'len(now) == len(self._members["contexts"])',
        ),
    ),
    (_CONTEXTS, Mutation("contexts are copied", _MOMENT, '"contexts"}', '"no contexts"}')),
    (
        f"{_REWIND}test_a_scroll_goes_back_to_its_page",
        Mutation(
            "contexts are what they were",
            _MOMENT,
            "            vars(each).update(then)\n",
            "            pass\n",
        ),
    ),
    (
        f"{_REWIND}test_a_scroll_goes_back_to_its_page",
        Mutation("a page further is another state", _MOMENT, "vars(each) == then", "True"),
    ),
    *(
        (_AS_COPIES, mutation)
        for mutation in (
            Mutation(
                "late copies lose keys",
                _LATE,
                "                del self._whole[key]\n",
                "                pass\n",
            ),
            Mutation(
                "late copies get keys", _LATE, "            self._whole.update(self._added)\n"
            ),
            Mutation(
                "a read copy is changed",
                _LATE,
                "            self._whole[key] = value\n            return\n",
                "            return\n",
            ),
            Mutation("a late copy is smaller", _LATE, "        self._size -= 1\n"),
            Mutation("a late copy is larger", _LATE, "        self._size += key not in self\n"),
            Mutation("an added key is gone", _LATE, "        self._added.pop(key, None)\n"),
            Mutation(
                "a key of the base is gone",
                _LATE,
                "            self._gone.add(key)\n",
                "            pass\n",
            ),
        )
    ),
)

_CASES = {
    "PUT _doc": "index",
    "POST _doc": "index without id",
    "PUT _create": "create",
    "POST _update": "update",
    "DELETE _doc": "delete",
    "POST _bulk": "bulk",
    "POST _delete_by_query": "delete by query",
    "POST _update_by_query": "update by query",
    "POST _reindex": "reindex",
    "PUT index": "create index",
    "DELETE index": "delete index",
    "PUT _mapping": "mapping",
    "PUT _settings": "settings",
    "PUT _block": "block",
    "POST _aliases": "alias",
    "PUT _alias": "filtered alias",
    "DELETE _alias": "delete alias",
    "PUT _index_template": "template",
    "DELETE _index_template": "delete template",
    "PUT _component_template": "component template",
    "DELETE _component_template": "delete component template",
    "PUT _template": "old template",
    "PUT _ingest": "pipeline",
    "DELETE _ingest": "delete pipeline",
    "PUT _cluster": "cluster settings",
}
"""APIs that write, as the record calls them, with a case that uses only that one."""

_READ_WRONGLY = tuple(
    (
        f"{_REWIND}test_each_write_comes_back[{case}]",
        Mutation(
            f"{api} is no read",
            _HOSTED,
            "        if found.reads:\n",
            f"        if found.reads or _api(request) == {api!r}:\n",
        ),
    )
    for api, case in _CASES.items()
)

MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    *((_MACHINE, mutation) for mutation in (*_IN_PLACE, *_COUNTED)),
    *((_EACH, mutation) for mutation in _DEFINITIONS),
    *_RARELY,
    *_READ_WRONGLY,
)
"""With the proof that has to fail: the machine, or where that would need more random operations
than a usual run has, the test that goes through all of them; some have a test of their own."""
