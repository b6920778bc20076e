"""Every distribution against PyTorch: numbers, gradients, samples of a seed, shapes, texts and refusals.

A row is a call written for both libraries: `d` is the distributions package, `t` makes a float64 leaf tensor. Each is
compared in its statistics, in log_prob, cdf and icdf at PyTorch's samples, in gradients of the first and second order,
and in the samples themselves after the same seed.
"""

import re
import types
import warnings

import numpy as np
import pytest

import minitorch as mt

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.referee, pytest.mark.filterwarnings("ignore:Singular sample detected")]

P = "t([0.2, 0.5, 0.9])"
LOC, SCALE = "t([[0.3, -1.2, 2.0], [0.1, 0.0, -0.4]])", "t([0.5, 1.5, 2.5])"
WEIGHTS, SCORES = "t([[0.2, 0.5, 0.3], [1.0, 2.0, 4.0]])", "t([[0.3, -1.0, 2.0], [0.0, 0.5, -0.5]])"
TRIL = "t([[1.2, 0.0], [0.4, 0.7]]).tril()"
COVARIANCE = "t([[1.5, 0.3], [0.3, 0.8]])"
FACTOR = "t([[1.2, 0.1], [0.4, 0.7], [-0.3, 0.5]])"
ROWS = (
    f"Normal({LOC}, {SCALE})", "Normal(0.0, 1.0)", "Normal(t([0.5]), 2)",
    f"Laplace({LOC}, {SCALE})", "Laplace(0.0, 1.0)",
    f"Exponential({SCALE})", "Exponential(2.0)",
    f"Uniform({LOC}, t([2.5, 3.0, 4.0]))", "Uniform(0.0, 2.0)",
    f"Bernoulli({P})", f"Bernoulli(logits={LOC})", "Bernoulli(0.3)",
    f"Categorical({WEIGHTS})", f"Categorical(logits={SCORES})", "Categorical(t([0.1, 0.0, 0.9]))",
    f"OneHotCategorical({WEIGHTS})", f"OneHotCategorical(logits={SCORES})",
    f"OneHotCategoricalStraightThrough({WEIGHTS})",
    f"Gamma({SCALE}, t([1.0, 2.0, 0.5]))", "Gamma(2.0, 3.0)", "Gamma(t([0.05, 0.7, 7.0, 9.0, 40.0]), 1.0)",
    f"Beta({SCALE}, t([1.5, 2.0, 0.5]))", "Beta(2.0, 3.0)", "Beta(t([9.0, 20.0, 0.3, 5.0]), t([8.0, 30.0, 12.0, 3.0]))",
    "Dirichlet(t([0.5, 1.5, 3.0]))", "Dirichlet(t([[9.0, 8.0, 12.0], [0.2, 0.6, 0.4]]))",
    f"MultivariateNormal(t([0.5, -0.3]), {COVARIANCE})", f"MultivariateNormal(t([0.5, -0.3]), scale_tril={TRIL})",
    f"MultivariateNormal(t([[0.5, -0.3], [1.0, 2.0], [0.0, 0.0]]), precision_matrix={COVARIANCE})",
    f"Independent(d.Normal({LOC}, {SCALE}), 1)", f"Independent(d.Bernoulli({P}), 1)", f"Independent(d.Exponential({SCALE}), 0)",
    f"Cauchy({LOC}, {SCALE})", "Cauchy(0.0, 1.0)", "Chi2(t([0.5, 3.0]))", "Chi2(2.0)",
    "StudentT(t([3.0, 4.5]), t([0.2, 0.1]), t([1.0, 2.0]))", "StudentT(t([0.5, 1.5, 2.5]))",
    f"Poisson({SCALE})", "Poisson(t([0.0, 20.0, 400.0]))", "Poisson(3.0)",
    f"Geometric({P})", f"Geometric(logits={LOC})", "Geometric(0.3)",
    f"Binomial(7, {P})", f"Binomial(40, logits={SCALE})", "Binomial(lib.tensor([2.0, 3.0, 5.0]), lib.tensor(0.4))",
    f"Multinomial(5, {WEIGHTS})", f"Multinomial(3, logits={SCORES})", "Multinomial(4, t([0.5, 0.5, 0.0]))",
    f"MixtureSameFamily(d.Categorical(t([0.2, 0.3, 0.5])), d.Normal(t([-1.0, 0.5, 2.0]), {SCALE}))",
    f"MixtureSameFamily(d.Categorical({WEIGHTS}), d.Independent(d.Laplace(t(np.arange(12.0).reshape(2, 3, 2)), 1.5), 1))",
    f"LogNormal({LOC}, {SCALE})", "LogNormal(0.0, 1.0)", f"HalfNormal({SCALE})", f"HalfCauchy({SCALE})",
    f"Gumbel({LOC}, {SCALE})", "Gumbel(0.0, 1.0)", f"RelaxedOneHotCategorical(t(0.7), {WEIGHTS})",
    "TransformedDistribution(d.Normal(t([0.1, -0.5]), t([0.5, 1.5])), [d.TanhTransform(cache_size=1)])",
    "TransformedDistribution(d.Uniform(t([0.1, 0.2]), t([0.8, 0.9])), [d.SigmoidTransform().inv, d.AffineTransform(t(0.5), t(-2.0))])",
    "TransformedDistribution(d.Normal(t([[0.1, -0.5]]), t([0.5, 1.5])), [d.StickBreakingTransform()])",
    "TransformedDistribution(d.Exponential(t([0.5, 1.5])), [d.PowerTransform(t(0.5)), d.SoftplusTransform()])",
    "TransformedDistribution(d.Normal(t(np.zeros((2, 6))), 1.5), [d.ReshapeTransform((6,), (3, 2)), d.ExpTransform()])",
    f"Pareto({SCALE}, t([1.5, 2.5, 3.0]))", "Pareto(1.0, 0.5)", f"Weibull({SCALE}, t([1.5, 2.5, 3.0]))", "Weibull(1.0, 2.0)",
    f"Kumaraswamy({SCALE}, t([1.5, 2.5, 0.5]))", f"RelaxedBernoulli(t(0.7), {P})", f"RelaxedBernoulli(t(1.5), logits={LOC})",
    f"VonMises({LOC}, {SCALE})", "VonMises(t(0.3), t(1e-7))", "VonMises(t([0.0, 2.0]), t([40.0, 0.1]))",
    f"LogisticNormal({LOC}, {SCALE})", "LogisticNormal(0.0, 1.0)",
    f"LowRankMultivariateNormal(t([0.5, -0.3, 1.0]), {FACTOR}, {SCALE})",
    f"LowRankMultivariateNormal({LOC}, {FACTOR}, t([[1.0, 2.0, 0.4], [0.5, 0.7, 3.0]]))",
    "FisherSnedecor(t([3.0, 4.5, 0.7]), t([5.0, 1.5, 9.0]))", "FisherSnedecor(2.0, 6.0)",
    f"Wishart(t([3.5, 4.0]), {COVARIANCE})", f"Wishart(5, scale_tril={TRIL})", f"Wishart(t(2.5), precision_matrix={COVARIANCE})",
    "Wishart(t([[4.0], [6.0]]), t([[[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 0.5]]]))",
    "LKJCholesky(2)", "LKJCholesky(3, t([0.5, 2.0]))", "LKJCholesky(4, t(1.5))",
    f"ContinuousBernoulli({P})", f"ContinuousBernoulli(logits={LOC})", "ContinuousBernoulli(0.3)", "ContinuousBernoulli(t([0.0, 0.4995, 1.0]))",
    "ContinuousBernoulli(t([0.05, 0.3, 0.6]), lims=(0.1, 0.9))", "ContinuousBernoulli(logits=t([0.05, 0.3, -2.6]), lims=(0.1, 0.9))",
    f"GeneralizedPareto({LOC}, {SCALE}, t([0.3, -0.5, 0.0]))", "GeneralizedPareto(0.5, 1.0, 0.4)", "GeneralizedPareto(t([1.0, 2.0]), 1.5, t([0.6, 1.5]))",
    f"InverseGamma({SCALE}, t([1.5, 2.5, 0.5]))", f"NegativeBinomial(3, {P})", f"NegativeBinomial({SCALE}, logits=t([0.3, -1.0, 0.5]))",
)  # fmt: skip
SHAPES = ((), (4,), (2, 8))
#: PyTorch computes polygamma(1) in float64 to no more than this.
TRIGAMMA = 3e-7


