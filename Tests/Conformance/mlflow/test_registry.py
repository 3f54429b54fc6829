"""Registered models: names, descriptions, tags, aliases and the search."""

import time

import pytest
from mlflow.exceptions import RestException

from harness import API, code

SOURCE = "s3://bucket/model"


def ask(raw, path, /, **query):
    return raw.send("GET", API + path, params=query)


def refused(call, *arguments, code="INVALID_PARAMETER_VALUE", words="", **named):
    with pytest.raises(RestException) as refusal:
        call(*arguments, **named)
    assert refusal.value.error_code == code and words in str(refusal.value), refusal.value


def updated(client, model):
    return client.get_registered_model(model).last_updated_timestamp


def later():
    """Lets the clock move on, so that a timestamp that is renewed differs."""
    time.sleep(0.01)


def test_a_model_keeps_what_it_is_given(client, name):
    before = int(time.time() * 1000)
    client.create_registered_model(name, tags={"team": "vision", "empty": ""}, description="Finds cats.")
    stored = client.get_registered_model(name)
    assert stored.name == name
    assert stored.description == "Finds cats."
    assert stored.tags == {"team": "vision", "empty": ""}
    assert stored.latest_versions == []
    assert stored.aliases == {}
    assert before <= stored.creation_timestamp == stored.last_updated_timestamp


def test_a_bare_model_has_only_a_name_and_its_times(raw, name):
    made = raw.ok("registered-models/create", {"name": name})["registered_model"]
    assert set(made) == {"name", "creation_timestamp", "last_updated_timestamp"}
    assert all(type(made[key]) is int for key in ("creation_timestamp", "last_updated_timestamp"))
    assert ask(raw, "registered-models/get", name=name).json() == {"registered_model": made}


@pytest.mark.parametrize("unusual", [
    "ümlaut 模型 🐦", "a.b-c_d", "50%", "what?", "a\\b", "x" * 200, " leading", "'quoted\"",
])
def test_unusual_names(client, name, unusual):
    unusual = f"{unusual} {name}"
    client.create_registered_model(unusual)
    client.create_model_version(unusual, SOURCE)
    assert client.get_registered_model(unusual).name == unusual
    assert client.get_model_version(unusual, "1").name == unusual
    client.delete_registered_model(unusual)


@pytest.mark.parametrize("bad", ["", " ", "\t"])
def test_a_blank_name_is_refused(client, bad):
    refused(client.create_registered_model, bad, words="Missing value for required parameter 'name'")


@pytest.mark.parametrize("bad", ["a/b", "a:b", "/", ":", "a/../b", "models:/m"])
def test_a_name_with_a_slash_or_a_colon_is_refused(client, bad):
    words = f"Invalid model name '{bad}'. Names cannot contain '/' or ':'."
    refused(client.create_registered_model, bad, words=words)
    refused(client.get_registered_model, bad, words=words)


@pytest.mark.parametrize("bad", [".", ".."])
def test_a_name_that_is_a_folder_is_refused(client, bad):
    refused(client.create_registered_model, bad, words=f'Invalid value "{bad}" for parameter \'name\' supplied')


def test_a_name_is_taken_once(client, model):
    refused(client.create_registered_model, model, code="RESOURCE_ALREADY_EXISTS",
            words=f"Registered Model (name={model}) already exists.")


def test_names_differ_by_case(client, model):
    client.create_registered_model(model.upper())
    assert client.get_registered_model(model.upper()).name == model.upper()


def test_an_unknown_model_is_not_found(client, name):
    refused(client.get_registered_model, name, code="RESOURCE_DOES_NOT_EXIST",
            words=f"Registered Model with name={name} not found")


def test_the_last_of_two_tags_with_one_key_counts(raw, name):
    tags = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    made = raw.ok("registered-models/create", {"name": name, "tags": tags})["registered_model"]
    assert made["tags"] == [{"key": "a", "value": "2"}]


def test_describing_a_model(client, model):
    later()
    changed = client.update_registered_model(model, "A new text.")
    assert changed.description == "A new text."
    assert changed.last_updated_timestamp > changed.creation_timestamp
    assert client.get_registered_model(model).description == "A new text."


@pytest.mark.parametrize("body", [{}, {"description": ""}])
def test_an_update_without_a_description_clears_it(client, raw, model, body):
    client.update_registered_model(model, "text")
    answer = raw.send("PATCH", API + "registered-models/update", json={"name": model, **body})
    assert answer.status_code == 200
    assert "description" not in answer.json()["registered_model"]
    assert not client.get_registered_model(model).description


