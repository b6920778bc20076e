"""What is written down of a tape: everything once, in a fixed order, keeping nothing alive."""

import gc
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import viz
from minitorch.viz.collect import collect
from tests.viz.tapes import chain, leaf, op, small


def test_ids_are_topological_and_parents_keep_their_order():
    loss, names = small()
    entries = collect(loss, names)
    assert [entry.id for entry in entries] == list(range(6))
    assert [entry.title for entry in entries] == ["weight", "bias", "matmul", "add", "pow", "mean"]
    assert entries[2].parents == (None, 0)
    assert entries[3].parents == (2, 1)
    assert all(parent < entry.id for entry in entries for parent in entry.parents if parent is not None)


def test_an_entry_holds_shape_dtype_params_and_bytes():
    loss, _ = small()
    matmul, power = collect(loss)[2], collect(loss)[4]
    assert (matmul.shape, matmul.dtype, matmul.symbol, matmul.family) == ((2, 3), "float32", "@", "contraction")
    assert matmul.bytes == 24 and matmul.saved_bytes == 32
    assert power.params == (("exponent", "2"),)


def test_an_array_saved_twice_counts_once():
    array = np.zeros(10)
    assert collect(op("mul", leaf(10), saved=(array, array)))[1].saved_bytes == 80


def test_a_long_parameter_is_cut_and_an_array_is_named_by_its_shape():
    index = np.arange(6).reshape(2, 3)
    params = dict(collect(op("index", leaf(9), index=(index, slice(None)), note="x" * 200))[1].params)
    assert params["index"] == "(array[2, 3], slice(None, None, None))"
    assert len(params["note"]) == 40


def test_a_node_used_twice_is_one_entry():
    node = op("exp", leaf(2))
    assert collect(op("mul", node, node))[2].parents == (1, 1)


def test_several_results_and_their_names():
    shared = op("exp", leaf(2))
    entries = collect({"loss": op("sum", shared), "extra": op("max", shared)})
    assert [entry.title for entry in entries] == ["leaf", "exp", "loss = sum", "extra = max"]


def test_what_cannot_be_drawn_says_so():
    with pytest.raises(TypeError, match="not int"):
        collect(3)
    with pytest.raises(ValueError, match="nothing to draw"):
        collect([])


def test_a_long_chain_is_walked_without_recursion():
    assert len(collect(chain(200_000))) == 200_001


def test_an_untracked_tensor_is_nothing_to_draw():
    with pytest.raises(ValueError, match="nothing to draw"):
        viz.graph(mt.ones(2))


def test_a_picture_keeps_nothing_alive():
    x = mt.ones(3, requires_grad=True)
    loss = (x * mt.full((3,), 2.0)).sum()
    nodes = [weakref.ref(loss._node), weakref.ref(x._node)]
    picture = viz.graph(loss, names={"x": x})
    gc.disable()
    try:
        del loss, x
        assert [node() for node in nodes] == [None, None]
    finally:
        gc.enable()
    assert "x" in picture.text()


def test_a_tape_can_be_drawn_after_backward():
    x = mt.ones(3, requires_grad=True)
    loss = (x * x).sum()
    before = viz.graph(loss)
    loss.backward()
    after = viz.graph(loss)
    assert [entry.title for entry in before.entries] == [entry.title for entry in after.entries]
    assert sum(entry.saved_bytes for entry in after.entries) == 0


def test_values_show_their_number_their_gradient_and_their_label():
    a, b = mt.Value(2.0), mt.Value(-3.0, label="b")
    result = a * b
    result.backward()
    first, second, product = viz.graph(result, names={"a": a}).entries
    assert (first.title, first.data, first.grad, first.dtype) == ("a", 2.0, -3.0, "")
    assert (second.title, second.data, second.grad) == ("b", -3.0, 2.0)
    assert (product.title, product.data, product.grad) == ("mul", -6.0, 1.0)
    assert "#0 a  2  grad -3" in viz.graph(result, names={"a": a}).text()


def test_gradients_that_are_values_show_as_numbers():
    a = mt.Value(2.0)
    result = a * a
    result.backward(create_graph=True)
    assert viz.graph(result).entries[0].grad == 4.0
