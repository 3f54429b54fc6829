"""What bad input gets from the registry: a status, an error code, and often words that programs look for."""

import pytest

from harness import API, TARGET, code

SOURCE = "s3://bucket/model"
NO_MODEL, NO_RUN = "m-" + "0" * 32, "0" * 32
MISSING = "Missing value for required parameter '{}'"

# Method, path, and what a good request has.
ENDPOINTS = {
    "registered-models/create": ("POST", {"name": "x"}),
    "registered-models/get": ("GET", {"name": "x"}),
    "registered-models/rename": ("POST", {"name": "x", "new_name": "y"}),
    "registered-models/update": ("PATCH", {"name": "x"}),
    "registered-models/delete": ("DELETE", {"name": "x"}),
    "registered-models/set-tag": ("POST", {"name": "x", "key": "k"}),
    "registered-models/delete-tag": ("DELETE", {"name": "x", "key": "k"}),
    "registered-models/get-latest-versions": ("POST", {"name": "x"}),
    "registered-models/alias": ("POST", {"name": "x", "alias": "a", "version": "1"}),
    "registered-models/alias by get": ("GET", {"name": "x", "alias": "a"}),
    "registered-models/alias by delete": ("DELETE", {"name": "x", "alias": "a"}),
    "model-versions/create": ("POST", {"name": "x", "source": SOURCE}),
    "model-versions/get": ("GET", {"name": "x", "version": "1"}),
    "model-versions/update": ("PATCH", {"name": "x", "version": "1"}),
    "model-versions/delete": ("DELETE", {"name": "x", "version": "1"}),
    "model-versions/transition-stage": ("POST", {"name": "x", "version": "1", "stage": "Staging"}),
    "model-versions/set-tag": ("POST", {"name": "x", "version": "1", "key": "k"}),
    "model-versions/delete-tag": ("DELETE", {"name": "x", "version": "1", "key": "k"}),
}
WITH_BODIES = [one for one, (method, _) in ENDPOINTS.items() if method != "GET"]
SEARCHES = ["registered-models/search", "model-versions/search"]


def send(raw, endpoint, fields):
    method, _ = ENDPOINTS[endpoint]
    path = API + endpoint.split(" ")[0]
    return raw.send(method, path, **{"params" if method == "GET" else "json": fields})


def send_text(raw, endpoint, text):
    data = text.encode() if isinstance(text, str) else text
    return raw.send(ENDPOINTS[endpoint][0], API + endpoint.split(" ")[0], data=data,
                    headers={"Content-Type": "application/json"})


def ask(raw, path, /, **query):
    return raw.send("GET", API + path, params=query)


def refused(answer, words="", status=400, error="INVALID_PARAMETER_VALUE"):
    assert (answer.status_code, code(answer)) == (status, error), f"{answer.status_code} {answer.text[:300]}"
    assert words in answer.json()["message"]


def not_found(answer, words=""):
    refused(answer, words, 404, "RESOURCE_DOES_NOT_EXIST")


@pytest.fixture
def model(raw, name):
    """A fresh model with version 1."""
    raw.ok("registered-models/create", {"name": name})
    raw.ok("model-versions/create", {"name": name, "source": SOURCE})
    return name


def everything(raw, model):
    """The model with all its versions; for what must not have changed."""
    versions = ask(raw, "model-versions/search", filter=f"name = '{model}'").json()
    return ask(raw, "registered-models/get", name=model).json(), versions


@pytest.mark.parametrize("body", ["", "{", "}", '{"name":', '{"name": "x",}', "{'name': 'x'}", "nul", "null", "{}",
                                  '{"name": "x" "version": "1"}', b"\x00"])
@pytest.mark.parametrize("endpoint", WITH_BODIES)
def test_malformed_json(raw, endpoint, body):
    # MLflow takes a body that it cannot read for an empty one.
    answer = send_text(raw, endpoint, body)
    assert answer.status_code == 400, f"{answer.status_code} {answer.text[:300]}"
    assert code(answer) in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST")


@pytest.mark.parametrize("body", ["[]", "1", '"text"', "true", '{"name": "\x01"}', b'{"name": "\xff"}', b"\xff\xfe",
                                  '{"name": "x", "version": "1", "key": "k", "alias": "a"} trailing'])
