"""Pictures of what ran on a device: where it ran, the same numbers as on the host, nothing of it kept."""

import pytest

import minitorch as mt
from minitorch import nn, viz


def model_and_input(device):
    mt.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 20), nn.ReLU(), nn.Linear(20, 2)).to(device)
    return model, mt.linspace(-1, 1, 12).reshape(4, 3).to(device)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_device_is_named_and_measured_like_the_host(device_backend, recorded):
    found = []
    for device in ("cpu", "cuda"):
        model, x = model_and_input(device)
        if recorded:
            with viz.record(time=True):
                loss = (model(x) ** 2).mean()
                loss.backward()
        else:
            loss = (model(x) ** 2).mean()
        graph = viz.graph(loss, names={"x": x}, params=model)
        assert {str(x.device)} == {entry.device for entry in graph.nodes if entry.device and entry.shape}
        found.append(graph)
    host, device = found
    assert "cuda" in device.dot() and "cuda" not in host.dot()
    assert len(host.backward) == len(device.backward) > 0
    for one, other in zip(host.nodes, device.nodes, strict=True):
        assert (one.op, one.shape, one.parents, one.saved) == (other.op, other.shape, other.parents, other.saved)
        for what in ("value", "gradient"):
            mine, theirs = getattr(one, what), getattr(other, what)
            assert (mine is None) == (theirs is None)
            if mine is not None:
                assert theirs["norm"] == pytest.approx(mine["norm"], rel=1e-5, abs=1e-7)
                assert theirs["zeros"] == mine["zeros"]


@pytest.mark.gpu
def test_a_real_device_is_drawn(gpu_backend):
    model, x = model_and_input("cuda")
    with viz.record(time=True):
        loss = (model(x) ** 2).mean()
        loss.backward()
    graph = viz.graph(loss, params=model, show="all")
    assert {entry.device for entry in graph.nodes if entry.device} == {"cuda:0"} and graph.backward
    assert all(entry.time > 0 for entry in graph.nodes if entry.kind == "op") and graph.json()
