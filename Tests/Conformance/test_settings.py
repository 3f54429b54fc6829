"""What `martlet serve` is told, by flags, variables and files, and what it says to what it cannot use."""

import os
import re
import subprocess

import pytest

import harness
from wire import once

pytestmark = [pytest.mark.martlet_only, pytest.mark.sqlite_only]


def refusal(folder, *arguments, **variables):
    """What is said to settings that cannot be used; nothing was made or listened on."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MARTLET_")} | variables
    done = subprocess.run(
        [harness.martlet_binary(), "serve", "--data", str(folder / "data"), *arguments],
        capture_output=True, text=True, timeout=20, env=environment,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == "" and not (folder / "data").exists()
    return done.stderr


def refusal_of_file(folder, name, text):
    file = folder / name
    file.write_text(text)
    return refusal(folder, "--config", str(file))


@pytest.mark.parametrize("name, text, key, nearest", [
    ("a.json", '{"prot": 5001}', "prot", "port"),
    ("a.json", '{"host": "127.0.0.1", "base_path": "/m"}', "base_path", "basePath"),
    ("a.json", '{"server": {"port": 5001}}', "server.port", "port"),
    ("a.json", '{"host": {"port": null}}', "host.port", "port"),
    ("a.json", '{"a": {"b": {"maxConections": 1}}}', "a.b.maxConections", "maxConnections"),
    ("a.yaml", "# comment\nhost: 127.0.0.1\nmax-conections: 5\n", "max-conections", "maxConnections"),
    ("a.yml", "'loglevel': debug\n", "loglevel", "logLevel"),
    ("a.yaml", "server:\n  port: 5001\n", "server.port", "port"),
    ("a.yaml", "server: {port: 5001}\n", "server.port", "port"),
    ("a.yaml", "{host: localhost, prot: 5001}\n", "prot", "port"),
    ("a.yaml", '---\n? "prot"\n: 5001\n', "prot", "port"),
    ("a.yaml", "host: localhost\nport:\n  prot: 1\n", "port.prot", "port"),
    ("A.YAML", "prot: 5001\n", "prot", "port"),
])
def test_an_unknown_setting_anywhere_is_refused_with_the_nearest_known_one(tmp_path, name, text, key, nearest):
    said = refusal_of_file(tmp_path, name, text)
    assert f"unknown setting '{key}'" in said and f"'{nearest}'" in said
    assert ("not nested" in said) == ("." in key)


def test_a_setting_like_no_other_is_refused_with_all_that_there_are(tmp_path):
    said = refusal_of_file(tmp_path, "a.json", '{"certificate": "x"}')
    assert "unknown setting 'certificate'" in said and "shutdownGrace" in said


@pytest.mark.parametrize("name, text, word", [
    ("a.json", "{", "not valid JSON"), ("a.json", "[]", "object"), ("a.json", "", "not valid JSON"),
    ("a.json", '{"port": 1, "port": 2}', "twice"), ("a.json", '{"port": "5001"}', "'port' must be a whole number"),
    ("a.json", '{"port": true}', "'port' must be a whole number"), ("a.json", '{"port": 1.5}', "'port' must be a whole"),
    ("a.json", '{"port": [1]}', "'port'"), ("a.json", '{"port": 70000}', "'port' is 70000"),
    ("a.json", '{"host": 1}', "'host' must be a text"), ("a.json", '{"open": "maybe"}', "'open' must be true or false"),
    ("a.json", '{"open": 1}', "'open' must be true or false"), ("a.json", '{"maxBodyBytes": 0}', "'maxBodyBytes' is 0"),
    ("a.json", '{"logLevel": "loud"}', "loud"),
    ("a.yaml", "port: [1, 2\n", "cannot be used"), ("a.yaml", "- port\n", "cannot be used"),
    ("a.yaml", "port: yes please\n", "'port' must be a whole number"), ("a.yaml", "port:\n  - 1\n", "'port'"),
    ("a.yaml", "open: perhaps\n", "'open' must be true or false"), ("a.yaml", "headTimeout: 0\n", "'headTimeout' is 0"),
    ("a.yaml", "just a text", "cannot be used"),
])
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path, name, text, word):
    assert word in refusal_of_file(tmp_path, name, text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "nowhere.json" in refusal(tmp_path, "--config", str(tmp_path / "nowhere.json"))
    assert str(tmp_path) in refusal(tmp_path, "--config", str(tmp_path))
    assert "elsewhere.yaml" in refusal(tmp_path, MARTLET_CONFIG="elsewhere.yaml")


@pytest.mark.parametrize("arguments, variables, word", [
    (["--port", "70000"], {}, "port"), (["--port", "x"], {}, "port"), (["--prot", "1"], {}, "--prot"),
    (["--port"], {}, "port"), (["extra"], {}, "extra"), (["--log-level", "loud"], {}, "loud"), (["--login", "maybe"], {}, "maybe"),
    (["--max-connections", "0"], {}, "maxConnections"), (["--shutdown-grace", "-1"], {}, "shutdown"),
    ([], {"MARTLET_MAX_CONNECTIONS": "many"}, "maxConnections"), ([], {"MARTLET_OPEN": "maybe"}, "open"),
    ([], {"MARTLET_SLOW_TIMEOUT": "0"}, "slowTimeout"),
])
def test_flags_and_variables_that_cannot_be_used_are_refused(tmp_path, arguments, variables, word):
    assert word in refusal(tmp_path, *arguments, **variables)


OIDC = {"MARTLET_OIDC_ISSUER": "https://id.example.org/lab", "MARTLET_OIDC_CLIENT": "martlet", "MARTLET_OIDC_ROLES": "*=viewer"}


@pytest.mark.parametrize("change, words", [
    ({"MARTLET_OIDC_ISSUER": ""}, ["'oidcClient' is there", "not 'oidcIssuer'"]), ({"MARTLET_OIDC_CLIENT": ""}, ["not 'oidcClient'"]),
    ({"MARTLET_OIDC_ROLES": "", "MARTLET_OIDC_CLIENT": ""}, ["not 'oidcClient' and 'oidcRoles'"]),
    ({name: "" for name in OIDC} | {"MARTLET_OIDC_SECRET": "hush"}, ["'oidcSecret' is there", "not 'oidcIssuer' and"]),
    ({"MARTLET_OIDC_ISSUER": "http://id.example.org"}, ["'oidcIssuer'", "https"]),
    ({"MARTLET_OIDC_ISSUER": "http://127.0.0.1.example.org"}, ["'oidcIssuer'", "https"]),
    ({"MARTLET_OIDC_ISSUER": "id.example.org"}, ["'oidcIssuer'", "https://host"]),
    ({"MARTLET_OIDC_ISSUER": "https://me:hush@id.example.org"}, ["'oidcIssuer'", "https://host"]),
    ({"MARTLET_OIDC_ISSUER": "https://id.example.org/?a=b"}, ["'oidcIssuer'", "https://host"]),
    ({"MARTLET_OIDC_ROLES": "viewer"}, ["'oidcRoles'", "'viewer' has no '='"]),
    ({"MARTLET_OIDC_ROLES": "a=owner"}, ["'oidcRoles'", "'owner' is no role"]), ({"MARTLET_OIDC_ROLES": "=viewer"}, ["no group"]),
    ({"MARTLET_OIDC_ROLES": "a=viewer,a=editor"}, ["'a' is in it twice"]), ({"MARTLET_OIDC_ROLES": "*=viewer,*=none"}, ["twice"]),
    ({"MARTLET_LOGIN": "off"}, ["'oidcIssuer'", "login: off"]), ({"MARTLET_OPEN": "true"}, ["'oidcIssuer'", "'open'"]),
], ids=str)
def test_half_an_identity_provider_and_one_that_cannot_be_trusted_are_refused(tmp_path, change, words):
    said = re.sub(r"\s+", " ", refusal(tmp_path, **(OIDC | change)))
    assert [word for word in words if word not in said] == [], said
    assert "hush" not in said


def test_an_identity_provider_comes_from_a_file_and_its_secret_from_no_flag(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("oidcIssuer: http://[::1]:9/lab\noidcClient: martlet\noidcSecret: hush\noidcRoles: '*=viewer'\noidcName: Lab\noidcGroups: roles\n")
    own = harness.Server(tmp_path, arguments=["--config", str(file)]).start()
    try:
        assert '"loginProvider":"Lab"' in once(own, "GET", "/api/v1/session").text
    finally:
        own.stop()
    assert "--oidc" in refusal(tmp_path / "other", "--oidc-secret", "hush")


@pytest.mark.parametrize("host", [
    "0.0.0.0", "::", "192.168.1.5", "example.org", "127.0.0.1.example.org", "127.evil.example.org", "127.0.0.evil", "*",
    "localhost.example.org",
])
def test_a_network_is_not_listened_on_without_login_or_open(tmp_path, host):
    said = refusal(tmp_path, "--host", host, "--login", "off")
    assert "--open" in said and "login" in said and host in said
    assert "--open" in refusal(tmp_path, MARTLET_HOST=host, MARTLET_LOGIN="off")
    # A flag takes back what a variable says.
    assert "--open" in refusal(tmp_path, "--host", host, "--no-open", "--login", "off", MARTLET_OPEN="true")


def test_open_listens_on_all_addresses(tmp_path):
    own = harness.Server(tmp_path, arguments=["--host", "0.0.0.0", "--open"]).start()
    own.stop()
    own = harness.Server(tmp_path, arguments=["--host", "0.0.0.0"], environment={"MARTLET_OPEN": "true"}).start()
    own.stop()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
def test_loopback_is_listened_on(tmp_path, host):
    done = subprocess.Popen(
        [harness.martlet_binary(), "serve", "--host", host, "--port", "0", "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    said = done.stdout.readline()
    done.terminate()
    done.communicate(timeout=15)
    shown = f"[{host}]" if ":" in host else host
    assert re.match(rf"Martlet listens on http://{re.escape(shown)}:\d+ \(data in .*/data\)", said)
    assert done.returncode == 0


@pytest.mark.parametrize("name, text", [
    ("a.json", '{"basePath": "/file", "logLevel": "debug", "open": false, "port": null}'),
    ("a.yaml", "# comment\nbasePath: /file\nlogLevel: debug\nopen: no\n"), ("a.yml", "{basePath: /file, maxConnections: 50}"),
])
def test_flags_win_over_variables_and_those_over_the_file(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)

    def base_path(*arguments, **variables):
        own = harness.Server(tmp_path, arguments=["--config", str(file), *arguments], environment=variables).start()
        try:
            assert once(own, "GET", "/api/v1/version").status == 200
            return re.findall(r"listens on http://127.0.0.1:\d+(\S*)", own.log.read_text())[-1]
        finally:
            own.stop()

    assert base_path() == "/file"
    assert base_path(MARTLET_BASE_PATH="/variable") == "/variable"
    assert base_path("--base-path", "/flag", MARTLET_BASE_PATH="/variable") == "/flag"
    # A variable without a value says nothing.
    assert base_path(MARTLET_BASE_PATH="", MARTLET_MAX_CONNECTIONS="", MARTLET_OPEN="") == "/file"


def test_a_file_of_comments_and_one_named_by_a_variable_are_taken(tmp_path):
    file = tmp_path / "empty.yaml"
    file.write_text("# port: 1\n\n   # all as it is\n")
    own = harness.Server(tmp_path, environment={"MARTLET_CONFIG": str(file)}).start()
    own.stop()


def test_help_names_every_setting_of_the_documentation():
    shown = subprocess.run([harness.martlet_binary(), "serve", "--help"], capture_output=True, text=True, timeout=20)
    assert shown.returncode == 0
    flags = set(re.findall(r"^  (--[a-z-]+)", shown.stdout, re.MULTILINE)) - {"--version"}
    documented = re.findall(r"^\| `(--[a-z-]+)`(?:, `--no-[a-z-]+`)? \| `(MARTLET_[A-Z_]+)` \| (?:`(\w+)`)? ?\| *(?:`([^`]*)`)?",
                            (harness.REPOSITORY / "docs" / "configuration.md").read_text(), re.MULTILINE)
    assert {flag for flag, *_ in documented} == flags
    assert len(documented) <= 25
    for flag, variable, name, default in documented:
        words = flag.removeprefix("--").split("-")
        assert variable == "MARTLET_" + "_".join(words).upper()
        assert flag == "--config" or name == words[0] + "".join(word.capitalize() for word in words[1:])
        if default and flag not in ("--open", "--move-blobs"):
            assert f"(default: {default})" in re.sub(r"\s+", " ", shown.stdout), flag


def test_version():
    shown = subprocess.run([harness.martlet_binary(), "--version"], capture_output=True, text=True, timeout=20)
    assert shown.returncode == 0 and re.fullmatch(r"\d+\.\d+\.\d+\n", shown.stdout)
