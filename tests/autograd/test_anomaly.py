"""Anomaly mode: nan in a backward stops it, with PyTorch's sentence and the line of the forward."""

import inspect
import warnings
from pathlib import Path

import pytest

import minitorch as mt
from minitorch.graph.modes import recording, walking

HERE = Path(__file__).name


@pytest.fixture(autouse=True)
def off_afterwards():
    yield
    mt.set_anomaly_enabled(False)
    assert not recording and not walking


def line():
    """The line of the caller, as a note names it."""
    return f"{HERE}:{inspect.currentframe().f_back.f_lineno}"


def sqrt(lib):
    x = lib.tensor([-1.0, 4.0], requires_grad=True)
    return x.sqrt().sum()


def div_by_zero(lib):
    x, y = (lib.tensor([1.0, 0.0], requires_grad=True) for _ in range(2))
    return (x / y * 0).sum()


def second_output(lib):
    x, y = (lib.tensor([float("inf")], requires_grad=True) for _ in range(2))
    return (x / y).sum()


def same_parent_twice(lib):
    x = lib.tensor([float("inf"), 1.0], requires_grad=True)
    return (x * x - x * x).sum()


def broadcast(lib):
    x = lib.tensor([0.0], requires_grad=True)
    return (x.sqrt() * lib.tensor([0.0, 0.0])).sum()


def nan_operand(lib):
    x, y = lib.ones(3, requires_grad=True), lib.tensor([1.0, float("nan"), 2.0], requires_grad=True)
    return (y * x).sum()


def several_results(lib):
    values, vectors = lib.linalg.eigh(lib.eye(2, requires_grad=True) * 1)
    return values.sum() + (vectors * lib.tensor([[1.0, 2.0], [3.0, 4.0]])).sum()


def from_a_function(lib):
    class Bad(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * 1, y * 1

        @staticmethod
        def backward(ctx, g, h):
            return g, h * float("nan")

    a, b = Bad.apply(lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True))
    return (a + b).sum()


def inf_is_no_anomaly(lib):
    x = lib.tensor([0.0, 1.0], requires_grad=True)
    return x.sqrt().sum()


def of_double(lib):
    x = lib.tensor([0.0], dtype=lib.float64, requires_grad=True)
    return (x.log() * 0).sum()


def of_bfloat16(lib):
    x = lib.tensor([0.0], dtype=lib.bfloat16, requires_grad=True)
    return (x.log() * 0).sum()


def of_complex(lib):
    x = lib.tensor([0j], requires_grad=True)
    return (x.log() * 0).abs().sum()


def of_a_sparse_gradient(lib):
    table = lib.ones(3, 2, requires_grad=True)
    return (lib.nn.functional.embedding(lib.tensor([0, 2]), table, sparse=True) * float("nan")).sum()


