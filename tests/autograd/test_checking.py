"""gradcheck and gradgradcheck: what they pass, what they find, what they refuse."""

import pytest

import minitorch as mt
from tests.twins import compare

pytestmark = pytest.mark.referee


def wrong(lib):
    class Wrong(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x)
            return x**3 + y

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x.detach() ** 2, g * 3  # the second factor is wrong; the first has no second derivative

    return Wrong.apply


def first_line(call, *args, **kwargs):
    try:
        return call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__, str(error).split("\n")[0].split(":")[0].rstrip(",.")


def verdicts(lib):
    check, twice = lib.autograd.gradcheck, lib.autograd.gradgradcheck
    lib.manual_seed(0)
    x, y = (lib.rand(3, dtype=lib.float64, requires_grad=True) for _ in range(2))
    fixed = lib.rand(3, dtype=lib.float64)
    z = lib.rand(2, dtype=lib.complex128, requires_grad=True)
    return [check(lib.sin, x), check(lambda a, b: a * b, (x, y)), check(lambda a, b, n: (a**n * b, a), (x, fixed, 3)),
            twice(lambda a, b: a.exp() * b, (x, y)), check(lambda c: c * c.conj(), z),
            first_line(check, wrong(lib), (x, y)), check(wrong(lib), (x, y), raise_exception=False),
            check(wrong(lib), (x, fixed)), twice(wrong(lib), (x, fixed), raise_exception=False),
            first_line(check, lib.sin, fixed), first_line(check, lib.sin, (fixed,))]  # fmt: skip


def test_verdicts():
    compare(verdicts)


def test_the_message_says_where_and_by_how_much():
    x = mt.rand(3, dtype=mt.float64)
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 1: .*ratio 3"):
        mt.autograd.gradcheck(wrong(mt), (x.requires_grad_(), x.detach().clone().requires_grad_()))


def test_the_inputs_are_left_alone():
    x = mt.rand(3, dtype=mt.float64, requires_grad=True)
    before = x.detach().clone()
    assert mt.autograd.gradcheck(lambda a: a * 2, x)
    assert x.grad is None
    assert mt.equal(x, before)


def tolerances(lib):
    check = lib.autograd.gradcheck
    x = lib.tensor([0.5, -1.0], dtype=lib.float64, requires_grad=True)
    good = [check(lib.sin, x, fast_mode=True), check(wrong(lib), (x.detach(), x), raise_exception=False, atol=1.0),
            check(wrong(lib), (x.detach(), x), raise_exception=False, atol=100.0),
            check(wrong(lib), (x.detach(), x), raise_exception=False, rtol=5.0)]  # fmt: skip
    refused = []
    for options in ({"check_backward_ad": False}, {"check_batched_forward_grad": True}):
        try:
            refused.append(check(lib.sin, x, **options))
        except AssertionError as error:
            refused.append(str(error))
    return [*good, *refused]


def test_tolerances_and_modes_that_are_asked_for():
    compare(tolerances)
