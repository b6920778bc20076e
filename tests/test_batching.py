"""vmap against PyTorch's: results, derivatives through it and within it, randomness, refusals."""

import functools

import pytest

import minitorch as mt
from tests.twins import compare

pytestmark = pytest.mark.referee


def arguments(m):
    return m.arange(12.0, dtype=m.float64).view(3, 4), m.linspace(-1, 1, 12, dtype=m.float64).view(3, 4)


def maps(m):
    x, y = arguments(m)
    yield m.vmap(m.dot)(x, y)
    yield m.vmap(m.dot, in_dims=1)(x, y)
    yield m.vmap(m.dot, (0, None))(x, y[1])
    yield m.vmap(m.dot, in_dims=(-1, None))(x, y[:, 2])
    yield m.vmap(lambda a: a**2, out_dims=1)(x)
    yield m.vmap(lambda a: (a.sum(), a * 2), out_dims=(0, -1))(x)
    yield m.vmap(lambda a: {"twice": a * 2, "list": [a, a.max()]}, out_dims=0)(x)
    yield m.vmap(lambda a: {"twice": a * 2, "all": (a,)}, out_dims={"twice": 1, "all": (0,)})(x)
    yield m.vmap(lambda tree: tree["x"] @ tree["y"], in_dims=({"x": 0, "y": None},))({"x": x, "y": y[0]})
    yield m.vmap(lambda pair, k: pair[0] * pair[1] * k, in_dims=((0, 1), None))((x, y.t()), 3)
    yield m.vmap(lambda a, scale=4.0: a * scale)(x, scale=y)
    yield m.vmap(m.vmap(lambda a, b: a * b, (None, 0)), (0, None))(x[0], y[0])
    yield m.vmap(lambda a: a + 1, chunk_size=2)(x)
    yield m.vmap(lambda a, b: (a + b, b.sum()), (0, None), out_dims=(0, None))(x, y)
    yield m.func.vmap(functools.partial(m.mul, other=2))(x)
    yield m.vmap(lambda a: a.sum())(m.zeros(0, 4)), m.vmap(lambda a: a * 2, 1, 1)(m.zeros(4, 0))
    yield m.vmap(lambda a: m.ones(2))(x)
    yield m.vmap(m.nn.functional.softmax, (0, None))(x, 0)


def derivatives(m):
    x, y = arguments(m)
    x.requires_grad_()
    m.vmap(lambda a, b: (a * b).sin().sum())(x, y).sum().backward()
    yield x.grad

    def loss(w, a, b):
        return ((a @ w).tanh() - b) ** 2

    w = y[0] * 0.1
    yield m.vmap(m.func.grad(loss), (None, 0, 0))(w, x.detach(), y[:, 0])
    yield m.func.jacrev(m.vmap(m.sin))(w)
    yield m.vmap(m.func.jacrev(m.sin))(y)
    yield m.vmap(m.func.hessian(lambda a: (a**3).sum()))(y)
    yield m.func.jvp(m.vmap(m.sin), (y,), (x.detach(),))
    z = m.linspace(0.5, 2, 3, dtype=m.float64, requires_grad=True)
    out = z**3
    yield m.vmap(lambda v: m.autograd.grad(out, z, v))(m.eye(3, dtype=m.float64))
    m.manual_seed(0)
    models = [m.nn.Linear(4, 2) for _ in range(3)]
    params, buffers = m.func.stack_module_state(models)
    call = functools.partial(m.func.functional_call, models[0])
    yield m.vmap(lambda p, a: call(p, (a,)), (0, None))(params, x.detach().float())
    yield m.vmap(lambda p, a: call(p, (a,)))(params, x.detach().float())


def refusals(m):
    x, y = arguments(m)
    for make in (
        lambda: m.vmap(m.sin, randomness="some"), lambda: m.vmap(m.sin, chunk_size=0), lambda: m.vmap(m.sin)(),
        lambda: m.vmap(m.sin, in_dims="0")(x), lambda: m.vmap(m.sin, in_dims=None)(x), lambda: m.vmap(m.sin, in_dims=2)(x),
        lambda: m.vmap(m.mul)(x, 2), lambda: m.vmap(m.mul, in_dims=(0, 0.5))(x, y), lambda: m.vmap(m.mul)(x, y[:2]),
        lambda: m.vmap(m.mul, in_dims=(None, None))(x, y), lambda: m.vmap(m.sin, out_dims="0")(x),
        lambda: m.vmap(lambda a: 3)(x), lambda: m.vmap(lambda a: a, out_dims=None)(x), lambda: m.vmap(m.rand_like)(x),
        lambda: m.vmap(m.sin, out_dims=5)(x),
    ):  # fmt: skip
        try:
            make()
        except (ValueError, RuntimeError, IndexError) as error:
            yield type(error).__name__, str(error).replace("<built-in method ", "").split(" at 0x")[0][:120]
        else:
            yield "done"


@pytest.mark.parametrize("scenario", [maps, derivatives, refusals])
def test_vmap_is_pytorchs(scenario):
    compare(lambda library: list(scenario(library)), tolerance=1e-6)


def test_same_draws_the_same_for_all_and_different_goes_on():
    x = mt.zeros(3, 2)
    mt.manual_seed(0)
    same = mt.vmap(lambda a: a + mt.rand(2), randomness="same")(x)
    mt.manual_seed(0)
    one, two = mt.rand(2), mt.rand(2)
    assert same.tolist() == [one.tolist()] * 3
    mt.manual_seed(0)
    different = mt.vmap(lambda a: a + mt.rand(2), randomness="different")(x)
    assert different[:2].tolist() == [one.tolist(), two.tolist()]


def test_the_tape_is_freed_by_the_last_example():
    x = mt.ones(2, requires_grad=True)
    out = x**2
    mt.vmap(lambda v: mt.autograd.grad(out, x, v))(mt.eye(2))
    with pytest.raises(RuntimeError, match="second time"):
        mt.autograd.grad(out, x, mt.ones(2))