def made(row, lib):
    """The distribution of a row, and the tensors it was made from."""
    leaves = []

    def t(values):
        leaves.append(lib.tensor(values, dtype=lib.float64, requires_grad=True))
        return leaves[-1]

    return eval(f"d.{row}", {"d": lib.distributions, "t": t, "lib": lib, "np": np}), leaves


def text(thing):
    """Its repr without what only says how a tensor came about."""
    return re.sub(r",\s+(grad_fn=<\w+>|requires_grad=True)", "", repr(thing)).replace("minitorch", "torch")


def outcome(call, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(*args)
        except (NotImplementedError, ValueError, AttributeError, RuntimeError, AssertionError) as error:
            return error


def same(ours, theirs, where, tolerance=1e-11):
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"{where}: PyTorch raises {theirs!r}"
        assert type(ours) is type(theirs), f"{where}: {ours!r}"
        assert str(ours).replace("minitorch", "torch") == str(theirs), where
        return
    assert not isinstance(ours, Exception), f"{where}: {ours!r}"
    if not isinstance(theirs, torch.Tensor):
        assert ours == theirs, where
        return
    assert str(ours.dtype) == str(theirs.dtype), where
    assert tuple(ours.shape) == tuple(theirs.shape), where
    assert ours.requires_grad == theirs.requires_grad, where
    tolerance = 1e-6 if theirs.dtype == torch.float32 else tolerance
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg=where)


