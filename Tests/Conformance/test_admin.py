"""The operator's commands beside real servers and the real client: backup, restore, fsck, gc, usage, migrate."""

import contextlib
import copy
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

import harness
from test_crash import Ledger, Writer, check_everything

pytestmark = [pytest.mark.martlet_only, pytest.mark.timeout(300)]


def admin(*arguments, environment=None):
    """Runs `martlet admin …` and returns the finished process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MARTLET_")} | (environment or {})
    command = [harness.martlet_binary(), "admin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean)


def succeed(*arguments):
    """The JSON that the command answers."""
    done = admin(*arguments, "--json")
    assert done.returncode == 0, f"{arguments}: {done.returncode} {done.stdout[-2000:]} {done.stderr[-2000:]}"
    return json.loads(done.stdout)


def place(server):
    """The options that name the server's installation."""
    database = server.environment.get("MARTLET_DATABASE")
    return ["--data", server.data, *(["--database", database] if database else [])]


def serve(folder, data, database=None):
    """A server over a data folder that is there already."""
    folder.mkdir(exist_ok=True)
    server = harness.Server(folder, environment={"MARTLET_DATABASE": database or ""})
    server.data = pathlib.Path(data)
    return server


@pytest.fixture
def own_server(tmp_path):
    server = harness.Server(tmp_path / "first")
    (tmp_path / "first").mkdir()
    server.start()
    yield server
    server.kill()


@contextlib.contextmanager
def client_of(mlflow, server):
    mlflow.set_tracking_uri(server.url)
    yield mlflow.MlflowClient(server.url)


def log_with_client(mlflow, server, tmp_path):
    """What a training logs, by the client of mlflow. - Returns the id of its run."""
    with client_of(mlflow, server):
        mlflow.set_experiment("by the client")
        with mlflow.start_run(run_name="baseline") as run:
            mlflow.log_params({"lr": 0.1, "layers": 3})
            mlflow.set_tag("team", "vision")
            for step in range(200):
                mlflow.log_metrics({"train/loss": 1 / (step + 1), "val/loss": 2 / (step + 1)}, step=step)
            mlflow.log_text("notes of the run", "notes/notes.txt")
            (tmp_path / "weights.bin").write_bytes(os.urandom(400_000))
            mlflow.log_artifact(tmp_path / "weights.bin", "model")
    return run.info.run_id


def picture(mlflow, server, tmp_path):
    """Everything that the API answers about all experiments and runs, files by their content."""
    answers = {}
    with client_of(mlflow, server) as client:
        for experiment in client.search_experiments(view_type=mlflow.entities.ViewType.ALL):
            answers["experiment", experiment.experiment_id] = dict(experiment)
            runs = client.search_runs([experiment.experiment_id], run_view_type=mlflow.entities.ViewType.ALL)
            for run in runs:
                id = run.info.run_id
                answers["run", id] = json.dumps(run.to_dictionary(), sort_keys=True)
                for key in run.data.metrics:
                    answers["history", id, key] = [dict(point) for point in client.get_metric_history(id, key)]
                folders = [None]
                while folders:
                    for file in client.list_artifacts(id, folders.pop()):
                        if file.is_dir:
                            folders.append(file.path)
                        else:
                            local = client.download_artifacts(id, file.path, str(tmp_path))
                            answers["file", id, file.path] = pathlib.Path(local).read_bytes()
    assert any(key[0] == "file" for key in answers) and any(key[0] == "history" for key in answers)
    return answers


def test_a_backup_beside_writers_has_all_that_was_acknowledged_before(own_server, mlflow, tmp_path):
    trained = log_with_client(mlflow, own_server, tmp_path)
    raw, ledger = harness.Raw(own_server), Ledger()
    runs = [raw.new_run() for _ in range(2)]
    writers = [
        Writer(own_server, ledger, run, kind, index * 50_000)
        for index, run in enumerate(runs) for kind in ("point", "batch", "param", "artifact")
        if kind != "param" or index == 0
    ]
    for writer in writers:
        writer.start()
    snapshots = []
    try:
        for _ in range(3):
            known = len(ledger.acknowledged.get("artifact", {}))
            while len(ledger.acknowledged.get("artifact", {})) < known + 10:
                time.sleep(0.02)
            with ledger.lock:
                before = copy.deepcopy(ledger.acknowledged)
            snapshots.append((succeed("backup", tmp_path / "backups", *place(own_server)), before))
    finally:
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
    assert ledger.refusals == []
    assert own_server.is_healthy()
    sizes = [report["copiedBytes"] for report, _ in snapshots]
    assert all(report["lost"] == [] for report, _ in snapshots) and sizes[1] < snapshots[1][0]["bytes"]
    for number, (report, before) in enumerate(snapshots):
        data = tmp_path / f"restored {number}"
        succeed("restore", tmp_path / "backups", "--data", data, "--snapshot", report["snapshot"])
        assert succeed("fsck", "--data", data)["findings"] == []
        server = serve(tmp_path / f"server {number}", data).start()
        try:
            ledger.acknowledged = before
            check_everything(harness.Raw(server), ledger, runs)
            with client_of(mlflow, server) as client:
                assert client.get_run(trained).data.params == {"lr": "0.1", "layers": "3"}
                assert len(client.get_metric_history(trained, "val/loss")) == 200
        finally:
            server.stop()


