"""`check_op`: the laws over one op, the package's or one's own, with operands that are given or guessed."""

import importlib.util

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import TABLE, families
from minitorch.ops.front import PUBLIC
from minitorch.testing import GradientError, check_op
from minitorch.testing.domains import call
from minitorch.testing.guessing import subjects_of
from minitorch.testing.laws import LAWS

VALUES = [law for law in LAWS if law.column == "value"]
SLOPES = [law for law in LAWS if law.column in ("1st", "2nd")]


@pytest.fixture(autouse=True)
def tables():
    """What a test declares goes with it."""
    ops, public = dict(TABLE), {space: dict(names) for space, names in PUBLIC.items()}
    yield
    for table, before in [(TABLE, ops), *((PUBLIC[space], names) for space, names in public.items())]:
        for name in set(table) - set(before):
            del table[name]


def hypotenuse(factor=1.0):
    @families.elementwise("(input, other)")
    def hypotenuse(xp, x, y):
        """The longest side."""
        return xp.sqrt(x * x + y * y)

    return hypotenuse.vjp(x=lambda g, x, out: factor * g * x / out, y=lambda g, y, out: g * y / out)


def test_an_op_of_the_package_passes_under_all_its_names():
    for thing in ("sigmoid", "minitorch.sigmoid", mt.sigmoid, mt.Tensor.sigmoid, TABLE["sigmoid"]):
        assert {subject.op for subject in subjects_of(thing)} == {TABLE["sigmoid"]}
    assert [str(subject) for subject in subjects_of(mt.nn.functional.gelu)] == ["minitorch.nn.functional.gelu"]
    report = check_op(mt.sigmoid, draws=1)
    assert report.passed and "first_derivative" in str(report)
    assert check_op("nn.functional.gelu", draws=0).compared > 100


def test_an_op_of_ones_own_is_checked_like_any():
    report = check_op(hypotenuse())
    assert report.passed, report
    held = {line.what for line in report.lines}
    assert {"first_derivative", "third_derivative", "float32_is_near_float64", "the_device_gives_the_same_and_nobody_waits",
            "hypotenuse, drawn"} <= held  # fmt: skip
    assert any("PyTorch has no function of this name" in note for note in report.notes) or not importlib.util.find_spec("torch")


def test_a_mistake_is_named_with_its_call():
    report = check_op(hypotenuse(1.05), laws=SLOPES + VALUES, draws=3)
    assert not report
    broken = {finding.name for finding in report.findings}
    assert "first_derivative" in broken and "operands_and_cotangents_are_never_written" not in broken
    first = next(finding for finding in report.findings if finding.name == "first_derivative")
    assert "hypotenuse: " in first.where and "1.05" in first.text and len(str(report).splitlines()) <= 80
    with pytest.raises(GradientError, match="first_derivative"):
        check_op("hypotenuse", laws=SLOPES, draws=0, raise_exception=True)


def test_a_forward_that_only_the_host_knows_is_noticed():
    @families.elementwise("(input)")
    def grown(xp, x):
        """e to the power x."""
        return np.array(np.exp(x))

    report = check_op(grown.vjp(x=lambda g, out: g * out), draws=0)
    assert {"the_device_gives_the_same_and_nobody_waits", "half_precision_is_the_same_on_the_device"} == {
        finding.name for finding in report.findings}  # fmt: skip


def test_the_domain_is_guessed():
    @families.elementwise("(input)")
    def logarithm(xp, x):
        """The logarithm."""
        return xp.log(x)

    assert check_op(logarithm.vjp(x=lambda g, x: g / x), draws=2).passed

    @families.elementwise("(input)")
    def arccosine(xp, x):
        """The arc cosine."""
        return xp.arccos(x)

    root = TABLE["sqrt"]
    assert check_op(arccosine.vjp(x=lambda g, x: -g / root(1 - x * x)), laws=SLOPES, draws=0).passed


def test_a_reduction_and_a_product_are_guessed():
    @families.reduction("(input, dim=None, keepdim=False)")
    def total(xp, x, *, dim=None, keepdim=False):
        """The sum."""
        return xp.sum(x, axis=dim, keepdims=keepdim)

    from minitorch.ops.reduce import kept
    from minitorch.ops.shape import expand, reshape

    total.linear = True
    report = check_op(total.vjp(x=lambda g, x_shape, dim: expand(reshape(g, shape=kept(x_shape, dim)), shape=x_shape)))
    assert report.passed, report

    @families.contraction("(input, other)")
    def product(xp, x, y):
        """The matrix product."""
        return xp.matmul(x, y)

    product.vjp(x=lambda g, y: g @ TABLE["turned"](y), y=lambda g, x: TABLE["turned"](x) @ g)
    report = check_op(product, cases=[call((2, 3), (3, 4)), call((2, 2, 3), (2, 3, 1))], draws=0)
    assert report.passed, report


def test_given_cases_are_the_ones_that_are_held():
    x = mt.ones(2, 3, dtype=mt.float32)
    (subject, *_) = subjects_of("mul", cases=[(x, x), ((x, 2.0), {}), call((2,), (2,))])
    first, second, third = subject.given
    assert first.args[0] is first.args[1] and first.args[0].dtype == np.float64 and str(first) == "(2, 3), (2, 3)"
    assert second.args[1] == 2.0 and [array.shape for array in third.arrays] == [(2,), (2,)]
    assert check_op("mul", cases=[(x, x)], draws=0).passed


def test_what_cannot_be_guessed_is_asked_for():
    @families.window("(input, size)")
    def windowed(xp, x, *, size):
        """A window."""
        return x[:size]

    windowed.vjp(x=lambda g: g)
    with pytest.raises(LookupError, match="give cases"):
        check_op(windowed)
    with pytest.raises(LookupError, match="no op and no public function"):
        check_op("nothing_of_that_name")
    with pytest.raises(LookupError, match="no op and no public function"):
        check_op(len)


def test_without_hypothesis_the_examples_are_held(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "hypothesis" else find(name, *rest))
    report = check_op("exp", laws=LAWS[:3])
    assert report.passed and any("pip install" in note for note in report.notes)
