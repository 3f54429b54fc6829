"""The bytes of artifacts: links that open one thing, uploads that are what they were said to be, and manifests that are none."""

import hashlib
import json
import urllib.parse
import uuid

import pytest
import requests

from test_wandb_artifacts_input import refused
from wandb_artifacts import COMPLETE, FILES, Hand, data, digest_of, manifest, md5, put
from wandb_wire import Wire, message

HOSTILE = ["../x", "a/../../x", "..", "a/..", "/abs", "/etc/passwd", "a\\..\\b", "..\\x", "a\x00b", "", ".", "a/./../..",
           "x" * 5000, "/".join(["a"] * 2600), "../" * 50 + "etc/passwd"]
CONTENTS = {"a": b"one", "d/b": b"two" * 1000}


def forgeries(url):
    """The link with each part of its query changed, emptied, doubled and left out."""
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    assert query, "a link without a signature"
    for place, (key, value) in enumerate(query):
        ends = [value[:-1] + ("0" if value[-1:] != "0" else "1"), "", "0", "-1", value + "0", "9" * 30, "ü"]
        for other in [*ends, None]:
            changed = query[:place] + ([] if other is None else [(key, other)]) + query[place + 1:]
            if changed == query:
                continue
            yield parts._replace(query=urllib.parse.urlencode(changed)).geturl()
    yield parts._replace(query="").geturl()


def closed(answer):
    """Whether a link opened nothing."""
    assert answer.status_code in (400, 403, 404, 405), f"{answer.status_code} {answer.text[:300]}"
    return True


@pytest.fixture
def begun(hand):
    """An artifact with the links for one file and for the manifest, of which nothing is uploaded."""
    class Begun:
        # Bytes that nobody has sent before: for others there might be no link.
        content = uuid.uuid4().hex.encode()
        id = hand.create({"a": content})["id"]
        manifest_id = data(hand.ask_manifest(id))["createArtifactManifest"]["artifactManifest"]["id"]
        file = data(hand.ask_files(id, manifest_id, {"a": content}))["createArtifactFiles"]["files"]["edges"][0]["node"]
        text = json.dumps(manifest({"a": {"digest": md5(content), "size": 32}})).encode()
        manifest = hand.manifest_file(id, text)

    return Begun


# links

@pytest.mark.parametrize("kind", ["file", "manifest"])
def test_a_forged_link_stores_nothing(hand, begun, kind):
    file, content = (begun.file, begun.content) if kind == "file" else (begun.manifest, begun.text)
    for url in forgeries(file["uploadUrl"]):
        assert closed(put(file | {"uploadUrl": url}, content)), url
    assert refused(hand.ask_commit(begun.id)) and hand.versions() == []


def test_a_forged_link_shows_nothing(hand):
    hand.log(CONTENTS)
    for link in (hand.urls("v0")["a"], hand.member("v0")["artifact"]["currentManifest"]["file"]["directUrl"]):
        assert requests.get(link, timeout=10).status_code == 200
        for url in forgeries(link):
            assert closed(requests.get(url, timeout=10)), url


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PATCH"])
def test_a_link_to_upload_does_nothing_else(hand, begun, method):
    assert put(begun.file, begun.content).status_code == 200
    for file in (begun.file, begun.manifest):
        assert closed(requests.request(method, file["uploadUrl"], timeout=10))


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_link_to_download_does_nothing_else(hand, method):
    hand.log(CONTENTS)
    links = [hand.urls("v0")["a"], hand.member("v0")["artifact"]["currentManifest"]["file"]["directUrl"]]
    for link in links:
        before = requests.get(link, timeout=10).content
        assert closed(requests.request(method, link, data=b"new", timeout=10))
        assert requests.get(link, timeout=10).content == before


def test_a_link_is_good_for_its_path_only(hand):
    hand.log(CONTENTS)
    links = hand.urls("v0")
    first, second = (links[name].partition("?") for name in ("a", "d/b"))
    for path, query in ((first[0], second[2]), (second[0], first[2])):
        assert closed(requests.get(path + "?" + query, timeout=10))


