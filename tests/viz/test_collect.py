"""What is written down of a tape: everything once, in a fixed order, keeping nothing alive."""

import gc
import json
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz import collect
from tests.viz.tapes import chain, leaf, op, small


def nodes(things, **keywords):
    return viz.graph(things, **keywords).nodes


def by_title(graph):
    return {entry.title: entry for entry in graph.nodes}


def test_ids_are_topological_and_parents_keep_their_order():
    loss, names = small()
    entries = nodes(loss, names=names)
    assert [entry.id for entry in entries] == list(range(6))
    assert [entry.title for entry in entries] == ["weight", "bias", "matmul", "add", "pow", "mean"]
    assert entries[2].parents == (None, 0)
    assert entries[3].parents == (2, 1)
    assert all(parent < entry.id for entry in entries for parent in entry.parents if parent is not None)


def test_an_entry_holds_shape_dtype_params_and_bytes():
    loss, _ = small()
    matmul, power = nodes(loss)[2], nodes(loss)[4]
    assert (matmul.shape, matmul.dtype, matmul.symbol, matmul.family) == ((2, 3), "float32", "@", "contraction")
    assert matmul.bytes == 24 and matmul.saved == 32
    assert power.params == (("exponent", "2"),)


def test_the_keys_of_the_json_are_those_of_the_page():
    x = mt.ones(2, requires_grad=True)
    with viz.record():
        loss = nn.Linear(2, 1)(x * 2.0).sum()
    document = json.loads(viz.graph(loss, caption="c").json())
    assert set(document) == {"version", "caption", "kind", "nodes", "modules", "backward"}
    assert set(document["nodes"][0]) == {
        "id", "kind", "title", "op", "name", "symbol", "family", "shape", "dtype", "device", "params", "parents", "module",
        "source", "line", "rules", "bytes", "saved", "time", "value", "gradient", "first_bad", "error"}  # fmt: skip
    assert set(document["modules"][0]) == {
        "id", "path", "class", "parent", "parameters", "detail", "inputs", "outputs", "ops", "times", "call"}  # fmt: skip
    assert set(document["backward"][0]) == {"node", "gradient", "sends"}
    assert set(document["backward"][0]["sends"][0]) == {"to", "operand", "gradient", "adds"}
    assert set(document["nodes"][0]["value"]) == {"norm", "mean", "max", "zeros", "nan", "inf", "values"}


def test_memory_that_several_nodes_save_counts_once_at_the_oldest():
    array = np.zeros(10)
    assert nodes(op("mul", leaf(10), saved=(array, array)))[1].saved == 80
    x = mt.ones(6, requires_grad=True)
    y = x * 2
    z = (y.sin() + y.reshape(2, 3).cos().reshape(6)).sum()  # sin and cos save the same memory
    assert sum(entry.saved for entry in nodes(z)) == 24


def test_what_was_saved_is_still_told_after_a_recorded_backward():
    x = mt.ones(6, requires_grad=True)
    for _ in range(2):  # the second tape saves the same leaf, and counts it again
        with viz.record():
            loss = (x * x).sum()
            before = sum(entry.saved for entry in nodes(loss))
            loss.backward()
        assert sum(entry.saved for entry in nodes(loss)) == before == 24


def test_a_long_parameter_is_cut_and_an_array_is_named_by_its_shape():
    index = np.arange(6).reshape(2, 3)
    params = dict(nodes(op("index", leaf(9), index=(index, slice(None)), note="x" * 200, of=lambda: 0, at=object()))[1].params)
    assert params["index"] == "(array[2, 3], slice(None, None, None))"
    assert len(params["note"]) == 40
    assert params["of"] == "<lambda>" and params["at"] == "<object object>"  # no address: it differs from run to run


def test_a_node_used_twice_is_one_entry():
    node = op("exp", leaf(2))
    assert nodes(op("mul", node, node))[2].parents == (1, 1)


def test_several_results_and_their_names():
    shared = op("exp", leaf(2))
    entries = nodes({"loss": op("sum", shared), "extra": op("max", shared)})
    assert [entry.title for entry in entries] == ["leaf", "exp", "loss = sum", "extra = max"]


