"""Models that are logged, registered and loaded again, and the files of their versions."""

import json

import pytest
from mlflow.exceptions import MlflowException, RestException
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from harness import ARTIFACTS, code

SOURCE = "s3://bucket/model"
FEATURES, TARGET = load_iris(return_X_y=True)


def iris(mlflow, **named):
    """Logs a small model of scikit-learn in a run of its own; gives it and what the client tells of it."""
    fitted = LogisticRegression(max_iter=200).fit(FEATURES, TARGET)
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(fitted, name="iris", pip_requirements=["scikit-learn"], **named)
    return fitted, info


def predicts_as(mlflow, fitted, uri):
    loaded = mlflow.pyfunc.load_model(uri)
    return (loaded.predict(FEATURES) == fitted.predict(FEATURES)).all()


def test_a_logged_model_is_registered_and_loaded(mlflow, client, experiment, name):
    fitted, info = iris(mlflow, registered_model_name=name)
    assert info.registered_model_version == "1"
    stored = client.get_model_version(name, "1")
    assert (stored.source, stored.run_id, stored.status) == (f"models:/{info.model_id}", info.run_id, "READY")
    # The server notes the version, and the client once more, as a text.
    tag = client.get_logged_model(info.model_id).tags["mlflow.modelVersions"]
    assert json.loads(tag) == [{"name": name, "version": 1}, {"name": name, "version": "1"}]
    client.set_registered_model_alias(name, "best", "1")
    client.transition_model_version_stage(name, "1", "Production")
    for uri in (f"models:/{name}/1", f"models:/{name}@best", f"models:/{name}/Production", f"models:/{name}/latest",
                f"models:/{name}@latest"):
        assert predicts_as(mlflow, fitted, uri), uri


def test_logging_again_makes_the_next_version(mlflow, client, experiment, name):
    for number in ("1", "2"):
        _, info = iris(mlflow, registered_model_name=name)
        assert info.registered_model_version == number
    assert [v.version for v in client.get_registered_model(name).latest_versions] == ["2"]


@pytest.mark.parametrize("uri", ["runs:/{run}/iris", "models:/{model}"])
def test_a_model_is_registered_afterwards(mlflow, client, experiment, name, uri):
    fitted, info = iris(mlflow)
    made = mlflow.register_model(uri.format(run=info.run_id, model=info.model_id), name, tags={"late": "1"})
    stored = client.get_model_version(name, "1")
    assert (made.version, stored.tags) == ("1", {"late": "1"})
    assert (stored.source, stored.run_id) == (f"models:/{info.model_id}", info.run_id)
    assert predicts_as(mlflow, fitted, f"models:/{name}/1")


def test_a_folder_of_a_run_is_registered(mlflow, client, experiment, name, tmp_path):
    fitted = LogisticRegression(max_iter=200).fit(FEATURES, TARGET)
    mlflow.sklearn.save_model(fitted, str(tmp_path / "iris"), pip_requirements=["scikit-learn"])
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "iris"), "iris")
    mlflow.register_model(f"runs:/{run.info.run_id}/iris", name)
    stored = client.get_model_version(name, "1")
    assert (stored.source, stored.run_id) == (f"{run.info.artifact_uri}/iris", run.info.run_id)
    assert predicts_as(mlflow, fitted, f"models:/{name}/1")


def test_a_version_is_copied_to_another_model(mlflow, client, experiment, name):
    fitted, info = iris(mlflow, registered_model_name=name)
    copied = client.copy_model_version(f"models:/{name}/1", f"{name} live")
    assert (copied.name, copied.version, copied.source) == (f"{name} live", "1", f"models:/{name}/1")
    assert copied.run_id == info.run_id
    assert predicts_as(mlflow, fitted, f"models:/{name} live/1")
    client.set_registered_model_alias(f"{name} live", "best", "1")
    again = client.copy_model_version(f"models:/{name} live@best", f"{name} live")
    assert (again.version, again.source) == ("2", f"models:/{name} live/1")
    assert predicts_as(mlflow, fitted, f"models:/{name} live/2")


def test_a_copy_outlives_its_original(mlflow, client, experiment, name):
    fitted, _ = iris(mlflow, registered_model_name=name)
    client.copy_model_version(f"models:/{name}/1", f"{name} live")
    client.delete_registered_model(name)
    assert predicts_as(mlflow, fitted, f"models:/{name} live/1")


def test_copying_a_version_that_is_not_there(client, model):
    with pytest.raises(MlflowException):
        client.copy_model_version(f"models:/{model}/7", f"{model} live")


def test_autologging_registers(mlflow, client, experiment, name):
    mlflow.sklearn.autolog(registered_model_name=name, silent=True)
    try:
        with mlflow.start_run() as run:
            fitted = LogisticRegression(max_iter=200).fit(FEATURES, TARGET)
    finally:
        mlflow.sklearn.autolog(disable=True)
    assert client.get_model_version(name, "1").run_id == run.info.run_id
    assert predicts_as(mlflow, fitted, f"models:/{name}/1")


def test_loading_what_is_not_registered(mlflow, client, versions):
    for uri in (f"models:/{versions}/99", f"models:/{versions}@nope", f"models:/{versions} x/1"):
        with pytest.raises(MlflowException):
            mlflow.pyfunc.load_model(uri)


def test_the_files_of_a_version_are_downloaded_by_its_name(mlflow, experiment, name, tmp_path):
    _, info = iris(mlflow, registered_model_name=name)
    path = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/1/MLmodel", dst_path=str(tmp_path))
    with open(path) as file:
        assert info.model_id in file.read()


