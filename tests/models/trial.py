"""How a model of the zoo is tried: built from a seed, asked, trained for a few steps, on both libraries.

A model function takes the library and returns the model, the arguments of its forward and a function from what the
forward returned to the loss. Texts, names and counts must be equal; numbers are held to a tolerance per part.
"""

import contextlib

import pytest

import minitorch as mt
from tests.twins import assert_same, plain

#: Relative and absolute, after the dtype: how far the parts of a report may be apart.
TOLERANCES = {
    "float64": {"state": 1e-12, "train": 1e-9, "eval": 1e-9, "gradients": 1e-9, "losses": 1e-9, "trained": 1e-8},
    "float32": {"state": 1e-6, "train": 1e-4, "eval": 1e-4, "gradients": 1e-3, "losses": 1e-4, "trained": 1e-3},
}


@contextlib.contextmanager
def default_dtype(lib, dtype):
    before = lib.get_default_dtype()
    lib.set_default_dtype(getattr(lib, dtype))
    try:
        yield
    finally:
        lib.set_default_dtype(before)


def outputs(value):
    """The tensors of what a forward returned, in order."""
    if hasattr(value, "detach"):
        return [value.detach()]
    if isinstance(value, dict):
        value = value.values()
    return [] if value is None else [tensor for item in value for tensor in outputs(item)]


def snapshot(model):
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def report(lib, define, dtype="float64", steps=5, lr=0.02):
    """Everything about a model that public code looks at."""
    with default_dtype(lib, dtype):
        lib.manual_seed(0)
        model, inputs, loss_of = define(lib)
        found = {
            "text": repr(model),
            "names": [name for name, _ in model.named_modules()],
            "count": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "state": snapshot(model),
        }
        found["shapes"] = {name: tuple(p.shape) for name, p in model.named_parameters()}
        model.train()
        lib.manual_seed(1)
        out = model(*inputs)
        loss_of(out).backward()
        found["train"] = outputs(out)
        found["strides"] = [tensor.stride() for tensor in found["train"]]
        found["gradients"] = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        found["dense"] = [p.grad is None or p.grad.is_contiguous() for p in model.parameters()]
        model.eval()
        with lib.no_grad():
            found["eval"] = outputs(model(*inputs))
        model.train()
        optimizer = lib.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        found["losses"] = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = loss_of(model(*inputs))
            loss.backward()
            optimizer.step()
            found["losses"].append(loss.item())
        found["trained"] = snapshot(model)
        return found


def assert_same_model(define, dtype="float64", steps=5, lr=0.02, tolerances=None):
    """One model, built and trained by both libraries."""
    torch = pytest.importorskip("torch")
    mine, theirs = (plain(report(lib, define, dtype, steps, lr)) for lib in (mt, torch))
    assert theirs["losses"][0] != theirs["losses"][-1], "nothing was learned: the comparison would prove little"
    allowed = {**TOLERANCES[dtype], **(tolerances or {})}
    assert list(mine) == list(theirs)
    for part in theirs:
        assert_same(mine[part], theirs[part], allowed.get(part, 0.0), part)


def assert_same_program(program, dtype="float64", tolerance=1e-9):
    """One program, run by both libraries from the same seed: what it returns is the same."""
    torch = pytest.importorskip("torch")
    found = []
    for lib in (mt, torch):
        with default_dtype(lib, dtype):
            lib.manual_seed(0)
            found.append(plain(program(lib)))
    assert_same(*found, tolerance)
