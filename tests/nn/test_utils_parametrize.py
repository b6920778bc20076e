"""Parametrized tensors, and the ready-made parametrizations, beside PyTorch's."""

import copy
import gc
import pickle

import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

nn = mt.nn
parametrize = nn.utils.parametrize


def kinds(lib):
    """Parametrizations of all sorts: with and without an inverse, onto two originals, changing what they should not."""

    class Double(lib.nn.Module):
        def forward(self, X):
            return X * 2

        def right_inverse(self, A):
            return A / 2

    class OneWay(lib.nn.Module):
        def forward(self, X):
            return X.abs()

    class NoWayBack(lib.nn.Module):
        def forward(self, X):
            return X + 1

        def right_inverse(self, A):
            raise NotImplementedError

    class Sum(lib.nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, A):
            return A / 4, A * 3 / 4

    class Wider(lib.nn.Module):
        def forward(self, X):
            return lib.cat([X, X])

    class Cast(lib.nn.Module):
        def forward(self, X):
            return X.double()

    class Back(lib.nn.Module):
        def __init__(self, back, forth=lambda *X: X[0]):
            super().__init__()
            self.back, self.forth = back, forth

        def forward(self, *X):
            return self.forth(*X)

        def right_inverse(self, A):
            return self.back(A)

    return Double, OneWay, NoWayBack, Sum, Wider, Cast, Back


def state(module):
    return dict(module.state_dict())


def life(lib, *names, tensor="weight", assign=True):
    """A layer with parametrizations through text, state, gradients, assignment, copies and removal."""
    made = {kind.__name__: kind for kind in kinds(lib)}
    register = lib.nn.utils.parametrize.register_parametrization
    lib.manual_seed(1)
    layer = lib.nn.BatchNorm1d(2) if tensor == "running_mean" else lib.nn.Linear(3, 2)
    before = getattr(layer, tensor)
    found = []
    for name in names:
        register(layer, tensor, made[name]())
        found += [repr(layer), type(layer).__name__, type(layer).__qualname__, state(layer)]
    holder = layer.parametrizations[tensor]
    found += [
        [name for name, _ in layer.named_parameters()], [name for name, _ in layer.named_buffers()], holder.is_tensor,
        holder.ntensors, holder.unsafe, getattr(holder, "original", None) is before, getattr(layer, tensor),
        lib.nn.utils.parametrize.is_parametrized(layer), lib.nn.utils.parametrize.is_parametrized(layer, "bias"),
        lib.nn.utils.parametrize.type_before_parametrizations(layer).__name__, isinstance(layer, lib.nn.Linear),
        outcome(pickle.dumps, layer),
    ]  # fmt: skip
    if tensor == "weight":
        layer(lib.ones(2, 3)).square().sum().backward()
        found.append([p.grad for p in layer.parameters()])
    if assign:
        with lib.no_grad():
            setattr(layer, tensor, lib.arange(float(before.numel())).reshape(before.shape))
        found += [getattr(layer, tensor), state(layer)]
    else:
        found.append(outcome(setattr, layer, tensor, lib.zeros(2, 3)))
    twin = copy.deepcopy(layer)
    found += [repr(twin) == repr(layer), state(twin)]
    lib.nn.utils.parametrize.remove_parametrizations(layer, tensor, leave_parametrized=True)
    found += [repr(layer), state(layer), type(layer).__name__, getattr(layer, tensor).requires_grad, hasattr(layer, "parametrizations")]
    found += [type(getattr(layer, tensor)).__name__]
    if lib is mt:  # PyTorch's copy shares the class, and with it the loss
        getattr(twin, tensor)
    return found


@pytest.mark.referee
@pytest.mark.parametrize(("names", "options"), [
    (("Double",), {}), (("Double", "Double"), {}), (("OneWay",), {"assign": False}), (("Double", "OneWay"), {"assign": False}),
    (("NoWayBack",), {"assign": False}), (("Sum",), {}), (("Sum", "Double"), {}), (("Double",), {"tensor": "bias", "assign": False}),
    (("Double",), {"tensor": "running_mean"}), (("Sum",), {"tensor": "running_mean"}),
])  # fmt: skip
def test_life_of_a_parametrized_layer(names, options):
    if options.get("tensor") == "bias":
        compare(lambda lib: biased(lib, names))
    else:
        compare(lambda lib: life(lib, *names, **options), tolerance=1e-6)


def biased(lib, names):
    """Two tensors of one module, removed one after the other."""
    Double, OneWay, *_ = kinds(lib)
    layer = lib.nn.Linear(3, 2)
    lib.nn.init.ones_(layer.weight)
    for tensor in ("weight", "bias"):
        lib.nn.utils.parametrize.register_parametrization(layer, tensor, Double())
    found = [repr(layer), list(layer.state_dict()), type(layer).__mro__[1].__name__]
    lib.nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    found += [repr(layer), list(layer.state_dict()), layer.weight]
    lib.nn.utils.parametrize.remove_parametrizations(layer, "bias")
    return [*found, repr(layer), list(layer.state_dict()), type(layer).__name__]


