"""Sparse tensors against PyTorch's, and their derivatives against those of the dense tensors that they stand for.

PyTorch lacks most second derivatives of sparse tensors, and leaves out parts of those that it has; so derivatives are
compared with PyTorch's of the same function written for a dense tensor that is filled from the values.
"""

import copy
import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.numeric import check_gradients
from minitorch.testing.standin import waits
from tests.twins import compare, outcome, plain

pytestmark = pytest.mark.filterwarnings("ignore:Sparse")
#: (places, sizes of the dense dims, shape): sorted, unsorted with duplicates, empty, hybrid, of 1 to 3 dimensions.
LAYOUTS = {
    "matrix": ([[0, 1, 1], [2, 0, 2]], (), (2, 3)),
    "square, with duplicates": ([[2, 0, 0, 2, 1], [1, 2, 2, 1, 0]], (), (3, 3)),
    "empty": ([[], []], (), (2, 3)),
    "vector": ([[3, 0, 3]], (), (5,)),
    "three dimensions": ([[0, 1, 1, 0], [2, 0, 0, 1], [1, 0, 0, 3]], (), (2, 3, 4)),
    "one dense dimension": ([[0, 2, 0], [1, 1, 1]], (2,), (3, 2, 2)),
    "rows": ([[1, 0, 1]], (3,), (2, 3)),
}
MATRICES = {name: LAYOUTS[name] for name in ("matrix", "square, with duplicates", "empty")}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.25, 2, shape)


def made(lib, layout, coalesced=False, values=None, **options):
    """(a sparse tensor, its values) in either library."""
    places, rest, shape = layout
    count = len(places[0])
    if values is None:
        values = lib.tensor(numbers(count, *rest), requires_grad=True)
    places = lib.tensor(np.array(places, dtype=np.int64).reshape(len(places), count))
    x = lib.sparse_coo_tensor(places, values, shape, **options)
    return (x.coalesce() if coalesced else x), values


def dense(lib, *shape, seed=1, grad=True):
    return lib.tensor(numbers(*shape, seed=seed), requires_grad=grad)


def told(x):
    """All that a tensor says of itself."""
    if not x.is_sparse:
        return x
    return [x._indices(), x._values(), list(x.shape), x.is_coalesced(), x.sparse_dim(), x.dense_dim(), x._nnz(), str(x.dtype)]


def flat(x):
    return x.to_dense() if x.is_sparse else x


def dense_twin(layout, values):
    """PyTorch's dense tensor with the values at their places, differentiable at every order."""
    torch = pytest.importorskip("torch")
    places, rest, shape = layout
    index = tuple(torch.tensor(row, dtype=torch.int64) for row in places)
    return torch.zeros(shape, dtype=values.dtype).index_put(index, values, accumulate=True)


