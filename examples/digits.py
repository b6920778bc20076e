"""Trains a small network on real handwritten digits and draws what happened.

scikit-learn's 1,797 scanned digits (8 x 8 pixels) are split into a training and a test set and standardised by the
training set's mean and deviation. A two-layer network is trained with AdamW on shuffled mini-batches. Printed: the
accuracy on the digits it has not seen. Drawn into --out: learning curves, the confusion matrix, the computation
graph of one small step with its gradients, also as a page that walks through the backward in a browser.

    python examples/digits.py [--epochs 25] [--seed 0] [--out examples/out]
"""

import argparse
import time
from pathlib import Path

import matplotlib
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import minitorch as mt
from minitorch import nn, viz
from minitorch.nn import functional as F

matplotlib.use("Agg")
from matplotlib import pyplot as plt

BATCH = 64


def load(seed):
    """Training and test images (float32, standardised) and their labels (int64), as tensors."""
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        images.astype("float32"), labels.astype("int64"), test_size=0.25, random_state=seed, stratify=labels
    )
    mean, deviation = train_x.mean(0), train_x.std(0) + 1e-2  # some border pixels never change
    arrays = (train_x - mean) / deviation, train_y, (test_x - mean) / deviation, test_y
    return [mt.tensor(array) for array in arrays]


def evaluate(model, x, y):
    """Mean loss, accuracy and the predicted labels, with no tape."""
    model.eval()
    with mt.no_grad():
        scores = model(x)
        predicted = scores.argmax(dim=1)
        result = F.cross_entropy(scores, y).item(), (predicted == y).float().mean().item(), predicted
    model.train()
    return result


def train(model, train_x, train_y, test_x, test_y, epochs):
    """Fits the model; returns (training loss, test loss, test accuracy) per epoch."""
    optimiser = mt.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    history = []
    with tqdm(range(epochs), unit="epoch") as progress:
        for _ in progress:
            total = 0.0
            for batch in mt.randperm(len(train_x)).split(BATCH):
                loss = F.cross_entropy(model(train_x[batch]), train_y[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                total += loss.item() * len(batch)
            test_loss, accuracy, _ = evaluate(model, test_x, test_y)
            history.append((total / len(train_x), test_loss, accuracy))
            progress.set_postfix(loss=f"{history[-1][0]:.4f}", accuracy=f"{accuracy:.1%}")
    return history


def draw_curves(history, path):
    train_loss, test_loss, accuracy = zip(*history, strict=True)
    epochs = range(1, len(history) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.plot(epochs, train_loss, label="training")
    left.plot(epochs, test_loss, label="test")
    left.set(xlabel="epoch", ylabel="cross entropy", yscale="log", title="loss")
    left.legend()
    right.plot(epochs, [100 * share for share in accuracy], color="C2")
    right.set(xlabel="epoch", ylabel="%", title=f"test accuracy, at the end {accuracy[-1]:.1%}")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_confusion(labels, predicted, path):
    counts = mt.bincount(labels * 10 + predicted, minlength=100).reshape(10, 10)
    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.imshow(counts.numpy() ** 0.3, cmap="Blues")  # the power makes single mistakes visible
    for row, line in enumerate(counts.tolist()):
        for column, count in enumerate(line):
            if count:
                axes.text(column, row, count, ha="center", va="center", color="white" if row == column else "black")
    axes.set(xlabel="predicted", ylabel="written", xticks=range(10), yticks=range(10), title="test digits")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_step(model, images, labels, paths):
    model.zero_grad()
    with viz.record():
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
    names = {"images": images, "labels": labels, "loss": loss}
    picture = viz.graph(loss, params=model, names=names, color="gradient", caption=f"One step on {len(images)} digits")
    for path in paths:
        picture.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    mt.manual_seed(options.seed)
    train_x, train_y, test_x, test_y = load(options.seed)
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 10))

    started = time.perf_counter()
    history = train(model, train_x, train_y, test_x, test_y, options.epochs)
    seconds = time.perf_counter() - started
    _, accuracy, predicted = evaluate(model, test_x, test_y)

    pictures = [options.out / f"digits_{name}" for name in ("curves.png", "confusion.png", "graph.svg", "graph.html")]
    draw_curves(history, pictures[0])
    draw_confusion(test_y, predicted, pictures[1])
    draw_step(model, train_x[:4], train_y[:4], pictures[2:])

    print(f"test accuracy: {accuracy:.2%} of {len(test_y)} digits ({len(history)} epochs in {seconds:.1f} s)")
    for path in pictures:
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
