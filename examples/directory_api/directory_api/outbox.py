"""The outbox: what a transaction promised, done by a thread a moment after its commit."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from psycopg import Cursor, OperationalError
from psycopg.types.json import Jsonb

from directory_api import db, settings

log = logging.getLogger(__name__)

Handler = Callable[[Cursor[dict[str, Any]], dict[str, Any]], None]


def put(cursor: Cursor[dict[str, Any]], topic: str, payload: dict[str, Any]) -> None:
    """Leave a message in the transaction of a cursor; it is seen once that commits."""
    cursor.execute("INSERT INTO outbox (topic, payload) VALUES (%s, %s)", (topic, Jsonb(payload)))


def send_mail(cursor: Cursor[dict[str, Any]], payload: dict[str, Any]) -> None:
    """Note a mail as sent; the directory's relay picks it up from there."""
    cursor.execute(
        "INSERT INTO notifications (recipient, subject) VALUES (%s, %s)",
        (payload["recipient"], payload["subject"]),
    )


class Worker:
    """Handles messages in the order of their ids, each in a transaction of its own.

    Args:
        name: the thread's name.
        handlers: what to do about a topic, inside that transaction; other topics are left alone.
        away: what says that something is out of reach, and a message to be tried again later.
    """

    def __init__(
        self, name: str, handlers: dict[str, Handler], *, away: tuple[type[Exception], ...] = ()
    ) -> None:
        self._name = name
        self._handlers = handlers
        self._away: tuple[type[Exception], ...] = (OperationalError, *away)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the message in hand and end."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(settings.WORKER_INTERVAL):
            try:
                while not self._stopped.is_set() and self._handle_one():
                    pass
            except self._away as error:
                log.warning("%s: %s", self._name, error)

    def _handle_one(self) -> bool:
        with db.transaction() as cursor:
            message = cursor.execute(
                "SELECT id, topic, payload FROM outbox"
                " WHERE processed_at IS NULL AND topic = ANY(%s)"
                " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
                (list(self._handlers),),
            ).fetchone()
            if message is None:
                return False
            self._handlers[message["topic"]](cursor, message["payload"])
            cursor.execute("UPDATE outbox SET processed_at = now() WHERE id = %s", (message["id"],))
        return True
