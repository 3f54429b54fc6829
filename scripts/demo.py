"""Trains small networks in numpy on real handwritten digits, and logs every epoch with the real mlflow client.

Eight runs with different settings: most learn, one overfits (few images, a large net), one diverges (its learning
rate is far too high, and its loss ends as infinity and NaN). Called by scripts/demo.
"""

import argparse
import io
import logging
import os
import sys
import time

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "2"

import mlflow
import numpy
import requests
from matplotlib import pyplot
from sklearn.datasets import load_digits

EXPERIMENT = "Digits"
PURPOSE = (
    "Which width, learning rate and weight decay recognise handwritten digits best? "
    "A network of one hidden layer, trained by plain gradient descent on 8 × 8 pixel images."
)
DEFAULTS = {"hidden": 32, "lr": 0.3, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 64, "images": 1200, "seed": 1}
RUNS = [
    ("baseline", "the setting that the others are compared with", {}),
    ("lr 0.03", "a tenth of the learning rate: slower, is it steadier?", {"lr": 0.03}),
    ("lr 0.003", "a hundredth: it should be too slow", {"lr": 0.003}),
    ("wide", "four times the hidden units", {"hidden": 128}),
    ("narrow", "few hidden units: does it underfit?", {"hidden": 6}),
    ("strong decay", "weight decay a hundred times as strong", {"weight_decay": 1e-2}),
    ("overfits", "60 images for a net of 512 units: learned by heart",
     {"images": 60, "hidden": 512, "weight_decay": 0.0, "batch_size": 20, "lr": 0.1}),
    ("diverges", "a learning rate far too high", {"lr": 5000.0, "momentum": 0.95}),
]