#: name -> (which layouts, f(lib, sparse, dense operand), its shape from that of the sparse, the same of a dense tensor).
FUNCTIONS = {
    "sparse.mm": (MATRICES, lambda lib, x, y: lib.sparse.mm(x, y), lambda s: (s[1], 2), lambda x, y: x @ y),
    "mm": (MATRICES, lambda lib, x, y: lib.mm(x, y), lambda s: (s[1], 2), lambda x, y: x @ y),
    "@": (MATRICES, lambda lib, x, y: x @ y, lambda s: (s[1], 2), lambda x, y: x @ y),
    "dense @": (MATRICES, lambda lib, x, y: y @ x, lambda s: (2, s[0]), lambda x, y: y @ x),
    "mv": (MATRICES, lambda lib, x, y: x @ y, lambda s: (s[1],), lambda x, y: x @ y),
    "vector @": (MATRICES, lambda lib, x, y: y @ x, lambda s: (s[0],), lambda x, y: y @ x),
    "t": (MATRICES, lambda lib, x, y: x.t() @ y, lambda s: (s[0], 2), lambda x, y: x.t() @ y),
    "sparse @ sparse": (MATRICES, lambda lib, x, y: lib.sparse.mm(x, x.t()), None, lambda x, y: x @ x.t()),
    "sparse.addmm": (
        MATRICES, lambda lib, x, y: lib.sparse.addmm(y[:1], x, y, beta=2.0, alpha=0.5), lambda s: (s[1], 2),
        lambda x, y: 2 * y[:1] + 0.5 * (x @ y),
    ),
    "bmm": (
        {"three dimensions": LAYOUTS["three dimensions"]}, lambda lib, x, y: lib.bmm(x, y), lambda s: (s[0], s[2], 2),
        lambda x, y: x @ y,
    ),
    "linear": (MATRICES, lambda lib, x, y: lib.nn.functional.linear(x, y), lambda s: (2, s[1]), lambda x, y: x @ y.t()),
    "to_dense": (LAYOUTS, lambda lib, x, y: x.to_dense(), None, lambda x, y: x * 1),
    "coalesce": (LAYOUTS, lambda lib, x, y: x.coalesce(), None, lambda x, y: x * 1),
    "sum": (LAYOUTS, lambda lib, x, y: lib.sparse.sum(x), None, lambda x, y: x.sum()),
    "sum(0)": (LAYOUTS, lambda lib, x, y: lib.sparse.sum(x, 0), None, lambda x, y: x.sum(0)),
    "sum(-1)": (LAYOUTS, lambda lib, x, y: lib.sparse.sum(x, dim=-1), None, lambda x, y: x.sum(-1)),
    "sum(0, -1)": (
        {k: v for k, v in LAYOUTS.items() if len(v[2]) > 1}, lambda lib, x, y: lib.sparse.sum(x, (0, -1)), None,
        lambda x, y: x.sum((0, -1)),
    ),
    "x.sum": (LAYOUTS, lambda lib, x, y: x.sum(0, keepdim=True), None, lambda x, y: x.sum(0, keepdim=True)),
    "clone": (LAYOUTS, lambda lib, x, y: x.clone() * 3, None, lambda x, y: x * 3),
    "* number": (LAYOUTS, lambda lib, x, y: 2 * x * 1.5, None, lambda x, y: 3 * x),
    "/ number": (LAYOUTS, lambda lib, x, y: x / 4, None, lambda x, y: x / 4),
    "* dense": (LAYOUTS, lambda lib, x, y: x * y, lambda s: s, lambda x, y: x * y),
    "dense *": (LAYOUTS, lambda lib, x, y: y * x, lambda s: s, lambda x, y: x * y),
    "* row": (LAYOUTS, lambda lib, x, y: x * y, lambda s: s[-1:], lambda x, y: x * y),
    "* column": (MATRICES, lambda lib, x, y: x * y, lambda s: (s[0], 1), lambda x, y: x * y),
    "* scalar tensor": (LAYOUTS, lambda lib, x, y: x * y, lambda s: (), lambda x, y: x * y),
    "dense +": (LAYOUTS, lambda lib, x, y: y + x, lambda s: s, lambda x, y: x + y),
    "dense + alpha": (LAYOUTS, lambda lib, x, y: lib.add(y, x, alpha=3), lambda s: s, lambda x, y: 3 * x + y),
    "dense -": (LAYOUTS, lambda lib, x, y: y - x, lambda s: s, lambda x, y: y - x),
    "+ sparse": (LAYOUTS, lambda lib, x, y: x.coalesce() + x * 2, None, lambda x, y: 3 * x),
    "- sparse": (LAYOUTS, lambda lib, x, y: lib.sub(x, x.coalesce(), alpha=3), None, lambda x, y: -2 * x),
    "* sparse": (LAYOUTS, lambda lib, x, y: x.coalesce() * x.coalesce(), None, lambda x, y: x * x),
    "neg": (LAYOUTS, lambda lib, x, y: -x, None, lambda x, y: -x),
    "pow": (LAYOUTS, lambda lib, x, y: x**3, None, lambda x, y: x**3),
    "sin": (LAYOUTS, lambda lib, x, y: lib.sin(x), None, lambda x, y: x.sin()),
    "relu": (LAYOUTS, lambda lib, x, y: x.relu(), None, lambda x, y: x.relu()),
    "transpose": (
        {k: v for k, v in LAYOUTS.items() if len(v[0]) > 1}, lambda lib, x, y: x.transpose(0, 1), None,
        lambda x, y: x.transpose(0, 1),
    ),
    "unsqueeze": (LAYOUTS, lambda lib, x, y: x.unsqueeze(0), None, lambda x, y: x.unsqueeze(0)),
    "select": (LAYOUTS, lambda lib, x, y: x[1], None, lambda x, y: x[1]),
    "index_select": (
        LAYOUTS, lambda lib, x, y: x.index_select(0, lib.tensor([1, 0, 1])), None,
        lambda x, y: x.index_select(0, x.new_tensor([1, 0, 1]).long()),
    ),
    "cat": (LAYOUTS, lambda lib, x, y: lib.cat([x, x * 2]), None, lambda x, y: x.new_tensor(1) * x.repeat(2, *[1] * (x.ndim - 1))
            * x.new_tensor([1.0, 2.0]).repeat_interleave(len(x)).reshape(-1, *[1] * (x.ndim - 1))),
    "stack": (LAYOUTS, lambda lib, x, y: lib.stack([x, x]), None, lambda x, y: x.expand(2, *x.shape)),
}  # fmt: skip
CASES = [pytest.param(name, layout, id=f"{name}: {layout}") for name, row in FUNCTIONS.items() for layout in row[0]]
#: What PyTorch has no first derivative of, or a wrong one.
NO_GRADIENT = {"sin", "select", "index_select", "unsqueeze", "pow", "x.sum", "cat", "* row"}