def refusals(lib):
    Double, OneWay, _, Sum, Wider, Cast, Back = kinds(lib)
    utils = lib.nn.utils.parametrize

    def fresh(*made):
        layer = lib.nn.Linear(3, 2)
        for one in made:
            utils.register_parametrization(layer, "weight", one)
        return layer

    found = [
        outcome(utils.register_parametrization, fresh(), "nothing", Double()),
        outcome(utils.remove_parametrizations, fresh(), "weight"),
        outcome(utils.remove_parametrizations, fresh(Sum()), "weight", leave_parametrized=False),
        outcome(utils.ParametrizationList, [], lib.ones(1)),
        outcome(setattr, fresh(OneWay()), "weight", lib.zeros(2, 3)),
        outcome(setattr, fresh(Double()), "weight", lib.zeros(2, 3).double()),
        outcome(setattr, fresh(Double()), "weight", lib.nn.Parameter(lib.zeros(2, 3))),
    ]
    for bad in (Wider(), Cast(), Back(lambda A: 3), Back(lambda A: A.double()), Back(lambda A: (A, 3)), Back(lambda A: A[:1]),
                Back(lambda A: A, lambda X: [X])):  # fmt: skip
        found.append(outcome(utils.register_parametrization, fresh(), "weight", bad))
        found.append(outcome(utils.register_parametrization, fresh(Double()), "weight", bad))
    back = Back(lambda A: (A, A), lambda a, b: a + b)
    layer = fresh(back)
    for wrong in (lambda A: 3, lambda A: (A,), lambda A: (A, A.double())):
        back.back = wrong
        found.append(outcome(setattr, layer, "weight", lib.zeros(2, 3)))
    wide = lib.nn.Linear(3, 2)
    utils.register_parametrization(wide, "weight", Wider(), unsafe=True)
    return found, wide.weight.shape, wide.parametrizations.weight.unsafe, type(wide).__name__


@pytest.mark.referee
def test_refusals_are_pytorchs():
    compare(refusals)


def caching(lib):
    calls = []

    class Counted(lib.nn.Module):
        def forward(self, X):
            calls.append(1)
            return X * 1

    layer = lib.nn.Linear(2, 2)
    utils = lib.nn.utils.parametrize
    utils.register_parametrization(layer, "weight", Counted())
    calls.clear()
    with utils.cached():
        same = layer.weight is layer.weight
        with utils.cached():
            layer(lib.ones(1, 2))
        layer.weight  # noqa: B018
        inside = len(calls)
    return same, inside, layer.weight is layer.weight, len(calls)


def transfer(lib):
    Double, _, _, Sum, *_ = kinds(lib)
    utils = lib.nn.utils.parametrize
    source, target, third = lib.nn.Linear(2, 2), lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)
    lib.nn.init.ones_(source.weight)
    utils.register_parametrization(source, "weight", Sum())
    utils.register_parametrization(source, "bias", Double())
    utils.transfer_parametrizations_and_params(source, target)
    utils.transfer_parametrizations_and_params(source, third, "weight")
    shared = source.parametrizations.weight.original0 is target.parametrizations.weight.original0
    return (shared, repr(target), target.weight, list(target.state_dict()), list(third.state_dict()),
            utils.transfer_parametrizations_and_params(lib.nn.ReLU(), third) is third)  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [caching, transfer])
def test_the_rest_of_parametrize_is_pytorchs(scenario):
    compare(scenario)


# ---- the ready-made ones -------------------------------------------------------------------------------------------
def layer_of(lib, name, *args):
    lib.manual_seed(4)
    return getattr(lib.nn, name)(*args).double()


def weight_norm(lib, name, args, sizes, dim):
    layer = layer_of(lib, name, *args)
    lib.nn.utils.parametrizations.weight_norm(layer, dim=dim)
    x = lib.linspace(-1, 1, lib.ones(sizes).numel(), dtype=lib.float64).reshape(sizes)
    found = [repr(layer), state(layer), layer(x)]
    layer(x).square().sum().backward()
    found += [[p.grad for p in layer.parameters()]]
    layer.weight = layer.weight.detach() * 2
    found += [state(layer)]
    old = {"weight_g": lib.ones(layer.parametrizations.weight.original0.shape), "weight_v": lib.ones(layer.weight.shape),
           "bias": layer.bias.detach()}  # fmt: skip
    found += [repr(layer.load_state_dict(old)), state(layer)]
    lib.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    return [*found, repr(layer), state(layer)]


LAYERS = [("Linear", (3, 4), (2, 3)), ("Conv2d", (2, 3, 2), (1, 2, 4, 4)), ("ConvTranspose1d", (2, 3, 2), (2, 2, 4))]


@pytest.mark.referee
@pytest.mark.parametrize("dim", [0, 1, -1, None])
@pytest.mark.parametrize(("name", "args", "sizes"), LAYERS)
def test_weight_norm(name, args, sizes, dim):
    compare(weight_norm, name, args, sizes, dim, tolerance=1e-6)


