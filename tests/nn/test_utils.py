"""Gradients in bounds and parameters as a vector, against PyTorch."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

pytestmark = pytest.mark.referee


def model(lib, dtype="float32"):
    lib.manual_seed(0)
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Linear(4, 2, bias=False)).to(getattr(lib, dtype))
    for place, parameter in enumerate(net.parameters()):
        parameter.grad = None if place == 1 else lib.randn(parameter.shape).to(parameter.dtype) * 3
    return net


def grads(net):
    return [parameter.grad for parameter in net.parameters()]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("order", [2.0, 1, float("inf"), 3.5])
def test_clip_by_norm(order, dtype):
    def scenario(lib):
        net = model(lib, dtype)
        before = [lib.nn.utils.clip_grad_norm_(net.parameters(), bound, norm_type=order) for bound in (100.0, 1.0)]
        return before, grads(net)

    compare(scenario, tolerance=1e-5 if dtype != "float16" else 2e-3)


def test_what_is_passed_over_and_refused():
    def scenario(lib):
        net, utils = model(lib), lib.nn.utils
        one, bare = next(net.parameters()), lib.nn.Parameter(lib.ones(2))
        found = [utils.clip_grad_norm_(one, 0.5), utils.clip_grad_norm_([bare], 1.0), utils.clip_grad_norm_([], 1.0),
                 warned(utils.clip_grad_norm_, iter(()), 1.0), warned(utils.clip_grad_norm_, (p for p in ()), 1.0),
                 utils.get_total_norm([lib.ones(2), lib.ones(3) * 2]), utils.get_total_norm(lib.ones(4), 1)]  # fmt: skip
        one.grad[0, 0] = float("nan")
        found.append(outcome(utils.clip_grad_norm_, one, 1.0, error_if_nonfinite=True))
        return found, utils.clip_grad_norm_(one, 1.0).isnan(), one.grad.isnan().all()

    compare(scenario, tolerance=1e-5)


def test_clip_by_value():
    def scenario(lib):
        net = model(lib)
        held = grads(net)[0]
        lib.nn.utils.clip_grad_value_(net.parameters(), 0.7)
        return grads(net), held is grads(net)[0]

    compare(scenario)


def test_parameters_as_a_vector():
    def scenario(lib):
        net = model(lib)
        vector = lib.nn.utils.parameters_to_vector(net.parameters())
        vector.sum().backward()
        fresh = lib.arange(float(vector.numel()))
        lib.nn.utils.vector_to_parameters(fresh, net.parameters())
        fresh[0] = 99
        wrong = outcome(lib.nn.utils.vector_to_parameters, [1.0], net.parameters())
        return vector.requires_grad, vector, list(net.parameters()), [p.is_leaf for p in net.parameters()], wrong, grads(net)

    compare(scenario, tolerance=1e-6)


def test_clipping_is_not_recorded():
    parameter = mt.nn.Parameter(mt.ones(2))
    parameter.grad = mt.ones(2)
    assert not mt.nn.utils.clip_grad_norm_([parameter], 0.1).requires_grad
    assert not parameter.grad.requires_grad


def test_the_old_name_of_clipping_and_the_files_that_code_imports_from():
    def scenario(lib):
        net = model(lib)
        return warned(lib.nn.utils.clip_grad_norm, net.parameters(), 1.0), grads(net)

    compare(scenario, tolerance=1e-5)
    from minitorch.nn.utils.clip_grad import clip_grad_norm_
    from minitorch.nn.utils.convert_parameters import parameters_to_vector

    assert clip_grad_norm_ is mt.nn.utils.clip_grad_norm_ and parameters_to_vector is mt.nn.utils.parameters_to_vector


def test_every_name_of_pytorchs_utils_is_here():
    torch = pytest.importorskip("torch")
    assert set(torch.nn.utils.__all__) == set(mt.nn.utils.__all__)