@pytest.mark.referee
@pytest.mark.parametrize(("name", "layout"), CASES)
def test_value_and_first_derivatives(name, layout):
    layouts, function, shape, _ = FUNCTIONS[name]
    coalesced = len(name) % 2 == 0

    def scenario(lib):
        x, values = made(lib, layouts[layout], coalesced)
        operands = [values] + ([] if shape is None else [dense(lib, *shape(layouts[layout][2]))])
        y = function(lib, x, operands[-1])
        found = flat(y)
        if name in NO_GRADIENT or not len(values):
            return [found]
        weights = lib.tensor(numbers(*found.shape, seed=5))
        return [found, y.is_sparse, *[flat(g) for g in lib.autograd.grad((found * weights).sum(), operands)]]

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize(("name", "layout"), CASES)
def test_derivatives_to_second_order(name, layout):
    torch = pytest.importorskip("torch")
    layouts, function, shape, plainly = FUNCTIONS[name]
    results = []
    for lib in (mt, torch):
        x, values = made(lib, layouts[layout])
        operands = [values] + ([] if shape is None else [dense(lib, *shape(layouts[layout][2]))])
        found = flat(function(lib, x, operands[-1])) if lib is mt else plainly(dense_twin(layouts[layout], values), operands[-1])
        weights = lib.tensor(numbers(*found.shape, seed=5))
        options = {"allow_unused": True, "materialize_grads": True}
        first = lib.autograd.grad((found * found * weights).sum(), operands, create_graph=True, **options)
        mixed = sum(((g * g).sum() for g in first[1:]), (first[0] ** 2).sum())
        second = lib.autograd.grad(mixed, operands, **options) if mixed.requires_grad else []
        results.append([found.detach().numpy(), *[g.detach().numpy() for g in (*first, *second)]])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("layout", ["matrix", "square, with duplicates", "rows", "one dense dimension", "three dimensions"])
