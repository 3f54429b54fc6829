"""Plots of scikit-learn, charts of `wandb.plot`, and a LightGBM training, as programs make them."""

import json
import math

import pytest

# Much may go on on the machine; nothing here is timed.
pytestmark = pytest.mark.timeout(500)

PLOTS = """
import numpy as np, wandb
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

x, y = make_classification(120, 6, n_classes=3, n_informative=4, random_state=1)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=1)
labels, names = ["a", "b", "ü 漢"], [f"feature {i}" for i in range(6)]
model = RandomForestClassifier(8, random_state=1).fit(x_train, y_train)
guess, sure = model.predict(x_test), model.predict_proba(x_test)
run = wandb.init()

wandb.sklearn.plot_class_proportions(y_train, y_test, labels)
wandb.sklearn.plot_learning_curve(model, x_train, y_train, cv=2)
wandb.sklearn.plot_roc(y_test, sure, labels)
wandb.sklearn.plot_precision_recall(y_test, sure, labels)
wandb.sklearn.plot_feature_importances(model, names)
wandb.sklearn.plot_confusion_matrix(y_test, guess, labels)
wandb.sklearn.plot_summary_metrics(model, x_train, y_train, x_test, y_test)
run.finish()
print(run.id)
"""

CHARTS = """
import math, wandb
run = wandb.init()
table = wandb.Table(columns=["step", "height", "label"], data=[[i, math.sin(i), f"l{i % 3} ü"] for i in range(50)])
truth, guess = [0, 1, 2, 1, 0, 2] * 5, [0, 1, 1, 1, 0, 2] * 5
sure = [[0.8 if k == g else 0.1 for k in range(3)] for g in guess]
for i in range(2):
    run.log({
        "line": wandb.plot.line(table, "step", "height", title="A line", stroke="label"),
        "scatter": wandb.plot.scatter(table, "step", "height", title="Points"),
        "bar": wandb.plot.bar(table, "label", "height", title="Bars"),
        "histogram": wandb.plot.histogram(table, "height", title="A histogram"),
        "series": wandb.plot.line_series(xs=[0, 1, 2], ys=[[1, 2, 3], [3, 2, 1]], keys=["up", "down"], title="Two", xname="x"),
        "matrix": wandb.plot.confusion_matrix(y_true=truth, preds=guess, class_names=["a", "b", "c"]),
        "roc": wandb.plot.roc_curve(truth, sure, labels=["a", "b", "c"]),
        "pr": wandb.plot.pr_curve(truth, sure, labels=["a", "b", "c"]),
        "mine": wandb.plot_table("default/my-chart", table, {"x": "step", "y": "height"}, {"title": "Mine"}),
        "loss": 1 / (i + 1),
    })
run.finish()
print(run.id)
"""

BOOSTED = """
import lightgbm, numpy as np, wandb
from wandb.integration.lightgbm import log_summary, wandb_callback
rng = np.random.default_rng(1)
x = rng.normal(size=(200, 4)); y = x[:, 0] * 2 + x[:, 1] + rng.normal(size=200) / 10
train = lightgbm.Dataset(x[:150], y[:150]); test = lightgbm.Dataset(x[150:], y[150:], reference=train)
run = wandb.init()
params = {"objective": "regression", "metric": ["l2", "l1"], "num_leaves": 7, "num_threads": 1, "verbose": -1, "seed": 1}
seen = {}
model = lightgbm.train(params, train, num_boost_round=25, valid_sets=[test], valid_names=["validation"],
                       callbacks=[wandb_callback(), lightgbm.record_evaluation(seen)])
log_summary(model, save_model_checkpoint=True)
run.finish()
import json
print(json.dumps([run.id, seen["validation"]["l2"], model.feature_importance().tolist()]))
"""


def table(run, key):
    """The table behind a chart: its columns, and its rows."""
    wrapped = run.summary._json_dict.get(f"{key}_table") or run.summary._json_dict[key]
    assert wrapped["_type"] == "table-file", wrapped
    with run.file(wrapped["path"]).download(replace=True, root=run.download_folder) as file:
        found = json.load(file)
    assert len(found["data"]) == wrapped["nrows"] and len(found["columns"]) == wrapped["ncols"]
    return found["columns"], found["data"]