@pytest.mark.parametrize("endpoint", WITH_BODIES)
@pytest.mark.martlet_only
def test_json_that_is_no_object(raw, endpoint, body):
    # MLflow answers 500 to the most of these.
    answer = send_text(raw, endpoint, body)
    assert answer.status_code == 400, f"{answer.status_code} {answer.text[:300]}"
    assert code(answer) in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST")


@pytest.mark.parametrize(("endpoint", "field"), [(one, f) for one, (_, good) in ENDPOINTS.items() for f in good])
def test_a_field_that_is_missing(raw, endpoint, field):
    fields = dict(ENDPOINTS[endpoint][1])
    del fields[field]
    refused(send(raw, endpoint, fields), MISSING.format(field))


@pytest.mark.parametrize(("endpoint", "field"), [(one, f) for one, (_, good) in ENDPOINTS.items() for f in good])
def test_a_field_that_is_empty(raw, endpoint, field):
    refused(send(raw, endpoint, ENDPOINTS[endpoint][1] | {field: ""}), MISSING.format(field))


@pytest.mark.parametrize(("endpoint", "field"), [(one, f) for one in WITH_BODIES for f in ENDPOINTS[one][1]])
def test_a_field_that_is_null(raw, endpoint, field):
    refused(send(raw, endpoint, ENDPOINTS[endpoint][1] | {field: None}), MISSING.format(field))


@pytest.mark.parametrize("value", [5, True, ["x"], {}])
@pytest.mark.parametrize(("endpoint", "field"), [(one, f) for one in WITH_BODIES for f in ENDPOINTS[one][1]])
def test_a_field_of_a_wrong_type(raw, endpoint, field, value):
    refused(send(raw, endpoint, ENDPOINTS[endpoint][1] | {field: value}), f"for parameter '{field}' supplied")


@pytest.mark.parametrize(("endpoint", "fields"), [
    ("registered-models/create", {"description": 5}), ("registered-models/create", {"tags": "x"}),
    ("registered-models/create", {"tags": {}}), ("registered-models/create", {"tags": [1]}),
    ("registered-models/create", {"tags": [{"value": "v"}]}), ("registered-models/create", {"tags": [{"key": 5}]}),
    ("registered-models/create", {"tags": [{"key": "k" * 251, "value": "v"}]}),
    ("registered-models/create", {"tags": [{"key": "k", "value": "v" * 100_001}]}),
    ("registered-models/create", {"tags": [{"key": "a$", "value": "v"}]}),
    ("registered-models/update", {"description": []}), ("registered-models/set-tag", {"value": 5}),
    ("registered-models/get-latest-versions", {"stages": "None"}),
    ("registered-models/get-latest-versions", {"stages": [5]}),
    ("model-versions/create", {"run_id": 5}), ("model-versions/create", {"run_link": {}}),
    ("model-versions/create", {"description": 5}), ("model-versions/create", {"model_id": []}),
    ("model-versions/create", {"tags": "x"}), ("model-versions/create", {"tags": [[]]}),
    ("model-versions/create", {"tags": [{"key": "../x", "value": "v"}]}),
    ("model-versions/update", {"description": 5}), ("model-versions/set-tag", {"value": []}),
    ("model-versions/transition-stage", {"archive_existing_versions": "perhaps"}),
    ("model-versions/transition-stage", {"archive_existing_versions": 7}),
])
def test_what_may_be_left_out_has_types_too(raw, model, endpoint, fields):
    before = everything(raw, model)
    name = {"name": f"{model} new" if endpoint == "registered-models/create" else model}
    refused(send(raw, endpoint, ENDPOINTS[endpoint][1] | name | fields))
    assert everything(raw, model) == before
    not_found(ask(raw, "registered-models/get", name=f"{model} new"))


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one != "registered-models/create"])
def test_an_unknown_model(raw, name, endpoint):
    answer = send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": name})
    version = "version" in ENDPOINTS[endpoint][1]
    not_found(answer, f"Model Version (name={name}, version=1) not found" if version else
              f"Registered Model with name={name} not found")


@pytest.mark.parametrize("endpoint", [one for one, (_, good) in ENDPOINTS.items() if "version" in good])
def test_an_unknown_version(raw, model, endpoint):
    answer = send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": model, "version": "7"})
    not_found(answer, f"Model Version (name={model}, version=7) not found")


