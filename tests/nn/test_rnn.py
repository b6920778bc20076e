"""RNN, LSTM and GRU: numbers, gradients, draws, states, texts and refusals beside PyTorch's, dense and packed."""

import copy
import itertools
import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits
from tests.twins import assert_same, compare, outcome, plain, warned

over = pytest.mark.parametrize
KINDS = {
    "RNN": {}, "RNN with relu": {"nonlinearity": "relu"}, "GRU": {}, "LSTM": {}, "LSTM, projected": {"proj_size": 2},
}  # fmt: skip
LENGTHS = [2, 4, 1, 4]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def build(lib, kind, **options):
    lib.manual_seed(4)
    return getattr(lib.nn, kind.partition(",")[0].split()[0])(3, 4, **KINDS[kind], **options).double()


def states(lib, kind, layers, batch, grad=True):
    """Initial states for a network of so many layers and directions."""
    shapes = [(layers, *batch, KINDS[kind].get("proj_size", 4))] + [(layers, *batch, 4)] * kind.startswith("LSTM")
    given = [lib.tensor(numbers(*shape, seed=place), requires_grad=grad) for place, shape in enumerate(shapes)]
    return (given, tuple(given)) if kind.startswith("LSTM") else (given, given[0])


def results(found):
    output, last = found
    output = output.data if isinstance(output, tuple) else output
    return [output, *(last if isinstance(last, tuple) else (last,))]


def slopes(lib, outs, movers):
    loss = sum((out * (out + 0.5) * lib.arange(1, 1 + out.numel()).reshape(out.shape)).sum() for out in outs)
    return list(lib.autograd.grad(loss, movers, allow_unused=True))


def dense(lib, kind, options, batched, given):
    layer = build(lib, kind, **options)
    shape = ((5, 2, 3) if batched else (5, 3)) if not (options.get("batch_first") and batched) else (2, 5, 3)
    x = lib.tensor(numbers(*shape), requires_grad=True)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    held, hx = states(lib, kind, count, (2,) if batched else ())
    lib.manual_seed(7)
    found = results(layer(x, hx) if given else layer(x))
    movers = [x, *(held if given else []), *layer.parameters()]
    return {"out": found, "contiguous": [out.is_contiguous() for out in found[1:]], "slopes": slopes(lib, found, movers)}


OPTIONS = (
    {}, {"num_layers": 2, "bias": False}, {"bidirectional": True, "batch_first": True},
    {"num_layers": 3, "bidirectional": True, "dropout": 0.4},
)  # fmt: skip


@pytest.mark.referee
@over("kind", KINDS)
@over("options", OPTIONS, ids=str)
@over(("batched", "given"), [(True, True), (False, False), (False, True)])
def test_a_network_and_its_gradients_are_pytorchs(kind, options, batched, given):
    """The dropout between layers is drawn from the same stream."""
    compare(dense, kind, options, batched, given, tolerance=1e-9)


def packed(lib, kind, options, ordered, given):
    rnn = lib.nn.utils.rnn
    layer = build(lib, kind, **options)
    x = lib.tensor(numbers(4, 4, 3), requires_grad=True)
    lengths = sorted(LENGTHS, reverse=True) if ordered else LENGTHS
    sequence = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=ordered)
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    held, hx = states(lib, kind, count, (4,))
    lib.manual_seed(7)
    output, last = layer(sequence, hx) if given else layer(sequence)
    padded, found = rnn.pad_packed_sequence(output, batch_first=True, padding_value=0.25)
    outs = [padded, *results((output, last))]
    movers = [x, *(held if given else []), *layer.parameters()]
    return {"out": outs, "lengths": found, "sizes": output.batch_sizes, "slopes": slopes(lib, outs, movers)}


@pytest.mark.referee
@over("kind", KINDS)
@over("options", OPTIONS, ids=str)
@over(("ordered", "given"), [(True, False), (False, True)])
def test_packed_sequences_and_their_gradients_are_pytorchs(kind, options, ordered, given):
    compare(packed, kind, options, ordered, given, tolerance=1e-9)


@over("kind", KINDS)
@over("options", [{"num_layers": 2, "bidirectional": True}, {}], ids=str)
def test_a_packed_sequence_is_each_of_its_sequences_alone(kind, options):
    layer = build(mt, kind, **options)
    x = mt.tensor(numbers(4, 4, 3))
    output, last = layer(mt.nn.utils.rnn.pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False))
    apart = mt.nn.utils.rnn.unpack_sequence(output)
    for place, length in enumerate(LENGTHS):
        alone = results(layer(x[place, :length]))
        ends = last if isinstance(last, tuple) else (last,)
        for one, other in zip([apart[place], *(end[:, place] for end in ends)], alone, strict=True):
            np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-13, atol=1e-15)


