"""What a call is made into before it is differentiated: copies that lie in memory as the inputs do, names, same draws."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.arrays import twin
from minitorch.testing.modules import holding, of_call
from minitorch.testing.naming import described
from minitorch.testing.nests import leaves
from minitorch.testing.problem import problem_of, repeated, same_stream
from minitorch.trees import mapped
from tests.testing.faulty import F64, vector

base = np.arange(24.0).reshape(2, 3, 4)
LAYOUTS = {
    "dense": base, "turned": base.transpose(2, 0, 1), "reversed": base[:, ::-1], "strided": base[:, ::2, 1::2], "0-d": base[0, 0, 0:1].reshape(()),
    "expanded": np.broadcast_to(base[0, 0], (3, 4)), "empty": base[:0], "complex": (base + 1j)[:, ::-1].T, "integers": base.astype("int32").T,
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_twin_lies_in_memory_as_its_original_and_apart_from_it(name):
    array = LAYOUTS[name]
    copy = twin(array)
    assert copy.shape == array.shape and copy.dtype == array.dtype and np.array_equal(copy, array)
    assert copy.strides == array.strides or array.size == 0
    assert not np.shares_memory(copy, array)


def test_nests_are_walked_and_rebuilt_in_one_order():
    from collections import OrderedDict, defaultdict, namedtuple

    pair = namedtuple("pair", "left right")
    tree = {"a": [1, (2, pair(3, 4))], "b": OrderedDict(c=5), "d": defaultdict(list, e=6)}
    assert list(leaves(tree, "t")) == [("t['a'][0]", 1), ("t['a'][1][0]", 2), ("t['a'][1][1].left", 3), ("t['a'][1][1].right", 4),
                                       ("t['b']['c']", 5), ("t['d']['e']", 6)]  # fmt: skip
    again = mapped(lambda value: value * 10, tree)
    assert again == {"a": [10, (20, pair(30, 40))], "b": {"c": 50}, "d": {"e": 60}}
    assert [type(again[key]) for key in "abd"] == [list, OrderedDict, defaultdict] and again["d"].default_factory is list
    assert type(again["a"][1][1]) is pair


def test_a_repeated_function_draws_the_same_and_the_stream_goes_on_unharmed():
    state = mt.get_rng_state()
    with same_stream():
        noisy = repeated(lambda: mt.rand(3))
        mt.rand(7)
        one, two = noisy(), noisy()
    assert mt.equal(one, two) and mt.equal(mt.get_rng_state(), state)


def test_names_and_places_of_functions():
    class Doubled(mt.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return value * 2

    assert described(Doubled.apply)[0] == "Doubled" and "test_problem.py:" in described(Doubled.apply)[1]
    assert problem_of(Doubled.apply, vector(1.0)).names == ["value"]
    assert problem_of(lambda p, *q, r=1: p + q[1], (vector(1.0), 2, vector(3.0))).names == ["p", "q[1]"]
    assert problem_of(mt.add, {"input": vector(1.0), "other": vector(2.0)}).names == ["input", "other"]


def test_the_modules_of_a_function_are_found():
    inner, outer = mt.nn.Linear(1, 1), mt.nn.Linear(1, 1)
    assert list(holding(lambda a: inner(a) + outer(inner(a)))) == [inner, outer]
    assert list(holding(inner.forward)) == [inner] and list(holding(mt.exp)) == []


def test_a_modules_buffers_are_those_of_the_start_at_every_call():
    norm = mt.nn.BatchNorm1d(2)
    for problem in (of_call(norm, mt.randn(4, 2)), of_call(lambda a: norm(a), mt.randn(4, 2))):
        first = [output._data.copy() for output in problem.run(problem.fresh())]
        assert all(np.array_equal(a, b._data) for a, b in zip(first, problem.run(problem.fresh())))
        assert problem.outputs[0].dtype == F64
    assert int(norm.num_batches_tracked) == 0
