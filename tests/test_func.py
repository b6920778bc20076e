"""Derivatives as functions, alone, nested and with modules, beside PyTorch's."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome


def data(lib, *shape):
    return lib.linspace(-1.0, 1.5, lib.ones(shape).numel(), dtype=lib.float64).reshape(shape)


def gradients(lib):
    func, x, y = lib.func, data(lib, 3), data(lib, 3) + 2
    f = lambda x, y, k=1: ((x * y).sin() * k).sum()  # noqa: E731
    nest = lambda d, rest: (d["a"] * d["b"][0] * rest).sum()  # noqa: E731
    return [
        func.grad(f)(x, y), func.grad(f, argnums=1)(x, y, k=3), func.grad(f, argnums=(1, 0))(x, y), func.grad(f, -1)(x, y),
        func.grad_and_value(f)(x, y), func.grad(lambda x: (x.sum(), {"x": x * 2}), has_aux=True)(x),
        func.grad_and_value(lambda x: (x.sum(), x), has_aux=True)(x), func.grad(nest)({"a": x, "b": [y]}, y),
        func.grad(lambda x: y.sum())(x), func.grad(f)(x, y).requires_grad,
        func.grad(func.grad(lambda x: (x**4).sum() / 3))(x[0]), func.grad(func.grad(func.grad(lambda x: (x**4).sum())))(x[1]),
        func.grad(lambda y: func.grad(lambda x: (x * y**2).sum())(x).sum())(y),
    ]  # fmt: skip


def products(lib):
    func, x, y = lib.func, data(lib, 3), data(lib, 3) + 2
    out, pull = func.vjp(lambda x, y: {"p": x * y, "s": (x + y).exp()}, x, y)
    again, pull_one, aux = func.vjp(lambda x: (x.sin(), x * 7), x, has_aux=True)
    return [
        out, pull({"p": x, "s": y}), pull({"p": y, "s": x}), again, pull_one(y), aux,
        func.jvp(lambda x, y: (x * y, [x.sin()]), (x, y), (y, x)), func.jvp(lambda x: (x**2, x), (x,), (y,), has_aux=True),
        func.jvp(lambda x: y, (x,), (x,)), func.jvp(func.grad(lambda x: (x**3).sum()), (x,), (y,)),
        func.jvp(lambda x: func.jvp(lambda x: x**3, (x,), (y,))[1], (x,), (y,)),
        func.grad(lambda x: func.jvp(lambda x: x**3, (x,), (y,))[1].sum())(x),
        func.grad(lambda x: func.vjp(lambda z: z**3, x)[1](y)[0].sum())(x),
    ]  # fmt: skip


def pushes(lib):
    func, x, y = lib.func, data(lib, 3), data(lib, 3) + 2
    f = lambda a, b: (a.sin() * b, {"s": (a * a).sum()})  # noqa: E731
    out, along = func.linearize(f, x, y)
    w = data(lib, 3).requires_grad_()
    recorded, through = func.linearize(lambda a: a * w, x)
    return [
        out, along(y, x), along(x, y), along(lib.zeros_like(x), x), func.jvp(f, (x, y), (y, x)),
        outcome(lambda: along(x))[0], outcome(lambda: along(x, y[:2])), outcome(lambda: along(x, y.float())),
        func.vmap(func.linearize(lib.sin, x)[1])(lib.eye(3, dtype=lib.float64)), recorded, through(y),
    ]  # fmt: skip


def matrices(lib):
    func, x, y = lib.func, data(lib, 3), data(lib, 2) + 2
    f = lambda x, y: (x.unsqueeze(1) * y).sin()  # noqa: E731
    found = []
    for jac in (func.jacrev, func.jacfwd):
        found += [jac(f)(x, y), jac(f, 1)(x, y), jac(f, argnums=(0, 1))(x, y), jac(lambda d: {"s": d["a"].exp(), "t": d["a"].sum()})({"a": x}),
                  jac(lambda x: (x**2, x), has_aux=True)(x), jac(lambda x: y)(x), jac(lambda x: x[:0])(x), jac(f)(x, y).requires_grad]  # fmt: skip
    scalar = lambda x, y: (x**3).sum() * (y**2).sum()  # noqa: E731
    return [*found, func.hessian(scalar)(x, y), func.hessian(scalar, argnums=(0, 1))(x, y),
            func.jacrev(func.jacrev(f))(x, y), func.jacrev(func.jacfwd(f))(x, y)]  # fmt: skip


def outside(lib):
    """What the function closes over stays on the outer tape."""
    x, w = data(lib, 3), lib.nn.Parameter(data(lib, 3) + 1)
    slope = lib.func.grad(lambda x: (x**2 * w).sum())(x)
    slope.sum().backward()
    with lib.no_grad():
        inside = lib.func.grad(lambda x: (x**2 * w).sum())(x)
    leaf = data(lib, 3).requires_grad_()
    second = lib.func.grad(lambda x: (x**3).sum())(leaf)
    second.sum().backward()
    return slope.requires_grad, w.grad, inside.requires_grad, inside, leaf.grad, lib.func.vjp(lambda x: x * w, x)[0].requires_grad


def modules(lib):
    lib.manual_seed(1)
    models = [lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3)) for _ in range(3)]
    params, buffers = lib.func.stack_module_state(models)
    plain = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.LayerNorm(3)).double()  # PyTorch refuses one that writes its buffers
    weights = {name: p.detach() for name, p in plain.named_parameters()}
    loss = lambda p, x: lib.func.functional_call(plain, p, (x,)).exp().sum()  # noqa: E731
    slopes = lib.func.grad(loss)(weights, lib.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=lib.float64))
    models[1].eval()
    frozen = [lib.nn.Linear(1, 1), lib.nn.Linear(1, 1).requires_grad_(False)]
    return [params, buffers, [p.requires_grad for p in params.values()], [p.is_leaf for p in params.values()], slopes,
            outcome(lib.func.stack_module_state, []), outcome(lib.func.stack_module_state, models),
            outcome(lib.func.stack_module_state, [lib.nn.ReLU(), lib.nn.Tanh()]),
            outcome(lib.func.stack_module_state, frozen)]  # fmt: skip


def refusals(lib):
    func, x = lib.func, data(lib, 3)
    return [
        outcome(func.grad(lambda x: x), x), outcome(func.grad(lambda x: 3), x), outcome(func.grad(lambda x: x.sum(), 2), x),
        outcome(func.grad(lambda x: x.sum(), has_aux=True), x), outcome(func.vjp, lambda x: 3, x), outcome(func.vjp, lambda x: (), x),
        outcome(func.vjp, lambda x: x.int(), x), outcome(func.vjp(lambda x: x * 2, x)[1], (x,)),
        outcome(func.jvp, lambda x: 3, (x,), (x,)), outcome(func.jvp, lambda x: x, x, (x,)),
        outcome(func.jvp, lambda x: x.detach(), (x,), (x,), strict=True)[0],
        outcome(func.vjp, lambda x: x, x, has_aux=True), outcome(func.jvp, lambda x: x, (x,), (x,), has_aux=True),
    ]  # fmt: skip


@pytest.mark.referee
@pytest.mark.filterwarnings("ignore:Attempted to insert:UserWarning")
@pytest.mark.parametrize("scenario", [gradients, products, pushes, matrices, outside, modules, refusals])
def test_transforms_are_pytorchs(scenario):
    compare(scenario, tolerance=1e-6)


def test_what_is_absent_says_what_to_write_instead():
    for name, hint in (("functionalize", "as they are"),):
        with pytest.raises(AttributeError, match=hint):
            getattr(mt.func, name)
    assert not hasattr(mt.func, "nothing")
