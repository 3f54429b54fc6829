"""Artifacts of runs that are resumed, offline, many at once or interrupted, and of people who may not log any."""

import subprocess
import sys
import time

import pytest

import harness
from test_login import own  # noqa: F401
from test_wandb_login import team, train  # noqa: F401
from wandb_artifacts import Hand, data, files_in, filled
from wandb_wire import Wire, client_environment

LOG = """
import sys, wandb
name, *contents = sys.argv[1:]
with wandb.init() as run:
    for content in contents:
        artifact = wandb.Artifact(name, type="dataset")
        with artifact.new_file("f.txt") as file:
            file.write(content)
        print(content, run.log_artifact(artifact).wait().version)
"""


def started(text, *arguments, server, folder, project, **more):
    """A process that uses wandb, and that goes on meanwhile."""
    folder.mkdir()
    environment = harness.os.environ | client_environment(server, folder) | {"WANDB_PROJECT": project} | more
    environment.pop("WANDB_SERVICE", None)
    return subprocess.Popen([sys.executable, "-c", text, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            cwd=folder, env=environment)


def ended(process):
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, out[-2000:] + err[-3000:]
    return out


# resumed and offline

def test_a_resumed_run_logs_on(wandb, api, project):
    for i in range(2):
        with wandb.init(project=project, id="again", resume="allow") as run:
            run.log({"x": i})
            artifact = filled(wandb.Artifact("data", type="dataset"), {"i": str(i).encode()})
            assert run.log_artifact(artifact).wait().version == f"v{i}"
    assert sorted(one.name for one in api.run(f"{project}/again").logged_artifacts()) == ["data:v0", "data:v1"]


def test_a_rewound_run_keeps_its_artifacts(wandb, api, project):
    with wandb.init(project=project, id="back") as run:
        for i in range(4):
            run.log({"x": i})
        run.log_artifact(filled(wandb.Artifact("data", type="dataset"), {"a": b"1"})).wait()
    with wandb.init(project=project, resume_from="back?_step=1") as run:
        run.log({"x": 10})
    assert [one.name for one in api.run(f"{project}/back").logged_artifacts()] == ["data:v0"]


OFFLINE = """
import glob, subprocess, sys, wandb
with wandb.init(mode="offline", id="off") as run:
    run.log({"x": 1, "t": wandb.Table(columns=["a"], data=[[1]])})
    for i in range(2):
        artifact = wandb.Artifact("data", type="dataset", metadata={"i": i}, description=f"number {i}")
        with artifact.new_file("i.txt") as file:
            file.write(str(i))
        run.log_artifact(artifact, aliases=[f"a{i}"], tags=["offline"])
wandb.teardown()
[folder] = glob.glob("**/offline-run-*", recursive=True)
for _ in range(int(sys.argv[1])):
    done = subprocess.run([sys.executable, "-m", "wandb", "sync", "--include-synced", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
"""


@pytest.mark.parametrize("times", [1, 2])
def test_artifacts_of_an_offline_run_come_with_the_sync(ran, api, found, project, fresh, tmp_path, times):
    ran(OFFLINE, str(times))
    names = {one.name for one in api.run(f"{project}/off").logged_artifacts()}
    assert names == {"data:v0", "data:v1", "run-off-t:v0"}
    for i in range(2):
        artifact = found(f"data:a{i}")
        assert (artifact.version, artifact.metadata, artifact.description) == (f"v{i}", {"i": i}, f"number {i}")
        assert artifact.tags == ["offline"] and files_in(artifact.download(str(tmp_path / str(i)))) == {"i.txt": str(i).encode()}
    assert found("data:latest").version == "v1" and found("run-off-t:latest").get("t").data == [[1]]


# many at once

def test_every_content_of_several_processes_gets_one_version(server, api, project, tmp_path):
    processes = []
    for who in range(3):
        contents = [f"{who}-{i}" for i in range(4)]
        processes.append(started(LOG, "data", *contents, server=server, folder=tmp_path / str(who), project=project))
    told = dict(line.split() for process in processes for line in ended(process).splitlines())
    assert sorted(told.values(), key=lambda text: int(text[1:])) == [f"v{i}" for i in range(12)] and len(told) == 12
    listed = list(api.artifacts("dataset", f"default/{project}/data"))
    assert [one.version for one in listed] == [f"v{i}" for i in range(11, -1, -1)] and len({one.digest for one in listed}) == 12
    assert [one.version for one in listed if "latest" in one.aliases] == ["v11"]


def test_the_same_content_of_several_processes_is_one_version(server, api, project, tmp_path):
    processes = [started(LOG, "data", "same", server=server, folder=tmp_path / who, project=project) for who in "abc"]
    assert [ended(process).split() for process in processes] == [["same", "v0"]] * 3
    assert [one.version for one in api.artifacts("dataset", f"default/{project}/data")] == ["v0"]
    assert len(api.artifact(f"default/{project}/data:v0").files()) == 1


def test_the_same_content_committed_by_two_is_one_version(wire):
    """Both asked before either was done: the second to come gets what the first has made."""
    first, second = Hand(wire), Hand(wire)
    pending = [hand.pending({"a": b"same"}, aliases=[hand.alias("latest"), hand.alias(f"of-{i}")])
               for i, hand in enumerate([first, second])]
    for hand, artifact in zip([first, second], pending):
        assert hand.ask_commit(artifact).status_code == 200
    assert first.versions() == ["v0"] and [first.member(f"of-{i}")["versionIndex"] for i in range(2)] == [0, 0]


def test_an_upload_that_was_given_up_leaves_no_gap(wire):
    hand = Hand(wire)
    hand.log({"a": b"1"})
    hand.pending({"a": b"given up"})
    hand.create({"a": b"given up sooner"})
    hand.log({"a": b"2"})
    assert hand.versions() == ["v1", "v0"] and hand.member("v1")["artifact"]["state"] == "COMMITTED"


# interrupted

def test_artifacts_are_there_after_a_kill_of_the_server(tmp_path):
    (tmp_path / "server").mkdir()
    own = harness.Server(tmp_path / "server").start()  # noqa: F811
    try:
        contents = {"a.txt": b"one", "d/b.bin": bytes(range(256)) * 1000}
        hand = Hand(Wire(own, "p"))
        id = hand.log(contents, aliases=[hand.alias("latest"), hand.alias("best")], metadata='{"n": 1}')
        pending = hand.pending({"c": b"pending"})
        own.kill()
        own.start()
        member = hand.member("best")
        assert member["artifact"]["id"] == id and member["artifact"]["metadata"] == '{"n": 1}'
        read = "import sys, wandb; print(wandb.Api().artifact('default/p/data:best').download(sys.argv[1]))"
        ended(started(read, str(tmp_path / "out"), server=own, folder=tmp_path / "client", project="p"))
        assert files_in(tmp_path / "out") == contents
        assert hand.ask_commit(pending).status_code == 200 and hand.versions() == ["v1", "v0"]
    finally:
        own.kill()


def test_an_upload_outlives_a_restart_of_the_server(tmp_path):
    (tmp_path / "server").mkdir()
    own = harness.Server(tmp_path / "server").start()  # noqa: F811
    text = """
import wandb
quick = {f"x_{what}_retry_wait_{end}_seconds": wait for what in ("graphql", "file_stream", "file_transfer")
         for end, wait in (("min", 0.2), ("max", 1))}
with wandb.init(project="p", settings=wandb.Settings(**quick)) as run:
    for i in range(60):
        artifact = wandb.Artifact("data", type="dataset")
        for k in range(10):
            with artifact.new_file(f"{k}.txt") as file:
                file.write(f"{i} {k}" if k == 0 else f"{k}")
        run.log_artifact(artifact).wait()
        print(i, flush=True)
"""
    process = started(text, server=own, folder=tmp_path / "client", project="p")
    try:
        hand = Hand(Wire(own, "p"))
        for least in (3, 20):
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and len(hand.versions()) < least:
                time.sleep(0.1)
            own.kill()
            own.start()
        ended(process)
        assert hand.versions() == [f"v{i}" for i in range(59, -1, -1)]
        assert {hand.member(f"v{i}")["artifact"]["fileCount"] for i in range(60)} == {10}
    finally:
        process.kill()
        process.wait()
        own.kill()


# who may

LOG_ONE = LOG.replace("wandb.init()", 'wandb.init(project="p")')


def test_an_editor_logs_and_a_viewer_does_not(team, tmp_path):  # noqa: F811
    text = 'import sys\nsys.argv[1:] = ["data", "one"]\n' + LOG_ONE
    done, _ = train(team.server, team.key("eda", "editor"), tmp_path, program=text)
    assert done.returncode == 0 and done.stdout.split() == ["one", "v0"], done.stderr[-2000:]
    viewer = team.wire(team.key("vera", "viewer"))
    boss = Hand(team.wire(team.admin_key))
    id = boss.member("v0")["artifact"]["id"]
    reader = Hand.__new__(Hand)
    reader.wire, reader.name, reader.type, reader.run = viewer, "data", "dataset", boss.run
    assert reader.member("v0")["artifact"]["id"] == id and list(reader.urls("v0")) == ["f.txt"]
    assert reader.ask({"f.txt": b"two"}).status_code == 403 and reader.ask({"f.txt": b"one"}).status_code == 403
    pending = boss.pending({"f.txt": b"two"})
    assert reader.ask_manifest(pending, upload=True).status_code == 403
    assert reader.ask_files(pending, "TWFuaWZlc3Q6MQ==", {"x": b"x"}).status_code in (400, 403, 404)
    assert reader.ask_commit(pending).status_code == 403
    place = {"entityName": "default", "projectName": "p"}
    alias = {"aliases": [{"artifactCollectionName": "data", "alias": "x"} | place]}
    for mutation, fields in [("addAliases", alias), ("deleteAliases", alias), ("updateArtifact", {"description": "x"}),
                             ("deleteArtifact", {"deleteAliases": True}),
                             ("linkArtifact", {"artifactPortfolioName": "s"} | place)]:
        query = "mutation M($input: Any!) { %s(input: $input) { __typename } }"
        answer = viewer.post(query % mutation, input={"artifactID": id} | fields)
        assert answer.status_code == 403, (mutation, answer.status_code, answer.text)
    assert boss.versions() == ["v0"] and boss.member("v0")["aliases"] == [{"alias": "latest"}, {"alias": "v0"}]


def test_a_viewer_that_logs_an_artifact_fails_soon(team, tmp_path):  # noqa: F811
    text = 'import sys\nsys.argv[1:] = ["data", "one"]\n' + LOG_ONE
    done, seconds = train(team.server, team.key("vera", "viewer"), tmp_path, program=text)
    assert done.returncode != 0 and seconds < 60 and "vera may not" in done.stderr


def test_an_artifact_of_another_entity_is_not_found(team):  # noqa: F811
    boss = Hand(team.wire(team.admin_key, entity="team"))
    id = boss.log({"secret": b"secret"})
    pending = boss.pending({"secret": b"other"})
    urls = boss.urls("v0")
    wire = team.wire(team.key("eda", "editor"))
    query = "query($id: ID!) { artifact(id: $id) { id digest currentManifest { file { directUrl } } } }"
    for asked in (id, pending):
        answer = wire.post(query, id=asked)
        assert answer.status_code == 404 or answer.json()["data"]["artifact"] is None, answer.text
        for mutation in ("commitArtifact", "deleteArtifact"):
            answer = wire.post("mutation($id: ID!) { %s(input: {artifactID: $id}) { artifact { id } } }" % mutation, id=asked)
            assert answer.status_code == 404, answer.text
    outsider = Hand(wire)
    assert outsider.ask({"a": b"1"}, entityName="team").status_code == 404
    use = "mutation($i: UseArtifactInput!) { useArtifact(input: $i) { artifact { id } } }"
    fields = {"entityName": "default", "projectName": "p", "runName": outsider.run, "artifactID": id}
    assert wire.post(use, i=fields).status_code == 404
    # The same bytes are not told to be there already, or everybody could ask who has what.
    mine = outsider.create({"secret": b"secret"})
    manifest = data(outsider.ask_manifest(mine["id"]))["createArtifactManifest"]["artifactManifest"]["id"]
    [edge] = data(outsider.ask_files(mine["id"], manifest, {"secret": b"secret"}))["createArtifactFiles"]["files"]["edges"]
    assert mine["state"] == "PENDING" and edge["node"]["uploadUrl"]
    assert urls["secret"]