def the_other_of_two_equal_parents(lib):
    class Second(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g, g * float("nan")

    x = lib.ones(2, requires_grad=True)
    return Second.apply(x, x).sum()


PROGRAMS = (sqrt, div_by_zero, second_output, same_parent_twice, broadcast, nan_operand, from_a_function,
            inf_is_no_anomaly, of_double, of_bfloat16, of_complex, of_a_sparse_gradient,
            the_other_of_two_equal_parents)  # fmt: skip


def outcome(lib, program, create_graph=False, **how):
    """The first sentence of what a backward in anomaly mode raises, and the first lines of what it warns."""
    said = "nothing"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with lib.autograd.detect_anomaly(**how):
            loss = program(lib)
            try:
                loss.backward(create_graph=create_graph)
            except RuntimeError as error:
                said = str(error).split(" Its")[0]
    texts = [(w.category, str(w.message).split("\n")[0]) for w in caught if "create_graph" not in str(w.message)]
    return said, texts


@pytest.mark.referee
@pytest.mark.parametrize("program", PROGRAMS)
def test_pytorchs_words(program):
    torch = pytest.importorskip("torch")
    assert outcome(mt, program) == outcome(torch, program)
    assert outcome(mt, program, True)[0] == outcome(torch, program, True)[0]
    assert outcome(mt, program, check_nan=False) == outcome(torch, program, check_nan=False)


@pytest.mark.referee
def test_nan_in_a_sparse_gradient():
    def said(lib):
        table = lib.ones(3, 2, requires_grad=True)
        with lib.autograd.set_detect_anomaly(True), warnings.catch_warnings(), pytest.raises(RuntimeError) as caught:
            warnings.simplefilter("ignore")
            rows = lib.nn.functional.embedding(lib.tensor([0, 2]), table, sparse=True)
            rows.backward(lib.tensor([[1.0, float("nan")], [1.0, 1.0]]))
        return str(caught.value).split(" Its")[0]

    assert said(mt) == said(pytest.importorskip("torch"))


def test_an_op_of_several_results():
    assert "EighBackward0' returned nan values in its 0th output." in outcome(mt, several_results)[0]


def settings(lib):
    seen = []

    def see():
        seen.append((lib.is_anomaly_enabled(), lib.is_anomaly_check_nan_enabled()))

    see()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = lib.autograd.detect_anomaly(check_nan=False)
    see()
    with mode:
        see()
        with lib.autograd.set_detect_anomaly(True):
            see()
        see()
        with lib.autograd.set_detect_anomaly(False):
            see()
        see()
    see()
    lib.autograd.set_detect_anomaly(True, False)
    see()
    with pytest.warns(UserWarning), lib.autograd.detect_anomaly():
        see()
    see()
    with lib.autograd.set_detect_anomaly(True):
        see()
    see()
    lib.autograd.set_detect_anomaly(False)
    see()
    for arguments in ((1,), (None,), (True, 1)):
        with pytest.raises(TypeError) as caught:
            lib.autograd.set_detect_anomaly(*arguments)
        seen.append(str(caught.value))
    see()
    return seen


@pytest.mark.referee
def test_the_switches_are_pytorchs():
    assert settings(mt) == settings(pytest.importorskip("torch"))


def test_the_line_of_the_forward_and_of_the_first_bad_value():
    with mt.autograd.set_detect_anomaly(True):
        x = mt.tensor([0.0, 1.0], requires_grad=True)
        bad, bad_line = (x - 1).log() * x, line()
        root, root_line = bad.sqrt(), line()
        with pytest.warns(UserWarning, match=f"(?s)Error detected in SqrtBackward0.*{root_line}"), \
                pytest.raises(RuntimeError) as caught:  # fmt: skip
            root.sum().backward()
    text = str(caught.value)
    assert f"in its 0th output. Its forward call is at {root_line}." in text
    assert f"nan is first in the value of 'log' of shape [2] at {bad_line}." in text


def test_a_bad_seed_is_the_first_bad_gradient():
    with mt.autograd.set_detect_anomaly(True):
        y = mt.ones(2, requires_grad=True) * 2
        with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="nan is first in the gradient of 'mul'"):
            y.backward(mt.tensor([float("nan"), 1.0]))


def test_a_forward_from_before_has_no_line():
    loss = sqrt(mt)
    with mt.autograd.set_detect_anomaly(True), pytest.warns(UserWarning, match="No forward pass information"), \
            pytest.raises(RuntimeError, match="Its forward call is not known"):  # fmt: skip
        loss.backward()


def test_the_module_is_named():
    net = mt.nn.Sequential(mt.nn.Linear(2, 2), mt.nn.Linear(2, 1))
    mt.nn.init.constant_(net[1].weight, float("nan"))
    with mt.autograd.set_detect_anomaly(True), pytest.warns(UserWarning), \
            pytest.raises(RuntimeError, match=r"\(in 1 \(Linear"):  # fmt: skip
        net(mt.ones(3, 2)).sum().backward()


def test_any_error_in_a_backward_is_traced():
    x = mt.ones(2, requires_grad=True)
    with mt.autograd.set_detect_anomaly(True):
        w = x * 1
        y, made = w * w, line()
        w.add_(1)
        with pytest.warns(UserWarning, match=f"(?s)Error detected in MulBackward0.*{made}"), \
                pytest.raises(RuntimeError, match="modified by an inplace operation"):  # fmt: skip
            y.sum().backward()


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_gradients_are_the_same(create_graph):
    def gradients():
        mt.manual_seed(0)
        net = mt.nn.Sequential(mt.nn.Linear(4, 5), mt.nn.LayerNorm(5), mt.nn.GELU(), mt.nn.Linear(5, 3))
        out = net(mt.randn(6, 4))
        loss = mt.nn.functional.cross_entropy(out, mt.tensor([0, 1, 2, 0, 1, 2])) + (out * out).mean()
        found = mt.autograd.grad(loss, list(net.parameters()), create_graph=create_graph)
        if create_graph:
            found = mt.autograd.grad(sum((g * g).sum() for g in found), list(net.parameters()), allow_unused=True)
        return [None if g is None else g.tolist() for g in found]

    plain = gradients()
    with mt.autograd.set_detect_anomaly(True):
        assert gradients() == plain


def test_on_a_device(device_backend):
    with mt.autograd.set_detect_anomaly(True), pytest.warns(UserWarning), pytest.raises(RuntimeError) as caught:
        x = mt.tensor([-1.0, 4.0], device="cuda", requires_grad=True)
        x.sqrt().sum().backward()
    assert "nan is first in the value of 'sqrt'" in str(caught.value)
