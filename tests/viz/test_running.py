"""A model and its inputs: run once, drawn module by module, also when it is frozen and when it fails."""

import gc
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.graph.modes import recording


class Block(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(width, width), nn.ReLU())

    def forward(self, x):
        return x + self.inner(x)


def described(graph):
    return [(module.path, module.name, module.ops, module.parameters) for module in graph.modules]


def test_modules_have_path_class_shapes_parameters_and_ops():
    graph = viz.graph(nn.Sequential(Block(), nn.Flatten(), nn.Linear(4, 2)), mt.ones(3, 4))
    assert described(graph) == [
        ("", "Sequential", 4, 30), ("0", "Block", 3, 20), ("0.inner", "Sequential", 2, 20), ("0.inner.0", "Linear", 1, 20),
        ("0.inner.1", "ReLU", 1, 0), ("1", "Flatten", 0, 0), ("2", "Linear", 1, 10)]  # fmt: skip
    last = graph.modules[-1]
    assert last.inputs == ("[3, 4] float32",) and last.outputs == ("[3, 2] float32",)
    assert last.detail == "in_features=4, out_features=2, bias=True" and last.parent == 0
    assert all(module.parent is None or module.parent < module.id for module in graph.modules)
    assert [graph.modules[entry.module].path for entry in graph.nodes if entry.kind == "op"] == [
        "0.inner.0",
        "0.inner.1",
        "0",
        "2",
    ]


def test_each_call_of_a_module_is_one_and_counted():
    layer = nn.Linear(2, 2)
    graph = viz.graph(lambda x: layer(layer(x)), mt.ones(1, 2))
    assert [(module.name, module.call) for module in graph.modules] == [("Linear", 0), ("Linear", 1)]


def test_a_module_called_by_one_that_does_not_own_it_goes_by_its_class():
    stranger = nn.Linear(2, 2)

    class Caller(nn.Module):
        def forward(self, x):
            return stranger(x)

    assert [module.path for module in viz.graph(Caller(), mt.ones(1, 2)).modules] == ["", "Linear"]


def test_inputs_are_named_by_the_arguments():
    class Two(nn.Module):
        def forward(self, left, *rest, flag=None):
            return left * rest[0] + rest[1]["deep"]

    graph = viz.graph(Two(), mt.ones(2), mt.ones(2), {"deep": mt.ones(2)})
    assert [entry.title for entry in graph.nodes if entry.kind == "input"] == ["left", "rest[0]", "rest[1]"]


def test_a_frozen_model_and_integer_inputs_are_drawn_too():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2)).requires_grad_(False)
    tokens = mt.tensor([[1, 2]])
    graph = viz.graph(model, tokens)
    assert [(entry.kind, entry.title) for entry in graph.nodes if entry.kind != "op"] == [
        ("parameter", "0.weight"), ("parameter", "1.weight"), ("parameter", "1.bias"), ("input", "input")] or \
        {entry.title for entry in graph.nodes if entry.kind != "op"} == {"0.weight", "1.weight", "1.bias", "input"}  # fmt: skip
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not tokens.requires_grad


def test_the_run_leaves_inputs_and_parameters_as_they_were():
    x, model = mt.ones(3, 4), Block()
    model.inner[0].bias.requires_grad_(False)
    graph = viz.graph(lambda m, x: (m(x) ** 2).sum(), model, x)
    assert graph.backward and not x.requires_grad and x._version == 0
    assert [parameter.requires_grad for parameter in model.parameters()] == [True, False]
    assert all(parameter.grad is None for parameter in model.parameters())


def test_no_gradient_is_said_to_go_where_the_engine_sends_none():
    class Loss(Block):
        def forward(self, x):
            return super().forward(x).sum()

    model = Loss()
    model.inner[0].bias.requires_grad_(False)
    graph = viz.graph(model, mt.ones(3, 4))
    known = {entry.title for entry in graph.nodes if entry.kind != "op" and entry.gradient is not None}
    assert known == {"inner.0.weight"}


def test_a_model_may_write_its_input_in_place_and_be_drawn_under_no_grad():
    class Writes(nn.Module):
        def forward(self, x):
            x.mul_(2)
            return x + 1

    x = mt.ones(2)
    with mt.no_grad():
        graph = viz.graph(Writes(), x)
    assert [entry.op for entry in graph.nodes if entry.kind == "op"] == ["mul", "add"]
    assert x.tolist() == [2.0, 2.0]


def test_nested_results_are_found():
    graph = viz.graph(lambda x: {"a": [x * 2], "b": (x.exp(), None)}, mt.ones(2))
    assert sorted(entry.op for entry in graph.nodes if entry.kind == "op") == ["exp", "mul"]