def derivatives(out, leaves, lib):
    """Gradients of the weighted sum, then those of the sum of the former's squares."""
    if not (isinstance(out, lib.Tensor) and out.requires_grad):
        return []
    weights = lib.linspace(0.5, 1.5, max(out.numel(), 1), dtype=out.dtype)[: out.numel()].reshape(out.shape)
    first = lib.autograd.grad((out * weights).sum(), leaves, create_graph=True, allow_unused=True)
    squares = [g.square().sum() for g in first if g is not None and g.requires_grad]
    if not squares:
        return list(first)
    return [*first, *lib.autograd.grad(sum(squares), leaves, allow_unused=True, retain_graph=True)]


def same_derivatives(ours, theirs, our_leaves, their_leaves, where):
    here, there = derivatives(ours, our_leaves, mt), derivatives(theirs, their_leaves, torch)
    assert len(here) == len(there), where
    for place, (one, other) in enumerate(zip(here, there)):
        if one is None or other is None:  # an unused input: none, or zeros
            assert all(g is None or not g.any() for g in (one, other)), where
        else:
            np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=TRIGAMMA, atol=TRIGAMMA,
                                       err_msg=f"{where}, derivative {place}")  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_statistics(row):
    ours, our_leaves = made(row, mt)
    theirs, their_leaves = made(row, torch)
    assert text(ours) == text(theirs)
    for name in ("batch_shape", "event_shape", "has_rsample", "has_enumerate_support"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("mean", "mode", "variance", "stddev", "probs", "logits", "covariance_matrix", "precision_matrix", "scale_tril"):
        here, there = outcome(getattr, ours, name), outcome(getattr, theirs, name)
        if not isinstance(there, AttributeError):
            same(here, there, name)
            same_derivatives(here, there, our_leaves, their_leaves, name)
    for name in ("entropy", "perplexity", "enumerate_support"):
        here, there = outcome(getattr(ours, name)), outcome(getattr(theirs, name))
        same(here, there, name, 1e-6 if row.startswith("Multinomial") else 1e-11)  # PyTorch takes log n! in float32
        same_derivatives(here, there, our_leaves, their_leaves, name)
    assert text(ours.support) == text(theirs.support)
    if theirs.has_enumerate_support:
        same(outcome(ours.enumerate_support, False), outcome(theirs.enumerate_support, False), "enumerate_support")


@pytest.mark.parametrize("row", ROWS)
def test_values(row):
    ours, our_leaves = made(row, mt)
    theirs, their_leaves = made(row, torch)
    torch.manual_seed(7)
    for shape in ((), (3,), (2, 1)):
        value = theirs.sample(shape)
        here, there = mt.tensor(value.numpy()), value
        for name in ("log_prob", "cdf"):
            one, other = outcome(getattr(ours, name), here), outcome(getattr(theirs, name), there)
            if isinstance(other, RuntimeError) and not isinstance(other, NotImplementedError):
                continue
            same(one, other, name, 1e-11 if name == "log_prob" else 1e-8)  # gammainc
            if name == "log_prob" or not row.startswith(("Gamma", "InverseGamma", "Chi2")):
                same_derivatives(one, other, our_leaves, their_leaves, name)
        level = np.linspace(0.1, 0.9, value.numel()).reshape(value.shape)
        same(outcome(ours.icdf, mt.tensor(level)), outcome(theirs.icdf, torch.tensor(level)), "icdf")


@pytest.mark.parametrize("row", ROWS)
def test_samples_of_a_seed(row):
    ours, our_leaves = made(row, mt)
    theirs, their_leaves = made(row, torch)
    mt.manual_seed(11)
    torch.manual_seed(11)
    for shape in SHAPES:
        same(ours.sample(shape), theirs.sample(shape), f"sample({shape})")
        here, there = outcome(ours.rsample, shape), outcome(theirs.rsample, shape)
        same(here, there, f"rsample({shape})")
        if isinstance(there, torch.Tensor) and there.requires_grad:
            weights = np.linspace(0.5, 1.5, there.numel()).reshape(tuple(there.shape))
            one = mt.autograd.grad((here * mt.tensor(weights)).sum(), our_leaves, allow_unused=True, retain_graph=True)
            if row.startswith("Wishart") and shape:  # PyTorch writes to a mask that its own tape has saved
                assert all(g.isfinite().all() for g in one)
                continue
            other = torch.autograd.grad((there * torch.tensor(weights)).sum(), their_leaves, allow_unused=True, retain_graph=True)
            for place, (g, h) in enumerate(zip(one, other)):
                assert (g is None) == (h is None)
                if h is not None:
                    np.testing.assert_allclose(g.numpy(), h.numpy(), rtol=1e-8, atol=1e-10, err_msg=f"{shape}, {place}")


@pytest.mark.parametrize("row", ROWS)
def test_expand(row):
    ours, _ = made(row, mt)
    theirs, _ = made(row, torch)
    shape = (4, *theirs.batch_shape)
    here, there = ours.expand(shape), theirs.expand(shape)
    assert text(here) == text(there)
    assert here.batch_shape == there.batch_shape == shape
    if not row.startswith("Multinomial"):  # PyTorch forgets a part of it
        same(outcome(here.entropy), outcome(there.entropy), "entropy")
    value = there.sample((2,))
    if not row.startswith("GeneralizedPareto"):  # PyTorch's works in float32 alone
        same(here.log_prob(mt.tensor(value.numpy())), there.log_prob(value), "log_prob")


def test_values_of_the_generalised_pareto_distribution():
    numbers = np.float32([[0.3, -1.2, 2.0], [0.5, 1.5, 2.5], [0.3, -0.5, 0.0]])
    found = []
    for lib in (mt, torch):
        leaves = [lib.tensor(row, requires_grad=True) for row in numbers]
        made = lib.distributions.GeneralizedPareto(*leaves)
        value = lib.tensor(np.float32([[0.35, 0.1, 2.0], [4.0, 1.7, 9.0]]))
        out = [made.log_prob(value), made.cdf(value), made.log_cdf(value), made.log_survival_function(value)]
        (sum(o[:, :2].exp().sum() for o in out) + out[0].sum()).backward()
        found.append([o.detach().numpy() for o in out] + [leaf.grad.numpy() for leaf in leaves])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)
    in_float64 = mt.distributions.GeneralizedPareto(*(mt.tensor(row, dtype=mt.float64) for row in numbers))
    np.testing.assert_allclose(in_float64.log_prob(value_of(mt)).numpy(), found[0][0], rtol=2e-6)