def test_softmax(layout, dim, logarithm):
    name = "log_softmax" if logarithm else "softmax"

    def scenario(lib):
        x, values = made(lib, LAYOUTS[layout])
        y = getattr(lib.sparse, name)(x, dim)
        found = told(y)
        weights = lib.tensor(numbers(*found[1].shape, seed=5))
        return [*found, lib.autograd.grad((y.values() * weights).sum(), values)[0]]

    compare(scenario, tolerance=1e-12)
    values = mt.tensor(numbers(len(LAYOUTS[layout][0][0]), *LAYOUTS[layout][1]), requires_grad=True)

    def of_values(v):
        return getattr(mt.sparse, name)(made(mt, LAYOUTS[layout], values=v)[0], dim).values()

    for order in (1, 2):
        check_gradients(of_values, [values], order=order)


TEXTS = {
    "coalesce": lambda lib, x: x.coalesce(),
    "transposed": lambda lib, x: x.t() if x.ndim == 2 and x.sparse_dim() == 2 else x,
    "double": lambda lib, x: x.double(),
    "scaled": lambda lib, x: x * 2,
    "leaf": lambda lib, x: x.detach().requires_grad_(),
    "summed": lambda lib, x: lib.sparse.sum(x.detach(), 0),
    "unsqueezed": lambda lib, x: x.detach().unsqueeze(1),
    "sine": lambda lib, x: x.detach().sin(),
    "half": lambda lib, x: x.detach().half(),
    "cat": lambda lib, x: lib.cat([x.detach(), x.detach()]),
}


@pytest.mark.referee
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("change", TEXTS)
def test_what_it_says_of_itself(change, layout):
    def scenario(lib):
        x, _ = made(lib, LAYOUTS[layout], values=lib.tensor(numbers(len(LAYOUTS[layout][0][0]), *LAYOUTS[layout][1])).float())
        y = TEXTS[change](lib, x)
        return repr(y), told(y) if y.is_sparse else y

    compare(scenario, tolerance=1e-6)


def metadata(lib):
    x, _ = made(lib, LAYOUTS["one dense dimension"])
    return [list(x.shape), x.size(-1), x.dim(), x.ndim, x.numel(), len(x), x.element_size(), x.is_sparse, str(x.layout),
            x.is_coalesced(), x.requires_grad, x.is_leaf, x.is_floating_point(), x.is_cuda, str(x.device), x.is_contiguous(),
            list(x.stride()), x.type(), isinstance(x, lib.Tensor), lib.is_tensor(x), lib.numel(x), lib.is_floating_point(x),
            bool(x.layout == lib.sparse_coo), str(lib.zeros(2).layout), x.grad_fn.name(), x._indices(), x._values().requires_grad,
            lib.zeros(2, 3).sparse_dim(), lib.zeros(2, 3).dense_dim(), lib.zeros(2).is_sparse]  # fmt: skip


def converted(lib):
    x = lib.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 4.0]], requires_grad=True)
    y = x.to_sparse()
    (g,) = lib.autograd.grad((y * y).to_dense().sum(), x)
    hybrid = x.to_sparse(1)
    return [told(y), g, told(hybrid), told(lib.tensor(3.0).to_sparse()), told(lib.zeros(2, 3).to_sparse()), told(x.to_sparse_coo()),
            x.to_dense() is x, y.to_sparse() is y, told(x.to_sparse(layout=lib.sparse_coo)), told(lib.tensor([1, 0, 2]).to_sparse()),
            told(lib.sparse.spdiags(lib.ones(2, 3), lib.tensor([0, 1]), (3, 3)))]  # fmt: skip


def moved(lib):
    x, _ = made(lib, LAYOUTS["square, with duplicates"])
    c = x.coalesce()
    kept = [c.t(), c * 2, c.clone(), c.detach(), c.double(), c * c, c * lib.ones(3, 3), -c, x * 2, x.t(), x.clone(), x.sum(0), c[0],
            c.unsqueeze(0), x.sparse_mask(c), lib.ones(3, 3).sparse_mask(x)]  # fmt: skip
    return [y.is_coalesced() for y in kept], c.coalesce() is c, x.to("cpu") is x, x.double() is x, x.float() is x