def test_a_function_of_values_is_drawn():
    graph = viz.graph(lambda a, b: a * b, mt.Value(2.0), mt.Value(3.0))
    assert [entry.title for entry in graph.nodes] == ["a", "b", "mul"]


def test_inputs_that_do_not_fit_are_refused_before_anything_runs():
    with pytest.raises(TypeError, match="missing a required argument: 'input'"):
        viz.graph(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="too many positional"):
        viz.graph(nn.Linear(2, 2), mt.ones(2), mt.ones(2))


# ---- a forward that raises -----------------------------------------------------------------------------------------
def failed(graph):
    (entry,) = (entry for entry in graph.nodes if entry.kind == "failed")
    return entry


def test_the_failed_op_is_shown_with_its_operands_and_message():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(5, 2))
    graph = viz.graph(model, mt.ones(2, 3))
    entry = failed(graph)
    assert entry.op == "linear" and "shapes cannot be multiplied" in entry.error
    assert [graph.nodes[parent].shape for parent in entry.parents] == [(2, 4), (2, 5), (2,)]
    assert graph.modules[entry.module].path == "2"
    assert [node.op for node in graph.nodes if node.kind == "op"] == ["linear", "relu"]
    assert isinstance(graph.error, RuntimeError) and "RuntimeError" in repr(graph)
    assert "RuntimeError: mat1" in graph.text() and recording == []


