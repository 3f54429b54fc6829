"""Prompts: registered models of their own kind, by `mlflow.genai`."""

import json
import time
import uuid

import pytest
from mlflow.exceptions import MlflowException

from harness import API


@pytest.fixture
def name():
    """A name that no other test uses; those of prompts have no spaces."""
    return f"prompt-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def genai(mlflow):
    return mlflow.genai


@pytest.fixture
def prompt(genai, name):
    """The name of a fresh prompt with two versions."""
    genai.register_prompt(name, "Hello {{who}}!", commit_message="first", tags={"author": "ann"})
    genai.register_prompt(name, "Dear {{who}},", commit_message="second")
    return name


def load(genai, uri, **named):
    """What the server has now; the client itself keeps what it has read."""
    return genai.load_prompt(uri, cache_ttl_seconds=0, **named)


def refused(call, *arguments, code="INVALID_PARAMETER_VALUE", words="", **named):
    with pytest.raises(MlflowException) as refusal:
        call(*arguments, **named)
    assert refusal.value.error_code == code and words in str(refusal.value), refusal.value


def wire(raw, name):
    """A prompt as the server tells it."""
    answer = raw.send("GET", API + "registered-models/get", params={"name": name})
    return answer.json()["registered_model"]


def tags(one):
    return {tag["key"]: tag["value"] for tag in one.get("tags", [])}


def test_a_prompt_keeps_what_it_is_given(genai, name):
    before = int(time.time() * 1000)
    made = genai.register_prompt(name, "Hello {{who}}!", commit_message="first", tags={"author": "ann"})
    stored = load(genai, f"prompts:/{name}/1")
    assert (made.name, made.version, made.template) == (name, 1, "Hello {{who}}!")
    assert (stored.name, stored.version, stored.template) == (name, 1, "Hello {{who}}!")
    assert (stored.commit_message, stored.tags, stored.aliases) == ("first", {"author": "ann"}, [])
    assert stored.variables == {"who"}
    assert stored.format(who="Bob") == "Hello Bob!"
    assert stored.creation_timestamp >= before


def test_a_prompt_is_a_registered_model_with_tags(raw, prompt):
    stored = wire(raw, prompt)
    assert stored["description"] == "first"
    assert tags(stored)["mlflow.prompt.is_prompt"] == "true"
    (latest,) = stored["latest_versions"]
    assert (latest["version"], latest["source"], latest["description"]) == ("2", "dummy-source", "second")
    assert tags(latest) == {
        "mlflow.prompt.is_prompt": "true", "mlflow.prompt.text": "Dear {{who}},", "_mlflow_prompt_type": "text"}


def test_registering_again_makes_the_next_version(genai, prompt):
    assert genai.register_prompt(prompt, "Hi {{who}}").version == 3
    assert load(genai, f"prompts:/{prompt}/2").template == "Dear {{who}},"
    assert load(genai, f"prompts:/{prompt}/3").template == "Hi {{who}}"


def test_a_prompt_of_messages(genai, name):
    messages = [{"role": "system", "content": "You are {{style}}."}, {"role": "user", "content": "{{question}}"}]
    genai.register_prompt(name, messages)
    stored = load(genai, f"prompts:/{name}/1")
    assert stored.template == messages
    assert stored.variables == {"style", "question"}
    assert stored.format(style="brief", question="Why?")[0] == {"role": "system", "content": "You are brief."}


def test_a_prompt_of_any_letters(genai, name):
    text = "Grüße 🐦 {{who}}\n\t'\"\\ %s ${x} </script>\r\n" + "x" * 20_000
    genai.register_prompt(name, text, commit_message="ümlaut 模型")
    stored = load(genai, f"prompts:/{name}/1")
    assert (stored.template, stored.commit_message) == (text, "ümlaut 模型")


def test_a_prompt_may_be_long_but_not_endless(genai, name):
    genai.register_prompt(name, "x" * 100_000)
    assert len(load(genai, f"prompts:/{name}/1").template) == 100_000
    refused(genai.register_prompt, name, "x" * 100_001, words="Prompt text exceeds max length of 100000 characters.")


def test_the_format_of_the_answer_is_kept(genai, name):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    genai.register_prompt(name, "{{q}}", response_format=schema)
    assert load(genai, f"prompts:/{name}/1").response_format == schema


def test_the_settings_of_the_language_model_are_kept(genai, raw, name):
    genai.register_prompt(name, "{{q}}", model_config={"model_name": "gpt-5", "temperature": 0.5})
    assert json.loads(tags(wire(raw, name)["latest_versions"][0])["_mlflow_prompt_model_config"]) == {
        "model_name": "gpt-5", "temperature": 0.5}
    assert load(genai, f"prompts:/{name}/1").model_config == {"model_name": "gpt-5", "temperature": 0.5}


