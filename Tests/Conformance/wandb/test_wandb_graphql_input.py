"""Questions that no well-behaved client would ask: the documented refusal, at once, and a server that is none the worse."""

import base64
import json
import time

import pytest

from wandb_wire import KEY, UPSERT, message


def refused(answer, *statuses):
    """Whether it is a refusal that the client shows and does not repeat."""
    assert answer.status_code in (statuses or (400,)), f"{answer.status_code} {answer.text[:300]}"
    assert message(answer)
    return True


def told(answer):
    """Whether one field is refused, by a status or beside data without it."""
    assert answer.status_code in (200, 400) and answer.json().get("errors"), f"{answer.status_code} {answer.text[:300]}"
    return True


@pytest.mark.parametrize("query, text", [
    ("{ nothing }", 'Cannot query field "nothing" on type "Query".'),
    ("{ viewer { id x } }", 'Cannot query field "x" on type "User".'),
    ('{ project(name: "p", entityName: "default") { runs { edges { node { zz } } } } }', 'Cannot query field "zz" on type "Run".'),
    ("mutation { doIt(input: {}) { success } }", 'Cannot query field "doIt" on type "Mutation".'),
    ("query { ...F } fragment F on Query { nope }", 'Cannot query field "nope" on type "Query".'),
    ("{ serverInfo { features { name isOn } } }", 'Cannot query field "isOn" on type "Feature".'),
])
def test_an_unknown_field_is_told_in_the_words_of_graphql(wire, query, text):
    answer = wire.post(query)
    assert refused(answer) and text in answer.text.replace('\\"', '"')
    assert message(answer) == text


def test_an_unknown_argument_is_passed_over(wire):
    assert wire.ok('{ serverInfo(later: 1) { features { name } } }')["serverInfo"]["features"]


BROKEN = ["", " ", "{", "}", "{}", "{ viewer", "{ viewer { id }", "viewer { id }", "query", "query {", "{ viewer { } }", "{ viewer(: 1) { id } }",
          "query($x) { viewer { id } }", "query($x: ) { viewer { id } }", '{ entity(name: "a) { id } }', '{ entity(name: "\\q") { id } }',
          "{ ...Missing }", "fragment F on Query { viewer { id } }", "fragment F on Query { ...F } { ...F }", "{ a: }", "{ viewer @include { id } }",
          "subscription { viewer { id } }", "{ viewer { id } } trailing", "\ufeff\x00", "{ viewer { id } } { viewer { id } }", "{ viewer }", "🐦"]


@pytest.mark.parametrize("query", BROKEN)
def test_a_broken_query_is_refused(wire, query):
    assert refused(wire.post(query))


MALFORMED = ["", " ", "{", "nul", "[", '{"query":', '{"query": "{ viewer { id } }",}', "{}{}", '"text"', "[]", "1", "null", "{}",
             '{"query": null}', '{"query": 1}', '{"query": []}', '{"variables": {}}', '{"query": "{viewer{id}}", "variables": "{"}',
             '{"query": "{viewer{id}}", "variables": 1}', '{"query": "{viewer{id}}", "variables": []}', b'{"query": "\xff"}', b"\x00",
             '{"query": "{viewer{id}}", "operationName": "Other"}']


@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_body_is_refused(wire, body):
    data = body if isinstance(body, bytes) else body.encode()
    assert refused(wire.send("POST", "/graphql", data=data, headers={"Content-Type": "application/json"}))


def test_operation_names_and_variables_may_be_missing_or_null(wire):
    for more in ({}, {"operationName": ""}, {"operationName": None}, {"variables": None}, {"variables": "{}"}, {"other": 1}):
        answer = wire.send("POST", "/graphql", json={"query": "query Viewer { viewer { id } }"} | more)
        assert answer.status_code == 200 and answer.json()["data"]["viewer"]["id"], more


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(wire, method):
    assert wire.send(method, "/graphql").status_code in (404, 405)


@pytest.mark.parametrize("query", [
    "{ a" * 10_000 + " }" * 10_000, "{ viewer { id " + "... { " * 10_000 + "id" + " }" * 10_000 + " } }", "{" * 10_000, "[" * 10_000,
    "{ entity(name: " + "[" * 10_000 + "]" * 10_000 + ") { id } }", "{ entity(name: " + "{a:" * 10_000 + "1" + "}" * 10_000 + ") { id } }",
    "query($x: " + "[" * 10_000 + "Int" + "]" * 10_000 + ") { viewer { id } }",
], ids=["fields", "fragments", "braces", "brackets", "lists", "objects", "types"])
def test_a_query_of_ten_thousand_levels_is_refused_quickly(wire, query):
    begun = time.monotonic()
    assert refused(wire.post(query))
    assert time.monotonic() - begun < 10


def test_variables_of_a_hundred_thousand_levels_are_refused_quickly(wire):
    body = '{"query": "{ viewer { id } }", "variables": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}"
    assert refused(wire.send("POST", "/graphql", data=body))


def test_fragments_that_double_at_each_level_do_not_explode(wire):
    fragments = "".join(f"fragment F{i} on User {{ ...F{i + 1} ...F{i + 1} }} " for i in range(40)) + "fragment F40 on User { id }"
    begun = time.monotonic()
    assert wire.post("{ viewer { ...F0 } } " + fragments).status_code in (200, 400)
    assert time.monotonic() - begun < 10


