"""An artifact of many files: up, down and once more, by plain requests and by the real client."""

import base64
import hashlib
import json
import shutil
import statistics
import subprocess
import time
import urllib.parse
import uuid

from plan import Plan
from relay import Relay
from wandb_wire import Caller, environment

CREATE = """mutation CreateArtifact($input: CreateArtifactInput!) { createArtifact(input: $input) {
  artifact { id state artifactSequence { id latestArtifact { id versionIndex } } } } }"""
MANIFEST = """mutation CreateArtifactManifest($artifactID: ID!, $name: String!, $digest: String!, $entity: String!,
    $project: String!, $run: String!, $includeUpload: Boolean!) {
  createArtifactManifest(input: {artifactID: $artifactID, name: $name, digest: $digest, entityName: $entity,
    projectName: $project, runName: $run, type: FULL}) {
    artifactManifest { id file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) } } } }"""
FILES = """mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) { createArtifactFiles(input: $input) { files { edges {
  node { storagePath uploadUrl uploadHeaders artifact { id } } } } } }"""
COMMIT = """mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } } }"""
URLS = """query GetArtifactMembershipFileUrls($entity: String!, $project: String!, $collection: String!, $alias: String!,
    $cursor: String, $perPage: Int) { project(name: $project, entityName: $entity) { artifactCollection(name: $collection) {
  __typename artifactMembership(aliasName: $alias) { files(after: $cursor, first: $perPage) {
    pageInfo { endCursor hasNextPage } edges { node { name directUrl } } } } } } }"""
CPU = """
import json, resource, sys, time
import wandb
def own():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
"""
LOG = CPU + """
begun = time.perf_counter()
artifact = wandb.Artifact("client", type="dataset")
artifact.add_dir(sys.argv[1], policy="immutable", skip_cache=True)
added = time.perf_counter() - begun
with wandb.init() as run:
    begun, before = time.perf_counter(), own()
    version = run.log_artifact(artifact).wait().version
    took = time.perf_counter() - begun
    print(json.dumps({"add": added, "seconds": took, "own": own() - before, "version": version}))
"""
LOAD = CPU + """
artifact = wandb.Api().artifact("default/bench/client:latest")
begun, before = time.perf_counter(), own()
artifact.download(root=sys.argv[1], skip_cache=True)
print(json.dumps({"seconds": time.perf_counter() - begun, "own": own() - before}))
"""
CONNECTIONS, SIZE = 8, 4096


def artifact(bench):
    count = 10_000 if not bench.is_quick else 1_000
    server = bench.start_martlet()
    bare = statistics.median(bench.machine.files_per_second(2000, CONNECTIONS) for _ in range(3))
    contents = _contents(count)
    by_hand = _ByHand(bench, server, contents)
    note = f"bare loop of temp + fsync + rename: {bare:,.0f}/s"
    _add(bench, f"{count:,} files of 4 KB up, raw, 8 conn.", count, by_hand.log(), note)
    _add(bench, f"{count:,} files of 4 KB down, raw, 8 conn.", count, by_hand.download(), "")
    begun = time.perf_counter()
    if by_hand.create()["state"] != "COMMITTED":
        raise RuntimeError("the same artifact is not known again")
    took = (time.perf_counter() - begun) * 1e3
    bench.add("the same again, raw", "ms", took, limit="known by its digest: no upload is asked for")
    by_hand.change_one()
    seconds, parts, cpu, uploads = by_hand.log()
    note = f"{uploads} uploaded; {parts}; {cpu:.2f} s of CPU"
    bench.add("a version with one changed file, raw", "s", seconds, limit=note)
    _client(bench, server, contents)
    server.remove()


def _contents(count):
    filling = bytes(33 + i * 7 % 90 for i in range(SIZE - 12))
    return {f"part-{i % 100:02}/file-{i:06}.bin": b"%012d" % i + filling for i in range(count)}


