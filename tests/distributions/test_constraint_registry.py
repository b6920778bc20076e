import pytest

import minitorch as mt
from minitorch.distributions import biject_to, constraints, transform_to
from minitorch.distributions.constraint_registry import ConstraintRegistry

CASES = {
    "real": lambda c: c.real,
    "real_vector": lambda c: c.real_vector,
    "positive": lambda c: c.positive,
    "nonnegative": lambda c: c.nonnegative,
    "greater_than": lambda c: c.greater_than(-2.0),
    "greater_than_eq": lambda c: c.greater_than_eq(3),
    "less_than": lambda c: c.less_than(1.5),
    "unit_interval": lambda c: c.unit_interval,
    "interval": lambda c: c.interval(-1.0, 3.0),
    "half_open_interval": lambda c: c.half_open_interval(2, 5),
    "simplex": lambda c: c.simplex,
    "independent": lambda c: c.independent(c.positive, 1),
}
VALUES = [[-1.5, 0.25, 2.0], [0.0, -0.5, 1.0]]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("registry", [biject_to, transform_to])
def test_every_number_lands_in_the_set_and_comes_back(registry, name):
    constraint = CASES[name](constraints)
    x = mt.tensor(VALUES, dtype=mt.float64)
    to = registry(constraint)
    y = to(x)
    assert constraint.check(y).all()
    again = to(to.inv(y))
    assert mt.allclose(again, y, atol=1e-6)
    if registry is biject_to:
        assert to.bijective and mt.allclose(to.inv(y), x, atol=1e-6)


@pytest.mark.referee
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
def test_the_transforms_are_pytorchs(registry, name):
    torch = pytest.importorskip("torch")
    ours = getattr(mt.distributions, registry)(CASES[name](constraints))
    theirs = getattr(torch.distributions, registry)(CASES[name](torch.distributions.constraints))
    x, t = mt.tensor(VALUES, dtype=mt.float64), torch.tensor(VALUES, dtype=torch.float64)
    y, wanted = ours(x), theirs(t)
    assert type(ours).__name__ == type(theirs).__name__
    assert y.flatten().tolist() == pytest.approx(wanted.flatten().tolist())
    if theirs.bijective:
        found = ours.log_abs_det_jacobian(x, y)
        expected = theirs.log_abs_det_jacobian(t, wanted)
        expected = expected if isinstance(expected, torch.Tensor) else torch.tensor(float(expected))
        found = found if isinstance(found, mt.Tensor) else mt.tensor(float(found))
        assert found.shape == tuple(expected.shape)
        assert found.flatten().tolist() == pytest.approx(expected.flatten().tolist())


def test_a_constraint_without_a_transform_is_refused():
    with pytest.raises(NotImplementedError, match="Cannot transform _Boolean constraints"):
        biject_to(constraints.boolean)
    with pytest.raises(TypeError, match="Expected constraint to be either a Constraint subclass or instance, but got 3"):
        biject_to.register(3, lambda c: c)


def test_a_class_is_registered_by_a_decorator_or_an_instance():
    own = ConstraintRegistry()

    @own.register(constraints.boolean)
    def build(constraint):
        return "boolean"

    assert own(constraints.boolean) == "boolean" and build(None) == "boolean"
    own.register(type(constraints.simplex), lambda c: c)
    assert own(constraints.simplex) is constraints.simplex


def test_a_positive_parameter_is_optimised_through_it():
    free = mt.zeros(1, requires_grad=True)
    to = transform_to(mt.distributions.Normal.arg_constraints["scale"])
    to(free).sum().backward()
    assert free.grad.tolist() == [1.0]


MATRICES = {
    "lower_cholesky": (lambda c: c.lower_cholesky, (2, 3, 3)), "positive_definite": (lambda c: c.positive_definite, (3, 3)),
    "positive_semidefinite": (lambda c: c.positive_semidefinite, (3, 3)), "corr_cholesky": (lambda c: c.corr_cholesky, (2, 6)),
    "cat": (lambda c: c.cat([c.positive, c.unit_interval], -1, [1, 3]), (2, 4)),
    "stack": (lambda c: c.stack([c.positive, c.interval(-1.0, 2.0)], 0), (2, 3)),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
def test_matrices_and_parts(registry, name):
    torch = pytest.importorskip("torch")
    of, shape = MATRICES[name]

    def scenario(lib):
        d = lib.distributions
        try:
            to = getattr(d, registry)(of(d.constraints))
        except NotImplementedError:
            return ["none"]
        x = lib.cos(lib.arange(36, dtype=lib.float64))[: int(lib.ones(shape).sum())].reshape(shape)
        y = to(x)
        assert of(d.constraints).check(y).all()
        return [type(to).__name__, *y.flatten().tolist(), *to.inv(y).flatten().tolist()]

    ours, theirs = scenario(mt), scenario(torch)
    assert ours[0] == theirs[0] and ours[1:] == pytest.approx(theirs[1:])
