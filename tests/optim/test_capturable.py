"""capturable=True: refused for parameters on the host as in PyTorch, taken on a device."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome

NAMES = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adadelta", "RMSprop", "Rprop", "ASGD"]


@pytest.mark.referee
@pytest.mark.parametrize("foreach", [None, False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_on_the_host_is_refused_as_in_pytorch(name, foreach):
    def scenario(lib):
        first, second, idle = (lib.nn.Parameter(lib.ones(2)) for _ in range(3))
        made = getattr(lib.optim, name)([first, second, idle], capturable=True, foreach=foreach)
        told = [outcome(made.step)]  # nothing to do
        first.grad, second.grad = lib.ones(2), lib.ones(2)
        told += [outcome(made.step), first.tolist()]
        state = {n: dict(s) for n, s in made.state_dict()["state"].items()}
        made.param_groups[0]["capturable"] = False
        return [*told, state, outcome(made.step), first]

    compare(scenario, tolerance=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_on_a_device_is_taken(name, device_backend):
    param = mt.nn.Parameter(mt.Tensor._wrap(device_backend.asarray(mt.ones(2).numpy())))
    param.grad = mt.Tensor._wrap(device_backend.asarray(mt.ones(2).numpy()))
    getattr(mt.optim, name)([param], lr=0.5, capturable=True).step()
    assert param.cpu().tolist() != [1.0, 1.0]
