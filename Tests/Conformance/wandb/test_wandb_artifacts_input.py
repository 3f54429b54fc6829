"""Questions about artifacts that no well-behaved client would ask: the refusal that the client shows, and nothing comes of it."""

import base64
import json

import pytest

from wandb_artifacts import COMMIT, Hand, data, digest_of, manifest, md5, put
from wandb_wire import message

ARTIFACT = "query($id: ID!) { artifact(id: $id) { id } }"
IDS = ["", "x", "QXJ0aWZhY3Q6", "QXJ0aWZhY3Q6OTk5OTk5OTk5", base64.b64encode(b"Artifact:../../x").decode(),
       base64.b64encode(b"Run:1").decode(), "%00", "a\x00b", "ü", "x" * 10_000,
       base64.b64encode(b"Artifact:" + b"9" * 40).decode(), "'; DROP TABLE artifacts; --"]
ALIASES = [{"alias": "x", "artifactCollectionName": "data", "entityName": "E", "projectName": "P"}]
MUTATIONS = {
    "commitArtifact": {"artifactID": "ID"}, "updateArtifact": {"artifactID": "ID", "description": "x"},
    "deleteArtifact": {"artifactID": "ID", "deleteAliases": True},
    "addAliases": {"artifactID": "ID", "aliases": ALIASES}, "deleteAliases": {"artifactID": "ID", "aliases": ALIASES},
    "useArtifact": {"artifactID": "ID", "entityName": "E", "projectName": "P", "runName": "RUN"},
    "linkArtifact": {"artifactID": "ID", "artifactPortfolioName": "shelf", "entityName": "E", "projectName": "P", "aliases": []},
    "unlinkArtifact": {"artifactID": "ID", "artifactPortfolioID": "ID"}, "deleteArtifactSequence": {"artifactSequenceID": "ID"},
    "deleteArtifactPortfolio": {"artifactPortfolioID": "ID"}, "updateArtifactSequence": {"artifactSequenceID": "ID", "name": "x"},
    "updateArtifactPortfolio": {"artifactPortfolioID": "ID", "name": "x"},
    "moveArtifactSequence": {"artifactSequenceID": "ID", "destinationArtifactTypeName": "x"},
    "updateArtifactManifest": {"artifactManifestID": "ID", "digest": "x"},
    "createArtifactManifest": {"artifactID": "ID", "name": "wandb_manifest.json", "digest": "", "entityName": "E",
                               "projectName": "P", "runName": "RUN", "type": "FULL"},
    "createArtifactFiles": {"artifactFiles": [{"artifactID": "ID", "name": "a", "md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}],
                            "storageLayout": "V2"},
}


def refused(answer):
    """Whether it is a refusal that the client shows and does not repeat."""
    assert answer.status_code in (400, 403, 404, 409, 413, 422), f"{answer.status_code} {answer.text[:300]}"
    assert message(answer)
    return True


def filled_in(value, **known):
    if isinstance(value, dict):
        return {key: filled_in(one, **known) for key, one in value.items()}
    if isinstance(value, list):
        return [filled_in(one, **known) for one in value]
    return known.get(value, value) if isinstance(value, str) else value


def change(hand, operation, /, **fields):
    return hand.wire.post("mutation M($input: Any!) { %s(input: $input) { __typename } }" % operation, input=fields)


# ids

@pytest.mark.parametrize("name", MUTATIONS)
def test_an_id_of_nothing_is_refused(hand, name):
    for id in IDS:
        fields = filled_in(MUTATIONS[name], ID=id, E="default", P=hand.wire.project, RUN=hand.run)
        assert refused(change(hand, name, **fields)), id
    assert hand.versions() == []


@pytest.mark.parametrize("id", IDS, ids=lambda id: repr(id[:20]))
def test_a_question_after_an_id_of_nothing_has_no_answer(wire, id):
    for query in (ARTIFACT, "query($id: ID!) { artifactCollection(id: $id) { __typename id name } }",
                  "query($id: ID!) { clientIDMapping(clientID: $id) { serverID } }"):
        answer = wire.post(query, id=id)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200 and not answer.json().get("errors"):
            assert list(answer.json()["data"].values()) == [None]


@pytest.mark.parametrize("name", MUTATIONS)
@pytest.mark.parametrize("value", [None, 1, [], {}, True], ids=repr)
def test_an_input_of_another_kind_is_refused(hand, name, value):
    first = next(iter(MUTATIONS[name]))
    fields = filled_in(MUTATIONS[name], ID="QXJ0aWZhY3Q6OTk5OTk5OTk5", E="default", P=hand.wire.project, RUN=hand.run)
    if (name, value) != ("createArtifactFiles", []):
        assert refused(change(hand, name, **fields | {first: value}))
    assert refused(change(hand, name, **{key: one for key, one in fields.items() if key != first}))


@pytest.mark.parametrize("query, text", [
    ("query($id: ID!) { artifact(id: $id) { nothing } }", 'Cannot query field "nothing" on type "Artifact".'),
    ("query($id: ID!) { artifact(id: $id) { artifactSequence { nope } } }",
     'Cannot query field "nope" on type "ArtifactSequence".'),
    ("query($id: ID!) { artifact(id: $id) { currentManifest { zz } } }", 'Cannot query field "zz" on type "ArtifactManifest".'),
    ("query($id: ID!) { artifact(id: $id) { aliases { nope } } }", 'Cannot query field "nope" on type "ArtifactAlias".'),
])
def test_an_unknown_field_is_told_in_the_words_of_graphql(hand, query, text):
    id = hand.log({"a": b"1"})
    answer = hand.wire.post(query, id=id)
    assert answer.status_code == 400 and message(answer) == text


def test_the_same_questions_about_what_is_there_are_answered(hand):
    """So that it is not for another reason that the others are refused."""
    place = {"E": "default", "P": hand.wire.project, "RUN": hand.run}
    id, pending = hand.log({"a": b"1"}), hand.pending({"a": b"2"})
    for name in ("createArtifactManifest", "createArtifactFiles"):
        new = hand.create({"a": b"3"})["id"]
        assert data(change(hand, name, **filled_in(MUTATIONS[name], ID=new, **place)))
    sequence = hand.create({"a": b"1"})["artifactSequence"]["id"]
    # The type of what is linked stays.
    for name in ("commitArtifact", "updateArtifact", "addAliases", "deleteAliases", "useArtifact", "updateArtifactSequence",
                 "moveArtifactSequence", "linkArtifact", "deleteArtifact", "deleteArtifactSequence"):
        target = pending if name in ("commitArtifact", "deleteArtifact") else sequence if name.endswith("Sequence") else id
        assert data(change(hand, name, **filled_in(MUTATIONS[name], ID=target, **place))), name
    assert hand.versions() == []


# what is asked for

@pytest.mark.parametrize("fields", [
    {"artifactCollectionName": None}, {"artifactCollectionName": ""}, {"artifactCollectionName": "a/b"},
    {"artifactCollectionName": "a:b"},
    {"artifactCollectionName": "x" * 129}, {"artifactCollectionName": "x" * 100_000}, {"artifactCollectionName": "a\x00b"},
    {"artifactCollectionName": "a\nb"}, {"artifactCollectionName": 1}, {"artifactCollectionName": ["data"]},
    {"artifactTypeName": None}, {"artifactTypeName": ""}, {"artifactTypeName": "a/b"}, {"artifactTypeName": "a:b"},
    {"artifactTypeName": "x" * 129}, {"artifactTypeName": "a\x00b"}, {"digest": None}, {"digest": ""}, {"digest": 1},
    {"projectName": None}, {"projectName": "a\x00b"}, {"entityName": "a\x00b"},
    {"runName": "none"}, {"runName": "a/b"}, {"runName": "a\x00b"}, {"aliases": [None]},
    {"aliases": [{"alias": "x"}]}, {"tags": 5}, {"tags": [7]}, {"tags": [{"tagName": 1}]},
    {"tags": [{}]}, {"description": 1}, {"metadata": "no json"}, {"metadata": "[]"}, {"metadata": "1"},
    {"metadata": "{" * 100_000}, {"metadata": 1}, {"metadata": {"a": 1}},
    {"ttlDurationSeconds": -3}, {"ttlDurationSeconds": 1.5},
    {"ttlDurationSeconds": 10**30}, {"historyStep": "x"}, {"digestAlgorithm": "MD4"}, {"clientID": ["x"]},
    {"enableDigestDeduplication": "yes"},
], ids=lambda fields: str(fields)[:60])
def test_an_artifact_that_cannot_be_is_refused(hand, fields):
    assert refused(hand.ask({"a": b"1"}, **fields))
    assert hand.versions() == []


@pytest.mark.parametrize("fields", [
    {"digest": "../x"}, {"digest": "x" * 5000}, {"digest": "a\x00b"}, {"description": "a\x00b"}, {"description": "x" * 3_000_000},
    {"metadata": '{"a":' * 5000 + "1" + "}" * 5000}, {"metadata": json.dumps({"a": "x" * 3_000_000})}, {"metadata": '{"a": NaN}'},
    {"metadata": '{"a": 1, "a": 2}'}, {"ttlDurationSeconds": 0}, {"historyStep": -1}, {"distributedID": "x" * 5000},
    {"clientID": "a\x00b"},
    {"aliases": [{"alias": "x", "artifactCollectionName": "other"}]}, {"aliases": []}, {"tags": []},
    {"projectName": "made-by-this"},
], ids=lambda fields: str(fields)[:60])
def test_a_strange_artifact_is_refused_or_begun(hand, fields):
    answer = hand.ask({"a": b"1"}, **fields)
    if answer.status_code == 200 and not answer.json().get("errors"):
        assert data(answer)["createArtifact"]["artifact"]["state"] == "PENDING"
    else:
        assert refused(answer)
    assert hand.versions() == []
    assert Hand(hand.wire, name="other").member("x") is None


@pytest.mark.parametrize("alias", ["a/b", "a:b", "", "x" * 129, "x" * 100_000, "a\x00b", "/", ":", 1, None, ["x"]],
                         ids=lambda one: repr(one)[:20])
def test_an_alias_that_cannot_be_is_refused(hand, alias):
    assert refused(hand.ask({"a": b"1"}, aliases=[hand.alias(alias)]))
    id = hand.log({"a": b"1"})
    place = {"entityName": "default", "projectName": hand.wire.project}
    assert refused(change(hand, "addAliases", artifactID=id, aliases=[hand.alias(alias, **place)]))
    assert refused(change(hand, "linkArtifact", artifactID=id, artifactPortfolioName="shelf", aliases=[
        {"artifactCollectionName": "shelf", "alias": alias}], **place))
    assert hand.member("v0")["aliases"] == [{"alias": "latest"}, {"alias": "v0"}]


def test_labels_without_measure_are_refused(hand):
    many = [f"l{i}" for i in range(1_001)]
    named = [{"alias": one, "artifactCollectionName": "data"} for one in many]
    assert refused(hand.ask({"a": b"1"}, aliases=named)) and refused(hand.ask({"a": b"1"}, tags=[{"tagName": one} for one in many]))
    id = hand.log({"a": b"1"})
    assert refused(change(hand, "updateArtifact", artifactID=id, tagsToAdd=[{"tagName": one} for one in many]))
    assert hand.member("v0")["artifact"]["tags"] == [] and hand.member("v0")["aliases"] == [{"alias": "latest"}, {"alias": "v0"}]


def test_a_filter_of_an_unknown_field_is_told(hand):
    hand.log({"a": b"1"})
    query = """query Q($entity: String!, $project: String!, $filters: JSONString) { project(name: $project, entityName: $entity) {
      artifactCollections(filters: $filters) { edges { node { __typename name } } } } }"""
    answer = hand.wire.post(query, **hand.wire.place(filters='{"colour": "red"}'))
    assert "colour" in message(answer) and answer.json()["data"]["project"]["artifactCollections"] is None
    found = hand.wire.ok(query, **hand.wire.place(filters='{"$and": [{"name": {"$regex": "^da"}}, {"tags": {"$nin": ["x"]}}]}'))
    assert len(found["project"]["artifactCollections"]["edges"]) == 1


def test_aliases_may_be_plain_texts_as_an_older_client_sends_them(hand):
    hand.log({"a": b"1"})
    assert hand.ask({"a": b"1"}, aliases=["plain", "other"]).status_code == 200
    assert [alias["alias"] for alias in hand.member("v0")["aliases"]] == ["latest", "other", "plain", "v0"]


@pytest.mark.parametrize("tag", ["a/b", "a:b", "", " a", "a ", "x" * 129, "a\x00b", "☂", "a.b"])
def test_a_tag_that_cannot_be_is_refused(hand, tag):
    assert refused(hand.ask({"a": b"1"}, tags=[{"tagName": tag}]))
    id = hand.log({"a": b"1"})
    assert refused(change(hand, "updateArtifact", artifactID=id, tagsToAdd=[{"tagName": tag}]))
    assert hand.member("v0")["artifact"]["tags"] == []


@pytest.mark.parametrize("fields", [
    {"metadata": "no json"}, {"metadata": "[1]"}, {"metadata": 1}, {"ttlDurationSeconds": -3},
    {"ttlDurationSeconds": 10**30}, {"description": 1}, {"tagsToAdd": 5}, {"tagsToDelete": [1]},
], ids=str)
def test_a_change_that_cannot_be_is_refused_whole(hand, fields):
    id = hand.log({"a": b"1"}, description="old", metadata='{"n": 1}')
    assert refused(change(hand, "updateArtifact", **{"artifactID": id, "description": "new"} | fields))
    artifact = hand.member("v0")["artifact"]
    assert artifact["description"] == "old" and json.loads(artifact["metadata"]) == {"n": 1}
    assert artifact["ttlDurationSeconds"] <= 0


@pytest.mark.parametrize("place", [
    {"artifactCollectionName": "none"}, {"artifactCollectionName": "other"}, {"projectName": "none"}, {"entityName": "none"},
    {"projectName": None},
], ids=str)
def test_an_alias_in_a_collection_where_the_version_is_not_is_refused(hand, place):
    id = hand.log({"a": b"1"})
    other = Hand(hand.wire, name="other")
    other.log({"b": b"2"})
    alias = {"alias": "x", "artifactCollectionName": "data", "entityName": "default", "projectName": hand.wire.project} | place
    assert refused(change(hand, "addAliases", artifactID=id, aliases=[alias]))
    assert hand.member("x") is None and other.member("x") is None


def test_an_alias_that_is_not_there_is_not_taken_from_another_version(hand):
    first = hand.log({"a": b"1"}, aliases=[hand.alias("best")])
    second = hand.log({"a": b"2"})
    alias = hand.alias("best", entityName="default", projectName=hand.wire.project)
    assert change(hand, "deleteAliases", artifactID=second, aliases=[alias]).status_code in (200, 400, 404)
    assert hand.member("best")["artifact"]["id"] == first


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "x" * 129, "a\x00b", None])
def test_a_shelf_of_a_name_that_cannot_be_is_refused(hand, name):
    id = hand.log({"a": b"1"})
    assert refused(change(hand, "linkArtifact", artifactID=id, artifactPortfolioName=name, entityName="default",
                          projectName=hand.wire.project, aliases=[]))