@pytest.mark.parametrize("row", ["VonMises(t([0.5, 2.0, 0.0]), t([1.5, 0.3, 1e-4]))", "FisherSnedecor(t(3.5), t(0.7))"])
def test_samples_in_float32(row):
    found = []
    for lib in (mt, torch):
        lib.manual_seed(2)
        ours, _ = made(row, types.SimpleNamespace(float64=lib.float32, tensor=lib.tensor, distributions=lib.distributions))
        found.append(ours.sample((40,)).numpy())
    assert found[0].dtype == found[1].dtype == np.float32
    np.testing.assert_allclose(*found, rtol=3e-6, atol=1e-6)


def value_of(lib):
    return lib.tensor([[0.35, 0.1, 2.0], [4.0, 1.7, 9.0]], dtype=lib.float64)


NAN = "float('nan')"
WRONG = (
    "d.Normal(0.0, -1.0)", f"d.Normal(torch.tensor([{NAN}, 1.0]), 1.0)", "d.Normal('a', 1.0)", "d.Bernoulli()",
    "d.Bernoulli(0.5, 0.5)", "d.Bernoulli(1.5)", "d.Categorical()", "d.Categorical(torch.tensor(0.5))",
    "d.Categorical(logits=torch.tensor(0.5))", "d.Categorical(torch.tensor([-0.5, 1.0]))", "d.Uniform(2.0, 1.0)",
    "d.Uniform(0.0, 1.0).log_prob(torch.tensor(2.0))", "d.Exponential(-1.0)", "d.Gamma(0.0, 1.0)",
    "d.Gamma(1.0, 1.0).log_prob(torch.tensor(-1.0))", "d.Dirichlet(torch.tensor(1.0))", "d.Dirichlet(torch.tensor([0.0, 1.0]))",
    "d.Dirichlet(torch.ones(2)).log_prob(torch.tensor([0.5, 0.6]))", "d.Beta(-1.0, 1.0)",
    "d.Normal(0.0, 1.0).log_prob(3.0)", "d.Normal(torch.zeros(3), 1.0).log_prob(torch.zeros(2))",
    "d.Independent(d.Normal(torch.zeros(3), 1.0), 1).log_prob(torch.zeros(2))", "d.Independent(d.Normal(0.0, 1.0), 1)",
    "d.Dirichlet(torch.ones(2)).log_prob(torch.tensor([0.5, 0.3, 0.2]))",
    "d.Bernoulli(0.5).log_prob(torch.tensor(0.5))", "d.Categorical(torch.ones(3)).log_prob(torch.tensor(3))",
    "d.OneHotCategorical(torch.ones(3)).log_prob(torch.tensor([1.0, 1.0, 0.0]))",
    "d.MultivariateNormal(torch.tensor(0.0), torch.eye(2))", "d.MultivariateNormal(torch.zeros(2))",
    "d.MultivariateNormal(torch.zeros(2), torch.ones(2))", "d.MultivariateNormal(torch.zeros(2), scale_tril=torch.ones(2))",
    "d.MultivariateNormal(torch.zeros(2), torch.eye(2), torch.eye(2))",
    "d.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 2.0], [0.5, 1.0]]))",
    "d.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 2.0], [2.0, 1.0]]))",
    "d.MultivariateNormal(torch.zeros(2), scale_tril=torch.tensor([[1.0, 2.0], [2.0, 1.0]]))",
    "d.Categorical(torch.ones(3)).rsample()", "d.Bernoulli(0.5).rsample()", "d.Gamma(1.0, 1.0).icdf(torch.tensor(0.5))",
    "d.Independent(d.Bernoulli(torch.ones(2) / 2), 1).enumerate_support()", "d.Categorical(torch.ones(3)).cdf(torch.tensor(0))",
    "d.kl_divergence(d.Normal(0.0, 1.0), d.Categorical(torch.ones(2)))",
    "d.Geometric(0.0)", "d.Poisson(-1.0)", "d.Binomial(1)", "d.Binomial(-1, torch.tensor(0.5))",
    "d.Binomial(torch.tensor([1.0, 2.0]), torch.tensor(0.5)).entropy()", "d.Multinomial(torch.tensor(2), torch.ones(2))",
    "d.Multinomial(2, torch.ones(2)).log_prob(torch.tensor([2.0, 1.0]))",
    "d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(0.0, 1.0))", "d.MixtureSameFamily(d.Categorical(torch.ones(2)), 3)",
    "d.MixtureSameFamily(d.Categorical(torch.ones(2)), d.Normal(torch.zeros(3), 1.0))",
    "d.MixtureSameFamily(d.Categorical(torch.ones(4, 2)), d.Normal(torch.zeros(3, 2), 1.0))",
    "d.VonMises(torch.tensor(0.0), torch.tensor(-1.0))", "d.VonMises(torch.tensor(0.0), torch.tensor(1.0)).rsample()",
    "d.VonMises(torch.tensor(0.0), torch.tensor(1.0)).entropy()", "d.FisherSnedecor(0.0, 1.0)", "d.FisherSnedecor(1.0, 1.0).entropy()",
    "d.LowRankMultivariateNormal(torch.tensor(0.0), torch.ones(2, 1), torch.ones(2))",
    "d.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2), torch.ones(2))",
    "d.LowRankMultivariateNormal(torch.zeros(2), torch.ones(3, 1), torch.ones(2))",
    "d.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), torch.ones(3))",
    "d.LowRankMultivariateNormal(torch.zeros(3, 2), torch.ones(2, 2, 1), torch.ones(2))",
    "d.Wishart(3.0)", "d.Wishart(3.0, torch.eye(2), torch.eye(2))", "d.Wishart(3.0, torch.ones(2))", "d.Wishart(1.0, torch.eye(2))",
    "d.Wishart(torch.tensor([3.0, 0.5]), torch.eye(2))", "d.Wishart(3.0, torch.tensor([[1.0, 2.0], [2.0, 1.0]]))",
    "d.Wishart(3.0, torch.eye(2)).log_prob(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))",
    "d.LKJCholesky(1)", "d.LKJCholesky(2, -1.0)", "d.LKJCholesky(2).log_prob(torch.ones(2, 2))", "d.LKJCholesky(3).rsample()",
    "d.ContinuousBernoulli()", "d.ContinuousBernoulli(0.5, 0.5)", "d.ContinuousBernoulli(1.5, validate_args=True)",
    "d.ContinuousBernoulli(0.5).log_prob(torch.tensor(1.5))", "d.GeneralizedPareto(0.0, -1.0, 0.5)",
    "d.GeneralizedPareto(0.0, 1.0, -0.5).log_prob(torch.tensor(3.0))", "d.LogisticNormal(torch.zeros(2), -1.0)",
    "d.LogisticNormal(torch.zeros(2), torch.ones(2)).entropy()",
)  # fmt: skip


