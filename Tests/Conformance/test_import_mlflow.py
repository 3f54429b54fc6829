"""`martlet import mlflow` against stores that the real mlflow wrote: what both servers answer is compared."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

import harness
from imports import assert_same, python_environment, read_store, run_import, write_store

pytestmark = pytest.mark.martlet_only


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A folder with `mlflow.db` and its artifacts, and what mlflow reads from it."""
    folder = tmp_path_factory.mktemp("database")
    return folder, write_store(f"sqlite:///{folder}/mlflow.db", folder)


@pytest.fixture(scope="module")
def file_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return folder, write_store(f"file://{folder}/mlruns", folder)


@pytest.fixture
def target(tmp_path):
    """A server of the test's own, empty at first."""
    server = harness.Server(tmp_path / "target")
    server.folder.mkdir()
    yield server.start()
    server.stop()


def test_a_database_comes_over_whole(target, database):
    folder, expected = database
    report = run_import(target, folder / "mlflow.db")
    assert report["problems"] == [] and report["runs"]["failed"] == 0
    assert report["runs"]["created"] == len(expected["runs"])
    assert report["models"]["created"] == len(expected["models"])
    assert report["points"] == sum(len(points) for run in expected["runs"].values() for points in run["history"].values())
    assert report["notCarried"] == {}
    assert report["registeredModels"]["created"] == len(expected["registry"]) == 3
    assert_same(expected, read_store(target.url, folder))

    again = run_import(target, folder / "mlflow.db")
    assert again["runs"] == {"created": 0, "resumed": 0, "present": len(expected["runs"]), "conflicts": 0, "failed": 0}
    assert again["models"]["present"] == len(expected["models"]) and again["points"] == 0 and again["files"] == 0
    assert again["registeredModels"]["present"] == len(expected["registry"])
    assert_same(expected, read_store(target.url, folder))


def test_a_file_store_comes_over_whole(target, file_store):
    folder, expected = file_store
    report = run_import(target, folder / "mlruns")
    assert report["problems"] == []
    assert report["notCarried"] == {} and report["registeredModels"]["created"] == len(expected["registry"])
    assert_same(expected, read_store(target.url, folder))
    again = run_import(target, folder / "mlruns")
    assert again["runs"]["present"] == len(expected["runs"]) and again["points"] == 0


@pytest.fixture(scope="module")
def mlflow_server(tmp_path_factory):
    """The real `mlflow server`, filled by the real client through its API."""
    folder = tmp_path_factory.mktemp("mlflow-server")
    port = harness.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port),
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "mlartifacts"),
    ]
    environment = python_environment() | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True)
    try:
        harness.wait_for(url, process, 120)
        yield url, folder, write_store(url, folder)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_server_comes_over_whole_and_so_does_its_database(target, mlflow_server, tmp_path):
    url, folder, expected = mlflow_server
    report = run_import(target, url)
    assert report["problems"] == []
    assert_same(expected, read_store(target.url, tmp_path))
    assert run_import(target, url)["runs"]["present"] == len(expected["runs"])
    # The database names its artifacts by mlflow-artifacts:/…, and the folder beside it is found.
    other = harness.Server(tmp_path / "other")
    other.folder.mkdir()
    other.start()
    try:
        assert run_import(other, folder / "mlflow.db")["problems"] == []
        assert_same(expected, read_store(other.url, tmp_path))
    finally:
        other.stop()


def test_a_martlet_server_is_a_source_too(target, database, tmp_path):
    folder, expected = database
    run_import(target, folder / "mlflow.db")
    other = harness.Server(tmp_path / "other")
    other.folder.mkdir()
    other.start()
    try:
        report = run_import(other, target.url)
        assert report["problems"] == []
        assert_same(expected, read_store(other.url, tmp_path))
    finally:
        other.stop()


def test_a_dry_run_writes_nothing_and_tells_all(target, database):
    folder, expected = database
    before = read_store(target.url, folder)
    dry = run_import(target, folder / "mlflow.db", "--dry-run")
    assert read_store(target.url, folder) == before
    real = run_import(target, folder / "mlflow.db")
    for part in ("runs", "models", "points", "files", "bytes", "problems", "notCarried"):
        assert dry[part] == real[part], part


