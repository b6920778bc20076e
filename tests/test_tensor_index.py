"""Every form of x[...] and x[...] = v, with gradients, against PyTorch; its errors; what is a view and what a copy."""

import numpy as np
import pytest

import minitorch as mt

SHAPE = (3, 4, 5)
FULL = slice(None)


def idx(*values):
    """Marks an integer index tensor in a key."""
    return ("int64", np.array(values[0] if len(values) == 1 else values))


def mask(shape, seed=0):
    """Marks a mask in a key."""
    return ("bool", np.random.default_rng(seed).random(shape) < 0.5)


BASIC = [
    0, -1, 2, (0,), (1, 2), (-1, -2, -3), (0, 1, 2),
    FULL, slice(1, None), slice(None, -1), slice(None, None, 2), slice(2, 0), slice(0, 100), slice(-100, 2),
    slice(5, None), (FULL, slice(1, 3)), (slice(0, 2), FULL, slice(None, None, 3)), (1, FULL, 2), (FULL, 3),
    None, (None,), (None, 0), (0, None), (FULL, None, 1), (None, None, 2, None), (FULL, FULL, FULL, None),
    Ellipsis, (Ellipsis,), (Ellipsis, 0), (0, Ellipsis), (0, Ellipsis, 1), (Ellipsis, None), (None, Ellipsis),
    (Ellipsis, slice(1, 2), None), (0, 0, 0, Ellipsis), (slice(0, 1), Ellipsis, slice(2, 3)), (),
]  # fmt: skip
ADVANCED = [
    idx(0, 2), idx(2, 2, 0), idx(-1), (idx([[0, 1], [2, 2]]),), [0, 2], [2, 0, 2], ([0, 1], [1, 1]),
    (FULL, idx(3, 0)), (FULL, FULL, idx(4, 4, 0)), (idx(0, 1), idx(3, 1)), (idx([[0], [1]]), idx([0, 2, 3])),
    (idx(0, 1), FULL, idx(2, 4)), (idx(0, 1), 2, idx(2, 4)), (0, idx(1, 1)), (0, FULL, idx(1, 1)), (idx(0, 1), 2),
    (FULL, 1, idx(1, 0)), (idx(2, 0), None), (None, idx(2, 0)), (idx(1, 2), Ellipsis), (Ellipsis, idx(1, 2)),
    (Ellipsis, idx(0, 1), idx(0, 1)), (slice(1, None), idx(1, 3)), (idx(1, 2), slice(None, None, 2)),
    (slice(0, 2), idx(1, 1), slice(1, 4)), (None, idx(0), None, FULL, idx(1)), (idx(0, 1), None, idx(1, 0)),
    (FULL, [0, 0, 1]), ([1], slice(1, 3)), (idx([]), FULL), [],
    mask(SHAPE), mask((3,)), mask((3, 4)), (mask((3,)), FULL), (FULL, mask((4,))), (FULL, mask((4, 5))),
    (Ellipsis, mask((5,))), (mask((3,)), 1), (1, mask((4,))), (mask((3,)), None), (0, mask((4, 5))),
    ("bool", np.zeros(SHAPE, bool)), ("bool", np.ones(SHAPE, bool)), [True, False, True], ([False, True, True], 1),
    (("bool", np.array([True, True, False])), idx(1, 2)), (mask((3, 4), 3), FULL), True, False, (True, 0), (0, False),
]  # fmt: skip
#: Two keys of index arrays may name one place twice.
DUPLICATES = [idx(2, 2, 0), [2, 0, 2], (FULL, FULL, idx(4, 4, 0)), (0, idx(1, 1)), (0, FULL, idx(1, 1)), (FULL, [0, 0, 1]),
              (slice(0, 2), idx(1, 1), slice(1, 4)), (idx([[0, 1], [2, 2]]),)]  # fmt: skip


def is_mark(part):
    return isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str)


def spelled(lib, key):
    """The key with its marks turned into tensors of the library."""
    if is_mark(key):
        return lib.tensor(key[1].tolist(), dtype=getattr(lib, key[0])).reshape(key[1].shape)
    return tuple(spelled(lib, part) for part in key) if isinstance(key, tuple) else key


def name(key):
    return str(key).replace("slice", "").replace("array", "").replace("\n", "")[:60]


def same(one, other):
    assert tuple(one.shape) == tuple(other.shape)
    np.testing.assert_allclose(np.array(one.detach().tolist()), np.array(other.detach().tolist()), rtol=1e-12)


def leaf(lib, array):
    return lib.tensor(array.tolist(), dtype=lib.float64).reshape(array.shape).requires_grad_()


def names_a_place_twice(key):
    places = mt.arange(60).reshape(SHAPE)[spelled(mt, key)].reshape(-1).tolist()
    return len(set(places)) < len(places)


