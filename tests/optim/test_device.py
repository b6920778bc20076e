"""Optimisers on the device stand-in: the host's numbers, and no step waits for the device."""

import numpy as np
import pytest

import minitorch as mt
from tests.standin import waits

RULES = {
    "SGD": lambda p, n: mt.optim.SGD(p, lr=0.1, weight_decay=0.1, maximize=True),
    "SGD momentum": lambda p, n: mt.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.1),
    "SGD nesterov": lambda p, n: mt.optim.SGD(p, lr=n(0.1), momentum=0.9, nesterov=True, weight_decay=n(0.1)),
    "Adam": lambda p, n: mt.optim.Adam(p, weight_decay=0.1, amsgrad=True, maximize=True),
    "Adam tensor lr": lambda p, n: mt.optim.Adam(p, lr=n(0.1)),
    "AdamW": lambda p, n: mt.optim.AdamW(p, lr=n(0.1), amsgrad=True),
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
            assert value.device.type == ("cpu" if name == "step" else "cuda")


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