@pytest.mark.parametrize("call", WRONG)
def test_refusals_in_pytorchs_words(call):
    here, there = (outcome(eval, call, {"d": lib.distributions, "torch": lib}) for lib in (mt, torch))
    assert isinstance(there, Exception)
    assert isinstance(here, type(there)), repr(here)
    ours, theirs = (str(error).replace("minitorch", "torch") for error in (here, there))
    assert ours == theirs or ours.startswith(theirs.rstrip(".")), ours


def test_validation_may_be_switched_off():
    assert float(mt.distributions.Normal(0.0, -1.0, validate_args=False).scale) == -1.0
    try:
        mt.distributions.Distribution.set_default_validate_args(False)
        assert mt.distributions.Uniform(0.0, 1.0).log_prob(mt.tensor(2.0)).isinf()
    finally:
        mt.distributions.Distribution.set_default_validate_args(__debug__)
    with pytest.raises(ValueError, match="scale"):
        mt.distributions.Normal(0.0, -1.0)


def test_a_subclass_with_its_own_init_must_expand_itself():
    def scenario(lib):
        class Mine(lib.distributions.Normal):
            def __init__(self):
                super().__init__(0.0, 1.0)

        return outcome(lambda: Mine().expand((2,)))

    same(scenario(mt), scenario(torch), "expand")


