"""assert_close accepts, refuses and says what PyTorch's does."""

import collections
import gc
import math
import random
import re
import warnings
import weakref
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import assert_allclose, assert_close
from minitorch.testing.close import TOLERANCES

DTYPES = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64",
          "uint8", "uint16", "uint32", "uint64", "bool")  # fmt: skip
INF, NAN = math.inf, math.nan
NUMBERS = (
    ([1, 2, 3], [1, 2, 3]), ([1.0, 2.0, 0.0], [1.00001, 2.0, 0.0]), ([1.0, NAN, INF], [1.0, NAN, INF]), ([INF, -INF], [-INF, 1.0]),
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.5], [3.0, 0.0]]), (1.0, 2.0), (0.0, 0.0), ([], []), (NAN, NAN), ([0, 0], [0, 1]),
    ([1e-3, 200.0], [1.1e-3, 100.0]), ([2.0, NAN, 1.0, 3.0], [2.0, 5.0, 2.0, NAN]), ([[0.0]], [[0.0, 0.0]]),
)  # fmt: skip
OPTIONS = (
    {}, {"rtol": 0, "atol": 0}, {"rtol": 1e-2, "atol": 1e-2}, {"rtol": 0.4, "atol": 0.0}, {"equal_nan": True}, {"check_dtype": False}, {"rtol": 1.0}, {"atol": 1.0},
    {"rtol": -1.0, "atol": 0.0}, {"msg": "my"}, {"msg": lambda text: f"before {text}"}, {"allow_subclasses": False},
    {"check_layout": False}, {"check_stride": True}, {"msg": lambda text: f"<{text}>", "check_dtype": False, "rtol": 0.1, "atol": 5},
)  # fmt: skip