@pytest.mark.parametrize("part", ["%2e%2e/x", "..%2f..%2fx", "a%00b", "%c0%ae%c0%ae/x", "x/../../y", "%ff", "%", "%zz",
                                  "a\\..\\x"])
def test_a_path_that_the_link_does_not_name_is_closed(hand, begun, part):
    for file, methods in ((begun.file, ["PUT"]), (begun.manifest, ["PUT", "GET"])):
        head, _, query = file["uploadUrl"].partition("?")
        for method in methods:
            request = requests.Request(method, head, data=b"x").prepare()
            request.url = head.rpartition("/")[0] + "/" + part + "?" + query
            with requests.Session() as session:
                assert closed(session.send(request, timeout=30))


def test_the_login_does_not_replace_the_signature(hand, begun):
    hand.log(CONTENTS)
    for method, link in (("PUT", begun.file["uploadUrl"]), ("GET", hand.urls("v0")["a"])):
        assert closed(hand.wire.send(method, link.partition("?")[0], data=b"x"))


def test_a_committed_version_does_not_change_by_an_old_link(hand, begun):
    assert put(begun.file, begun.content).status_code == 200 and put(begun.manifest, begun.text).status_code == 200
    data(hand.ask_commit(begun.id))
    for file, content in ((begun.file, begun.content[::-1]), (begun.manifest, begun.text.replace(b"wandb-", b"other-"))):
        assert put(file, content).status_code in (400, 403, 404, 409, 410, 422)
    # The same bytes again are what a client sends whose answer was lost.
    assert put(begun.file, begun.content).status_code in (200, 403, 404, 409, 410)
    assert requests.get(hand.urls("v0")["a"], timeout=10).content == begun.content
    stored = requests.get(hand.member("v0")["artifact"]["currentManifest"]["file"]["directUrl"], timeout=10).json()
    assert stored["storagePolicy"] == "wandb-storage-policy-v1" and stored["contents"]["a"]["digest"] == md5(begun.content)


def test_a_committed_version_takes_no_other_manifest_and_no_more_files(hand):
    id = hand.log(CONTENTS)
    text = json.dumps(manifest({})).encode()
    answer = hand.ask_manifest(id, digest=md5(text), upload=True)
    if answer.status_code == 200 and not answer.json().get("errors"):
        put(answer.json()["data"]["createArtifactManifest"]["artifactManifest"]["file"], text)
        hand.ask_commit(id)
    assert hand.member("v0")["artifact"]["fileCount"] == 2 and sorted(hand.urls("v0")) == ["a", "d/b"]


def test_a_file_never_comes_down_as_a_page(hand):
    hand.log({"page.html": b"<script>alert(1)</script>", "x.svg": b"<svg/>"})
    for link in hand.urls("v0").values():
        down = requests.get(link, timeout=10)
        assert down.headers["Content-Disposition"].startswith("attachment")
        assert down.headers["X-Content-Type-Options"] == "nosniff"


def test_a_link_names_the_host_that_was_asked(hand, begun, server):
    assert begun.file["uploadUrl"].startswith(server.url + "/") and begun.manifest["uploadUrl"].startswith(server.url + "/")
    hand.log(CONTENTS)
    assert all(link.startswith(server.url + "/") for link in hand.urls("v0").values())


# uploads that are something else

@pytest.mark.parametrize("content", [b"", b"f" * 32, b"g" * 31, b"h" * 33, b"x" * 100_000], ids=lambda content: str(len(content)))
def test_a_file_that_is_not_what_was_said_is_refused(hand, begun, content):
    assert refused(put(begun.file, content))
    assert put(begun.manifest, begun.text).status_code == 200
    assert refused(hand.ask_commit(begun.id)) and hand.versions() == []
    # The right one comes, and all is well.
    assert put(begun.file, begun.content).status_code == 200 and hand.ask_commit(begun.id).status_code == 200
    assert requests.get(hand.urls("v0")["a"], timeout=10).content == begun.content