def test_renaming_takes_everything_along(client, versions):
    client.set_registered_model_tag(versions, "team", "vision")
    client.set_model_version_tag(versions, "2", "checked", "yes")
    client.set_registered_model_alias(versions, "best", "2")
    client.transition_model_version_stage(versions, "1", "Production")
    new = versions + " new"
    client.rename_registered_model(versions, new)
    stored = client.get_registered_model(new)
    assert stored.name == new
    assert stored.tags == {"team": "vision"}
    assert stored.aliases == {"best": "2"}
    assert {(v.name, v.version, v.current_stage) for v in stored.latest_versions} == {
        (new, "1", "Production"), (new, "3", "None")}
    assert client.get_model_version(new, "2").tags == {"checked": "yes"}
    assert client.get_model_version_by_alias(new, "best").version == "2"
    assert [v.version for v in client.search_model_versions(f"name = '{new}'")] == ["3", "2", "1"]
    refused(client.get_registered_model, versions, code="RESOURCE_DOES_NOT_EXIST")
    refused(client.get_model_version, versions, "1", code="RESOURCE_DOES_NOT_EXIST")


def test_renaming_moves_the_times_of_model_and_versions(client, versions):
    made = client.get_model_version(versions, "1")
    later()
    client.rename_registered_model(versions, versions + " new")
    stored = client.get_registered_model(versions + " new")
    version = client.get_model_version(versions + " new", "1")
    assert stored.last_updated_timestamp == version.last_updated_timestamp > made.last_updated_timestamp
    assert version.creation_timestamp == made.creation_timestamp


def test_a_name_that_is_taken_is_no_new_name(client, model):
    client.create_registered_model(model + " other")
    refused(client.rename_registered_model, model, model + " other", code="RESOURCE_ALREADY_EXISTS",
            words=f"Registered Model (name={model} other) already exists.")
    assert client.get_registered_model(model).name == model


def test_a_model_can_be_given_the_name_that_it_has(client, versions):
    client.set_registered_model_alias(versions, "best", "2")
    client.rename_registered_model(versions, versions)
    assert client.get_registered_model(versions).aliases == {"best": "2"}


@pytest.mark.parametrize(("bad", "words"), [
    ("a/b", "Invalid model name 'a/b'. Names cannot contain '/' or ':'."), ("..", "Invalid value"),
])
def test_a_bad_new_name_is_refused(client, model, bad, words):
    refused(client.rename_registered_model, model, bad, words=words)


def test_renaming_an_unknown_model(client, name):
    refused(client.rename_registered_model, name, name + " new", code="RESOURCE_DOES_NOT_EXIST")


def test_a_deleted_model_is_gone_with_all_that_it_had(client, versions):
    client.set_registered_model_alias(versions, "best", "2")
    client.delete_registered_model(versions)
    refused(client.get_registered_model, versions, code="RESOURCE_DOES_NOT_EXIST")
    refused(client.get_model_version, versions, "1", code="RESOURCE_DOES_NOT_EXIST")
    refused(client.get_model_version_by_alias, versions, "best", code="RESOURCE_DOES_NOT_EXIST")
    refused(client.delete_registered_model, versions, code="RESOURCE_DOES_NOT_EXIST")
    assert list(client.search_model_versions(f"name = '{versions}'")) == []
    assert list(client.search_registered_models(f"name = '{versions}'")) == []


def test_a_name_is_free_again_after_deletion_and_starts_empty(client, versions):
    client.set_registered_model_tag(versions, "team", "vision")
    client.set_registered_model_alias(versions, "best", "2")
    client.delete_registered_model(versions)
    client.create_registered_model(versions)
    stored = client.get_registered_model(versions)
    assert (stored.tags, stored.aliases, stored.latest_versions) == ({}, {}, [])
    assert client.create_model_version(versions, SOURCE).version == "1"


def test_a_renamed_model_leaves_its_name_to_others(client, versions):
    client.rename_registered_model(versions, versions + " new")
    client.create_registered_model(versions)
    assert client.create_model_version(versions, SOURCE).version == "1"
    assert client.create_model_version(versions + " new", SOURCE).version == "4"