def test_an_op_with_several_results_has_a_node_for_each():
    x = mt.randn(3, 3, requires_grad=True)
    q, r = mt.linalg.qr(x)
    ports = [entry for entry in nodes(q.sum() + r.sum()) if entry.family == "port"]
    assert [port.title for port in ports] == ["qr.q", "qr.r"]
    assert [port.shape for port in ports] == [(3, 3)] * 2 and ports[0].parents == ports[1].parents


def test_what_cannot_be_drawn_says_so():
    with pytest.raises(TypeError, match="not int"):
        viz.graph(3)
    with pytest.raises(ValueError, match="nothing to draw"):
        viz.graph([])
    with pytest.raises(ValueError, match="nothing to draw"):
        viz.graph(mt.ones(2))
    with pytest.raises(TypeError, match="no module and no function"):
        viz.graph(mt.ones(2, requires_grad=True), mt.ones(2))
    for thing, word in ((None, "NoneType"), (np.ones(3), "ndarray"), (nn.Linear, "is a class")):
        with pytest.raises(TypeError, match=word):
            viz.graph(thing)


@pytest.mark.parametrize(("argument", "wrong", "kind", "words"), [
    ("show", "colour", ValueError, "'colour' is none of shape, dtype"), ("show", ["shape", 3], ValueError, "3 is none of shape"),
    ("show", 3, TypeError, "words out of shape"), ("color", "red", ValueError, "family, gradient, memory, time"),
    ("color", ["time"], ValueError, "family, gradient, memory, time"), ("max_nodes", 0, ValueError, "at least 1"),
    ("max_nodes", True, ValueError, "whole number"), ("max_nodes", None, ValueError, "whole number"),
    ("depth", -1, ValueError, "not negative"), ("depth", "1", ValueError, "None or a whole number"),
    ("depth", 1.5, ValueError, "None or a whole number"), ("collapse", nn.Linear, TypeError, "function of a module"),
    ("collapse", "Linear", TypeError, "function of a module"), ("fold", "no", TypeError, "True or False"),
    ("values", "some", TypeError, "None, True or False"), ("caption", 3, TypeError, "caption must be a text"),
    ("names", 3, TypeError, "names and params"), ("params", "weight", TypeError, "names and params"),
])  # fmt: skip
def test_a_wrong_argument_is_refused_by_name_with_the_choices(argument, wrong, kind, words):
    with pytest.raises(kind, match=words):
        viz.graph(leaf(2), **{argument: wrong})


def test_a_long_chain_is_walked_without_recursion():
    assert len(nodes(chain(200_000))) == 200_001


# ---- kinds and names -----------------------------------------------------------------------------------------------
def test_parameters_buffers_inputs_leaves_and_constants_are_told_apart():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(mt.ones(20))
            self.frozen = nn.Parameter(mt.ones(20), requires_grad=False)
            self.register_buffer("shift", mt.ones(20))

        def forward(self, x):
            return (x * self.weight + self.shift) * self.frozen + extra * 3.0

    extra = mt.ones(20, requires_grad=True)
    kinds = {entry.title: entry.kind for entry in viz.graph(Model(), mt.ones(20)).nodes if entry.kind != "op"}
    assert kinds == {"weight": "parameter", "frozen": "parameter", "shift": "buffer", "x": "input", "leaf": "leaf",
                     "3": "constant"}  # fmt: skip


def test_a_large_constant_is_drawn_where_it_has_a_name_or_all_is_shown():
    x = mt.ones(20, requires_grad=True)
    mask = mt.ones(20)
    with viz.record():
        y = x + mask
    assert [entry.title for entry in nodes(y)] == ["leaf", "add"]
    assert [entry.kind for entry in nodes(y, show="all")] == ["leaf", "constant", "op"]
    named = nodes(y, names={"mask": mask, "x": x})
    assert [entry.title for entry in named] == ["x", "mask", "add"] and named[2].parents == (0, 1)