def test_a_manifest_that_is_not_what_was_said_is_refused(hand, begun):
    assert put(begun.file, begun.content).status_code == 200
    other = begun.text.replace(b'"a"', b'"b"')
    for text in (other, b"", begun.text + b" ", begun.text[:-1]):
        assert refused(put(begun.manifest, text))
    assert refused(hand.ask_commit(begun.id)) and hand.versions() == []
    assert put(begun.manifest, begun.text).status_code == 200 and hand.ask_commit(begun.id).status_code == 200


@pytest.mark.parametrize("spec", [
    {"md5": ""}, {"md5": None}, {"md5": "no base64"}, {"md5": "AAAA"}, {"md5": "x" * 5000}, {"md5": 1},
    {"md5": hashlib.md5(b"one").hexdigest() * 40}, {"name": None}, {"name": 1}, {"artifactID": None}, {"uploadPartsInput": "x"},
    {"uploadPartsInput": [{"partNumber": 0, "hexMD5": "0" * 32}]},
    {"uploadPartsInput": [{"partNumber": -1, "hexMD5": "0" * 32}]}, {"uploadPartsInput": [{}]},
    {"uploadPartsInput": [{"partNumber": 1, "hexMD5": "0" * 32}] * 2},
], ids=lambda spec: str(spec)[:60])
def test_a_file_that_cannot_be_gets_no_link(hand, spec):
    artifact = hand.create({"a": b"one"})["id"]
    manifest_id = data(hand.ask_manifest(artifact))["createArtifactManifest"]["artifactManifest"]["id"]
    file = {"artifactID": artifact, "name": "a", "md5": md5(b"one"), "artifactManifestID": manifest_id}
    assert refused(hand.wire.post(FILES, input={"artifactFiles": [file | spec], "storageLayout": "V2"}))
    assert refused(hand.wire.post(FILES, input={"artifactFiles": [file, file | spec], "storageLayout": "V2"}))


def test_links_for_thousands_of_files_come_at_once_and_in_order(hand):
    salt = uuid.uuid4().hex
    contents = {f"f/{i}": f"{salt} {i}".encode() for i in range(2000)}
    artifact = hand.create(contents)["id"]
    manifest_id = data(hand.ask_manifest(artifact))["createArtifactManifest"]["artifactManifest"]["id"]
    edges = data(hand.ask_files(artifact, manifest_id, contents))["createArtifactFiles"]["files"]["edges"]
    assert len(edges) == 2000 and {edge["node"]["artifact"]["id"] for edge in edges} == {artifact}
    assert put(edges[1234]["node"], contents["f/1234"]).status_code == 200


# uploads in parts

def parts_of(hand, content, size):
    """The file of an artifact whose links are for parts, and the parts."""
    parts = [content[start:start + size] for start in range(0, len(content), size)]
    artifact = hand.create({"big": content})["id"]
    manifest_id = data(hand.ask_manifest(artifact))["createArtifactManifest"]["artifactManifest"]["id"]
    wanted = [{"partNumber": i + 1, "hexMD5": hashlib.md5(part).hexdigest()} for i, part in enumerate(parts)]
    answer = data(hand.ask_files(artifact, manifest_id, {"big": content}, uploadPartsInput=wanted))
    return artifact, answer["createArtifactFiles"]["files"]["edges"][0]["node"], parts


def complete(hand, artifact, file, parts, upload=None):
    return hand.wire.post(COMPLETE, action="Complete", parts=parts, artifactID=artifact, storagePath=file["storagePath"],
                          uploadID=upload or file["uploadMultipartUrls"]["uploadID"])


