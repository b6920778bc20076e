"""Notes: which module and which line made each node, only where they are asked for."""

import inspect
import threading

import minitorch as mt
from minitorch import nn, viz
from minitorch.graph.modes import recording


def line():
    return inspect.currentframe().f_back.f_lineno


def test_nothing_is_noted_unless_asked():
    x = mt.ones(3, requires_grad=True)
    assert [entry.note for entry in viz.graph((x * 2).sum()).entries] == ["", "", ""]


def test_the_source_line_is_the_users():
    x = mt.ones(3, requires_grad=True)
    with viz.record():
        y = x * 2
        z = mt.exp(y).sum()
        last = line()
    leaf, mul, exp, total = viz.graph(z).entries
    assert leaf.note == ""
    assert mul.note == f"test_recorder.py:{last - 2}"
    assert exp.note == total.note == f"test_recorder.py:{last - 1}"


def test_the_module_is_named_by_its_path():
    model = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))
    with viz.record():
        loss = model(mt.ones(5, 3)).sum()
    notes = [entry.note for entry in viz.graph(loss).entries if entry.kind == "op"]
    assert notes[0].startswith("0 (Linear 3 -> 4)")
    assert any(note.startswith("1.1 (Linear 4 -> 2)") for note in notes)
    assert "(Linear" not in notes[-1]


def test_values_are_noted_too():
    a = mt.Value(2.0)
    with viz.record():
        b = a * 3
        here = line()
    assert viz.graph(b).entries[-1].note == f"test_recorder.py:{here - 1}"


def test_recording_ends_with_the_block():
    try:
        with viz.record():
            raise KeyError
    except KeyError:
        pass
    assert recording == []


def test_threads_do_not_see_each_others_modules():
    class Waiting(nn.Module):
        def forward(self, x):
            thread.start()
            thread.join()
            return x * 2

    def elsewhere():
        results.append(viz.graph(x * 3).entries[-1].note)

    x, results = mt.ones(3, requires_grad=True), []
    thread = threading.Thread(target=elsewhere)
    with viz.record():
        y = Waiting()(x)
    assert "Waiting" not in results[0]
    assert "Waiting" in viz.graph(y).entries[-1].note
