"""Users, teams and API keys of `wandb.Api`, on a server with logins and on one without."""

import os
import subprocess
import sys

import pytest

from test_login import own  # noqa: F401
from test_wandb_login import team, train  # noqa: F401
from wandb_wire import client_environment, is_before, message

SEARCH = "query SearchUsers($text: String) { users(query: $text) { edges { node { username teams { edges { node { name } } } } } } }"
GENERATE = "mutation GenerateApiKey($d: String) { generateApiKey(input: {description: $d}) { apiKey { id name description } } }"
REVOKE = "mutation DeleteApiKey($id: String!) { deleteApiKey(input: {id: $id}) { success } }"
CREATE = "mutation CreateTeam($name: String!) { createTeam(input: {teamName: $name}) { entity { id name } } }"
INVITE = """mutation CreateInvite($entity: String!, $name: String, $admin: Boolean) {
  createInvite(input: {entityName: $entity, username: $name, admin: $admin}) { invite { id name toUser { name } } } }"""
SERVICE = """mutation CreateServiceAccount($entity: String!, $text: String!) {
  createServiceAccount(input: {entityName: $entity, description: $text}) { user { id } } }"""
USER = "mutation CreateUser($email: String!, $admin: Boolean) { createUser(input: {email: $email, admin: $admin}) { user { username admin } } }"


