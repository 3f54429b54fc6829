"""Artifact paths that try to leave their folder, in every way, on every verb."""

import os
from urllib.parse import quote

import pytest

from harness import ARTIFACTS, exchange, status_of

# As they stand in the request line, after the root of the run.
HOSTILE = [
    "../x", "../../x", "a/../../x", "..", "a/..", "../../../../../../../../etc/passwd",
    "%2e%2e/x", "%2e%2e%2fx", "..%2fx", "a%2f..%2f..%2fx", "%2E%2E%2Fx", ".%2e/x",
    "%252e%252e/x", "%252e%252e%252fx", "..%252fx", "%25252e%25252e%25252fx",
    "%2fetc/passwd", "%2Fetc%2Fpasswd", "%252fetc%252fpasswd",
    "..%5cx", "a%5c..%5cx", "%5c%5cserver%5cshare", "C:%5cx", "..%255cx",
    "a%00", "%00", "a%00.txt", "a%2500",
    "a%23b",
]
# Refused by Martlet only: MLflow lets them pass, or answers 500.
HOSTILE_TO_MARTLET = [
    "%ef%bc%8e%ef%bc%8e/x", "%e2%80%a5/x", "%ef%bc%8e%ef%bc%8e%ef%bc%8fx", "a%0ab", "a%0d%0aX-Injected:%201", "%7f",
    "x" * 5000, "%ff%fe", "~root/x", "a//b", "C:/x",
]


def send(server, method, target, body=b""):
    """By a raw socket: clients tidy up such paths before they send them."""
    request = (
        f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    return exchange(server.port, request)


@pytest.fixture(scope="module")
def root(server):
    from harness import Raw

    raw = Raw(server)
    run_id = raw.new_run()
    raw.send("PUT", raw.artifact_url(run_id, "inside.txt"), data=b"inside")
    return f"0/{run_id}/artifacts"


def everything_under(folder):
    return {os.path.join(where, name) for where, _, names in os.walk(folder) for name in names}


def hostile(paths):
    return [pytest.param(p, id=p[:40]) for p in paths]


ALL = hostile(HOSTILE) + [
    pytest.param(p, id=p[:40], marks=pytest.mark.martlet_only) for p in HOSTILE_TO_MARTLET
]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["GET", pytest.param("DELETE", marks=pytest.mark.martlet_only)])
def test_reading_and_deleting_outside_is_refused(server, raw, root, method, path):
    answer = send(server, method, f"{ARTIFACTS}/{root}/{path}")
    assert status_of(answer) in (400, 404, 405, 414), answer[:300]
    assert b"root:" not in answer
    assert raw.send("GET", f"{ARTIFACTS}/{root}/inside.txt").content == b"inside"


@pytest.mark.parametrize("path", ALL)
@pytest.mark.martlet_only
def test_writing_outside_is_refused(server, raw, root, path):
    answer = send(server, "PUT", f"{ARTIFACTS}/{root}/{path}", b"hostile payload")
    assert status_of(answer) in (400, 404, 405, 414), answer[:300]
    assert b"X-Injected" not in answer.split(b"\r\n\r\n")[0]
    outside = [p for p in everything_under(server.folder) if not p.startswith(str(server.data)) and p != str(server.log)]
    assert outside == []


@pytest.mark.parametrize("path", ALL)
def test_listing_outside_is_refused(server, raw, root, path):
    answer = send(server, "GET", f"{ARTIFACTS}?path={root}/{path}")
    assert status_of(answer) in (400, 404, 414) or b'"files"' not in answer, answer[:300]


@pytest.mark.parametrize("path", ["..", "../..", "/etc", "%2e%2e", "a/../../.."])
def test_the_tracking_endpoint_refuses_them_too(raw, root, path):
    run_id = root.split("/")[1]
    answer = raw.get("artifacts/list", run_id=run_id, path=path)
    assert answer.status_code == 400
    ui = raw.send("GET", f"/get-artifact?run_uuid={run_id}&path={quote(path)}/x")
    assert ui.status_code in (400, 404)


def test_paths_that_are_no_artifact_place(raw):
    for path in ("", "0", "nothing/at/all", "0/unknown-run/artifacts/a.txt", "models"):
        answer = raw.send("GET", f"{ARTIFACTS}/{path}")
        assert answer.status_code in (200, 400, 404, 405)
        assert b"root:" not in answer.content


@pytest.mark.martlet_only
def test_a_file_cannot_be_a_folder(raw, root):
    raw.send("PUT", f"{ARTIFACTS}/{root}/file", data=b"x")
    below = raw.send("PUT", f"{ARTIFACTS}/{root}/file/below", data=b"y")
    assert below.status_code in (200, 400)
    assert raw.send("GET", f"{ARTIFACTS}/{root}/file").content == b"x"


def test_deep_folders(raw, root):
    deep = "/".join(["d"] * 60)
    assert raw.send("PUT", f"{ARTIFACTS}/{root}/{deep}/f", data=b"deep").status_code == 200
    assert raw.send("GET", f"{ARTIFACTS}/{root}/{deep}/f").content == b"deep"
