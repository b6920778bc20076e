"""PyTorch's own table of optimisers as driver: every row of options walked on both libraries.

The table is `torch.testing._internal.common_optimizers.optim_db`, of the installed PyTorch; importing it needs the package
expecttest. Rows that only choose an implementation (foreach, fused) are walked here as well: there is one.
"""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import assert_same, plain

pytestmark = [pytest.mark.referee, pytest.mark.filterwarnings("ignore:Sparse invariant checks")]


def rows():
    try:
        from torch.testing._internal.common_optimizers import optim_db
    except ImportError:
        return []
    return [
        (info.optim_cls.__name__, given.desc or "default", given.kwargs)
        for info in optim_db for given in info.optim_inputs_func(device="cpu")
        if not given.kwargs.get("differentiable")
    ]  # fmt: skip


ROWS = rows()


def options_for(lib, kwargs):
    """The options with tensors of this library, without what only chooses PyTorch's implementation."""
    import torch

    def own(value):
        if isinstance(value, torch.Tensor):
            return lib.tensor(value.numpy().copy())
        return tuple(own(v) for v in value) if isinstance(value, tuple) else value

    dropped = ("foreach", "fused") if lib is torch else ()
    return {key: own(value) for key, value in kwargs.items() if key not in dropped}


def walk(lib, name, kwargs, steps):
    """Least squares with a matrix, a vector shared by two uses, a frozen and an unused parameter."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        return lib.tensor(rng.normal(size=shape))

    weight, tied, frozen, unused = (lib.nn.Parameter(draw(*shape)) for shape in ((3, 4), (4,), (4,), (2,)))
    frozen.requires_grad_(False)
    x, y = draw(6, 3), draw(6, 4)
    params = [weight] if name == "Muon" else [weight, tied, frozen, unused]
    made = getattr(lib.optim, name)(params, **options_for(lib, kwargs))

    def closure():
        made.zero_grad()
        loss = ((x @ weight + tied * frozen + tied - y) ** 2).mean()
        loss.backward()
        if name == "SparseAdam":
            for param in (weight, tied):
                param.grad = param.grad.to_sparse()
        return loss

    found = []
    for step in range(steps):
        loss = made.step(closure)
        if step % 10 == 0 or step == steps - 1:
            found.append([loss.item(), *(p.detach().clone() for p in params)])
    return found


@pytest.mark.parametrize(("name", "desc", "kwargs"), ROWS, ids=[f"{name} {desc}" for name, desc, _ in ROWS])
def test_every_row_is_walked_as_pytorch_does(name, desc, kwargs):
    torch = pytest.importorskip("torch")
    # bfloat16 leaves the two matrices of Muon a rounding apart at every step, so it makes few
    steps, tolerance = {"Muon": (3, 2e-2), "LBFGS": (5, 1e-9)}.get(name, (50, 1e-9))
    assert_same(*(plain(walk(lib, name, kwargs, steps)) for lib in (mt, torch)), tolerance)


def test_every_optimiser_of_the_table_is_here():
    torch = pytest.importorskip("torch")
    theirs = {name for name in dir(torch.optim) if isinstance(getattr(torch.optim, name), type)}
    assert theirs <= set(dir(mt.optim))
