"""Notes: which module and which line made each node, only where they are asked for."""

import inspect
import threading
import time

import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.graph.modes import modes, recording, walking
from minitorch.ops.op import TABLE


def line():
    return inspect.currentframe().f_back.f_lineno


def ops(result, **keywords):
    return [entry for entry in viz.graph(result, **keywords).nodes if entry.kind == "op"]


def test_nothing_is_noted_unless_asked():
    x = mt.ones(3, requires_grad=True)
    with viz.record():
        pass
    graph = viz.graph((x * 2).sum())
    assert [(entry.source, entry.line, entry.module) for entry in graph.nodes] == [(None, None, None)] * len(graph.nodes)
    assert graph.modules == []


def test_the_source_line_is_the_users():
    x = mt.ones(3, requires_grad=True)
    with viz.record():
        y = x * 2
        z = mt.exp(y).sum()
        last = line()
    mul, exp, total = ops(z)
    assert (mul.source, mul.line) == (f"test_recorder.py:{last - 2}", "y = x * 2")
    assert exp.source == total.source == f"test_recorder.py:{last - 1}"
    assert viz.graph(z).nodes[0].source is None


def test_code_of_the_user_that_has_no_file_has_a_line_all_the_same():
    scope = {"x": mt.ones(3, requires_grad=True), "__name__": "cell"}
    with viz.record():
        exec(compile("y = x * 2\nz = y.exp()", "<cell 3>", "exec"), scope)
    assert [entry.source for entry in ops(scope["z"])] == ["<cell 3>:1", "<cell 3>:2"]


def test_every_way_into_the_engine_is_noted():
    class Double(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = mt.ones(3, 3, requires_grad=True)
    made = {
        "operator": lambda: x + x, "number": lambda: x * 2, "number before": lambda: 1 - x, "one operand": lambda: -x,
        "function": lambda: mt.where(x > 0, x, 0.0), "view": lambda: x.t(), "several": lambda: mt.linalg.qr(x)[0],
        "in place": lambda: (x * 1).add_(1), "custom": lambda: Double.apply(x), "method": lambda: x.sum(0),
        "value": lambda: mt.Value(1.0) + 1, "value reflected": lambda: 1 - mt.Value(1.0), "value unary": lambda: -mt.Value(1.0),
        "value function": lambda: mt.Value(1.0).exp(),
    }  # fmt: skip
    with viz.record():
        results = {name: make() for name, make in made.items()}
    for name, result in results.items():
        assert result._node.note is not None, name
        assert result._node.note.source.startswith("test_recorder.py:"), name


def test_an_op_without_a_public_name_bears_that_of_the_function_that_ran_it():
    x = mt.ones(2, 3, 8, requires_grad=True)
    with viz.record():
        pooled = nn.MaxPool1d(2)(x)
        normed = nn.functional.layer_norm(pooled, (4,))
        loss = nn.functional.cross_entropy(normed[:, :, 0], mt.tensor([0, 2])) + (x * 2).sum()
    names = [entry.op for entry in ops(loss)]
    assert {"max_pool1d", "layer_norm", "cross_entropy", "mul", "sum", "add"} <= set(names)
    assert not {"window_max", "standardize", "class_entropy"} & set(names)


def test_a_subscript_is_shown_as_it_is_written():
    x = mt.ones(4, 6, requires_grad=True)
    shown = [dict(entry.params)["key"] for result in (x[:, 0:3], x[1:, ::2], x[2], x[None, :, 5]) for entry in ops(result)]
    assert shown == ["[:, 0:3]", "[1:, ::2]", "[2]", "[None, :, 5]"]


def test_values_of_nodes_are_measured():
    x = mt.tensor([1.0, -3.0, 0.0, 2.0], requires_grad=True)
    with viz.record():
        y = x * 2
        z = y + 1  # keeps nothing of y
    stats = ops(z)[0].value
    assert stats["values"] == [2.0, -6.0, 0.0, 4.0] and stats["max"] == 6.0 and stats["zeros"] == 0.25
    assert stats["norm"] == pytest.approx(56**0.5) and stats["mean"] == 0.0 and stats["nan"] == stats["inf"] == 0


def test_a_large_value_leaves_no_numbers_behind():
    x = mt.ones(17, requires_grad=True)
    with viz.record():
        y = x * 2
    assert ops(y)[0].value["values"] is None and ops(y)[0].value["norm"] == pytest.approx(2 * 17**0.5)


def test_half_precision_does_not_overflow_by_being_looked_at():
    x = mt.full((100,), 60000.0, dtype=mt.float16, requires_grad=True)
    with viz.record():
        y = x * 1
    assert ops(y)[0].value["norm"] == pytest.approx(600000.0, rel=1e-3)


def test_recording_ends_with_the_block():
    run, silent = modes.run, [op.name for op in TABLE.values() if op.silent]
    with pytest.raises(KeyError), viz.record(time=True):
        raise KeyError
    assert recording == [] and walking == []
    assert modes.run is run and [op.name for op in TABLE.values() if op.silent] == silent


def test_recordings_nest_and_the_inner_one_notes():
    x = mt.ones(3, requires_grad=True)
    with viz.record():
        with viz.record(values=False):
            y = x * 2
        z = y.exp()
    inner, outer = ops(z)
    assert inner.source and outer.source
    assert z._node.note.value is not None and y._node.note.value is None


def test_threads_do_not_see_each_others_modules():
    class Waiting(nn.Module):
        def forward(self, x):
            thread.start()
            thread.join()
            return x * 2

    def elsewhere():
        results.append(ops(x * 3)[-1].module)

    x, results = mt.ones(3, requires_grad=True), []
    thread = threading.Thread(target=elsewhere)
    with viz.record():
        y = Waiting()(x)
    assert results == [None]
    assert viz.graph(y).modules[ops(y)[-1].module].name == "Waiting"


def test_the_time_of_each_op_is_its_forwards():
    x = mt.randn(300, 300, requires_grad=True)
    with viz.record(time=True):
        y = x @ x
        time.sleep(0.05)
        z = y.t().contiguous().sum()
    times = {entry.op: entry.time for entry in ops(z)}
    assert all(taken is not None and 0 < taken < 0.05 for taken in times.values()), times
    assert times["matmul"] > times["permute" if "permute" in times else "transpose"]
    with viz.record():
        assert ops(x @ x)[0].time is None


def test_anomaly_mode_and_a_recording_work_together():
    x = mt.zeros(2, requires_grad=True)
    with pytest.warns(UserWarning, match="Anomaly"), viz.record(), mt.autograd.detect_anomaly():
        loss = (x.sqrt() * 0).sum()
        with pytest.raises(RuntimeError, match="returned nan"), pytest.warns(UserWarning, match="Error detected"):
            loss.backward()
    with pytest.warns(UserWarning, match="Anomaly"), mt.autograd.detect_anomaly(), viz.record():
        loss = (x + 1).sum()
        loss.backward()
    assert [step["node"] for step in viz.graph(loss).backward] != [] and x.grad.tolist() == [1.0, 1.0]
