"""TLS to PostgreSQL: a server works with a database that it can be sure of, and starts with no other."""

import os
import subprocess
import tempfile

import pytest

import harness
from test_admin import succeed
from test_postgres_outage import script

pytestmark = [
    pytest.mark.martlet_only,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not harness.POSTGRES, reason="needs PostgreSQL: MARTLET_TEST_POSTGRES is not set"),
]
ENCRYPTED = """
    SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE application_name = 'martlet'
"""


@pytest.fixture(scope="module")
def database():
    """The address of a PostgreSQL of this module's own, which speaks TLS only."""
    # PostgreSQL runs as another user, who must be able to come there.
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o755)
        yield script("start", f"{parent}/postgres", "tls")
        script("stop", f"{parent}/postgres")


def test_everything_that_talks_to_the_database_does_so_encrypted(database, tmp_path):
    server = harness.Server(tmp_path, environment={"MARTLET_DATABASE": database}).start()
    try:
        raw = harness.Raw(server)
        run = raw.new_run()
        raw.ok("runs/log-metric", {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": 0})
        assert raw.send("PUT", raw.artifact_url(run, "a"), data=b"abc").status_code == 200
        assert [point["value"] for point in raw.history(run, "loss")] == [0.5]
        command = ["psql", "-q", "-At", "-F", " ", "-d", database, "-c", ENCRYPTED]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        # One writes, one listens, others read.
        connections, encrypted = map(int, done.stdout.split())
        assert connections == encrypted >= 3
        place = ["--data", server.data, "--database", database]
        assert succeed("fsck", *place)["findings"] == []
        succeed("backup", tmp_path / "backups", *place)
        succeed("restore", tmp_path / "backups", "--data", tmp_path / "restored")
        assert succeed("usage", "--data", tmp_path / "restored")["usedBytes"] > 3
    finally:
        server.stop()


def other_authority(folder):
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", folder / "other.key", "-out", folder / "other.crt"]
    command = ["openssl", "req", "-x509", *key, "-subj", "/CN=Another authority", *files]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return folder / "other.crt"


@pytest.mark.parametrize("wrong, words", [
    ("authority", "certificate verify failed"), ("no authority", "root certificate file"),
    ("host", "does not match host name"), ("plain", "no encryption"),
])
def test_a_server_does_not_start_without_a_database_that_it_can_be_sure_of(database, tmp_path, wrong, words):
    plain = database.partition("?")[0]
    address = {
        "authority": f"{plain}?sslmode=verify-full&sslrootcert={other_authority(tmp_path)}",
        "no authority": f"{plain}?sslmode=verify-full&sslrootcert={tmp_path}/absent.crt",
        "host": database.replace("@localhost:", "@127.0.0.1:"),
        "plain": f"{plain}?sslmode=disable",
    }[wrong]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MARTLET_")}
    environment = clean | {"MARTLET_DATABASE": address.replace("martlet@", "martlet:hush@")}
    for command in (["serve", "--port", "0"], ["admin", "usage"]):
        (tmp_path / "data").mkdir(exist_ok=True)
        done = subprocess.run(
            [harness.martlet_binary(), *command, "--data", str(tmp_path / "data")],
            capture_output=True, text=True, timeout=60, env=environment, stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert words in done.stderr and "the database" in done.stderr, done.stderr
        assert "hush" not in done.stdout + done.stderr and "listens on" not in done.stdout
