"""Every operation of the engine that isolation rests on, left out one by one."""

from __future__ import annotations

from tests.mutation import Mutation

_ENGINE = "engine/engine.py"
_LAYERS = "engine/layers.py"
_STATES = "engine/states.py"
_JOURNALS = ("postgres", "aws", "opensearch")

_AT_ENTER = (
    Mutation(
        "late writers are looked for when a test begins",
        _ENGINE,
        "late = self._undo_late_writes()",
        "late = ChangeSet()",
    ),
    Mutation(
        "late writes are undone",
        _ENGINE,
        "        late = self.changes()\n        self.rewind()\n",
        "        late = self.changes()\n",
    ),
    Mutation("late writes are told", _ENGINE, "late = self.changes()", "late = ChangeSet()"),
    Mutation(
        "a state is switched to",
        _ENGINE,
        "            self._switch(state)\n        return late",
        "            pass\n        return late",
    ),
    Mutation(
        "no state is switched to under a fixture that has written",
        _ENGINE,
        "        if self.layers:\n            raise SeedstateError(",
        "        if False:\n            raise SeedstateError(",
    ),
)

_IN_REWIND = (
    *(
        Mutation(
            f"{name} is rewound",
            _ENGINE,
            "        rewound = journal.rewind(position)",
            f'        if journal.name == "{name}":\n            return\n'
            "        rewound = journal.rewind(position)",
        )
        for name in _JOURNALS
    ),
    *(
        Mutation(
            f"{name} is looked at",
            _ENGINE,
            "for j in self.fleet.journals if not j.is_clean(tops[j.name])]",
            f'for j in self.fleet.journals if j.name != "{name}" and not j.is_clean(tops[j.name])]',
        )
        for name in _JOURNALS
    ),
    Mutation(
        "open transactions are waited for",
        _ENGINE,
        "found = [(target, target[0].end_writers()) for target in targets]",
        "found = [(target, None) for target in targets]",
    ),
    Mutation(
        "what they have committed meanwhile is undone",
        _ENGINE,
        "            self._rewind_each(list(dict.fromkeys([*waited, *self._dirty()])))",
        "            pass",
    ),
    Mutation(
        "what they have written elsewhere meanwhile is undone",
        _ENGINE,
        "list(dict.fromkeys([*waited, *self._dirty()]))",
        "waited",
    ),
    Mutation(
        "a rewind that was held up is done again",
        _ENGINE,
        "            held_up = error\n",
        "            raise\n",
    ),
    Mutation(
        "snapshots are forgotten with their test",
        _ENGINE,
        "    def _rewind(self) -> SeedstateError | None:\n        self.snapshots.clear()\n",
        "    def _rewind(self) -> SeedstateError | None:\n",
    ),
)

_IN_LAYERS = (
    Mutation("what a fixture wrote stays", _LAYERS, "return layer.positions[journal]", "return 0"),
    Mutation(
        "the innermost fixture counts",
        _LAYERS,
        "        for layer in reversed(self._layers):\n            if journal in",
        "        for layer in self._layers:\n            if journal in",
    ),
    Mutation(
        "what a fixture wrote goes with it",
        _ENGINE,
        "                self._verification.forget_layers(len(self.layers))\n"
        "            self.rewind()\n",
        "                self._verification.forget_layers(len(self.layers))\n",
    ),
    Mutation(
        "what lies below a live fixture stays",
        _LAYERS,
        "while self._layers and self._layers[-1].ended:",
        "while self._layers and any(layer.ended for layer in self._layers):",
    ),
    Mutation(
        "a fixture that has ended is remembered until what lies above it has ended",
        _LAYERS,
        "                layer.ended = True\n",
        "                layer.ended = layer is self._layers[-1]\n",
    ),
)

_ON_THE_WAY_BACK = (
    Mutation(
        "snapshots after the one that is restored are gone",
        _ENGINE,
        "        self.snapshots.drop_later(positions, by)\n",
        "",
    ),
    Mutation(
        "what a refused load has written is taken back",
        _ENGINE,
        "            self.go_back(before)\n            raise",
        "            raise",
    ),
    Mutation(
        "what a test wrote goes when it asks for another state",
        _ENGINE,
        "        self.rewind()\n        self.start(state.stores)",
        "        self.start(state.stores)",
    ),
)

_IN_STATES = (
    *(
        Mutation(
            f"{name} is switched",
            _STATES,
            "        journal.switch(target)\n",
            f'        if journal.name != "{name}":\n            journal.switch(target)\n',
        )
        for name in _JOURNALS
    ),
    Mutation(
        "stores hold nothing but their schema before a load",
        _STATES,
        "        for _ in range(_MOST_DISTURBED):\n            self._switch(SCHEMA_ONLY)\n",
        "        for _ in range(_MOST_DISTURBED):\n",
    ),
    Mutation(
        "what a scenario has written that failed is undone",
        _STATES,
        "                for journal in self._fleet.journals:\n                    journal.rewind()\n",
        "                pass\n",
    ),
    Mutation(
        "what a load has written that was refused is undone",
        _STATES,
        "            self._switch(SCHEMA_ONLY)\n            self._forget_baselines(state.key)\n",
        "            pass\n",
    ),
    Mutation(
        "where a store is, is noted",
        _STATES,
        '        self._at[journal.name] = ""\n        journal.switch(target)\n'
        "        self._at[journal.name] = target\n",
        "        journal.switch(target)\n",
    ),
)

FOUND_BY_EXAMPLE = (
    Mutation(
        "what others write while a state is loaded is no part of it",
        _STATES,
        "            taken, others = self._keep(state.key)\n",
        "            taken, others = self._keep(state.key)[0], []\n",
    ),
)
"""Operations that matter in moments too rare for the machine, each with an example of its own."""

MUTATIONS = (*_AT_ENTER, *_IN_REWIND, *_IN_LAYERS, *_ON_THE_WAY_BACK, *_IN_STATES)