def test_one_experiment_and_taken_ids_and_names(target, database, tmp_path):
    folder, expected = database
    raw = harness.Raw(target)
    # The id of the source's experiment is taken here by another, and the name of a second one is there already.
    taken = raw.ok("experiments/create", {"name": "another"})["experiment_id"]
    names = {experiment["name"]: id for id, experiment in expected["experiments"].items()}
    assert names["vision"] == taken
    merged = raw.ok("experiments/create", {"name": "gone"})["experiment_id"]
    report = run_import(target, folder / "mlflow.db", "--experiment", "vision")
    assert [(line["name"], line["from"], line["outcome"]) for line in report["experiments"]] == [
        ("vision", names["vision"], "created")
    ]
    mapped = report["experiments"][0]["to"]
    assert mapped not in (taken, merged)
    report = run_import(target, folder / "mlflow.db")
    outcomes = {line["name"]: (line["to"], line["outcome"]) for line in report["experiments"]}
    assert outcomes["vision"] == (mapped, "merged") and outcomes["gone"] == (merged, "merged")
    found = read_store(target.url, tmp_path)
    assert found["runs"].keys() == expected["runs"].keys()
    assert "the source has no experiment" in run_import(
        target, folder / "mlflow.db", "--experiment", "no such", expected=1)["stoppedBecause"]


def many_runs(path, runs=300, points=400):
    """A store with more than an import carries at once, written in SQL: the schema is the real one."""
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
                   "last_update_time) VALUES (77, 'many', ?, 'active', 1, 2)", (str(path.parent / "mlruns" / "77"),))
        for number in range(runs):
            run = f"{number:032x}"
            db.execute("INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, "
                       "artifact_uri, experiment_id) VALUES (?, ?, 'u', 'FINISHED', 1000, 2000, 'active', ?, 77)",
                       (run, f"run {number}", f"{path.parent}/mlruns/77/{run}/artifacts"))
            db.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
                           [(f"m{step % 4}", step * 0.5, 1000 + step, run, step) for step in range(points)])
            if number % 3 == 0:
                folder = path.parent / "mlruns" / "77" / run / "artifacts"
                folder.mkdir(parents=True)
                (folder / "a.txt").write_text(run)


def imported(server, experiment):
    """Runs of an experiment that are to be seen, with the number of points of each metric."""
    raw = harness.Raw(server)
    found, query = [], {"experimentIDs": [experiment], "limit": 1000}
    answer = raw.send("POST", "/api/v1/runs/search", json=query)
    assert answer.status_code == 200, answer.text
    for run in answer.json()["runs"]:
        found.append((run["id"], sorted((metric["key"], metric["count"]) for metric in run["metrics"])))
    return sorted(found)


def copy_of(database, folder):
    folder.mkdir()
    shutil.copy(database / "mlflow.db", folder / "mlflow.db")
    return folder / "mlflow.db"


def test_a_killed_import_goes_on(target, database, tmp_path):
    path = copy_of(database[0], tmp_path / "store")
    many_runs(path)
    command = [harness.martlet_binary(), "import", "mlflow", str(path), "--to", target.url, "--experiment", "many"]
    whole = [(f"m{key}", 100) for key in range(4)]
    raw = harness.Raw(target)
    for wanted in (20, 120):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = []
        while process.poll() is None and len(seen) < wanted:
            if raw.get("experiments/get-by-name", experiment_name="many").status_code == 200:
                seen = imported(target, "77")
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL or wanted > 20, "the import was over before it could be killed"
        # What is to be seen is whole.
        assert all(metrics == whole for _, metrics in imported(target, "77"))
    before = len(imported(target, "77"))
    assert 20 <= before
    report = run_import(target, path, "--experiment", "many")
    assert report["problems"] == [] and "stoppedBecause" not in report
    assert report["runs"]["created"] + report["runs"]["resumed"] + report["runs"]["present"] == 300
    assert report["runs"]["present"] >= before
    runs = imported(target, "77")
    assert [run for run, _ in runs] == [f"{number:032x}" for number in range(300)]
    assert all(metrics == whole for _, metrics in runs)
    file = raw.send("GET", f"/api/v1/runs/{297:032x}/artifacts/content?path=a.txt")
    assert file.text == f"{297:032x}"


def test_a_server_that_is_killed_is_waited_for_or_told(target, database, tmp_path):
    path = copy_of(database[0], tmp_path / "store")
    many_runs(path, runs=50)
    target.kill()
    report = run_import(target, path, expected=1)
    assert "does not answer" in report["stoppedBecause"]
    target.start()
    assert run_import(target, path)["problems"] == []


def test_runs_of_the_same_id_are_conflicts(target, database, tmp_path):
    path = copy_of(database[0], tmp_path / "store")
    many_runs(path, runs=3, points=4)
    run_import(target, path, "--experiment", "many")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE runs SET status = 'FAILED' WHERE run_uuid = ?", (f"{1:032x}",))
    report = run_import(target, path, "--experiment", "many", expected=1)
    assert report["runs"] == {"created": 0, "resumed": 0, "present": 2, "conflicts": 1, "failed": 0}
    assert [problem["kind"] for problem in report["problems"]] == ["conflict"]
    assert f"{1:032x}" in report["problems"][0]["of"]
    raw = harness.Raw(target)
    assert raw.run(f"{1:032x}")["info"]["status"] == "FINISHED"