def test_a_damaged_backup_is_refused_and_a_half_made_one_is_none(own_server, mlflow, tmp_path):
    log_with_client(mlflow, own_server, tmp_path)
    backups = tmp_path / "backups"
    report = succeed("backup", backups, *place(own_server))
    files = sorted(path for path in backups.rglob("*") if path.is_file() and path.name != "lock")
    assert len(files) >= 5
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        done = admin("restore", backups, "--data", tmp_path / "new")
        assert done.returncode == 1 and (path.name in done.stderr or path.name == "martlet-backup"), done.stderr
        assert not (tmp_path / "new").exists()
        path.write_bytes(whole)
    (backups / "snapshots" / report["snapshot"] / "MANIFEST").unlink()
    done = admin("restore", backups, "--data", tmp_path / "new")
    assert done.returncode == 1 and "no whole snapshot" in done.stderr


def test_fsck_names_the_run_and_the_path_of_what_is_lost(own_server, mlflow, tmp_path):
    run = log_with_client(mlflow, own_server, tmp_path)
    sound = succeed("fsck", *place(own_server))
    assert sound["points"] == 400 and sound["artifacts"] == 2
    assert admin("fsck", "--repair", *place(own_server)).returncode == 1, "a server holds the folder"
    own_server.stop()
    largest = max((own_server.data / "blobs" / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    content = largest.read_bytes()
    largest.write_bytes(content[:1000] + b"x" + content[1001:])
    for repair in ([], ["--repair"]):
        done = admin("fsck", *place(own_server), "--json", *repair)
        assert done.returncode == 1
        findings = json.loads(done.stdout)["findings"]
        assert [(finding["run"], finding["path"]) for finding in findings] == [(run, "model/weights.bin")]
    own_server.start()
    with client_of(mlflow, own_server) as client:
        client.log_artifact(run, tmp_path / "weights.bin", "model")
        local = client.download_artifacts(run, "model/weights.bin", str(tmp_path / "first"))
        assert pathlib.Path(local).read_bytes() == (tmp_path / "weights.bin").read_bytes()
    assert succeed("fsck", *place(own_server))["findings"] == []


def test_gc_removes_what_was_deleted_and_usage_counts_the_rest(own_server, mlflow, tmp_path):
    gone = log_with_client(mlflow, own_server, tmp_path)
    kept = log_with_client(mlflow, own_server, tmp_path)
    with client_of(mlflow, own_server) as client:
        client.delete_run(gone)
    usage = {row["name"]: row for row in succeed("usage", *place(own_server))["experiments"]}["by the client"]
    assert (usage["runs"], usage["deletedRuns"], usage["points"], usage["artifacts"]) == (2, 1, 800, 4)
    assert usage["artifactBytes"] == 2 * (400_000 + 16) and usage["metricBytes"] > 1_000
    assert succeed("gc", *place(own_server), "--dry-run")["runs"] == 0, "30 days are not over"
    plan = succeed("gc", *place(own_server), "--dry-run", "--older-than", "0s")
    assert (plan["runs"], plan["points"], plan["artifacts"]) == (1, 400, 2)
    refused = admin("gc", *place(own_server))
    assert refused.returncode == 1 and "stop the server" in refused.stderr
    assert admin("gc", *place(own_server), "--older-than", "soon").returncode == 2
    own_server.stop()
    assert succeed("gc", *place(own_server), "--older-than", "0s")["runs"] == 1
    assert succeed("fsck", *place(own_server))["findings"] == []
    own_server.start()
    with client_of(mlflow, own_server) as client:
        assert len(client.get_metric_history(kept, "val/loss")) == 200
        with pytest.raises(mlflow.exceptions.MlflowException):
            client.get_run(gone)


@pytest.mark.skipif(not harness.POSTGRES, reason="needs PostgreSQL: MARTLET_TEST_POSTGRES is not set")
def test_a_migration_to_postgres_answers_as_before_also_after_kills(mlflow, tmp_path):
    server = serve(tmp_path / "sqlite", tmp_path / "data").start()
    try:
        log_with_client(mlflow, server, tmp_path)
        deleted = log_with_client(mlflow, server, tmp_path)
        raw = harness.Raw(server)
        busy = raw.new_run()
        for batch in range(300):
            metrics = [{"key": f"m{i % 7}", "value": batch + i / 3, "timestamp": 1 + batch, "step": 20 * batch + i} for i in range(20)]
            raw.ok("runs/log-batch", {"run_id": busy, "metrics": metrics, "params": [{"key": f"p{batch}", "value": "é" * 50}]})
        mlflow.MlflowClient(server.url).delete_run(deleted)
        expected = picture(mlflow, server, tmp_path)
    finally:
        server.stop()
    address = harness.new_database()
    move = ["migrate", "--from", tmp_path / "data", "--to", address]
    kills = 0
    for pause in (0.05, 0.1, 0.15, 0.2):
        process = subprocess.Popen(
            [harness.martlet_binary(), "admin", *map(str, move)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(pause)
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    # The last one may have been killed after all was done, before it said so.
    if kills == 4 and (last := admin(*move, "--json")).returncode == 0:
        assert sum(table["rows"] for table in json.loads(last.stdout)["tables"]) > 300
    elif kills == 4:
        assert "not empty" in last.stderr
    refused = admin(*move)
    assert kills > 0 and refused.returncode == 1 and "not empty" in refused.stderr
    moved = serve(tmp_path / "postgres", tmp_path / "data", address).start()
    try:
        assert picture(mlflow, moved, tmp_path) == expected
        with client_of(mlflow, moved) as client:
            numbers = [int(e.experiment_id) for e in client.search_experiments()]
            assert int(client.create_experiment("after the move")) > max(numbers), "numbers go on behind the greatest"
        harness.Raw(moved).new_run()
        assert succeed("fsck", *place(moved))["findings"] == []
    finally:
        moved.stop()


def test_prune_keeps_what_the_rules_say_and_it_can_be_restored(own_server, mlflow, tmp_path):
    backups, names = tmp_path / "backups", []
    for _ in range(3):
        log_with_client(mlflow, own_server, tmp_path)
        names.append(succeed("backup", backups, *place(own_server))["snapshot"])
    for wrong in ([], ["--keep-last", "0"], ["--keep-within", "soon"]):
        assert admin("prune", backups, *wrong).returncode == 2
    plan = succeed("prune", backups, "--keep-last", "2", "--dry-run")
    assert (plan["kept"], plan["removed"]) == (names[1:], names[:1])
    assert succeed("prune", backups, "--keep-last", "1", "--keep-within", "1h")["removed"] == []
    report = succeed("prune", backups, "--keep-last", "1")
    assert (report["kept"], report["removed"]) == (names[2:], names[:2])
    # The database of the newest names the files of all three runs.
    assert report["files"] == 0
    assert admin("restore", backups, "--data", tmp_path / "old", "--snapshot", names[0]).returncode == 1
    succeed("restore", backups, "--data", tmp_path / "restored")
    assert succeed("fsck", "--data", tmp_path / "restored")["artifacts"] == 6


def test_a_wrong_command_line_ends_with_2_and_a_missing_folder_with_1(tmp_path):
    assert admin("backup").returncode == 2
    assert admin("fsck", "--data", tmp_path, "--database", "mysql://x").returncode == 2
    for command in (["backup", tmp_path / "b"], ["fsck"], ["usage"], ["gc"]):
        done = admin(*command, "--data", tmp_path / "absent")
        assert done.returncode == 1 and "absent" in done.stderr and not (tmp_path / "absent").exists()


def test_the_folder_of_a_killed_server_is_backed_up_and_checked_as_it_is(own_server, mlflow, tmp_path):
    run = log_with_client(mlflow, own_server, tmp_path)
    own_server.kill()
    assert succeed("fsck", *place(own_server))["points"] == 400
    succeed("backup", tmp_path / "backups", *place(own_server))
    succeed("restore", tmp_path / "backups", "--data", tmp_path / "restored")
    server = serve(tmp_path / "second", tmp_path / "restored").start()
    try:
        with client_of(mlflow, server) as client:
            assert len(client.get_metric_history(run, "val/loss")) == 200
            assert [file.path for file in client.list_artifacts(run, "model")] == ["model/weights.bin"]
    finally:
        server.stop()
