"""The backward as it was: the engine's order, each gradient that was sent, and nothing else changed by looking."""

import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.graph.modes import modes
from minitorch.graph.walk import newest_first


def model_and_loss():
    mt.manual_seed(0)
    x = mt.randn(4, 3)
    w, b = mt.randn(3, 3, requires_grad=True), mt.randn(3, requires_grad=True)
    h = x @ w + b
    y = h.tanh() + h * w.sum() + h  # h and w fan out
    return {"w": w, "b": b, "h": h, "y": y}, (y**2).mean()


def expected(tensors, loss):
    return dict(zip(tensors, mt.autograd.grad(loss, list(tensors.values()), retain_graph=True), strict=True))


def check(graph, found, names):
    by_name = {entry.name: entry for entry in graph.nodes}
    for name in names:
        stats = by_name[name].gradient
        assert stats["norm"] == pytest.approx(float(found[name].norm()), rel=1e-5), name
        assert stats["mean"] == pytest.approx(float(found[name].mean()), rel=1e-4, abs=1e-7), name
        assert stats["max"] == pytest.approx(float(found[name].abs().max()), rel=1e-5), name


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_recorded_backward_has_every_gradient(create_graph):
    with viz.record():
        tensors, loss = model_and_loss()
        found = expected(tensors, loss)
        loss.backward(create_graph=create_graph)
    check(viz.graph(loss, names=tensors), found, tensors)


def test_an_unrecorded_backward_is_rehearsed():
    tensors, loss = model_and_loss()
    check(viz.graph(loss, names=tensors), expected(tensors, loss), tensors)


def test_the_order_is_the_engines():
    with viz.record():
        tensors, loss = model_and_loss()
        order = [node.stamp for node in newest_first([loss._node])]
        loss.backward()
    graph = viz.graph(loss)
    visited = [step["node"] for step in graph.backward]
    on_tape = [entry.id for entry in graph.nodes if entry.kind != "constant"][::-1]
    assert visited == on_tape and len(visited) == len(order)


def test_fan_out_adds_and_sums_agree():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        loss = (x * x + x * 3).sum()
        loss.backward()
    graph = viz.graph(loss, names={"x": x})
    (leaf,) = (entry.id for entry in graph.nodes if entry.name == "x")
    sends = [send for step in graph.backward for send in step["sends"] if send["to"] == leaf]
    assert [send["adds"] for send in sends] == [False, True, True]
    total = [sum(numbers) for numbers in zip(*(send["gradient"]["values"] for send in sends), strict=True)]
    assert total == x.grad.tolist() == graph.nodes[leaf].gradient["values"]
    assert sorted(send["operand"] for send in sends if send["gradient"]["values"] != [3.0, 3.0]) == [0, 1]


def test_looking_changes_nothing():
    tensors, loss = model_and_loss()
    calls = []
    for name in ("w", "h", "y"):
        tensors[name].register_hook(lambda g: calls.append(1) or g * 2)
    tensors["h"].retain_grad()
    tensors["b"].grad = mt.ones(3)
    versions = [tensor._version for tensor in tensors.values()]
    grad_mode, noted = modes.grad, loss._node.note
    graph = viz.graph(loss)
    assert graph.backward
    assert calls == [] and tensors["w"].grad is None and tensors["h"].grad is None
    assert tensors["b"].grad.tolist() == [1.0, 1.0, 1.0]
    assert versions == [tensor._version for tensor in tensors.values()]
    assert modes.grad == grad_mode and loss._node.note is noted
    loss.backward()  # the tape is still whole
    assert len(calls) == 3


def test_looking_unpacks_nothing():
    calls = []
    x = mt.ones(3, requires_grad=True)
    with mt.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: calls.append(1) or t), viz.record():
        loss = (x * x).exp().sum()
    assert viz.graph(loss).backward == [] and calls == []
    loss.backward()
    assert calls


def test_after_backward_leaves_and_retained_tensors_have_what_they_kept():
    tensors, loss = model_and_loss()
    tensors["h"].retain_grad()
    loss.backward()
    graph = viz.graph(loss, names=tensors)
    assert graph.backward == []
    check(graph, {name: tensors[name].grad for name in ("w", "b", "h")}, ("w", "b", "h"))
    assert next(entry for entry in graph.nodes if entry.name == "y").gradient is None


def test_a_result_that_is_no_single_number_has_no_backward_of_its_own():
    x = mt.ones(3, requires_grad=True)
    assert viz.graph(x * 2).backward == []


