"""Memory formats and conversions against PyTorch: what is copied, what stays the same tensor, and the strides."""

import pytest

import minitorch as mt

#: x lies in index order, y is the same with the channels last, t is turned.
CALLS = (
    "x.contiguous(memory_format=last)", "x[0].contiguous(memory_format=last)", "x.clone(memory_format=last)",
    "x.to(memory_format=last)", "x.to(lib.float64, memory_format=last)", "x.contiguous(memory_format=lib.preserve_format)",
    "y.contiguous(memory_format=lib.preserve_format)", "y.contiguous(memory_format=last)", "y.contiguous()",
    "y.contiguous(memory_format=lib.contiguous_format)", "x.contiguous(memory_format=lib.contiguous_format)",
    "y.clone()", "y.clone(memory_format=lib.preserve_format)", "y.clone(memory_format=lib.contiguous_format)",
    "x.clone(memory_format=lib.contiguous_format)", "lib.clone(x, memory_format=last)", "t.clone()", "t.contiguous()",
    "y.to(memory_format=lib.contiguous_format)", "y.to(memory_format=last)", "y.to(lib.float32)", "y.double()",
    "y.double(memory_format=lib.contiguous_format)", "y.float(memory_format=lib.contiguous_format)", "y.float()",
    "y.to(copy=True, memory_format=lib.contiguous_format)", "y.to(copy=True)", "x.to(lib.float32, False, True)",
    "x.to('cpu', lib.float32, True, False)", "x.to(x, False, True)", "x[None].contiguous(memory_format=lib.channels_last_3d)",
    "x.contiguous(memory_format=lib.channels_last_3d)", "x[0].to(memory_format=last)", "x.contiguous(memory_format='a')",
    "x.clone(memory_format=1)", "x.contiguous(last)", "lib.tensor(1.0).clone(memory_format=lib.contiguous_format)",
    "x[:, :, ::2].clone()", "x[:, :1].contiguous(memory_format=last)", "x[:0].contiguous(memory_format=last)",
)  # fmt: skip


def names(lib):
    x = lib.arange(120.0).view(2, 3, 4, 5)
    return {"lib": lib, "x": x, "last": lib.channels_last, "y": x.contiguous(memory_format=lib.channels_last),
            "t": x.permute(3, 1, 0, 2)}  # fmt: skip


def answer(lib, call):
    given = names(lib)
    try:
        found = eval(call, given)
    except (RuntimeError, TypeError) as error:
        return type(error)
    same = [name for name in ("x", "y", "t") if found is given[name]]
    steps = [step for n, step in zip(found.shape, found.stride(), strict=True) if n > 1 and found.numel()]
    return same, steps, str(found.dtype).rpartition(".")[2], found.flatten().tolist()


@pytest.mark.referee
@pytest.mark.parametrize("call", CALLS)
def test_a_copy_lies_as_pytorchs(call):
    torch = pytest.importorskip("torch")
    assert answer(mt, call) == answer(torch, call)


@pytest.mark.parametrize("move", ["contiguous", "clone", "to"])
def test_a_copy_is_recorded(move):
    x = mt.arange(24.0, dtype=mt.float64).view(1, 2, 3, 4).requires_grad_()
    weight = mt.arange(24.0, dtype=mt.float64).view(1, 2, 3, 4)
    y = getattr(x, move)(memory_format=mt.channels_last)
    (first,) = mt.autograd.grad((y * y * weight).sum(), x, create_graph=True)
    assert (first == 2 * x * weight).all()
    (second,) = mt.autograd.grad(first.sum(), x)
    assert (second == 2 * weight).all()
