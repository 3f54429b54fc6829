"""Metrics: histories, duplicates, the latest value, special numbers, large amounts."""

import math
import random

import pytest
from mlflow.entities import Metric

from harness import code, now


def points(client, run, key):
    return [(p.timestamp, p.step, p.value) for p in client.get_metric_history(run, key)]


def test_history_is_ordered_by_time_then_step_then_value(client, run):
    written = [(300, 1, 1.0), (100, 5, 2.0), (200, 3, 9.0), (200, 2, 8.0), (200, 3, 7.0)]
    for timestamp, step, value in written:
        client.log_metric(run, "loss", value, timestamp=timestamp, step=step)
    assert points(client, run, "loss") == sorted(written)


def test_an_exact_duplicate_is_kept_once(client, run):
    for _ in range(3):
        client.log_metric(run, "loss", 0.5, timestamp=1000, step=1)
    client.log_batch(run, [Metric("loss", 0.5, 1000, 1)] * 4)
    assert points(client, run, "loss") == [(1000, 1, 0.5)]


def test_several_values_of_one_step_are_all_kept(client, run):
    for value in (3.0, 1.0, 2.0):
        client.log_metric(run, "loss", value, timestamp=1000, step=1)
    assert points(client, run, "loss") == [(1000, 1, 1.0), (1000, 1, 2.0), (1000, 1, 3.0)]
    assert client.get_run(run).data.metrics["loss"] == 3.0


@pytest.mark.parametrize(("written", "latest"), [
    ([(100, 1, 1.0), (50, 2, 2.0)], 2.0),
    ([(100, 2, 1.0), (900, 1, 2.0)], 1.0),
    ([(100, 1, 1.0), (200, 1, 0.5)], 0.5),
    ([(200, 1, 0.5), (100, 1, 1.0)], 0.5),
    ([(100, 1, 5.0), (100, 1, 4.0)], 5.0),
    ([(100, 1, -1.0), (100, 1, math.nan)], math.nan),
    ([(100, 1, 1.0), (100, 1, math.nan)], 1.0),
    ([(100, -3, 1.0), (100, -5, 2.0)], 1.0),
])
@pytest.mark.parametrize("way", ["one by one", "batch"])
def test_the_latest_value_is_the_largest_by_step_time_and_value(client, run, written, latest, way):
    metrics = [Metric("m", value, timestamp, step) for timestamp, step, value in written]
    if way == "batch":
        client.log_batch(run, metrics)
    else:
        for metric in metrics:
            client.log_metric(run, metric.key, metric.value, timestamp=metric.timestamp, step=metric.step)
    stored = client.get_run(run).data.metrics["m"]
    assert math.isnan(stored) if math.isnan(latest) else stored == latest


def test_special_numbers(client, run):
    for step, value in enumerate([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2]):
        client.log_metric(run, "m", value, timestamp=1000 + step, step=step)
    values = [p.value for p in client.get_metric_history(run, "m")]
    assert math.isnan(values[0])
    assert values[1:3] == [1.7976931348623157e308, -1.7976931348623157e308]
    assert values[3:] == [0.0, 5e-324, 1.7976931348623157e308, 0.30000000000000004]


def test_nan_travels_as_a_string(raw):
    run_id = raw.new_run()
    raw.ok("runs/log-metric", {"run_id": run_id, "key": "m", "value": "NaN", "timestamp": 1, "step": 0})
    raw.ok("runs/log-batch", {"run_id": run_id, "metrics": [
        {"key": "i", "value": "Infinity", "timestamp": 1, "step": 0},
        {"key": "j", "value": "-Infinity", "timestamp": 1, "step": 0},
    ]})
    metrics = {m["key"]: m["value"] for m in raw.run(run_id)["data"]["metrics"]}
    assert metrics == {"m": "NaN", "i": 1.7976931348623157e308, "j": -1.7976931348623157e308}
    assert raw.history(run_id, "m") == [{"key": "m", "value": "NaN", "timestamp": 1, "step": 0}]


