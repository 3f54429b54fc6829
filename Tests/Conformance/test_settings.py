"""What `martlet serve` says to a file of settings that it cannot use."""

import subprocess

import pytest

import harness

pytestmark = pytest.mark.martlet_only


def refusal(folder, name, text):
    file = folder / name
    file.write_text(text)
    done = subprocess.run(
        [harness.martlet_binary(), "serve", "--port", "0", "--data", str(folder / "data"), "--config", str(file)],
        capture_output=True, text=True, timeout=20,
    )
    assert done.returncode != 0
    assert not (folder / "data").exists()
    return done.stderr


@pytest.mark.parametrize("name, text, key, nearest", [
    ("a.json", '{"prot": 5001}', "prot", "port"),
    ("a.json", '{"host": "127.0.0.1", "base_path": "/m"}', "base_path", "basePath"),
    ("a.yaml", "# comment\nhost: 127.0.0.1\nmax-conections: 5\n", "max-conections", "maxConnections"),
    ("a.yml", "'loglevel': debug\n", "loglevel", "logLevel"),
])
def test_an_unknown_setting_is_refused_with_the_nearest_known_one(tmp_path, name, text, key, nearest):
    said = refusal(tmp_path, name, text)
    assert f"unknown setting '{key}'" in said and f"'{nearest}'" in said


def test_a_setting_like_no_other_is_refused_with_all_that_there_are(tmp_path):
    said = refusal(tmp_path, "a.json", '{"certificate": "x"}')
    assert "unknown setting 'certificate'" in said and "shutdownGrace" in said


@pytest.mark.parametrize("name, text", [
    ("a.json", '{"maxConnections": 50, "logLevel": "debug"}'), ("a.yaml", "maxConnections: 50\nlogLevel: debug\n"),
])
def test_a_file_of_known_settings_is_taken(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    server = harness.Server(tmp_path, arguments=["--config", str(file)]).start()
    server.stop()