def test_a_version_that_is_not_committed_is_not_linked_or_used(hand):
    pending = hand.pending({"a": b"1"})
    place = {"entityName": "default", "projectName": hand.wire.project}
    assert refused(change(hand, "linkArtifact", artifactID=pending, artifactPortfolioName="shelf", aliases=[], **place))
    assert hand.versions() == [] and hand.member("latest") is None


def test_a_client_finds_the_id_that_the_server_gave(hand):
    query = "query($c: ID!) { clientIDMapping(clientID: $c) { serverID } }"
    id = hand.create({"a": b"1"}, clientID="client-1-" + hand.run)["id"]
    assert hand.wire.ok(query, c="client-1-" + hand.run)["clientIDMapping"]["serverID"] == id
    assert base64.b64encode(base64.b64decode(id, validate=True)).decode() == id


# lists

@pytest.mark.parametrize("arguments", [
    'after: "x"', 'after: "-5"', "first: -1", "first: 99999999999999999999", 'order: "-nonsense.x.y"', 'filters: "no json"',
    'filters: "[1]"', 'filters: "{\\"$where\\": \\"1\\"}"', 'after: "%s"' % ("9" * 400),
    'filters: "%s"' % ('{\\"$not\\": ' * 1000 + "{}" + "}" * 1000)], ids=lambda text: text[:30])
