"""Logged models: what log_model and autologging stand on."""

import pathlib

import numpy
import pytest
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelParameter, LoggedModelStatus, LoggedModelTag, Metric
from mlflow.exceptions import MlflowException, RestException

from harness import code


@pytest.fixture
def model(client, experiment, run):
    """The id of a fresh logged model that is not ready yet."""
    return client.create_logged_model(
        experiment, name="net", source_run_id=run, tags={"kind": "test"}, params={"depth": "3"}, model_type="cnn"
    ).model_id


def test_a_model_keeps_what_it_is_given(client, experiment, run, model):
    stored = client.get_logged_model(model)
    assert model.startswith("m-")
    assert len(model) == 34
    assert stored.name == "net"
    assert stored.experiment_id == experiment
    assert stored.source_run_id == run
    assert stored.model_type == "cnn"
    assert stored.status == LoggedModelStatus.PENDING
    assert stored.tags["kind"] == "test"
    assert stored.params == {"depth": "3"}
    assert stored.artifact_location == f"mlflow-artifacts:/{experiment}/models/{model}/artifacts"
    assert stored.creation_timestamp > 0


def test_finalizing_makes_it_ready(client, model):
    assert client.finalize_logged_model(model, LoggedModelStatus.READY).status == LoggedModelStatus.READY
    assert client.get_logged_model(model).status == LoggedModelStatus.READY


def test_a_model_can_be_failed(client, model):
    client.finalize_logged_model(model, "FAILED")
    assert client.get_logged_model(model).status == LoggedModelStatus.FAILED


def test_tags_and_params_of_a_model(client, model):
    client.set_logged_model_tags(model, {"a": "1", "b": "2", "kind": "changed"})
    client.delete_logged_model_tag(model, "a")
    client.log_model_params(model, {"width": "64"})
    stored = client.get_logged_model(model)
    assert stored.tags == {"b": "2", "kind": "changed"}
    assert stored.params == {"depth": "3", "width": "64"}


def test_deleting_a_missing_tag_of_a_model_is_not_found(client, model):
    with pytest.raises(RestException) as refused:
        client.delete_logged_model_tag(model, "missing")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_deleted_model_is_gone(client, experiment, model):
    client.delete_logged_model(model)
    with pytest.raises(RestException) as refused:
        client.get_logged_model(model)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert list(client.search_logged_models([experiment])) == []


def test_a_deleted_model_takes_changes_and_is_read_when_asked_for(client, raw, model):
    # The client itself looks a model up before it changes it; a run that is still at work does not.
    store = client._tracking_client.store
    store.delete_logged_model(model)
    store.delete_logged_model(model)
    store.set_logged_model_tags(model, [LoggedModelTag("late", "1")])
    store.delete_logged_model_tag(model, "kind")
    store.finalize_logged_model(model, LoggedModelStatus.READY)
    store.log_logged_model_params(model, [LoggedModelParameter("width", "64")])
    with pytest.raises(RestException):
        client.get_logged_model(model)
    stored = store.get_logged_model(model, allow_deleted=True)
    assert stored.status == LoggedModelStatus.READY
    assert stored.tags == {"late": "1"}
    assert stored.params == {"depth": "3", "width": "64"}
    with pytest.raises(RestException) as refused:
        store.delete_logged_model_tag(model, "missing")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(RestException):
        client.list_logged_model_artifacts(model)


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(MlflowException):
        client.get_logged_model("m-" + "0" * 32)


def test_artifacts_of_a_model(client, experiment, model, tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"w" * 1000)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("a")
    client.log_model_artifacts(model, str(tmp_path))
    client.finalize_logged_model(model, "READY")
    listed = client.list_logged_model_artifacts(model)
    assert [(f.path, f.is_dir) for f in listed] == [("sub", True), ("weights.bin", False)]
    assert [f.path for f in client.list_logged_model_artifacts(model, "sub")] == ["sub/a.txt"]


