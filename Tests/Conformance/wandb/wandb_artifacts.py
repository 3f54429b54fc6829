"""Artifacts for the tests: logged by the real client, made step by step by hand, and what goes over the wire meanwhile."""

import base64
import hashlib
import http.server
import json
import pathlib
import re
import threading
import uuid

import pytest
import requests

CREATE = """mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) {
  artifact { id state digest artifactSequence { id latestArtifact { id versionIndex } } } } }"""
MANIFEST = """mutation CreateArtifactManifest($artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!,
    $entityName: String!, $projectName: String!, $runName: String!, $manifestType: ArtifactManifestType!,
    $includeUpload: Boolean!) {
  createArtifactManifest(input: {artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name, digest: $digest,
    entityName: $entityName, projectName: $projectName, runName: $runName, type: $manifestType}) {
    artifactManifest { id file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) } } } }"""
FILES = """mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) { createArtifactFiles(input: $input) { files { edges {
  node { storagePath uploadUrl uploadHeaders uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } }
    artifact { id } } } } } }"""
COMMIT = """mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } } }"""
COMPLETE = """mutation CompleteMultipartUploadArtifact($action: CompleteMultipartAction!, $parts: [UploadPartsInput!]!,
    $artifactID: ID!, $storagePath: String!,
    $uploadID: String!) { completeMultipartUploadArtifact(input: {completeMultipartAction: $action,
    completedParts: $parts, artifactID: $artifactID, storagePath: $storagePath, uploadID: $uploadID}) { digest } }"""
MEMBER = """query ArtifactMembershipByName($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { artifactCollectionMembership(name: $name) { versionIndex aliases { alias }
    artifact { id state digest size fileCount description metadata ttlDurationSeconds tags { name }
      currentManifest { file { directUrl } } } } } }"""
URLS = """query GetArtifactMembershipFileUrls($entity: String!, $project: String!, $collection: String!, $alias: String!) {
  project(name: $project, entityName: $entity) { artifactCollection(name: $collection) { __typename
    artifactMembership(aliasName: $alias) { files(first: 5000) { edges { node { name directUrl } } } } } } }"""
VERSIONS = """query ProjectArtifacts($entity: String!, $project: String!, $type: String!, $collection: String!) {
  project(name: $project, entityName: $entity) { artifactType(name: $type) { artifactCollection(name: $collection) {
    __typename artifacts(first: 1000) { totalCount edges { version node { id state digest } } } } } } }"""


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def digest_of(entries):
    """The digest of an artifact, as the client computes it, from names and the digests of the entries."""
    lines = "".join(f"{name}:{digest}\n" for name, digest in sorted(entries.items()))
    return hashlib.md5(b"wandb-artifact-manifest-v1\n" + lines.encode()).hexdigest()


def files_in(folder):
    """The contents of the files below a folder by their names."""
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def filled(artifact, contents):
    """The artifact with files of these contents."""
    for name, content in contents.items():
        with artifact.new_file(name, mode="wb") as file:
            file.write(content)
    return artifact


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """An empty cache: what is downloaded comes from the server."""
    (tmp_path / "fresh").mkdir()
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "fresh"))


@pytest.fixture
def log(wandb, project):
    """Logs an artifact of files of the given contents, in a run of its own, and gives it when it is committed."""
    def log(contents, name="data", type="dataset", aliases=None, tags=None, into=None, **fields):
        artifact = filled(wandb.Artifact(name, type=type, **fields), contents)
        with wandb.init(project=into or project) as run:
            return run.log_artifact(artifact, aliases=aliases, tags=tags).wait()

    return log


@pytest.fixture
def found(api, project):
    """Asks the public API for an artifact of the project."""
    return lambda name, **options: api.artifact(f"default/{project}/{name}", **options)