@pytest.fixture
def scripted(team, tmp_path):
    """Runs a program with the real client as the holder of a key; gives what it printed, line by line."""
    def run(text, key=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
        environment |= client_environment(team.server, tmp_path) | {"WANDB_API_KEY": key or team.admin_key}
        done = subprocess.run([sys.executable, "-c", "import wandb\napi = wandb.Api()\n" + text], capture_output=True, text=True,
                              timeout=100, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.splitlines()

    return run


# The older one logs in by the name of the first key of the list, which is no key here.
@pytest.mark.needs_client("0.22", "way to make keys where a list of keys does not show them whole")
def test_keys_are_made_used_listed_and_deleted(team, scripted, tmp_path):
    key = team.key("eda", "editor")
    lines = scripted("""
before = len(api.viewer.api_keys)
made = api.viewer.generate_api_key("for the night")
print(made)
again = wandb.Api(api_key=made)
print(again.viewer.username, len(again.viewer.api_keys) - before)
print([name for name in again.viewer.api_keys if made in name or len(name) > 16])
print(wandb.Api().viewer.delete_api_key(next(name for name in again.viewer.api_keys if name in made)))
""", key)
    assert lines[1:] == ["eda 1", "[]", "True"]
    done, _ = train(team.server, lines[0], tmp_path)
    assert done.returncode != 0, "a key that was deleted is no key"
    assert team.wire(key).ok("{ viewer { username } }")["viewer"]["username"] == "eda"


def test_people_are_found(team, scripted):
    team.key("anna", "editor")
    team.key("ann", "viewer", inside="viewer")
    lines = scripted("""
print(api.user("ann").username, sorted(user.username for user in api.users("ann")), api.user("nobody"))
print(api.viewer.admin, api.user("anna").admin)
""")
    assert lines == ["ann ['ann', 'anna'] None", "True False"]


def test_who_is_no_admin_finds_only_themselves(team):
    team.key("anna", "editor")
    wire = team.wire(team.key("bob", "editor"))
    assert [edge["node"]["username"] for edge in wire.ok(SEARCH, text="bob")["users"]["edges"]] == ["bob"]
    assert wire.ok(SEARCH, text="anna")["users"]["edges"] == []


def test_an_admin_makes_users(team, scripted):
    lines = scripted("""
user = api.create_user("new@example.org")
print(user.username, user.email, user.admin)
print(api.create_user("chief", admin=True).admin)
try: print(api.create_user("new@example.org"))
except Exception as error: print(str(error)[:200])
""")
    assert lines[:2] == ["new@example.org new@example.org False", "True"]
    # The client before 0.22 leaves the text of the server out.
    assert ("409 Client Error" if is_before("0.22") else "exists") in lines[2]


def test_a_team_has_members(team, scripted):
    team.key("anna", "none")
    lines = scripted("""
made = api.create_team("vision")
print(made.name, [member.username for member in made.members])
print(made.invite("anna"), made.invite("nobody"), made.invite("anna", admin=True))
made.load(True)
print([(member.username, member.admin) for member in made.members])
robot = made.create_service_account("nightly CI run")
print(robot.username, robot.account_type)
print([member.delete() for member in made.members if member.username == "anna"])
made.load(True)
print([member.username for member in made.members], api.team("vision").name)
""")
    assert lines == [
        "vision []", "True False True", "[('anna', True)]", "service-nightly-ci-run SERVICE", "[True]",
        "['service-nightly-ci-run'] vision",
    ]


def test_a_member_of_a_team_may_write_there(team):
    key = team.key("anna", "none")
    boss, anna = team.wire(team.admin_key), team.wire(key, entity="crew")
    assert boss.ok(CREATE, name="crew")["createTeam"]["entity"]["name"] == "crew"
    assert anna.post(UPSERT_PROJECT, entity="crew").status_code in (403, 404)
    boss.ok(INVITE, entity="crew", name="anna")
    assert anna.ok(UPSERT_PROJECT, entity="crew")["upsertModel"]["inserted"] is True


def test_a_team_whose_admin_is_unknown_is_not_made(team):
    boss = team.wire(team.admin_key)
    create = CREATE.replace("$name: String!", "$name: String!, $admin: String").replace("$name}", "$name, teamAdminUserName: $admin}")
    assert boss.post(create, name="led", admin="nobody").status_code == 404
    assert boss.post(create, name="led", admin="nobody").status_code == 404
    team.key("anna", "none")
    assert boss.ok(create, name="led", admin="anna")["createTeam"]["entity"]["name"] == "led"


UPSERT_PROJECT = "mutation P($entity: String) { upsertModel(input: {name: \"p\", entityName: $entity}) { inserted } }"


@pytest.mark.parametrize("query, fields", [
    (CREATE, {"name": "other"}), (INVITE, {"entity": "team", "name": "eda", "admin": True}),
    (SERVICE, {"entity": "team", "text": "robot"}), (USER, {"email": "x@y"}),
])
def test_an_editor_decides_nothing(team, query, fields):
    answer = team.wire(team.key("eda", "editor", inside="editor")).post(query, **fields)
    assert answer.status_code == 403, answer.text


def test_an_admin_of_a_team_invites(team):
    team.key("anna", "none")
    chief = team.wire(team.key("otto", "none", inside="admin", scope="admin"), entity="team")
    assert chief.ok(INVITE, entity="team", name="ANNA")["createInvite"]["invite"]["toUser"]["name"] == "ANNA"
    members = chief.ok("{ entity(name: \"team\") { members { username admin } } }")["entity"]["members"]
    assert {(one["username"], one["admin"]) for one in members} == {("anna", False), ("otto", True)}
    stranger = team.wire(team.key("zoe", "editor"))
    assert stranger.post("{ entity(name: \"team\") { members { username } } }").json().get("data", {}).get("entity") is None


@pytest.mark.parametrize("query, fields, words", [
    (CREATE, {"name": "No Good!"}, ""), (CREATE, {"name": "team"}, "exists"), (CREATE, {"name": "x" * 500}, ""),
    (INVITE, {"entity": "team", "name": "nobody"}, "nobody"), (INVITE, {"entity": "nowhere", "name": "boss"}, "nowhere"),
    (SERVICE, {"entity": "nowhere", "text": "robot"}, "nowhere"), (USER, {"email": "a b"}, "legal"),
    (REVOKE, {"id": "QXBpS2V5Ong="}, "exist"), (REVOKE, {"id": ""}, "exist"),
])
def test_what_cannot_be_is_refused(team, query, fields, words):
    answer = team.wire(team.admin_key).post(query, **fields)
    assert answer.status_code in (400, 404, 409) and words in message(answer), answer.text


def test_a_key_is_not_wider_than_who_makes_it(team):
    narrow = team.wire(team.key("eda", "admin", scope="viewer"))
    made = narrow.ok(GENERATE, d="x")["generateApiKey"]["apiKey"]["name"]
    assert team.wire(made).post(CREATE, name="mine").status_code == 403
    other = team.wire(team.key("bob", "editor"))
    listed = narrow.ok("{ viewer { apiKeys { edges { node { id name } } } } }")["viewer"]["apiKeys"]["edges"]
    assert all(other.post(REVOKE, id=edge["node"]["id"]).status_code == 404 for edge in listed)


def test_without_logins_there_is_nobody_to_make_keys_for(wire):
    answer = wire.post(GENERATE, d="x")
    assert answer.status_code == 400 and "nobody logs in" in message(answer)
    assert wire.ok("{ entity(name: \"default\") { members { username } } }")["entity"]["members"] == []
    assert wire.ok("{ viewer { apiKeys { edges { node { id } } } } }")["viewer"]["apiKeys"]["edges"] == []