def _add(bench, what, count, figures, limit):
    seconds, parts, cpu, moved = figures
    if moved != count:
        raise RuntimeError(f"{moved} of {count} files were moved")
    bench.add(what, "files/s", count / seconds, target=3000, limit=f"{parts}; {limit}".rstrip("; "))
    bench.add("  of the server's CPU", "files/s", count / cpu, limit=f"{cpu / count * 1e3:.3f} ms a file")


def _md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


class _ByHand:
    """The requests of the client, in its order, without its own work."""

    def __init__(self, bench, server, contents):
        self.bench, self.server, self.contents = bench, server, contents
        self.caller = Caller(server)
        self.run = self.caller.new_run()
        self.digests = {name: _md5(content) for name, content in contents.items()}

    def change_one(self):
        name = next(iter(self.contents))
        self.contents = self.contents | {name: b"changed" + self.contents[name][7:]}
        self.digests = self.digests | {name: _md5(self.contents[name])}

    def create(self):
        lines = "".join(f"{name}:{digest}\n" for name, digest in sorted(self.digests.items()))
        asked = {
            "entityName": "default", "projectName": "bench", "artifactTypeName": "dataset", "artifactCollectionName": "raw",
            "runName": self.run, "digest": hashlib.md5(b"wandb-artifact-manifest-v1\n" + lines.encode()).hexdigest(),
            "digestAlgorithm": "MANIFEST_MD5", "aliases": [{"artifactCollectionName": "raw", "alias": "latest"}],
            "enableDigestDeduplication": True, "clientID": uuid.uuid4().hex, "sequenceClientID": uuid.uuid4().hex,
        }
        return self.caller.ask(CREATE, input=asked)["createArtifact"]["artifact"]

    def _manifest(self, made, digest, wants_upload):
        answer = self.caller.ask(MANIFEST, artifactID=made, name="wandb_manifest.json", digest=digest, run=self.run,
                                 includeUpload=wants_upload)
        return answer["createArtifactManifest"]["artifactManifest"]

    def log(self):
        """(seconds of all, what they went to, CPU seconds of the server, files uploaded)"""
        clock = _Clock(self.server)
        made = self.create()["id"]
        manifest = self._manifest(made, "", False)["id"]
        nodes = self._ask_files(made, manifest)
        clock.note("asking")
        plan = Plan()
        wanted = [(name, node) for name, node in nodes.items() if node["uploadUrl"]]
        for index, (name, node) in enumerate(wanted):
            _put(plan, index % CONNECTIONS, node, self.contents[name])
        if wanted:
            load = self.bench.machine.run_load(self.server, CONNECTIONS, plan, requests=len(wanted))
            clock.add("uploads", load["seconds"])
        clock.skip()
        self._finish(made, nodes)
        clock.note("manifest and commit")
        return clock.seconds, clock.parts(), clock.cpu(), len(wanted)

    def _ask_files(self, made, manifest):
        """The client asks for so many at a time at most."""
        names, nodes = list(self.contents), {}
        for first in range(0, len(names), 1000):
            part = names[first : first + 1000]
            files = [
                {"artifactID": made, "name": name, "md5": self.digests[name], "artifactManifestID": manifest}
                for name in part
            ]
            answer = self.caller.ask(FILES, input={"artifactFiles": files, "storageLayout": "V2"})
            edges = answer["createArtifactFiles"]["files"]["edges"]
            nodes |= {name: edge["node"] for name, edge in zip(part, edges, strict=True)}
        return nodes

    def _finish(self, made, nodes):
        entries = {
            name: {"digest": self.digests[name], "size": SIZE, "birthArtifactID": node["artifact"]["id"]}
            for name, node in nodes.items()
        }
        text = json.dumps({"version": 1, "storagePolicy": "wandb-storage-policy-v1",
                           "storagePolicyConfig": {"storageLayout": "V2"}, "contents": entries}).encode()
        file, plan = self._manifest(made, _md5(text), True)["file"], Plan()
        _put(plan, 0, file, text)
        self.bench.machine.run_load(self.server, 1, plan, requests=1)
        self.caller.ask(COMMIT, artifactID=made)

    def download(self):
        clock, urls, cursor = _Clock(self.server), [], None
        while True:
            answer = self.caller.ask(URLS, collection="raw", alias="latest", cursor=cursor, perPage=5000)
            page = answer["project"]["artifactCollection"]["artifactMembership"]["files"]
            urls += [edge["node"]["directUrl"] for edge in page["edges"]]
            cursor = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        clock.note("asking")
        plan = Plan()
        for index, url in enumerate(urls):
            plan.add(index % CONNECTIONS, "GET", _path(url))
        load = self.bench.machine.run_load(self.server, CONNECTIONS, plan, requests=len(urls))
        if load["bytes_in"] < len(urls) * SIZE:
            raise RuntimeError("the files did not come back whole")
        clock.add("files", load["seconds"])
        return clock.seconds, clock.parts(), clock.cpu(), len(urls)


