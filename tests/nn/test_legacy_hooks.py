"""Backward hooks of the old kind beside PyTorch's: what they see of a single op, what the warnings say of more."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

pytestmark = pytest.mark.referee


def shapes(grads):
    return [None if g is None else tuple(g.shape) for g in grads]


def single_op(lib):
    seen = []

    class Double(lib.nn.Module):
        def forward(self, x, y):
            return x * y

    module = Double()
    handle = module.register_backward_hook(
        lambda m, gi, go: seen.append([type(m).__name__, [g.tolist() for g in gi], [g.tolist() for g in go]]))
    x, y = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0], requires_grad=True)
    out, caught = warned(module, x * 1, y * 1)
    (out * 5).sum().backward()
    replaced = module.register_backward_hook(lambda m, gi, go: tuple(g * 10 for g in gi))
    x.grad = None
    (warned(module, x * 1, y * 1)[0] * 5).sum().backward()
    handle.remove()
    replaced.remove()
    module(x, y).sum().backward()
    return seen, caught, x.grad, y.grad, outcome(module.register_full_backward_hook, print)


def shortcomings(lib):
    class Gives(lib.nn.Module):
        def __init__(self, gives):
            super().__init__()
            self.gives = gives

        def forward(self, x, *rest):
            return self.gives(x)

    found = []
    for gives in (lambda x: [x * 2], lambda x: {"a": 1, "b": x * 2}, lambda x: (x * 2, x * 3), lambda x: x * 2 + 1,
                  lambda x: x.detach(), lambda x: (x.unbind()[0],), lambda x: x * 2):  # fmt: skip
        module = Gives(gives)
        module.register_backward_hook(lambda m, gi, go: found.append("called"))
        x = lib.ones(2, requires_grad=True)
        for args in ((x * 1,), (x * 1, 3), (x,)):
            result, caught = warned(module, *args)
            found.append(caught)
            one = result if isinstance(result, lib.Tensor) else result["b"] if isinstance(result, dict) else result[0]
            if one.requires_grad:
                one.sum().backward()
    return found


def kinds(lib):
    module = lib.nn.Linear(2, 2)
    module.register_full_backward_hook(lambda m, gi, go: None)
    return [outcome(module.register_backward_hook, print), lib.nn.Linear(1, 1)._is_full_backward_hook,
            module._is_full_backward_hook]  # fmt: skip


@pytest.mark.parametrize("scenario", [single_op, shortcomings, kinds])
def test_old_backward_hooks_are_pytorchs(scenario):
    compare(scenario)


def test_hooks_of_all_modules_are_of_one_kind():
    def scenario(lib):
        seen = []
        registry = lib.nn.modules.module
        handle = registry.register_module_backward_hook(lambda m, gi, go: seen.append(type(m).__name__))
        try:
            x = lib.ones(1, 2, requires_grad=True)
            model = lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Sigmoid())
            result, _ = warned(model, x * 1)
            result.sum().backward()
            return seen, outcome(registry.register_module_full_backward_hook, print)
        finally:
            handle.remove()
            if lib is mt:
                from minitorch.nn import _hooks

                _hooks.EVERY_IS_FULL[0] = None
            else:
                registry._global_is_full_backward_hook = None

    compare(scenario)


def test_a_module_that_is_gone_is_not_called():
    module = mt.nn.ReLU()
    module.register_backward_hook(lambda m, gi, go: None)
    out = module(mt.ones(2, requires_grad=True) * 1)
    del module
    with pytest.raises(RuntimeError, match="dead Module"):
        out.sum().backward()