def test_metrics_of_a_run_can_belong_to_a_model(client, run, model):
    client.log_metric(run, "accuracy", 0.5, step=1, model_id=model)
    client.log_metric(run, "accuracy", 0.9, step=2, model_id=model)
    stored = client.get_logged_model(model)
    assert [(m.key, m.value, m.step, m.run_id) for m in stored.metrics] == [
        ("accuracy", 0.5, 1, run), ("accuracy", 0.9, 2, run)]
    assert client.get_run(run).data.metrics["accuracy"] == 0.9


def test_metrics_of_a_model_on_a_dataset(client, experiment, run, model):
    client.log_metric(run, "auc", 0.7, model_id=model, dataset_name="val", dataset_digest="123")
    client.log_batch(run, [Metric("f1", 0.6, 1000, 0, model_id=model, dataset_name="val", dataset_digest="123")])
    metrics = {(m.key, m.value, m.dataset_name, m.dataset_digest) for m in client.get_logged_model(model).metrics}
    assert metrics == {("auc", 0.7, "val", "123"), ("f1", 0.6, "val", "123")}
    found = client.search_logged_models(
        [experiment], "metrics.auc > 0.5", datasets=[{"dataset_name": "val", "dataset_digest": "123"}]
    )
    assert [m.model_id for m in found] == [model]
    assert list(client.search_logged_models([experiment], "metrics.auc > 0.5", datasets=[{"dataset_name": "x"}])) == []


def test_every_score_is_kept_and_the_latest_by_time_orders(client, experiment, run, model):
    other = client.create_logged_model(experiment, name="other").model_id
    client.log_metric(run, "acc", 0.6, step=0, timestamp=1000, model_id=other)
    scores = [Metric("acc", value, time, step, model_id=model)
              for value, time, step in ((0.9, 3000, 0), (0.5, 2000, 7), (0.7, 1000, 8), (0.4, 3000, 1))]
    client.log_batch(run, scores)
    client.log_batch(run, scores)
    stored = client.get_logged_model(model)
    assert {(m.value, m.timestamp, m.step) for m in stored.metrics} == {
        (m.value, m.timestamp, m.step) for m in scores}
    assert len(stored.metrics) == 4
    found = client.search_logged_models([experiment], order_by=[{"field_name": "metrics.acc", "ascending": False}])
    assert [m.model_id for m in found] == [other, model]
    assert len(found[1].metrics) == 4
    # Any of the scores fulfils a condition.
    assert [m.model_id for m in client.search_logged_models([experiment], "metrics.acc > 0.8")] == [model]


def test_models_are_inputs_and_outputs_of_runs(client, run, model):
    client.log_inputs(run, models=[LoggedModelInput(model)])
    client.log_outputs(run, [LoggedModelOutput(model, step=4)])
    stored = client.get_run(run)
    assert [m.model_id for m in stored.inputs.model_inputs] == [model]
    assert [(m.model_id, m.step) for m in stored.outputs.model_outputs] == [(model, 4)]


@pytest.fixture
def models(client, experiment, run):
    """Three models with growing accuracy; the second one failed."""
    made = []
    for number in range(3):
        model = client.create_logged_model(
            experiment, name=f"net {number}", source_run_id=run, params={"depth": str(number)},
            tags={"odd": str(number % 2 == 1)}, model_type="cnn" if number else "mlp",
        )
        client.log_metric(run, "acc", number / 10, step=number, model_id=model.model_id)
        client.finalize_logged_model(model.model_id, "FAILED" if number == 1 else "READY")
        made.append(model.model_id)
    return made


@pytest.mark.parametrize(("filter_string", "expected"), [
    (None, {0, 1, 2}),
    ("name = 'net 1'", {1}),
    ("name LIKE 'net%'", {0, 1, 2}),
    ("attributes.model_type = 'cnn'", {1, 2}),
    pytest.param("status = 'READY'", {0, 2}, marks=pytest.mark.martlet_only),
    ("params.depth = '2'", {2}),
    ("tags.odd = 'True'", {1}),
    ("metrics.acc >= 0.1", {1, 2}),
    ("metrics.acc >= 0.1 AND name = 'net 2'", {2}),
    ("creation_timestamp > 1000", {0, 1, 2}),
])
def test_search(client, experiment, models, filter_string, expected):
    found = client.search_logged_models([experiment], filter_string)
    assert {models.index(m.model_id) for m in found} == expected


