"""Every field of every request with values that nobody should send: refused or taken, never a failure of the server."""

import json

import pytest

from harness import API

pytestmark = pytest.mark.martlet_only

ODD = [
    "true", "-1", "0", "1.5", "1e400", "9223372036854775808", "-99999999999999999999", '""', '"\\u0000"', '"\\ud800"',
    '"NaN"', "[]", "[null]", "[[]]", "[1]", '["\\u0000"]', '["x"]', "{}", '{"a": {}}', '[{"key": null}]',
    '[{"key": "\\u0000", "value": "x"}]', '[{"key": 5, "value": []}]', '"' + "x" * 70_000 + '"',
    "[" * 2_000 + "]" * 2_000, '"../../x"', '"\' OR 1=1 --"', '"eyJvZmZzZXQiOiAtMX0="',
]

# For each path: a field for each value that the request can hold, with one that is right.
REQUESTS = {
    "experiments/create": {"name": "NEW", "artifact_location": "", "tags": []},
    "experiments/search": {
        "filter": "", "order_by": [], "max_results": 5, "page_token": "", "view_type": "ACTIVE_ONLY"},
    "experiments/update": {"experiment_id": "0", "new_name": "Default"},
    "experiments/set-experiment-tag": {"experiment_id": "0", "key": "k", "value": "v"},
    "experiments/delete-experiment-tag": {"experiment_id": "0", "key": "missing"},
    "experiments/search-datasets": {"experiment_ids": ["0"]},
    "runs/create": {"experiment_id": "0", "user_id": "u", "run_name": "n", "start_time": 1, "tags": []},
    "runs/update": {"run_id": "RUN", "status": "FINISHED", "end_time": 1, "run_name": "n"},
    "runs/search": {
        "experiment_ids": ["0"], "filter": "", "run_view_type": "ALL", "max_results": 5, "order_by": [],
        "page_token": ""},
    "runs/log-metric": {
        "run_id": "RUN", "key": "m", "value": 1, "timestamp": 1, "step": 1, "model_id": "", "dataset_name": "",
        "dataset_digest": ""},
    "runs/log-parameter": {"run_id": "RUN", "key": "p", "value": "v"},
    "runs/log-batch": {"run_id": "RUN", "metrics": [], "params": [], "tags": []},
    "runs/set-tag": {"run_id": "RUN", "key": "k", "value": "v"},
    "runs/delete-tag": {"run_id": "RUN", "key": "missing"},
    "runs/log-inputs": {"run_id": "RUN", "datasets": [], "models": []},
    "runs/outputs": {"run_id": "RUN", "models": []},
    "runs/log-model": {"run_id": "RUN", "model_json": "{}"},
    "logged-models": {
        "experiment_id": "0", "name": "m", "model_type": "", "source_run_id": "", "params": [], "tags": []},
    "logged-models/search": {
        "experiment_ids": ["0"], "filter": "", "datasets": [], "max_results": 5, "order_by": [], "page_token": ""},
}


def healthy(answer, body):
    """Success, or a refusal in MLflow's form."""
    assert answer.status_code < 500, f"{body[:300]}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 400:
        error = answer.json()
        assert error["error_code"] and error["message"], body[:300]
    else:
        answer.json()


@pytest.mark.parametrize("path", REQUESTS)
def test_every_field_with_odd_values(raw, path, name):
    run_id = raw.new_run()
    texts = {key: json.dumps(value) for key, value in REQUESTS[path].items()}
    for key in texts:
        for number, odd in enumerate(ODD):
            fields = {**texts, key: odd}
            body = "{" + ", ".join(f'"{field}": {text}' for field, text in fields.items()) + "}"
            body = body.replace('"RUN"', f'"{run_id}"').replace('"NEW"', f'"{name} {key} {number}"')
            healthy(raw.post_text(path, body), body)


@pytest.mark.parametrize("path", REQUESTS)
def test_a_field_that_comes_twice_or_in_two_spellings(raw, path, name):
    for key, value in REQUESTS[path].items():
        camel = "".join(part.capitalize() if place else part for place, part in enumerate(key.split("_")))
        for other in (key, camel):
            body = "{" + f'"{key}": {json.dumps(value)}, "{other}": {json.dumps(value)}' + "}"
            healthy(raw.post_text(path, body.replace('"NEW"', f'"{name} {key} {other}"')), body)


QUERIES = ["", "-1", "0", "1.5", "99999999999999999999", "%00", "%ff", "%ED%A0%80", "x", "a&a=b", "%25", "+", "e30="]


@pytest.mark.parametrize("path, keys", [
    ("runs/get", ["run_id", "run_uuid"]),
    ("experiments/get", ["experiment_id"]),
    ("experiments/get-by-name", ["experiment_name"]),
    ("experiments/search", ["max_results", "page_token", "filter", "order_by", "view_type"]),
    ("metrics/get-history", ["run_id", "metric_key", "max_results", "page_token"]),
    ("metrics/get-history-bulk", ["run_id", "metric_key", "max_results"]),
    ("metrics/get-history-bulk-interval", ["run_ids", "metric_key", "start_step", "end_step", "max_results"]),
    ("artifacts/list", ["run_id", "path", "page_token"]),
])
def test_every_query_with_odd_values(raw, path, keys):
    run_id = raw.new_run()
    right = {"run_id": run_id, "run_ids": run_id, "metric_key": "m", "start_step": "0", "end_step": "9"}
    for key in keys:
        for odd in QUERIES:
            fields = {name: right[name] for name in keys if name in right} | {key: odd}
            query = "&".join(f"{name}={value}" for name, value in fields.items())
            healthy(raw.send("GET", f"{API}{path}?{query}"), query)


def test_a_page_token_of_another_listing(raw):
    run_id = raw.new_run()
    raw.new_run()
    points = [{"key": "m", "value": 1, "timestamp": step, "step": step} for step in range(3)]
    raw.ok("runs/log-batch", {"run_id": run_id, "metrics": points})
    runs = raw.ok("runs/search", {"experiment_ids": ["0"], "max_results": 1})["next_page_token"]
    history = raw.get("metrics/get-history", run_id=run_id, metric_key="m", max_results=1).json()["next_page_token"]
    assert raw.post("runs/search", {"experiment_ids": ["0"], "page_token": history}).status_code == 400
    assert raw.post("logged-models/search", {"experiment_ids": ["0"], "page_token": runs}).status_code == 400
    answer = raw.get("metrics/get-history", run_id=run_id, metric_key="m", max_results=1, page_token=runs)
    assert answer.status_code == 400
