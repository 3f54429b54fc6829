"""The files of the web interface over HTTP: compression, caching, headers, hostile paths, a base path."""

import gzip
import re

import pytest

from harness import Server
from wire import Peer, once

pytestmark = pytest.mark.martlet_only
PAGES = ["/", "/e/0", "/e/0/charts", "/r/abc", "/compare", "/settings", "/runs", "/experiments"]


def script_of(page):
    return re.search(r'<script[^>]* src="([^"]+)"', page).group(1)


@pytest.mark.parametrize("path", PAGES)
def test_an_address_of_the_interface_is_its_page(server, path):
    answer = once(server, "GET", path)
    assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'self'"):
        assert rule in policy
    assert "unsafe" not in policy


def test_the_page_under_its_file_name_has_the_same_headers(server):
    assert "content-security-policy" in once(server, "GET", "/index.html").headers


@pytest.mark.parametrize("path", ["/", "/style.css", "/js/main.js", "/js/api.js"])
def test_files_are_compressed_for_those_who_take_it(server, path):
    plain = once(server, "GET", path)
    packed = once(server, "GET", path, "Accept-Encoding: br, gzip;q=0.8")
    assert packed.headers["content-encoding"] == "gzip" and packed.headers["vary"] == "Accept-Encoding"
    assert len(packed.body) < len(plain.body) and gzip.decompress(packed.body) == plain.body
    for refusal in ("identity", "gzip;q=0", "br", ""):
        answer = once(server, "GET", path, f"Accept-Encoding: {refusal}")
        assert "content-encoding" not in answer.headers and answer.body == plain.body


@pytest.mark.parametrize("path", ["/", "/style.css", "/js/main.js"])
def test_files_are_asked_for_again_and_not_sent_again(server, path):
    answer = once(server, "GET", path)
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = once(server, "GET", path, f"If-None-Match: {known}")
        assert again.status == 304 and again.headers["etag"] == tag and again.body == b""
    assert once(server, "GET", path, 'If-None-Match: "other"').status == 200


@pytest.mark.parametrize("path", ["/", "/style.css", "/js/main.js", "/e/0", "/metrics", "/health", "/api/v1/version",
                                  "/api/v1/experiments", "/api/v1/events?topics=experiments"])
def test_head_has_the_headers_of_get_and_no_body(server, path):
    with Peer(server) as peer:
        peer.ask("HEAD", path)
        answer = peer.answer(to="HEAD")
        assert answer.status == 200
        # No byte of a body stands before the next answer.
        peer.ask("GET", "/api/v1/version")
        assert peer.answer().status == 200
    if "events" not in path and path != "/metrics":
        get = once(server, "GET", path)
        assert answer.headers["content-length"] == get.headers["content-length"] == str(len(get.body))
        assert answer.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("path, allowed", [
    ("/", {"GET", "HEAD"}), ("/js/main.js", {"GET", "HEAD"}), ("/e/0", {"GET", "HEAD"}), ("/metrics", {"GET", "HEAD"}),
    ("/api/v1/version", {"GET", "HEAD"}), ("/api/v1/events", {"GET", "HEAD"}), ("/api/v1/runs/search", {"POST"}),
    ("/api/v1/experiments", {"GET", "HEAD", "POST"}), ("/api/v1/experiments/0", {"GET", "HEAD", "PATCH", "DELETE"}),
    ("/api/v1/runs/x/artifacts/content", {"GET", "HEAD", "PUT", "DELETE"}),
])
def test_other_methods_are_refused_with_those_that_are_allowed(server, path, allowed):
    for method in {"GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - allowed:
        answer = once(server, method, path)
        assert answer.status == 405, method
        assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", [
    "/js/../../etc/passwd", "/js/..%2f..%2f..%2fetc%2fpasswd", "/js/%2e%2e/%2e%2e/etc/passwd", "/..%2fetc%2fpasswd",
    "/js/..%252f..%252fetc%252fpasswd", "/%2e%2e", "/js//etc/passwd", "//etc/passwd", "/js/%2fetc%2fpasswd",
    "/js/main.js%00", "/main%00.js", "/js/..%5c..%5cetc", "/js/\\..\\..\\etc", "/js/%ff", "/js/%c0%ae%c0%ae/x",
    "/js/" + "a" * 5000, "/" + "a" * 5000, "/js/", "/js", "/js/nothing.js", "/nothing.css", "/.git/config", "/js/main.js/",
    "/%2e%2e/%2e%2e/web/index.html", "/js/main.js%2f..%2fapi.js", "/files.c", "/web/index.html",
])
@pytest.mark.parametrize("folder", [False, True], ids=["embedded", "folder"])
def test_nothing_but_the_files_of_the_interface_is_given_out(server, from_folder, path, folder):
    answer = once(from_folder if folder else server, "GET", path)
    assert answer.status in (400, 404) and b"root:" not in answer.body and b"import" not in answer.body


@pytest.fixture(scope="module")
def from_folder(tmp_path_factory):
    """A server that reads the pages from a folder, beside which stands what must not be read."""
    folder = tmp_path_factory.mktemp("pages")
    web = folder / "web"
    (web / "js").mkdir(parents=True)
    (web / "index.html").write_text('<!doctype html><base href="/"><p>import of the folder')
    (web / "js" / "main.js").write_text("import './api.js'")
    (folder / "etc").mkdir()
    (folder / "etc" / "passwd").write_text("root:secret")
    own = Server(folder, arguments=["--ui-dir", str(web)]).start()
    yield own
    own.stop()


def test_a_folder_of_pages_is_read_anew_each_time(from_folder):
    assert b"of the folder" in once(from_folder, "GET", "/e/0").body
    main = from_folder.folder / "web" / "js" / "main.js"
    before = once(from_folder, "GET", "/js/main.js")
    main.write_text("import './other.js'")
    after = once(from_folder, "GET", "/js/main.js")
    assert b"other" in after.body and after.headers["etag"] != before.headers["etag"]


@pytest.mark.parametrize("given", ["/martlet", "martlet/", "/martlet/"])
def test_the_interface_and_the_api_work_under_a_base_path(tmp_path, given):
    own = Server(tmp_path, arguments=["--base-path", given]).start()
    try:
        for path in ("/martlet", "/martlet/", "/martlet/e/0"):
            page = once(own, "GET", path)
            assert page.status == 200 and '<base href="/martlet/">' in page.text
        assert once(own, "GET", "/martlet/" + script_of(page.text).lstrip("/")).status == 200
        for path in ("/martlet/api/v1/version", "/martlet/health", "/martlet/metrics", "/martlet/style.css",
                     "/martlet/api/2.0/mlflow/experiments/get?experiment_id=0"):
            assert once(own, "GET", path).status == 200
        # A proxy may take the path off before it passes a request on.
        assert once(own, "GET", "/api/v1/version").status == 200
        for path in ("/martletx/api/v1/version", "/martlet/martlet/api/v1/version", "/other/api/v1/version"):
            assert once(own, "GET", path).status == 404
        assert f"http://127.0.0.1:{own.port}/martlet" in own.tail()
    finally:
        own.stop()


def test_a_base_path_of_several_names(tmp_path):
    own = Server(tmp_path, arguments=["--base-path", "/team/martlet"]).start()
    try:
        assert '<base href="/team/martlet/">' in once(own, "GET", "/team/martlet/e/0").text
        assert once(own, "GET", "/team/martlet/api/v1/version").status == 200
    finally:
        own.stop()
