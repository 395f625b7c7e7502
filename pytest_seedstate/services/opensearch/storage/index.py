"""One index: its documents in real time, and what searches see after a refresh."""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_seedstate.services.opensearch.analysis import Analyzers
from pytest_seedstate.services.opensearch.errors import ApiError, illegal_argument
from pytest_seedstate.services.opensearch.mapping.mapping import Mapping as IndexMapping
from pytest_seedstate.services.opensearch.mapping.parser import parse_document
from pytest_seedstate.services.opensearch.plain import plain
from pytest_seedstate.services.opensearch.storage.contents import Contents
from pytest_seedstate.services.opensearch.storage.document import Document, Part
from pytest_seedstate.services.opensearch.storage.late import copied, settled
from pytest_seedstate.services.opensearch.storage.projection import projected
from pytest_seedstate.services.opensearch.storage.reader import Reader
from pytest_seedstate.services.opensearch.storage.settings import Settings, milliseconds

PRIMARY_TERM = 1  # no primary ever fails here
_LONGEST_ID = 512
VersionType = Literal["internal", "external", "external_gte"]


@dataclass(frozen=True)
class Condition:
    """What has to hold for a write.

    Attributes:
        version: with an external version type, the new version; otherwise None.
        if_seq_no, if_primary_term: what the present document must have; None: anything.
        create: there must be no document.
    """

    version: int | None = None
    version_type: VersionType = "internal"
    if_seq_no: int | None = None
    if_primary_term: int | None = None
    create: bool = False


ANYTHING = Condition()


@dataclass(eq=False, repr=False)
class Written:
    """What a write did.

    Attributes:
        result: ``created``, ``updated``, ``deleted``, ``not_found`` or ``noop``.
        document: as it is now; None after a delete.
    """

    index: Index
    id: str
    result: str
    version: int
    seq_no: int
    document: Document | None = None


@plain
class Counters:
    """What `_stats` counts."""

    indexed: int = 0
    deleted: int = 0
    failed: int = 0
    noops: int = 0
    gets: int = 0
    found: int = 0
    searches: int = 0
    refreshes: int = 0
    flushes: int = 0

    def copy(self) -> Counters:
        """Return the same numbers, to go on from."""
        return Counters(**vars(self))