def test_hostile_values_are_told_and_the_rest_comes(target, database, tmp_path):
    path = copy_of(database[0], tmp_path / "store")
    many_runs(path, runs=3, points=4)
    run = f"{0:032x}"
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    artifacts = path.parent / "mlruns" / "77" / run / "artifacts"
    (artifacts / "link").symlink_to(outside)
    (artifacts / "back\\slash").write_text("x")
    with sqlite3.connect(path) as db:
        metric = "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)"
        db.execute(metric, ("../up", 1, 1, run, 1))
        db.execute(metric, ("k" * 251, 1, 1, run, 1))
        db.execute(metric, ("m0", "words", 1, run, 1))
        db.execute(metric, ("m0", 1, -5, run, 1))
        db.execute(metric, ("m0", 1, "then", run, 1))
        db.execute("INSERT INTO params (key, value, run_uuid) VALUES ('../p', 'v', ?)", (run,))
        db.execute("INSERT INTO params (key, value, run_uuid) VALUES ('long', ?, ?)", ("x" * 7000, run))
        db.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('zero', ?, ?)", ("a\0b", run))
        db.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('good', 'kept', ?)", (run,))
        db.execute("UPDATE runs SET artifact_uri = '/etc' WHERE run_uuid = ?", (f"{1:032x}",))
        db.execute("UPDATE runs SET start_time = 'soon' WHERE run_uuid = ?", (f"{2:032x}",))
        db.execute("INSERT INTO runs (run_uuid, name, status, lifecycle_stage, artifact_uri, experiment_id) "
                   "VALUES ('../../etc/passwd', 'evil', 'FINISHED', 'active', '', 77)")
    report = run_import(target, path, "--experiment", "many", expected=1)
    told = "\n".join(f"{problem['kind']}: {problem['of']}: {problem['message']}" for problem in report["problems"])
    for text in ("../up", "k" * 100, "are no numbers", "before 1970", "'../p'", "7000 characters", "U+0000", "'link'",
                 "back\\slash", "'/etc'", "'soon'", "../../etc/passwd"):
        assert text in told, f"{text} is not in\n{told}"
    assert report["runs"]["created"] == 3 and report["runs"]["failed"] == 1
    runs = imported(target, "77")
    assert [found for found, _ in runs] == [f"{number:032x}" for number in range(3)]
    raw = harness.Raw(target)
    data = raw.run(run)["data"]
    assert {param["key"]: len(param["value"]) for param in data["params"]} == {"long": 6000}
    assert "good" in [tag["key"] for tag in data["tags"]] and "zero" not in [tag["key"] for tag in data["tags"]]
    assert sorted(metric["key"] for metric in data["metrics"]) == ["m0", "m1", "m2", "m3"]
    listing = raw.send("GET", f"/api/v1/runs/{run}/artifacts").json()["entries"]
    assert [entry["name"] for entry in listing] == ["a.txt"]
    # The second time says the same of what is not whole, and changes nothing.
    again = run_import(target, path, "--experiment", "many", expected=1)
    assert again["runs"]["present"] == 3 and again["runs"]["failed"] == 1


def test_missing_artifacts_are_told(target, database, tmp_path):
    path = copy_of(database[0], tmp_path / "moved")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE logged_models SET artifact_location = replace(artifact_location, '/mlruns/', '/nowhere/')")
        db.execute("UPDATE runs SET artifact_uri = 's3://bucket/' || run_uuid || '/artifacts'")
    report = run_import(target, path, expected=1)
    kinds = {(problem["kind"], problem["of"].split()[0]) for problem in report["problems"]}
    assert kinds == {("missing", "run"), ("missing", "model")}
    assert report["files"] == 0


def test_artifacts_that_moved_are_found(target, database, tmp_path):
    folder, expected = database
    path = copy_of(folder, tmp_path / "moved")
    shutil.copytree(folder / "mlruns", tmp_path / "elsewhere")
    with sqlite3.connect(path) as db:
        for table, column in (("runs", "artifact_uri"), ("logged_models", "artifact_location")):
            db.execute(f"UPDATE {table} SET {column} = replace({column}, '{folder}', '/no/such/folder')")
    report = run_import(target, path, "--artifacts", str(tmp_path / "elsewhere"))
    assert report["problems"] == []
    assert_same(expected, read_store(target.url, tmp_path))