def numbers(shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.referee
@pytest.mark.parametrize("key", BASIC + ADVANCED, ids=name)
def test_reading(key):
    torch = pytest.importorskip("torch")
    found = {}
    for lib in (mt, torch):
        x = leaf(lib, numbers(SHAPE))
        y = x[spelled(lib, key)]
        weight = lib.tensor(numbers(tuple(y.shape), 2).tolist(), dtype=lib.float64).reshape(tuple(y.shape))
        (g,) = lib.autograd.grad((y * y * weight).sum(), x, create_graph=True)
        (gg,) = lib.autograd.grad((g * g).sum(), x)
        found[lib] = y, g, gg
    for one, other in zip(found[mt], found[torch], strict=True):
        same(one, other)
    if found[mt][0].numel():
        assert found[mt][0]._is_view() == found[torch][0]._is_view()


@pytest.mark.referee
@pytest.mark.parametrize("kind", ["full", "broadcast", "number", "leading", "constant"])
@pytest.mark.parametrize("key", BASIC + ADVANCED, ids=name)
def test_writing(key, kind):
    torch = pytest.importorskip("torch")
    found = {}
    for lib in (mt, torch):
        x = leaf(lib, numbers(SHAPE))
        y = x * 2
        shape = tuple(y[spelled(lib, key)].shape)
        if kind == "broadcast":
            shape = (1, *shape[1:]) if shape else ()
        if kind == "leading":
            shape = (1, 1, *shape)
        v = leaf(lib, numbers(shape, 3))
        y[spelled(lib, key)] = 0.25 if kind == "number" else v.detach() if kind == "constant" else v
        weight = lib.tensor(numbers(SHAPE, 4).tolist(), dtype=lib.float64)
        (y * y * weight).sum().backward()
        # PyTorch hands a gradient to every writer of a place; the true one goes to the last (see the next test).
        found[lib] = y, x.grad, *([v.grad] if v.grad is not None and not names_a_place_twice(key) else [])
    for one, other in zip(found[mt], found[torch], strict=key is not False):  # PyTorch writes nothing at x[False]
        same(one, other)


def test_a_list_of_lists_is_one_index():
    """As in NumPy, and as PyTorch announces for a later version."""
    x = mt.arange(3)
    assert x[[[0, 1], [1, 2]]].tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize("key", DUPLICATES, ids=name)
def test_of_several_writes_to_one_place_the_last_has_the_gradient(key):
    x, shape = leaf(mt, numbers(SHAPE)), tuple(mt.zeros(SHAPE)[spelled(mt, key)].shape)
    v = leaf(mt, numbers(shape, 3))
    weight = numbers(SHAPE, 4)

    def written(values):
        y = x.detach().clone()
        y[spelled(mt, key)] = mt.tensor(values.tolist(), dtype=mt.float64)
        return float((y * mt.tensor(weight.tolist(), dtype=mt.float64)).sum())

    y = x * 1
    y[spelled(mt, key)] = v
    (y * mt.tensor(weight.tolist(), dtype=mt.float64)).sum().backward()
    at, true = numbers(shape, 3), np.zeros(shape)
    for place in np.ndindex(*shape):
        up = at.copy()
        up[place] += 1
        true[place] = written(up) - written(at)
    np.testing.assert_allclose(np.array(v.grad.tolist()), true, atol=1e-9)


@pytest.mark.parametrize("key", BASIC + ADVANCED, ids=name)
def test_writing_is_the_same_on_and_off_the_tape(key):
    x = mt.tensor(numbers(SHAPE).tolist(), dtype=mt.float64)
    recorded = x.clone().requires_grad_() * 1
    shape = tuple(x[spelled(mt, key)].shape)
    v = mt.tensor(numbers(shape, 3).tolist(), dtype=mt.float64).reshape(shape)
    x[spelled(mt, key)] = v
    recorded[spelled(mt, key)] = v
    same(x, recorded)


def test_an_index_tensor_that_is_changed_afterwards_is_noticed():
    x = mt.ones(3, requires_grad=True)
    i = mt.tensor([0, 2])
    y = x[(FULL, None)][i, 0]
    i.add_(-1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_zero_dim_index_tensors_and_numpy_integers_are_ints():
    x = mt.arange(6).reshape(2, 3)
    for one in (mt.tensor(1), np.int64(1), np.array(1)):
        assert x[one].tolist() == [3, 4, 5]
        assert x[one]._is_view()
        assert x[0, one].item() == 1
    assert x[mt.tensor(0) : mt.tensor(1)].tolist() == [[0, 1, 2]]
    x[mt.tensor(1), np.int64(0)] = 9
    assert x[1, 0].item() == 9


def test_numpy_masks_and_positions():
    x = mt.arange(6).reshape(2, 3)
    assert x[np.array([True, False])].tolist() == [[0, 1, 2]]
    assert x[np.array([1, 0, 1])].tolist() == [[3, 4, 5], [0, 1, 2], [3, 4, 5]]
    assert x[:, np.array([[2], [0]])].tolist() == [[[2], [0]], [[5], [3]]]


def test_basic_keys_share_memory_and_advanced_ones_do_not():
    x = mt.arange(6.0).reshape(2, 3)
    for key in (0, (FULL, 1), None, Ellipsis, (), slice(0, 1), (0, 0)):
        part = x[key]
        part.fill_(7.0)
        assert (x == 7.0).any()
        x[...] = 0.0
    for key in ([0], mt.tensor([1]), x == 0, (0, [1, 2])):
        part = x[key]
        part.fill_(7.0)
        assert not (x == 7.0).any()


def test_a_copy_of_a_part_of_oneself_may_be_assigned():
    x = mt.arange(4.0)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        x[1:] = x[:-1]
    x[1:] = x[:-1].clone()
    assert x.tolist() == [0, 0, 1, 2]
    y = mt.arange(4.0, requires_grad=True)
    z = y * 1
    z[1:] = z[:-1].clone()
    (z * mt.tensor([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    assert y.grad.tolist() == [11.0, 100.0, 1000.0, 0.0]


def test_assignment_keeps_the_dtype():
    x = mt.zeros(3, dtype=mt.int64)
    x[0] = 2.75
    x[1:] = mt.tensor([1.5, -1.5])
    assert x.tolist() == [2, 1, -1] and x.dtype == mt.int64
    y = mt.zeros(2, dtype=mt.float32, requires_grad=True) * 1
    v = mt.ones(2, dtype=mt.float64, requires_grad=True)
    y[:] = v
    y.sum().backward()
    assert y.dtype == mt.float32 and v.grad.dtype == mt.float64


ERRORS = [
    (3, IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    (-4, IndexError, "index -4 is out of bounds for dimension 0 with size 3"),
    ((0, 4), IndexError, "index 4 is out of bounds for dimension"),
    ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
    ((FULL, FULL, FULL, FULL), IndexError, "too many indices for tensor of dimension 3"),
    (slice(None, None, -1), ValueError, "step must be greater than zero"),
    (idx(0, 3), IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    ((FULL, idx(-5)), IndexError, "index -5 is out of bounds for dimension"),
    (mask((4,)), IndexError, r"The shape of the mask \[4\] at index 0 does not match the shape of the indexed tensor"),
    (mask((3, 5)), IndexError, r"The shape of the mask \[3, 5\] at index 1 does not match"),
    (("float32", np.array([1.0])), IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
    ("a", (IndexError, TypeError), "indices|invalid data type"),
    (1.5, (IndexError, TypeError), "indices"),
    ((idx(0, 1), idx(0, 1, 2)), IndexError, "shape mismatch: indexing tensors could not be broadcast together with "),
]


@pytest.mark.parametrize(("key", "error", "text"), ERRORS, ids=lambda part: name(part))
def test_errors(key, error, text):
    x = mt.zeros(SHAPE)
    with pytest.raises(error, match=text):
        x[spelled(mt, key)]
    with pytest.raises(error, match=text):
        x[spelled(mt, key)] = 1.0
    assert not x.any()


@pytest.mark.referee
@pytest.mark.parametrize(("key", "error", "text"), ERRORS, ids=lambda part: name(part))
def test_errors_are_pytorchs(key, error, text):
    torch = pytest.importorskip("torch")
    with pytest.raises(error, match=text):
        torch.zeros(SHAPE)[spelled(torch, key)]


def test_errors_of_assignment():
    x = mt.zeros(3, 4)
    with pytest.raises(RuntimeError, match=r"shape mismatch|must match the existing size"):
        x[0] = mt.ones(3)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        x[[0, 1]] = mt.ones(3, 4)
    with pytest.raises(IndexError, match="invalid index of a 0-dim tensor"):
        mt.tensor(1.0)[0]
    with pytest.raises(IndexError):
        mt.tensor(1.0)[0] = 2.0
    with pytest.raises(TypeError):
        x[0] = "a"
    assert not x.any()


def test_iteration_and_length():
    x = mt.arange(6).reshape(3, 2)
    assert [row.tolist() for row in x] == [[0, 1], [2, 3], [4, 5]]
    assert len(x) == 3
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        iter(mt.tensor(1))
    with pytest.raises(TypeError, match="len\\(\\) of a 0-d tensor"):
        len(mt.tensor(1))