# ---- construction ------------------------------------------------------------------------------------------------------
def made(lib, kind, positional, options):
    nn = lib.nn
    lib.manual_seed(3)
    layer = getattr(nn, kind)(*positional, **options)
    names = [[name for name, held in layer.named_parameters() if held is weight] for group in layer.all_weights for weight in group]
    return {
        "text": repr(layer), "state": {name: held.clone() for name, held in layer.state_dict().items()}, "names": names, "mode": layer.mode, "groups": list(map(len, layer.all_weights)),
        "flat": [weight is layer.get_parameter(name) for name, weight in zip(layer._flat_weights_names, layer._flat_weights, strict=True)],
        "numbers": [getattr(layer, name) for name in layer.__constants__], "constants": layer.__constants__,
        "nothing": layer.flatten_parameters(), "drawn anew": [layer.reset_parameters(), layer.weight_ih_l0],
    }  # fmt: skip


@pytest.mark.referee
@over(("kind", "positional", "options"), [
    ("RNN", (2, 3), {}), ("RNN", (2, 3, 2, "relu", False, True, 0.5, True), {}), ("RNN", (2, 3), {"nonlinearity": "relu", "num_layers": 2}),
    ("LSTM", (2, 3, 2, False, True, 0.25, True, 1), {}), ("LSTM", (2, 3), {"proj_size": 2}), ("GRU", (2, 3, 2, True, False, 0, True), {}),
    ("GRU", (2, 3), {"input_size": 2}), ("RNNBase", ("GRU", 2, 3, 2), {}), ("GRU", (2,), {"hidden_size": 3, "bias": False}),
])  # fmt: skip
def test_construction_draws_and_text_are_pytorchs(kind, positional, options):
    compare(lambda lib: outcome(made, lib, kind, positional, options), tolerance=1e-7)


WRONG = [
    {"hidden_size": 0}, {"input_size": 0}, {"num_layers": 0}, {"hidden_size": 2.0}, {"input_size": 2.0}, {"proj_size": -1}, {"proj_size": 3},
    {"dropout": 2}, {"dropout": True}, {"dropout": "a"}, {"bias": 1}, {"batch_first": 1}, {"nonlinearity": "sin"}, {"mode": "GRU"},
]  # fmt: skip


@pytest.mark.referee
@over("kind", ["RNN", "LSTM", "GRU"])
@over("options", WRONG, ids=str)
def test_options_are_refused_as_by_pytorch(kind, options):
    def scenario(lib):
        error = outcome(getattr(lib.nn, kind), **{"input_size": 2, "hidden_size": 3} | options)
        return error[0] if "unexpected keyword" in error[1] or "multiple values" in error[1] else error

    compare(scenario)


@pytest.mark.referee
def test_dropout_of_a_single_layer_is_warned_of():
    compare(lambda lib: warned(lambda: repr(lib.nn.LSTM(2, 3, dropout=0.5))))
    compare(lambda lib: outcome(lib.nn.RNNBase, "CNN", 2, 3))
    compare(lambda lib: outcome(lib.nn.RNNBase("LSTM", 2, 3), lib.zeros(2, 1, 2)))


# ---- refusals ----------------------------------------------------------------------------------------------------------
def refused(lib, kind, *shapes, dtype="float64", layers=1):
    layer = build(lib, kind, num_layers=layers)
    x, *given = (lib.zeros(shape, dtype=getattr(lib, dtype)) for shape in shapes)
    hx = None if not given else tuple(given) if kind.startswith("LSTM") else given[0]
    error = outcome(layer, x, hx)
    return list(error)[:2] if isinstance(error[0], str) else "accepted"


@pytest.mark.referee
@over("kind", KINDS)
def test_inputs_and_states_are_refused_as_by_pytorch(kind):
    size = KINDS[kind].get("proj_size", 4)
    shapes = [((5, 2, 6),), ((5,),), ((5, 2, 3, 1),), ((0, 2, 3),), ((5, 0, 3),)]
    shapes += [((5, 2, 3), h, (h[0], 2, 4)) for h in ((1, 3, size), (2, 2, size), (1, 2, 5), (2, size), (1, 1, 2, size))]
    shapes += [((5, 2, 3), (1, 2, size), c) for c in ((1, 3, 4), (1, 2, 3), (2, 4))] if kind.startswith("LSTM") else []
    shapes += [((5, 3), (1, 1, size), (1, 1, 4)), ((5, 3), (2, size), (2, 4)), ((5, 3), (1, size), (1, 4)), ((5, 6),)]
    for case in shapes:
        compare(refused, kind, *case)
    compare(lambda lib: refused(lib, kind, (5, 2, 3), dtype="float32"))


