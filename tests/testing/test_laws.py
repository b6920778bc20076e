"""Each law can fail: something is made that breaks it and, mostly, nothing else. The table itself keeps them all (tests/laws)."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import TABLE, families
from minitorch.ops.front import PUBLIC
from minitorch.ops.op import Op
from minitorch.testing.case import Case
from minitorch.testing.domains import Rule, between
from minitorch.testing.examples import cases
from minitorch.testing.laws import LAWS, corners, memory, scalars, tape
from minitorch.testing.subjects import Subject, of_op

BY_NAME = {law.name: law for law in LAWS}
#: Those of corners.py were found by planting mistakes, and that is how they are tested: tests/testing/test_faults.py.
NAMES = [law.name for law in LAWS if law not in vars(corners).values() or getattr(corners, law.name, None) is not law]
kept: list = []
times = [0]


@pytest.fixture(autouse=True)
def tables():
    """What a test declares goes with it."""
    ops, public = dict(TABLE), {space: dict(names) for space, names in PUBLIC.items()}
    yield
    kept.clear()
    for table, before in [(TABLE, ops), *((PUBLIC[space], names) for space, names in public.items())]:
        for name in set(table) - set(before):
            del table[name]


def called(function, name="exp", op=None, **said):
    """A function as a subject under a name of PyTorch's."""
    rule = Rule(domains={"input": between(0.25, 2)}, complex=False, **said)
    return Subject(name, function, "elementwise", ("input",), (), rule, op)


def declared(forward, family=families.elementwise, jvp=None, **said):
    """An op with the rules of exp."""
    op = family(**said)(forward)
    op.vjp(x=lambda g, out: g * out)
    return of_op(op.jvp(x=jvp) if jvp else op)


def grown(xp, x):
    """e to the power x."""
    return xp.exp(x)


def tripled(xp, x):
    """3 times e to the power x, by way of a thousandth."""
    return xp.exp(x) * 1e-3 * 3e3


def squared(xp, x):
    """x times x."""
    return x * x


def still(x):
    return x.exp(), x - x.detach()


def wrong_at(order):
    """exp, its derivative of one order off by 1 % and all below it right."""

    def function(x):
        value, zero = still(x)
        return value + 0.01 * zero**order

    return called(function)


def writing(x):
    y = x.exp()
    x._data[...] = x._data + 1
    return y


def recording(x):
    with mt.enable_grad():
        return x.clone().requires_grad_().exp()


def warning(x):
    with np.errstate(all="warn"):
        return mt.Tensor._wrap(np.asarray(np.log(x._data)))


def noisy(x):
    times[0] += 1
    return x.exp() + times[0] * 1e-9


def striding(x):
    return x.exp() * (1.0 if x.is_contiguous() else 1.01)


def keeping(x):
    y = x.exp()
    kept.append(y)
    return y


def counting(x):
    """float64 only."""
    return x.exp() if x.dtype.is_floating_point else mt.exp(x.double())


def rough(x):
    return x.exp() * (1.001 if x.dtype is mt.float32 else 1.0)


def cut_off(x):
    return mt.where(x.isinf(), mt.full_like(x, 7.0), x.exp())


def on_the_host(x):
    raw = x._data
    return mt.Tensor._wrap(np.asarray(np.exp(raw.get() if hasattr(raw, "get") else raw)))


def without_widening(patch):
    patch.setattr(Op, "compute", lambda op, xp, datas, params: op.forward(xp, *datas, **params))


def linear_that_is_not():
    op = families.movement()(squared)
    return of_op(op.vjp(x=lambda g, x: 2 * g * x))


def multilinear_that_is_not():
    @families.contraction()
    def affine(xp, x, y):
        """x times y and 1."""
        return x * y + 1

    subject = of_op(affine.vjp(x=lambda g, y: g * y, y=lambda g, x: g * x))
    return replace(subject, given=(Case("two vectors", (np.ones(3), np.arange(3.0)), {}),))


def stalling():
    def total(xp, x, *, dim=None, keepdim=False):
        """The sum, one by one."""
        return xp.cumsum(x, axis=dim[0])[-1] if dim and x.ndim == 1 else xp.sum(x, axis=dim, keepdims=keepdim)

    op = families.reduction()(total)
    return of_op(op.vjp(x=lambda g, x: g * (x * 0 + 1)))


def fused(definition):
    """The fused op of sums, with another definition."""
    op = copy.copy(TABLE["standardize"])
    for name in ("keeps", "save", "save_one", "pull", "frees"):
        op.__dict__.pop(name, None)
    op.base, op.definition, op._conjugated = op, definition, None
    return replace(of_op(op), given=cases(of_op(TABLE["standardize"]))[:2])


def scaled(*args, **params):
    return TABLE["standardize"].definition(*args, **params) * 1.01


def bent(x, *args, **params):
    """The same value with another gradient."""
    return TABLE["standardize"].definition(x, *args, **params) + 0.01 * (x - x.detach())


def unequal_on_the_device():
    def exact(xp, x):
        """e to the power x, but for the device's halves."""
        return xp.exp(x) * (1.5 if xp.name != "cpu" else 1.0)

    return declared(exact)


def doubled(gradients):
    """Gradients of another dtype."""

    def pulled(*args, **how):
        return tuple(mt.Tensor._wrap(g._data.astype("float64")) for g in gradients(*args, **how))

    return pulled