class Hand:
    """An artifact step by step, as the core of the client does it, or not quite so."""

    def __init__(self, wire, name="data", type="dataset"):
        self.wire, self.name, self.type = wire, name, type
        self.run = wire.new_run()

    def ask(self, contents=None, **fields):
        """The answer to the question for a new artifact."""
        entries = {name: md5(content) for name, content in (contents or {}).items()}
        wanted = {
            "entityName": self.wire.entity, "projectName": self.wire.project, "artifactTypeName": self.type,
            "artifactCollectionName": self.name, "runName": self.run, "digest": digest_of(entries),
            "digestAlgorithm": "MANIFEST_MD5", "description": None, "aliases": [self.alias("latest")], "metadata": None,
            "ttlDurationSeconds": None, "historyStep": None, "enableDigestDeduplication": True, "distributedID": None,
            "clientID": uuid.uuid4().hex, "sequenceClientID": uuid.uuid4().hex, "storageRegion": None,
        }
        return self.wire.post(CREATE, input=wanted | fields)

    def alias(self, text, **more):
        return {"artifactCollectionName": self.name, "alias": text} | more

    def create(self, contents=None, **fields):
        """The new artifact."""
        return data(self.ask(contents, **fields))["createArtifact"]["artifact"]

    def ask_manifest(self, artifact, digest="", upload=False, base=None, type="FULL", name="wandb_manifest.json"):
        return self.wire.post(
            MANIFEST, artifactID=artifact, baseArtifactID=base, name=name, digest=digest, entityName=self.wire.entity,
            projectName=self.wire.project, runName=self.run, manifestType=type, includeUpload=upload)

    def ask_files(self, artifact, manifest, contents, **more):
        files = [{"artifactID": artifact, "name": name, "md5": md5(content), "artifactManifestID": manifest} | more
                 for name, content in contents.items()]
        return self.wire.post(FILES, input={"artifactFiles": files, "storageLayout": "V2"})

    def upload_files(self, artifact, contents):
        """Uploads the files and gives the manifest's entries."""
        manifest = data(self.ask_manifest(artifact))["createArtifactManifest"]["artifactManifest"]["id"]
        edges = data(self.ask_files(artifact, manifest, contents))["createArtifactFiles"]["files"]["edges"]
        assert len(edges) == len(contents)
        entries = {}
        for (name, content), edge in zip(contents.items(), edges):
            if edge["node"]["uploadUrl"]:
                answer = put(edge["node"], content)
                assert answer.status_code == 200, answer.text
            entries[name] = {"digest": md5(content), "size": len(content), "birthArtifactID": edge["node"]["artifact"]["id"]}
        return entries

    def manifest_file(self, artifact, text, digest=None):
        """Where the manifest of this text goes."""
        answer = data(self.ask_manifest(artifact, digest=digest if digest is not None else md5(text), upload=True))
        return answer["createArtifactManifest"]["artifactManifest"]["file"]

    def upload_manifest(self, artifact, entries):
        """Uploads a manifest, given as entries or as the bytes of it."""
        text = entries if isinstance(entries, bytes) else json.dumps(manifest(entries)).encode()
        return put(self.manifest_file(artifact, text), text)

    def ask_commit(self, artifact):
        return self.wire.post(COMMIT, artifactID=artifact)

    def pending(self, contents, **fields):
        """The id of an artifact that is only to be committed."""
        artifact = self.create(contents, **fields)["id"]
        assert self.upload_manifest(artifact, self.upload_files(artifact, contents)).status_code == 200
        return artifact

    def log(self, contents, **fields):
        """The id of a committed artifact."""
        artifact = self.create(contents, **fields)
        if artifact["state"] != "COMMITTED":
            assert self.upload_manifest(artifact["id"], self.upload_files(artifact["id"], contents)).status_code == 200
            data(self.ask_commit(artifact["id"]))
        return artifact["id"]

    def member(self, spec="latest"):
        """What the server says of a version, or None."""
        project = self.wire.ok(MEMBER, **self.wire.place(name=f"{self.name}:{spec}"))["project"]
        return project and project["artifactCollectionMembership"]

    def urls(self, spec="latest"):
        project = self.wire.ok(URLS, **self.wire.place(collection=self.name, alias=spec))["project"]
        edges = project["artifactCollection"]["artifactMembership"]["files"]["edges"]
        return {edge["node"]["name"]: edge["node"]["directUrl"] for edge in edges}

    def versions(self):
        """The names of the versions that there are, newest first."""
        project = self.wire.ok(VERSIONS, **self.wire.place(type=self.type, collection=self.name))["project"]
        collection = ((project or {}).get("artifactType") or {}).get("artifactCollection")
        edges = collection["artifacts"]["edges"] if collection else []
        return [edge["version"] for edge in edges if edge["node"]["state"] == "COMMITTED"]


@pytest.fixture
def hand(wire):
    return Hand(wire)


def data(answer):
    """The data of an answer without errors."""
    assert answer.status_code == 200 and not answer.json().get("errors"), f"{answer.status_code} {answer.text[:500]}"
    return answer.json()["data"]


def put(file, content, **options):
    """An upload without any login, with the headers that the server wants."""
    headers = dict(header.split(":", 1) for header in file.get("uploadHeaders") or [])
    return requests.put(file["uploadUrl"], data=content, headers=headers, timeout=30, **options)


def manifest(entries, **more):
    return {"version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": entries} | more


class Counter:
    """A server between the client and the server under test, which writes down what is asked.

    Without the uploads it is asked for links only: these name the server under test.
    """

    def __init__(self, server, uploads=True):
        counter, target = self, server.url
        self.asked, self.lock = [], threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                counter.note(self.command, self.path, body)
                left_out = ("connection", "accept-encoding") + (() if uploads else ("host",))
                headers = {key: value for key, value in self.headers.items() if key.lower() not in left_out}
                got = requests.request(self.command, target + self.path, data=body, headers=headers, timeout=60)
                self.send_response(got.status_code)
                for key, value in got.headers.items():
                    if key.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(got.content)))
                self.end_headers()
                self.wfile.write(got.content)

            do_GET = do_POST = do_PUT = answer

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def note(self, method, path, body):
        what = path.partition("?")[0]
        if path == "/graphql" and (operation := re.search(rb"(?:query|mutation)\s+(\w+)", body)):
            what = operation[1].decode()
        with self.lock:
            self.asked.append((method, what, body))

    def count(self, what):
        """How often an operation or a method was asked."""
        return sum(what in (method, name) for method, name, _ in self.asked)

    def uploads(self):
        """The bodies of the uploads for artifacts: files, and manifests as "manifest"."""
        runs = ("config.yaml", "wandb-summary.json", "wandb-metadata.json", "requirements.txt", "output.log")
        bodies = [body for method, path, body in self.asked if method == "PUT" and not path.endswith(runs)]
        return sorted("manifest" if b"storagePolicyConfig" in body else body.decode() for body in bodies)

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()


@pytest.fixture
def counter(server):
    counter = Counter(server)
    yield counter
    counter.close()