def test_search_by_source_run(client, experiment, run, models):
    assert len(client.search_logged_models([experiment], f"source_run_id = '{run}'")) == 3
    assert list(client.search_logged_models([experiment], f"source_run_id = '{'0' * 32}'")) == []


@pytest.mark.parametrize(("order_by", "expected"), [
    ([{"field_name": "metrics.acc", "ascending": False}], [2, 1, 0]),
    ([{"field_name": "metrics.acc"}], [0, 1, 2]),
    ([{"field_name": "name", "ascending": False}], [2, 1, 0]),
    ([{"field_name": "creation_timestamp", "ascending": True}], [0, 1, 2]),
])
def test_search_order(client, experiment, models, order_by, expected):
    found = client.search_logged_models([experiment], order_by=order_by)
    assert [models.index(m.model_id) for m in found] == expected


def test_search_pages(client, experiment, models):
    order = [{"field_name": "metrics.acc", "ascending": True}]
    first = client.search_logged_models([experiment], max_results=2, order_by=order)
    assert [models.index(m.model_id) for m in first] == [0, 1]
    second = client.search_logged_models([experiment], max_results=2, order_by=order, page_token=first.token)
    assert [models.index(m.model_id) for m in second] == [2]
    assert not second.token


def test_search_as_a_data_frame(mlflow, experiment, models):
    frame = mlflow.search_logged_models([experiment])
    assert set(frame["model_id"]) == set(models)
    assert len(mlflow.search_logged_models([experiment], output_format="list")) == 3


@pytest.mark.parametrize("filter_string", ["nothing = 'x'", "name >"])
def test_a_bad_filter_is_refused(raw, experiment, filter_string):
    answer = raw.post("logged-models/search", {"experiment_ids": [experiment], "filter": filter_string})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("bad", ["a/b", "a:b", "a.b", "a%b", "a'b", 'a"b'])
def test_a_bad_name_is_refused(raw, experiment, bad):
    answer = raw.post("logged-models", {"experiment_id": experiment, "name": bad})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_a_model_without_a_name_gets_one(raw, experiment):
    model = raw.ok("logged-models", {"experiment_id": experiment})["model"]
    assert model["info"]["name"]


def test_external_models_and_the_active_model(mlflow, experiment):
    external = mlflow.create_external_model(name="outside", params={"a": "b"})
    assert mlflow.get_logged_model(external.model_id).status == LoggedModelStatus.READY
    with mlflow.set_active_model(name="agent") as active:
        assert mlflow.get_logged_model(active.model_id).name == "agent"


def test_a_python_model_is_logged_and_loaded(mlflow, client, experiment):
    class Doubler(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input * 2

    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(name="doubler", python_model=Doubler(), pip_requirements=[])
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert (loaded.predict(numpy.arange(3)) == numpy.array([0, 2, 4])).all()
    stored = client.get_logged_model(info.model_id)
    assert stored.status == LoggedModelStatus.READY
    assert stored.source_run_id == run.info.run_id
    assert [m.model_id for m in client.get_run(run.info.run_id).outputs.model_outputs] == [info.model_id]
    from_run = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/doubler")
    assert (from_run.predict(numpy.arange(2)) == numpy.array([0, 2])).all()


def test_a_model_is_downloaded_by_its_uri(mlflow, experiment, tmp_path):
    class Same(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input

    info = mlflow.pyfunc.log_model(name="same", python_model=Same(), pip_requirements=[])
    down = pathlib.Path(mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri, dst_path=str(tmp_path)))
    assert (down / "MLmodel").exists()
    assert (down / "python_model.pkl").exists()


def test_no_experiments_have_no_models(raw):
    assert raw.post("logged-models/search", {"experiment_ids": []}).json() == {}
    assert raw.post("logged-models/search", {}).status_code == 400
