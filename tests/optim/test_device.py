"""Optimisers on the device stand-in: the host's numbers, and no step waits for the device."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits

RULES = {
    "SGD": lambda p, n: mt.optim.SGD(p, lr=0.1, weight_decay=0.1, maximize=True),
    "SGD momentum": lambda p, n: mt.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.1),
    "SGD nesterov": lambda p, n: mt.optim.SGD(p, lr=n(0.1), momentum=0.9, nesterov=True, weight_decay=n(0.1)),
    "Adam": lambda p, n: mt.optim.Adam(p, weight_decay=0.1, amsgrad=True, maximize=True),
    "Adam tensor lr": lambda p, n: mt.optim.Adam(p, lr=n(0.1)),
    "AdamW": lambda p, n: mt.optim.AdamW(p, lr=n(0.1), amsgrad=True),
    "Adamax": lambda p, n: mt.optim.Adamax(p, lr=n(0.1), weight_decay=0.1, maximize=True),
    "NAdam": lambda p, n: mt.optim.NAdam(p, lr=n(0.1), weight_decay=0.1, decoupled_weight_decay=True, eps=1e-3),
    "RAdam": lambda p, n: mt.optim.RAdam(p, lr=n(0.1), betas=(0.5, 0.9), weight_decay=0.1, decoupled_weight_decay=True, eps=1e-3),
    "Adagrad": lambda p, n: mt.optim.Adagrad(p, lr=n(0.1), lr_decay=0.1, weight_decay=0.1, eps=1e-3, initial_accumulator_value=0.1),
    "Adadelta": lambda p, n: mt.optim.Adadelta(p, lr=n(0.1), weight_decay=0.1, eps=1e-3),
    "RMSprop": lambda p, n: mt.optim.RMSprop(p, lr=n(0.1), momentum=0.9, weight_decay=0.1, centered=True, eps=1e-2),
    "Rprop": lambda p, n: mt.optim.Rprop(p, lr=0.1, maximize=True),
    "ASGD": lambda p, n: mt.optim.ASGD(p, lr=0.1, t0=1, weight_decay=0.1),
}  # fmt: skip
KINDS = ["float32", "float64", "complex64", "float16"]


def parameters(place, kind):
    rng = np.random.default_rng(0)
    found = []
    for shape in ((3, 4), (), (5,), (0, 2)):
        data, grad = (np.asarray(rng.normal(size=shape)).astype(kind) for _ in range(2))
        param = mt.nn.Parameter(mt.Tensor._wrap(place(data)))
        param.grad = mt.Tensor._wrap(place(grad))
        found.append(param)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_a_step_never_waits_and_does_what_the_host_does(rule, kind, device_backend):
    def tensor_on(place):
        return lambda value: mt.Tensor._wrap(place(np.asarray(value, dtype=np.float32)))

    place = device_backend.asarray
    there, here = parameters(place, kind), parameters(np.copy, kind)
    device, host = RULES[rule](there, tensor_on(place)), RULES[rule](here, tensor_on(np.copy))
    with waits() as seen:
        for _ in range(3):
            device.step()
        device.zero_grad()
    for _ in range(3):
        host.step()
    assert seen == []
    tolerance = {"float16": 1e-3, "float64": 1e-7}.get(kind, 1e-6)
    for mine, other in zip(there, here, strict=True):
        assert mine._data.dtype == other._data.dtype
        np.testing.assert_allclose(device_backend.to_host(mine._data), other._data, rtol=tolerance, atol=tolerance)
        for name, value in device.state.get(mine, {}).items():
            assert value.device.type == ("cpu" if name in ("step", "mu_product", "eta", "mu") else "cuda")


def test_a_state_follows_its_parameter_to_the_device(device_backend):
    host = parameters(np.copy, "float32")
    saved = mt.optim.Adam(host)
    saved.step()
    there = mt.optim.Adam(parameters(device_backend.asarray, "float64"))
    there.load_state_dict(saved.state_dict())
    state = there.state[there.param_groups[0]["params"][0]]
    assert [value.device.type for value in state.values()] == ["cpu", "cuda", "cuda"]
    assert [value.dtype for value in state.values()] == [mt.float32, mt.float64, mt.float64]
    there.step()


OTHERS = {
    "Muon": (lambda p: mt.optim.Muon(p, lr=0.1), [(3, 4), (5, 2)], "dense", 0.02),
    "Adafactor": (lambda p: mt.optim.Adafactor(p, lr=0.1), [(3, 4), (5,), (), (2, 3, 2)], "dense", 1e-5),
    "SparseAdam": (lambda p: mt.optim.SparseAdam(p, lr=0.1, maximize=True), [(3, 4), (5,)], "sparse", 1e-5),
    "Adagrad": (lambda p: mt.optim.Adagrad(p, lr=0.1), [(3, 4), (5,)], "sparse", 1e-5),
    "SGD": (lambda p: mt.optim.SGD(p, lr=0.1, momentum=0.9), [(3, 4), (5,)], "sparse", 1e-5),
}  # fmt: skip


@pytest.mark.parametrize("rule", OTHERS)
def test_further_rules_do_what_the_host_does(rule, device_backend):
    make, shapes, layout, tolerance = OTHERS[rule]
    rng = np.random.default_rng(1)
    drawn = [[rng.normal(size=shape).astype(np.float32) for _ in range(2)] for shape in shapes]

    def walk(place):
        params = [mt.nn.Parameter(mt.Tensor._wrap(place(np.array(start)))) for start, _ in drawn]
        for param, (_, grad) in zip(params, drawn, strict=True):
            given = mt.Tensor._wrap(place(np.array(grad)))
            param.grad = given.to_sparse() if layout == "sparse" else given
        made = make(params)
        for _ in range(3):
            made.step()
        return params

    for mine, other in zip(walk(device_backend.asarray), walk(np.asarray), strict=True):
        np.testing.assert_allclose(device_backend.to_host(mine._data), other._data, rtol=tolerance, atol=tolerance)


def test_a_step_of_muon_never_waits(device_backend):
    param = mt.nn.Parameter(mt.Tensor._wrap(device_backend.asarray(np.eye(3, dtype=np.float32))))
    param.grad = mt.Tensor._wrap(device_backend.asarray(np.ones((3, 3), np.float32)))
    made = mt.optim.Muon([param], lr=0.1)
    with waits() as seen:
        made.step()
    assert seen == []
