"""Divergences of every pair against PyTorch, with their gradients; how a pair is found."""

import itertools
import math
import warnings

import numpy as np
import pytest

import minitorch as mt

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.referee

#: Two of each family; the second reaches beyond the first.
FAMILIES = {
    "Bernoulli": ("Bernoulli(t([0.2, 0.0, 1.0]))", "Bernoulli(t([0.6, 0.5, 1.0]))"),
    "Beta": ("Beta(t([1.5, 2.0, 0.7]), t([0.5, 3.0, 2.0]))", "Beta(t([1.0, 4.0, 0.4]), t([2.0, 2.0, 1.0]))"),
    "Categorical": ("Categorical(t([0.2, 0.0, 0.8]))", "Categorical(logits=t([0.5, 1.0, -1.0]))"),
    "Dirichlet": ("Dirichlet(t([0.5, 1.5, 3.0]))", "Dirichlet(t([2.5, 0.5, 1.0]))"),
    "Exponential": ("Exponential(t([0.5, 1.5, 3.0]))", "Exponential(t([2.5, 0.5, 1.0]))"),
    "Gamma": ("Gamma(t([0.5, 1.5, 3.0]), t([1.0, 2.0, 0.5]))", "Gamma(t([2.5, 0.5, 1.0]), t([1.0, 1.5, 2.0]))"),
    "Laplace": ("Laplace(t([0.5, -1.5, 3.0]), t([1.0, 2.0, 0.5]))", "Laplace(t([2.5, 0.5, 1.0]), t([1.0, 1.5, 2.0]))"),
    "MultivariateNormal": ("MultivariateNormal(t([0.5, -0.3]), t([[1.5, 0.3], [0.3, 0.8]]))",
                           "MultivariateNormal(t([[0.1, 0.3], [1.0, 2.0]]), t([[0.5, 0.1], [0.1, 0.9]]))"),
    "Normal": ("Normal(t([0.5, -1.5, 3.0]), t([1.0, 2.0, 0.5]))", "Normal(t([2.5, 0.5, 1.0]), t([1.0, 1.5, 2.0]))"),
    "OneHotCategorical": ("OneHotCategorical(t([0.2, 0.0, 0.8]))", "OneHotCategorical(logits=t([0.5, 1.0, -1.0]))"),
    "Uniform": ("Uniform(t([0.1, 0.2, 0.5]), t([0.9, 0.8, 2.0]))", "Uniform(t([0.0, -1.2, 0.6]), t([1.0, 4.0, 3.0]))"),
    "Binomial": ("Binomial(3, t([0.2, 0.5, 0.9]))", "Binomial(3, t([0.6, 0.5, 0.3]))"),
    "Cauchy": ("Cauchy(t([0.5, -1.5, 3.0]), t([1.0, 2.0, 0.5]))", "Cauchy(t([2.5, 0.5, 1.0]), t([1.0, 1.5, 2.0]))"),
    "Geometric": ("Geometric(t([0.2, 0.5, 0.9]))", "Geometric(t([0.6, 0.5, 0.3]))"),
    "Gumbel": ("Gumbel(t([0.5, -1.5, 3.0]), t([1.0, 2.0, 0.5]))", "Gumbel(t([2.5, 0.5, 1.0]), t([1.0, 1.5, 2.0]))"),
    "HalfNormal": ("HalfNormal(t([0.5, 1.5, 3.0]))", "HalfNormal(t([2.5, 0.5, 1.0]))"),
    "LogNormal": ("LogNormal(t([0.5, -1.5, 3.0]), t([1.0, 2.0, 0.5]))", "LogNormal(t([2.5, 0.5, 1.0]), t([1.0, 1.5, 2.0]))"),
    "Pareto": ("Pareto(t([0.5, 1.5, 3.0]), t([3.5, 1.5, 2.8]))", "Pareto(t([0.05, 0.1, 4.0]), t([2.0, 3.5, 0.5]))"),
    "Poisson": ("Poisson(t([0.5, 1.5, 3.0]))", "Poisson(t([2.5, 0.5, 1.0]))"),
    "ContinuousBernoulli": ("ContinuousBernoulli(t([0.2, 0.5, 0.9]))", "ContinuousBernoulli(logits=t([0.5, 0.001, -1.0]))"),
    "LowRankMultivariateNormal": (
        "LowRankMultivariateNormal(t([0.5, -0.3]), t([[1.5, 0.3, 0.1], [0.3, 0.8, -1.0]]), t([0.5, 1.5]))",
        "LowRankMultivariateNormal(t([[0.1, 0.3], [1.0, 2.0]]), t([[0.5], [0.9]]), t([[0.7, 0.3], [1.0, 2.0]]))"),
    "Independent": ("Independent(d.Normal(t([0.5, -1.5]), t([1.0, 2.0])), 1)",
                    "Independent(d.Normal(t([0.1, 1.5]), t([0.4, 0.9])), 1)"),
}  # fmt: skip


