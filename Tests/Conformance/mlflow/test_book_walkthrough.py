"""The walkthrough of a book on deep learning, step by step, with the real client and real Keras."""

import pathlib

import pytest


def test_a_default_run_with_a_parameter_a_metric_logged_twice_and_a_folder(mlflow, client, tmp_path):
    (tmp_path / "test.txt").write_text("hello world!")
    mlflow.log_param("param1", 5)
    mlflow.log_metric("foo", 6)
    mlflow.log_metric("foo", 7)
    mlflow.log_artifacts(tmp_path)
    run = mlflow.active_run()
    mlflow.end_run()
    stored = client.get_run(run.info.run_id)
    assert stored.info.experiment_id == "0"
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {"param1": "5"}
    assert stored.data.metrics == {"foo": 7.0}
    assert sorted(p.value for p in client.get_metric_history(run.info.run_id, "foo")) == [6.0, 7.0]
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["test.txt"]


def test_an_experiment_and_a_named_run(mlflow, client):
    made = mlflow.create_experiment("DLBook_1")
    mlflow.set_experiment("DLBook_1")
    with mlflow.start_run(run_name="Keras 1") as run:
        mlflow.log_param("optimizer", "adam")
    assert mlflow.get_experiment_by_name("DLBook_1").experiment_id == made
    stored = client.get_run(run.info.run_id)
    assert (stored.info.experiment_id, stored.info.run_name) == (made, "Keras 1")


def test_a_parent_run_made_by_the_client_and_its_child_by_tag(mlflow, experiment):
    from mlflow.tracking import MlflowClient
    from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

    client = MlflowClient()
    parent = client.create_run(experiment, run_name="run_2")
    client.log_param(parent.info.run_id, "who", "parent")
    child = client.create_run(experiment, tags={MLFLOW_PARENT_RUN_ID: parent.info.run_id})
    client.log_metric(child.info.run_id, "loss", 0.25)
    assert client.get_run(parent.info.run_id).info.run_name == "run_2"
    (found,) = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert found.info.run_id == child.info.run_id
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def network(keras):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_keras_model_is_logged_and_loaded_back(mlflow, client, experiment, keras):
    import numpy

    features = numpy.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    target = features.argmax(1) % 3
    model = network(keras)
    with mlflow.start_run(run_name="keras") as run:
        fitted = model.fit(features, target, epochs=2, verbose=0)
        for epoch, loss in enumerate(fitted.history["loss"]):
            mlflow.log_metric("loss", loss, step=epoch)
        info = mlflow.keras.log_model(model, name="model", pip_requirements=["keras"])
    loaded = mlflow.keras.load_model(info.model_uri)
    assert numpy.allclose(loaded.predict(features, verbose=0), model.predict(features, verbose=0), atol=1e-6)
    assert "MLmodel" in {f.path for f in client.list_logged_model_artifacts(info.model_id)}
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 2


def test_keras_autologging(mlflow, client, experiment, keras):
    import numpy

    features = numpy.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    target = features.argmax(1) % 3
    mlflow.tensorflow.autolog(silent=True, log_models=False)
    try:
        with mlflow.start_run() as run:
            network(keras).fit(features, target, epochs=3, batch_size=16, validation_split=0.25, verbose=0)
    finally:
        mlflow.tensorflow.autolog(disable=True)
    mlflow.flush_async_logging()
    stored = client.get_run(run.info.run_id)
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(stored.data.metrics)
    assert stored.data.params["epochs"] == "3"
    assert stored.data.params["batch_size"] == "16"
    assert [p.step for p in client.get_metric_history(run.info.run_id, "val_loss")] == [0, 1, 2]
    assert stored.inputs.dataset_inputs
    down = client.download_artifacts(run.info.run_id, "model_summary.txt")
    assert "dense" in pathlib.Path(down).read_text()


def test_the_keras_callback(mlflow, client, experiment, keras):
    import numpy

    features = numpy.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    with mlflow.start_run() as run:
        network(keras).fit(features, features.argmax(1) % 3, epochs=2, verbose=0,
                           callbacks=[mlflow.keras.MlflowCallback(run)])
    stored = client.get_run(run.info.run_id)
    assert "loss" in stored.data.metrics
    assert "optimizer_learning_rate" in stored.data.params