@pytest.mark.martlet_only
def test_a_single_file_of_a_run_is_registered_and_outlives_it(mlflow, client, raw, model, run, root, tmp_path):
    path = f"{ARTIFACTS}/{root.partition(':/')[2]}/net.pkl"
    assert raw.send("PUT", path, data=b"pickled").status_code == 200
    client.create_model_version(model, f"runs:/{run}/net.pkl", run)
    assert client.get_model_version_download_uri(model, "1") == f"runs:/{run}/net.pkl"
    assert raw.send("DELETE", path).status_code in (200, 204)
    folder = mlflow.artifacts.download_artifacts(f"models:/{model}/1", dst_path=str(tmp_path))
    assert (tmp_path / "net.pkl").read_bytes() == b"pickled", folder


@pytest.mark.martlet_only
def test_a_tag_of_a_logged_model_that_is_no_list_gives_way(client, model, run, logged):
    # MLflow answers 500.
    for text in ("none", "", "]x["):
        client.set_logged_model_tags(logged.model_id, {"mlflow.modelVersions": text})
        version = client.create_model_version(model, f"models:/{logged.model_id}", run, model_id=logged.model_id).version
        tag = client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"]
        assert json.loads(tag) == [{"name": model, "version": int(version)}]


def artifact(raw, model, version, path):
    return raw.send("GET", "/model-versions/get-artifact", params={"name": model, "version": version, "path": path})


@pytest.fixture
def files(raw, client, model, run, root, logged):
    """Version 1 stands on a folder of a run, version 2 on a logged model, version 3 on another service."""
    place = root.removeprefix("mlflow-artifacts:/")
    raw.send("PUT", f"{ARTIFACTS}/{place}/model/MLmodel", data=b"of a run")
    raw.send("PUT", f"{ARTIFACTS}/{place}/model/data/a.bin", data=b"deep")
    raw.send("PUT", f"{ARTIFACTS}/{place}/secret", data=b"beside")
    place = logged.artifact_location.removeprefix("mlflow-artifacts:/")
    raw.send("PUT", f"{ARTIFACTS}/{place}/MLmodel", data=b"of a logged model")
    client.create_model_version(model, f"{root}/model", run)
    client.create_model_version(model, f"models:/{logged.model_id}", model_id=logged.model_id)
    client.create_model_version(model, SOURCE)
    return model


def test_a_file_of_a_version(raw, files):
    answer = artifact(raw, files, "1", "MLmodel")
    assert (answer.status_code, answer.content) == (200, b"of a run")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert artifact(raw, files, "1", "data/a.bin").content == b"deep"
    assert artifact(raw, files, "2", "MLmodel").content == b"of a logged model"


def test_a_file_that_a_version_has_not(raw, files):
    for version, path in (("1", "nope"), ("1", "secret"), ("2", "data/a.bin")):
        answer = artifact(raw, files, version, path)
        assert (answer.status_code, code(answer)) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_a_file_of_a_version_that_is_not_there(raw, files):
    for model, version in ((files, "9"), (f"{files} x", "1")):
        answer = artifact(raw, model, version, "MLmodel")
        assert (answer.status_code, code(answer)) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert answer.json()["message"] == f"Model Version (name={model}, version={version}) not found"


@pytest.mark.parametrize("path", ["", ".", "data"])
def test_a_folder_of_a_version_is_no_file(raw, files, path):
    answer = artifact(raw, files, "1", path)
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("path", ["..", "../secret", "data/../../secret", "/etc/passwd", "%2e%2e/secret",
                                  "%252e%252e/secret", "..%2fsecret", "data%2f..%2f..%2fsecret"])
def test_a_path_that_leads_out_of_a_version_is_refused(raw, files, path):
    for version in ("1", "2"):
        answer = artifact(raw, files, version, path)
        assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
        assert b"beside" not in answer.content


@pytest.mark.parametrize("path", ["..\\secret", "C:\\secret", "a%00", "MLmodel\x00", "model/../secret"])
def test_other_paths_that_lead_nowhere(raw, files, path):
    answer = artifact(raw, files, "1", path)
    assert answer.status_code in (400, 404)
    assert b"beside" not in answer.content


@pytest.mark.parametrize("query", [{"version": "1", "path": "x"}, {"path": "x"}, {}])
def test_a_file_needs_a_name(raw, query):
    assert raw.send("GET", "/model-versions/get-artifact", params=query).status_code == 400


@pytest.mark.parametrize("query", [{"name": "n", "version": "one", "path": "x"}, {"name": "n", "version": "1"}])
def test_a_file_needs_a_version_and_a_path(raw, query):
    assert raw.send("GET", "/model-versions/get-artifact", params=query).status_code == 400


@pytest.mark.martlet_only
def test_a_file_without_a_version(raw, files):
    # MLflow answers 500.
    answer = raw.send("GET", "/model-versions/get-artifact", params={"name": files, "path": "x"})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.martlet_only
def test_a_file_of_a_version_that_is_elsewhere(raw, files):
    # MLflow asks that service, or answers 500.
    answer = artifact(raw, files, "3", "MLmodel")
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.martlet_only
def test_a_file_of_a_version_that_came_from_a_runs_uri(raw, client, files, run):
    # MLflow answers 500, for it cannot find its own artifacts then.
    client.create_model_version(files, f"runs:/{run}/model", run)
    answer = artifact(raw, files, "4", "MLmodel")
    assert (answer.status_code, answer.content) == (200, b"of a run")
