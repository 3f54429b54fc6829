"""Workspaces, through the client's own functions: what is in one is not there for a program in another."""

import os
import subprocess
import sys
import uuid

import pytest
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

PROGRAM = """
import mlflow, numpy
from sklearn.linear_model import LinearRegression
mlflow.set_experiment("shared name")
with mlflow.start_run() as run:
    mlflow.log_params({"lr": 0.1})
    mlflow.log_metrics({"loss": 0.5}, step=1)
    mlflow.log_text("hello", "notes/hello.txt")
    model = mlflow.sklearn.log_model(LinearRegression().fit(numpy.eye(2), [0, 1]), name="line")
text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/hello.txt")
print(run.info.run_id, run.info.experiment_id, model.model_id, text)
"""


@pytest.fixture
def workspace(mlflow):
    """The name of a fresh workspace. The active one is the default one again afterwards."""
    name = f"team-{uuid.uuid4().hex[:10]}"
    mlflow.create_workspace(name, description="for a test")
    yield name
    mlflow.set_workspace(None)
    if name in [one.name for one in mlflow.list_workspaces()]:
        mlflow.delete_workspace(name, mode="CASCADE")


def train(server, workspace=None):
    variables = {k: v for k, v in os.environ.items() if k != "MLFLOW_WORKSPACE"}
    variables |= {"MLFLOW_TRACKING_URI": server.url} | ({"MLFLOW_WORKSPACE": workspace} if workspace else {})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=170, cwd=server.folder, env=variables,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    run, experiment, model, text = done.stdout.strip().splitlines()[-1].split()
    assert text == "hello"
    return run, experiment, model


def absent(call):
    with pytest.raises(MlflowException) as caught:
        call()
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST", caught.value


def test_a_workspace_is_made_read_changed_and_removed(mlflow, workspace):
    made = mlflow.get_workspace(workspace)
    assert (made.name, made.description, made.default_artifact_root) == (workspace, "for a test", None)
    names = [one.name for one in mlflow.list_workspaces()]
    assert names[0] == "default" and workspace in names
    assert mlflow.update_workspace(workspace, description="other").description == "other"
    assert mlflow.get_workspace(workspace).description == "other"
    with pytest.raises(MlflowException) as caught:
        mlflow.create_workspace(workspace)
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"
    mlflow.delete_workspace(workspace)
    absent(lambda: mlflow.get_workspace(workspace))
    absent(lambda: mlflow.update_workspace(workspace, description="x"))
    absent(lambda: mlflow.delete_workspace(workspace))


def test_a_program_runs_in_its_workspace_and_is_seen_there_only(server, mlflow, client, workspace):
    here, there = train(server), train(server, workspace)
    for inside, (run, experiment, model), (_, other, _) in ((None, here, there), (workspace, there, here)):
        mlflow.set_workspace(inside)
        assert client.get_experiment_by_name("shared name").experiment_id == experiment
        assert other not in [one.experiment_id for one in client.search_experiments()]
        assert client.get_run(run).data.metrics == {"loss": 0.5}
        assert [one.info.run_id for one in client.search_runs([other, experiment])].count(run) == 1
        assert all(one.info.experiment_id == experiment for one in client.search_runs([other, experiment]))
        assert [one.path for one in client.list_artifacts(run)] == ["notes"]
        assert client.get_logged_model(model).source_run_id == run


def test_ids_of_another_workspace_are_as_unknown_ones(server, mlflow, client, workspace):
    run, experiment, model = train(server, workspace)
    for call in (
        lambda: client.get_experiment(experiment),
        lambda: client.create_run(experiment),
        lambda: client.rename_experiment(experiment, "mine"),
        lambda: client.delete_experiment(experiment),
        lambda: client.set_experiment_tag(experiment, "a", "b"),
        lambda: client.get_run(run),
        lambda: client.log_metric(run, "m", 1.0),
        lambda: client.log_batch(run, metrics=[Metric("m", 1.0, 1, 1)]),
        lambda: client.log_param(run, "p", "v"),
        lambda: client.set_tag(run, "t", "v"),
        lambda: client.get_metric_history(run, "loss"),
        lambda: client.set_terminated(run),
        lambda: client.delete_run(run),
        lambda: client.list_artifacts(run),
        lambda: client.get_logged_model(model),
        lambda: client.finalize_logged_model(model, "READY"),
        lambda: client.delete_logged_model(model),
    ):
        absent(call)
    assert client.search_runs([experiment]) == []
    assert client.search_logged_models([experiment]) == []
    mlflow.set_workspace(workspace)
    assert client.get_run(run).data.metrics == {"loss": 0.5}
    assert client.get_run(run).info.status == "FINISHED"