def weights_of(lib, gates, kind="float64"):
    shapes = (gates * 4, 3), (gates * 4, 4), (gates * 4,), (gates * 4,)
    return [lib.zeros(shape, dtype=getattr(lib, kind)) for shape in shapes]


def called(lib, name, change):
    """PyTorch's function over a sequence, with one thing wrong: its class, and the beginning of what it says."""
    gates = {"lstm": 4, "gru": 3}.get(name, 1)
    state = lib.zeros(1, 2, 4, dtype=lib.float64)
    given = {
        "input": lib.zeros(5, 2, 3, dtype=lib.float64), "hx": [state, state] if gates == 4 else state, "params": weights_of(lib, gates),
        "has_biases": True, "num_layers": 1, "dropout": 0.0, "train": False, "bidirectional": False, "batch_first": False,
    }  # fmt: skip
    change(lib, given)
    error = outcome(lambda: getattr(lib, name)(*given.values()))
    return [error[0], error[1].split("(")[0].strip(" .")[:40]] if isinstance(error[0], str) else "accepted"


def changed(**values):
    return lambda lib, given: given.update({name: value(lib, given) for name, value in values.items()})


CHANGES = {
    "nothing": changed(), "a weight too few": changed(params=lambda lib, g: g["params"][:3]), "a weight too many": changed(params=lambda lib, g: g["params"] * 2),
    "no weights": changed(params=lambda lib, g: []), "no biases asked for": changed(has_biases=lambda lib, g: False),
    "another layer": changed(num_layers=lambda lib, g: 2), "no layer": changed(num_layers=lambda lib, g: 0),
    "two directions": changed(bidirectional=lambda lib, g: True), "no steps": changed(input=lambda lib, g: g["input"][:0]),
    "a wide input": changed(input=lambda lib, g: lib.zeros(5, 2, 6, dtype=lib.float64)),
    "bool": changed(input=lambda lib, g: g["input"].bool(), params=lambda lib, g: [p.bool() for p in g["params"]]),
    "a bias of another size": changed(params=lambda lib, g: [*g["params"][:2], lib.zeros(3, dtype=lib.float64), g["params"][3]]),
}  # fmt: skip