@pytest.mark.parametrize("values", [True, False])
def test_statistics_can_be_asked_for_or_left(values):
    x = mt.ones(3, requires_grad=True)
    graph = viz.graph((x * 2).sum(), values=values)
    assert bool(graph.backward) is values and (graph.nodes[0].value is not None) is values


def test_the_last_of_several_backwards_counts():
    x = mt.ones(3, requires_grad=True)
    with viz.record():
        loss = (x * x).sum()
        loss.backward(retain_graph=True)
        loss.backward(mt.tensor(10.0))
    assert viz.graph(loss).nodes[0].gradient["values"] == [20.0] * 3


def test_values_have_a_trace_too():
    a, b = mt.Value(2.0, label="a"), mt.Value(3.0, label="b")
    with viz.record():
        c = a * b + a
        c.backward()
    assert c._node.note.trace is not None  # that of this backward, not a rehearsal
    steps = viz.graph(c).backward
    assert [step["gradient"]["values"] for step in steps] == [1.0, 1.0, 2.0, 4.0]
    assert [(send["to"], send["adds"]) for step in steps for send in step["sends"]] == [
        (2, False),
        (0, False),
        (0, True),
        (1, False),
    ]


def test_ops_with_several_results_and_sparse_gradients_are_followed():
    table = nn.Embedding(10, 4, sparse=True)
    rnn = nn.LSTM(4, 3, batch_first=True)
    with viz.record():
        out, (h, c) = rnn(table(mt.tensor([[1, 2, 2]])))
        loss = out.sum() + c.sum()
        loss.backward()
    graph = viz.graph(loss, params=[*table.named_parameters(), *rnn.named_parameters()])
    gradients = {entry.name: entry.gradient for entry in graph.nodes if entry.name}
    assert gradients["weight_ih_l0"]["norm"] == pytest.approx(float(rnn.weight_ih_l0.grad.norm()), rel=1e-5)
    assert gradients["weight"] is not None and all(step["gradient"] for step in graph.backward)


def test_a_rule_that_refuses_leaves_no_trace_and_no_exception():
    class Refuses(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise ValueError("no")

    graph = viz.graph(Refuses.apply(mt.ones(2, requires_grad=True)).sum())
    assert graph.backward == [] and graph.nodes[-1].op == "sum"


def test_several_recorded_backwards_are_all_told():
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        first = (w * 2).sum()
        first.backward()
        second = (w * 3).sum()
        second.backward()
    for results in ([first, second], [second, first]):
        graph = viz.graph(results, names={"w": w, "first": first, "second": second})
        names = [graph.nodes[step["node"]].name for step in graph.backward]
        assert names == ["first", None, "w", "second", None, "w"]  # in the order in which they ran
        found = {entry.name: entry for entry in graph.nodes}
        assert found["second"].gradient["values"] == 1.0 and found["first"].gradient["values"] == 1.0
        assert found["w"].gradient["values"] == w.grad.tolist() == [5.0, 5.0]
    w.grad = None
    graph = viz.graph([first, second], names={"w": w})
    assert [entry.gradient["values"] for entry in graph.nodes if entry.name == "w"] == [[3.0, 3.0]]  # the last one's


def test_one_backward_of_several_results_is_told_once():
    w = mt.ones(2, requires_grad=True)
    with viz.record():
        results = [(w * 2).sum(), (w * 3).sum()]
        mt.autograd.backward(results)
    graph = viz.graph(results)
    assert len(graph.backward) == 5


@pytest.mark.parametrize("most", [0, 1 << 16], ids=["rows", "whole"])
@pytest.mark.parametrize("recorded", [True, False])
def test_rows_that_are_looked_up_twice_are_added_up(monkeypatch, recorded, most):
    monkeypatch.setattr("minitorch.viz.trace.MOST_SPREAD", most)
    table = nn.Embedding(10, 4, sparse=True)
    scale = mt.tensor([1.0, -2.0, 0.0, 3.0])

    def run():
        losses = [(table(mt.tensor(rows)) * scale).sum() for rows in ([1, 2, 2], [3, 2])]
        for loss in losses:
            loss.backward()
        return losses

    if recorded:
        with viz.record():
            losses = run()
    else:
        losses = run()
    graph = viz.graph(losses, params=table)
    found = next(entry.gradient for entry in graph.nodes if entry.name == "weight")
    whole = table.weight.grad.to_dense()
    assert found["norm"] == pytest.approx(float(whole.norm())) and found["max"] == float(whole.abs().max()) == 9.0
    assert found["mean"] == pytest.approx(float(whole.mean()))
    assert found["zeros"] == pytest.approx(float((whole == 0).float().mean()))
