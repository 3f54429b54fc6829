"""Versions of registered models: where they come from, their stages, their tags and the search."""

import json
import time

import pytest
from mlflow.exceptions import RestException

from harness import API, code

SOURCE = "s3://bucket/model"
FIELDS = {"name", "version", "creation_timestamp", "last_updated_timestamp", "current_stage", "description", "source",
          "run_id", "run_link", "status"}


def ask(raw, path, /, **query):
    return raw.send("GET", API + path, params=query)


def refused(call, *arguments, code="INVALID_PARAMETER_VALUE", words="", **named):
    with pytest.raises(RestException) as refusal:
        call(*arguments, **named)
    assert refusal.value.error_code == code and words in str(refusal.value), refusal.value


def later():
    """Lets the clock move on, so that a timestamp that is renewed differs."""
    time.sleep(0.01)


def stages(client, model):
    return {int(v.version): v.current_stage for v in client.search_model_versions(f"name = '{model}'")}


def test_a_version_keeps_what_it_is_given(client, model, run):
    before = int(time.time() * 1000)
    made = client.create_model_version(model, f"runs:/{run}/model", run, tags={"checked": "yes"},
                                       run_link="https://ci.example.com/7", description="The first.")
    stored = client.get_model_version(model, "1")
    assert stored == made
    assert (stored.name, stored.version, stored.source, stored.run_id) == (model, "1", f"runs:/{run}/model", run)
    assert (stored.current_stage, stored.status, stored.description) == ("None", "READY", "The first.")
    assert (stored.tags, stored.aliases, stored.run_link) == ({"checked": "yes"}, [], "https://ci.example.com/7")
    assert before <= stored.creation_timestamp == stored.last_updated_timestamp


def test_a_bare_version_has_empty_texts_and_no_lists(raw, model):
    made = raw.ok("model-versions/create", {"name": model, "source": SOURCE})["model_version"]
    assert set(made) == FIELDS
    assert (made["version"], made["current_stage"], made["status"]) == ("1", "None", "READY")
    assert (made["description"], made["run_id"], made["run_link"]) == ("", "", "")
    assert type(made["creation_timestamp"]) is int
    assert ask(raw, "model-versions/get", name=model, version="1").json() == {"model_version": made}


def test_the_first_version_shows_at_the_model(client, model):
    made = client.create_model_version(model, SOURCE)
    stored = client.get_registered_model(model)
    assert [v.version for v in stored.latest_versions] == ["1"]
    assert stored.last_updated_timestamp == made.creation_timestamp


def test_numbers_count_up_and_are_not_used_again(client, versions):
    client.delete_model_version(versions, "3")
    client.delete_model_version(versions, "1")
    assert client.create_model_version(versions, SOURCE).version == "4"
    assert sorted(stages(client, versions)) == [2, 4]


def test_a_version_needs_a_model(client, name):
    refused(client.create_model_version, name, SOURCE, code="RESOURCE_DOES_NOT_EXIST",
            words=f"Registered Model with name={name} not found")