@pytest.mark.parametrize("version", ["0", "-1", "2147483647"])
@pytest.mark.parametrize("endpoint", ["model-versions/get", "model-versions/delete", "model-versions/set-tag"])
def test_versions_that_no_model_has(raw, model, endpoint, version):
    not_found(send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": model, "version": version}))


@pytest.mark.parametrize("version", ["one", "1.0", "1.5", "1e0", "0x1", "1 or 1", "' OR 1=1 --", "latest", "None"])
@pytest.mark.parametrize("endpoint", [one for one, (_, good) in ENDPOINTS.items() if "version" in good])
def test_a_version_that_is_no_number(raw, model, endpoint, version):
    answer = send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": model, "version": version})
    refused(answer, f"Parameter 'version' must be an integer, got '{version}'.")


@pytest.mark.parametrize("endpoint", [one for one, (_, good) in ENDPOINTS.items() if "version" in good])
@pytest.mark.martlet_only
def test_a_version_beyond_64_bits(raw, model, endpoint):
    # MLflow answers 500 on SQLite.
    answer = send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": model, "version": "9" * 30})
    assert answer.status_code in (400, 404)
    assert code(answer) in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")


def test_the_download_uri_of_what_is_not_there(raw, model, name):
    path = "model-versions/get-download-uri"
    not_found(ask(raw, path, name=model, version="7"), f"Model Version (name={model}, version=7) not found")
    not_found(ask(raw, path, name=f"{name} x", version="1"))
    refused(ask(raw, path, name=model))
    refused(ask(raw, path, name=model, version="one"), "Parameter 'version' must be an integer, got 'one'.")
    refused(ask(raw, path), "Missing value for required parameter 'name'.")


@pytest.mark.parametrize("bad", ["a/b", "a:b", "../etc/passwd", "/"])
@pytest.mark.parametrize("endpoint", [
    one for one, (_, good) in ENDPOINTS.items() if one != "registered-models/rename"])
def test_a_name_that_no_model_can_have(raw, endpoint, bad):
    words = f"Invalid model name '{bad}'. Names cannot contain '/' or ':'."
    refused(send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": bad}), words)


@pytest.mark.parametrize("bad", ["a/b", "a:b"])
def test_a_model_is_not_renamed_from_or_to_a_name_that_none_can_have(raw, model, bad):
    words = f"Invalid model name '{bad}'. Names cannot contain '/' or ':'."
    refused(raw.post("registered-models/rename", {"name": bad, "new_name": "y"}), words)
    refused(raw.post("registered-models/rename", {"name": model, "new_name": bad}), words)
    refused(raw.post("registered-models/rename", {"name": model, "new_name": " "}), MISSING.format("new_name"))


@pytest.mark.parametrize(("endpoint", "field"), [
    (one, f) for one, (_, good) in ENDPOINTS.items() for f in good if f in ("name", "new_name", "key", "alias")])
@pytest.mark.martlet_only
def test_u_0000_is_refused(raw, model, endpoint, field):
    # MLflow stores it.
    before = everything(raw, model)
    answer = send(raw, endpoint, ENDPOINTS[endpoint][1] | {"name": model} | {field: "a\x00b"})
    assert (answer.status_code, code(answer)) in ((400, "INVALID_PARAMETER_VALUE"), (404, "RESOURCE_DOES_NOT_EXIST"))
    assert everything(raw, model) == before


@pytest.mark.parametrize("endpoint", ["registered-models/create", "model-versions/create"])
@pytest.mark.martlet_only
def test_u_0000_in_descriptions_and_tags_is_refused(raw, model, endpoint):
    # MLflow stores it.
    before = everything(raw, model)
    for fields in ({"description": "a\x00"}, {"tags": [{"key": "k", "value": "a\x00"}]}):
        name = f"{model} new" if endpoint == "registered-models/create" else model
        refused(send(raw, endpoint, {"name": name, "source": SOURCE} | fields))
    assert everything(raw, model) == before
    not_found(ask(raw, "registered-models/get", name=f"{model} new"))


@pytest.mark.parametrize("name_", ["' OR 1=1 --", "%", "_", "x'; DROP TABLE registered_models; --", "*", "?"])
def test_names_that_mean_something_to_a_database(raw, model, name_):
    not_found(ask(raw, "registered-models/get", name=f"{model[:5]}{name_}"))
    not_found(send(raw, "registered-models/delete", {"name": name_ + model}))
    assert ask(raw, "registered-models/get", name=model).status_code == 200


def test_an_alias_that_is_not_there(raw, model):
    refused(ask(raw, "registered-models/alias", name=model, alias="nope"), "Registered model alias nope not found.")
    refused(ask(raw, "registered-models/alias", name=model, alias="v1"), "Registered model alias v1 not found.")
    refused(ask(raw, "registered-models/alias", name=model, alias="a b"), "Invalid alias name: 'a b'.")


def test_what_is_deleted_is_named_in_the_body(raw, model):
    for path in ("registered-models/delete", "registered-models/alias", "model-versions/delete"):
        answer = raw.send("DELETE", API + path, params={"name": model, "version": "1", "alias": "a"})
        refused(answer, MISSING.format("name"))
    assert ask(raw, "model-versions/get", name=model, version="1").status_code == 200


def test_unknown_fields_are_ignored(raw, name):
    raw.ok("registered-models/create", {"name": name, "new": {"deep": [[]]}})
    raw.ok("model-versions/create", {"name": name, "source": SOURCE, "status": "FAILED_REGISTRATION", "version": "7"})
    assert ask(raw, "model-versions/get", name=name, version="1").json()["model_version"]["status"] == "READY"


@pytest.fixture
def root(raw, run):
    """Where the artifacts of the run are."""
    return raw.run(run)["info"]["artifact_uri"]


@pytest.fixture
def place(raw, client, model, run, root, experiment):
    """Names of what exists, for the sources below."""
    logged, beside = (client.create_logged_model(experiment, name="net", source_run_id=run) for _ in range(2))
    other = client.create_run(experiment).info
    return {
        "run": run, "root": root, "other": other.run_id, "other_root": other.artifact_uri, "experiment": experiment,
        "foreign_root": root.replace(f"/{experiment}/", "/0/"), "model": model, "logged": logged.model_id,
        "logged_root": logged.artifact_location, "beside": beside.model_id, "beside_root": beside.artifact_location,
    }


IDENTIFY = "request parameter must identify the resource that contains the source."
PLAIN = "an absolute path must be provided without relative path references present."
LOCAL = "To use a local path as a model version source, the run_id request parameter has to be specified and the local"
HOST = "addresses a host other than the tracking server's configured artifact storage"


def create(raw, place, source, **more):
    """Asks for a version; whatever is refused must leave nothing behind."""
    before = everything(raw, place["model"])
    body = {"name": place["model"], "source": source.format(**place)} | {k: v.format(**place) for k, v in more.items()}
    answer = raw.post("model-versions/create", body)
    if answer.status_code != 200:
        assert everything(raw, place["model"]) == before
    return answer


@pytest.mark.parametrize("source", [
    "{root}/../x", "{root}/..", "{root}/a/../b", "{root}/./x", "{root}/%2e%2e/x", "{root}/%2E%2E/x",
    "{root}/%2e%2e%2fx", "{root}/%252e%252e/x", "{root}/%25252e%25252e/x", "{root}/..%2fx",
    "{root}/a%00", "{root}/a%2500", "{root}/a\x00",
    "runs:/{run}/../x", "runs:/{run}/%2e%2e/x", "runs:/{run}/a%00", "s3://bucket/../x", "s3://bucket/%2e%2e/x",
    "mlflow-artifacts:/", "mlflow-artifacts:/../../etc/passwd",
])
def test_a_source_that_leads_elsewhere(raw, place, source):
    refused(create(raw, place, source, run_id="{run}"), PLAIN)
    refused(create(raw, place, source), PLAIN)


@pytest.mark.parametrize("source", ["{logged_root}/../x", "{logged_root}/%2e%2e/x", "{logged_root}/a%00",
                                    "{logged_root}/%252e%252e/{beside}/artifacts"])
def test_a_source_that_leads_out_of_a_logged_model(raw, place, source):
    refused(create(raw, place, source, model_id="{logged}"), PLAIN)


@pytest.mark.parametrize("source", [
    "/etc/passwd", "file:///etc/passwd", "file:/etc/passwd", "file://localhost/etc/passwd", "etc", "./model",
    "../model", "file:model", " ", "#a", "dummy-source", "prompt-template",
])
def test_a_local_path(raw, place, source):
    refused(create(raw, place, source), LOCAL)
    refused(create(raw, place, source, run_id="{run}"), LOCAL)


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc/passwd", "etc"])
def test_a_local_path_of_a_run_or_a_model_that_is_not_there(raw, place, source):
    refused(create(raw, place, source, run_id=NO_RUN), IDENTIFY)
    refused(create(raw, place, source, model_id=NO_MODEL), IDENTIFY)


@pytest.mark.parametrize("source", ["/etc/passwd", "file:///etc/passwd"])
def test_a_local_path_with_a_logged_model(raw, place, source):
    refused(create(raw, place, source, model_id="{logged}"), "the model_id request parameter has to be specified")


@pytest.mark.parametrize("source", [
    "runs:/{other}/model", "runs://host/{run}/model", "{other_root}/model", "{foreign_root}/model",
    "mlflow-artifacts:/{experiment}/{run}", "mlflow-artifacts:/{experiment}", "{root}x/model",
    "{logged_root}", "models:/{logged}",
])
def test_a_source_of_another_run(raw, place, source):
    refused(create(raw, place, source, run_id="{run}"), IDENTIFY)


@pytest.mark.parametrize("source", ["runs:/{run}/model", "{root}/model", "models:/{logged}", "{logged_root}"])
def test_a_source_without_the_run_or_the_model_that_it_is_of(raw, place, source):
    refused(create(raw, place, source), IDENTIFY)


@pytest.mark.parametrize("source", [
    "models:/{beside}", "{beside_root}", "{beside_root}/sub", "{root}/model", "runs:/{run}/model", "{logged_root}x",
])
def test_a_source_of_another_model(raw, place, source):
    refused(create(raw, place, source, model_id="{logged}"), IDENTIFY)
    refused(create(raw, place, source, model_id="{logged}", run_id="{run}"), IDENTIFY)


def test_sources_of_what_is_not_there(raw, place):
    refused(create(raw, place, "{root}/model", run_id=NO_RUN), IDENTIFY)
    refused(create(raw, place, f"models:/{NO_MODEL}"), IDENTIFY)
    refused(create(raw, place, "{logged_root}", model_id=NO_MODEL), IDENTIFY)
    name = place["model"]
    not_found(create(raw, place, "models:/{model} x/1"), f"Registered Model with name={name} x not found")
    not_found(create(raw, place, "models:/{model}/7"), f"Model Version (name={name}, version=7) not found")
    refused(create(raw, place, "models:/{model}@nope"), "Registered model alias nope not found.")
    not_found(create(raw, place, "models:/{logged}/sub", model_id="{logged}"))


def test_a_missing_logged_model(raw, place):
    not_found(create(raw, place, SOURCE, model_id=NO_MODEL))


@pytest.mark.martlet_only
def test_a_missing_logged_model_as_the_source(raw, place):
    # MLflow answers 500.
    refused(create(raw, place, f"models:/{NO_MODEL}", model_id=NO_MODEL))


@pytest.mark.martlet_only
def test_a_stage_that_no_version_is_in(raw, place):
    # MLflow answers 500 with these words.
    words = f"No versions of model with name '{place['model']}' and stage 'Production' found"
    refused(create(raw, place, "models:/{model}/Production"), words)


@pytest.mark.parametrize("source", ["models:/", "models:/nothing", "models:/a/b/c", "models:nothing"])
def test_a_models_uri_that_says_nothing(raw, place, source):
    refused(create(raw, place, source))


def test_a_models_uri_of_another_registry(raw, place):
    words = "Registered model sources must use the active model registry."
    refused(create(raw, place, "models://host/{model}/1"), words)


def test_a_version_as_the_source_with_another_run_or_model(raw, place):
    words = "The run_id and model_id request parameters must match the referenced model version."
    refused(create(raw, place, "models:/{model}/1", run_id="{run}"), words)
    refused(create(raw, place, "models:/{model}/1", model_id="{logged}"), words)


@pytest.mark.parametrize("source", [
    "http://127.0.0.1:1/x", "https://example.com/x", "ftp://example.com/x", "sftp://example.com/x",
    "hdfs://example.com/x", "http://example.com/../x", "mlflow-artifacts://example.com/0/x", "HTTP://example.com/x",
])
def test_a_source_on_another_host(raw, place, source):
    scheme = source.split(":")[0].lower()
    refused(create(raw, place, source, run_id="{run}"), f"'source' cannot use the '{scheme}' scheme")
    refused(create(raw, place, source), HOST)


@pytest.mark.martlet_only
def test_a_source_that_is_u_0000(raw, place):
    # MLflow answers 500.
    refused(create(raw, place, "\x00"))


def test_a_prompt_takes_no_source_but_its_own(raw, name):
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    raw.ok("registered-models/create", {"name": name, "tags": prompt})
    for source in (SOURCE, "/etc/passwd", "file:///etc/passwd", "runs:/x/y"):
        answer = raw.post("model-versions/create", {"name": name, "source": source, "tags": prompt})
        refused(answer, f"Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder.")
    for source in ("dummy-source", "prompt-template"):
        raw.ok("model-versions/create", {"name": name, "source": source, "tags": prompt})


@pytest.mark.parametrize("value", ["false", "", "yes"])
def test_a_tag_that_does_not_say_true_makes_no_prompt(raw, place, value):
    tag = {"key": "mlflow.prompt.is_prompt", "value": value}
    body = {"name": place["model"], "source": "dummy-source", "tags": [tag]}
    refused(raw.post("model-versions/create", body), LOCAL)


def test_a_prompt_is_no_source(raw, place, name):
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    raw.ok("registered-models/create", {"name": f"{name} p", "tags": prompt})
    raw.ok("model-versions/create", {"name": f"{name} p", "source": "dummy-source", "tags": prompt})
    refused(create(raw, place, "models:/{model} p/1"), "Prompt versions cannot be used as model version sources.")


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize(("written", "words"), [
    ("name == 'x'", "Invalid comparator"),
    ("name > 'x'", "Invalid comparator"),
    ("name = x", "Parameter value is either not quoted or unidentified quote types used for string value x. Use either "
                 "single or double quotes."),
    ("name", "Invalid clause(s) in filter string"),
    ("name =", "Invalid clause(s) in filter string"),
    ("nothing = 'x'", ""),
    ("other = 'x'", "Invalid attribute key 'other' specified. Valid keys are"),
    ("attributes.name = 'x'", "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')"),
    ("params.x = '1'", "Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')"),
    ("creation_timestamp > 1", "Invalid attribute key 'creation_timestamp' specified. Valid keys are"),
    ("tags.a > 'x'", "Invalid comparator"),
    ("tags.a = x", "Parameter value is either not quoted"),
    ("tags.a = 5", "Expected a quoted string value for tag (e.g. 'my-value'). Got value 5"),
    ("tags.a IN ('x')", "Expected a quoted string value for"),
    ("name IN ()", "While parsing a list in the query, expected a non-empty list of string values, but got empty list"),
    ("name IN (5)", "While parsing a list in the query, expected string value, punctuation, or whitespace, but got "
                    "different type in list:"),
    ("name IN 'a'", "Invalid clause(s) in filter string"),
    ("'", "Invalid clause(s) in filter string: '"),
    ("name = 'a'; name = 'b'", "Search filter contained multiple expression"),
])
def test_a_bad_filter(raw, path, written, words):
    refused(ask(raw, path, filter=written), words)


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize("written", ["name = 'a' OR name = 'b'", "NOT name = 'x'", "(name = 'x')"])
def test_or_not_and_parentheses(raw, path, written):
    # MLflow refuses them; Martlet understands them in the search of runs, and may do so here.
    answer = ask(raw, path, filter=written)
    if TARGET == "mlflow" or answer.status_code != 200:
        refused(answer, "Invalid clause(s) in filter string")


def test_a_number_for_a_text(raw):
    refused(ask(raw, "registered-models/search", filter="name = 5"), "Expected a quoted string value")
    for written in ("name = 5", "run_id = 5", "source_path = 5"):
        refused(ask(raw, "model-versions/search", filter=written))


@pytest.mark.parametrize(("written", "words"), [
    ("version_number = 1.5", "Invalid value for numeric attribute 'version_number': 1.5"),
    ("version_number = 'x'", "Invalid value for numeric attribute 'version_number'"),
    ("version_number LIKE '1'", ""),
    ("version_number IN (1)", ""),
    ("source_path IN ('x')", "attributes support comparison with a list of quoted string values."),
    ("run_id > 'x'", "Invalid comparator"),
    ("current_stage = 'Production'", "Invalid attribute key 'current_stage' specified. Valid keys are"),
    ("status = 'READY'", ""), ("version = 1", ""), ("source = 'x'", ""),
])
def test_a_bad_filter_for_versions(raw, written, words):
    refused(ask(raw, "model-versions/search", filter=written), words)


@pytest.mark.parametrize("written", ["run_id = 'x'", "version_number = 1", "description = 'x'"])
def test_a_bad_filter_for_models(raw, written):
    refused(ask(raw, "registered-models/search", filter=written))


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize(("order", "words"), [
    ("nothing", ""),
    ("", "Invalid order_by clause ''. Could not be parsed."),
    ("name up", "Invalid ordering key in order_by clause 'name up'."),
    ("run_id", ""), ("name; DROP TABLE x", ""), ("tags.a", ""), ("name DESC, name", ""),
])
def test_a_bad_order(raw, path, order, words):
    refused(ask(raw, path, order_by=[order]), words)


def test_an_order_that_only_the_other_search_knows(raw):
    for order in ("creation_timestamp", "version_number"):
        refused(ask(raw, "registered-models/search", order_by=[order]), f"Invalid order by key '{order}' specified.")
    refused(ask(raw, "model-versions/search", order_by=["timestamp"]),
            "Invalid attribute key 'timestamp' specified. Valid keys are")


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.martlet_only
def test_an_order_that_names_a_field_twice(raw, path):
    # MLflow answers 500 with these words.
    refused(ask(raw, path, order_by=["name ASC", "name DESC"]), "`order_by` contains duplicate fields")


@pytest.mark.parametrize(("path", "value"), [
    ("registered-models/search", "1001"), ("registered-models/search", "x"), ("registered-models/search", ""),
    ("registered-models/search", str(2**40)), ("model-versions/search", "200001"), ("model-versions/search", "x"),
    ("model-versions/search", "0"), ("model-versions/search", "-1"), ("model-versions/search", "1.5"),
])
def test_a_bad_number_of_results(raw, path, value):
    refused(ask(raw, path, max_results=value))


@pytest.mark.parametrize("value", [1, 1000])
def test_a_good_number_of_results(raw, model, value):
    assert 1 <= len(ask(raw, "registered-models/search", max_results=value).json()["registered_models"]) <= value
    assert 1 <= len(ask(raw, "model-versions/search", max_results=value).json()["model_versions"]) <= value


@pytest.mark.parametrize("path", SEARCHES)
@pytest.mark.parametrize("token", ["x", "bm9wZQ==", "eyJvZmZzZXQ", "e30=", "' OR 1=1 --"])
def test_a_bad_page_token(raw, path, token):
    refused(ask(raw, path, page_token=token), "Invalid page token")


@pytest.mark.parametrize("path", SEARCHES)
def test_an_empty_page_token_is_the_first_page(raw, model, path):
    assert ask(raw, path, page_token="", filter=f"name = '{model}'").json() == ask(
        raw, path, filter=f"name = '{model}'").json()


@pytest.mark.martlet_only
@pytest.mark.parametrize("fields", [
    {"run_link": "a\0b"}, {"run_id": "a\0b"}, {"run_link": "x" * 10_001}, {"run_id": "x" * 251}, {"source": "s3://b/" + "x" * 10_001},
    {"description": "a\0b"}, {"tags": [{"key": "k", "value": "a\0b"}]},
], ids=lambda fields: next(iter(fields)))
def test_texts_of_a_version_that_cannot_be_kept(raw, model, fields):
    # SQLite would keep them, PostgreSQL fails.
    refused(raw.post("model-versions/create", {"name": model, "source": "s3://b/k"} | fields))
    versions = ask(raw, "model-versions/search", filter=f"name = '{model}'").json()["model_versions"]
    assert [one["version"] for one in versions] == ["1"]
