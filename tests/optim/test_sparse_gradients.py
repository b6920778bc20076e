"""Sparse gradients: the optimisers that take them beside PyTorch's, and the refusals of the others."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome

pytestmark = pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # PyTorch's own, once a process
TAKES = [
    ("SparseAdam", {"lr": 0.03}), ("SparseAdam", {"maximize": True, "betas": (0.3, 0.5), "eps": 0.1}),
    ("Adagrad", {"lr": 0.1}), ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "maximize": True, "initial_accumulator_value": 0.3}),
    ("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
]  # fmt: skip
DENSE = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adadelta", "RMSprop", "Rprop", "ASGD"]


def sparse(lib, step, kind, shape):
    """A gradient with a place twice; nothing at all in every fourth step; one sparse dim or all of them."""
    rng = np.random.default_rng(step)
    dims, count = (1, 3) if kind == "rows" else (len(shape), 5)
    count = 0 if step % 4 == 3 else count
    places = np.stack([rng.integers(0, size, count) for size in shape[:dims]])
    if count:
        places[:, 1] = places[:, 0]
    return lib.sparse_coo_tensor(lib.tensor(places), lib.tensor(rng.normal(size=(count, *shape[dims:]))), shape)


@pytest.mark.referee
@pytest.mark.parametrize("kind", ["rows", "numbers"])
@pytest.mark.parametrize(("name", "options"), TAKES, ids=str)
def test_fifty_steps_are_pytorchs(name, options, kind):
    def scenario(lib):
        param = lib.nn.Parameter(lib.linspace(-1, 1, 12, dtype=lib.float64).reshape(4, 3))
        made = getattr(lib.optim, name)([param], **options)
        found = []
        for step in range(50):
            param.grad = sparse(lib, step, kind, (4, 3))
            made.step()
            if step % 10 == 9:
                found.append(param.detach().clone())
        state = {k: v.to_dense() if getattr(v, "is_sparse", False) else v for k, v in made.state_dict()["state"].get(0, {}).items()}
        return [found, state]

    compare(scenario, tolerance=1e-9)


@pytest.mark.parametrize(("name", "options"), TAKES, ids=str)
def test_loading_goes_on_where_saving_stopped(name, options):
    def steps(made, param, numbers):
        for step in numbers:
            param.grad = sparse(mt, step, "rows", (4, 3))
            made.step()

    a = mt.nn.Parameter(mt.ones(4, 3, dtype=mt.float64))
    made = getattr(mt.optim, name)([a], **options)
    steps(made, a, range(7))
    b = mt.nn.Parameter(a.detach().clone())
    other = getattr(mt.optim, name)([b])
    other.load_state_dict(made.state_dict())
    steps(made, a, range(7, 14))
    steps(other, b, range(7, 14))
    assert a.tolist() == b.tolist()


@pytest.mark.referee
def test_refusals_are_pytorchs():
    def scenario(lib):
        a, b = lib.nn.Parameter(lib.ones(2)), lib.nn.Parameter(lib.ones(2))
        a.grad, b.grad = lib.ones(2), lib.ones(2).to_sparse()
        found = [outcome(getattr(lib.optim, name)([a, b]).step) for name in DENSE]
        kind = lib.optim.SparseAdam
        found += [outcome(kind, [a], **options) for options in
                  ({"lr": 0.0}, {"lr": lib.ones(2)}, {"eps": 0.0}, {"betas": (1.0, 0.5)}, {"betas": (0.5, -1.0)})]  # fmt: skip
        found.append(outcome(kind([b, a]).step))
        found.append(outcome(kind, [a, lib.nn.Parameter(lib.ones(2, dtype=lib.complex64))]))
        found.append(outcome(kind, [{"params": [a]}, {"params": [lib.ones(2).to_sparse().requires_grad_()]}]))
        found.append(outcome(lib.optim.Adagrad([b], weight_decay=0.1).step))
        return [*found, a, b]

    compare(scenario)


def test_sgd_with_weight_decay_says_what_it_needs():
    param = mt.nn.Parameter(mt.ones(2))
    param.grad = mt.ones(2).to_sparse()
    with pytest.raises(RuntimeError, match="weight_decay needs dense gradients"):
        mt.optim.SGD([param], weight_decay=0.1).step()
    assert param.tolist() == [1.0, 1.0]


def test_clearing_sparse_gradients():
    param = mt.nn.Parameter(mt.ones(2))
    param.grad = mt.ones(2).to_sparse()
    made = mt.optim.SparseAdam([param])
    version = param._cell[0]
    made.step()
    assert param._cell[0] > version
    made.zero_grad(set_to_none=False)
    assert param.grad.to_dense().tolist() == [0.0, 0.0]
    made.zero_grad()
    assert param.grad is None


@pytest.mark.referee
@pytest.mark.parametrize("order", ["sd", "ds", "dsd", "rd", "dr", "ssd", "dsrs", "srd"])
@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.1}, {"momentum": 0.9, "nesterov": True},
                {"momentum": 0.9, "maximize": True}, {"weight_decay": 0.1}], ids=str)  # fmt: skip
def test_sgd_with_dense_and_sparse_gradients_in_turn(options, order):
    """d: dense, s: sparse in both dims, r: sparse in rows. A velocity stays what it began as; what PyTorch refuses is refused."""

    def scenario(lib):
        param = lib.nn.Parameter(lib.linspace(-1, 1, 12, dtype=lib.float64).reshape(4, 3))
        made, told = lib.optim.SGD([param], lr=0.1, **options), []
        for step, kind in enumerate(order):
            grad = lib.cos(lib.arange(12, dtype=lib.float64).reshape(4, 3) * (step + 1))
            grad[1] = 0
            param.grad = {"d": grad, "s": grad.to_sparse(), "r": grad.to_sparse(1)}[kind]
            said = outcome(made.step)
            told.append(said if said is None else [said[0], said[1].split(".")[0]])
            if said is not None:
                return [*told, param]  # PyTorch has scaled the velocity by then
            velocity = made.state.get(param, {}).get("momentum_buffer")
            told += [param.detach().clone(), None if velocity is None else velocity.to_dense().clone()]
        return told

    if options.get("momentum") and order == "srd":
        order = "ssd"  # sums of tensors with unlike sparse dims are refused in other words
    compare(scenario, tolerance=1e-12)


def test_a_half_precision_velocity_takes_a_sparse_gradient():
    param = mt.nn.Parameter(mt.ones(3, 2, dtype=mt.float16))
    made = mt.optim.SGD([param], lr=0.5, momentum=0.5)
    for grad in (mt.ones(3, 2, dtype=mt.float16), mt.ones(3, 2, dtype=mt.float16).to_sparse()):
        param.grad = grad
        made.step()
    assert param.dtype is mt.float16 and param.tolist() == [[-0.25, -0.25]] * 3
