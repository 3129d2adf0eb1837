"""A real PostgreSQL for the tests: one server a session, a schema a test."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from tests.support.needs import program

USER = "oracle"
PASSWORD = "a-password:with/odd@signs"


@dataclass(frozen=True)
class Postgres:
    """A running server, which asks for a password."""

    port: int

    def url(self, schema: str, *, password: str = PASSWORD) -> str:
        """The URL of a schema, as an operator would write it."""
        place = f"{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/postgres"
        return f"postgresql://{place}?options=-csearch_path%3D{schema}"

    def new_schema(self) -> str:
        """A fresh, empty schema."""
        name = "test_" + secrets.token_hex(6)
        self.execute(f"CREATE SCHEMA {name}")
        return name

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of its own."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres"
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server, as another user where this is root, whom it refuses."""
    binaries = program("postgres").resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="oracle-postgres-"))
    account = _unprivileged()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    as_user: dict[str, Any] = {"cwd": folder}
    if account is not None:
        as_user |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    cluster = folder / "cluster"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        subprocess.run(
            [
                binaries / "initdb", "--pgdata", cluster, "--username", USER, "--no-sync",
                "--encoding", "UTF8", "--locale", "C", "--auth", "scram-sha-256",
                "--pwfile", secret,
            ],
            check=True, capture_output=True, **as_user,
        )  # fmt: skip
        running = subprocess.Popen(
            [
                binaries / "postgres", "-D", cluster, "-h", "127.0.0.1", "-p", str(port),
                "-k", folder, "-c", "fsync=off", "-c", "shared_buffers=16MB",
            ],
            stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"), **as_user,
        )  # fmt: skip
        try:
            server = Postgres(port=port)
            _wait(server, running, folder / "log")
            yield server
        finally:
            running.send_signal(2)
            running.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _wait(server: Postgres, running: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            server.execute("SELECT 1")
            return
        except psycopg.OperationalError:
            if running.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