def masked(lib):
    x, _ = made(lib, LAYOUTS["square, with duplicates"])
    y = dense(lib, 3, 3)
    found = y.sparse_mask(x.detach())
    other = lib.sparse_coo_tensor([[0, 1], [2, 2]], [7.0, 8.0], (3, 3), dtype=lib.float64).coalesce()
    weights = lib.tensor(numbers(3, 3, seed=5))
    (g,) = lib.autograd.grad((found.to_dense() * weights).sum(), y)
    return told(found), flat(g), told(x.detach().coalesce().sparse_mask(other)), found.to_dense()


def without_gradient(lib):
    x, _ = made(lib, LAYOUTS["matrix"], values=lib.tensor([1, 2, 3]))
    y = lib.ones(2, 3)
    return [told(x * 2.5), told(x / 2), x @ lib.ones(3, 2, dtype=lib.int64), told(x.int().sum(0)), x.sum(), told(x.bool()),
            y.add_(x), y.clone().mul_(2), told(lib.sparse.sum(x, 0, dtype=lib.float32)), y + x.double(),
            told(x.double() + x), told(x // 2), told(lib.sparse_coo_tensor((2, 3))), told(lib.sparse_coo_tensor(size=(2, 3))),
            told(lib.sparse_coo_tensor([[0, 1]], [1.0, 2.0])), told(lib.sparse_coo_tensor([[0, 1]], [1, 2], dtype=lib.float64))]  # fmt: skip


def placed(x):
    """Places and values, each place once."""
    return told(x.coalesce())


def of_leaves(lib):
    """A sparse leaf's gradient where PyTorch's is sparse: with the leaf's own places, each once."""
    results = []
    for name in ("matrix", "square, with duplicates"):
        x, _ = made(lib, MATRICES[name], values=lib.tensor(numbers(len(MATRICES[name][0][0]))), requires_grad=True)
        y = dense(lib, MATRICES[name][2][1], 2)
        (lib.sparse.mm(x, y) * lib.tensor(numbers(MATRICES[name][2][0], 2, seed=5))).sum().backward()
        first = placed(x.grad)
        (x.to_dense() * 2).sum().backward()
        results += [first, placed(x.grad), y.grad, x.is_leaf, x.grad.requires_grad, x.detach().requires_grad]
        (g,) = lib.autograd.grad((x * 3).to_dense().sum(), x)
        results += [placed(g), placed(lib.autograd.grad(x.coalesce(), x, x.detach().coalesce())[0])]
        x.grad = None
        results.append(x.grad is None)
    return results


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [metadata, converted, moved, masked, without_gradient, of_leaves])
def test_as_pytorch(scenario):
    compare(scenario, tolerance=1e-12)