def divergence(p, q, lib):
    leaves = []

    def t(values):
        leaves.append(lib.tensor(values, dtype=lib.float64, requires_grad=True))
        return leaves[-1]

    d = lib.distributions
    try:
        value = d.kl_divergence(*(eval(f"d.{row}", {"d": d, "t": t}) for row in (p, q)))
    except (NotImplementedError, ValueError, RuntimeError) as error:
        return error, None
    finite = value[value.detach().isfinite()]
    if not (finite.requires_grad and finite.numel()):
        return value, [None] * len(leaves)
    return value, lib.autograd.grad(finite.sum(), leaves, allow_unused=True)


@pytest.mark.parametrize("pair", list(itertools.product(FAMILIES, FAMILIES)), ids="-".join)
def test_a_divergence_is_pytorchs(pair):
    p, q = FAMILIES[pair[0]][0], FAMILIES[pair[1]][1]
    (ours, here), (theirs, there) = divergence(p, q, mt), divergence(p, q, torch)
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), repr(ours)
        assert not str(theirs) or " ".join(str(ours).split()) == " ".join(str(theirs).split())
        return
    assert tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-10, atol=1e-12)
    for g, h in zip(here, there, strict=True):
        if h is None or g is None:
            assert all(x is None or not x.any() for x in (g, h))
        else:
            np.testing.assert_allclose(g.numpy(), h.numpy(), rtol=1e-7, atol=1e-9)


def test_a_family_without_a_rule_of_its_own_uses_its_normaliser():
    def scenario(lib):
        class Decay(lib.distributions.ExponentialFamily):
            arg_constraints = {}
            _mean_carrier_measure = 0

            def __init__(self, rate):
                self.rate = rate
                super().__init__(rate.shape)

            @property
            def _natural_params(self):
                return (-self.rate,)

            def _log_normalizer(self, x):
                return -(-x).log()

        p, q = Decay(lib.tensor([0.5, 2.0])), Decay(lib.tensor([1.5, 1.0]))
        return np.array([*lib.distributions.kl_divergence(p, q).tolist(), *p.entropy().tolist()])

    np.testing.assert_allclose(scenario(mt), scenario(torch), rtol=1e-6)


def test_the_most_specific_rule_is_taken_and_ambiguity_is_said():
    d = mt.distributions

    class Narrow(d.Normal):
        pass

    try:
        d.register_kl(Narrow, d.Normal)(lambda p, q: "left")
        assert d.kl_divergence(Narrow(0.0, 1.0), d.Normal(0.0, 1.0)) == "left"
        assert float(d.kl_divergence(d.Normal(0.0, 1.0), Narrow(1.0, 1.0))) == 0.5
        d.register_kl(d.Normal, Narrow)(lambda p, q: "right")
        with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(Narrow, Narrow\)"):
            d.kl_divergence(Narrow(0.0, 1.0), Narrow(0.0, 1.0))
        d.register_kl(Narrow, Narrow)(lambda p, q: "both")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert d.kl_divergence(Narrow(0.0, 1.0), Narrow(0.0, 1.0)) == "both"
    finally:
        for pair in ((Narrow, d.Normal), (d.Normal, Narrow), (Narrow, Narrow)):
            d.kl._REGISTRY.pop(pair, None)
        d.kl._FOUND.clear()
    with pytest.raises(TypeError, match="Expected type_p to be a Distribution subclass"):
        d.register_kl(int, d.Normal)


def test_a_divergence_is_the_mean_of_the_difference_of_log_probabilities():
    d = mt.distributions
    mt.manual_seed(0)
    for name, (first, second) in FAMILIES.items():
        if name in ("Uniform", "Bernoulli", "Cauchy", "Gumbel", "Pareto"):
            continue
        p, q = (eval(f"d.{row}", {"d": d, "t": mt.tensor}) for row in (first, second))
        p = p.expand(q.batch_shape)
        x = p.sample((400,) if p.has_rsample is False else (4000,))
        estimate = (p.log_prob(x) - q.log_prob(x)).mean(0)
        exact = d.kl_divergence(p, q)
        assert ((estimate - exact).abs() < 0.15 * exact.abs() + 0.15).all(), (name, estimate, exact)
    assert not math.isnan(float(exact.sum()))