def test_an_unknown_version_is_not_found(client, model):
    refused(client.get_model_version, model, "1", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Model Version (name={model}, version=1) not found")


def test_a_version_of_an_unknown_model_is_not_found(client, name):
    refused(client.get_model_version, name, "1", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Model Version (name={name}, version=1) not found")


def test_a_version_from_the_artifacts_of_its_run(client, model, run, root):
    made = client.create_model_version(model, f"{root}/model", run)
    assert (made.source, made.run_id) == (f"{root}/model", run)
    assert client.get_model_version_download_uri(model, "1") == f"{root}/model"


def test_a_version_from_a_run_is_downloaded_by_the_same_uri(client, model, run):
    client.create_model_version(model, f"runs:/{run}/model", run)
    assert client.get_model_version_download_uri(model, "1") == f"runs:/{run}/model"


def test_a_version_from_a_logged_model_has_its_run_and_its_artifacts(client, model, run, logged):
    made = client.create_model_version(model, f"models:/{logged.model_id}", model_id=logged.model_id)
    assert (made.source, made.run_id) == (f"models:/{logged.model_id}", run)
    assert client.get_model_version_download_uri(model, "1") == logged.artifact_location


def test_a_version_from_the_artifacts_of_a_logged_model(client, model, run, logged):
    made = client.create_model_version(model, logged.artifact_location, model_id=logged.model_id)
    assert (made.source, made.run_id) == (logged.artifact_location, run)


def test_the_logged_model_is_not_told_in_the_answer(raw, model, logged):
    body = {"name": model, "source": f"models:/{logged.model_id}", "model_id": logged.model_id}
    assert set(raw.ok("model-versions/create", body)["model_version"]) == FIELDS


def test_a_logged_model_knows_its_versions(client, model, logged):
    other = client.create_registered_model(model + " other").name
    uri = f"models:/{logged.model_id}"
    for one in (model, model, other):
        client.create_model_version(one, uri, model_id=logged.model_id)
    tag = client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"]
    assert json.loads(tag) == [
        {"name": model, "version": 1}, {"name": model, "version": 2}, {"name": other, "version": 1}]


def test_a_version_from_a_version_points_to_the_same_artifacts(client, model, run, root):
    client.create_model_version(model, f"{root}/model", run)
    other = client.create_registered_model(model + " other").name
    made = client.create_model_version(other, f"models:/{model}/1")
    assert (made.version, made.source, made.run_id) == ("1", f"models:/{model}/1", run)
    assert client.get_model_version_download_uri(other, "1") == f"{root}/model"
    again = client.create_model_version(model, f"models:/{other}/1")
    assert client.get_model_version_download_uri(model, again.version) == f"{root}/model"


@pytest.mark.parametrize(("uri", "number"), [("/latest", "3"), ("@best", "1"), ("/Production", "2")])
def test_a_version_from_what_a_name_stands_for_now_keeps_the_number(client, versions, uri, number):
    client.set_registered_model_alias(versions, "best", "1")
    client.transition_model_version_stage(versions, "2", "Production")
    made = client.create_model_version(versions, f"models:/{versions}{uri}")
    assert made.source == f"models:/{versions}/{number}"


@pytest.mark.parametrize("source", ["s3://bucket/model", "gs://bucket/model", "dbfs:/models/1", "s3://bucket/m?x=1#y"])
def test_sources_elsewhere_are_kept_as_they_are(client, model, source):
    assert client.create_model_version(model, source).source == source
    assert client.get_model_version_download_uri(model, "1") == source


def test_describing_a_version(client, versions):
    made = client.get_model_version(versions, "2")
    later()
    changed = client.update_model_version(versions, "2", "Better.")
    assert changed.description == "Better."
    assert changed.creation_timestamp == made.creation_timestamp < changed.last_updated_timestamp
    assert client.get_model_version(versions, "2").description == "Better."
    assert client.get_model_version(versions, "1").description == ""


def test_an_update_without_a_description_removes_it(raw, versions):
    for description in ("text", "", None):
        body = {"name": versions, "version": "1"} | ({} if description is None else {"description": description})
        answer = raw.send("PATCH", API + "model-versions/update", json=body)
        assert answer.status_code == 200
        assert answer.json()["model_version"].get("description") == (description or "")


def test_tags_of_a_version(client, versions):
    client.set_model_version_tag(versions, "1", "a", "1")
    client.set_model_version_tag(versions, "1", "b", "2")
    client.set_model_version_tag(versions, "1", "a", "changed")
    client.set_model_version_tag(versions, "2", "a", "other")
    client.delete_model_version_tag(versions, "1", "b")
    client.delete_model_version_tag(versions, "1", "missing")
    assert client.get_model_version(versions, "1").tags == {"a": "changed"}
    assert client.get_model_version(versions, "2").tags == {"a": "other"}


def test_tags_of_a_version_can_be_set_by_stage(client, versions):
    client.transition_model_version_stage(versions, "2", "Staging")
    client.set_model_version_tag(versions, key="a", value="1", stage="Staging")
    assert client.get_model_version(versions, "2").tags == {"a": "1"}
    client.delete_model_version_tag(versions, key="a", stage="Staging")
    assert client.get_model_version(versions, "2").tags == {}


def test_a_tag_value_of_a_version_may_be_long_but_not_endless(client, versions):
    client.set_model_version_tag(versions, "1", "k" * 250, "v" * 100_000)
    assert len(client.get_model_version(versions, "1").tags["k" * 250]) == 100_000
    refused(client.set_model_version_tag, versions, "1", "k", "v" * 100_001,
            words="'value' exceeds the maximum length of 100000 characters")
    refused(client.set_model_version_tag, versions, "1", "k" * 251, "v",
            words="'key' exceeds the maximum length of 250 characters")


def test_tags_and_aliases_do_not_move_the_time_of_a_version(client, versions):
    before = client.get_model_version(versions, "1").last_updated_timestamp
    later()
    client.set_model_version_tag(versions, "1", "a", "1")
    client.set_registered_model_alias(versions, "best", "1")
    client.update_registered_model(versions, "text")
    client.create_model_version(versions, SOURCE)
    assert client.get_model_version(versions, "1").last_updated_timestamp == before


def test_tags_of_an_unknown_version(client, versions):
    words = f"Model Version (name={versions}, version=9) not found"
    refused(client.set_model_version_tag, versions, "9", "a", "1", code="RESOURCE_DOES_NOT_EXIST", words=words)
    refused(client.delete_model_version_tag, versions, "9", "a", code="RESOURCE_DOES_NOT_EXIST", words=words)


def test_a_version_moves_through_the_stages(client, versions):
    for stage in ("Staging", "Production", "Archived", "None"):
        before = client.get_model_version(versions, "1").last_updated_timestamp
        later()
        moved = client.transition_model_version_stage(versions, "1", stage)
        assert moved.current_stage == stage
        assert moved.last_updated_timestamp > before
        assert client.get_registered_model(versions).last_updated_timestamp == moved.last_updated_timestamp


@pytest.mark.parametrize(("written", "stage"), [("production", "Production"), ("STAGING", "Staging"), ("none", "None")])
def test_stages_are_known_in_any_case(client, versions, written, stage):
    assert client.transition_model_version_stage(versions, "1", written).current_stage == stage


def test_an_unknown_stage_is_refused(client, versions):
    words = "Invalid Model Version stage: weird. Value must be one of None, Staging, Production, Archived."
    refused(client.transition_model_version_stage, versions, "1", "weird", words=words)
    refused(client.transition_model_version_stage, versions, "99", "weird", words=words)
    refused(client.get_latest_versions, versions, ["weird"], words=words)


def test_several_versions_can_be_in_one_stage(client, versions):
    for number in ("1", "2"):
        client.transition_model_version_stage(versions, number, "Production")
    assert stages(client, versions) == {1: "Production", 2: "Production", 3: "None"}


def test_the_others_of_a_stage_are_archived_when_asked_for(client, versions):
    client.transition_model_version_stage(versions, "1", "Production")
    client.transition_model_version_stage(versions, "3", "Staging")
    later()
    moved = client.transition_model_version_stage(versions, "2", "production", archive_existing_versions=True)
    assert stages(client, versions) == {1: "Archived", 2: "Production", 3: "Staging"}
    assert client.get_model_version(versions, "1").last_updated_timestamp == moved.last_updated_timestamp
    client.transition_model_version_stage(versions, "2", "Production", archive_existing_versions=True)
    assert stages(client, versions) == {1: "Archived", 2: "Production", 3: "Staging"}


def test_a_version_that_is_not_there_archives_nothing(client, versions):
    client.transition_model_version_stage(versions, "1", "Production")
    refused(client.transition_model_version_stage, versions, "99", "Production", True, code="RESOURCE_DOES_NOT_EXIST",
            words=f"Model Version (name={versions}, version=99) not found")
    assert stages(client, versions)[1] == "Production"


@pytest.mark.parametrize("stage", ["Archived", "None"])
@pytest.mark.martlet_only
def test_others_are_archived_for_active_stages_only(client, versions, stage):
    # MLflow answers 500 with the same words.
    refused(client.transition_model_version_stage, versions, "1", stage, True, words="is not an Active stage")


def test_the_latest_versions_by_stage(client, versions):
    client.create_model_version(versions, SOURCE)
    for number, stage in (("1", "Production"), ("2", "Production"), ("3", "Archived")):
        client.transition_model_version_stage(versions, number, stage)

    def latest(*asked):
        return {(v.current_stage, v.version) for v in client.get_latest_versions(versions, list(asked) or None)}

    assert latest() == {("Production", "2"), ("Archived", "3"), ("None", "4")}
    assert latest("Production") == {("Production", "2")}
    assert latest("production", "none") == {("Production", "2"), ("None", "4")}
    assert latest("Staging") == set()


def test_latest_versions_have_their_aliases(client, versions):
    client.set_registered_model_alias(versions, "best", "3")
    assert [v.aliases for v in client.get_latest_versions(versions)] == [["best"]]


@pytest.mark.parametrize("stages", [[], ["Production"], ["None", "Production"]])
def test_latest_versions_are_read_by_get_and_by_post(raw, client, versions, stages):
    client.transition_model_version_stage(versions, "1", "Production")
    read = ask(raw, "registered-models/get-latest-versions", name=versions, stages=stages)
    posted = raw.post("registered-models/get-latest-versions", {"name": versions, "stages": stages})
    assert read.status_code == posted.status_code == 200
    assert read.json() == posted.json()
    found = {v["current_stage"] for v in read.json()["model_versions"]}
    assert found == (set(stages) or {"None", "Production"})


def test_latest_versions_of_an_unknown_model(client, name):
    refused(client.get_latest_versions, name, code="RESOURCE_DOES_NOT_EXIST")


def test_a_deleted_version_is_gone_with_its_aliases(client, versions):
    client.set_registered_model_alias(versions, "best", "2")
    client.set_registered_model_alias(versions, "other", "3")
    client.delete_model_version(versions, "2")
    assert client.get_registered_model(versions).aliases == {"other": "3"}
    refused(client.get_model_version_by_alias, versions, "best", words="Registered model alias best not found.")
    words = f"Model Version (name={versions}, version=2) not found"
    for call in (client.get_model_version, client.delete_model_version, client.get_model_version_download_uri):
        refused(call, versions, "2", code="RESOURCE_DOES_NOT_EXIST", words=words)
    refused(client.update_model_version, versions, "2", "text", code="RESOURCE_DOES_NOT_EXIST", words=words)
    assert sorted(stages(client, versions)) == [1, 3]


def test_the_run_of_a_deleted_version_stays(client, model, run):
    client.create_model_version(model, f"runs:/{run}/model", run)
    client.delete_model_version(model, "1")
    assert client.get_run(run).info.lifecycle_stage == "active"
    assert list(client.search_model_versions(f"run_id = '{run}'")) == []


def test_a_model_whose_versions_are_deleted_is_empty(raw, client, versions):
    for number in ("1", "2", "3"):
        client.delete_model_version(versions, number)
    stored = ask(raw, "registered-models/get", name=versions).json()["registered_model"]
    assert "latest_versions" not in stored
    assert ask(raw, "model-versions/search", filter=f"name = '{versions}'").json() == {}


@pytest.fixture
def several(client, experiment, name):
    """Versions 1 to 4 of one model and 1 of another one; of two runs, with tags and sources."""
    runs = [client.create_run(experiment).info.run_id for _ in range(2)]
    for one in (f"{name} a", f"{name} b"):
        client.create_registered_model(one)
    for number in range(1, 5):
        client.create_model_version(f"{name} a", f"runs:/{runs[number % 2]}/Model {number}", runs[number % 2],
                                    tags={"parity": "Odd" if number % 2 else "Even", "all": "x"})
        later()
    client.create_model_version(f"{name} b", SOURCE)
    return runs


def found(client, name, filter_string, **named):
    return [v.name.removeprefix(f"{name} ") + v.version for v in client.search_model_versions(filter_string, **named)]


@pytest.mark.parametrize(("filter_string", "expected"), [
    ("name LIKE '{}%'", "a1 a2 a3 a4 b1"),
    ("name = '{} a'", "a1 a2 a3 a4"),
    ("name = '{}'", ""),
    ("name ILIKE '{} A'", "a1 a2 a3 a4"),
    ("name LIKE '{} A'", ""),
    ("name LIKE '{}%' AND name != '{} a'", "b1"),
    ("name IN ('{} a', '{} b')", "a1 a2 a3 a4 b1"),
    ("name LIKE '{}%' AND name NOT IN ('{} a')", "b1"),
    ("run_id = 'RUN0'", "a2 a4"),
    ("attribute.run_id = 'RUN1'", "a1 a3"),
    ("run_id IN ('RUN0', 'RUN1')", "a1 a2 a3 a4"),
    ("run_id IN ('RUN1')", "a1 a3"),
    ("name LIKE '{}%' AND run_id != 'RUN0'", "a1 a3 b1"),
    ("name LIKE '{}%' AND run_id NOT IN ('RUN0', 'RUN1')", "b1"),
    ("source_path = 'runs:/RUN1/Model 3'", "a3"),
    ("source_path LIKE 'runs:/RUN1/%'", "a1 a3"),
    ("source_path LIKE 'runs:/RUN1/model%'", ""),
    ("source_path ILIKE 'runs:/RUN1/model%'", "a1 a3"),
    ("name = '{} a' AND source_path != 'runs:/RUN1/Model 3'", "a1 a2 a4"),
    ("name = '{} a' AND version_number = 2", "a2"),
    ("name = '{} a' AND version_number = '2'", "a2"),
    ("name = '{} a' AND version_number != 2", "a1 a3 a4"),
    ("name = '{} a' AND version_number > 2", "a3 a4"),
    ("name = '{} a' AND version_number >= 2 AND version_number < 4", "a2 a3"),
    ("name = '{} a' AND version_number <= 1", "a1"),
    ("name LIKE '{}%' AND tags.parity = 'Even'", "a2 a4"),
    ("name LIKE '{}%' AND tag.`parity` = 'Even'", "a2 a4"),
    ("name LIKE '{}%' AND tags.parity != 'Even'", "a1 a3"),
    ("name LIKE '{}%' AND tags.parity LIKE 'odd'", ""),
    ("name LIKE '{}%' AND tags.parity ILIKE 'odd'", "a1 a3"),
    ("name LIKE '{}%' AND tags.parity = 'Odd' AND tags.all = 'x' AND version_number > 1", "a3"),
    ("name LIKE '{}%' AND tags.missing = 'x'", ""),
])
def test_search(client, name, several, filter_string, expected):
    written = filter_string.replace("{}", name).replace("RUN0", several[0]).replace("RUN1", several[1])
    assert sorted(found(client, name, written)) == expected.split()


@pytest.mark.parametrize(("order_by", "expected"), [
    (None, "b1 a4 a3 a2 a1"),
    (["name"], "a4 a3 a2 a1 b1"),
    (["name DESC"], "b1 a4 a3 a2 a1"),
    (["version_number"], "a1 b1 a2 a3 a4"),
    (["version_number DESC"], "a4 a3 a2 a1 b1"),
    (["version_number ASC", "name DESC"], "b1 a1 a2 a3 a4"),
    (["creation_timestamp"], "a1 a2 a3 a4 b1"),
    (["last_updated_timestamp DESC"], "b1 a4 a3 a2 a1"),
])
def test_search_order(client, name, several, order_by, expected):
    assert found(client, name, f"name LIKE '{name}%'", order_by=order_by) == expected.split()


def test_what_changed_last_comes_first(client, name, several):
    client.update_model_version(f"{name} a", "2", "text")
    assert found(client, name, f"name LIKE '{name}%'") == ["a2", "b1", "a4", "a3", "a1"]


def test_search_pages(client, name, several):
    seen, token = [], None
    for size in (2, 2, 1):
        page = client.search_model_versions(f"name LIKE '{name}%'", max_results=2, page_token=token, order_by=["name"])
        assert len(page) == size
        seen, token = seen + [v.version for v in page], page.token
    assert not token
    assert seen == ["4", "3", "2", "1", "1"]
    assert not client.search_model_versions(f"name LIKE '{name}%'", max_results=5).token


def test_a_version_in_a_search_has_its_tags_but_not_its_aliases(raw, client, versions):
    client.set_model_version_tag(versions, "2", "a", "1")
    client.set_registered_model_alias(versions, "best", "2")
    whole = ask(raw, "model-versions/get", name=versions, version="2").json()["model_version"]
    assert whole["aliases"] == ["best"]
    (one,) = ask(raw, "model-versions/search", filter=f"name = '{versions}' AND version_number = 2").json()[
        "model_versions"]
    assert one == {key: value for key, value in whole.items() if key != "aliases"}


def test_versions_of_prompts_are_found_only_when_they_are_asked_for(raw, client, name):
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    raw.ok("registered-models/create", {"name": name, "tags": prompt})
    raw.ok("model-versions/create", {"name": name, "source": "dummy-source", "tags": prompt})
    assert list(client.search_model_versions(f"name = '{name}'")) == []
    asked = f"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'"
    assert [v.version for v in client.search_model_versions(asked)] == ["1"]
