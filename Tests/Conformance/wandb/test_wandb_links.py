"""Links to files: they need no login, so each opens one file for one method for a while, and nothing else."""

import hashlib
import re
import types
import urllib.parse

import pytest
import requests

from wandb_wire import message

NAMES = ["a.txt", "with space", "ünï 漢 🐦", "100%", "%41", "a+b", "a#b", "a?b", "a&b=c", "a;b", "deep/er/file", "./dot.txt", "a//b", "~", "'\"", "[a]",
         "{}", "a:b", "a\\b", "-", "...", ".hidden", "CON", "x" * 200]
HOSTILE = ["../x", "a/../../b", "..", "a/..", "../../../../etc/passwd", "a\x00b", "", "/", ".", "a\nb", "x" * 1000, "ü" * 300, "/".join("a" * 600)]


@pytest.fixture
def run(wire):
    return wire.new_run()


def bare(method, url, **options):
    """A request without any login."""
    return requests.request(method, url, timeout=30, **options)


def changed(url, **query):
    """The link with other values in its query."""
    parts = urllib.parse.urlsplit(url)
    values = {key: value[0] for key, value in urllib.parse.parse_qs(parts.query).items()} | query
    return parts._replace(query=urllib.parse.urlencode({k: v for k, v in values.items() if v is not None})).geturl()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_goes_up_and_comes_down_by_links(wire, run, name):
    answer = bare("PUT", wire.link(run, name), data=name.encode())
    assert answer.status_code == 200 and answer.headers["ETag"], answer.text
    [file] = wire.files(run).values()
    assert file["name"] == re.sub("/+", "/", name.removeprefix("./")) and file["sizeBytes"] == len(name.encode())
    down = bare("GET", file["directUrl"])
    assert (down.status_code, down.content) == (200, name.encode())
    assert list(wire.files(run, name)) == [file["name"]]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:25]))
def test_a_hostile_name_is_refused_or_stays_in_its_run(wire, run, name, server):
    answer = wire.ask_links(run, name)
    if answer.status_code == 200 and not answer.json().get("errors"):
        link = answer.json()["data"]["createRunFiles"]["files"][0]["uploadUrl"]
        # A name that cannot be stored gets no link.
        put = bare("PUT", link, data=b"hostile") if link else types.SimpleNamespace(status_code=400)
        assert put.status_code in (200, 400, 403, 404)
        assert len(wire.files(run)) == (1 if put.status_code == 200 else 0)
    else:
        assert answer.status_code in (200, 400) and message(answer)
    assert not (server.folder / "x").exists() and not (server.data / "x").exists()


def test_absolute_names_are_below_the_run(wire, run):
    answer = wire.ask_links(run, "/etc/martlet-test")
    if answer.status_code == 200:
        assert bare("PUT", wire.link(run, "/etc/martlet-test"), data=b"x").status_code == 200
        assert list(wire.files(run)) == ["etc/martlet-test"]


@pytest.mark.parametrize("part", ["%2e%2e/x", "%2E%2E%2Fx", "..%2fx", "a%2f..%2f..%2fx", "a%00b", "%c0%ae%c0%ae/x", "x/../../y", "%ff", "%", "%zz", "a\\..\\x"])
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_path_that_the_link_does_not_name_is_forbidden(wire, run, part, method):
    head, _, query = wire.link(run, "a.txt").partition("?")
    url = head.replace("a.txt", part) + "?" + query
    request = requests.Request(method, url, data=b"x" if method == "PUT" else None).prepare()
    request.url = url
    with requests.Session() as session:
        assert session.send(request, timeout=30).status_code in (400, 403, 404)
    assert wire.files(run) == {}


@pytest.mark.parametrize("signature", ["", "0" * 64, "f" * 64, "x" * 64, "0" * 63, "0" * 4000, None, "ü" * 32, "+" + "0" * 63])
def test_a_forged_signature_is_forbidden(wire, run, signature):
    answer = bare("PUT", changed(wire.link(run, "a.txt"), signature=signature), data=b"x")
    assert answer.status_code == 403 and message(answer) and wire.files(run) == {}


@pytest.mark.parametrize("expires", ["", "0", "-1", "9" * 30, "soon", None, "1e20", "1999999999999"])
def test_a_link_whose_end_was_changed_is_forbidden(wire, run, expires):
    assert bare("PUT", changed(wire.link(run, "a.txt"), expires=expires), data=b"x").status_code == 403
    assert wire.files(run) == {}


