"""The DOT of a few programs, byte for byte as it is in golden/.

After a wanted change of looks: `python -m tests.viz.test_golden` writes the files anew.
"""

from pathlib import Path

import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.nn import functional as F
from tests.viz.tapes import small

GOLDEN = Path(__file__).parent / "golden"


def tape():
    loss, names = small()
    return viz.graph(loss, names=names, caption="mean squared")


def expression():
    a, b, c = mt.Value(2.0, label="a"), mt.Value(-3.0, label="b"), mt.Value(6.9, label="c")
    d = a * b + c
    loss = d.tanh() * 0.5 + a**2
    loss.backward()
    return viz.graph(loss)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))

    def forward(self, x, target):
        return F.cross_entropy(self.layers(x), target)


def classifier(**keywords):
    mt.manual_seed(0)
    return viz.graph(Classifier(), mt.ones(5, 3), mt.tensor([0, 1, 0, 1, 1]), **keywords)


def recurrence():
    mt.manual_seed(0)
    w, u = nn.Parameter(mt.ones(8, 8)), nn.Parameter(mt.ones(4, 8))

    def run(x):
        h = mt.zeros(2, 8)
        for t in range(x.shape[0]):
            h = mt.tanh(x[t] @ u + h @ w)
        return (h**2).sum()

    return viz.graph(run, mt.ones(7, 2, 4), names={"w": w, "u": u})


def failure():
    return viz.graph(nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 2)), mt.ones(5, 3))


PICTURES = {
    "tape": tape,
    "expression": expression,
    "classifier": classifier,
    "classifier_closed": lambda: classifier(depth=2, color="memory"),
    "encoder": lambda: viz.graph(nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(12))), mt.ones(1, 4)),
    "recurrence": recurrence,
    "failure": failure,
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_dot_is_as_it_was(name):
    assert PICTURES[name]().dot() == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, make in PICTURES.items():
        (GOLDEN / f"{name}.dot").write_text(make().dot(), encoding="utf-8")
