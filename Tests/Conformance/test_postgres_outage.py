"""PostgreSQL crashes, stops, and cuts connections in the middle of commits: nothing acknowledged is lost or doubled."""

import contextlib
import random
import subprocess
import tempfile
import threading
import time

import pytest
import requests

import harness
from test_crash import Ledger, Writer, check_everything

pytestmark = [
    pytest.mark.martlet_only,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not harness.POSTGRES, reason="needs PostgreSQL: MARTLET_TEST_POSTGRES is not set"),
]
CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def script(*arguments):
    command = [harness.REPOSITORY / "scripts" / "postgres", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout.strip()


OTHERS = """
DO $$ BEGIN
    FOR i IN 1..20 LOOP
        PERFORM pg_current_xact_id();
        COMMIT;
    END LOOP;
END $$
"""


class Postgres:
    """A PostgreSQL of this test's own, to be maltreated."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.address = script("start", self.folder)

    def cut_connections(self):
        done = subprocess.run(
            ["psql", "-q", "-At", "-d", self.address, "-c", CUT], check=True, capture_output=True, text=True, timeout=30
        )
        return int(done.stdout)

    def crash(self):
        script("restart", self.folder)

    @contextlib.contextmanager
    def busy_with_others(self):
        """Other programs commit all the time, so that numbers of transactions that a crash undid are given out again."""
        over, done = threading.Event(), []

        def commit():
            while not over.is_set():
                command = ["psql", "-q", "-d", self.address, "-c", OTHERS]
                # It fails while PostgreSQL is away, and hangs in no case.
                ended = subprocess.run(["timeout", "20", *command], capture_output=True)
                if ended.returncode == 0:
                    done.append(ended)

        others = threading.Thread(target=commit)
        others.start()
        try:
            yield
        finally:
            over.set()
            others.join()
        assert len(done) > 10, "nobody else committed"

    def halt(self):
        pid = int(open(f"{self.folder}/data/postmaster.pid").readline())
        subprocess.run(["kill", "-QUIT", str(pid)], check=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and subprocess.run(["kill", "-0", str(pid)], capture_output=True).returncode == 0:
            time.sleep(0.05)


@pytest.fixture
def postgres(tmp_path_factory):
    # Above the folders of pytest, which only root may enter.
    folder = tempfile.mkdtemp(prefix="martlet-postgres-")
    subprocess.run(["chmod", "755", folder], check=True)
    own = Postgres(f"{folder}/server")
    yield own
    script("stop", own.folder)
    subprocess.run(["rmdir", folder])


@pytest.fixture
def own_server(tmp_path, postgres):
    server = harness.Server(tmp_path, environment={"MARTLET_DATABASE": postgres.address}).start()
    yield server
    server.kill()


def write_through(server, trouble, seconds, runs, ledger, first=0):
    """Writes of every kind while `trouble` comes again and again."""
    writers = [
        Writer(server, ledger, run, kind, first + index * 50_000)
        for index, run in enumerate(runs) for kind in ("point", "batch", "param", "artifact")
        if kind != "param" or index == 0
    ]
    end = time.monotonic() + seconds
    over = threading.Event()

    def make_trouble():
        rng = random.Random("outage")
        while not over.wait(rng.uniform(0.1, 0.5)):
            trouble()

    troubled = threading.Thread(target=make_trouble)

    def persist(writer):
        # A refused write is given up and the next one tried, as a training script would that catches errors.
        while time.monotonic() < end:
            number, writer.next = writer.next, writer.next + 1
            getattr(writer, "write_" + writer.kind)(number)

    threads = [threading.Thread(target=persist, args=(writer,)) for writer in writers]
    for thread in [*threads, troubled]:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    troubled.join()


def test_cut_connections_go_unnoticed(own_server, postgres, capsys):
    ledger, raw, cuts = Ledger(), harness.Raw(own_server), []
    runs = [raw.new_run() for _ in range(2)]
    write_through(own_server, lambda: cuts.append(postgres.cut_connections()), 8, runs, ledger)
    counts = check_everything(raw, ledger, runs)
    assert sum(cuts) > 10
    # Every write was repeated on a new connection, or its fate looked up: no client heard of it.
    assert ledger.refusals == [], ledger.refusals[:3]
    with capsys.disabled():
        print(f"\n[outage] {sum(cuts)} connections cut; acknowledged and found again: {counts}")


def test_a_crash_of_postgres_loses_nothing(own_server, postgres, capsys):
    ledger, raw = Ledger(), harness.Raw(own_server)
    runs = [raw.new_run() for _ in range(2)]
    crashes = []

    def crash():
        postgres.crash()
        crashes.append(time.monotonic())
        time.sleep(1)

    with postgres.busy_with_others():
        write_through(own_server, crash, 12, runs, ledger)
    counts = check_everything(raw, ledger, runs)
    assert len(crashes) >= 3
    assert {status for _, _, status, _ in ledger.refusals} <= {503}, ledger.refusals[:3]
    with capsys.disabled():
        print(f"\n[outage] {len(crashes)} crashes, {len(ledger.refusals)} refusals; found again: {counts}")


def test_without_postgres_the_answer_is_503_and_later_all_is_well(own_server, postgres):
    raw = harness.Raw(own_server)
    run = raw.new_run()
    body = {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "step": 0}
    raw.ok("runs/log-metric", body)
    postgres.halt()
    started = time.monotonic()
    for method, name, arguments in (("POST", "runs/log-metric", {"json": body}), ("GET", "runs/get", {"params": {"run_id": run}})):
        answer = requests.request(method, own_server.url + harness.API + name, timeout=30, **arguments)
        assert answer.status_code == 503 and answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE", answer.text
        # No address, no SQL, no word of libpq's.
        assert "127.0.0.1" not in answer.text and "connection" not in answer.text
    assert time.monotonic() - started < 25
    # Once it is known to be away nobody waits for it: not one of many.
    started, statuses = time.monotonic(), []

    def ask(n):
        path = harness.API + ("runs/log-metric" if n % 2 else "runs/search")
        payload = body | {"step": n} if n % 2 else {"experiment_ids": ["0"]}
        statuses.append(requests.post(own_server.url + path, json=payload, timeout=60).status_code)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {503} and time.monotonic() - started < 12
    assert requests.get(own_server.url + "/health", timeout=5).status_code == 200
    postgres.crash()
    raw.ok("runs/log-metric", body | {"step": 1})
    assert [point["step"] for point in raw.history(run, "a")] == [0, 1]