class Network:
    """One hidden layer with ReLU and a softmax over ten digits; momentum and weight decay."""

    def __init__(self, settings):
        self.settings = settings
        rng = numpy.random.default_rng(settings["seed"])
        hidden = settings["hidden"]
        self.weights = [
            rng.normal(0, (2 / 64) ** 0.5, (64, hidden)), numpy.zeros(hidden),
            rng.normal(0, (1 / hidden) ** 0.5, (hidden, 10)), numpy.zeros(10),
        ]
        self.speed = [numpy.zeros_like(w) for w in self.weights]

    def forward(self, images):
        hidden = numpy.maximum(images @ self.weights[0] + self.weights[1], 0)
        return hidden, hidden @ self.weights[2] + self.weights[3]

    def evaluate(self, images, digits):
        """Mean cross-entropy and accuracy."""
        scores = self.forward(images)[1]
        shifted = scores - scores.max(1, keepdims=True)
        loss = numpy.log(numpy.exp(shifted).sum(1)) - shifted[numpy.arange(len(digits)), digits]
        return float(loss.mean()), float((scores.argmax(1) == digits).mean())

    def learn(self, images, digits):
        """One step of gradient descent; returns the norm of the gradient."""
        hidden, scores = self.forward(images)
        odds = numpy.exp(scores - scores.max(1, keepdims=True))
        error = odds / odds.sum(1, keepdims=True)
        error[numpy.arange(len(digits)), digits] -= 1
        error /= len(digits)
        back = (error @ self.weights[2].T) * (hidden > 0)
        gradients = [images.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
        for index, gradient in enumerate(gradients):
            decay = self.settings["weight_decay"] * self.weights[index] if index % 2 == 0 else 0
            self.speed[index] = self.settings["momentum"] * self.speed[index] - self.settings["lr"] * (gradient + decay)
            self.weights[index] = self.weights[index] + self.speed[index]
        return float(numpy.sqrt(sum((g**2).sum() for g in gradients)))


def data():
    """Images and digits, shuffled: 1,200 to train with and 597 to validate with."""
    digits = load_digits()
    order = numpy.random.default_rng(0).permutation(len(digits.target))
    images, target = digits.data[order] / 16.0, digits.target[order]
    return images[:1200], target[:1200], images[1200:], target[1200:]


def train(name, purpose, changes, epochs, pause):
    settings = DEFAULTS | changes
    images, digits, held_out, held_out_digits = data()
    images, digits = images[: settings["images"]], digits[: settings["images"]]
    network, rng = Network(settings), numpy.random.default_rng(settings["seed"])
    began = time.perf_counter()
    history = {"train/loss": [], "val/loss": [], "train/accuracy": [], "val/accuracy": []}
    with mlflow.start_run(run_name=name, description=purpose, tags={"demo": "digits", "model": "mlp"}) as run:
        mlflow.log_params(settings | {"epochs": epochs, "dataset": "sklearn digits", "optimizer": "sgd"})
        mlflow.log_input(mlflow.data.from_numpy(images, targets=digits, name="digits"), context="training")
        for epoch in range(epochs):
            order, norm = rng.permutation(len(digits)), 0.0
            for start in range(0, len(order), settings["batch_size"]):
                batch = order[start : start + settings["batch_size"]]
                norm = network.learn(images[batch], digits[batch])
            values = dict(zip(("train/loss", "train/accuracy"), network.evaluate(images, digits), strict=True))
            values |= zip(("val/loss", "val/accuracy"), network.evaluate(held_out, held_out_digits), strict=True)
            for key, value in values.items():
                history[key].append(value)
            # An epoch is one request, and it is on the screen while the next one is computed.
            mlflow.log_metrics(values | {"gradient norm": norm, "epoch time": time.perf_counter() - began}, step=epoch)
            time.sleep(pause)
        log_files(network, held_out, held_out_digits, history)
    print(f"  {name:14} train/loss {history['train/loss'][-1]:10.4f}   val/loss {history['val/loss'][-1]:10.4f}   "
          f"val/accuracy {history['val/accuracy'][-1]:.3f}   {run.info.run_id}", flush=True)


def log_files(network, held_out, digits, history):
    """A figure, the weights, and a report as JSON."""
    figure, axes = pyplot.subplots(figsize=(6, 3.5))
    for key in ("train/loss", "val/loss"):
        # A diverged loss leaves every scale; what is left of it is drawn.
        axes.plot([value if value < 1e6 else numpy.nan for value in history[key]], label=key)
    axes.set(xlabel="epoch", ylabel="loss", yscale="log")
    axes.legend()
    figure.tight_layout()
    mlflow.log_figure(figure, "figures/loss.png")
    pyplot.close(figure)
    weights = io.BytesIO()
    numpy.savez(weights, *network.weights)
    weights.seek(0)
    mlflow.log_stream(weights, "model/weights.npz")
    guesses = network.forward(held_out)[1].argmax(1)
    accuracy = {str(d): round(float((guesses[digits == d] == d).mean()), 4) for d in range(10)}
    mlflow.log_dict({"accuracy per digit": accuracy, "images": len(digits)}, "reports/validation.json")


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.split("\n\n")[0])
    parser.add_argument("server", nargs="?", default=os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"))
    parser.add_argument("--live", action="store_true", help="slow enough to watch the curves move, about five minutes")
    parser.add_argument("--epochs", type=int, default=60)
    arguments = parser.parse_args()
    server = arguments.server.rstrip("/")
    try:
        requests.get(server + "/health", timeout=5).raise_for_status()
    except requests.RequestException:
        sys.exit(f"No server answers at {server}. Start one with scripts/serve, or name it: scripts/demo URL")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    # A diverged run overflows: that is what it shows.
    numpy.seterr(all="ignore")
    mlflow.set_tracking_uri(server)
    experiment = mlflow.set_experiment(EXPERIMENT)
    mlflow.set_experiment_tags({"mlflow.note.content": PURPOSE, "dataset": "sklearn digits"})
    print(f"Training {len(RUNS)} networks on handwritten digits; watch them at {server}", flush=True)
    for name, purpose, changes in RUNS:
        train(name, purpose, changes, arguments.epochs, 0.6 if arguments.live else 0)
    print(f"Done: experiment \"{EXPERIMENT}\" (id {experiment.experiment_id}).")


if __name__ == "__main__":
    main()
