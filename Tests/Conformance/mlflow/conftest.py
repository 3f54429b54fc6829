"""Registered models and what they come from, for the tests of the registry."""

import pytest

SOURCE = "s3://bucket/model"


@pytest.fixture
def model(client, name):
    """The name of a fresh registered model."""
    return client.create_registered_model(name).name


@pytest.fixture
def versions(client, model):
    """A fresh model with the versions 1, 2 and 3."""
    for _ in range(3):
        client.create_model_version(model, SOURCE)
    return model


@pytest.fixture
def logged(client, experiment, run):
    """A fresh logged model of a run."""
    return client.create_logged_model(experiment, name="net", source_run_id=run)


@pytest.fixture
def root(client, run):
    """Where the artifacts of the run are."""
    return client.get_run(run).info.artifact_uri