def test_arguments_of_a_list_that_make_no_sense_are_told(hand, arguments):
    id = hand.log({"a": b"1"})
    place = '{ project(name: "%s", entityName: "default") { %%s } }' % hand.wire.project
    lists = ['artifactType(name: "dataset") { artifactCollection(name: "data") { artifacts(%s) { edges { node { id } } } } }',
             'artifactType(name: "dataset") { artifactCollections(%s) { edges { node { id } } } }',
             "artifactCollections(%s) { edges { node { id } } }"]
    if "filters" not in arguments and "order" not in arguments:
        lists += [
            "artifactTypes(%s) { edges { node { id } } }", 'run(name: "RUN") { outputArtifacts(%s) { edges { node { id } } } }',
            'artifactCollection(name: "data") { artifactMembership(aliasName: "v0") { files(%s) { edges { node { id } } } } }']
    for text in lists:
        answer = hand.wire.post(place % (text % arguments).replace("RUN", hand.run))
        assert answer.status_code == 400 or answer.status_code == 200, answer.text
        if answer.status_code == 200 and not answer.json().get("errors"):
            # A number that is only too large, or a wish that nothing fulfils, is none the worse for an empty list or a whole one.
            assert any(word in arguments for word in ("first: 9", "nonsense", "$not", "9999")), answer.text[:300]
    assert hand.member("v0")["artifact"]["id"] == id


