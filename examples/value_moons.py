"""Two interleaved moons, told apart by a network of single Python floats.

Each weight is a Value, and so is each number on the way from a point to the loss, so the tape of one step is the
whole calculation, written out. The loss is the margin of a support vector machine, max(0, 1 - label * score), plus a
small penalty on the weights (the classifier of Andrej Karpathy's micrograd, https://github.com/karpathy/micrograd).
The decision boundary is drawn into --out.

    python examples/value_moons.py [--steps 80] [--points 100] [--seed 0] [--out examples/out]
"""

import argparse
import random
import time
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.datasets import make_moons
from tqdm import tqdm

from minitorch import Value

matplotlib.use("Agg")
from matplotlib import pyplot as plt

PENALTY = 1e-4


class Neuron:
    """w . x + b, with relu unless it is linear."""

    def __init__(self, inputs, linear):
        self.weights = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.bias = Value(0.0)
        self.linear = linear

    def __call__(self, inputs):
        total = self.bias
        for weight, value in zip(self.weights, inputs, strict=True):
            total = total + weight * value
        return total if self.linear else total.relu()


class Network:
    """Layers of neurons; the last layer is one linear neuron, whose output is the score."""

    def __init__(self, *sizes):
        pairs = list(pairwise(sizes))
        self.layers = [
            [Neuron(inputs, linear=depth == len(pairs)) for _ in range(outputs)]
            for depth, (inputs, outputs) in enumerate(pairs, start=1)
        ]

    def __call__(self, values):
        for layer in self.layers:
            values = [neuron(values) for neuron in layer]
        return values[0]

    def parameters(self):
        return [value for layer in self.layers for neuron in layer for value in (*neuron.weights, neuron.bias)]


def loss_of(network, points, labels):
    """The mean margin loss plus the penalty, as one Value, and the share of points on the right side."""
    scores = [network(point) for point in points]
    margins = [(1 - label * score).relu() for label, score in zip(labels, scores, strict=True)]
    penalty = sum(parameter * parameter for parameter in network.parameters())
    loss = sum(margins) * (1.0 / len(margins)) + PENALTY * penalty
    right = sum((score.data > 0) == (label > 0) for label, score in zip(labels, scores, strict=True))
    return loss, right / len(labels)


def train(network, points, labels, steps):
    """Gradient descent with a falling rate; returns the last loss and accuracy."""
    share = 0.0
    with tqdm(range(steps), unit="step") as progress:
        for step in progress:
            loss, share = loss_of(network, points, labels)
            for parameter in network.parameters():
                parameter.grad = 0.0
            loss.backward()
            rate = 1.0 - 0.9 * step / steps
            for parameter in network.parameters():
                parameter.data -= rate * parameter.grad
            progress.set_postfix(loss=f"{loss.data:.4f}", accuracy=f"{share:.0%}")
    loss, share = loss_of(network, points, labels)
    return loss.data, share


def draw_boundary(network, points, labels, path, side=40):
    (left, bottom), (right, top) = points.min(0) - 0.5, points.max(0) + 0.5
    across, up = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    scores = [network([x, y]).data for x, y in zip(across.ravel().tolist(), up.ravel().tolist(), strict=True)]
    figure, axes = plt.subplots(figsize=(6, 4.5), layout="constrained")
    heights = np.reshape(scores, across.shape)
    axes.contourf(across, up, heights, levels=[-np.inf, 0, np.inf], colors=["#f7b7a3", "#a3c9f7"])
    axes.scatter(*points.T, c=labels, cmap="coolwarm_r", edgecolors="black", s=30)
    axes.set(title="two moons, one float at a time", xlabel="x", ylabel="y")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    random.seed(options.seed)
    points, classes = make_moons(n_samples=options.points, noise=0.1, random_state=options.seed)
    labels = (classes * 2 - 1).tolist()
    network = Network(2, 8, 8, 1)

    started = time.perf_counter()
    loss, share = train(network, points.tolist(), labels, options.steps)
    seconds = time.perf_counter() - started
    path = options.out / "value_moons.png"
    draw_boundary(network, points, labels, path)

    print(f"accuracy: {share:.1%} of {len(labels)} points, loss {loss:.4f} ({options.steps} steps in {seconds:.1f} s)")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
