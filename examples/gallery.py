"""Draw the gallery: a few small programs, each as `viz.graph` shows it.

    python examples/gallery.py [--out DIR] [--only NAME ...]

A model and its inputs are run once and drawn by what they did; what was computed inside `record()` also knows its lines,
its numbers and its backward. The pictures are SVG. The MLP is also an HTML page that steps through its backward; open it in
a browser.
"""

import argparse
from pathlib import Path

import minitorch as mt
from minitorch import Value, nn, viz
from minitorch.nn import functional as F

PAGES = ("mlp",)


def expression():
    """Seven numbers: what each is, and what one more of it would do to the loss."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(6.9, label="c")
    with viz.record():
        d = a * b + c
        loss = d.tanh() * 0.5 + a**2
        loss.backward()
    return viz.graph(loss, names={"d": d, "loss": loss})


def mlp():
    """One training step of the network in digits.py, coloured by the size of the gradients."""
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 10))
    images, labels = mt.randn(4, 64), mt.tensor([3, 1, 4, 1])
    with viz.record():
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
    names = {"images": images, "labels": labels, "loss": loss}
    return viz.graph(loss, params=model, names=names, color="gradient", caption="An MLP: one step on four digits")


class LeNet(nn.Module):
    """LeCun et al., "Gradient-based learning applied to document recognition" (1998), with ReLU and max pooling."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
        )

    def forward(self, images):
        return self.classifier(self.features(images))


def lenet():
    """A convolutional network, coloured by the memory that its backward will need."""
    return viz.graph(LeNet(), mt.randn(8, 1, 28, 28), color="memory", caption="LeNet-5: what 8 images keep for backward")


class TwoLayers(nn.Module):
    """An LSTM of two layers, step by step."""

    def __init__(self):
        super().__init__()
        self.lower, self.upper = nn.LSTMCell(8, 16), nn.LSTMCell(16, 16)
        self.head = nn.Linear(16, 1)

    def forward(self, sequence):
        lower = upper = (mt.zeros(4, 16), mt.zeros(4, 16))
        for step in sequence:
            lower = self.lower(step, lower)
            upper = self.upper(lower[0], upper)
        return self.head(upper[0])


def lstm(**look):
    """A recurrence: five steps, rolled into one; what a step hands to the next is the dashed arrow."""
    return viz.graph(TwoLayers(), mt.randn(5, 4, 8), caption="A two-layer LSTM over 5 steps", **look)


def transformer(**look):
    """Four equal blocks, drawn once."""
    block = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
    model = nn.TransformerEncoder(block, 4)
    return viz.graph(model, mt.randn(2, 6, 16), caption="A Transformer of 4 blocks", **look)


def first_nan():
    """Where a NaN began: not where it was seen."""
    x = mt.tensor([[0.5, 2.0], [-1.0, 4.0]], requires_grad=True)
    with viz.record():
        scores = (x.log() * x).softmax(dim=1)
        loss = (scores - 1).pow(2).mean()
        loss.backward()
    return viz.graph(loss, names={"x": x, "scores": scores, "loss": loss}, show=("value", "shape"),
                     caption="The loss is nan: where did it begin?")  # fmt: skip


def failure():
    """A forward that raises, as far as it came."""
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(23, 10))
    return viz.graph(model, mt.randn(4, 64), caption="The layer that does not fit")


PICTURES = {
    "expression": expression,
    "mlp": mlp,
    "lenet": lenet,
    "lstm": lstm,
    "lstm_unrolled": lambda: lstm(fold=False, depth=1),
    "transformer": transformer,
    "transformer_blocks": lambda: transformer(fold=False, depth=2),
    "nan": first_nan,
    "failure": failure,
}


def draw(name):
    """A picture, from the same random numbers every time."""
    mt.manual_seed(0)
    return PICTURES[name]()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "gallery")
    parser.add_argument("--only", nargs="*", choices=PICTURES, default=list(PICTURES), help="draw these, not all")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        picture = draw(name)
        for ending in ("svg", "html") if name in PAGES else ("svg",):
            print(f"wrote {picture.save(options.out / f'{name}.{ending}')}")


if __name__ == "__main__":
    main()