def test_integers_of_64_bits_are_numbers_in_json_and_strings_are_accepted(raw):
    run_id = raw.new_run()
    largest = 2**63 - 1
    raw.ok("runs/log-metric", {
        "run_id": run_id, "key": "m", "value": 1, "timestamp": "1700000000000", "step": str(largest)
    })
    raw.ok("runs/log-metric", {"run_id": run_id, "key": "m", "value": 2, "timestamp": 1, "step": -(2**63)})
    stored = raw.history(run_id, "m")
    assert [(p["timestamp"], p["step"]) for p in stored] == [(1, -(2**63)), (1700000000000, largest)]


def test_negative_steps_and_gaps(client, run):
    for step in (-10, 0, 7, 1_000_000_000_000):
        client.log_metric(run, "m", step, step=step, timestamp=1000)
    assert [p.step for p in client.get_metric_history(run, "m")] == [-10, 0, 7, 1_000_000_000_000]


def test_an_unknown_metric_of_a_known_run_is_empty(client, run):
    assert client.get_metric_history(run, "missing") == []


def test_history_of_an_unknown_run_is_not_found_or_empty(raw):
    answer = raw.get("metrics/get-history", run_id="e" * 32, metric_key="m")
    assert answer.status_code in (200, 404)
    assert not answer.json().get("metrics")


def test_keys_with_slashes_spaces_and_letters_of_any_script(client, run):
    keys = ["val/loss", "top 1 acc", "a.b-c_d", "système/précision", "損失", "a:b"]
    client.log_batch(run, [Metric(key, i, 1000, 0) for i, key in enumerate(keys)])
    assert client.get_run(run).data.metrics == {key: float(i) for i, key in enumerate(keys)}
    for i, key in enumerate(keys):
        assert points(client, run, key) == [(1000, 0, float(i))]