def test_files_that_belong_to_no_run_stay_in_their_workspace(raw, workspace):
    url, header = "/api/2.0/mlflow-artifacts/artifacts/loose/a.txt", {"X-MLFLOW-WORKSPACE": workspace}
    assert raw.send("PUT", url, data=b"inside", headers=header).status_code == 200
    assert raw.send("GET", url).status_code == 404
    assert raw.send("PUT", url, data=b"outside").status_code == 200
    assert raw.send("GET", url, headers=header).content == b"inside"
    signed = "/api/2.0/mlflow-artifacts/presigned/loose/a.txt"
    link = raw.send("GET", signed, headers=header).json()["url"]
    assert raw.send("GET", link).content == b"inside"
    assert raw.send("DELETE", url).status_code == 200
    assert raw.send("GET", url, headers=header).content == b"inside"


def test_artifacts_go_where_the_workspace_says(mlflow, client, workspace, tmp_path):
    mlflow.update_workspace(workspace, default_artifact_root=f"file://{tmp_path}/store")
    mlflow.set_workspace(workspace)
    experiment = client.create_experiment("elsewhere")
    assert client.get_experiment(experiment).artifact_location == f"file://{tmp_path}/store/{experiment}"
    mlflow.update_workspace(workspace, default_artifact_root="")
    other = client.create_experiment("here")
    assert client.get_experiment(other).artifact_location == f"mlflow-artifacts:/{other}"


@pytest.mark.parametrize("name", ["a", "A-team", "-team", "team-", "te am", "t" * 64, "workspaces", "api", "ümlaut", "a/b"])
def test_illegal_names_are_refused(raw, name):
    answer = raw.send("POST", "/api/3.0/mlflow/workspaces", json={"name": name})
    assert answer.status_code == 400 and answer.json()["error_code"] == "INVALID_PARAMETER_VALUE", answer.text


def test_bad_requests_get_words(raw, workspace):
    base = "/api/3.0/mlflow/workspaces"
    for method, path, body, status, words in (
        ("POST", "", {}, 400, "Missing value for required parameter 'name'"),
        ("POST", "", {"name": 7}, 400, "Invalid value 7 for parameter 'name'"),
        ("POST", "", {"name": "default"}, 400, "reserved and cannot be created"),
        ("POST", "", {"name": "root-less", "default_artifact_root": "relative/path"}, 400, "default_artifact_root"),
        ("POST", "", {"name": "archive", "trace_archival_config": {"location": "s3://b"}}, 400, "trace_archival_config"),
        ("PATCH", f"/{workspace}", {}, 400, "at least one key"),
        ("PATCH", "/no-such", {"description": "x"}, 404, "Workspace 'no-such' not found"),
        ("DELETE", "/default", None, 400, "reserved and cannot be deleted"),
        ("DELETE", f"/{workspace}?mode=EVERYTHING", None, 400, "Invalid deletion mode"),
        ("GET", "/no-such", None, 404, "Workspace 'no-such' not found"),
    ):
        answer = raw.send(method, base + path, json=body)
        assert answer.status_code == status and words in answer.json()["message"], (method, path, answer.text)
    assert raw.send("POST", base, data=b"{", headers={"Content-Type": "application/json"}).status_code == 400


def test_an_unknown_workspace_is_said_so(raw):
    header = {"X-MLFLOW-WORKSPACE": "nowhere"}
    answer = raw.send("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers=header)
    assert answer.status_code == 404 and answer.json()["message"] == "Workspace 'nowhere' not found"
    info = raw.send("GET", "/api/3.0/mlflow/server-info", headers=header)
    assert info.status_code == 200 and info.json()["workspaces_enabled"] is True


def test_what_becomes_of_the_experiments(mlflow, client, workspace, name):
    mlflow.set_workspace(workspace)
    kept = client.create_experiment(name)
    run = client.create_run(kept).info.run_id
    with pytest.raises(MlflowException, match="still contains 1 experiment"):
        mlflow.delete_workspace(workspace)
    mlflow.set_workspace(None)
    clash = client.create_experiment(name)
    with pytest.raises(MlflowException, match=name):
        mlflow.delete_workspace(workspace, mode="SET_DEFAULT")
    client.rename_experiment(clash, name + " of the others")
    mlflow.delete_workspace(workspace, mode="SET_DEFAULT")
    assert client.get_experiment(kept).name == name
    client.log_metric(run, "m", 1.0)
    assert client.get_run(run).data.metrics == {"m": 1.0}


def test_a_removed_workspace_leaves_its_experiments_in_the_bin(mlflow, client, workspace, name):
    mlflow.set_workspace(workspace)
    gone = client.create_experiment(name)
    run = client.create_run(gone).info.run_id
    mlflow.set_workspace(None)
    same = client.create_experiment(name)
    mlflow.delete_workspace(workspace, mode="CASCADE")
    assert client.get_experiment(same).lifecycle_stage == "active"
    binned = client.get_experiment(gone)
    assert binned.lifecycle_stage == "deleted" and name in binned.name and workspace in binned.name
    client.restore_experiment(gone)
    assert client.get_run(run).info.lifecycle_stage == "active"
