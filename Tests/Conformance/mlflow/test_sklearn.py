"""scikit-learn: autologging and models."""

import pathlib

import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture
def autolog(mlflow):
    mlflow.sklearn.autolog(silent=True)
    yield
    mlflow.sklearn.autolog(disable=True)


def test_autologging_keeps_params_metrics_plots_and_the_model(mlflow, client, experiment, autolog):
    features, target = load_iris(return_X_y=True)
    with mlflow.start_run() as run:
        model = LogisticRegression(max_iter=200).fit(features, target)
        model.score(features, target)
    stored = client.get_run(run.info.run_id)
    assert stored.data.params["max_iter"] == "200"
    assert stored.data.metrics["training_accuracy_score"] > 0.9
    assert stored.data.tags["estimator_name"] == "LogisticRegression"
    paths = {f.path for f in client.list_artifacts(run.info.run_id)}
    assert {"estimator.html", "training_confusion_matrix.png"} <= paths
    (output,) = stored.outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert logged.params["max_iter"] == "200"
    assert "training_accuracy_score" in {m.key for m in logged.metrics}
    (dataset,) = stored.inputs.dataset_inputs
    assert [(t.key, t.value) for t in dataset.tags] == [("mlflow.data.context", "train")]
    loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    assert (loaded.predict(features) == model.predict(features)).all()


def test_autologging_without_a_run_makes_one(mlflow, experiment, autolog):
    features, target = load_iris(return_X_y=True)
    make_pipeline(StandardScaler(), LogisticRegression()).fit(features, target)
    runs = mlflow.search_runs([experiment], output_format="list")
    assert len(runs) == 1
    assert runs[0].info.status == "FINISHED"
    assert runs[0].data.params["logisticregression__C"] == "1.0"


def test_a_grid_search_logs_its_children(mlflow, client, experiment, autolog):
    features, target = load_iris(return_X_y=True)
    with mlflow.start_run() as run:
        GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=2).fit(features, target)
    children = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert {c.data.params["C"] for c in children} == {"0.1", "1.0"}
    assert all("mean_test_score" in c.data.metrics for c in children)
    assert "best_C" in client.get_run(run.info.run_id).data.params


def test_a_model_with_signature_and_example_is_logged_and_loaded(mlflow, client, experiment):
    features, target = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=200).fit(features, target)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            model, name="iris", input_example=features.head(2), params={"max_iter": 200},
            pip_requirements=["scikit-learn"],
            signature=mlflow.models.infer_signature(features, model.predict(features)),
        )
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    assert (numpy.asarray(loaded.predict(features)) == model.predict(features)).all()
    assert len(mlflow.models.get_model_info(info.model_uri).signature.inputs) == 4
    logged = client.get_logged_model(info.model_id)
    assert logged.params == {"max_iter": "200"}
    listed = {f.path for f in client.list_logged_model_artifacts(info.model_id)}
    assert {"MLmodel", "model.skops", "model.pkl"} & listed
    assert "MLmodel" in listed
    assert client.get_run(run.info.run_id).outputs.model_outputs


def test_evaluate_logs_metrics_of_the_model(mlflow, client, experiment):
    features, target = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=200).fit(features, target)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, name="iris", pip_requirements=["scikit-learn"])
        data = features.assign(target=target)
        mlflow.models.evaluate(info.model_uri, data, targets="target", model_type="classifier",
                               evaluator_config={"log_explainer": False, "log_model_explainability": False})
    assert client.get_run(run.info.run_id).data.metrics["accuracy_score"] > 0.9
    files = {f.path for f in client.list_artifacts(run.info.run_id)}
    assert "confusion_matrix.png" in files


def test_the_history_of_a_model_in_its_mlmodel_file(mlflow, experiment, tmp_path):
    features, target = load_iris(return_X_y=True)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(LogisticRegression().fit(features, target), name="iris",
                                        pip_requirements=["scikit-learn"])
    down = mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri, dst_path=str(tmp_path))
    text = (pathlib.Path(down) / "MLmodel").read_text()
    assert run.info.run_id in text
    assert info.model_id in text