@pytest.mark.parametrize("damage", ["text", "empty", "head", "middle", "other", "absent"])
def test_a_broken_database_is_told(target, database, tmp_path, damage):
    path = copy_of(database[0], tmp_path / "broken")
    many_runs(path, runs=20)
    if damage == "text":
        path.write_text("this is no database\n" * 1000)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "head":
        with open(path, "r+b") as file:
            file.truncate(3000)
    elif damage == "middle":
        # Pages in the middle become noise; the schema stays.
        size = path.stat().st_size
        with open(path, "r+b") as file:
            file.seek(size // 2 // 4096 * 4096)
            file.write(os.urandom(size // 2 // 4096 * 4096))
    elif damage == "other":
        path.unlink()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE runs (a)")
    else:
        path.unlink()
    done = subprocess.run(
        [harness.martlet_binary(), "import", "mlflow", str(path), "--to", target.url],
        capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    words = {"absent": "there is no file", "other": "is no store of MLflow", "empty": "is no store of MLflow"}
    told = words.get(damage, "damaged")
    assert told in done.stdout + done.stderr
    assert "atal error" not in done.stderr
    raw = harness.Raw(target)
    if raw.get("experiments/get-by-name", experiment_name="many").status_code == 200:
        assert all(len(metrics) == 4 and all(count == 100 for _, count in metrics) for _, metrics in imported(target, "77"))


def test_a_wrong_command_line(target, tmp_path):
    def run(*arguments):
        return subprocess.run([harness.martlet_binary(), "import", "mlflow", *arguments],
                              capture_output=True, text=True, timeout=60)

    assert run().returncode == 2
    assert run("x.db", "--to", "nowhere").returncode == 2
    assert run("http://127.0.0.1:1", "--artifacts", "x").returncode == 2
    (tmp_path / "folder").mkdir()
    done = run(str(tmp_path / "folder"), "--to", target.url)
    assert done.returncode == 1 and "is no file store" in done.stderr


def test_a_name_of_the_registry_that_is_here_gets_what_it_lacks(target, database):
    folder, expected = database
    raw = harness.Raw(target)
    name = "registered ü"
    raw.ok("registered-models/create", {"name": name, "description": "ours"})
    raw.ok("model-versions/create", {"name": name, "source": "s3://ours/model"})
    raw.ok("registered-models/alias", {"name": name, "alias": "best", "version": "1"})
    report = run_import(target, folder / "mlflow.db")
    assert report["problems"] == [] and report["registeredModels"]["created"] == len(expected["registry"])
    stored = raw.send("GET", harness.API + "registered-models/get", params={"name": name}).json()["registered_model"]
    assert stored["description"] == "ours"
    assert {one["alias"]: one["version"] for one in stored["aliases"]} == {"best": "1", "newest": "4"}
    versions = {one["version"]: one["source"] for one in raw.get("model-versions/search", filter=f"name = '{name}'").json()["model_versions"]}
    # The number 1 was given here; the others come with their numbers.
    assert versions.keys() == {"1", "2", "4"} and versions["1"] == "s3://ours/model"
    raw.ok("model-versions/create", {"name": name, "source": "s3://ours/next"})
    assert run_import(target, folder / "mlflow.db")["registeredModels"]["present"] == len(expected["registry"])


def test_a_version_that_was_deleted_here_is_a_conflict(target, database):
    folder, _ = database
    raw = harness.Raw(target)
    run_import(target, folder / "mlflow.db")
    answer = raw.send("DELETE", harness.API + "model-versions/delete", json={"name": "registered ü", "version": "2"})
    assert answer.status_code == 200
    report = run_import(target, folder / "mlflow.db", expected=1)
    assert report["registeredModels"]["conflicts"] == 1
    assert "version 2 of 'registered ü' was deleted here" in report["problems"][0]["message"]


def test_an_import_goes_into_a_workspace(target, database):
    folder, expected = database
    raw = harness.Raw(target)
    raw.send("POST", "/api/v1/workspaces", json={"name": "team"})
    report = run_import(target, folder / "mlflow.db", "--workspace", "team")
    assert report["problems"] == [] and report["runs"]["created"] == len(expected["runs"])
    there = {"X-MLFLOW-WORKSPACE": "team"}
    names = {one["name"] for one in raw.send("GET", harness.API + "experiments/search?max_results=100", headers=there).json()["experiments"]}
    assert {"vision", "language/größe: 1"} <= names
    models = raw.send("GET", harness.API + "registered-models/search", headers=there).json()["registered_models"]
    assert {one["name"] for one in models} == {"registered ü", "nothing yet"}
    assert "registered_models" not in raw.get("registered-models/search").json()
    assert raw.get("experiments/get-by-name", experiment_name="vision").status_code == 404
    assert "not found" in run_import(target, folder / "mlflow.db", "--workspace", "nowhere", expected=1)["stoppedBecause"]