class _Clock:
    """Adds up what the server was waited for, without what the bench does in between."""

    def __init__(self, server):
        self.server, self.seconds, self.told = server, 0.0, []
        self.before = server.cpu_seconds()
        self.skip()

    def skip(self):
        self.started = time.perf_counter()

    def note(self, what):
        self.add(what, time.perf_counter() - self.started)
        self.skip()

    def add(self, what, seconds):
        self.seconds += seconds
        self.told.append(f"{what} {seconds:.2f} s")

    def parts(self):
        return ", ".join(self.told)

    def cpu(self):
        return self.server.cpu_seconds() - self.before


def _path(url):
    parts = urllib.parse.urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _put(plan, connection, file, content):
    headers = "".join(f"{header}\r\n" for header in file["uploadHeaders"] or [])
    plan.add(connection, "PUT", _path(file["uploadUrl"]), content, "application/octet-stream", headers)


def _client(bench, server, contents):
    folder = bench.machine.scratch / "artifact-client"
    for name, content in contents.items():
        (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_bytes(content)
    count = len(contents)
    # Other bytes than those that are there from the plain requests.
    for index, name in enumerate(contents):
        (folder / "data" / name).write_bytes(contents[name][::-1] + b"%d" % index)
    first = _program(bench, server, LOG, folder / "data")
    note = f"{_shares(first)}; {first['add']:.1f} s before to read and hash"
    bench.add(f"{count:,} files logged by the real client", "files/s", count / first["seconds"], limit=note)
    load = _program(bench, server, LOAD, folder / "loaded")
    bench.add("the same downloaded by it", "files/s", count / load["seconds"], limit=_shares(load))
    if sum(1 for path in (folder / "loaded").rglob("*") if path.is_file()) != count:
        raise RuntimeError("the client has not all files")
    with Relay(server.port) as relay:
        again = _program(bench, relay, LOG, folder / "data", server)
    if again["version"] != "v0":
        raise RuntimeError(f"the same files became {again['version']}")
    files = [target for target in relay.uploads if "artifact" in target]
    note = f"{again['seconds']:.2f} s; {relay.bytes_up / 1e3:.0f} KB sent in all, {len(relay.uploads)} files of the run among it"
    bench.add("uploads when it logs the same again", "files", len(files), target=0, limit=note)
    shutil.rmtree(folder)


def _shares(done):
    return f"{done['seconds']:.1f} s; CPU: the server {done['cpu']:.2f} s, the client's Python {done['own']:.2f} s"


def _program(bench, place, text, folder, server=None):
    """Runs a program of the client against the port of `place`, and gives what it printed."""
    server = server or place
    variables = environment(place, bench.machine.scratch / f"client-{time.time_ns()}")
    before = server.cpu_seconds()
    done = subprocess.run([bench.interpreter("wandb"), "-c", text, str(folder)], env=server.environment() | variables,
                          stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return json.loads(done.stdout.splitlines()[-1]) | {"cpu": server.cpu_seconds() - before}