@pytest.mark.parametrize("spec", ["", "v", "v-1", "v1e3", "v" + "9" * 100, "a\x00b", "x" * 100_000, "../x", "a:b:c", "%", "'",
                                  "v0 OR 1=1"])
def test_a_name_of_no_version_is_no_version(hand, spec):
    hand.log({"a": b"1"})
    query = """query($p: String!, $n: String!) { project(name: $p, entityName: "default") {
      artifactCollectionMembership(name: $n) { id } } }"""
    answer = hand.wire.post(query, p=hand.wire.project, n=f"data:{spec}")
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code == 200 and spec:
        assert answer.json().get("errors") or answer.json()["data"]["project"]["artifactCollectionMembership"] is None


# commits

def test_a_commit_twice_is_one_version(hand):
    pending = hand.pending({"a": b"1"}, aliases=[hand.alias("latest"), hand.alias("best")])
    for _ in range(3):
        answer = data(hand.ask_commit(pending))["commitArtifact"]["artifact"]
        assert answer == {"id": pending, "digest": digest_of({"a": "xMpCOKC5I4INzFCab3WEmw=="})}
    assert hand.versions() == ["v0"] and {one["alias"] for one in hand.member("best")["aliases"]} == {"best", "latest", "v0"}


def test_a_commit_again_takes_no_alias_back(hand):
    first = hand.log({"a": b"1"}, aliases=[hand.alias("latest"), hand.alias("best")])
    second = hand.log({"a": b"2"}, aliases=[hand.alias("latest"), hand.alias("best")])
    assert hand.ask_commit(first).status_code == 200
    assert hand.member("best")["artifact"]["id"] == hand.member("latest")["artifact"]["id"] == second