def test_each_part_of_the_signature_counts(wire, run):
    url = wire.link(run, "a.txt")
    signature = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["signature"][0]
    for place in (0, 31, 63):
        other = signature[:place] + ("0" if signature[place] != "0" else "1") + signature[place + 1:]
        assert bare("PUT", changed(url, signature=other), data=b"x").status_code == 403
    assert bare("PUT", url, data=b"x").status_code == 200


def test_a_link_is_good_for_its_method_only(wire, run):
    up = wire.link(run, "a.txt")
    assert bare("PUT", up, data=b"first").status_code == 200
    down = wire.files(run)["a.txt"]["directUrl"]
    assert bare("GET", up).status_code == 403 and bare("HEAD", up).status_code == 403
    assert bare("PUT", down, data=b"second").status_code == 403
    assert bare("HEAD", down).status_code == 200
    for method in ("POST", "DELETE", "PATCH"):
        assert bare(method, up).status_code in (403, 404, 405)
    assert bare("GET", down).content == b"first"


def test_a_link_is_good_for_its_file_and_its_run_only(wire, run):
    url, other = wire.link(run, "a.txt"), wire.new_run()
    query = url.partition("?")[2]
    for target in (wire.link(run, "b.txt"), wire.link(other, "a.txt")):
        assert bare("PUT", target.partition("?")[0] + "?" + query, data=b"x").status_code == 403
    assert wire.files(run) == {} and wire.files(other) == {}


def test_the_login_does_not_replace_the_signature(wire, run):
    url = wire.link(run, "a.txt").partition("?")[0]
    assert wire.send("PUT", url, data=b"x").status_code == 403
    assert wire.send("GET", url).status_code == 403


def test_a_link_names_the_host_that_was_asked(wire, run, server):
    assert wire.link(run, "a.txt").startswith(server.url + "/")


def test_a_file_comes_down_in_parts(wire, run):
    content = bytes(range(256)) * 100
    bare("PUT", wire.link(run, "f.bin"), data=content)
    url = wire.files(run)["f.bin"]["directUrl"]
    part = bare("GET", url, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == content[100:200]
    assert bare("GET", url, headers={"Range": "bytes=-10"}).content == content[-10:]
    assert bare("GET", url, headers={"Range": "bytes=999999-"}).status_code == 416


def test_a_file_never_comes_down_as_a_page(wire, run):
    bare("PUT", wire.link(run, "page.html"), data=b"<script>alert(1)</script>", headers={"Content-Type": "text/html"})
    down = bare("GET", wire.files(run)["page.html"]["directUrl"])
    assert down.headers["Content-Disposition"].startswith("attachment") and down.headers["X-Content-Type-Options"] == "nosniff"


def test_an_upload_that_breaks_off_stores_nothing(wire, run, server):
    import socket

    bare("PUT", wire.link(run, "f.txt"), data=b"old")
    path = wire.link(run, "f.txt").removeprefix(server.url)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n".encode() + b"new" * 1000)
    assert bare("GET", wire.files(run)["f.txt"]["directUrl"]).content == b"old"


def test_the_digest_is_that_of_the_bytes(wire, run):
    import base64

    bare("PUT", wire.link(run, "f.txt"), data=b"content")
    assert base64.b64decode(wire.files(run)["f.txt"]["md5"]) == hashlib.md5(b"content").digest()


def test_links_for_thousands_of_files_come_at_once(wire, run):
    names = [f"f/{i}" for i in range(3000)]
    answer = wire.ask_links(run, *names).json()["data"]["createRunFiles"]
    assert [file["name"] for file in answer["files"]] == names and len({file["uploadUrl"] for file in answer["files"]}) == 3000


def test_links_of_a_run_that_is_not_there_are_not_given(wire):
    wire.new_run()
    answer = wire.ask_links("none", "a.txt")
    assert answer.status_code in (400, 404) and message(answer)


@pytest.mark.parametrize("id", ["x", "RmlsZTp4", "RmlsZTouLi8uLi94", "RmlsZTovZXRjL3Bhc3N3ZA=="])
def test_a_forged_id_of_a_file_deletes_nothing(wire, run, id):
    answer = wire.post("mutation($f: [ID!]!) { deleteFiles(input: {files: $f}) { success } }", f=[id])
    assert answer.status_code in (400, 404) and message(answer)
