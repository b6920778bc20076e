"""autograd.functional: products with Jacobians and Hessians, and the matrices, against PyTorch and by their laws."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import functional as F


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.3, 1.5, shape)


def tensor(lib, array):
    return lib.tensor(np.asarray(array).tolist(), dtype=lib.float64).reshape(np.shape(array))


def flat(found):
    """All numbers of a nested result, and its structure."""
    if isinstance(found, tuple):
        parts = [flat(part) for part in found]
        return [number for numbers, _ in parts for number in numbers], tuple(form for _, form in parts)
    return np.array(found.detach().tolist()).reshape(-1).tolist(), (tuple(found.shape), found.requires_grad)


# ---- functions, as (lib, *inputs) -> outputs -----------------------------------------------------------------------
def one(lib, x):
    return x.exp().sum(1) * x[:, 0]


def several_in(lib, x, y):
    return (x * y.unsqueeze(0)).tanh()


def several_out(lib, x):
    return x.t() * 2, (x**3).sum()


def several_both(lib, x, y):
    return x @ y, y.prod(), x * x


def ignores_one(lib, x, y):
    return x * 2


def constant_out(lib, x):
    return x * 2, lib.ones(2, dtype=lib.float64)


def in_place(lib, x):
    h = x * 2
    h[0] = h[1] + h[0]
    h[:, 1].mul_(3)
    return h


def number(lib, x):
    return (x**3).sum() + x[0, 0] * x[1, 1]


def number_of_two(lib, x, y):
    return ((x @ y) ** 2).sum() + (y**4).sum()


def linear_in_one(lib, x, y):
    return (x.sum(0) * y).sum()


ONE = ((2, 3),)
TWO = ((2, 3), (3,))
FUNCTIONS = [(one, ONE), (several_in, TWO), (several_out, ONE), (several_both, TWO), (ignores_one, TWO),
             (constant_out, ONE), (in_place, ONE), (number, ONE), (number_of_two, TWO)]  # fmt: skip
NUMBERS = [(number, ONE), (number_of_two, TWO), (linear_in_one, TWO)]


def inputs_of(lib, shapes, requires_grad=False):
    made = tuple(tensor(lib, numbers(*shape, seed=place)).requires_grad_(requires_grad) for place, shape in enumerate(shapes))
    return made if len(made) > 1 else made[0]


def vectors_like(lib, found, seed):
    if isinstance(found, tuple):
        return tuple(vectors_like(lib, part, seed + place) for place, part in enumerate(found))
    return tensor(lib, numbers(*found.shape, seed=seed))


def name(value):
    return getattr(value, "__name__", None)


# ---- against PyTorch -----------------------------------------------------------------------------------------------
@pytest.mark.referee
@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("product", ["vjp", "jvp", "jacobian"])
@pytest.mark.parametrize(("function", "shapes"), FUNCTIONS, ids=name)
def test_first_order(function, shapes, product, create_graph, requires_grad):
    torch = pytest.importorskip("torch")
    found = []
    for lib in (mt, torch):
        inputs = inputs_of(lib, shapes, requires_grad)
        call = getattr(lib.autograd.functional, product)

        def run(*given, lib=lib):
            return function(lib, *given)

        given = inputs if isinstance(inputs, tuple) else (inputs,)
        like = {"vjp": run(*given), "jvp": inputs, "jacobian": None}[product]
        vector = () if like is None else (vectors_like(lib, like, 7),)
        found.append(flat(call(run, inputs, *vector, create_graph=create_graph)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10, atol=1e-12)
    if not (create_graph and product == "jvp"):  # by backward twice a constant tangent still seems to depend
        assert found[0][1] == found[1][1]


@pytest.mark.referee
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("product", ["hvp", "vhp", "hessian"])
@pytest.mark.parametrize(("function", "shapes"), NUMBERS, ids=name)
def test_second_order(function, shapes, product, create_graph):
    torch = pytest.importorskip("torch")
    found = []
    for lib in (mt, torch):
        inputs = inputs_of(lib, shapes, create_graph)
        vector = () if product == "hessian" else (vectors_like(lib, inputs, 7),)
        call = getattr(lib.autograd.functional, product)
        found.append(flat(call(lambda *given, lib=lib: function(lib, *given), inputs, *vector, create_graph=create_graph)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10, atol=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("product", ["vjp", "jvp", "jacobian", "hvp", "vhp", "hessian"])
def test_strict(product):
    torch = pytest.importorskip("torch")
    functions = {"ignores": lambda x, y: (x**3).sum(), "constant": lambda x, y: x.detach().sum(),
                 "linear": lambda x, y: (x + y).sum(), "fine": lambda x, y: (x * y * y * x).sum()}  # fmt: skip
    for case, function in functions.items():
        outcomes = []
        for lib in (mt, torch):
            inputs = inputs_of(lib, ((3,), (3,)))
            vector = () if product in ("jacobian", "hessian", "vjp") else (inputs,)
            try:
                getattr(lib.autograd.functional, product)(function, inputs, *vector, strict=True)
                outcomes.append("fine")
            except RuntimeError as error:
                assert "strict mode" in str(error)
                outcomes.append("refused")
        # A jvp is asked whether the output depends at all, not on each input.
        assert outcomes[0] == outcomes[1] or (product == "jvp" and case in ("ignores", "linear")), (case, outcomes)


# ---- by its own laws -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("function", "shapes"), FUNCTIONS, ids=name)
def test_forward_mode_and_reverse_mode_make_the_same_jacobian(function, shapes):
    inputs = inputs_of(mt, shapes)

    def run(*given):
        return function(mt, *given)

    reverse = flat(F.jacobian(run, inputs))
    forward = flat(F.jacobian(run, inputs, vectorize=True, strategy="forward-mode"))
    np.testing.assert_allclose(reverse[0], forward[0], rtol=1e-12)
    assert reverse[1] == forward[1]


@pytest.mark.parametrize(("function", "shapes"), NUMBERS, ids=name)
def test_hessians_agree(function, shapes):
    inputs = inputs_of(mt, shapes)

    def run(*given):
        return function(mt, *given)

    whole = flat(F.hessian(run, inputs))[0]
    np.testing.assert_allclose(whole, flat(F.hessian(run, inputs, outer_jacobian_strategy="forward-mode"))[0])
    vectors = vectors_like(mt, inputs, 3)
    np.testing.assert_allclose(flat(F.hvp(run, inputs, vectors)[1])[0], flat(F.vhp(run, inputs, vectors)[1])[0])


def test_results_can_be_differentiated():
    x = tensor(mt, numbers(3)).requires_grad_()
    v = tensor(mt, numbers(3, seed=1))
    a = np.array(x.tolist())
    cubes = {
        "vjp": F.vjp(lambda t: t**3, x, v, create_graph=True)[1],
        "jvp": F.jvp(lambda t: t**3, x, v, create_graph=True)[1],
        "hvp": F.hvp(lambda t: (t**4).sum() / 4, x, v, create_graph=True)[1],
        "vhp": F.vhp(lambda t: (t**4).sum() / 4, x, v, create_graph=True)[1],
    }
    for product, result in cubes.items():
        (g,) = mt.autograd.grad(result.sum(), x)
        np.testing.assert_allclose(g.tolist(), 6 * a * np.array(v.tolist()), err_msg=product)
    (g,) = mt.autograd.grad(F.jacobian(lambda t: t**3, x, create_graph=True).sum(), x)
    np.testing.assert_allclose(g.tolist(), 6 * a)
    (g,) = mt.autograd.grad(F.hessian(lambda t: (t**3).sum(), x, create_graph=True).sum(), x)
    np.testing.assert_allclose(g.tolist(), [6, 6, 6])


def test_nothing_is_left_behind():
    x = tensor(mt, numbers(3)).requires_grad_()
    w = tensor(mt, numbers(3)).requires_grad_()
    for product in (F.vjp, F.jvp, F.hvp, F.vhp):
        out, result = product(lambda t: (t * w).sum() ** 2, x, *([mt.ones(3)] if product is not F.vjp else []))
        assert not out.requires_grad and not result.requires_grad
    assert x.grad is None and w.grad is None
    with mt.no_grad():
        assert F.jacobian(lambda t: t * w, x).diagonal().tolist() == w.tolist()
        assert not mt.is_grad_enabled()


def test_the_vector_may_be_left_out_for_a_single_number():
    assert F.vjp(lambda t: (t * t).sum(), mt.tensor([3.0]))[1].tolist() == [6.0]
    assert F.jvp(lambda t: t * t, mt.tensor([3.0]))[1].tolist() == [6.0]
    assert F.hvp(lambda t: (t**3).sum(), mt.tensor([3.0]))[1].tolist() == [18.0]


def test_empty_outputs():
    assert F.jacobian(lambda t: t[:0], mt.ones(3)).shape == (0, 3)
    assert F.jacobian(lambda t: t, mt.ones(0), strategy="forward-mode").shape == (0, 0)


def test_forward_mode_notices_what_was_written_in_place():
    def function(t):
        h = t * 1
        y = h.exp()
        y.add_(1)
        return y

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        F.jvp(function, mt.ones(3), mt.ones(3))


def test_errors():
    x = mt.ones(3)
    with pytest.raises(TypeError, match="The inputs given to vjp must be either a Tensor or a tuple of Tensors but the given"):
        F.vjp(lambda t: t, [x], x)
    with pytest.raises(TypeError, match="but the value at index 1 has type <class 'int'>"):
        F.jvp(lambda t, u: t, (x, 3), (x, x))
    with pytest.raises(TypeError, match="The outputs of the user-provided function given to jacobian must be"):
        F.jacobian(lambda t: 3.0, x)
    with pytest.raises(RuntimeError, match="The vector v can only be None if the user-provided function returns a single"):
        F.vjp(lambda t: t, x)
    with pytest.raises(RuntimeError, match="The vector v can only be None if the input to the user-provided function"):
        F.jvp(lambda t: t, x)
    with pytest.raises(RuntimeError, match=r"v has invalid size: should be .*\[3\]\) but got .*\[2\]\)"):
        F.vjp(lambda t: t, x, mt.ones(2))
    with pytest.raises(RuntimeError, match="The given v should contain a single Tensor"):
        F.vjp(lambda t: t, x, (x, x))
    with pytest.raises(RuntimeError, match="v is a tuple of invalid length: should be 2 but got 1"):
        F.jvp(lambda t, u: t, (x, x), (x,))
    for product in (F.hessian, F.hvp, F.vhp):
        more = () if product is F.hessian else (x,)
        with pytest.raises(RuntimeError, match="should contain a single element"):
            product(lambda t: t, x, *more)
        with pytest.raises(RuntimeError, match="should return a single Tensor"):
            product(lambda t: (t.sum(), t.sum()), x, *more)
    with pytest.raises(AssertionError, match="Expected strategy to be either"):
        F.jacobian(lambda t: t, x, strategy="sideways")
    with pytest.raises(NotImplementedError, match="create_graph=True"):
        F.jacobian(lambda t: t, x, create_graph=True, strategy="forward-mode")
    with pytest.raises(RuntimeError, match="strict=True"):
        F.jacobian(lambda t: t, x, strict=True, strategy="forward-mode")
    with pytest.raises(RuntimeError, match="strict=True"):
        F.jacobian(lambda t: t, x, strict=True, vectorize=True)
