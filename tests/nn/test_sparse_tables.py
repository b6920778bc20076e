"""Tables with `sparse=True` beside PyTorch's: which rows the gradient holds, in which order, and where it becomes dense."""

import copy

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits
from tests.twins import compare, outcome

F32, NUMBERS = "float32", [[1, 2, 5], [1, 4, 0]]


def table(lib, dtype=F32, rows=6, columns=3):
    """A leaf to look up in."""
    return lib.linspace(-1, 2, rows * columns).reshape(rows, columns).to(getattr(lib, dtype)).requires_grad_()


def parts(g):
    """A gradient as plain data: its places and values if it is sparse."""
    if not g.is_sparse:
        return ["dense", g.dtype.itemsize, g.double()]
    return ["sparse", g.is_coalesced(), g._nnz(), list(g.shape), g.dense_dim(), g._indices(), g._values().double(), g.dtype.itemsize,
            g.requires_grad, g.grad_fn is None, g.coalesce()._indices(), g.to_dense().double()]  # fmt: skip


def weighted(lib, out):
    """A loss by which each element has another gradient."""
    return (out * lib.linspace(0.5, 2, out.numel(), dtype=out.dtype).reshape(out.shape)).sum()


LOOKUPS = {
    "plain": (NUMBERS, {}), "one": ([3], {}), "alone": (3, {}), "none": ([], {}), "padding": (NUMBERS, {"padding_idx": 1}),
    "padding from behind": (NUMBERS, {"padding_idx": -1}), "padding only": ([2, 2], {"padding_idx": 2}),
    "held": (NUMBERS, {"max_norm": 0.5}), "by frequency": (NUMBERS, {"scale_grad_by_freq": True}),
}  # fmt: skip


def looked_up(lib, numbers, options, dtype, kind):
    weight = table(lib, dtype)
    index = lib.tensor(numbers, dtype=getattr(lib, kind))
    out = lib.nn.functional.embedding(index, weight, sparse=True, **options)
    failed = outcome(weighted(lib, out).backward)
    return [out.double(), failed, parts(weight.grad) if weight.grad is not None else None]


@pytest.mark.referee
@pytest.mark.parametrize(("dtype", "kind"), [("float32", "int64"), ("float64", "int32"), ("float16", "int64"), ("bfloat16", "int64")])
@pytest.mark.parametrize("name", LOOKUPS)
def test_the_gradient_of_a_lookup(name, dtype, kind):
    compare(looked_up, *LOOKUPS[name], dtype, kind, tolerance=1e-6 if dtype[-2:] != "16" else 1e-2)


BAGS = {
    "rows": (NUMBERS, None, {}), "padding": (NUMBERS, None, {"padding_idx": 1}), "held": (NUMBERS, None, {"max_norm": 0.5}),
    "offsets": ([1, 2, 1, 0], [0, 0, 3], {}), "last": ([1, 2, 1, 0], [0, 1, 4], {"include_last_offset": True}),
    "by frequency": (NUMBERS, None, {"scale_grad_by_freq": True}), "no bags": ([], [], {}),
}  # fmt: skip


def bagged(lib, numbers, offsets, options, mode):
    weight, index = table(lib), lib.tensor(numbers, dtype=lib.int64)
    factors = lib.linspace(1, 2, index.numel()).reshape(index.shape).requires_grad_() if mode == "weighted" else None
    offsets = None if offsets is None else lib.tensor(offsets, dtype=lib.int64)
    out = lib.nn.functional.embedding_bag(index, weight, offsets, mode="sum" if factors is not None else mode, sparse=True,
                                          per_sample_weights=factors, **options)  # fmt: skip
    failed = outcome(weighted(lib, out).backward)
    return [out, failed, parts(weight.grad) if weight.grad is not None else None,
            factors.grad if factors is not None and failed is None and index.numel() else 0]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("mode", ["sum", "mean", "weighted"])
@pytest.mark.parametrize("name", BAGS)
def test_the_gradient_of_bags(name, mode):
    compare(bagged, *BAGS[name], mode, tolerance=1e-6)


def look(lib, weight, numbers=NUMBERS, factor=None):
    """A loss with one lookup; without a factor its gradients are expanded, for which PyTorch does not merge rows."""
    out = lib.nn.functional.embedding(lib.tensor(numbers), weight, sparse=True)
    return (out if factor is None else out * factor).sum()


def three_uses(lib, w):
    (look(lib, w) + look(lib, w, [0, 1]) + look(lib, w, [[4]])).backward()
    return w.grad