def test_second_derivatives_through_gamma_samples_are_refused():
    alpha = mt.tensor([2.0, 3.0], requires_grad=True)
    (first,) = mt.autograd.grad(mt.distributions.Gamma(alpha, 1.0).rsample().sum(), alpha, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_gradients_through_samples_of_the_wishart_distribution():
    def drawn(df, tril):
        mt.manual_seed(5)
        made = mt.distributions.Wishart(df, scale_tril=tril)
        return (made.rsample((3,)) * mt.tensor([[1.0, 0.5], [2.0, -1.0]], dtype=mt.float64)).sum()

    df, tril = mt.tensor(5.5, dtype=mt.float64), mt.tensor([[1.2, 0.0], [0.4, 0.7]], dtype=mt.float64, requires_grad=True)
    (by_tril,) = mt.autograd.grad(drawn(df, tril), [tril])  # by df: beside PyTorch's, above
    for row, column in ((0, 0), (1, 0), (1, 1)):
        step = mt.zeros(2, 2, dtype=mt.float64)
        step[row, column] = 1e-6
        with mt.no_grad():
            slope = (drawn(df, tril + step) - drawn(df, tril - step)) / 2e-6
        assert by_tril[row, column].item() == pytest.approx(slope.item(), rel=1e-6)


def test_float32_stays_float32():
    for row in ROWS:
        made_in = types.SimpleNamespace(float64=mt.float32, tensor=mt.tensor, distributions=mt.distributions)
        ours, _ = made(row, made_in)
        drawn = ours.sample((2,))
        assert ours.log_prob(drawn).dtype == mt.float32, row


@pytest.mark.parametrize("family", ["Normal", "Gamma", "Beta", "Laplace", "Gumbel", "Weibull", "Uniform"])
def test_a_device_draws_the_same(family, device_backend):
    values = [0.5, 1.5, 3.0]
    found = []
    for device in ("cpu", "cuda"):
        mt.manual_seed(3)
        x = mt.tensor(values, device=device, requires_grad=True)
        ours = getattr(mt.distributions, family)(x, 2 * x)
        drawn = ours.rsample((2,))
        (drawn.sum() + ours.log_prob(drawn.detach()).sum()).backward()
        found.append((drawn.detach().cpu().numpy(), x.grad.cpu().numpy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5)


ON_A_DEVICE = (
    "VonMises(t([0.5, 2.0]), t([1.5, 0.3]))", "LogisticNormal(t([0.5, 2.0]), t([1.5, 0.3]))", "LKJCholesky(3, t([0.5, 2.0]))",
    "LowRankMultivariateNormal(t([0.5, 2.0]), t([[1.5], [0.3]]), t([0.5, 1.0]))", "FisherSnedecor(t([3.5, 5.0]), t([4.5, 6.0]))",
    "Wishart(t([3.5, 5.0]), t([[1.5, 0.3], [0.3, 0.8]]))", "ContinuousBernoulli(t([0.3, 0.5, 0.8]))",
    "GeneralizedPareto(t([0.5, 2.0]), t([1.5, 0.3]), t([0.0, -0.3]))",
)  # fmt: skip


@pytest.mark.parametrize("row", ON_A_DEVICE)
def test_a_device_draws_the_same_of_every_family(row, device_backend):
    found = []
    for device in ("cpu", "cuda"):
        mt.manual_seed(3)
        leaves = []

        def t(values, device=device, leaves=leaves):
            leaves.append(mt.tensor(values, device=device, requires_grad=True))
            return leaves[-1]

        ours = eval(f"mt.distributions.{row}", {"mt": mt, "t": t})
        drawn = ours.sample((2,))
        (drawn.sum() + ours.log_prob(drawn).sum() + (ours.rsample().sum() if ours.has_rsample else 0)).backward()
        found.append([drawn.cpu().numpy(), *[leaf.grad.cpu().numpy() for leaf in leaves]])
    for here, there in zip(*found, strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-6)
