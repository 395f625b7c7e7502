"""The data directory: made by initdb or from the cached image, and the settings it runs with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pytest_seedstate.services import platform
from pytest_seedstate.services.ports import HOST
from pytest_seedstate.services.postgres.binaries import major

#: The one superuser and the one database of an embedded server; `postgres` is there too, for
#: tools that want a database to connect to while they make another.
ROLE = "seedstate"
DBNAME = "seedstate"


#: Of any server whose data is thrown away after the run, in a container too.
THROWAWAY_SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    # Clones and rewinds touch every table in one transaction.
    "max_locks_per_transaction": "1024",
    # Off unless set; then an application with two-phase commit could not be tested.
    "max_prepared_transactions": "20",
    # Data that is thrown away after the run needs no safety against power cuts: together 2.9
    # times the speed of single-row commits (measurements: PostgreSQL 15, ext4).
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "1h",
    # Its transactions would make a test that wrote nothing look like one that did, and its
    # sessions stand in the way of CREATE DATABASE ... TEMPLATE.
    "autovacuum": "off",
    "jit": "off",
    "max_logical_replication_workers": "0",
    # In the data directory, so that nothing stays in /dev/shm when the server is killed.
    "dynamic_shared_memory_type": "mmap",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, mdy",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.english",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}

#: Trusted on the socket, which lies in a folder that only this user may enter. Over TCP the
#: password goes in the clear, over loopback: every driver can do that, some refuse SCRAM with few
#: iterations, and many would cost each new connection milliseconds.
_HBA = f"local all all trust\nhost all all {HOST}/32 password\n"


def initdb_options(version: str) -> list[str]:
    """How initdb is called, but for the programs and the data directory."""
    options = [
        "--no-sync",
        "--no-instructions",
        f"--username={ROLE}",
        "--auth=trust",
        "--encoding=UTF8",
        "--wal-segsize=1",
    ]
    if major(version) >= 17:
        options += ["--locale-provider=builtin", "--locale=C.UTF-8"]
    else:
        # The C library's own: every Linux has C.UTF-8; elsewhere (untested) it may be missing.
        options += ["--locale=C.UTF-8" if platform.LINUX else "--locale=C"]
    if major(version) >= 18:
        options += ["--no-data-checksums"]
    return options


def first_statement(version: str) -> str:
    """What is run in single-user mode after initdb."""
    # By way of the log, the default since 15, the image would be half as large again.
    strategy = " STRATEGY file_copy" if major(version) >= 15 else ""
    return f"CREATE DATABASE {DBNAME}{strategy}\n"


def image_name(version: str, program: Path) -> str:
    """The cache's file name for the cluster of one build of the server."""
    made_by = [
        version,
        program.stat().st_size,
        initdb_options(version),
        first_statement(version),
    ]
    digest = hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]
    return f"postgres-{major(version)}-{digest}.cluster"


def write_settings(
    folder: Path, version: str, *, port: int, sockets: Path, extra: Mapping[str, str]
) -> Path:
    """Write the configuration, outside the data directory, which may belong to another user.

    Args:
        folder: where to.
        version: the server's version line.
        port: its TCP port, on 127.0.0.1.
        sockets: the folder for its Unix socket.
        extra: further settings; they win.

    Returns:
        The main file, which names the other one.

    Raises:
        OSError: no space.
    """
    access = folder / "pg_hba.conf"
    settings = {
        **THROWAWAY_SETTINGS,
        "listen_addresses": HOST,
        "unix_socket_permissions": "0700",
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "hba_file": str(access),
    }
    if major(version) >= 18:
        # Three processes fewer to start and to end; nothing here waits for a disk.
        settings["io_method"] = "sync"
    settings.update(extra)
    lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
    main = folder / "postgresql.conf"
    main.write_text("".join(lines), encoding="utf-8")
    access.write_text(_HBA, encoding="ascii")
    for path in (main, access):
        path.chmod(0o644)
    return main


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def scram_verifier(password: str) -> str:
    """What the server keeps of a password, so that the password itself is never in a statement.

    The format is that of ``pg_authid.rolpassword`` (RFC 5803). One iteration: the password is
    random and lives as long as the run, and each new connection pays for every iteration.
    """
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    told = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256$1:{told[0]}${told[1]}:{told[2]}"