def three_uses_weighted(lib, w):
    (look(lib, w, factor=2.0) + look(lib, w, [0, 1], 3.0) + look(lib, w, [[4]], 5.0)).backward()
    return w.grad.coalesce()


def two_backwards(lib, w):
    look(lib, w).backward()
    first = w.grad
    look(lib, w, [0, 1]).backward()
    assert w.grad is first
    return first


def one_row_twice(lib, w):
    look(lib, w, [1]).backward()
    look(lib, w, [1]).backward()
    return w.grad


def coalesced_first(lib, w):
    w.grad = (look(lib, w).backward(), w.grad)[1].coalesce()
    look(lib, w, [1]).backward()
    return w.grad


def then_dense(lib, w):
    look(lib, w).backward()
    first = w.grad
    (w * w).sum().backward()
    assert first.is_sparse
    return w.grad


def dense_first(lib, w):
    (w * w).sum().backward()
    first, version = w.grad, w.grad._version
    look(lib, w).backward()
    assert w.grad is first
    assert first._version == version + 1
    return first


def tied(lib, w):
    (lib.nn.functional.embedding(lib.tensor(NUMBERS), w, sparse=True) @ w.T).pow(2).sum().backward()
    return w.grad


def tied_the_other_way(lib, w):
    ((w * w).sum() + look(lib, w)).backward()
    return w.grad


def sparse_and_dense_lookups(lib, w):
    (look(lib, w) + lib.nn.functional.embedding(lib.tensor(NUMBERS), w).sum()).backward()
    return w.grad


def asked_for(lib, w):
    return lib.autograd.grad(look(lib, w), w)[0]


def asked_for_inside(lib, w):
    inside = w * 2
    return lib.autograd.grad(look(lib, inside), inside)[0]


def by_inputs(lib, w):
    look(lib, w).backward(inputs=[w])
    return w.grad


def retained(lib, w):
    inside = w * 2
    inside.retain_grad()
    look(lib, inside).backward()
    return inside.grad


def hooked(lib, w):
    w.register_hook(lambda g: g * 2)
    look(lib, w).backward()
    return w.grad


def coalesced_by_a_hook(lib, w):
    seen = []
    w.register_hook(lambda g: g.coalesce())
    w.register_hook(lambda g: seen.append(g.is_coalesced()))
    w.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.is_sparse))
    look(lib, w).backward()
    assert seen == [True, True]
    return w.grad


def hooked_inside(lib, w):
    inside, seen = w * 2, []
    inside.register_hook(seen.append)
    look(lib, inside).backward()
    return seen[0]


def zeroed(lib, w):
    look(lib, w).backward()
    w.grad.zero_()
    assert w.grad._nnz() == 0
    look(lib, w, [2, 2]).backward()
    return w.grad


def scaled(lib, w):
    look(lib, w).backward()
    w.grad.mul_(3.0)
    w.grad.div_(2.0)
    return w.grad


def moved(lib, w):
    layer = lib.nn.Embedding(6, 3, _weight=w, sparse=True)
    layer(lib.tensor(NUMBERS)).sum().backward()
    return layer.double().weight.grad


def module_zero_grad(lib, w):
    layer = lib.nn.Embedding(6, 3, _weight=w, sparse=True)
    layer(lib.tensor(NUMBERS)).sum().backward()
    layer.zero_grad(set_to_none=False)
    return layer.weight.grad


def recorded(lib, w):
    """The gradient is on the tape: its derivative once more."""
    look(lib, w.detach().requires_grad_()).backward(create_graph=True)
    (lib.nn.functional.embedding(lib.tensor(NUMBERS), w, sparse=True) ** 3).sum().backward(create_graph=True)
    g, w.grad = w.grad, None
    assert g.is_sparse
    assert g.requires_grad
    return lib.autograd.grad((g.to_dense() ** 2).sum(), w)[0].to_dense()


def recorded_and_tied(lib, w):
    out = lib.nn.functional.embedding(lib.tensor(NUMBERS), w, sparse=True)
    g = lib.autograd.grad(((out @ w.T) ** 2).sum() + (w**3).sum(), w, create_graph=True)[0]
    return lib.autograd.grad((g.to_dense() ** 2).sum(), w)[0].to_dense()


def recorded_inside(lib, w):
    out = lib.nn.functional.embedding(lib.tensor(NUMBERS), w * w, sparse=True)
    return lib.autograd.grad((out**2).sum(), w, create_graph=True)[0].to_dense().detach()


def cubes(lib, w):
    return (lib.nn.functional.embedding(lib.tensor(NUMBERS), w, sparse=True) ** 3).sum()


