"""What an operator looks at: figures for Prometheus, request ids, the log."""

import json
import re

import pytest
import requests

from harness import Server
from wire import once

pytestmark = pytest.mark.martlet_only
SAMPLE = re.compile(
    r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? '
    r"(NaN|[+-]?Inf|[+-]?[0-9.]+(?:e[+-]?[0-9]+)?)$"
)
SUFFIXES = {"summary": ("_sum", "_count"), "histogram": ("_sum", "_count", "_bucket")}


def figures(server):
    """The samples by name and labels, after checking the text against the format (version 0.0.4)."""
    answer = requests.get(server.url + "/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    kinds, samples, family, finished = {}, {}, None, set()
    for line in answer.text.splitlines():
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            assert word in ("HELP", "TYPE") and rest
            if word == "TYPE":
                assert name not in kinds and rest in ("counter", "gauge", "summary", "histogram", "untyped")
                kinds[name] = rest
            if name != family:
                assert name not in finished, f"the lines of {name} do not stand together"
                finished.add(family)
                family = name
            continue
        match = SAMPLE.match(line)
        assert match, line
        name, labels, value = match.groups()
        assert name == family or name in (family + suffix for suffix in SUFFIXES.get(kinds[family], ())), line
        if kinds[family] == "counter":
            assert name.endswith("_total")
        assert (name, labels) not in samples, f"{line} twice"
        samples[name, labels] = float(value)
    return samples


def test_the_figures_are_well_formed_and_count(server):
    before = figures(server)
    for _ in range(5):
        requests.get(server.url + "/api/v1/version", timeout=10)
    requests.get(server.url + "/api/v1/experiments/999999", timeout=10)
    after = figures(server)

    def grown(name, labels):
        return after[name, labels] - before.get((name, labels), 0)

    assert grown("martlet_requests_total", 'group="native",status="2xx"') >= 5
    assert grown("martlet_requests_total", 'group="native",status="4xx"') >= 1
    assert grown("martlet_request_seconds_count", 'group="native"') >= 6
    assert grown("martlet_request_seconds_sum", 'group="native"') > 0
    assert after["martlet_connections", None] >= 1
    assert 1e6 < after["process_resident_memory_bytes", None] < 1e9


@pytest.mark.parametrize("path", ["/api/v1/experiments/999999", "/nothing", "/api/v1/runs/x", "/js/nothing.js"])
def test_errors_name_the_request(server, path):
    answer = once(server, "GET", path, "X-Request-ID: my.own-id_7")
    assert answer.headers["x-request-id"] == "my.own-id_7"
    assert json.loads(answer.body)["requestID"] == "my.own-id_7"
    first, second = (once(server, "GET", path) for _ in range(2))
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert json.loads(first.body)["requestID"] == first.headers["x-request-id"]


@pytest.mark.parametrize("sent", ["a b", "a\tb", "x" * 65, "", "a;b", '"a"', "\xe9"])
def test_ids_that_could_do_harm_are_replaced(server, sent):
    answer = once(server, "GET", "/api/v1/version", f"X-Request-ID: {sent}")
    assert re.fullmatch("[0-9a-f]{12}", answer.headers["x-request-id"])


def test_the_log_names_requests_and_holds_no_secrets(tmp_path):
    own = Server(tmp_path, arguments=["--log-level", "debug"], environment={"MARTLET_LOG_LEVEL": "error"}).start()
    try:
        secrets = ["Authorization: Bearer secret-1", "Cookie: session=secret-2"]
        body = json.dumps({"name": "secret-3", "tags": {"key": "secret-4"}}).encode()
        answer = once(own, "POST", "/api/v1/experiments?token=secret-5", "X-Request-ID: find-me", *secrets, body=body)
        assert answer.status == 201
        once(own, "GET", "/a%0aforged%20line%1b[31m", "X-Request-ID: find-me-too")
    finally:
        own.stop()
    log = own.log.read_text()
    line = next(line for line in log.splitlines() if "find-me " in line)
    assert line.count("request") == 1, "one id a line"
    for word in ("POST", "/api/v1/experiments", "201", "microseconds"):
        assert word in line
    assert "find-me-too" in log and "\x1b" not in log and "\nforged" not in log
    assert "secret-" not in log


def test_requests_that_succeed_are_not_logged_otherwise(tmp_path):
    own = Server(tmp_path).start()
    try:
        once(own, "GET", "/api/v1/version", "X-Request-ID: find-me")
        once(own, "GET", "/nothing", "X-Request-ID: find-me")
    finally:
        own.stop()
    assert "find-me" not in own.log.read_text()