def test_a_constant_used_twice_is_one_node_until_it_is_written():
    x, c = mt.ones(3, requires_grad=True), mt.ones(3)
    with viz.record():
        y = x + c + c
        c.mul_(2)
        z = y + c
    assert [entry.kind for entry in nodes(z)].count("constant") == 2


def test_unrecorded_constants_are_known_by_what_was_saved():
    x = mt.ones(3, requires_grad=True)
    entries = nodes(x * 2.0)
    assert [entry.title for entry in entries] == ["leaf", "2", "mul"] and entries[2].parents == (0, 1)


def test_names_come_from_locals_containers_and_modules():
    a, parts, layer = mt.ones(2, requires_grad=True), [mt.ones(2, requires_grad=True)], nn.Linear(2, 2)
    y = layer(a + parts[0])
    titles = [entry.title for entry in nodes(y, names=locals())]
    assert {"a", "parts[0]", "layer.weight", "layer.bias", "y = linear"} <= set(titles)
    assert {"weight", "bias"} <= {entry.title for entry in nodes(y, params=layer)}
    assert {"weight", "bias"} <= {entry.title for entry in nodes(y, params=layer.named_parameters())}


def test_devices_come_from_the_arrays():
    x = mt.ones(3, requires_grad=True)
    assert {entry.device for entry in nodes((x * x).sum())} == {"cpu"}


# ---- what a picture keeps ------------------------------------------------------------------------------------------
def test_a_picture_keeps_nothing_alive():
    x, mask = mt.ones(3, requires_grad=True), mt.full((3,), 2.0)
    with viz.record() as recorder:
        loss = (x * mask).sum()
        loss.backward()
    watched = [weakref.ref(loss._node), weakref.ref(x._node), weakref.ref(mask), weakref.ref(mask._data)]
    picture = viz.graph(loss, names={"x": x, "mask": mask})
    gc.disable()
    try:
        del loss, x, mask
        assert [one() for one in watched] == [None] * 4
    finally:
        gc.enable()
    assert "x" in picture.text() and recorder.calls == []


def test_a_tape_can_be_drawn_after_backward():
    x = mt.ones(3, requires_grad=True)
    loss = (x * x).sum()
    before = viz.graph(loss)
    loss.backward()
    after = viz.graph(loss)
    assert [entry.title for entry in before.nodes] == [entry.title for entry in after.nodes]
    assert sum(entry.saved for entry in after.nodes) == 0


# ---- Values --------------------------------------------------------------------------------------------------------
def test_values_show_their_number_their_gradient_and_their_label():
    a, b = mt.Value(2.0), mt.Value(-3.0, label="b")
    result = a * b
    result.backward()
    graph = viz.graph(result, names={"a": a})
    first, second, product = graph.nodes
    assert json.loads(graph.json())["kind"] == "value"
    for entry, title, data, grad in ((first, "a", 2.0, -3.0), (second, "b", -3.0, 2.0), (product, "mul", -6.0, 1.0)):
        assert (entry.title, entry.value["values"], entry.gradient["values"]) == (title, data, grad)
    assert "#0 a  2  grad -3" in graph.text()


def test_gradients_that_are_values_show_as_numbers():
    a = mt.Value(2.0)
    result = a * a
    result.backward(create_graph=True)
    assert viz.graph(result).nodes[0].gradient["values"] == 4.0


def test_a_value_shows_what_backward_accumulated_and_before_it_what_it_would():
    a = mt.Value(2.0)
    result = a * a
    assert viz.graph(result).nodes[0].gradient["values"] == 4.0 and a.grad == 0.0
    result.backward()
    result.backward()
    assert viz.graph(result).nodes[0].gradient["values"] == 8.0


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_as_it_was(enabled, monkeypatch):
    """It is off while the tape is written down, and only then, also where that fails."""
    seen = []
    rules_of = collect.rules_of
    monkeypatch.setattr(collect, "rules_of", lambda op: seen.append(gc.isenabled()) or rules_of(op))
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        viz.graph(op("neg", leaf(2)), values=True)
        assert gc.isenabled() is enabled and seen == [False]
        monkeypatch.setattr(collect, "rules_of", lambda op: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            viz.graph(op("neg", leaf(2)))
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