def test_60_000_points_come_back_in_pages_complete_and_in_order(client, run):
    rng = random.Random(7)
    written = [(1_700_000_000_000 + i // 3, i, rng.random()) for i in range(60_000)]
    for start in range(0, len(written), 1000):
        client.log_batch(run, [Metric("loss", v, t, s) for t, s, v in written[start:start + 1000]])
    assert points(client, run, "loss") == written


def test_points_in_any_order_come_back_sorted(client, run):
    written = [(1_700_000_000_000 + i, i, i / 7) for i in range(5_000)]
    shuffled = written[:]
    random.Random(3).shuffle(shuffled)
    for start in range(0, len(shuffled), 1000):
        client.log_batch(run, [Metric("m", v, t, s) for t, s, v in shuffled[start:start + 1000]])
    assert points(client, run, "m") == written
    assert client.get_run(run).data.metrics["m"] == written[-1][2]


def test_duplicates_of_old_points_are_dropped_in_a_long_series(client, run):
    batch = [Metric("m", i / 2, 10_000 + i, i) for i in range(1000)]
    for _ in range(3):
        client.log_batch(run, batch)
    client.log_metric(run, "m", 250.0, timestamp=10_500, step=500)
    assert len(client.get_metric_history(run, "m")) == 1000


def test_pages_of_history_by_hand(raw):
    run_id = raw.new_run()
    metrics = [{"key": "m", "value": i, "timestamp": 1000 + i, "step": i} for i in range(10)]
    raw.ok("runs/log-batch", {"run_id": run_id, "metrics": metrics})
    seen, token = [], None
    while True:
        query = {"max_results": 4} | ({"page_token": token} if token else {})
        answer = raw.get("metrics/get-history", run_id=run_id, metric_key="m", **query).json()
        seen += [p["step"] for p in answer["metrics"]]
        token = answer.get("next_page_token")
        if not token:
            break
    assert seen == list(range(10))
    assert len(raw.history(run_id, "m")) == 10


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_of_nothing_is_refused(raw, limit):
    answer = raw.get("metrics/get-history", run_id=raw.new_run(), metric_key="m", max_results=limit)
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_many_keys_in_one_batch(client, run):
    client.log_batch(run, [Metric(f"layer/{i}/norm", i, now(), 0) for i in range(1000)])
    assert client.get_run(run).data.metrics == {f"layer/{i}/norm": float(i) for i in range(1000)}


def test_a_batch_of_metrics_params_and_tags_is_stored_together(raw):
    run_id = raw.new_run()
    raw.ok("runs/log-batch", {
        "run_id": run_id,
        "metrics": [{"key": "m", "value": 1.5, "timestamp": 5, "step": 2}],
        "params": [{"key": "p", "value": "x"}],
        "tags": [{"key": "t", "value": "y"}],
    })
    data = raw.run(run_id)["data"]
    assert data["metrics"] == [{"key": "m", "value": 1.5, "timestamp": 5, "step": 2}]
    assert data["params"] == [{"key": "p", "value": "x"}]
    assert {"key": "t", "value": "y"} in data["tags"]


def test_an_empty_batch_is_fine(raw):
    run_id = raw.new_run()
    assert raw.ok("runs/log-batch", {"run_id": run_id}) == {}
    assert raw.ok("runs/log-batch", {"run_id": run_id, "metrics": [], "params": [], "tags": []}) == {}


def test_history_of_several_runs_in_bulk(raw):
    runs = [raw.new_run() for _ in range(3)]
    for number, run_id in enumerate(runs):
        metrics = [{"key": "m", "value": number, "timestamp": 1000 + s, "step": s} for s in range(5)]
        raw.ok("runs/log-batch", {"run_id": run_id, "metrics": metrics})
    answer = raw.send(
        "GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk",
        params={"run_id": runs, "metric_key": "m", "max_results": 100},
    )
    assert answer.status_code == 200, answer.text
    metrics = answer.json()["metrics"]
    assert len(metrics) == 15
    for number, run_id in enumerate(runs):
        mine = [m for m in metrics if m["run_id"] == run_id]
        assert [(m["step"], m["value"]) for m in mine] == [(s, float(number)) for s in range(5)]


def test_history_thinned_to_an_interval_keeps_the_ends(raw):
    run_id = raw.new_run()
    metrics = [{"key": "m", "value": s, "timestamp": 1000 + s, "step": s} for s in range(1000)]
    raw.ok("runs/log-batch", {"run_id": run_id, "metrics": metrics})
    query = {"run_ids": [run_id], "metric_key": "m", "max_results": 100}
    thinned = raw.get("metrics/get-history-bulk-interval", **query)
    assert thinned.status_code == 200, thinned.text
    steps = [m["step"] for m in thinned.json()["metrics"]]
    assert 50 <= len(steps) <= 110
    assert (min(steps), max(steps)) == (0, 999)
    part = raw.get("metrics/get-history-bulk-interval", start_step=100, end_step=110, **query)
    assert sorted(m["step"] for m in part.json()["metrics"]) == list(range(100, 111))


def test_a_start_without_an_end_is_refused(raw):
    answer = raw.get("metrics/get-history-bulk-interval", run_ids=[raw.new_run()], metric_key="m",
                     max_results=10, start_step=1)
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")


def test_an_interval_leaves_out_runs_that_are_not_there(raw):
    run_id = raw.new_run()
    raw.ok("runs/log-metric", {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1})
    answer = raw.get("metrics/get-history-bulk-interval", run_ids=["0" * 32, run_id], metric_key="m")
    assert answer.status_code == 200, answer.text
    assert [m["run_id"] for m in answer.json()["metrics"]] == [run_id]
    assert raw.get("metrics/get-history-bulk-interval", run_ids=["0" * 32], metric_key="m").json() == {}


@pytest.mark.parametrize("half", [{"dataset_name": "d"}, {"dataset_digest": "1"}])
def test_half_a_dataset_is_refused(raw, half):
    run_id = raw.new_run()
    metric = {"key": "m", "value": 1, "timestamp": 1, "step": 0, **half}
    for path, body in (("runs/log-metric", metric), ("runs/log-batch", {"metrics": [metric]})):
        answer = raw.post(path, {"run_id": run_id, **body})
        assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
        assert "Both dataset_name and dataset_digest must be provided" in answer.json()["message"]
    assert raw.history(run_id, "m") == []
