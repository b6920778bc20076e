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
    assert d.LowerCholeskyTransform() == d.LowerCholeskyTransform()
    assert d.CorrCholeskyTransform() != d.CorrCholeskyTransform()


def test_every_name_of_pytorch_is_here():
    for module in ("distributions", "distributions.transforms", "distributions.constraints"):
        here, there = (eval(f"lib.{module}", {"lib": lib}) for lib in (mt, torch))
        assert [name for name in there.__all__ if not hasattr(here, name)] == []


PARTS = (
    "CatTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)], dim=0, lengths=[3, 2])",
    "CatTransform([d.ExpTransform(), d.SigmoidTransform()], dim=-1, lengths=[1, 3])", "CatTransform([d.ExpTransform()] * 4, dim=1)",
    "CatTransform([d.IndependentTransform(d.SigmoidTransform(), 1), d.IndependentTransform(d.ExpTransform(), 1)], -1, lengths=[1, 3])",
    "CatTransform([d.IndependentTransform(d.ExpTransform(), 1), d.TanhTransform()], dim=0, lengths=[3, 2])",
    "StackTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)], dim=0)", "StackTransform([d.ExpTransform(), d.TanhTransform()], -1, 1)",
    "CatTransform([d.CatTransform([d.ExpTransform(), d.SigmoidTransform()], 0, [2, 1]), d.ExpTransform()], 0, [3, 2], 1)",
    "CumulativeDistributionTransform(d.Normal(0.0, 1.5))", "CumulativeDistributionTransform(d.Laplace(0.5, 1.5)).inv",
    "CumulativeDistributionTransform(d.Normal(0.0, 1.5)).with_cache()",
)  # fmt: skip
SIZES = ((5, 4), (2, 4), (5, 2), (4,), ())


def told(call, *args):
    """The result, or the class and words of any refusal."""
    try:
        return call(*args)
    except Exception as error:
        return [type(error).__name__, str(error)]


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("row", PARTS)
def test_transforms_of_parts_are_pytorchs(row, shape):
    one, other = (eval(f"d.transforms.{row}", {"d": lib.distributions, "lib": lib}) for lib in (mt, torch))
    for name in ("domain", "codomain", "bijective"):
        assert type(getattr(one, name)).__name__ == type(getattr(other, name)).__name__
    agree(told(lambda: one.event_dim), told(lambda: other.event_dim), "event_dim")
    values = np.linspace(0.1, 0.9, int(np.prod(shape))).reshape(shape)
    x, y = mt.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    here, there = told(one, x), told(other, y)
    agree(here, there, "forward")
    if isinstance(there, list):
        agree(told(one.inv, x), told(other.inv, y), "inverse")
        agree(told(one.log_abs_det_jacobian, x, x), told(other.log_abs_det_jacobian, y, y), "jacobian")
        return
    agree(one.inv(here), other.inv(there), "inverse")
    for where in ("domain", "codomain"):
        agree(told(getattr(one, where).check, here), told(getattr(other, where).check, there), where)
    ours, theirs = told(one.log_abs_det_jacobian, x, here), told(other.log_abs_det_jacobian, y, there)
    agree(ours, theirs, "jacobian")
    if isinstance(theirs, torch.Tensor):
        (g,), (h,) = mt.autograd.grad(ours.sum() + here.sum(), x), torch.autograd.grad(theirs.sum() + there.sum(), y)
        agree(g, h, "gradient")


MATRICES = ("CorrCholeskyTransform()", "CorrCholeskyTransform(cache_size=1)", "LowerCholeskyTransform()", "PositiveDefiniteTransform()")


@pytest.mark.parametrize("shape", [(6,), (2, 3), (4, 1), (3, 3), (2, 2, 2), (5,), ()])
@pytest.mark.parametrize("row", MATRICES)
def test_transforms_into_matrices_are_pytorchs(row, shape):
    one, other = (eval(f"d.{row}", {"d": lib.distributions}) for lib in (mt, torch))
    assert repr(one) == repr(other) and repr(one.domain) == repr(other.domain) and repr(one.codomain) == repr(other.codomain)
    for name in ("forward_shape", "inverse_shape"):
        here, there = outcome(getattr(one, name), mt.Size(shape)), outcome(getattr(other, name), torch.Size(shape))
        agree(str(here), str(there), name)
    if ("Corr" in row and shape[-1:] not in ((1,), (3,), (6,))) or ("Corr" not in row and (len(shape) < 2 or shape[-1] != shape[-2])):
        return
    values = np.random.default_rng(0).normal(size=shape)
    x, y = mt.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    here, there = one(x), other(y)
    agree(here, there, "forward")
    assert one.codomain.check(here).all() and np.allclose(one.inv(here).detach().numpy(), other.inv(there).detach().numpy())
    ours, theirs = outcome(one.log_abs_det_jacobian, x, here), outcome(other.log_abs_det_jacobian, y, there)
    agree(ours, theirs, "jacobian")
    total = (here**2).sum() + one.inv(here.detach() * 1).sum(), (there**2).sum() + other.inv(there.detach() * 1).sum()
    (g,), (h,) = mt.autograd.grad((total[0] + here[..., -1, 0].sum()), x), torch.autograd.grad(total[1] + there[..., -1, 0].sum(), y)
    agree(g, h, "gradient")


@pytest.mark.parametrize("call", ["CatTransform([3])", "CatTransform([d.ExpTransform()], 0, [1, 2])", "StackTransform([3])"])
def test_parts_that_do_not_fit_are_refused_in_pytorchs_words(call):
    here, there = (told(eval, f"d.{call}", {"d": lib.distributions}) for lib in (mt, torch))
    assert here == there and here[0] == "AssertionError"


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