@pytest.mark.referee
@over("name", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
@over("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_functions_refuse_as_pytorchs(name, change):
    compare(called, name, change)


@over(("change", "words"), [
    (changed(hx=lambda lib, g: lib.zeros(1, 1, 4, dtype=lib.float64)), "size of tensor a"),
    (changed(input=lambda lib, g: g["input"][0]), "3 dimensions"),
    (changed(params=lambda lib, g: [lib.zeros(5, 3, dtype=lib.float64), *g["params"][1:]]), "(expanded size|size of tensor a)"),
    (changed(input=lambda lib, g: g["input"].float()), "same dtype"),
    (changed(params=lambda lib, g: [g["params"][0][0], *g["params"][1:]]), "must be a matrix"),
])  # fmt: skip
def test_what_pytorch_reads_beyond_the_end_of_is_refused(change, words):
    kind, said = called(mt, "gru", lambda lib, g: change(lib, g))
    assert kind == "RuntimeError"
    with pytest.raises(RuntimeError, match=words):
        raise RuntimeError(said)


@over("sizes", [[3, 3], [2, 3], [], [3, -1], [[3, 2]], [3.0, 2.0]])
def test_batch_sizes_that_cannot_be_are_refused(sizes):
    with pytest.raises(RuntimeError, match="batch_sizes|exceeds dimension size|expected scalar type Long"):
        mt.gru(mt.zeros(5, 3), mt.tensor(sizes, dtype=None if sizes else mt.int64), mt.zeros(1, 3, 4), weights_of(mt, 3, "float32"),
               True, 1, 0.0, False, False)  # fmt: skip


# ---- what else a module is ---------------------------------------------------------------------------------------------
def test_a_copy_and_a_pickle_are_the_same_network():
    layer = mt.nn.LSTM(3, 4, 2, bidirectional=True)
    x = mt.tensor(numbers(5, 2, 3).astype("float32"))
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_same(plain(results(twin(x))), plain(results(layer(x))))
        assert not {id(p) for p in twin._flat_weights} & {id(p) for p in layer.parameters()}
    layer.weight_hh_l1 = mt.nn.Parameter(mt.zeros(16, 8)[:, :4].clone())
    assert layer._flat_weights[9 - 1] is not layer.weight_hh_l1  # of the first layer, both directions come first
    assert any(held is layer.weight_hh_l1 for held in layer._flat_weights)


@over("kind", KINDS)
def test_results_may_be_written_and_states_given_are_not(kind):
    """What a backward needs it has for itself."""
    layer = build(mt, kind)
    x = mt.tensor(numbers(5, 2, 3))
    held, hx = states(mt, kind, 1, (2,))
    before = [state.detach().clone() for state in held]
    expected = mt.autograd.grad(sum((out * 2).sum() for out in results(layer(x, hx))), [*held, *layer.parameters()])
    found = mt.autograd.grad(sum(out.mul_(2).sum() for out in results(layer(x, hx))), [*held, *layer.parameters()])
    for one, other in zip([*found, *held], [*expected, *before], strict=True):
        assert (one == other).all()


def complex_numbers(lib, name):
    gates = {"lstm": 4, "gru": 3}.get(name, 1)
    random = np.random.default_rng(0)
    draw = lambda *shape: lib.tensor(random.normal(size=shape) + 1j * random.normal(size=shape), requires_grad=True)  # noqa: E731
    x, h, weights = draw(3, 2, 2), [draw(1, 2, 2) for _ in range(1 + (gates == 4))], [draw(gates * 2, 2), draw(gates * 2, 2)]
    found = getattr(lib, name)(x, h if gates == 4 else h[0], weights, False, 1, 0.0, False, False, False)
    cell = getattr(lib, f"{name}_cell")(x[0], [state[0] for state in h] if gates == 4 else h[0][0], *weights)
    found = [*found, *(cell if isinstance(cell, tuple) else (cell,))]
    return found + list(lib.autograd.grad(sum((out * out).abs().sum() for out in found), [x, *h, *weights]))


@pytest.mark.referee
@over("name", ["lstm", "gru", "rnn_tanh"])
def test_complex_networks_are_pytorchs(name):
    compare(complex_numbers, name, tolerance=1e-10)


def two_dtypes(lib, name, of_state):
    """The input's part in one dtype, the state's in another: PyTorch adds them."""
    gates = {"lstm": 4, "gru": 3}.get(name, 1)
    kinds = lib.float32, lib.float64
    x, weights = lib.tensor(numbers(2, 3), dtype=kinds[0]), [lib.tensor(numbers(gates * 2, 3), dtype=kinds[0])]
    weights.append(lib.tensor(numbers(gates * 2, 2), dtype=kinds[of_state]))
    h = [lib.tensor(numbers(2, 2, seed=place), dtype=kinds[kind]) for place, kind in ((1, of_state), (2, True))]
    return outcome(getattr(lib, f"{name}_cell"), x, h if gates == 4 else h[0], *weights)


@pytest.mark.referee
@over("name", ["lstm", "gru", "rnn_tanh"])
@over("of_state", [False, True])
def test_a_step_of_two_dtypes_is_pytorchs(name, of_state):
    compare(two_dtypes, name, of_state, tolerance=1e-6)


@over("dtype", ["float16", "bfloat16"])
@over("kind", KINDS)
def test_half_precision_is_computed_in_single_and_rounded_once(kind, dtype):
    wide = build(mt, kind, num_layers=1).float()
    half = copy.deepcopy(wide).to(getattr(mt, dtype))
    wide.load_state_dict({name: held.float() for name, held in half.state_dict().items()})
    x = mt.randn(4, 2, 3).to(getattr(mt, dtype))
    found, expected = results(half(x)), results(wide(x.float()))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == getattr(mt, dtype)
        assert (one == other.to(one.dtype)).all()
    sum(out.float().sum() for out in found).backward()
    assert all(p.grad.dtype == getattr(mt, dtype) and p.grad.isfinite().all() for p in half.parameters())


@over("kind", KINDS)
def test_on_a_device_a_training_step_does_not_wait(kind, device_backend):
    options = {"num_layers": 2, "bidirectional": True, "dropout": 0.5}
    trained = {}
    for device, lengths in itertools.product(("cpu", "cuda"), (None, [3, 5, 1])):
        layer = build(mt, kind, **options).to(device)
        x = mt.tensor(numbers(5, 3, 3), device=device)
        optimizer = mt.optim.SGD(layer.parameters(), lr=0.1)
        given = x if lengths is None else mt.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        mt.manual_seed(2)
        with waits() as seen:
            for _ in range(2):
                optimizer.zero_grad()
                output, _ = layer(given)
                (output if lengths is None else output.data).pow(2).mean().backward()
                optimizer.step()
        assert seen == []
        trained[device, lengths is None] = [p.detach().cpu().numpy() for p in layer.parameters()]
    for form in (True, False):
        for one, other in zip(trained["cuda", form], trained["cpu", form], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
