"""Pruning beside PyTorch's: masks, state, gradients, what is pruned twice, refusals, removal."""

import copy

import pytest

import minitorch as mt
from tests.twins import compare, outcome


def layer_of(lib, *sizes):
    lib.manual_seed(5)
    return lib.nn.Conv1d(4, 3, 2).double() if not sizes else lib.nn.Linear(*sizes).double()


def prune_of(lib):
    if lib is mt:
        from minitorch.nn.utils import prune
    else:
        from torch.nn.utils import prune
    return prune


def told(layer, name="weight"):
    return [dict(layer.state_dict()), [n for n, _ in layer.named_parameters()], [n for n, _ in layer.named_buffers()],
            [type(hook).__name__ for hook in layer._forward_pre_hooks.values()], getattr(layer, name)]  # fmt: skip


STEPS = [
    [("identity",)], [("l1_unstructured", 5)], [("l1_unstructured", 0.3)], [("l1_unstructured", 0)], [("random_unstructured", 0.5)],
    [("random_unstructured", 3)], [("random_structured", 1, 0)], [("random_structured", 0.5, 1)], [("random_structured", 0, 1)],
    [("ln_structured", 1, 2, 0)], [("ln_structured", 0.5, 1, 1)], [("ln_structured", 0.25, float("inf"), -1)],
    [("ln_structured", 2, float("-inf"), 1)], [("l1_unstructured", 0.25), ("l1_unstructured", 0.5)],
    [("ln_structured", 1, 2, 0), ("l1_unstructured", 4)], [("l1_unstructured", 4), ("ln_structured", 1, 2, 0)],
    [("ln_structured", 1, 2, 0), ("ln_structured", 1, 2, 1), ("random_unstructured", 2)], [("random_structured", 1, 0), ("identity",)],
]  # fmt: skip


def steps(lib, given):
    prune, layer = prune_of(lib), layer_of(lib)
    lib.manual_seed(2)
    found = []
    for name, *args in given:
        found += [getattr(prune, name)(layer, "weight", *args) is layer, told(layer)]
    x = lib.linspace(-1, 1, 40, dtype=lib.float64).reshape(2, 4, 5)
    layer(x).square().sum().backward()
    found += [layer.weight_orig.grad, prune.is_pruned(layer), prune.is_pruned(lib.nn.Sequential(layer))]
    prune.remove(layer, "weight")
    return [*found, told(layer), layer(x), prune.is_pruned(layer), layer.weight.is_leaf, outcome(prune.remove, layer, "weight")]


@pytest.mark.referee
@pytest.mark.parametrize("given", STEPS, ids=lambda given: "-".join(step[0] for step in given))
def test_pruned_layers(given):
    compare(steps, given, tolerance=1e-9)


def others(lib):
    prune = prune_of(lib)
    one, two, three = layer_of(lib, 3, 4), layer_of(lib, 4, 2), layer_of(lib, 3, 3)
    pairs = [(one, "weight"), (two, "weight"), (two, "bias")]
    prune.l1_unstructured(two, "weight", 1)
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=0.4)
    found = [told(one), told(two), told(two, "bias")]
    scores = {(three, "weight"): lib.arange(9.0, dtype=lib.float64).reshape(3, 3)}
    prune.global_unstructured([(three, "weight")], prune.L1Unstructured, importance_scores=scores, amount=4)
    found.append(told(three))
    fresh = layer_of(lib, 2, 3)
    prune.l1_unstructured(fresh, "weight", 2, importance_scores=lib.arange(6.0).reshape(3, 2))
    prune.custom_from_mask(fresh, "bias", lib.tensor([1, 0, 1]))
    hooks = list(fresh._forward_pre_hooks.values())
    found += [told(fresh), told(fresh, "bias"), hooks[0].amount, hooks[0].prune(lib.tensor([3.0, 1.0, 2.0])),
              prune.LnStructured(1, 2, 0).prune(lib.tensor([[3.0, 1.0], [0.5, 2.0]])),
              prune.RandomUnstructured(0.0).prune(lib.ones(2), default_mask=lib.tensor([0.0, 1.0]))]  # fmt: skip
    container = prune.PruningContainer()
    container._tensor_name = "w"
    for _ in range(2):
        made = prune.L1Unstructured(1)
        made._tensor_name = "w"
        container.add_pruning_method(made)
    return [*found, len(container), container[0] is next(iter(container)), len(container[:1])]


def refusals(lib):
    prune, layer = prune_of(lib), layer_of(lib, 3, 2)
    strange = prune.L1Unstructured(1)
    strange._tensor_name = "bias"
    container = prune.PruningContainer(strange)

    class Kind(prune.BasePruningMethod):
        PRUNING_TYPE = "other"

        def compute_mask(self, t, default_mask):
            return default_mask

    found = [
        outcome(prune.l1_unstructured, layer, "weight", "a"), outcome(prune.l1_unstructured, layer, "weight", -1),
        outcome(prune.l1_unstructured, layer, "weight", 1.5), outcome(prune.l1_unstructured, layer, "weight", 7),
        outcome(prune.ln_structured, layer, "bias", 1, 2, 0), outcome(prune.ln_structured, layer, "weight", 1, 2, 2),
        outcome(prune.random_structured, layer, "weight", 3, 0), outcome(prune.remove, layer, "weight"),
        outcome(prune.custom_from_mask, layer, "weight", lib.ones(3)),
        outcome(prune.l1_unstructured, layer, "weight", 1, importance_scores=lib.ones(3)),
        outcome(strange.prune, lib.ones(2), importance_scores=lib.ones(3)),
        outcome(prune.global_unstructured, 3, prune.L1Unstructured), outcome(container.add_pruning_method, 3),
        outcome(prune.global_unstructured, [(layer, "weight")], prune.L1Unstructured, importance_scores=3, amount=1),
        outcome(prune.global_unstructured, [(layer, "weight")], prune.LnStructured, amount=1, n=2)[0],
        told(layer), outcome(prune.BasePruningMethod)[0],
    ]  # fmt: skip
    prune.identity(layer, "weight")
    return [*found, outcome(Kind.apply, layer, "weight")]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [others, refusals])
def test_the_rest_is_pytorchs(scenario):
    compare(scenario, tolerance=1e-9)


def test_a_method_of_another_parameter_is_refused():
    prune = prune_of(mt)
    one, other = prune.L1Unstructured(1), prune.L1Unstructured(1)
    one._tensor_name, other._tensor_name = "weight", "bias"
    with pytest.raises(ValueError, match="acting on the parameter named 'weight'"):
        prune.PruningContainer(one).add_pruning_method(other)


def test_pruned_layers_train_and_are_copied():
    prune = prune_of(mt)
    layer = prune.l1_unstructured(mt.nn.Linear(4, 4), "weight", 0.5)
    opt = mt.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(2):
        opt.zero_grad()
        layer(mt.ones(1, 4)).sum().backward()
        opt.step()
    assert int((layer.weight == 0).sum()) == 8
    twin = mt.nn.Linear(4, 4)
    prune.identity(twin, "weight")
    twin.load_state_dict(layer.state_dict())
    assert mt.equal(twin(mt.ones(1, 4)), layer(mt.ones(1, 4)))
    layer.weight = layer.weight.detach()
    assert prune.is_pruned(copy.deepcopy(layer))