def test_tags_of_a_model(client, model):
    client.set_registered_model_tag(model, "a", "1")
    client.set_registered_model_tag(model, "b", "2")
    client.set_registered_model_tag(model, "a", "changed")
    client.set_registered_model_tag(model, "a/b:c.d-e_f g", "odd key")
    client.delete_registered_model_tag(model, "b")
    assert client.get_registered_model(model).tags == {"a": "changed", "a/b:c.d-e_f g": "odd key"}


def test_deleting_a_tag_that_is_not_there_is_no_error(client, model):
    client.delete_registered_model_tag(model, "missing")


def test_a_tag_value_may_be_long_but_not_endless(client, model):
    client.set_registered_model_tag(model, "k" * 250, "v" * 100_000)
    assert len(client.get_registered_model(model).tags["k" * 250]) == 100_000
    refused(client.set_registered_model_tag, model, "k", "v" * 100_001,
            words="'value' exceeds the maximum length of 100000 characters")
    refused(client.set_registered_model_tag, model, "k" * 251, "v",
            words="'key' exceeds the maximum length of 250 characters")


@pytest.mark.parametrize("bad", ["a$", "a\nb", "../a", "a//b"])
def test_a_bad_tag_key_is_refused(client, model, bad):
    refused(client.set_registered_model_tag, model, bad, "v")


def test_tags_and_aliases_do_not_move_the_time_of_a_model(client, versions):
    before = updated(client, versions)
    later()
    client.set_registered_model_tag(versions, "a", "1")
    client.delete_registered_model_tag(versions, "a")
    client.set_registered_model_alias(versions, "best", "1")
    client.delete_registered_model_alias(versions, "best")
    client.set_model_version_tag(versions, "1", "a", "1")
    client.update_model_version(versions, "1", "text")
    assert updated(client, versions) == before


@pytest.mark.parametrize("change", [
    lambda client, model: client.create_model_version(model, SOURCE),
    lambda client, model: client.transition_model_version_stage(model, "1", "Staging"),
    lambda client, model: client.delete_model_version(model, "1"),
    lambda client, model: client.update_registered_model(model, "text"),
], ids=["a new version", "a stage", "a deleted version", "a description"])
def test_what_moves_the_time_of_a_model(client, versions, change):
    before = client.get_registered_model(versions)
    later()
    change(client, versions)
    after = client.get_registered_model(versions)
    assert after.last_updated_timestamp > before.last_updated_timestamp
    assert after.creation_timestamp == before.creation_timestamp


def test_the_latest_version_of_each_stage(client, versions):
    client.create_model_version(versions, SOURCE)
    client.transition_model_version_stage(versions, "1", "Production")
    client.transition_model_version_stage(versions, "2", "Production")
    client.transition_model_version_stage(versions, "3", "Archived")
    found = client.get_registered_model(versions).latest_versions
    assert {(v.current_stage, v.version) for v in found} == {("Production", "2"), ("Archived", "3"), ("None", "4")}
    (listed,) = client.search_registered_models(f"name = '{versions}'")
    assert {(v.current_stage, v.version) for v in listed.latest_versions} == {
        ("Production", "2"), ("Archived", "3"), ("None", "4")}


def test_a_deleted_version_is_no_latest_version(client, versions):
    client.delete_model_version(versions, "3")
    assert [v.version for v in client.get_registered_model(versions).latest_versions] == ["2"]


def test_latest_versions_are_named_by_their_aliases_at_the_model(raw, client, versions):
    client.set_registered_model_alias(versions, "best", "3")
    client.set_registered_model_alias(versions, "also", "3")
    stored = ask(raw, "registered-models/get", name=versions).json()["registered_model"]
    assert sorted(stored["aliases"], key=lambda one: one["alias"]) == [
        {"alias": "also", "version": "3"}, {"alias": "best", "version": "3"}]
    (latest,) = stored["latest_versions"]
    assert latest["version"] == "3"
    assert "aliases" not in latest


def test_an_alias_is_set_moved_and_deleted(client, versions):
    client.set_registered_model_alias(versions, "best", "1")
    client.set_registered_model_alias(versions, "test-2_B", "1")
    assert sorted(client.get_model_version(versions, "1").aliases) == ["best", "test-2_B"]
    client.set_registered_model_alias(versions, "best", "2")
    assert client.get_model_version(versions, "1").aliases == ["test-2_B"]
    assert client.get_model_version_by_alias(versions, "best").version == "2"
    assert client.get_registered_model(versions).aliases == {"best": "2", "test-2_B": "1"}
    client.delete_registered_model_alias(versions, "best")
    assert client.get_registered_model(versions).aliases == {"test-2_B": "1"}
    assert client.get_model_version(versions, "2").aliases == []


