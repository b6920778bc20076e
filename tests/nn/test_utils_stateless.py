"""A module called with other tensors than its own, beside PyTorch's: what it computes, what it leaves, what it refuses."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

nn = mt.nn


def tied(lib):
    class Tied(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.plain = 3

        def forward(self, x, k=1):
            return self.b(self.a(x)) * k

    module = Tied()
    for place, parameter in enumerate(module.parameters()):
        lib.nn.init.constant_(parameter, place + 1.0)
    return module


def calls(lib):
    module, w, x = tied(lib), lib.ones(2, 2) * 2, lib.ones(1, 2)
    call = lib.func.functional_call

    def tried(given, *args, **kwargs):
        found = outcome(call, module, given, *args, **kwargs)
        return found, sorted(name for name, _ in module.named_parameters(remove_duplicate=False)), hasattr(module, "q")

    return [
        tried({"a.weight": w}, x), tried({"b.weight": w}, x), tried({"a.weight": w, "b.weight": w}, x),
        tried({"a.weight": w, "b.weight": w * 2}, x), tried({"a.weight": w, "b.weight": w * 2}, x, tie_weights=False),
        tried({"a.weight": w}, x, tie_weights=False), tried({"a.weight": w}, x, strict=True), tried({"q": w}, x),
        tried({"q": w}, x, strict=True), tried({"plain": w}, x), tried({"z.weight": w}, x), tried({"plain.w": w}, x),
        tried({"a.weight": 3}, x), tried({"a.": w}, x), tried({"": w}, x), tried({}, (x,), {"k": 2}), tried({"a.weight": None}, x),
        tried({"a": w}, x), tried({"a.weight": w, "a.q": 3}, x), tried([{"a.weight": w}, {"a.bias": w[0]}], (x,)),
        tried([{"a.weight": w}, {"a.weight": w}], x), tried([3], x), tried(3, x),
    ]  # fmt: skip


def buffers(lib):
    module = lib.nn.BatchNorm1d(2)
    given = {"running_mean": lib.zeros(2), "num_batches_tracked": lib.tensor(3)}
    out = lib.func.functional_call(module, given, lib.arange(4.0).reshape(2, 2))
    return out, given, dict(module.state_dict())


def gradients(lib):
    module = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.Tanh(), lib.nn.Linear(3, 1))
    given = {name: lib.full(p.shape, 0.5, requires_grad=True) for name, p in module.named_parameters()}
    out = lib.func.functional_call(module, given, lib.ones(4, 2))
    out.sum().backward()
    return [given[name].grad for name in given], [p.grad for p in module.parameters()]


def old_place(lib):
    module = lib.nn.Linear(1, 1)
    return warned(lib.nn.utils.stateless.functional_call, module, {"weight": lib.ones(1, 1), "bias": lib.ones(1)}, lib.ones(1, 1))


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [calls, buffers, gradients, old_place])
def test_calls_with_other_tensors_are_pytorchs(scenario):
    compare(scenario, tolerance=1e-6)


def test_an_error_in_forward_leaves_the_module_as_it_was():
    module = tied(mt)
    before = dict(module.named_parameters(remove_duplicate=False))
    with pytest.raises(RuntimeError):
        mt.func.functional_call(module, {"a.weight": mt.ones(2, 2)}, mt.ones(1, 5))
    after = dict(module.named_parameters(remove_duplicate=False))
    assert list(after) == list(before) and all(after[name] is before[name] for name in before)