def refusals(lib):
    matrix, _ = made(lib, LAYOUTS["matrix"], values=lib.ones(3))
    hybrid, _ = made(lib, LAYOUTS["rows"], values=lib.ones(3, 3))
    places, values, wide = [[0, 1], [0, 1]], lib.ones(2), lib.ones(2, 3)
    make = lib.sparse_coo_tensor
    return {
        "too many values": lambda: make(places, lib.ones(3), (2, 2)),
        "too few sizes": lambda: make(places, values, (2,)),
        "dense sizes": lambda: make(places, lib.ones(2, 2), (2, 2, 3)),
        "a vector of places": lambda: make([0, 1], values),
        "a place outside": lambda: make(places, values, (1, 2), check_invariants=True),
        "a negative place": lambda: make([[0, -1]], values, (2,), check_invariants=True),
        "not sorted": lambda: make([[1, 0]], values, (2,), is_coalesced=True, check_invariants=True),
        "a sparse tensor of values": lambda: make(places, matrix),
        "integers that require grad": lambda: make([[0]], [1], (2,), requires_grad=True),
        "places of an unsorted tensor": lambda: matrix.indices(),
        "values of an unsorted tensor": lambda: matrix.values(),
        "places of a dense tensor": lambda: wide.indices(),
        "values of a dense tensor": lambda: wide.values(),
        "a dense tensor coalesced": lambda: wide.coalesce(),
        "is a dense tensor coalesced": lambda: wide.is_coalesced(),
        "other sparse dims": lambda: matrix.to_sparse(1),
        "too many sparse dims": lambda: wide.to_sparse(3),
        "no sparse dims": lambda: wide.to_sparse(0),
        "sparse + dense": lambda: matrix + wide,
        "sparse - dense": lambda: matrix - wide,
        "sparse + number": lambda: matrix + 1,
        "other shapes added": lambda: matrix + matrix.t(),
        "a broadcast sum": lambda: lib.ones(3) + matrix,
        "sparse / sparse": lambda: matrix / matrix,
        "dense / sparse": lambda: wide / matrix,
        "sparse ** 0": lambda: matrix**0,
        "shapes of a product": lambda: matrix @ wide,
        "dtypes of a product": lambda: matrix @ lib.ones(3, 2).double(),
        "a hybrid product": lambda: hybrid @ lib.ones(3, 2),
        "a vector that does not fit": lambda: matrix @ lib.ones(2),
        "no matrix": lambda: lib.mm(matrix, lib.ones(3)),
        "no tensor": lambda: lib.sparse.mm(matrix, 3),
        "bool": lambda: matrix.bool() @ lib.ones(3, 2).bool(),
        "batches that do not fit": lambda: lib.bmm(lib.stack([matrix, matrix]), lib.ones(2, 2, 2)),
        "sum over no such dim": lambda: lib.sparse.sum(matrix, 2),
        "sum of a dense tensor": lambda: lib.sparse.sum(wide),
        "softmax over no such dim": lambda: lib.sparse.softmax(matrix, 2),
        "softmax of integers": lambda: lib.sparse.softmax(matrix.long(), 1),
        "a mask of another shape": lambda: lib.ones(3, 2).sparse_mask(matrix),
        "t of a hybrid": lambda: hybrid.t(),
        "transposed to dense": lambda: hybrid.transpose(0, 1),
        "no such row": lambda: matrix[2],
        "a list as index": lambda: matrix[[0, 1]],
        "cat with a dense tensor": lambda: lib.cat([matrix, wide]),
        "to NumPy": lambda: matrix.numpy(),
        "item": lambda: matrix.item(),
        "truth": lambda: bool(matrix),
        "nbytes": lambda: matrix.nbytes,
        "backward without a gradient": lambda: matrix.requires_grad_().backward(),
        **{name: (lambda name=name: getattr(matrix, name)()) for name in ("exp", "cos", "max", "mean", "log")},
        "equal": lambda: matrix == matrix,
        "order": lambda: matrix > 1,
        "remainder": lambda: matrix % 2,
        "reshape": lambda: matrix.reshape(6),
        "view": lambda: matrix.view(6),
        "torch.exp": lambda: lib.exp(matrix),
        "torch.softmax": lambda: lib.softmax(matrix, 1),
        "fill_": lambda: matrix.fill_(1),
        "allclose": lambda: lib.allclose(matrix, matrix),
    }  # fmt: skip


def sort_of(answer):
    """An error without what follows its class; NotImplementedError is a RuntimeError."""
    return "RuntimeError" if answer[0] == "NotImplementedError" else answer[0]


@pytest.mark.referee
def test_refusals():
    torch = pytest.importorskip("torch")
    theirs = refusals(torch)
    for name, call in refusals(mt).items():
        wanted, found = outcome(theirs[name]), outcome(call)
        assert isinstance(wanted, tuple) and isinstance(wanted[0], str), name
        assert isinstance(found, tuple) and isinstance(found[0], str), f"{name}: {found}"
        assert sort_of(found) == sort_of(wanted), (name, found, wanted)
        if wanted[0] != "NotImplementedError":
            start = wanted[1].split(" (")[0].split(", but")[0][:30]
            assert found[1].startswith(start) or found[0] == "NotImplementedError" or start in found[1], (name, found, wanted)


