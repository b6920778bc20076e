"""The README's table "Where PyTorch is wrong or has no derivative", computed: PyTorch's number, the true one, and ours.

Each row is a function f, a point x and a direction v: of s(t) = sum of w f(x + t v), with weights w that tell every
element from every other, the n-th derivative at t = 0, in reverse mode (a gradient of a gradient of ...) or in forward
mode (a jvp of a jvp). The true number is a difference of PyTorch's own values of s in float64, by a stencil of 11
points; of a mere value it is what the C library says. A row whose function minitorch does not have yet appears with the function. After a change, from the root:

    python -m tests.laws.test_against_pytorch_table
"""

import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch as mt

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- PyTorch table: begin -->", "<!-- PyTorch table: end -->"
COMMAND = "python -m tests.laws.test_against_pytorch_table"
ORDERS = ("value", "1st", "2nd", "3rd")
REVERSE, FORWARD = "", ", jvp of a jvp"


@dataclass(frozen=True)
class Row:
    name: str
    function: Callable[[Any, Any], Any]  # of the library and x
    point: np.ndarray
    order: int
    mode: str = REVERSE
    fixed: tuple[int, ...] = ()  # entries of x that do not move, where f has a kink there
    step: float = 0.05
    needs: str = ""  # the qualified name that minitorch must have

    def __str__(self):
        return f"{self.name}: {ORDERS[self.order]}{self.mode}"

    @property
    def there(self):
        home = mt
        for name in self.needs.split(".") if self.needs else ():
            home = getattr(home, name, None)
        return home is not None

    def line(self, lib):
        """s, of a tensor without dimensions."""
        x = lib.tensor(self.point.tolist(), dtype=lib.float64)
        v = np.cos(np.arange(self.point.size) * 1.7 + 0.3).reshape(self.point.shape)
        v.reshape(-1)[list(self.fixed)] = 0
        v = lib.tensor(v.tolist(), dtype=lib.float64)

        def s(t):
            out = self.function(lib, x + t * v)
            w = lib.cos(lib.arange(out.numel(), dtype=lib.float64) + 1).reshape(out.shape)
            return (out * w).sum()

        return s

    def derivative(self, lib, jvp):
        """The number that a library arrives at, or its error."""
        s, t = self.line(lib), lib.tensor(0.0, dtype=lib.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if self.mode == FORWARD:
                    for _ in range(self.order):
                        s = jvp(s)
                    return s(t).item()
                t.requires_grad_()
                found = s(t)
                for level in range(self.order):
                    if level and not found.requires_grad:
                        return 0.0  # a gradient that depends on nothing
                    (found,) = lib.autograd.grad(found, t, create_graph=True)
                return found.item()
            except Exception as error:
                return error

    def truth(self, lib):
        """The number by differences: of 11 values, weighed so that polynomials of degree 10 come out right."""
        s, places = self.line(lib), np.arange(-5, 6)
        if not self.order:
            return TRUE_VALUES[self.name]
        right = np.zeros(11)
        right[self.order] = math.factorial(self.order) / self.step**self.order
        weights = np.linalg.solve(np.vander(places, increasing=True).T.astype(float), right)
        values = [s(lib.tensor(place * self.step, dtype=lib.float64)).item() for place in places]
        return float(np.dot(weights, values))


def numbers(*shape, low=-1.5, high=1.5, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape).round(3)


def line(*values):
    return np.array(values)


def whole(lib, *values):
    return lib.tensor(values)


TRUE_VALUES = {"`special.ndtr(-10)`": math.erfc(10 / math.sqrt(2)) / 2 * math.cos(1)}
MIXED = numbers(2, 4)
MATRIX = numbers(3, 3)
ROWS = (
    # numbers that are wrong
    Row("`layer_norm`", lambda m, x: m.nn.functional.layer_norm(x, (4,)), MIXED, 3),
    Row("`layer_norm`", lambda m, x: m.nn.functional.layer_norm(x, (4,)), MIXED, 2, FORWARD),
    Row("`batch_norm` (training)", lambda m, x: m.nn.functional.batch_norm(x, None, None, training=True), numbers(4, 2), 3,
        needs="nn.functional.batch_norm"),
    Row("`batch_norm` (training)", lambda m, x: m.nn.functional.batch_norm(x, None, None, training=True), numbers(4, 2), 2,
        FORWARD, needs="nn.functional.batch_norm"),
    Row("`instance_norm`", lambda m, x: m.nn.functional.instance_norm(x), numbers(1, 2, 3), 3, needs="nn.functional.instance_norm"),
    Row("`linalg.det`", lambda m, x: m.linalg.det(x), MATRIX, 2, FORWARD),
    Row("`linalg.solve`, broadcast", lambda m, x: m.linalg.solve(x[:4].reshape(1, 2, 2) + 3 * m.eye(2, dtype=m.float64),
                                                                x[4:].reshape(3, 2, 1)), numbers(10), 2, FORWARD),
    Row("`linalg.householder_product`", lambda m, x: m.linalg.householder_product(x, x[0]), numbers(3, 2), 2, FORWARD),
    Row("`scatter_reduce` (prod)", lambda m, x: m.ones(2, dtype=m.float64).scatter_reduce(0, whole(m, 0, 0, 1), x, "prod"),
        numbers(3, seed=1), 2, FORWARD),
    Row("`logcumsumexp`", lambda m, x: m.logcumsumexp(x, 0), numbers(3), 3),
    Row("`linalg.vector_norm`, p = 2.5, with a 0", lambda m, x: m.linalg.vector_norm(x, 2.5), line(0.0, 1.0, 0.8, -0.5), 2,
        fixed=(0,)),
    Row("`sinc` at 0", lambda m, x: m.sinc(x), line(0.0), 2),
    Row("`0 ** x` at 1", lambda m, x: 0.0**x, line(1.0), 2),
    Row("`special.i1` at 0", lambda m, x: m.special.i1(x), line(0.0), 3),
    Row("`special.ndtr(-10)`", lambda m, x: m.special.ndtr(x), line(-10.0), 0),
    # derivatives that are missing
    Row("`scaled_dot_product_attention`", lambda m, x: m.nn.functional.scaled_dot_product_attention(x, x.sin(), x.cos()),
        numbers(1, 2, 3, 4), 2, needs="nn.functional.scaled_dot_product_attention"),
    Row("`layer_norm` with a bias but no weight", lambda m, x: m.nn.functional.layer_norm(x, (4,), None, x[0]), MIXED, 2),
    Row("`group_norm` with a bias but no weight", lambda m, x: m.nn.functional.group_norm(x, 2, None, x[0, :, 0]),
        numbers(2, 4, 2), 1, needs="nn.functional.group_norm"),
    Row("`cdist`", lambda m, x: m.cdist(x, x[:2].sin() * 3), numbers(3, 2), 2),
    Row("`pdist`", lambda m, x: m.nn.functional.pdist(x), numbers(3, 2), 2),
    Row("`hardsigmoid`", lambda m, x: m.nn.functional.hardsigmoid(x), numbers(3), 2),
    Row("`glu`", lambda m, x: m.nn.functional.glu(x), MIXED, 2, FORWARD),
    Row("`ctc_loss`", lambda m, x: m.nn.functional.ctc_loss(x.log_softmax(2), whole(m, [1, 2]), whole(m, 4), whole(m, 2)),
        numbers(4, 1, 3), 2, needs="nn.functional.ctc_loss"),
    Row("`multi_margin_loss`, p = 2", lambda m, x: m.nn.functional.multi_margin_loss(x, whole(m, 1, 0), p=2), numbers(2, 3), 2,
        needs="nn.functional.multi_margin_loss"),
    Row("`multilabel_margin_loss` of a square", lambda m, x: m.nn.functional.multilabel_margin_loss(x * x, whole(m, [1, -1, 0])),
        numbers(1, 3), 2, needs="nn.functional.multilabel_margin_loss"),
    Row("`cross_entropy`, by its class weights", lambda m, x: m.nn.functional.cross_entropy(x.sin(), whole(m, 1, 0), x[0].exp()),
        numbers(2, 3), 1),
    Row("`binary_cross_entropy`, by its weight", lambda m, x: m.nn.functional.binary_cross_entropy(x, x * x, x.exp()),
        numbers(3, low=0.3, high=0.7), 1, step=0.02),
    Row("`binary_cross_entropy_with_logits`, by `pos_weight`", lambda m, x: m.nn.functional.binary_cross_entropy_with_logits(
        x, m.full_like(x, 0.5), pos_weight=x.exp()), numbers(3), 1),
    Row("`vander`", lambda m, x: m.vander(x), numbers(3), 1),
    Row("`linalg.cond(x, 'fro')`", lambda m, x: m.linalg.cond(x, "fro"), MATRIX, 1),
    Row("`scatter_add`, source larger than its index", lambda m, x: m.zeros(3, dtype=m.float64).scatter_add(0, whole(m, 0, 0), x),
        numbers(3), 1),
    Row("`bincount`, by its weights", lambda m, x: m.bincount(whole(m, 0, 1, 1), x), numbers(3), 1),
    Row("`unique`", lambda m, x: m.unique(x), numbers(3), 1),
    Row("`remainder(7, x)`", lambda m, x: m.remainder(7, x), line(1.6, 2.1), 1, step=0.01),
    Row("`special.bessel_j0`, and its kin", lambda m, x: m.special.bessel_j0(x), numbers(3), 1),
    Row("`special.airy_ai`", lambda m, x: m.special.airy_ai(x), numbers(3), 1),
    Row("`special.hermite_polynomial_h`, and its kin", lambda m, x: m.special.hermite_polynomial_h(x, 3), numbers(3), 1),
)  # fmt: skip


def their_jvp(s):
    import torch

    return lambda t: torch.func.jvp(s, (t,), (torch.ones_like(t),))[1]


def our_jvp(s):
    return lambda t: mt.autograd.functional.jvp(s, t, mt.ones_like(t), create_graph=True)[1]


@cache
def measured():
    """(row, PyTorch's number or error, the true number, ours) for each row whose function is there."""
    import torch

    return tuple((row, row.derivative(torch, their_jvp), row.truth(torch), row.derivative(mt, our_jvp))
                 for row in ROWS if row.there)  # fmt: skip


def shown(found):
    """A number to 4 digits, or the beginning of an error."""
    if isinstance(found, Exception):
        words = re.split(r"[.;:,] |\.$|\n", str(found))[0].split()
        return "raises: " + " ".join(words[:9]) + (" …" if len(words) > 9 else "")
    return f"{found + 0.0:.4g}"


def noise(row):
    """What differences leave of a 0."""
    return 1e-11 if row.order else 0.0


def table():
    import torch

    lines = [f"| function | derivative | PyTorch {torch.__version__.split('+')[0]} | true | minitorch |", "|---|---|---|---|---|"]
    for row, theirs, true, ours in measured():
        true, ours = (0.0 if isinstance(number, float) and abs(number) <= noise(row) else number for number in (true, ours))
        lines.append(f"| {row.name} | {ORDERS[row.order]}{row.mode} | {shown(theirs)} | {shown(true)} | {shown(ours)} |")
    return "\n".join(lines)


def parts(begin=BEGIN, end=END):
    """README before the table between two marks, the table, and after it."""
    before, rest = README.read_text(encoding="utf-8").split(begin + "\n")
    inside, after = rest.split("\n" + end)
    return before, inside, after


def rewrite(table, begin=BEGIN, end=END):
    """Put a table between its marks in README."""
    before, _, after = parts(begin, end)
    README.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


@pytest.mark.parametrize("row", [row for row in ROWS if row.there], ids=str)
def test_our_number_is_true(row):
    assert row.derivative(mt, our_jvp) == pytest.approx(row.truth(mt), rel=2e-5, abs=noise(row))


@pytest.mark.referee
def test_pytorchs_number_is_not():
    pytest.importorskip("torch")
    for row, theirs, true, _ in measured():
        assert not isinstance(theirs, float) or theirs != pytest.approx(true, rel=1e-3, abs=noise(row)), f"{row}: right by now"


@pytest.mark.referee
def test_the_readme_says_what_is_computed():
    pytest.importorskip("torch")
    inside = parts()[1]
    assert inside.splitlines() == table().splitlines(), f"the table in README.md is out of date: run `{COMMAND}`"


if __name__ == "__main__":
    rewrite(table())