def spectral_norm(lib, name, args, sizes, options):
    layer = layer_of(lib, name, *args)
    lib.nn.utils.parametrizations.spectral_norm(layer, **options)
    x = lib.linspace(-1, 1, lib.ones(sizes).numel(), dtype=lib.float64).reshape(sizes)
    found = [repr(layer), list(layer.state_dict())]
    first = layer(x)
    second = layer(x)  # the graph of the first call keeps its own u and v
    (first.square().sum() + second.sum()).backward()
    found += [[p.grad for p in layer.parameters()], state(layer)]
    layer.eval()
    found += [layer(x), layer(x), state(layer)]
    layer.weight = lib.ones(layer.weight.shape, dtype=lib.float64)
    lib.nn.utils.parametrize.remove_parametrizations(layer, "weight")
    return [*found, layer.weight]


@pytest.mark.referee
@pytest.mark.parametrize("options", [{}, {"n_power_iterations": 3, "eps": 1e-3}, {"dim": -1}])
@pytest.mark.parametrize(("name", "args", "sizes"), LAYERS)
def test_spectral_norm(name, args, sizes, options):
    compare(spectral_norm, name, args, sizes, options, tolerance=1e-6)


def flat_spectral_norm(lib):
    layer = layer_of(lib, "BatchNorm1d", 3)
    lib.nn.init.constant_(layer.weight, 3.0)
    lib.nn.utils.parametrizations.spectral_norm(layer)
    utils = lib.nn.utils.parametrizations
    return [layer.weight, list(layer.state_dict()), outcome(utils.spectral_norm, lib.nn.ReLU()),
            outcome(utils.spectral_norm, lib.nn.Linear(2, 2), dim=2),
            outcome(utils.spectral_norm, lib.nn.Linear(2, 2), n_power_iterations=0)]  # fmt: skip


def orthogonal(lib, rows, columns, chosen, trivial):
    layer = layer_of(lib, "Linear", columns, rows)
    lib.nn.utils.parametrizations.orthogonal(layer, orthogonal_map=chosen, use_trivialization=trivial)
    found = [repr(layer), list(layer.state_dict()), state(layer)]
    for turn in range(2):
        Q = layer.weight
        few = min(rows, columns)
        product = Q @ Q.mT if rows < columns else Q.mT @ Q
        found += [(product - lib.eye(few, dtype=lib.float64)).abs().max() < 1e-9, Q]
        (Q * lib.arange(float(rows * columns), dtype=lib.float64).reshape(rows, columns)).sum().backward()
        found += [layer.parametrizations.weight.original.grad]
        with lib.no_grad():
            layer.parametrizations.weight.original.add_(0.1 if chosen != "householder" else lib.ones(rows, columns).tril(-1) * 0.1)
        if turn == 0:
            fresh = lib.linspace(-1, 1, rows * columns, dtype=lib.float64).reshape(rows, columns).cos() + lib.eye(rows, columns)
            basis = lib.linalg.qr(fresh if rows >= columns else fresh.mT)[0]
            found.append(outcome(setattr, layer, "weight", basis if rows >= columns else basis.mT))
    return found


@pytest.mark.referee
@pytest.mark.filterwarnings("ignore:grad and param do not obey")
@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("chosen", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (4, 2), (2, 5)])
def test_orthogonal(rows, columns, chosen, trivial):
    compare(orthogonal, rows, columns, chosen, trivial, tolerance=1e-7)


def orthogonal_refusals(lib):
    utils = lib.nn.utils.parametrizations
    holder = lib.nn.Module()
    holder.z = lib.nn.Parameter(lib.ones(2, 2, dtype=lib.complex64))
    holder.batch = lib.nn.Parameter(lib.randn(2, 3, 2, dtype=lib.float64))
    utils.orthogonal(holder, "batch")
    layer = lib.nn.Linear(2, 3)
    utils.orthogonal(layer)
    return [
        outcome(utils.orthogonal, lib.nn.ReLU()), outcome(utils.orthogonal, lib.nn.Linear(2, 2), "bias"),
        outcome(utils.orthogonal, lib.nn.Linear(2, 2), orthogonal_map="other"),
        outcome(utils.orthogonal, holder, "z", orthogonal_map="householder"), outcome(setattr, layer, "weight", lib.ones(2, 2)),
        (holder.batch.mT @ holder.batch - lib.eye(2, dtype=lib.float64)).abs().max() < 1e-9,
    ]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [flat_spectral_norm, orthogonal_refusals])
def test_what_is_left_of_the_parametrizations(scenario):
    compare(scenario, tolerance=1e-6)


def test_a_parametrized_layer_trains_and_leaves_no_cycle():
    gc.collect()
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    opt = mt.optim.SGD(layer.parameters(), lr=0.1)
    gc.disable()
    try:
        for _ in range(3):
            opt.zero_grad()
            loss = layer(mt.ones(1, 2)).square().sum()
            loss.backward()
            opt.step()
            del loss
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_old_style_keys_are_renamed_only_together():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    assert warned(layer.load_state_dict, {"weight_g": mt.ones(2, 1)}, strict=False)[0].unexpected_keys == ["weight_g"]