def test_what_is_not_there_is_refused_with_a_hint():
    x, _ = made(mt, LAYOUTS["matrix"])
    for call, name in ((lambda: x.exp(), "exp"), (lambda: mt.exp(x), "exp"), (lambda: mt.ones(2, 3) % x, "remainder"),
                       (lambda: mt.nn.functional.gelu(x), "gelu"), (lambda: x.argsort(), "argsort"), (lambda: x > 1, "gt"),
                       (lambda: mt.where(x, x, x), "where"), (lambda: x.cumsum(0), "cumsum")):  # fmt: skip
        with pytest.raises(NotImplementedError, match=name) as caught:
            call()
        assert "to_dense()" in str(caught.value)
        assert type(caught.value).__name__ == "NotImplementedError"


def test_places_outside_are_noticed():
    """PyTorch looks for them only if it is asked to, and then reads elsewhere."""
    with pytest.raises(RuntimeError, match="size is inconsistent with indices: for dim 0, size is 1 but found index 1"):
        mt.sparse_coo_tensor([[0, 1]], [1.0, 2.0], (1,))
    with pytest.raises(RuntimeError, match="found negative index -1 for dim 0"):
        mt.sparse_coo_tensor([[0, -1]], [1.0, 2.0], (1,))
    with pytest.raises(RuntimeError, match="cannot set is_coalesced"):
        mt.sparse_coo_tensor([[1, 0]], [1.0, 2.0], (2,), is_coalesced=True)


def test_a_device_looks_only_if_asked(device_backend):
    places = mt.tensor([[1, 0]]).cuda()
    with waits() as seen:
        mt.sparse_coo_tensor(places, mt.ones(2).cuda(), (1,))
    assert seen == []
    assert not mt.sparse.check_sparse_tensor_invariants.is_enabled()
    with mt.sparse.check_sparse_tensor_invariants():
        assert mt.sparse.check_sparse_tensor_invariants.is_enabled()
        with pytest.raises(RuntimeError, match="size is inconsistent with indices"):
            mt.sparse_coo_tensor(places, mt.ones(2).cuda(), (1,))
    assert not mt.sparse.check_sparse_tensor_invariants.is_enabled()


def test_a_leaf_keeps_its_gradient_and_results_are_no_leaves():
    x = mt.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2), requires_grad=True, is_coalesced=True)
    for y in (x.t(), x.coalesce().t(), x.clone(), x * 1, x.unsqueeze(0)):
        assert not y.is_leaf
        assert y.requires_grad
    assert not x.values().is_leaf
    assert x.grad is None
    x.values().sum().backward()
    x.sum().backward()
    assert x.grad.to_dense().tolist() == [[0.0, 2.0], [2.0, 0.0]]
    plain = x.detach()
    turned = plain.t()
    assert turned.requires_grad_() is turned
    assert turned.requires_grad
    assert not plain.requires_grad
    x.grad = x.detach()
    assert x.grad._values().tolist() == [1.0, 2.0]
    with pytest.raises(NotImplementedError, match="hook"):
        x.register_hook(lambda g: g)
    (x.t() @ mt.ones(2, 1)).backward(mt.ones(2, 1))
    assert x.grad._values().tolist() == [2.0, 3.0]
    x.backward(x.detach() * 2)
    assert x.grad._values().tolist() == [4.0, 7.0]


def test_copies_keep_what_they_are():
    x = mt.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2), requires_grad=True, is_coalesced=True)
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert repr(y) == repr(x)
        assert y.is_coalesced()
        assert y._values().data_ptr() != x._values().data_ptr()


