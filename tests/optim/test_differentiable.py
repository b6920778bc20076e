"""differentiable=True: gradients through three steps beside PyTorch's, and what is refused."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome


def grid(**choices):
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


BOTH = (False, True)
GRIDS = {
    "SGD": [
        options for options in grid(lr=(0.1,), momentum=(0, 0.9), dampening=(0, 0.3), weight_decay=(0, 0.05), nesterov=BOTH, maximize=BOTH)
        if not options["nesterov"] or (options["momentum"] and not options["dampening"])
    ],
    "Adam": grid(lr=(0.1,), betas=((0.9, 0.999), (0.3, 0.5)), eps=(1e-8, 0.1), weight_decay=(0, 0.05), amsgrad=BOTH, maximize=BOTH),
    "AdamW": grid(lr=(0.1,), weight_decay=(0, 0.05), amsgrad=BOTH, maximize=BOTH),
    "Adamax": grid(lr=(0.03,), betas=((0.9, 0.999), (0.3, 0.5)), weight_decay=(0, 0.05), maximize=BOTH),
    "NAdam": grid(lr=(0.03,), momentum_decay=(4e-3, 0.3), weight_decay=(0, 0.05), decoupled_weight_decay=BOTH, maximize=BOTH),
    "RAdam": grid(lr=(0.03,), betas=((0.9, 0.999), (0.3, 0.5), (0.2, 0.9)), weight_decay=(0, 0.05), decoupled_weight_decay=BOTH, maximize=BOTH),
    "Adagrad": grid(lr=(0.1,), lr_decay=(0, 0.1), weight_decay=(0, 0.05), initial_accumulator_value=(0, 0.3), maximize=BOTH),
    "Adadelta": grid(lr=(1.0,), rho=(0.9, 0.2), eps=(1e-6, 0.1), weight_decay=(0, 0.05), maximize=BOTH),
    "RMSprop": grid(lr=(0.01,), alpha=(0.99, 0.5), weight_decay=(0, 0.05), momentum=(0, 0.9), centered=BOTH, maximize=BOTH, eps=(1e-2,)),
    "Rprop": grid(lr=(0.01,), etas=((0.5, 1.2), (0.1, 3.0)), step_sizes=((1e-6, 50), (0.005, 0.02)), maximize=BOTH),
    "ASGD": grid(lr=(0.03,), lambd=(1e-4, 0.1), t0=(1e6, 1), weight_decay=(0, 0.05), maximize=BOTH),
}  # fmt: skip
#: Counts, and the step sizes of Rprop, which do not depend on anything; in PyTorch they do, with a derivative of 0.
CONSTANT = ("step", "step_size")
SOME = {name: options[len(options) // 2] for name, options in GRIDS.items()}
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")


def meta(lib, name, options, dtype="float64", steps=3, tensors=()):
    """The parameter after three steps, and the gradients of a loss of it by all that the steps were made of.

    `tensors` names the options that are tensors with a gradient.
    """
    rng = np.random.default_rng(3)
    kind = getattr(lib, dtype)

    def draw(*shape):
        numbers = rng.normal(size=shape)
        return lib.tensor(numbers + 1j * rng.normal(size=shape) if dtype.startswith("complex") else numbers).to(kind)

    start, gradients, weight = draw(3, 2).requires_grad_(), [draw(3, 2).requires_grad_() for _ in range(steps)], draw(3, 2)
    leaves = [start, *gradients]
    options = dict(options)
    for option in tensors:
        given = options[option]
        made = [lib.tensor(x, dtype=lib.float64).requires_grad_() for x in (given if isinstance(given, tuple) else (given,))]
        leaves += made
        options[option] = tuple(made) if isinstance(given, tuple) else made[0]
    param = start.clone()
    made = getattr(lib.optim, name)([param], differentiable=True, **options)
    with lib.no_grad():  # a step is recorded even so
        for gradient in gradients:
            param.grad = gradient
            made.step()
            if lib is not mt:  # PyTorch writes over what its own tape has saved of the state, and then cannot go back
                with lib.enable_grad():
                    made.state[param] = {k: v if k == "step" or v is None else v.clone() for k, v in made.state[param].items()}
    tracked = {k: v.requires_grad for k, v in made.state[param].items() if k not in CONSTANT and v is not None}
    product = (param * weight).sum()
    found = lib.autograd.grad((product * product.conj()).real, leaves, allow_unused=True)
    return [param, list(found), tracked, dict(made.state[param])]


@pytest.mark.referee
@pytest.mark.parametrize(("name", "options"), [(n, o) for n, many in GRIDS.items() for o in many], ids=str)
def test_gradients_through_three_steps_are_pytorchs(name, options):
    compare(meta, name, options, tolerance=1e-9)


@pytest.fixture
def doubles():
    """Step counts in float64."""
    torch = pytest.importorskip("torch")
    for lib in (mt, torch):
        lib.set_default_dtype(lib.float64)
    yield
    for lib in (mt, torch):
        lib.set_default_dtype(lib.float32)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["Adam", "AdamW", "NAdam"])
def test_counts_in_float64_are_pytorchs(name, doubles):
    for options in GRIDS[name]:
        compare(meta, name, options, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "NAdam", "RAdam"])
def test_gradients_by_the_learning_rate_are_pytorchs(name):
    for options in GRIDS[name]:
        compare(lambda lib, options=options: meta(lib, name, options, tensors=["lr"]), tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_gradients_by_betas_are_pytorchs(name):
    for amsgrad in BOTH:
        options = {"lr": 0.1, "betas": (0.8, 0.95), "amsgrad": amsgrad}
        compare(lambda lib, options=options: meta(lib, name, options, tensors=["lr", "betas"]), tolerance=1e-9)


@pytest.mark.referee
def test_gradients_by_the_weight_decay_are_pytorchs():
    for name in ("SGD", "Adam"):
        options = {"lr": 0.1, "weight_decay": 0.05}

        def scenario(lib, name=name, options=options):
            # PyTorch's addcmul_ writes to the gradient itself where this option has a gradient, so that must be no leaf
            rng = np.random.default_rng(0)
            start, decay = lib.tensor(rng.normal(size=3)).requires_grad_(), lib.tensor(0.05, dtype=lib.float64, requires_grad=True)
            param = start.clone()
            made = getattr(lib.optim, name)([param], **{**options, "weight_decay": decay}, differentiable=True)
            for _ in range(3):
                param.grad = lib.tensor(rng.normal(size=3))
                made.step()
            return list(lib.autograd.grad((param * param).sum(), [start, decay]))

        compare(scenario, tolerance=1e-9)


@pytest.mark.parametrize("name", ["Adamax", "Adagrad", "Adadelta", "RMSprop"])
def test_gradients_by_the_learning_rate_where_pytorch_has_none(name, doubles):
    options = SOME[name]
    *_, by_lr = meta(mt, name, options, tensors=["lr"])[1]

    def loss(lr):
        rng = np.random.default_rng(3)
        param, _ = meta(mt, name, {**options, "lr": lr})[:2]
        *_, weight = [rng.normal(size=(3, 2)) for _ in range(5)]
        return float((param.detach().numpy() * weight).sum() ** 2)

    step = 1e-5
    slope = (loss(options["lr"] + step) - loss(options["lr"] - step)) / (2 * step)
    assert by_lr.item() == pytest.approx(slope, rel=1e-6)


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("dtype", ["complex128", "float32"])
def test_other_dtypes_are_pytorchs(name, dtype):
    options = {**SOME[name], **({} if name in ("SGD", "Rprop", "ASGD") else {"eps": 1e-2})}
    compare(meta, name, options, dtype, tolerance=1e-9 if dtype == "complex128" else 2e-4)


@pytest.mark.parametrize("name", GRIDS)
def test_a_recorded_step_is_the_plain_one(name, doubles):
    """Without a tape the numbers are those of the rule on arrays, in half precision too."""
    for dtype in ("float64", "float16", "bfloat16", "complex64"):
        found = []
        for differentiable in BOTH:
            rng = np.random.default_rng(1)
            param = mt.tensor(rng.normal(size=(3, 2))).to(getattr(mt, dtype))
            made = getattr(mt.optim, name)([param], differentiable=differentiable, **SOME[name])
            for _ in range(4):
                param.grad = mt.tensor(rng.normal(size=(3, 2))).to(getattr(mt, dtype))
                made.step()
            found.append([param, *(v for v in made.state[param].values() if v is not None)])
        for one, other in zip(*found, strict=True):
            assert one.dtype is other.dtype and not one.requires_grad and not other.requires_grad
            wide = mt.complex128 if dtype == "complex64" else mt.float64
            tolerance = {"float64": 1e-12, "complex64": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
            np.testing.assert_allclose(one.to(wide).numpy(), other.to(wide).numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
def test_refusals_are_pytorchs(name):
    def scenario(lib):
        kind = getattr(lib.optim, name)
        leaf, other = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True).clone()
        leaf.grad, other.grad = lib.ones(2), lib.ones(2)
        made = kind([leaf], differentiable=True)
        told = [outcome(kind, [other])]
        kind_of, words = outcome(made.step)
        told += [kind_of, words.split(".")[0].split(" (")[0], leaf.tolist()]
        told.append(outcome(kind([other], differentiable=True, foreach=True).step) if name != "SGD" else None)
        if name in ("SGD", "Adam", "AdamW", "Adagrad"):
            told.append(outcome(kind, [other], differentiable=True, fused=True))
        return told

    compare(scenario)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_learning_to_learn(name):
    """Two inner steps with create_graph; the outer gradient reaches what the model was made from."""

    def scenario(lib):
        x, y = lib.linspace(-1, 1, 6, dtype=lib.float64).reshape(3, 2), lib.tensor([0.5, -1.0, 2.0], dtype=lib.float64)
        start = lib.tensor([0.3, -0.7], dtype=lib.float64, requires_grad=True)
        param = start.clone()
        made = getattr(lib.optim, name)([param], lr=0.1, differentiable=True)
        for _ in range(2):
            fresh = param.clone()  # its own memory: a step writes that of param
            loss = ((x @ fresh - y) ** 2).mean()
            (param.grad,) = lib.autograd.grad(loss, fresh, create_graph=True)
            made.step()
        return list(lib.autograd.grad(((x @ param - y) ** 2).sum(), start))

    compare(scenario, tolerance=1e-9)


def test_a_write_that_the_tape_would_miss_is_noticed():
    start = mt.ones(2, requires_grad=True)
    param = start.clone()
    loss = (param * param).sum()
    param.grad = mt.ones(2)
    mt.optim.SGD([param], lr=0.1, differentiable=True).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_sparse_gradient_is_refused_by_name():
    param = mt.ones(2)
    param.grad = mt.ones(2).to_sparse()
    with pytest.raises(NotImplementedError, match="to_dense"):
        mt.optim.SGD([param], differentiable=True).step()
    assert param.tolist() == [1.0, 1.0]