def test_a_file_comes_up_in_parts(hand):
    content = uuid.uuid4().bytes + bytes(range(256)) * 45_000
    artifact, file, parts = parts_of(hand, content, 5 << 20)
    urls = {one["partNumber"]: one["uploadUrl"] for one in file["uploadMultipartUrls"]["uploadUrlParts"]}
    assert sorted(urls) == [1, 2, 3]
    # A client that sends parts looks for this one too: without it the content counts as known.
    assert file["uploadUrl"]
    done = []
    for number in (3, 1, 2):
        headers = {"Content-MD5": md5(parts[number - 1])}
        answer = requests.put(urls[number], data=parts[number - 1], headers=headers, timeout=60)
        assert answer.status_code == 200 and answer.headers["ETag"]
        done.append({"partNumber": number, "hexMD5": answer.headers["ETag"]})
    done.sort(key=lambda one: one["partNumber"])
    assert "digest" in data(complete(hand, artifact, file, done))["completeMultipartUploadArtifact"]
    entries = {"big": {"digest": md5(content), "size": len(content)}}
    assert hand.upload_manifest(artifact, entries).status_code == 200
    assert data(hand.ask_commit(artifact))["commitArtifact"]["artifact"]["digest"] == digest_of({"big": md5(content)})
    assert requests.get(hand.urls("v0")["big"], timeout=60).content == content


def test_a_file_that_came_in_parts_is_not_asked_for_again(hand):
    """The whole of it was never read here: it is known by its parts."""
    head, tail = uuid.uuid4().bytes * (5 << 16), uuid.uuid4().bytes * 1000
    artifact, file, parts = parts_of(hand, head + tail, 5 << 20)
    assert len(parts) == 2
    done = []
    for one in file["uploadMultipartUrls"]["uploadUrlParts"]:
        part = parts[one["partNumber"] - 1]
        assert requests.put(one["uploadUrl"], data=part, timeout=60).status_code == 200
        done.append({"partNumber": one["partNumber"], "hexMD5": hashlib.md5(part).hexdigest()})
    # While nobody can see it, it is nobody's.
    assert parts_of(Hand(hand.wire, "early"), head + tail, 5 << 20)[1]["uploadMultipartUrls"]
    data(complete(hand, artifact, file, done))
    assert hand.upload_manifest(artifact, {"big": {"digest": md5(head + tail), "size": len(head + tail)}}).status_code == 200
    data(hand.ask_commit(artifact))
    other = Hand(hand.wire, "other")
    again, file, _ = parts_of(other, head + tail, 5 << 20)
    assert not file["uploadUrl"] and not file["uploadMultipartUrls"]
    assert other.upload_manifest(again, {"big": {"digest": md5(head + tail), "size": len(head + tail)}}).status_code == 200
    assert data(other.ask_commit(again))["commitArtifact"]["artifact"]["digest"] == digest_of({"big": md5(head + tail)})
    assert requests.get(other.urls("v0")["big"], timeout=60).content == head + tail
    # Another end, fewer parts, or other borders are another file.
    for content, size in ((head + tail + b"x", 5 << 20), (head, 5 << 20), (head + tail, 4 << 20)):
        assert parts_of(Hand(hand.wire, "different"), content, size)[1]["uploadMultipartUrls"]


def test_parts_that_are_missing_or_wrong_are_no_file(hand):
    content = uuid.uuid4().bytes + bytes(range(256)) * 45_000
    artifact, file, parts = parts_of(hand, content, 5 << 20)
    urls = {one["partNumber"]: one["uploadUrl"] for one in file["uploadMultipartUrls"]["uploadUrlParts"]}
    for url in list(forgeries(urls[1]))[:12]:
        assert closed(requests.put(url, data=parts[0], timeout=30)), url
    tags = {}
    for number in (1, 3):
        tags[number] = requests.put(urls[number], data=parts[number - 1], timeout=60).headers["ETag"]
    some = [{"partNumber": number, "hexMD5": tags[number]} for number in (1, 3)]
    none = {"partNumber": 2, "hexMD5": "0" * 32}
    for wrong in (some, [], some + [none], some[:1] * 3, [none | {"partNumber": 99}]):
        assert refused(complete(hand, artifact, file, wrong)), wrong
    for upload in ("none", "../x"):
        assert refused(complete(hand, artifact, file, some, upload=upload))
    assert hand.upload_manifest(artifact, {"big": {"digest": md5(content), "size": len(content)}}).status_code == 200
    assert refused(hand.ask_commit(artifact)) and hand.versions() == []