@plain
class Index:
    """An index.

    Attributes:
        settings: flat, with the private ones that OpenSearch adds.
        aliases: by name, as the alias API shows them.
        documents: what is there, refreshed or not, by id; in the order of writing.
        touched: index and id of everything written; its owner empties it.
    """

    name: str
    uuid: str
    settings: Settings
    analysis: Analyzers
    mapping: IndexMapping
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: MutableMapping[str, Document] = field(default_factory=dict)
    touched: set[tuple[str, str]] = field(default_factory=set)
    counters: Counters = field(default_factory=Counters)
    next_seq_no: int = 0
    _deleted_versions: MutableMapping[str, int] = field(default_factory=dict)
    _pending: dict[str, Document | None] = field(default_factory=dict)
    _pending_since: float = 0.0
    _contents: Contents = field(default_factory=Contents)
    _held: bool = False

    def hold(self) -> None:
        """Leave what there is now as it is: writes work on copies from now on."""
        self._held = self._contents.held = True

    def settle(self) -> None:
        """Let searches see all writes, and leave nothing to do for who comes later."""
        self.refresh()
        self.documents = settled(self.documents)
        self._deleted_versions = settled(self._deleted_versions)
        if not self._contents.held:
            self._contents.settle()

    def _own(self) -> None:
        """Be about to write: what is held stays as it is."""
        if self._held:
            self._held = False
            self.documents = copied(self.documents)
            self._deleted_versions = copied(self._deleted_versions)
            self._pending = self._pending.copy()

    def reader(self) -> Reader:
        """Return what a search sees now: writes older than the refresh interval are refreshed."""
        if self._pending and 0 <= self._interval() <= time.monotonic() - self._pending_since:
            self.refresh()
        return Reader(self.name, self.mapping, self._contents)

    def _interval(self) -> float:
        """Return the refresh interval in seconds, below 0 for never."""
        setting = str(self.settings.get("index.refresh_interval", "1s"))
        return milliseconds(setting, "index.refresh_interval") / 1000

    def refresh(self) -> None:
        """Let searches see all writes."""
        self.counters.refreshes += 1
        if not self._pending:
            return
        if self._contents.held:
            self._contents = self._contents.copy()
        for identifier, document in self._pending.items():
            self._contents.remove(identifier)
            if document is not None:
                self._contents.add(document)
        self._pending = {}

    @property
    def lucene_count(self) -> int:
        """How many documents searches see, nested objects included."""
        return self._contents.count()

    @property
    def has_unseen_writes(self) -> bool:
        """Whether a refresh would change what searches see."""
        return bool(self._pending)

    def setting(self, name: str, default: str) -> str:
        """Return a setting's text, named without ``index.``."""
        return str(self.settings.get(f"index.{name}", default))

    def number(self, name: str, default: int) -> int:
        """Return a setting that is a whole number, named without ``index.``."""
        return int(self.settings.get(f"index.{name}", default))

    def get(self, identifier: str) -> Document | None:
        """Return a document as it is now, refreshed or not."""
        self.counters.gets += 1
        document = self.documents.get(identifier)
        self.counters.found += document is not None
        return document

    def write(
        self,
        identifier: str,
        source: Mapping[str, Any],
        *,
        condition: Condition = ANYTHING,
        routing: str | None = None,
    ) -> Written:
        """Index a document, in place of one with its id.

        Args:
            identifier: its id.
            source: what it says; nobody may change it afterwards.
            condition: what must hold.
            routing: its routing value.

        Raises:
            ApiError: the condition does not hold, or the source does not fit the mapping.
        """
        check_id(identifier)
        self.check_routing(identifier, routing)
        # A document is read first, as on a real node: new fields stay even when it is refused then.
        old = self.documents.get(identifier)
        try:
            parsed = parse_document(
                self.mapping,
                source,
                identifier,
                ignore_malformed=self.setting("mapping.ignore_malformed", "false") == "true",
            )
            self._check_nested_objects(parsed.part)
            if parsed.added is not None:
                self.set_mapping(self.mapping.with_branch(parsed.added))
            version = self._checked_version(identifier, old, condition)
        except ApiError:
            self.counters.failed += 1
            raise
        kept = self.mapping.settings.source or {}
        if kept.get("includes") or kept.get("excludes"):
            source = projected(source, kept.get("includes", ()), kept.get("excludes", ()))
        document = Document(
            id=identifier,
            source=source,
            seq_no=self._take_seq_no(),
            primary_term=PRIMARY_TERM,
            version=version,
            routing=routing,
            part=parsed.part,
            ignored=parsed.ignored,
            has_source=kept.get("enabled", True),
        )
        self._own()
        self.documents.pop(identifier, None)
        self.documents[identifier] = document
        self._deleted_versions.pop(identifier, None)
        self._touch(identifier, document)
        self.counters.indexed += 1
        result = "created" if old is None else "updated"
        return Written(self, identifier, result, version, document.seq_no, document)

    def delete(
        self,
        identifier: str,
        *,
        condition: Condition = ANYTHING,
        routing: str | None = None,
    ) -> Written:
        """Delete a document; of one that is not there too a note is kept, with a version.

        Raises:
            ApiError: the condition does not hold.
        """
        self.check_routing(identifier, routing)
        old = self.documents.get(identifier)
        version = self._checked_version(identifier, old, condition)
        self._own()
        self.documents.pop(identifier, None)
        self._deleted_versions[identifier] = version
        self._touch(identifier, None)
        self.counters.deleted += 1
        result = "not_found" if old is None else "deleted"
        return Written(self, identifier, result, version, self._take_seq_no())

    def check_routing(self, identifier: str, routing: str | None) -> None:
        """Check that a routing value is given where the mapping wants one.

        Raises:
            ApiError: it is not.
        """
        if routing is None and self.mapping.routing_required:
            raise ApiError(
                400,
                "routing_missing_exception",
                f"routing is required for [{self.name}]/[{identifier}]",
                index=self.name,
                index_uuid="_na_",
            )

    def set_mapping(self, mapping: IndexMapping) -> None:
        """Take a mapping.

        Raises:
            ApiError: it has more fields than the index's settings allow.
        """
        self.check_limits(mapping)
        self.mapping = mapping

    def check_limits(self, mapping: IndexMapping) -> None:
        """Check a mapping against the index's settings.

        Raises:
            ApiError: it has too many fields, or objects that are too deep.
        """
        most = self.number("mapping.total_fields.limit", 1000)
        if mapping.size() > most and mapping.size() > self.mapping.size():
            raise illegal_argument(f"Limit of total fields [{most}] has been exceeded")
        nested = self.number("mapping.nested_fields.limit", 50)
        if mapping.nested_count() > nested:
            raise illegal_argument(f"Limit of nested fields [{nested}] has been exceeded")
        deepest = self.number("mapping.depth.limit", 20)
        for name in mapping.fields:
            if name.count(".") >= deepest:
                raise illegal_argument(
                    f"Limit of mapping depth [{deepest}] has been exceeded due to object field "
                    f"[{name.rpartition('.')[0]}]"
                )

    def _check_nested_objects(self, part: Part) -> None:
        most = self.number("mapping.nested_objects.limit", 10_000)
        if part.children and part.nested_count() > most:
            raise ApiError(
                400,
                "mapper_parsing_exception",
                f"The number of nested documents has exceeded the allowed limit of [{most}]. This "
                "limit can be set by changing the [index.mapping.nested_objects.limit] index level "
                "setting.",
            )

    def conflict(self, identifier: str, reason: str) -> ApiError:
        """Return the 409 of a write that came too late."""
        return ApiError(
            409,
            "version_conflict_engine_exception",
            f"[{identifier}]: version conflict, {reason}",
            index=self.name,
            shard="0",
            index_uuid=self.uuid,
        )

    def _checked_version(self, identifier: str, old: Document | None, wanted: Condition) -> int:
        if wanted.if_seq_no is not None:
            required = (
                f"required seqNo [{wanted.if_seq_no}], primary term [{wanted.if_primary_term}]."
            )
            if old is None:
                raise self.conflict(identifier, f"{required} but no document was found")
            if (old.seq_no, old.primary_term) != (wanted.if_seq_no, wanted.if_primary_term):
                raise self.conflict(
                    identifier,
                    f"{required} current document has seqNo [{old.seq_no}] and primary term "
                    f"[{old.primary_term}]",
                )
        if wanted.create and old is not None:
            raise self.conflict(
                identifier, f"document already exists (current version [{old.version}])"
            )
        last = self._deleted_versions.get(identifier, 0) if old is None else old.version
        if wanted.version is None or wanted.version_type == "internal":
            return last + 1
        is_too_low = (
            wanted.version < last
            if wanted.version_type == "external_gte"
            else wanted.version <= last
        )
        if last and is_too_low:
            compared = "higher" if wanted.version_type == "external_gte" else "higher or equal to"
            raise self.conflict(
                identifier,
                f"current version [{last}] is {compared} {'than ' if compared == 'higher' else ''}"
                f"the one provided [{wanted.version}]",
            )
        return wanted.version

    def _take_seq_no(self) -> int:
        self.next_seq_no += 1
        return self.next_seq_no - 1

    def _touch(self, identifier: str, document: Document | None) -> None:
        self.touched.add((self.name, identifier))
        if not self._pending:
            self._pending_since = time.monotonic()
        self._pending.pop(identifier, None)
        self._pending[identifier] = document


def check_id(identifier: str) -> None:
    """Check an id.

    Raises:
        ApiError: it is empty or too long.
    """
    if not identifier:
        raise illegal_argument("if _id is specified it must not be empty")
    size = len(identifier.encode("utf-8", "surrogatepass"))
    if size > _LONGEST_ID:
        limit = f"no longer than {_LONGEST_ID} bytes but was: {size}"
        raise validation_failed(f"id [{identifier}] is too long, must be {limit}")


def validation_failed(*problems: str) -> ApiError:
    """Return the 400 for a request that contradicts itself."""
    listed = "".join(f" {number}: {problem};" for number, problem in enumerate(problems, 1))
    return ApiError(400, "action_request_validation_exception", f"Validation Failed:{listed}")