def charts(run):
    """Which chart shows which key, as the page finds it."""
    place = run.rawconfig["_wandb"]
    made = {key: one["panel_config"]["panelDefId"] for key, one in place.get("visualize", {}).items()}
    return made | {key: one["id"] for key, one in place.get("viz", {}).items()}


@pytest.fixture
def found(api, project, tmp_path):
    def find(id):
        run = api.run(f"{project}/{id}")
        run.download_folder = str(tmp_path / "down")
        assert run.state == "finished"
        return run

    return find


def test_plots_of_scikit_learn_are_there_with_their_tables(ran, found):
    run = found(ran(PLOTS, patience=400).split()[-1])
    assert charts(run) == {"roc": "wandb/area-under-curve/v0", "precision_recall": "wandb/area-under-curve/v0"} | {
        key: f"wandb/{key}/v1" for key in ("class_proportions", "learning_curve", "feature_importances", "confusion_matrix")} | {"summary_metrics": "wandb/metrics/v1"}
    names = ["a", "b", "ü 漢"]
    columns, rows = table(run, "confusion_matrix")
    assert columns == ["Predicted", "Actual", "Count"] and sum(row[2] for row in rows) == 30 and {row[0] for row in rows} == set(names)
    columns, rows = table(run, "feature_importances")
    assert columns == ["feature_names", "importances"] and {row[0] for row in rows} == {f"feature {i}" for i in range(6)}
    assert abs(sum(row[1] for row in rows) - 1) < 1e-6
    assert {row[0] for row in table(run, "roc")[1]} == set(names) == {row[0] for row in table(run, "precision_recall")[1]}
    assert len(table(run, "learning_curve")[1]) == 10 and len(table(run, "summary_metrics")[1]) == 4
    assert sum(row[2] for row in table(run, "class_proportions")[1]) == 120


def test_charts_are_there_with_their_tables(ran, found, api, project):
    run = found(ran(CHARTS, patience=400).split()[-1])
    assert charts(run) == {
        "line": "wandb/line/v0", "scatter": "wandb/scatter/v0", "bar": "wandb/bar/v0", "histogram": "wandb/histogram/v0", "series": "wandb/lineseries/v0",
        "matrix": "wandb/confusion_matrix/v1", "roc": "wandb/area-under-curve/v0", "pr": "wandb/area-under-curve/v0", "mine": "default/my-chart"}
    expected = [[i, math.sin(i), f"l{i % 3} ü"] for i in range(50)]
    for key in ("line", "scatter", "bar", "histogram", "mine"):
        columns, rows = table(run, key)
        assert columns == ["step", "height", "label"] and rows == expected
    assert table(run, "series") == (["step", "lineKey", "lineVal"], [[0, "up", 1], [1, "up", 2], [2, "up", 3], [0, "down", 3], [1, "down", 2], [2, "down", 1]])
    assert {(row[0], row[1]): row[2] for row in table(run, "matrix")[1]}["c", "b"] == 5
    rows = list(run.scan_history())
    assert [row["loss"] for row in rows] == [1, 0.5] and all(row["line_table"]["_type"] == "table-file" for row in rows)
    # Each table is an artifact too, the same content one version.
    versions = list(api.artifacts("run_table", f"{project}/run-{run.id}-line_table"))
    assert [one.version for one in versions] == ["v0"] and versions[0].get("line_table").data == expected


@pytest.mark.needs_client("0.22", "lightgbm in its environment")
def test_a_training_of_lightgbm_is_found_as_it_went(ran, found, api, project):
    id, curve, importance = json.loads(ran(BOOSTED, patience=400).splitlines()[-1])
    run = found(id)
    assert run.config["num_leaves"] == 7 and run.config["metric"] == ["l2", "l1"]
    assert [row["validation_l2"] for row in run.scan_history(keys=["validation_l2"])] == curve
    assert dict(run.summary["validation_l2"]) == {"min": min(curve)} and run.summary["best_score"]["validation"]["l2"] == curve[-1]
    assert table(run, "Feature Importance")[1] == [[f"Column_{i}", importance[i]] for i in range(4)]
    with open(api.artifact(f"{project}/model_{id}:best").file(run.download_folder)) as file:
        assert file.read().startswith("tree\n")