def test_wrong_bytes_do_not_take_the_place_of_right_ones(hand):
    content = uuid.uuid4().bytes * (6 << 16)
    artifact, file, parts = parts_of(hand, content, 5 << 20)
    done = []
    for one in file["uploadMultipartUrls"]["uploadUrlParts"]:
        part = parts[one["partNumber"] - 1]
        assert requests.put(one["uploadUrl"], data=part, timeout=60).status_code == 200
        assert refused(requests.put(one["uploadUrl"], data=part[:-1] + b"?", timeout=60))
        done.append({"partNumber": one["partNumber"], "hexMD5": hashlib.md5(part).hexdigest()})
    data(complete(hand, artifact, file, done))
    assert hand.upload_manifest(artifact, {"big": {"digest": md5(content), "size": len(content)}}).status_code == 200
    data(hand.ask_commit(artifact))
    assert requests.get(hand.urls("v0")["big"], timeout=60).content == content


def test_a_file_that_is_sent_again_and_wrong_stays_what_it_was(hand, begun):
    assert put(begun.file, begun.content).status_code == 200 and put(begun.manifest, begun.text).status_code == 200
    assert refused(put(begun.file, begun.content[::-1] + b"?"))
    data(hand.ask_commit(begun.id))
    assert requests.get(hand.urls("v0")["a"], timeout=10).content == begun.content


# manifests

@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
def test_a_hostile_name_is_refused_and_nothing_comes_of_it(hand, server, name):
    artifact = hand.create({name: b"x"})["id"]
    answer = hand.ask_manifest(artifact)
    answer = hand.ask_files(artifact, data(answer)["createArtifactManifest"]["artifactManifest"]["id"], {name: b"x"})
    if answer.status_code == 200 and not answer.json().get("errors"):
        node = answer.json()["data"]["createArtifactFiles"]["files"]["edges"][0]["node"]
        if node["uploadUrl"]:
            assert put(node, b"x").status_code in (200, 400, 403, 404, 422)
    else:
        assert refused(answer)
    # Even where the bytes are there, by another name.
    hand.log({"fine": b"x"})
    sent = hand.upload_manifest(artifact, {name: {"digest": md5(b"x"), "size": 1}})
    assert sent.status_code == 200 or refused(sent)
    assert refused(hand.ask_commit(artifact)) and hand.versions() == ["v0"] and list(hand.urls("v0")) == ["fine"]
    assert not (server.folder / "x").exists() and not (server.data / "x").exists()


BROKEN = [b"", b"no json", b"{", b"[]", b"1", b"null", b'"text"', b"{}", b"\xff\xfe", b"\x00", b"{" * 100_000, b"[" * 1_000_000,
          b'{"version": 1}', b'{"version": 1, "contents": {}', b'{"version": 2, "contents": {}}',
          b'{"version": "one", "contents": {}}']
ENTRIES = [
    [], 1, "a", None, {"a": None}, {"a": 1}, {"a": []}, {"a": {}}, {"a": {"size": 3}}, {"a": {"digest": 1, "size": 3}},
    {"a": {"digest": "", "size": 3}}, {"a": {"digest": "no base64", "size": 3}}, {"a": {"digest": "../x", "size": 3}},
    {"a": {"digest": "x" * 5000, "size": 3}}, {"a": {"digest": "AAAA", "size": 3}},
    {"a": {"digest": md5(b"never uploaded"), "size": 14}}, {"a": {"digest": md5(b"one"), "size": -3}},
    {"a": {"digest": md5(b"one"), "size": "3"}}, {"a": {"digest": md5(b"one"), "size": 10**30}},
    {"a": {"digest": md5(b"one"), "size": 3.5}}, {"a": {"digest": md5(b"one"), "size": 3, "ref": 1}},
    {"a": {"digest": md5(b"one"), "size": 3, "birthArtifactID": 1}}, {"a": {"digest": md5(b"one"), "size": 3, "extra": "x"}},
]


