"""Three wrong gradients and what is said of them, as the README shows it: `python -m tests.testing.three_faults` prints it."""

import minitorch as mt
from minitorch.ops.op import Op
from minitorch.testing import GradientError, gradcheck, gradgradcheck


def scaled(xp, x, weight):
    return x * weight


scale = Op(scaled, "scaled", "elementwise", ()).vjp(
    x=lambda g, weight: g * weight,
    weight=lambda g, x: g * x * 1.05,
)


class AddRow(mt.autograd.Function):
    @staticmethod
    def forward(ctx, rows, bias):
        return rows + bias

    @staticmethod
    def backward(ctx, g):
        return g, g[0]


class Square(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x.detach()


def gate(x, weight):
    return (scale(x.exp(), weight) * 1e-4).sum()


def layer(x, weight, bias):
    hidden = x @ weight
    return AddRow.apply(hidden, bias).tanh()


def energy(x):
    return Square.apply(x).sin().sum()


def messages():
    """What each check says."""
    mt.manual_seed(0)
    f64 = mt.float64
    x = mt.tensor([0.5, 2.0, -1.0], dtype=f64)
    weights = mt.randn(2, 3, dtype=f64), mt.randn(3, 4, dtype=f64), mt.randn(4, dtype=f64)
    found = []
    for check, function, inputs in (
        (gradcheck, gate, (x, mt.tensor([1.5, -1.0, 0.25], dtype=f64))),
        (gradcheck, layer, weights),
        (gradgradcheck, energy, x),  # which gradcheck passes
    ):
        try:
            check(function, inputs)
        except GradientError as error:
            found.append(str(error))
    return found


if __name__ == "__main__":
    print("\n\n".join(messages()))
