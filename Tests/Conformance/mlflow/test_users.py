"""Users and their permissions, by MLflow's own client of its login app, `mlflow.server.get_app_client("basic-auth")`."""

import os
import subprocess
import sys
import uuid

import pytest
import requests
from mlflow.exceptions import MlflowException, RestException
from mlflow.server import get_app_client

from harness import Server

ADMIN, PASSWORD = "correct horse 1", "a long password"
PROGRAM = """
import mlflow, sys
with mlflow.start_run(experiment_id=sys.argv[1]) as run:
    mlflow.log_metric("loss", 0.5)
print(run.info.run_id)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(
        tmp_path_factory.mktemp("users"), arguments=["--login", "required"], environment={"MARTLET_ADMIN_PASSWORD": ADMIN}
    ).start()
    yield server
    server.stop()


@pytest.fixture
def be(server, monkeypatch):
    """Lets the client be somebody from now on."""
    def become(name, password=PASSWORD):
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        return get_app_client("basic-auth", tracking_uri=server.url)
    return become


@pytest.fixture
def admin(be):
    return be("admin", ADMIN)


@pytest.fixture
def name(request):
    return f"u{abs(hash(request.node.name)) % 10**8}"


def experiment(server, name):
    answer = requests.post(server.url + "/api/v1/experiments", json={"name": name}, auth=("admin", ADMIN), timeout=10)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def train(server, experiment, name, password=PASSWORD):
    variables = {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_TRACKING_USERNAME": name, "MLFLOW_TRACKING_PASSWORD": password}
    return subprocess.run([sys.executable, "-c", PROGRAM, str(experiment)], capture_output=True, text=True, timeout=120,
                          cwd=server.folder, env=os.environ | variables)


def refused(call, *arguments, code, words="", **named):
    with pytest.raises(RestException) as refusal:
        call(*arguments, **named)
    assert refusal.value.error_code == code and words in str(refusal.value), refusal.value


def audit(server):
    answer = requests.get(server.url + "/api/v1/audit", auth=("admin", ADMIN), timeout=10)
    return [(one["actor"], one["action"], one["subject"]) for one in answer.json()["entries"]]


def test_a_user_is_made_read_and_logs_a_run(server, admin, name):
    user = admin.create_user(name, PASSWORD)
    assert (user.username, user.is_admin) == (name, False)
    again = admin.get_user(name)
    assert (again.id, again.username, again.is_admin) == (user.id, name, False)
    done = train(server, "0", name)
    assert done.returncode == 0, done.stderr[-2000:]
    assert train(server, "0", name, "another password").returncode != 0
    assert ("admin", "account.created", name) in audit(server)


def test_a_name_is_taken_once_whatever_its_case(admin, name):
    admin.create_user(name, PASSWORD)
    refused(admin.create_user, name, PASSWORD, code="RESOURCE_ALREADY_EXISTS", words=f"User (username={name}) already exists")
    refused(admin.create_user, name.upper(), PASSWORD, code="RESOURCE_ALREADY_EXISTS")


@pytest.mark.parametrize("username, password", [
    ("", PASSWORD), ("eve", ""), ("eve", "short"), ("eve", "x" * 2_000), ("e v e", PASSWORD), ("../eve", PASSWORD),
    ("eve\x00", PASSWORD), ("x" * 101, PASSWORD), ("<b>", PASSWORD), ("eve", "aaaaaaaaaaaaaa"),
])
def test_a_user_that_cannot_be_is_refused(admin, username, password):
    refused(admin.create_user, username, password, code="INVALID_PARAMETER_VALUE")
    refused(admin.get_user, "eve", code="RESOURCE_DOES_NOT_EXIST", words="User with username=eve not found")


def test_who_is_not_there_is_told(admin):
    for call in (admin.get_user, admin.delete_user):
        refused(call, "nobody", code="RESOURCE_DOES_NOT_EXIST", words="User with username=nobody not found")
    refused(admin.update_user_password, "nobody", PASSWORD, code="RESOURCE_DOES_NOT_EXIST")
    refused(admin.update_user_admin, "nobody", True, code="RESOURCE_DOES_NOT_EXIST")


def test_a_password_is_changed_by_an_admin_and_by_oneself(server, admin, be, name):
    admin.create_user(name, PASSWORD)
    admin.update_user_password(name, "the second one")
    assert train(server, "0", name).returncode != 0
    own = be(name, "the second one")
    refused(own.update_user_password, name, "the third one", code="INVALID_PARAMETER_VALUE",
            words="Current password is required when changing your own password.")
    refused(own.update_user_password, name, "the third one", "a wrong one", code="INVALID_PARAMETER_VALUE",
            words="Current password does not match.")
    refused(own.update_user_password, name, "the second one", "the second one", code="INVALID_PARAMETER_VALUE",
            words="New password must differ from the current password.")
    own.update_user_password(name, "the third one", "the second one")
    assert be(name, "the third one").get_user(name).username == name
    with pytest.raises(MlflowException, match="401"):
        be(name, "the second one").get_user(name)


def test_an_admin_is_made_and_unmade_and_the_last_one_stays(admin, be, name):
    admin.create_user(name, PASSWORD)
    admin.update_user_admin(name, True)
    assert admin.get_user(name).is_admin
    other = be(name)
    other.create_user(name + "-made", PASSWORD)
    be("admin", ADMIN).update_user_admin(name, False)
    assert not admin.get_user(name).is_admin
    refused(be(name).create_user, name + "-more", PASSWORD, code="PERMISSION_DENIED")
    refused(be("admin", ADMIN).update_user_admin, "admin", False, code="INVALID_PARAMETER_VALUE", words="make another admin")


def test_who_is_deleted_is_gone_with_tokens_and_what_was_logged_stays(server, admin, be, name):
    user = admin.create_user(name, PASSWORD)
    run = train(server, "0", name).stdout.split()[-1]
    made = requests.post(f"{server.url}/api/v1/accounts/{user.id}/tokens", json={"name": "t"}, auth=(name, PASSWORD), timeout=10)
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    current = server.url + "/api/2.0/mlflow/users/current"
    assert requests.get(current, headers=headers, timeout=10).json()["user"]["username"] == name
    refused(be(name).delete_user, name, code="PERMISSION_DENIED")
    be("admin", ADMIN).delete_user(name)
    assert requests.get(current, headers=headers, timeout=10).status_code == 401
    assert train(server, "0", name).returncode != 0
    refused(admin.get_user, name, code="RESOURCE_DOES_NOT_EXIST")
    refused(admin.delete_user, name, code="RESOURCE_DOES_NOT_EXIST")
    refused(admin.get_user_permission, name, "experiment", "0", code="RESOURCE_DOES_NOT_EXIST")
    # The name is not given to anybody else: what is signed with it would be theirs.
    refused(admin.create_user, name, PASSWORD, code="RESOURCE_ALREADY_EXISTS")
    # Somebody who makes the account active again does not bring the token back.
    patched = requests.patch(f"{server.url}/api/v1/accounts/{user.id}", json={"isActive": True}, auth=("admin", ADMIN), timeout=10)
    assert patched.status_code == 200 and requests.get(current, headers=headers, timeout=10).status_code == 401
    kept = requests.get(f"{server.url}/api/v1/runs/{run}", auth=("admin", ADMIN), timeout=10)
    assert kept.status_code == 200
    refused(admin.delete_user, "admin", code="INVALID_PARAMETER_VALUE", words="Users cannot delete their own account")


def test_others_may_neither_read_nor_change_users(admin, be, name):
    admin.create_user(name, PASSWORD)
    admin.create_user(name + "-b", PASSWORD)
    own = be(name)
    assert own.get_user(name).username == name
    refused(own.get_user, name + "-b", code="PERMISSION_DENIED")
    refused(own.get_user, "nobody", code="PERMISSION_DENIED")
    refused(own.create_user, name + "-c", PASSWORD, code="PERMISSION_DENIED")
    refused(own.update_user_password, name + "-b", "the second one", code="PERMISSION_DENIED")
    refused(own.update_user_admin, name, True, code="PERMISSION_DENIED")
    refused(own.delete_user, name + "-b", code="PERMISSION_DENIED")
    with pytest.raises(MlflowException, match="401"):
        be(name, "no password of hers").get_user(name)


def test_permission_in_one_experiment(server, admin, be, name):
    admin.create_user(name, PASSWORD)
    place = str(experiment(server, name))

    def now():
        found = admin.get_user_permission(name, "experiment", place)
        return found.permission, found.allowed

    assert now() == ("EDIT", True)
    for permission, role, allowed in (("READ", "READ", False), ("USE", "READ", False), ("EDIT", "EDIT", True), ("MANAGE", "MANAGE", True)):
        admin.grant_user_permission(name, "experiment", place, permission)
        assert now() == (role, allowed)
        assert (train(server, place, name).returncode == 0) == allowed
        refused(admin.grant_user_permission, name, "experiment", place, "READ", code="RESOURCE_ALREADY_EXISTS",
                words=f"Permission for user={name} on resource_type=experiment, resource_id={place} already exists.")
        admin.revoke_user_permission(name, "experiment", place)
    refused(admin.revoke_user_permission, name, "experiment", place, code="RESOURCE_DOES_NOT_EXIST", words="not found.")
    admin.grant_user_permission(name, "experiment", place, "DENY")
    assert now() == ("NO_PERMISSIONS", False)
    done = train(server, place, name)
    assert done.returncode != 0 and f"No Experiment with id={place} exists" in done.stderr
    assert ("admin", "role.changed", name) in audit(server)


def test_who_manages_an_experiment_grants_in_it_and_nowhere_else(server, admin, be, name):
    for who in (name, name + "-b"):
        admin.create_user(who, PASSWORD)
    mine, other = str(experiment(server, name)), str(experiment(server, name + "-other"))
    admin.grant_user_permission(name, "experiment", mine, "MANAGE")
    own = be(name)
    own.grant_user_permission(name + "-b", "experiment", mine, "READ")
    assert own.get_user_permission(name + "-b", "experiment", mine).permission == "READ"
    refused(own.grant_user_permission, name + "-b", "experiment", other, "READ", code="PERMISSION_DENIED")
    refused(own.get_user_permission, name + "-b", "experiment", other, code="PERMISSION_DENIED")
    refused(own.grant_user_permission, "nobody", "experiment", mine, "READ", code="RESOURCE_DOES_NOT_EXIST",
            words="User with username=nobody not found")
    # Who may not decide learns nothing of who there is.
    refused(be(name + "-b").grant_user_permission, "nobody", "experiment", mine, "READ", code="PERMISSION_DENIED")
    assert be(name + "-b").get_user_permission(name + "-b", "experiment", mine).permission == "READ"


@pytest.mark.parametrize("type, id, permission, code", [
    ("experiment", None, "NO_PERMISSIONS", "INVALID_PARAMETER_VALUE"), ("experiment", None, "all", "INVALID_PARAMETER_VALUE"),
    ("experiment", None, "", "INVALID_PARAMETER_VALUE"), ("workspace", "default", "USE", "INVALID_PARAMETER_VALUE"),
    ("planet", "1", "READ", "INVALID_PARAMETER_VALUE"), ("experiment", "999999", "READ", "RESOURCE_DOES_NOT_EXIST"),
    ("experiment", "../1", "READ", "INVALID_PARAMETER_VALUE"), ("experiment", "", "READ", "INVALID_PARAMETER_VALUE"),
    ("experiment", "9" * 40, "READ", "INVALID_PARAMETER_VALUE"),
])
def test_a_permission_that_cannot_be_is_refused(server, admin, name, type, id, permission, code):
    who = f"{name}-{uuid.uuid4().hex[:8]}"
    admin.create_user(who, PASSWORD)
    id = "0" if id is None else id
    refused(admin.grant_user_permission, who, type, id, permission, code=code)
    assert admin.get_user_permission(who, "experiment", "0").permission == "EDIT"


@pytest.mark.parametrize("type, id", [("registered_model", "m"), ("experiment", "*"), ("run", "*")])
def test_what_has_no_roles_here_is_said_at_once(admin, type, id):
    with pytest.raises(MlflowException, match="Martlet has roles in workspaces and in single experiments"):
        admin.grant_user_permission("admin", type, id, "READ")


def test_what_does_not_exist_is_closed_to_everybody(admin, name):
    admin.create_user(name, PASSWORD)
    found = admin.get_user_permission(name, "experiment", "999999")
    assert (found.allowed, found.permission) == (False, "NO_PERMISSIONS")
    refused(admin.get_user_permission, "nobody", "experiment", "999999", code="RESOURCE_DOES_NOT_EXIST")


def test_lists_for_pages(server, admin, name):
    user = admin.create_user(name, PASSWORD)
    place = str(experiment(server, name))
    admin.grant_user_permission(name, "experiment", place, "READ")
    get = lambda path, auth=("admin", ADMIN), **query: requests.get(server.url + path, params=query, auth=auth, timeout=10)
    for root in ("/api", "/ajax-api"):
        users = get(root + "/2.0/mlflow/users/list").json()["users"]
        assert {"id": user.id, "username": name, "is_admin": False, "roles": []} in users
        assert get(root + "/2.0/mlflow/users/current").json()["user"]["is_admin"] is True
        listed = get(root + "/3.0/mlflow/users/permissions/list", username=name).json()
        own = get(root + "/3.0/mlflow/users/current/permissions", auth=(name, PASSWORD)).json()
        assert listed == own and listed["is_admin"] is False
        rows = {(one["workspace"], one["resource_type"], one["resource_pattern"]): one["permission"] for one in own["permissions"]}
        assert rows == {("default", "workspace", "*"): "USE", ("default", "experiment", "*"): "EDIT",
                        ("default", "experiment", place): "READ"}
    assert get("/api/2.0/mlflow/users/list", auth=(name, PASSWORD)).status_code == 403
    assert get("/api/3.0/mlflow/users/permissions/list", auth=(name, PASSWORD), username="admin").status_code == 403
    assert get("/api/2.0/mlflow/users/current", auth=None).status_code == 401
    text = get("/api/2.0/mlflow/users/get", username=name).text
    assert PASSWORD not in text and "hash" not in text


@pytest.mark.parametrize("method, path", [
    ("POST", "/2.0/mlflow/users/create"), ("PATCH", "/2.0/mlflow/users/update-password"),
    ("PATCH", "/2.0/mlflow/users/update-admin"), ("DELETE", "/2.0/mlflow/users/delete"),
    ("POST", "/3.0/mlflow/users/permissions/grant"), ("POST", "/3.0/mlflow/users/permissions/revoke"),
])
@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"username": 7}', '{"username": null}', '{"username": {}, "password": []}'])
def test_a_body_that_cannot_be_is_refused(server, method, path, body):
    answer = requests.request(method, f"{server.url}/api{path}", data=body, headers={"Content-Type": "application/json"},
                              auth=("admin", ADMIN), timeout=10)
    assert answer.status_code == 400 and answer.json()["error_code"] == "INVALID_PARAMETER_VALUE", answer.text


def test_who_may_nothing_is_told_so(server, admin, name):
    user = admin.create_user(name, PASSWORD)
    place = str(experiment(server, name))
    admin.grant_user_permission(name, "experiment", place, "DENY")
    answer = requests.patch(f"{server.url}/api/v1/accounts/{user.id}", json={"role": "none"}, auth=("admin", ADMIN), timeout=10)
    assert answer.status_code == 200
    own = requests.get(server.url + "/api/3.0/mlflow/users/current/permissions", auth=(name, PASSWORD), timeout=10)
    assert own.status_code == 200 and own.json() == {"is_admin": False, "permissions": []}


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "x" * 50_000, "../admin", "<script>", "\ud83d".encode("utf-8", "surrogatepass"), "admin\n"])
def test_a_hostile_name_is_nobody(server, name):
    for path in ("2.0/mlflow/users/get", "3.0/mlflow/users/permissions/list", "3.0/mlflow/users/permissions/get"):
        query = {"username": name, "resource_type": "experiment", "resource_id": "0"}
        answer = requests.get(f"{server.url}/api/{path}", params=query, auth=("admin", ADMIN), timeout=10)
        assert answer.status_code in (400, 404, 414, 431) and len(answer.content) < 2_000, (path, answer.status_code, answer.text[:300])


def test_a_body_that_is_too_large_is_refused(server):
    body = b'{"username": "' + b"x" * (33 << 20) + b'"}'
    answer = requests.post(server.url + "/api/2.0/mlflow/users/create", data=body, headers={"Content-Type": "application/json"},
                           auth=("admin", ADMIN), timeout=60)
    assert answer.status_code in (400, 413) and len(answer.content) < 2_000


def test_roles_with_names_are_not_offered(admin):
    with pytest.raises(MlflowException, match="Martlet does not offer roles with names"):
        admin.list_all_roles()


def test_nobody_logs_in_yet(tmp_path, monkeypatch):
    for variable in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    server = Server(tmp_path).start()
    try:
        client = get_app_client("basic-auth", tracking_uri=server.url)
        current = requests.get(server.url + "/api/2.0/mlflow/users/current", timeout=10).json()
        assert current["user"]["username"] == "local" and current["user"]["is_admin"] is True
        # The first account decides: an editor alone would lock everybody out.
        refused(client.create_user, "eda", PASSWORD, code="INVALID_PARAMETER_VALUE", words="make an admin first")
        assert requests.get(server.url + "/api/v1/accounts", timeout=10).json()["accounts"] == []
    finally:
        server.stop()