#: law -> what breaks it: a subject, or a function of pytest's monkeypatch that gives one.
BREAKS = {
    "values_are_pytorchs": called(lambda x: x.exp() * 1.001),
    "gradients_are_pytorchs": wrong_at(1),
    "second_gradients_are_pytorchs": wrong_at(2),
    "zeros_infinities_and_nan_come_out_as_in_pytorch": called(cut_off),
    "gradients_at_zeros_infinities_and_nan_are_pytorchs": called(lambda x: x.exp() + mt.where(x == 0, x - x.detach(), 0.0)),
    "dtypes_promote_and_are_refused_as_in_pytorch": called(counting),
    "first_derivative": wrong_at(1),
    "second_derivative": wrong_at(2),
    "third_derivative": wrong_at(3),
    "operands_and_cotangents_are_never_written": called(writing),
    "no_grad_leaves_no_tape": called(recording),
    "what_has_no_derivative_is_not_recorded": called(lambda x: x.exp(), op=SimpleNamespace(differentiable=False)),
    "no_floating_point_warning_escapes": called(warning),
    "the_same_call_gives_the_same_numbers": called(noisy),
    "operands_may_lie_anywhere_in_memory": called(striding),
    "the_tape_goes_with_the_last_reference": called(keeping),
    "float32_is_near_float64": called(rough),
    "the_device_gives_the_same_and_nobody_waits": called(on_the_host),
    "the_forward_is_the_definition": lambda patch: fused(scaled),
    "the_joint_rule_is_the_definitions_gradient": lambda patch: fused(bent),
    "a_fused_op_is_one_node": lambda patch: replace(fused(scaled), function=TABLE["standardize"]),
    "forward_mode_is_the_transpose_of_reverse_mode": lambda patch: declared(grown, families.window, lambda t, out: 2 * t * out),
    "forward_mode_can_be_differentiated": lambda patch: declared(grown, families.window, lambda t, out: t * out.detach()),
    "the_gradient_is_linear_in_the_cotangent": lambda patch: of_op(families.elementwise()(grown).vjp(x=lambda g, x: g * g)),
    "a_linear_op_is_linear_in_its_operands_together": lambda patch: linear_that_is_not(),
    "a_multilinear_op_is_linear_in_each_operand": lambda patch: multilinear_that_is_not(),
    "float16_is_computed_in_float32_and_rounded_once": lambda patch: (without_widening(patch), declared(tripled))[1],
    "long_float16_reductions_accumulate_in_float32": lambda patch: (without_widening(patch), stalling())[1],
    "half_precision_is_the_same_on_the_device": lambda patch: unequal_on_the_device(),
    "a_value_is_a_0d_tensor": lambda patch: (
        patch.setattr(scalars, "with_values", lambda *call: scalars.with_tensors(*call)[:2] + ([7.0],)), of_op(TABLE["exp"]))[1],
    "a_value_is_a_0d_tensor_also_in_the_corners": lambda patch: (
        patch.setattr(scalars.Value, "backward", lambda value: None), of_op(TABLE["exp"]))[1],
    "a_gradient_has_its_tensors_shape_dtype_and_device": lambda patch: (
        patch.setattr(memory, "gradients", doubled(memory.gradients)), called(lambda x: x.exp()))[1],
    "gradients_have_memory_of_their_own": lambda patch: (
        patch.setattr(memory.np, "shares_memory", lambda *arrays: True), called(lambda x: x.exp()))[1],
    "leaves_accumulate": lambda patch: (
        patch.setattr(tape, "backward", lambda outputs, seeds, retain_graph=False: retain_graph and gradients_into(outputs, seeds)),
        called(lambda x: x.exp()))[1],
    "a_second_backward_raises_where_something_was_saved": lambda patch: (
        patch.setattr(tape, "backward", lambda outputs, seeds: gradients_into(outputs, seeds)), of_op(TABLE["exp"]))[1],
    "a_write_to_what_was_saved_is_noticed_and_names_the_op": lambda patch: (
        patch.setattr(tape, "backward", lambda outputs, seeds: None), of_op(TABLE["log"]))[1],
}  # fmt: skip


def gradients_into(outputs, seeds):
    """A backward that keeps the graph."""
    mt.autograd.backward(outputs, seeds, retain_graph=True)


def test_every_law_is_broken_here():
    assert set(BREAKS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_law_can_fail(name, monkeypatch):
    law, found = BY_NAME[name], BREAKS[name]
    if law.name in vars(__import__("minitorch.testing.laws.referee", fromlist=["x"])):
        pytest.importorskip("torch")
    subject = found if isinstance(found, Subject) else found(monkeypatch)
    subject = subject if subject.given else replace(subject, given=tuple(fresh(subject)))
    assert law.applies(subject) is None
    with pytest.raises((AssertionError, TypeError, RuntimeError, RuntimeWarning)):
        law.check(subject)


def fresh(subject):
    """Cases of one operand, on arrays of their own."""
    if subject.family == "reduction":
        return [Case("(3,)", (np.array([0.25, 0.5, 1.5]),), {"dim": 0})]
    params = {"dim": 0} if "dim" in subject.params else {}
    numbers = np.array([0.25, 0.5, 1.5])
    return [Case("(3,)", (numbers,), params), Case("(2, 3)", (np.stack([numbers, numbers + 0.25]),), params)]