def test_the_settings_of_the_language_model_change_later(genai, prompt):
    genai.set_prompt_model_config(prompt, 1, {"temperature": 0.1})
    assert load(genai, f"prompts:/{prompt}/1").model_config == {"temperature": 0.1}
    genai.delete_prompt_model_config(prompt, 1)
    assert load(genai, f"prompts:/{prompt}/1").model_config is None


def test_a_prompt_is_loaded_by_name_version_alias_and_as_the_latest(genai, prompt):
    genai.set_prompt_alias(prompt, "production", 1)
    assert load(genai, prompt, version=1).version == 1
    assert load(genai, prompt, version="2").version == 2
    assert load(genai, prompt).version == 2
    assert load(genai, f"prompts:/{prompt}/1").version == 1
    assert load(genai, f"prompts:/{prompt}@production").version == 1
    assert load(genai, f"prompts:/{prompt}@latest").version == 2
    assert load(genai, f"prompts:/{prompt}@production").aliases == ["production"]


def test_a_prompt_that_is_not_there(genai, prompt):
    refused(load, genai, f"prompts:/{prompt}/9", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Prompt (name={prompt}, version=9) not found")
    refused(load, genai, f"prompts:/{prompt}x/1", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Prompt with name={prompt}x not found")
    refused(load, genai, f"prompts:/{prompt}@nope", words="nope not found")


def test_a_prompt_that_may_be_missing(genai, prompt):
    for rest in ("/9", "x/1", "x@latest", "@nope"):
        uri = f"prompts:/{prompt}{rest}"
        assert load(genai, uri, allow_missing=True) is None, uri


def test_an_alias_of_a_prompt_is_moved_and_deleted(genai, client, prompt):
    genai.set_prompt_alias(prompt, "production", 1)
    genai.set_prompt_alias(prompt, "production", 2)
    assert load(genai, f"prompts:/{prompt}@production").version == 2
    assert client.get_prompt_version_by_alias(prompt, "production").version == 2
    genai.delete_prompt_alias(prompt, "production")
    refused(load, genai, f"prompts:/{prompt}@production", words="production not found")
    assert load(genai, f"prompts:/{prompt}/2").aliases == []


def test_latest_is_no_alias_that_one_can_set(genai, prompt):
    refused(genai.set_prompt_alias, prompt, "latest", 1, words="'latest' alias name (case insensitive) is reserved.")


def test_tags_of_a_prompt(genai, client, prompt):
    genai.set_prompt_tag(prompt, "team", "search")
    genai.set_prompt_tag(prompt, "team", "chat")
    assert genai.get_prompt_tags(prompt)["team"] == "chat"
    assert client.get_prompt(prompt).tags["author"] == "ann"
    genai.delete_prompt_tag(prompt, "team")
    assert "team" not in genai.get_prompt_tags(prompt)


def test_tags_of_a_version_of_a_prompt(genai, prompt):
    genai.set_prompt_version_tag(prompt, 1, "score", "0.9")
    assert load(genai, f"prompts:/{prompt}/1").tags == {"author": "ann", "score": "0.9"}
    assert load(genai, f"prompts:/{prompt}/2").tags == {}
    genai.delete_prompt_version_tag(prompt, 1, "score")
    assert load(genai, f"prompts:/{prompt}/1").tags == {"author": "ann"}


def test_a_prompt_without_versions(client, name):
    made = client.create_prompt(name, description="For later.", tags={"team": "chat"})
    stored = client.get_prompt(name)
    assert made.name == stored.name == name
    assert (stored.description, stored.tags) == ("For later.", {"team": "chat"})
    assert list(client.search_prompt_versions(name)) == []


def test_an_unknown_prompt_is_none(client, name):
    assert client.get_prompt(name) is None


def test_prompts_are_searched(genai, name):
    for ending in ("b", "a", "c"):
        genai.register_prompt(f"{name}-{ending}", "x", tags={"team": "chat" if ending == "a" else "search"})

    def found(written, **named):
        return [one.name.removeprefix(f"{name}-") for one in genai.search_prompts(written, **named)]

    assert found(f"name LIKE '{name}%'") == ["a", "b", "c"]
    assert found(f"name='{name}-b'") == ["b"]
    assert found(f"name LIKE '{name}%' AND tags.team = 'search'") == ["b", "c"]
    assert found(f"name='{name}'") == []
    assert found(f"name LIKE '{name}%'", max_results=2) == ["a", "b"]


def test_a_search_for_prompts_has_pages(client, name):
    for number in range(3):
        client.create_prompt(f"{name}-{number}")
    first = client.search_prompts(f"name LIKE '{name}%'", max_results=2)
    second = client.search_prompts(f"name LIKE '{name}%'", max_results=2, page_token=first.token)
    assert [one.name[-1] for one in (*first, *second)] == ["0", "1", "2"]
    assert not second.token


def test_versions_of_a_prompt_are_searched_from_the_latest(client, prompt):
    found = client.search_prompt_versions(prompt)
    assert [(one.version, one.template) for one in found] == [(2, "Dear {{who}},"), (1, "Hello {{who}}!")]


def test_prompts_are_no_registered_models(client, prompt):
    assert list(client.search_registered_models(f"name = '{prompt}'")) == []
    assert list(client.search_model_versions(f"name = '{prompt}'")) == []
    refused(client.get_registered_model, prompt, code="RESOURCE_DOES_NOT_EXIST")


def test_registered_models_are_no_prompts(genai, client, name):
    client.create_registered_model(name)
    client.create_model_version(name, "s3://bucket/model")
    assert list(genai.search_prompts(f"name = '{name}'")) == []
    refused(genai.register_prompt, name, "x", words=f"Model '{name}' exists with the same name.")


def test_a_model_cannot_have_the_name_of_a_prompt(client, prompt):
    refused(client.create_registered_model, prompt, code="RESOURCE_ALREADY_EXISTS",
            words=f"Tried to create a registered model with name '{prompt}', but the name is already taken by a "
                  "prompt. MLflow does not allow creating a model and a prompt with the same name.")


def test_a_prompt_cannot_have_the_name_of_a_model(client, name):
    client.create_registered_model(name)
    # MLflow goes on to say that a prompt has it.
    refused(client.create_prompt, name, code="RESOURCE_ALREADY_EXISTS",
            words=f"Tried to create a prompt with name '{name}', but")


def test_a_version_of_a_prompt_is_deleted(genai, client, prompt):
    genai.set_prompt_alias(prompt, "production", 1)
    client.delete_prompt_version(prompt, "1")
    refused(load, genai, f"prompts:/{prompt}/1", code="RESOURCE_DOES_NOT_EXIST")
    refused(load, genai, f"prompts:/{prompt}@production", words="production not found")
    assert [one.version for one in client.search_prompt_versions(prompt)] == [2]
    refused(client.delete_prompt_version, prompt, "1", code="RESOURCE_DOES_NOT_EXIST",
            words=f"Prompt (name={prompt}, version=1) not found")
    assert genai.register_prompt(prompt, "x").version == 3


def test_a_prompt_is_deleted_with_its_versions(genai, client, prompt):
    client.delete_prompt(prompt)
    assert client.get_prompt(prompt) is None
    assert list(genai.search_prompts(f"name = '{prompt}'")) == []
    refused(load, genai, f"prompts:/{prompt}/1", code="RESOURCE_DOES_NOT_EXIST")
    refused(client.delete_prompt, prompt, code="RESOURCE_DOES_NOT_EXIST", words=f"Prompt with name={prompt} not found")
    assert genai.register_prompt(prompt, "new").version == 1


def test_a_prompt_belongs_to_the_experiment_in_which_it_was_registered(genai, experiment, raw, name):
    # The client sets the tag in a thread of its own.
    genai.register_prompt(name, "x")
    deadline = time.monotonic() + 20
    while tags(wire(raw, name)).get("_mlflow_experiment_ids") != f",{experiment},":
        assert time.monotonic() < deadline, wire(raw, name)
        time.sleep(0.05)
    assert [one.name for one in genai.search_prompts(f"experiment_id = '{experiment}'")] == [name]
    assert list(genai.search_prompts("experiment_id = '999999'")) == []


def test_a_run_knows_the_prompts_that_it_has_loaded(mlflow, genai, client, experiment, prompt):
    with mlflow.start_run() as run:
        load(genai, f"prompts:/{prompt}/1")
        load(genai, f"prompts:/{prompt}/2")
    deadline = time.monotonic() + 20
    while True:
        linked = json.loads(client.get_run(run.info.run_id).data.tags.get("mlflow.linkedPrompts", "[]"))
        if sorted(one["version"] for one in linked) == ["1", "2"]:
            break
        assert time.monotonic() < deadline, linked
        time.sleep(0.05)
    assert {one["name"] for one in linked} == {prompt}
