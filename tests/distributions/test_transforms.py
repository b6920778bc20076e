"""Transforms against PyTorch: maps, inverses, Jacobians, shapes, texts; the cache keeps x."""

import copy
import pickle

import numpy as np
import pytest

import minitorch as mt

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.referee

X = np.array([[0.3, -1.2, 2.0], [0.1, 0.0, -0.4]])
ROWS = (
    "ExpTransform()", "ExpTransform().inv", "SigmoidTransform()", "SoftplusTransform()", "TanhTransform()", "AbsTransform()",
    "AffineTransform(0.5, -2.0)", "AffineTransform(lib.tensor([0.5, 1.0, 2.0]), lib.tensor(3.0), event_dim=1)",
    "PowerTransform(lib.tensor(2.0))", "SoftmaxTransform()", "StickBreakingTransform()", "StickBreakingTransform().inv",
    "ComposeTransform([d.AffineTransform(1.0, 2.0), d.ExpTransform(), d.PowerTransform(lib.tensor([0.5, 1.0, 2.0]))])",
    "ComposeTransform([d.AffineTransform(1.0, 2.0), d.StickBreakingTransform(), d.TanhTransform()])", "identity_transform",
    "IndependentTransform(d.ExpTransform(), 1)", "ReshapeTransform((3,), (3, 1))",
    "ComposeTransform([d.SigmoidTransform(), d.ExpTransform()]).inv.inv",
)  # fmt: skip


def outcome(call, *args):
    try:
        return call(*args)
    except (ValueError, NotImplementedError, RuntimeError) as error:
        return error


def agree(ours, theirs, where):
    if isinstance(theirs, Exception):
        assert (type(ours), str(ours)) == (type(theirs), str(theirs)), where
    elif isinstance(theirs, torch.Tensor):
        assert tuple(ours.shape) == tuple(theirs.shape), where
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6, atol=1e-7, err_msg=where)
    else:
        assert ours == theirs, where


@pytest.mark.parametrize("row", ROWS)
def test_a_transform_is_pytorchs(row):
    one, other = (eval(f"d.transforms.{row}", {"d": lib.distributions, "lib": lib}) for lib in (mt, torch))
    assert repr(one) == repr(other)
    for name in ("domain", "codomain", "bijective"):
        assert repr(getattr(one, name)) == repr(getattr(other, name)), name
    agree(outcome(getattr, one, "event_dim"), outcome(getattr, other, "event_dim"), "event_dim")
    agree(outcome(getattr, one, "sign"), outcome(getattr, other, "sign"), "sign")
    for shape in ((2, 3), (3,), ()):
        for name in ("forward_shape", "inverse_shape"):
            here, there = outcome(getattr(one, name), mt.Size(shape)), outcome(getattr(other, name), torch.Size(shape))
            assert type(here).__name__ == type(there).__name__, name
            agree(str(here), str(there), name)
    values = np.abs(X) + 0.1 if "Power" in row or ".inv" in row else X
    if row == "StickBreakingTransform().inv":
        values = values / values.sum(-1, keepdims=True)
    x, y = mt.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    here, there = one(x), other(y)
    agree(here, there, "forward")
    agree(one.inv(here), other.inv(there), "inverse")
    ours, theirs = outcome(one.log_abs_det_jacobian, x, here), outcome(other.log_abs_det_jacobian, y, there)
    agree(ours, theirs, "jacobian")
    if isinstance(theirs, torch.Tensor) and theirs.requires_grad:
        (g,), (h,) = mt.autograd.grad(ours.sum(), x), torch.autograd.grad(theirs.sum(), y)
        agree(g, h, "gradient")


def test_a_cache_gives_back_the_input_itself():
    d = mt.distributions
    for transform in (d.TanhTransform(cache_size=1), d.ExpTransform().with_cache(), d.AffineTransform(0.0, 2.0).with_cache(1)):
        x = mt.tensor([20.0, 0.5])
        assert transform.inv(transform(x)) is x
    with pytest.raises(ValueError, match="cache_size must be 0 or 1"):
        d.ExpTransform(cache_size=2)


def test_equality_copies_and_refusals():
    d = mt.distributions
    assert d.ExpTransform() == d.ExpTransform()
    assert d.ExpTransform() != d.TanhTransform()
    assert d.ExpTransform().inv == d.ExpTransform().inv
    assert d.AffineTransform(0.0, 1.0) == d.AffineTransform(mt.tensor(0.0), 1.0)
    assert d.AffineTransform(0.0, 1.0) != d.AffineTransform(0.0, 2.0)
    assert d.ComposeTransform([d.ExpTransform()]) == d.ComposeTransform([d.ExpTransform()])
    for copied in (copy.deepcopy(d.TanhTransform()), pickle.loads(pickle.dumps(d.TanhTransform()))):
        assert copied == d.TanhTransform()
    for name in ("VonMises", "Wishart", "LKJCholesky"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}': not written yet"):
            getattr(d, name)
    with pytest.raises(AttributeError, match="not written yet"):
        d.transforms.StackTransform  # noqa: B018


@pytest.mark.parametrize("call", [
    "TransformedDistribution(d.Normal(0.0, 1.0), 3)", "TransformedDistribution(d.Normal(0.0, 1.0), [3])",
    "TransformedDistribution(d.Normal(0.0, 1.0), [d.StickBreakingTransform()])", "ReshapeTransform((2,), (3,))",
    "IndependentTransform(d.ExpTransform(), 1)(torch.tensor(1.0))", "LogNormal(0.0, 1.0).log_prob(torch.tensor(-1.0))",
    "HalfNormal(-1.0)", "Gumbel(0.0, -1.0)",
])  # fmt: skip
def test_refusals_in_pytorchs_words(call):
    here, there = (outcome(eval, f"d.{call}", {"d": lib.distributions, "torch": lib}) for lib in (mt, torch))
    assert isinstance(there, Exception)
    assert (type(here), str(here)) == (type(there), str(there))