def test_an_alias_that_is_not_there_is_a_mistake(client, versions):
    refused(client.get_model_version_by_alias, versions, "nope", words="Registered model alias nope not found.")


def test_deleting_an_alias_that_is_not_there_is_no_error(client, versions):
    client.delete_registered_model_alias(versions, "nope")


def test_aliases_differ_by_case(client, versions):
    client.set_registered_model_alias(versions, "Best", "1")
    client.set_registered_model_alias(versions, "best", "2")
    assert client.get_registered_model(versions).aliases == {"Best": "1", "best": "2"}
    assert client.get_model_version_by_alias(versions, "Best").version == "1"


@pytest.mark.parametrize("alias", ["latest", "Latest", "LATEST"])
def test_latest_is_reserved_and_read_as_the_greatest_number(client, versions, alias):
    client.transition_model_version_stage(versions, "3", "Archived")
    client.set_registered_model_alias(versions, "old", "3")
    refused(client.set_registered_model_alias, versions, alias, "1",
            words="'latest' alias name (case insensitive) is reserved.")
    latest = client.get_model_version_by_alias(versions, alias)
    assert (latest.version, latest.aliases) == ("3", ["old"])


def test_the_latest_of_a_model_without_versions_is_not_found(client, model):
    refused(client.get_model_version_by_alias, model, "latest", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Latest version not found for model {model}.")


@pytest.mark.parametrize("alias", ["v1", "V1", "v007"])
def test_the_names_of_versions_are_reserved(client, versions, alias):
    refused(client.set_registered_model_alias, versions, alias, "1", words=f"Version alias name '{alias}' is reserved.")


@pytest.mark.parametrize("alias", ["v", "v1a", "version1", "x" * 255, "-", "_", "äöü", "7"])
def test_aliases_that_are_allowed(client, versions, alias):
    client.set_registered_model_alias(versions, alias, "1")
    assert client.get_model_version_by_alias(versions, alias).version == "1"


@pytest.mark.parametrize(("alias", "words"), [
    ("a b", "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."),
    ("a.b", "Invalid alias name: 'a.b'."), ("a/b", "Invalid alias name: 'a/b'."), ("a@b", "Invalid alias name: 'a@b'."),
    ("x" * 256, "'Registered model alias name' exceeds the maximum length of 255 characters"),
])
def test_aliases_that_are_refused(raw, versions, alias, words):
    # The client itself refuses them, too.
    answer = raw.post("registered-models/alias", {"name": versions, "alias": alias, "version": "1"})
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.json()["message"].startswith(words)


def test_an_alias_needs_a_version_that_is_there(client, versions):
    refused(client.set_registered_model_alias, versions, "best", "99", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Model Version (name={versions}, version=99) not found")
    client.delete_model_version(versions, "1")
    refused(client.set_registered_model_alias, versions, "best", "1", code="RESOURCE_DOES_NOT_EXIST")


@pytest.fixture
def models(client, name):
    """Four models; the last three have tags."""
    made = [f"{name} {ending}" for ending in ("alpha", "Beta", "gamma", "delta_1")]
    for number, one in enumerate(made):
        client.create_registered_model(one, tags={"team": f"t{number}", "all": "Yes"} if number else None)
        later()
    return made


@pytest.mark.parametrize(("filter_string", "expected"), [
    ("name LIKE '{}%'", {0, 1, 2, 3}),
    ("name = '{} alpha'", {0}),
    ('name = "{} alpha"', {0}),
    ("attribute.name = '{} alpha'", {0}),
    ("name = '{}'", set()),
    ("name LIKE '{}%' AND name != '{} alpha'", {1, 2, 3}),
    ("name LIKE '{} beta'", set()),
    ("name ILIKE '{} beta'", {1}),
    ("name ILIKE '{} %A'", {0, 1, 2}),
    ("name LIKE '{} %a'", {0, 1, 2}),
    ("name like '{} %a'", {0, 1, 2}),
    ("name IN ('{} alpha', '{} gamma', 'other')", {0, 2}),
    ("name LIKE '{}%' AND name NOT IN ('{} alpha', '{} gamma')", {1, 3}),
    ("name LIKE '{}%' AND tags.team = 't1'", {1}),
    ("name LIKE '{}%' AND tag.team = 't1'", {1}),
    ("name LIKE '{}%' AND tags.`team` = 't1'", {1}),
    ("name LIKE '{}%' AND tags.team != 't1'", {2, 3}),
    ("name LIKE '{}%' AND tags.team LIKE 't%'", {1, 2, 3}),
    ("name LIKE '{}%' AND tags.all LIKE 'yes'", set()),
    ("name LIKE '{}%' AND tags.all ILIKE 'yes'", {1, 2, 3}),
    ("name LIKE '{}%' AND tags.all = 'Yes' AND tags.team = 't2'", {2}),
    ("name LIKE '{}%' AND tags.all = 'Yes' AND tags.team = 't9'", set()),
    ("name LIKE '{}%' AND tags.missing = 'x'", set()),
    ("name LIKE '{}%' AND name LIKE '%ta%' AND tags.team = 't3'", {3}),
])
def test_search(client, name, models, filter_string, expected):
    found = client.search_registered_models(filter_string.replace("{}", name))
    assert {models.index(m.name) for m in found} == expected


@pytest.mark.parametrize(("order_by", "expected"), [
    (None, [1, 0, 3, 2]),
    ([], [1, 0, 3, 2]),
    (["name"], [1, 0, 3, 2]),
    (["name ASC"], [1, 0, 3, 2]),
    (["name DESC"], [2, 3, 0, 1]),
    (["last_updated_timestamp"], [0, 1, 2, 3]),
    (["last_updated_timestamp DESC"], [3, 2, 1, 0]),
    (["timestamp DESC"], [3, 2, 1, 0]),
    (["timestamp ASC", "name DESC"], [0, 1, 2, 3]),
])
def test_search_order(client, name, models, order_by, expected):
    found = client.search_registered_models(f"name LIKE '{name}%'", order_by=order_by)
    assert [models.index(m.name) for m in found] == expected


def test_search_pages(client, name, models):
    seen, token = [], None
    for size in (3, 1):
        page = client.search_registered_models(f"name LIKE '{name}%'", max_results=3, page_token=token)
        assert len(page) == size
        seen, token = seen + [m.name for m in page], page.token
    assert not token
    assert seen == sorted(models)


def test_a_page_that_is_just_full_has_no_token(client, name, models):
    assert not client.search_registered_models(f"name LIKE '{name}%'", max_results=4).token


def test_a_search_that_finds_nothing_is_an_empty_object(raw, name):
    assert ask(raw, "registered-models/search", filter=f"name = '{name}'").json() == {}


def test_a_search_without_a_filter_has_at_most_100_models(raw, model):
    answer = ask(raw, "registered-models/search").json()
    assert 1 <= len(answer["registered_models"]) <= 100


def test_a_model_in_a_search_is_the_model_itself(client, raw, versions):
    client.set_registered_model_tag(versions, "a", "1")
    client.set_registered_model_alias(versions, "best", "2")
    (found,) = ask(raw, "registered-models/search", filter=f"name = '{versions}'").json()["registered_models"]
    assert found == ask(raw, "registered-models/get", name=versions).json()["registered_model"]


def test_prompts_are_found_only_when_they_are_asked_for(raw, name):
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    raw.ok("registered-models/create", {"name": f"{name} prompt", "tags": prompt})
    raw.ok("registered-models/create", {"name": f"{name} model"})
    wanted = {
        "": "model", " AND tags.`mlflow.prompt.is_prompt` != 'true'": "model",
        " AND tags.`mlflow.prompt.is_prompt` = 'false'": "model",
        " AND tags.`mlflow.prompt.is_prompt` = 'true'": "prompt",
        " AND tag.`mlflow.prompt.is_prompt` = 'true'": "prompt",
    }
    for more, ending in wanted.items():
        found = ask(raw, "registered-models/search", filter=f"name LIKE '{name}%'{more}").json()["registered_models"]
        assert [one["name"] for one in found] == [f"{name} {ending}"], more


def test_a_model_cannot_have_the_name_of_a_prompt(raw, name):
    prompt = {"name": name, "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}
    raw.ok("registered-models/create", prompt)
    answer = raw.post("registered-models/create", {"name": name})
    assert (answer.status_code, code(answer)) == (400, "RESOURCE_ALREADY_EXISTS")
    assert "the name is already taken by a prompt" in answer.json()["message"]
    assert code(raw.post("registered-models/create", prompt)) == "RESOURCE_ALREADY_EXISTS"