def outcome(check, make, lib, options):
    """None, or the class and the message of the error; the names of classes are PyTorch's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check(*make(lib), **options)
    except Exception as error:
        text = re.sub(r"(If you are a user|Hint:).*", "", str(error), flags=re.S).strip()
        renamed = {"minitorch._tensor.": "torch.", "minitorch.size.": "torch.", "minitorch.nn.": "torch.nn."}
        for ours, theirs in renamed.items():
            text = text.replace(ours, theirs)
        return type(error).__name__, text
    return None


def tensor(lib, numbers, dtype):
    exact = np.array(numbers, dtype="complex128" if "complex" in dtype else "float64")
    if dtype == "bfloat16":
        return lib.as_tensor(exact).to(lib.bfloat16)
    if "float" not in dtype and "complex" not in dtype:
        exact = np.asarray(np.nan_to_num(exact, nan=5, posinf=7, neginf=3))
    return lib.as_tensor(exact.astype(dtype))


def same(actual, expected, options):
    """What both libraries say of two things, which are made from the library."""
    torch = pytest.importorskip("torch")

    def make(lib):
        return actual(lib), expected(lib)

    ours, theirs = outcome(assert_close, make, mt, options), outcome(torch.testing.assert_close, make, torch, options)
    assert ours == theirs, options
    return theirs


@pytest.mark.referee
@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_tensors_of_every_dtype(options):
    found = set()
    for (x, y), one, other in product(NUMBERS, DTYPES, DTYPES):
        if one == other or {one, other} & {"float32", "uint16"}:
            found.add(same(partial(tensor, numbers=x, dtype=one), partial(tensor, numbers=y, dtype=other), options))
    assert len(found) > 1 or len({"rtol", "atol"} & set(options)) == 1  # one tolerance alone is always refused


ITEMS = {
    "none": lambda lib: None, "true": lambda lib: True, "numpy true": lambda lib: np.bool_(True), "false": lambda lib: False,
    "1": lambda lib: 1, "1.0": lambda lib: 1.0, "complex": lambda lib: 1 + 0j, "1.5": lambda lib: 1.5, "nan": lambda lib: NAN,
    "inf": lambda lib: INF, "numpy float32": lambda lib: np.float32(1.0), "numpy float64": lambda lib: np.float64(1.0 + 1e-9),
    "numpy int": lambda lib: np.int64(1), "0": lambda lib: 0, "0.0": lambda lib: 0.0, "huge": lambda lib: 10**400,
    "huger": lambda lib: 10**400 + 1, "string": lambda lib: "a", "string b": lambda lib: "b", "bytes": lambda lib: b"ab",
    "list": lambda lib: [1, 2], "longer": lambda lib: [1, 2, 3], "tuple": lambda lib: (1, 2.5), "range": lambda lib: range(1, 3),
    "size": lambda lib: lib.tensor([1, 2]).shape, "deque": lambda lib: collections.deque([1, 2]), "set": lambda lib: {1},
    "array": lambda lib: np.array([1.0, 2.0]), "array32": lambda lib: np.array([1.0, 2.0], "float32"),
    "array b": lambda lib: np.array([1.0, 3.0]), "array 0-d": lambda lib: np.array(1.0), "objects": lambda lib: np.array([None]),
    "strings": lambda lib: np.array(["a"]), "object": lambda lib: Fraction(1, 2),
    "tensor": lambda lib: lib.tensor([1.0, 2.0]), "tensor b": lambda lib: lib.tensor([1.0, 3.0]),
    "parameter": lambda lib: lib.nn.Parameter(lib.tensor([1.0, 2.0])), "grad": lambda lib: lib.tensor([1.0, 2.5], requires_grad=True),
    "dict": lambda lib: {"a": lib.tensor([1.0, 2.0]), "b": 1}, "dict b": lambda lib: {"a": lib.tensor([1.0, 2.5]), "b": 2},
    "other keys": lambda lib: {"a": lib.tensor([1.0, 2.0]), "c": 1},
    "ordered": lambda lib: collections.OrderedDict(b=1, a=lib.tensor([1.0, 2.0])),
    "mixed keys": lambda lib: {1: 1, "a": 2}, "mixed keys b": lambda lib: {1: 1, "a": 3},
    "nested": lambda lib: [{"a": [1, lib.tensor([1.0, 2.0])]}, None], "nested b": lambda lib: [{"a": [1, lib.tensor([1.0, 9.0])]}, None],
    "nested c": lambda lib: ({"a": (1, "x")}, None), "dense": lambda lib: lib.tensor([[0.0, 2.0], [1.0, 0.0]]),
    "turned": lambda lib: lib.tensor([[0.0, 1.0], [2.0, 0.0]]).T, "sparse": lambda lib: lib.tensor([[0.0, 2.0], [1.0, 0.0]]).to_sparse(),
    "sparse b": lambda lib: lib.tensor([[0.0, 2.0], [3.0, 0.0]]).to_sparse(),
    "sparse elsewhere": lambda lib: lib.tensor([[0.0, 2.0], [0.0, 3.0]]).to_sparse(),
    "sparser": lambda lib: lib.tensor([[0.0, 2.0], [0.0, 0.0]]).to_sparse(),
    "half sparse": lambda lib: lib.tensor([[0.0, 2.0], [1.0, 0.0]]).to_sparse(1),
}  # fmt: skip
STRUCTURES = [options for options in OPTIONS if set(options) & {"check_dtype", "allow_subclasses", "check_layout", "check_stride", "rtol"}]


@pytest.mark.referee
@pytest.mark.parametrize("name", ITEMS)
def test_anything_against_anything(name):
    for other in ITEMS:
        plain = same(ITEMS[name], ITEMS[other], {})
        if plain is None or plain[0] != "TypeError":  # no option makes a string comparable with a list
            for options in STRUCTURES:
                same(ITEMS[name], ITEMS[other], options)


@pytest.mark.referee
@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "bool"])
def test_the_largest_differences_and_their_places(dtype):
    draw = np.random.default_rng(0)
    for shape in ((7,), (3, 4), (2, 1, 3)):
        x = draw.integers(0, 100, shape) / (1 if "int" in dtype else 8)
        y = np.where(draw.random(shape) < 0.5, x, draw.integers(0, 100, shape))
        assert same(partial(tensor, numbers=x, dtype=dtype), partial(tensor, numbers=y, dtype=dtype), {}) is not None


@pytest.mark.referee
def test_the_older_form():
    torch = pytest.importorskip("torch")
    things = ([1.0, 2.0], [1.0, 2.00001], np.array([1.0, NAN]), 1.0, NAN, [1, 2])
    for x, y, options in product(things, things, ({}, {"rtol": 1e-3, "atol": 0.0}, {"equal_nan": False}, {"msg": "mine"}, {"rtol": 1.0})):
        for dtype in ("float16", "float32", "float64", "int32"):
            def make(lib, x=x, y=y, dtype=dtype):
                return lib.tensor(x).to(getattr(lib, dtype)), y

            assert outcome(assert_allclose, make, mt, options) == outcome(torch.testing.assert_allclose, make, torch, options)
    with pytest.warns(FutureWarning, match="assert_allclose.* is deprecated since 1.12") as caught:
        assert_allclose(1.0, 1.0)
    assert caught[0].filename == __file__


@pytest.mark.referee
def test_the_table_of_tolerances():
    torch = pytest.importorskip("torch")
    from torch.testing._comparison import _DTYPE_PRECISIONS

    for name in DTYPES:
        assert TOLERANCES.get(name) == _DTYPE_PRECISIONS.get(getattr(torch, name))


def test_the_message_says_how_many_how_much_and_where():
    with pytest.raises(AssertionError) as caught:
        assert_close({"w": [mt.tensor([[1.0, 2.0], [3.0, 4.0]])]}, {"w": [mt.tensor([[1.0, 2.5], [3.0, 8.0]])]})
    assert str(caught.value) == (
        "Tensor-likes are not close!\n\n"
        "Mismatched elements: 2 / 4 (50.0%)\n"
        "Greatest absolute difference: 4.0 at index (1, 1) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.5 at index (1, 1) (up to 1.3e-06 allowed)\n\n"
        "The failure occurred for item ['w'][0]"
    )


def test_every_item_is_compared_and_the_first_failure_is_told():
    with pytest.raises(AssertionError, match=r"Expected 2 but got 1(.|\n)*item \[1\]"):
        assert_close([0, 1, 5], [0, 2, 9])
    with pytest.raises(TypeError, match="No comparison pair"):  # what cannot be compared is said before what differs
        assert_close([0, "a"], [1, "a"])


def test_a_value_is_its_float():
    assert_close(mt.Value(2.0), mt.Value(2.0 + 1e-9))
    with pytest.raises(AssertionError, match="Scalars are not close"):
        assert_close(mt.Value(2.0), 2.1)


def test_on_a_device(device_backend):
    host, other = mt.tensor([[1.0, 2.0]], requires_grad=True), mt.tensor([[1.0, 3.0]])
    assert_close(host.cuda(), mt.tensor([[1.0, 2.0]]).cuda())
    assert_close(host.cuda(), mt.tensor([[1.0, 2.0]]), check_device=False)
    with pytest.raises(AssertionError, match="attribute 'device' do not match: cuda:0 != cpu"):
        assert_close(host.cuda(), host)
    with pytest.raises(AssertionError, match=r"Greatest absolute difference: 1.0 at index \(0, 1\)"):
        assert_close(host.cuda(), other.cuda())


def test_nothing_is_written_and_no_tape_is_kept():
    x, y = mt.ones(3, requires_grad=True), mt.zeros(3, requires_grad=True)
    with pytest.raises(AssertionError):
        assert_close(x * 2, y * 2)
    assert (x.tolist(), y.tolist(), x._version) == ([1.0] * 3, [0.0] * 3, 0)


def test_a_failure_keeps_no_tensor_alive():
    class Held(mt.Tensor):
        pass

    gc.collect()
    gc.disable()
    try:
        x = mt.ones(3)
        gone = weakref.ref(x)
        try:
            assert_close([x], [x + 1])
        except AssertionError:
            pass
        del x
        assert gone() is None
    finally:
        gc.enable()


def test_random_structures_are_walked_alike():
    def structure(draw, depth):
        kind = draw.choice(["number", "tensor", "none", *(["list", "dict"] if depth else [])])
        if kind == "list":
            return [structure(draw, depth - 1) for _ in range(draw.randrange(3))]
        if kind == "dict":
            return {key: structure(draw, depth - 1) for key in draw.sample("abc", draw.randrange(3))}
        return {"number": 1.5, "tensor": mt.tensor([1.0, 2.0]), "none": None}[kind]

    for seed in range(100):
        assert_close(structure(random.Random(seed), 3), structure(random.Random(seed), 3))