def test_a_deleted_version_does_not_come_back_by_a_commit(hand):
    id = hand.log({"a": b"1"})
    assert change(hand, "deleteArtifact", artifactID=id, deleteAliases=True).status_code == 200
    assert refused(hand.ask_commit(id)) and hand.versions() == []
    assert change(hand, "deleteArtifact", artifactID=id, deleteAliases=True).status_code in (200, 400, 404)


def test_a_commit_without_a_manifest_is_refused(hand):
    artifact = hand.create({"a": b"1"})["id"]
    assert refused(hand.ask_commit(artifact))
    entries = hand.upload_files(artifact, {"a": b"1"})
    assert refused(hand.ask_commit(artifact)) and hand.versions() == []
    # What was missing comes, and all is well.
    assert hand.upload_manifest(artifact, entries).status_code == 200
    assert hand.ask_commit(artifact).status_code == 200 and hand.versions() == ["v0"]


def test_a_manifest_of_an_unknown_kind_is_refused(hand):
    artifact = hand.create({"a": b"1"})["id"]
    for type in ("HALF", "", "full"):
        assert refused(hand.ask_manifest(artifact, type=type)), type
    entries = hand.upload_files(artifact, {"a": b"1"})
    for base in ("x", "QXJ0aWZhY3Q6OTk5OTk5OTk5"):
        text = json.dumps(manifest(entries)).encode()
        answer = hand.ask_manifest(artifact, base=base, type="INCREMENTAL", digest=md5(text), upload=True)
        if answer.status_code == 200 and not answer.json().get("errors"):
            put(answer.json()["data"]["createArtifactManifest"]["artifactManifest"]["file"], text)
            assert refused(hand.ask_commit(artifact))
        else:
            assert refused(answer)
    assert hand.versions() == []


def test_a_digest_that_is_a_lie_gives_nobody_wrong_content(hand):
    """The version that is found by a digest has the content of that digest."""
    wanted = digest_of({"a": "xMpCOKC5I4INzFCab3WEmw=="})
    artifact = hand.create({"a": b"other"}, digest=wanted)["id"]
    entries = hand.upload_files(artifact, {"a": b"other"})
    if hand.upload_manifest(artifact, entries).status_code == 200 and hand.ask_commit(artifact).status_code == 200:
        assert hand.member("latest")["artifact"]["digest"] != wanted
    assert hand.create({"a": b"1"})["state"] == "PENDING"


def test_an_operation_that_nobody_has_is_told(wire):
    answer = wire.post(COMMIT.replace("commitArtifact", "commitArtefact"), artifactID="x")
    assert answer.status_code == 400 and message(answer) == 'Cannot query field "commitArtefact" on type "Mutation".'
