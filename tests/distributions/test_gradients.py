"""Without PyTorch: gradients against finite differences, implicit ones against the distribution functions."""

import numpy as np
import pytest

import minitorch as mt

d = mt.distributions
A, B = np.array([0.6, 1.4, 2.5]), np.array([1.5, 0.7, 2.0])
VALUES = {"Normal": 0.3, "Laplace": 0.3, "Gamma": 0.7, "Beta": 0.4, "Cauchy": 0.3, "Gumbel": 0.3, "LogNormal": 0.7, "Weibull": 0.7,
          "Kumaraswamy": 0.4, "Pareto": 3.0}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_gradients_of_log_prob(name):
    family, value = getattr(d, name), mt.tensor(VALUES[name], dtype=mt.float64)

    def at(a, b):
        return family(mt.tensor(a), mt.tensor(b)).log_prob(value.expand(3)).numpy()

    a, b = mt.tensor(A, requires_grad=True), mt.tensor(B, requires_grad=True)
    family(a, b).log_prob(value.expand(3)).sum().backward()
    step = 1e-6
    np.testing.assert_allclose(a.grad.numpy(), (at(A + step, B) - at(A - step, B)) / (2 * step), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(b.grad.numpy(), (at(A, B + step) - at(A, B - step)) / (2 * step), rtol=1e-6, atol=1e-7)


def test_gamma_samples_move_as_their_distribution_function_says():
    mt.manual_seed(1)
    alpha = np.repeat([0.3, 1.0, 3.0, 7.5, 9.0, 50.0], 40)
    leaf = mt.tensor(alpha, requires_grad=True)
    x = d.Gamma(leaf, 1.0).rsample()
    x.sum().backward()
    fixed, step = x.detach(), 1e-5
    up, down = (mt.special.gammainc(mt.tensor(alpha + s), fixed) for s in (step, -step))
    density = d.Gamma(mt.tensor(alpha), 1.0).log_prob(fixed).exp()
    exact = (-(up - down) / (2 * step) / density).numpy()
    np.testing.assert_allclose(leaf.grad.numpy(), exact, rtol=2e-2, atol=2e-3)


def test_a_dirichlet_sample_keeps_its_sum():
    mt.manual_seed(2)
    leaf = mt.tensor(np.array([[0.3, 1.0, 3.0], [9.0, 20.0, 8.0]]), requires_grad=True)
    x = d.Dirichlet(leaf).rsample((5,))
    np.testing.assert_allclose(x.detach().sum(-1).numpy(), 1.0, rtol=1e-12)
    x.sum().backward()
    np.testing.assert_allclose(leaf.grad.numpy(), 0.0, atol=1e-12)


def test_the_same_seed_gives_the_same_samples():
    for make in (lambda: d.Normal(0.0, 1.0), lambda: d.Gamma(2.0, 1.0), lambda: d.Categorical(mt.ones(5))):
        drawn = []
        for _ in range(2):
            mt.manual_seed(5)
            drawn.append(make().sample((7,)).numpy())
        np.testing.assert_array_equal(*drawn)