def recorded_by_a_hook(lib, w):
    hook = w.register_hook(lambda g: g * 3)
    cubes(lib, w).backward(create_graph=True)
    g, w.grad = w.grad, None
    hook.remove()
    return lib.autograd.grad((g.to_dense() ** 2).sum(), w)[0].to_dense()


def recorded_upon_sparse(lib, w):
    look(lib, w).backward()
    (w**3).sum().backward(create_graph=True)
    return w.grad.detach()


def recorded_upon_dense(lib, w):
    (w**2).sum().backward()
    cubes(lib, w).backward(create_graph=True)
    return w.grad.detach()


def recorded_rows_upon_rows(lib, w):
    look(lib, w).backward()
    cubes(lib, w).backward(create_graph=True)
    return w.grad.detach().coalesce()


PROGRAMS = [three_uses, three_uses_weighted, two_backwards, one_row_twice, coalesced_first, then_dense, dense_first, tied, tied_the_other_way,
            sparse_and_dense_lookups, asked_for, asked_for_inside, by_inputs, retained, hooked, coalesced_by_a_hook,
            hooked_inside, zeroed, scaled, moved, module_zero_grad, recorded, recorded_and_tied, recorded_inside,
            recorded_by_a_hook, recorded_upon_sparse, recorded_upon_dense, recorded_rows_upon_rows]  # fmt: skip


@pytest.mark.referee
@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_where_gradients_meet(program):
    compare(lambda lib: parts(program(lib, table(lib))), tolerance=1e-5)


def refusals(lib):
    """What is refused, by class (and by text where it is not the library's own)."""
    layer = lib.nn.Embedding(6, 3, sparse=True)
    layer(lib.tensor(NUMBERS)).sum().backward()
    w = table(lib)
    w.register_hook(lambda g: g.to_dense())
    v = table(lib)
    v.register_hook(lambda g: g.to_sparse())
    clip = lib.nn.utils
    return [outcome(clip.clip_grad_norm_, layer.parameters(), 1.0)[0], outcome(clip.clip_grad_value_, layer.parameters(), 1.0)[0],
            outcome(look(lib, w).backward), outcome(v.sum().backward),
            outcome(lib.optim.Adam(layer.parameters()).step), outcome(setattr, table(lib, rows=5), "grad", layer.weight.grad),
            outcome(look, lib, lib.ones(6, 3, dtype=lib.complex64).requires_grad_())]  # fmt: skip


@pytest.mark.referee
def test_what_is_refused():
    compare(refusals)


def test_further_up_the_tape_the_gradient_is_dense():
    """PyTorch's stays sparse through operations that have a sparse form."""
    w = table(mt)
    look(mt, w * 2).backward()
    assert not w.grad.is_sparse
    assert w.grad[:, 0].tolist() == [2, 4, 2, 0, 2, 2]
    w = table(mt)
    look(mt, w.split(3)[1], [0, 0], 3.0).backward()
    assert w.grad[:, 0].tolist() == [0, 0, 0, 6, 0, 0]


def test_the_gradient_shares_nothing():
    w, index, seed = table(mt), mt.tensor(NUMBERS), mt.ones(2, 3, 3)
    out = mt.nn.functional.embedding(index, w, sparse=True)
    out.backward(seed)
    seed.zero_()
    index.zero_()
    assert w.grad.to_dense()[:, 0].tolist() == [1, 2, 1, 0, 1, 1]
    one, other = mt.autograd.grad(look(mt, w), [w, w])
    one._values().zero_()
    one._indices().zero_()
    assert other._indices()[0].tolist() == [1, 2, 5, 1, 4, 0]
    assert other._values().sum().item() == 18
    kept = copy.deepcopy(w.grad)
    w.grad.zero_()
    assert kept._nnz() == 6


@pytest.mark.parametrize("padding", [None, 1])
def test_a_device_waits_only_for_padding(device_backend, padding):
    layers = [mt.nn.Embedding(6, 3, padding_idx=padding, sparse=True, device=place) for place in ("cpu", "cuda")]
    with mt.no_grad():
        layers[1].weight.copy_(layers[0].weight)
    found = []
    for layer in layers:
        index = mt.tensor(NUMBERS, device=layer.weight.device)
        with waits() as seen:
            (layer(index) ** 2).sum().backward()
        assert len(seen) == (padding is not None and layer is layers[1])
        (layer(index).sum() + (layer.weight**2).sum()).backward()
        found.append(layer.weight.grad.cpu().numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)
