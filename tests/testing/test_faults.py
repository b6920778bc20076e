"""Planted faults: each changes what it says, leaves nothing behind, and a sample of all is caught by the laws."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.graph.node import Node
from minitorch.ops import TABLE, edge
from minitorch.testing.faults import KINDS, Fault, campaign, faults, left_out, planted
from minitorch.testing.faults.explained import REASONS, explanation
from minitorch.testing.faults.hunting import broken, hunt
from minitorch.testing.faults.planting import DIVERTED, diverted
from minitorch.testing.laws import LAWS
from minitorch.testing.subjects import of_op

FAULTS = faults()


def state():
    """Everything that planting may touch."""
    functions = [edge.settle, Node.__init__]
    for op in TABLE.values():
        functions += [op.forward, op.definition, *op.rules.values(), *op.jvps.values(), *(fast for _, fast, _ in op.fast)]
    return [(id(f), f.__code__) for f in functions if f is not None], [dict(op.__dict__) for op in TABLE.values()]


def gradient(of, *arrays):
    """The gradients of a sum."""
    tensors = [mt.tensor(array, dtype=mt.float64, requires_grad=True) for array in arrays]
    out = of(*tensors)
    out.sum().backward()
    return [out.detach(), *(tensor.grad for tensor in tensors)]


# ---- the table -------------------------------------------------------------------------------------------------------
def test_every_op_and_every_kind_is_in_the_table():
    known = [*FAULTS, *left_out()]
    assert {fault.kind for fault in FAULTS} == set(KINDS)
    assert {fault.op for fault in FAULTS} == set(TABLE)
    for kind in KINDS:
        assert {fault.op for fault in known if fault.kind == kind} >= (set(TABLE) - {"full"} if kind != "untracked" else set())


def test_a_fault_is_planted_or_left_out_for_a_reason():
    assert len(set(FAULTS)) == len(FAULTS)
    assert not set(FAULTS) & set(left_out())
    assert all(left_out().values())


def test_the_explanations_are_of_faults_that_there_are():
    for key in REASONS:
        assert any(explanation(fault) == REASONS[key] and fault.op == key[0] for fault in FAULTS), key


@pytest.mark.parametrize("op", ["floor", "sign", "rint", "trunc", "ceil", "filled", "floor_quotient"])
def test_what_is_said_to_have_no_slope_has_none(op):
    ones = [np.full(3, 1.3) for _ in TABLE[op].inputs]
    params = {"value": 2.0} if op == "filled" else {}
    for slope in gradient(lambda *x: TABLE[op](*x, **params), *ones)[1:]:
        assert slope.tolist() == [0.0] * 3


# ---- planting --------------------------------------------------------------------------------------------------------
def test_every_fault_can_be_planted_and_leaves_nothing_behind():
    for op in TABLE.values():
        assert op.keeps is not None and (op.short or True)
    before = state()
    for fault in FAULTS:
        with planted(fault):
            pass
    assert state() == before
    assert not DIVERTED


def test_a_fault_is_taken_out_when_something_raises():
    before = state()
    with pytest.raises(KeyError), planted(Fault("exp", "sign", "gradient of x")):
        raise KeyError
    assert state() == before


def test_a_diverted_function_keeps_its_arguments():
    def function(a, b=2, *rest, c, d=4, **more):
        return a, b, rest, c, d, more, bound

    bound = 7
    with diverted(function, lambda original: lambda *args, **params: ["diverted", *original(*args, **params)]):
        assert function(1, c=3) == ["diverted", 1, 2, (), 3, 4, {}, 7]
        assert function(1, 2, 5, c=3, e=6) == ["diverted", 1, 2, (5,), 3, 4, {"e": 6}, 7]
    assert function(1, c=3) == (1, 2, (), 3, 4, {}, 7)


X, Y = np.array([[1.0, 2.0, 3.0]]), np.array([[4.0, 2.0, 5.0]])
SHOWN = {
    Fault("mul", "factor 1.05", "result out"): [X * Y * 1.05, Y, X],
    Fault("mul", "factor 0.999", "gradient of x"): [X * Y, Y * 0.999, X],
    Fault("mul", "sign", "gradient of y"): [X * Y, Y, -X],
    Fault("mul", "transposed", "gradient of x"): [X * Y, Y[:, ::-1], X],
    Fault("maximum", "ties", "gradient of x"): [np.maximum(X, Y), [[0, 0.75, 0]], [[1, 0.5, 1]]],
    Fault("mul", "size 1", "gradient of x"): [X * Y, Y * 1.05, X],
    Fault("mul", "layout", "gradient of x"): [X * Y, Y * 1.05, X],  # the cotangent is one number, expanded
    Fault("mul", "mutated", "gradient of x", "y"): [X * Y, Y, X],
    Fault("mul", "untracked", "gradient of x", "y"): [X * Y, Y, X],
    Fault("mul", "version", "edge"): [X * Y, Y, X],
}


@pytest.mark.parametrize(("fault", "expected"), SHOWN.items(), ids=str)
def test_a_fault_does_what_it_says(fault, expected):
    with planted(fault):
        found = gradient(getattr(mt, fault.op), X, Y)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-15)
    for one, other in zip(gradient(mt.mul, X, Y), [X * Y, Y, X], strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=0)


def test_an_operator_that_was_compiled_before_has_the_fault_too():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    assert (x * x).tolist() == [1, 4]
    with planted(Fault("mul", "sign", "result out")):
        assert (x * x).tolist() == [-1, -4]
        assert mt.mul(x, 2.0).tolist() == [-2, -4]
    assert (x * x).tolist() == [1, 4]


def test_what_is_off_the_tape_is_wrong_at_the_second_order_only():
    def slopes():
        x = mt.tensor([3.0], requires_grad=True)
        (g,) = mt.autograd.grad(mt.mul(x, mt.square(x)), x, create_graph=True)
        return g.item(), mt.autograd.grad(g, x)[0].item()

    with planted(Fault("square", "untracked", "gradient of x", "x")) as spoil:
        assert slopes() == (27.0, 12.0)
    assert spoil.changes
    assert slopes() == (27.0, 18.0)


def test_faults_around_an_op():
    x, y = mt.ones(2, 3, requires_grad=True), mt.ones(3, requires_grad=True)
    with planted(Fault("mul", "broadcast", "edge")):
        mt.mul(x, y).sum().backward()
    assert y.grad.tolist() == [1.0] * 3
    z = mt.tensor([1 + 2j], requires_grad=True)
    with planted(Fault("mul", "conjugation", "edge")):
        (z * z).sum().real.backward()
    assert z.grad.tolist() == [2 + 4j]
    with planted(Fault("exp", "promotion", "front")), np.errstate(all="ignore"):
        assert mt.exp(mt.tensor([1, 2])).dtype is mt.float64
    with planted(Fault("mul", "version", "edge")):
        out = (x * y).sum()
        with mt.no_grad():
            y.mul_(2.0)
        out.backward()


def test_hunting_finds_what_only_one_law_looks_for():
    for fault in (Fault("exp", "nondeterministic", "gradient of x"), Fault("sum", "mutated", "gradient of x", "g"),
                  Fault("exp", "dtype", "gradient of x"), Fault("matmul", "untracked", "gradient of y", "x")):  # fmt: skip
        assert hunt(fault, LAWS).law is not None, fault


# ---- the laws --------------------------------------------------------------------------------------------------------
def test_the_unfaulted_table_is_clean():
    """What fails under a fault holds without it: else nothing would be said."""
    for op in ("exp", "matmul", "amax", "standardize", "gather"):
        subject = of_op(TABLE[op])
        for law in LAWS:
            if law.applies(subject) is None:
                assert not any(broken(law, subject, case) for case in law.examples(subject)[:2]), (law, op)


def test_a_sample_of_all_faults_is_caught():
    """Two in a hundred of each kind; those that are not are explained."""
    pytest.importorskip("torch")
    verdicts = list(campaign.run(campaign.sample(FAULTS, 2, 0)))
    assert {verdict.fault.kind for verdict in verdicts if verdict.law} == set(KINDS)
    left = [str(verdict.fault) for verdict in verdicts if verdict.law is None and explanation(verdict.fault) is None]
    assert not left
    assert "caught" in campaign.report(verdicts)


def test_the_command_names_a_survivor(capsys, monkeypatch):
    monkeypatch.setattr(campaign, "LAWS", ())
    assert campaign.main(["--op", "neg", "--kind", "sign"]) == 1
    said = capsys.readouterr().out
    assert "sign: 0 of 2 caught (0.0 %)" in said and "neg: sign, gradient of x: NOT EXPLAINED" in said
