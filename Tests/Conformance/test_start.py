"""A server that cannot start says why, ends with 1, and leaves everything as it was."""

import os
import socket
import sqlite3
import subprocess

import pytest

import harness
from wire import once

pytestmark = [pytest.mark.martlet_only, pytest.mark.sqlite_only]


def failure(data, *arguments):
    done = subprocess.run(
        [harness.martlet_binary(), "serve", "--port", "0", "--data", str(data), *arguments],
        capture_output=True, text=True, timeout=20,
    )
    assert done.returncode == 1 and done.stdout == "", done.stderr
    # The last line is for people; the log above it may hold the cause.
    said = done.stderr.splitlines()[-1]
    assert said.startswith("martlet: ") and "SQLite" not in said
    return said


def test_a_port_in_use(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        said = failure(tmp_path / "data", "--port", port)
    assert f"127.0.0.1:{port}" in said and "--port" in said
    # The folder was let go in good order.
    own = harness.Server(tmp_path).start()
    own.stop()


def test_a_name_that_leads_nowhere(tmp_path):
    assert "nowhere.invalid" in failure(tmp_path / "data", "--host", "nowhere.invalid", "--open")
    assert "203.0.113.7" in failure(tmp_path / "data", "--host", "203.0.113.7", "--open")


def test_a_folder_in_use_by_another_server(tmp_path):
    own = harness.Server(tmp_path).start()
    try:
        said = failure(own.data)
        assert "another" in said and "--data" in said
        assert once(own, "GET", "/health").status == 200
    finally:
        own.stop()
    # After its end, and after a kill, the folder is free.
    own.start()
    own.kill()
    own.start()
    own.stop()


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file") in failure(tmp_path / "file")
    failure(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert str(closed) in failure(closed)
    assert str(closed) in failure(closed / "below")


def test_a_database_of_a_newer_build(tmp_path):
    own = harness.Server(tmp_path).start()
    own.stop()
    with sqlite3.connect(own.data / "martlet.db") as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        migrations = next(name for name in tables if "migration" in name)
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({migrations})")]
        newest = database.execute(f"SELECT * FROM {migrations} ORDER BY 1 DESC LIMIT 1").fetchone()
        future = [9999 if isinstance(value, int) and index == 0 else value for index, value in enumerate(newest)]
        database.execute(f"INSERT INTO {migrations} VALUES ({', '.join('?' * len(columns))})", future)
        before = list(database.iterdump())
    database.close()
    assert "newer" in failure(own.data)
    with sqlite3.connect(own.data / "martlet.db") as database:
        assert list(database.iterdump()) == before
    database.close()


def test_a_database_that_is_none(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "martlet.db").write_bytes(b"this is no database, " * 1000)
    assert "damaged" in failure(data)
    assert (data / "martlet.db").read_bytes().startswith(b"this is no database")