class Graph(mt.nn.Module):
    """A module with a sparse buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("adjacency", mt.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2)).coalesce())
        self.linear = mt.nn.Linear(3, 2)

    def forward(self, x):
        return self.linear(self.adjacency @ x)


def test_a_module_keeps_a_sparse_buffer():
    module, other = Graph().double(), Graph().double()
    assert module.adjacency.dtype == mt.float64
    assert module.adjacency.is_sparse
    other.adjacency = other.adjacency * 3
    module.load_state_dict(other.state_dict())
    assert module.adjacency.to_dense().tolist() == [[0.0, 3.0], [6.0, 0.0]]
    assert list(module.state_dict()) == ["adjacency", "linear.weight", "linear.bias"]
    module(mt.ones(2, 3).double()).sum().backward()
    assert module.linear.weight.grad is not None


def trained(lib, learned):
    """Two graph-convolution layers on a ring with chords, a few steps of Adam; the edges' weights learned or not."""
    count, features, classes = 8, 5, 3
    rows = [*range(count), *[(i + 1) % count for i in range(count)], 0, 3, 5]
    columns = [*range(count), *range(count), 4, 7, 2]
    edges = lib.tensor(numbers(len(rows), seed=2), requires_grad=learned)
    x = lib.tensor(numbers(count, features, seed=3))
    target = lib.tensor([i % classes for i in range(count)])
    first = lib.nn.Parameter(lib.tensor(numbers(features, 6, seed=4) - 1))
    second = lib.nn.Parameter(lib.tensor(numbers(6, classes, seed=5) - 1))
    optimizer = lib.optim.Adam([first, second, *([edges] if learned else [])], lr=0.05)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        adjacency = lib.sparse_coo_tensor([rows, columns], edges, (count, count)).coalesce()
        degrees = adjacency.detach().sum(1).to_dense()
        hidden = lib.relu(lib.sparse.mm(adjacency, x @ first) / degrees[:, None])
        out = (adjacency @ (hidden @ second)) / degrees[:, None]
        loss = lib.nn.functional.cross_entropy(out, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    return [losses, first, second, edges]


@pytest.mark.referee
@pytest.mark.parametrize("learned", [False, True])
def test_a_graph_network_trains_as_with_pytorch(learned):
    compare(lambda lib: trained(lib, learned), tolerance=1e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_on_a_device(layout, device_backend):
    """The same values and gradients; only what PyTorch's also waits for waits."""
    for name, (layouts, function, shape, _) in FUNCTIONS.items():
        if layout not in layouts:
            continue
        results = []
        for device in ("cpu", "cuda"):
            places, rest, size = layouts[layout]
            values = mt.tensor(numbers(len(places[0]), *rest)).to(device).requires_grad_()
            index = mt.tensor(np.array(places, np.int64).reshape(len(places), -1)).to(device)
            x = mt.sparse_coo_tensor(index, values, size)
            y = mt.tensor(numbers(*shape(size), seed=1)).to(device).requires_grad_() if shape else None
            if name == "index_select":
                found = flat(x.index_select(0, mt.tensor([1, 0, 1]).to(device)))
            else:
                found = flat(function(mt, x, y))
            assert found.device.type == device, name
            operands = [values] if y is None else [values, y]
            grads = mt.autograd.grad((found * found).sum(), operands, allow_unused=True)
            results.append([plain(t.cpu()) for t in (found, *[g for g in grads if g is not None])])
        for ours, theirs in zip(*results, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_product_does_not_wait_for_the_device(device_backend):
    adjacency = mt.sparse_coo_tensor(mt.tensor([[0, 1, 1], [2, 0, 2]]).cuda(), mt.ones(3).cuda(), (2, 3))
    weights = mt.ones(3, 2).cuda().requires_grad_()
    with waits() as seen:
        x = mt.sparse_coo_tensor(adjacency._indices(), adjacency._values(), (2, 3), requires_grad=True)
        (x @ weights).sum().backward()
        x.t() @ mt.ones(2, 2, device="cuda")
    assert seen == []
    assert weights.grad.is_cuda
    assert x.grad.is_cuda
    assert "device='cuda:0'" in repr(x)