def test_ten_thousand_aliases_do_not_stall_the_server(wire):
    query = "{" + " ".join(f'a{i}: project(name: "p{i}", entityName: "default") {{ runCount }}' for i in range(10_000)) + "}"
    begun = time.monotonic()
    assert wire.post(query).status_code in (200, 400)
    assert time.monotonic() - begun < 30


def test_a_body_over_32_mib_is_refused(wire):
    answer = wire.send("POST", "/graphql", json={"query": "{ viewer { id } }", "variables": {"x": "y" * (33 << 20)}})
    assert answer.status_code == 413 and message(answer)


def test_a_body_of_ten_megabytes_is_taken(wire):
    name = wire.new_run()
    query = """query($p: String!, $d: String) { project(name: $p, entityName: "default") { run(name: "NAME", desc: $d) { name } } }"""
    answer = wire.ok(query.replace("NAME", name), p=wire.project, d="y" * 10_000_000)
    assert answer["project"]["run"]["name"] == name


@pytest.mark.parametrize("name", ["a:b", "a;b", "a,b", "a#b", "a?b", "a/b", "a\\b", "a'b", "../x", "a\x00b", "a\nb", "x" * 129, "x" * 100_000])
def test_a_run_id_with_illegal_characters_is_refused(wire, name):
    answer = wire.post(UPSERT, **wire.place(name=name))
    assert refused(answer) and "invalid run ID" in message(answer)


@pytest.mark.parametrize("variables", [
    {"config": "no json"}, {"config": "[]"}, {"config": "1"}, {"config": "{" * 10_000}, {"config": 1}, {"tags": 1}, {"tags": [None]},
    {"project": 1}, {"name": 7.5}, {"name": ["x"]}, {"entity": {}},
], ids=str)
def test_a_field_of_a_run_that_cannot_be_read_is_refused(wire, variables):
    assert refused(wire.post(UPSERT, **wire.place(name="r") | variables))


@pytest.mark.parametrize("strange", ["", "x" * 5000, "a\x00b", "a/b", "..", "."])
def test_a_project_of_a_strange_name_is_refused_or_made(wire, strange):
    answer = wire.post(UPSERT, entity="default", project=strange, name="r")
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("entity", ["../x", "a b/c", "x" * 5000, "a\x00b", "UPPER", "ü", "a?b"])
def test_an_entity_of_a_strange_name_is_refused_or_made(wire, entity):
    answer = wire.post(UPSERT, entity=entity, project="p", name="r")
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code != 200:
        assert message(answer)


@pytest.mark.parametrize("operation", ["deleteRun(input: {id: $id})", "stopRun(input: {id: $id})", 'updateRunState(input: {id: $id, state: "finished"})'])
@pytest.mark.parametrize("id", ["", "x", "UnVuOg==", base64.b64encode(b"Run:../../x").decode(), base64.b64encode(b"Project:1").decode(), "%00"])
def test_an_id_of_nothing_is_not_found(wire, operation, id):
    assert refused(wire.post("mutation($id: ID!) { %s { success } }" % operation, id=id), 400, 404)


@pytest.mark.parametrize("arguments", ['filters: "no json"', 'filters: "[1]"', 'filters: "1"', 'after: "x"', 'after: "-5"', "first: -1", 'order: "-nonsense.x.y.z"',
                                       'filters: "%s"' % ('{\\"$not\\": ' * 1000 + "{}" + "}" * 1000), 'filters: "{\\"name\\": {\\"$regex\\": \\"(\\"}}"'])
def test_arguments_of_a_list_that_make_no_sense_are_refused(wire, arguments):
    wire.new_run()
    query = "query($p: String!) { project(name: $p, entityName: \"default\") { runs(%s) { edges { node { id } } } } }"
    assert told(wire.post(query % arguments, p=wire.project))


def test_lists_inside_lists_are_given_up_in_time(wire):
    for name in "abcdef":
        wire.new_run(name)
    inner = "id"
    for _ in range(9):
        inner = "project { runs(first: 1000) { edges { node { %s } } } }" % inner
    begun = time.monotonic()
    answer = wire.post("query($p: String!) { project(name: $p, entityName: \"default\") { runs { edges { node { %s } } } } }" % inner, p=wire.project)
    assert refused(answer) and "ask for fewer" in message(answer)
    assert time.monotonic() - begun < 30


def test_a_regular_expression_that_takes_for_ever_elsewhere_does_not_here(wire):
    wire.new_run("a" * 60)
    filters = json.dumps({"name": {"$regex": "^(a+)+$x"}})
    begun = time.monotonic()
    wire.post("query($p: String!, $f: JSONString) { project(name: $p, entityName: \"default\") { runs(filters: $f) { edges { node { id } } } } }",
              p=wire.project, f=filters)
    assert time.monotonic() - begun < 10


def test_a_key_is_taken_as_basic_and_as_bearer(wire):
    for header in ("Basic " + base64.b64encode(f"api:{KEY}".encode()).decode(), "Bearer " + KEY, None):
        answer = wire.send("POST", "/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": header}, auth=lambda r: r)
        assert answer.status_code == 200, header