def commit_of(hand, text):
    """The refusal that comes of a manifest, of the upload or of the commit. The file `a`, "one", is there."""
    contents = {"a": b"one"}
    artifact = hand.create(contents)["id"]
    hand.upload_files(artifact, contents)
    sent = hand.upload_manifest(artifact, text)
    assert sent.status_code == 200 or refused(sent)
    return hand.ask_commit(artifact)


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: repr(text[:40]))
def test_a_manifest_that_is_none_is_refused(hand, text):
    assert refused(commit_of(hand, text))
    assert hand.versions() == [] and hand.member("latest") is None


@pytest.mark.parametrize("contents", ENTRIES, ids=lambda contents: str(contents)[:60])
def test_a_manifest_with_entries_that_cannot_be_is_refused(hand, contents):
    assert refused(commit_of(hand, json.dumps(manifest(contents)).encode()))
    assert hand.versions() == [] and hand.member("latest") is None


def test_a_manifest_with_more_than_the_server_knows_is_taken(hand):
    entry = {"digest": md5(b"one"), "size": 3, "local_path": "/home/me", "skip_cache": False, "extra": {"a": "b"}, "later": 1}
    whole = manifest({"a": entry}, later={"x": 1}, storagePolicyConfig={"storageLayout": "V2", "storageRegion": "r", "later": 1})
    assert commit_of(hand, json.dumps(whole).encode()).status_code == 200 and hand.versions() == ["v0"]
    assert requests.get(hand.urls("v0")["a"], timeout=10).content == b"one"


def test_a_size_that_is_a_lie_is_refused_or_set_right(hand):
    answer = commit_of(hand, json.dumps(manifest({"a": {"digest": md5(b"one"), "size": 10**12}})).encode())
    if answer.status_code == 200:
        assert hand.member("v0")["artifact"]["size"] == 3
    else:
        assert refused(answer) and hand.versions() == []


def test_bytes_of_another_project_are_not_had_by_their_digest(hand, server):
    """A digest is not a proof that one has the bytes."""
    wire = Wire(server, hand.wire.project + "-secret", entity="team-" + hand.wire.project)
    Hand(wire).log({"secret": b"of the others"})
    artifact = hand.create({"mine": b"of the others"})["id"]
    assert hand.upload_manifest(artifact, {"mine": {"digest": md5(b"of the others"), "size": 13}}).status_code == 200
    assert refused(hand.ask_commit(artifact)) and hand.versions() == []
    wire.close()


def test_a_reference_may_be_any_text_and_is_never_followed(hand):
    refs = ["s3://b/k", "file:///etc/passwd", "javascript:alert(1)", "http://169.254.169.254/latest", "wandb-artifact://00/../x",
            "x" * 4000, "ü 漢"]
    entries = {f"r{i}": {"digest": ref[:50], "ref": ref, "size": 0} for i, ref in enumerate(refs)}
    artifact = hand.create(digest=digest_of({name: one["digest"] for name, one in entries.items()}))["id"]
    assert hand.upload_manifest(artifact, entries).status_code == 200
    answer = hand.ask_commit(artifact)
    assert answer.status_code == 200 or refused(answer)
    if answer.status_code == 200:
        assert sorted(hand.urls("v0")) == sorted(entries) and hand.member("v0")["artifact"]["fileCount"] == len(refs)


def test_the_refusal_says_which_file_is_missing(hand):
    entries = {"a": {"digest": md5(b"one"), "size": 3}, "lost.bin": {"digest": md5(b"2"), "size": 1}}
    answer = commit_of(hand, json.dumps(manifest(entries)).encode())
    assert refused(answer) and "lost.bin" in message(answer)
