"""Whom the server answers: names that may be re-pointed here, and pages elsewhere that post."""

import json

import pytest

from harness import Server
from wire import Peer, once

pytestmark = pytest.mark.martlet_only
BODY = b"{}"


@pytest.mark.parametrize("host", [
    "localhost", "LocalHost:1234", "127.0.0.1", "127.0.0.1:5000", "127.1.2.3", "[::1]", "[::1]:5000", "app.localhost",
])
def test_loopback_names_are_answered(server, host):
    assert once(server, "GET", "/api/v1/version", host=host).status == 200


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:5000", "127.0.0.1.evil.example", "127.0.0.evil", "localhost.evil.example",
    "evillocalhost", "[::1].evil.example", "[::1", "[::2]", "::1", "0.0.0.0", "127.0.0.1:80.evil.example",
    "localhost:80@evil.example", "localhost evil.example", "192.168.0.1", "127.0.0.256", "127.1", "",
])
def test_other_names_are_refused_whatever_is_asked(server, host):
    for method, path in (("GET", "/"), ("GET", "/api/v1/experiments"), ("POST", "/api/v1/runs"), ("GET", "/metrics"),
                         ("GET", "/api/v1/events?topics=experiments"), ("GET", "/nothing")):
        answer = once(server, method, path, host=host, body=BODY if method == "POST" else b"")
        assert answer.status in (400, 403), (method, path)


def test_a_refusal_says_what_to_do(server):
    answer = once(server, "GET", "/", host="ml.example.org:80")
    assert "--public-host ml.example.org" in json.loads(answer.body)["message"]
    mlflow = once(server, "GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", host="evil.example")
    assert mlflow.status == 403 and json.loads(mlflow.body)["error_code"] == "PERMISSION_DENIED"


def test_several_hosts_are_refused(server):
    assert once(server, "GET", "/api/v1/version", "Host: evil.example").status == 400
    assert once(server, "GET", "/api/v1/version", "Host: localhost", host="evil.example").status in (400, 403)


def test_a_probe_without_a_host_is_answered(server):
    with Peer(server) as peer:
        peer.send(b"GET /health HTTP/1.0\r\n\r\n")
        assert peer.answer().status == 200


def test_a_target_with_a_name_is_answered_as_one_without(server):
    """RFC 9112, section 3.2.2: what proxies are sent. The name that counts is Host's."""
    target = f"http://localhost:{server.port}/api/v1/version?a=b"
    assert once(server, "GET", target).status == 200
    assert once(server, "GET", target, host="evil.example").status == 403
    assert once(server, "GET", "*").status in (400, 404)
    assert once(server, "CONNECT", "evil.example:443").status in (400, 404, 405)


@pytest.mark.parametrize("origin", [
    "http://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "file://", "nonsense", "",
    "http://127.0.0.1.evil.example", "https://evil.example:443",
])
def test_pages_elsewhere_may_not_change_anything(server, origin, name):
    forged = json.dumps({"name": name}).encode()
    # What a form can send without asking first.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"):
        answer = once(server, "POST", "/api/v1/experiments", f"Origin: {origin}", f"Content-Type: {kind}", body=forged)
        assert answer.status == 403
    for method, path in (("DELETE", "/api/v1/experiments/0"), ("PATCH", "/api/v1/experiments/0"),
                         ("PUT", "/api/v1/runs/x/artifacts/content?path=a"),
                         ("POST", "/api/2.0/mlflow/experiments/create")):
        assert once(server, method, path, f"Origin: {origin}", body=BODY).status == 403
    answer = once(server, "GET", "/api/v1/experiments", f"Origin: {origin}")
    assert answer.status == 200 and "access-control-allow-origin" not in answer.headers


def test_a_page_elsewhere_that_asks_first_is_not_allowed(server):
    answer = once(server, "OPTIONS", "/api/v1/experiments", "Origin: http://evil.example",
                  "Access-Control-Request-Method: POST")
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_own_pages_may_change_things(server, name):
    for origin in (f"http://127.0.0.1:{server.port}", f"HTTP://127.0.0.1:{server.port}"):
        body = json.dumps({"name": f"{name} {origin[:4]}"}).encode()
        assert once(server, "POST", "/api/v1/experiments", f"Origin: {origin}", body=body).status == 201
    origin, host = "http://[::1]:80", "[::1]:80"
    body = json.dumps({"name": f"{name} six"}).encode()
    assert once(server, "POST", "/api/v1/experiments", f"Origin: {origin}", host=host, body=body).status == 201


def test_public_names_are_answered_and_their_pages_may_post(tmp_path):
    names = "ML.example.org:8443, [2001:db8::1],2001:db8::2"
    own = Server(tmp_path, arguments=["--public-host", names, "--login", "off"]).start()
    try:
        for host in ("ml.example.org", "ml.example.org:443", "[2001:db8::1]:80", "[2001:db8::2]", "localhost"):
            assert once(own, "GET", "/api/v1/version", host=host).status == 200
        assert once(own, "GET", "/api/v1/version", host="example.org").status == 403
        for number, host in enumerate(("ml.example.org", f"127.0.0.1:{own.port}")):
            # A proxy may have put its own idea of a name into Host.
            body = json.dumps({"name": f"from a page {number}"}).encode()
            answer = once(own, "POST", "/api/v1/experiments", "Origin: https://ml.example.org", host=host, body=body)
            assert answer.status == 201
        refused = once(own, "POST", "/api/v1/experiments", "Origin: https://evil.example", host="ml.example.org", body=b"{}")
        assert refused.status == 403
    finally:
        own.stop()


def test_an_open_server_answers_to_any_name_and_still_refuses_forged_posts(tmp_path):
    own = Server(tmp_path, arguments=["--open"]).start()
    try:
        assert once(own, "GET", "/api/v1/version", host="whatever.example").status == 200
        answer = once(own, "POST", "/api/v1/experiments", "Origin: http://evil.example", host="whatever.example", body=b"{}")
        assert answer.status == 403
    finally:
        own.stop()