CASES = {
    "operator": (lambda x, y: x @ y, "matmul"),
    "broadcast": (lambda x, y: x + y, "add"),
    "function": (lambda x, y: mt.cat([x, y], 1), "cat"),
    "method": (lambda x, y: x.reshape(7), "reshape"),
    "composition": (lambda x, y: mt.nn.functional.cross_entropy(x, y), "cross_entropy"),
    "einsum": (lambda x, y: mt.einsum("ij,jk->ik", x, y), "einsum"),
    "bare forward": (lambda x, y: [][1], "IndexError"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_last_call_into_the_library_is_the_one_that_failed(name):
    function, op = CASES[name]
    graph = viz.graph(lambda x, y: function(x.exp(), y), mt.ones(2, 3), mt.ones(5, 4))
    entry = failed(graph)
    assert entry.op == op
    assert entry.source.startswith("test_running.py:") and entry.line
    assert (2, 3) in [graph.nodes[parent].shape for parent in entry.parents]


def test_what_a_failed_run_leaves_keeps_nothing_alive():
    watched = []

    class Fails(nn.Module):
        def forward(self, x):
            y = x.exp()
            watched.append(weakref.ref(y))
            watched.append(weakref.ref(y._node))
            try:
                y @ y
            except RuntimeError as inner:
                raise ValueError("outer") from inner

    gc.disable()
    try:
        graph = viz.graph(Fails(), mt.ones(2, 3))
        assert [one() for one in watched] == [None, None]
    finally:
        gc.enable()
    assert graph.error.args == ("outer",) and failed(graph).op == "ValueError"


def test_what_is_no_error_leaves_the_call():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        viz.graph(interrupted, mt.ones(2))
    assert recording == []


def test_a_lazy_module_is_made_by_the_call_and_named():
    graph = viz.graph(nn.Sequential(nn.LazyLinear(3)), mt.ones(2, 4))
    assert graph.error is None and graph.modules[1].parameters == 15
    assert {"0.weight", "0.bias"} <= {entry.title for entry in graph.nodes}


def test_an_inference_tensor_is_an_input_like_any_other():
    with mt.inference_mode():
        x = mt.ones(2, 4)
    assert viz.graph(Block(), x).error is None


def test_values_and_tensors_are_not_drawn_together():
    with pytest.raises(TypeError, match="both were given"):
        viz.graph([mt.ones(2, requires_grad=True), mt.Value(1.0)])


PROGRAMS = {
    "complex": lambda x: (x * 1j).abs().sum(),
    "half": lambda x: (x.bfloat16() * 2).sum(),
    "sparse rows": lambda x: nn.Embedding(4, 3, sparse=True)(mt.tensor([1, 2])).sum(),
    "in place through a view": lambda x: (y := x * 1, y[0].mul_(2), y)[2],
    "second derivative": lambda x: mt.autograd.grad((y := x * 1).pow(3).sum(), y, create_graph=True)[0].sum(),
    "checkpoint": lambda x: mt.utils.checkpoint.checkpoint(mt.exp, x, use_reentrant=False).sum(),
    "recurrent": lambda x: nn.GRU(3, 4, 2, bidirectional=True)(x)[0].sum(),
    "empty": lambda x: x[:0].sum(),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_any_program_is_drawn_in_every_form(name, monkeypatch):
    monkeypatch.setenv("PATH", "")
    graph = viz.graph(PROGRAMS[name], mt.randn(2, 3), show="all")
    assert graph.error is None and bool(graph.backward) is (name != "in place through a view")
    assert graph.text() and graph.json() and "viewBox" in graph.svg() and graph.html()


def test_what_made_the_inputs_is_not_drawn():
    w = mt.ones(4, requires_grad=True)
    graph = viz.graph(lambda x, y: (x * y).sum(), w.exp(), w)
    assert [entry.title for entry in graph.nodes] == ["y", "x", "mul", "sum"]
    assert [entry.gradient is not None for entry in graph.nodes] == [True] * 4  # both ask for their gradients


def test_parameters_of_modules_that_were_called_have_their_names():
    one, two = Block(), nn.Linear(4, 1)
    with viz.record():
        result = one(mt.ones(2, 4))
        both = two(result)
    assert {"inner.0.weight", "inner.0.bias"} == {entry.title for entry in viz.graph(result).nodes if entry.kind == "parameter"}
    assert {"Block.inner.0.weight", "Linear.bias"} < {entry.title for entry in viz.graph(both).nodes}
    assert "mine" in {entry.title for entry in viz.graph(result, names={"mine": one.inner[0].weight}).nodes}


def test_an_error_about_an_attribute_keeps_nothing_alive():
    watched = []

    def fails(x):
        watched.append(weakref.ref(y := x.exp()))
        return y.nothing

    gc.disable()
    try:
        graph = viz.graph(fails, mt.ones(2))
        assert watched[0]() is None and isinstance(graph.error, AttributeError)
    finally:
        gc.enable()


class Predicts(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x).argmax(1)


def test_a_model_that_returns_indices_is_drawn_by_what_led_to_them():
    graph = viz.graph(Predicts(), mt.ones(2, 3))
    assert [entry.op for entry in graph.nodes if entry.kind == "op"] == ["linear"]
    assert [module.path for module in graph.modules] == ["", "layer"]


def test_inference_mode_around_is_left_for_the_run():
    model = nn.Linear(3, 2)
    with mt.inference_mode():
        graph = viz.graph(model, mt.ones(2, 3))
        assert mt.is_inference_mode_enabled() and not mt.is_grad_enabled()
    assert [entry.op for entry in graph.nodes if entry.kind == "op"] == ["linear"]


def test_a_run_that_recorded_nothing_says_so():
    for function in (lambda x: None, lambda x: 3, lambda x: x * 2):
        with pytest.raises(ValueError, match="no op on the tape"):
            viz.graph(function, mt.ones(2, dtype=mt.int64))


def test_without_values_a_run_measures_none():
    assert all(entry.value is None for entry in viz.graph(Block(), mt.ones(2, 4), values=False).nodes)
    assert any(entry.value is not None for entry in viz.graph(Block(), mt.ones(2, 4)).nodes)


def test_the_paths_of_several_models_begin_with_their_names():
    maker, judge = nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Sequential(nn.Linear(2, 1))
    with viz.record():
        loss = judge(maker(mt.ones(1, 2))).sum()
    named = viz.graph(loss, params={"maker": maker, "judge": judge})
    assert [module.path for module in named.modules] == ["maker", "maker.0", "maker.1", "judge", "judge.0"]
    assert "<B>weight</B>" in named.dot() and "<B>maker.0.weight</B>" not in named.dot()  # the frame says the rest
    alone = viz.graph(maker(mt.ones(1, 2)).sum(), params={"maker": maker})
    assert [module.path for module in alone.modules] == []


class Pair(NamedTuple):
    a: object
    b: object


@dataclass(frozen=True)
class Batch:
    a: object
    b: object


@pytest.mark.parametrize("kind", ["list", "tuple", "dict", "ordered", "named", "fields"])
def test_inputs_are_found_in_containers_that_stay_what_they_are(kind):
    a, b = mt.ones(2), mt.ones(2)
    given = {"list": [a, b], "tuple": (a, b), "dict": {"a": a, "b": b}, "ordered": OrderedDict(a=a, b=b),
             "named": Pair(a, b), "fields": Batch(a, b)}[kind]  # fmt: skip
    seen = []

    def product(batch):
        seen.append(type(batch))
        if isinstance(batch, Pair | Batch):
            return batch.a * batch.b
        return batch["a"] * batch["b"] if isinstance(batch, dict) else batch[0] * batch[1]

    graph = viz.graph(product, given)
    assert [(entry.title, entry.kind) for entry in graph.nodes[:2]] == [("batch[0]", "input"), ("batch[1]", "input")]
    assert seen == [type(given)] and a._node is None and not a.requires_grad
    assert (given.a if kind in ("named", "fields") else given["a"] if isinstance(given, dict) else given[0]) is a
