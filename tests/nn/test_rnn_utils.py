"""nn.utils.rnn: padding, packing and back, beside PyTorch's, with gradients and refusals."""

import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits
from tests.twins import compare, outcome

over = pytest.mark.parametrize
LENGTHS = ([4, 2, 1], [1, 4, 2], [3, 3, 3], [2, 4, 2], [4.0, 2.7, 1.0])


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def listed(sequence):
    return [type(sequence).__name__, *sequence]


def packing(lib, lengths, tail, batch_first, ordered, as_tensor):
    rnn = lib.nn.utils.rnn
    x = lib.tensor(numbers(*((3, 4) if batch_first else (4, 3)), *tail), requires_grad=True)
    given = lib.tensor(lengths) if as_tensor else lengths
    sequence = rnn.pack_padded_sequence(x, given, batch_first=batch_first, enforce_sorted=ordered)
    found = {"packed": listed(sequence)}
    for options in ({}, {"batch_first": True, "padding_value": 2}, {"padding_value": -0.5, "total_length": 6}):
        padded, counts = rnn.pad_packed_sequence(sequence, **options)
        found[str(options)] = [padded, counts, *lib.autograd.grad((padded * padded * 3).sum(), x, retain_graph=True)]
    apart = rnn.unpack_sequence(sequence)
    found["apart"] = [*apart, *lib.autograd.grad(sum(((1 + i) * part).sum() for i, part in enumerate(apart)), x)]
    return found


@pytest.mark.referee
@over("lengths", LENGTHS, ids=str)
@over("tail", [(), (2,), (2, 1)], ids=str)
@over(("batch_first", "as_tensor"), [(False, True), (True, False)])
def test_packing_and_padding_are_pytorchs(lengths, tail, batch_first, as_tensor):
    for ordered in (False, True):
        compare(lambda lib: outcome(packing, lib, lengths, tail, batch_first, ordered, as_tensor))  # noqa: B023


def sequences(lib, *shapes, dtype="float64"):
    return [lib.tensor(numbers(*shape, seed=place)).to(getattr(lib, dtype)) for place, shape in enumerate(shapes)]


SHAPES = ([(3,), (2,), (1,)], [(1, 2), (3, 2)], [(0,), (2,)], [(0,), (0,)], [(2, 3), (3, 1)], [(2, 3), (3, 2)], [(2, 3), (2,)], [(2,), (2, 3)],
          [(), ()], [])  # fmt: skip


@pytest.mark.referee
@over("shapes", SHAPES, ids=str)
@over("options", [{}, {"batch_first": True, "padding_value": 1.5}, {"padding_side": "left"}, {"padding_side": "up"}], ids=str)
def test_sequences_side_by_side_are_pytorchs(shapes, options):
    def scenario(lib):
        found = outcome(lib.nn.utils.rnn.pad_sequence, sequences(lib, *shapes), **options)
        return "refused" if shapes == [(), ()] and isinstance(found, tuple) else found  # PyTorch stumbles over its own list

    compare(scenario)


@pytest.mark.referee
@over("kinds", [("int64", "float32"), ("float64", "int64"), ("float16", "float64"), ("bool", "bool")], ids=str)
def test_the_first_sequence_says_the_dtype(kinds):
    def scenario(lib):
        x, y = (lib.tensor(numbers).to(getattr(lib, kind)) for numbers, kind in zip(([1.0, 2.0], [1.5]), kinds, strict=True))
        return lib.nn.utils.rnn.pad_sequence([x, y], padding_value=1)

    compare(scenario)


@pytest.mark.referee
def test_gradients_through_sequences_side_by_side():
    def scenario(lib):
        given = [x.requires_grad_() for x in sequences(lib, (3, 2), (1, 2), (2, 2))]
        rnn = lib.nn.utils.rnn
        packed = rnn.pack_sequence(given, enforce_sorted=False)
        left = rnn.pad_sequence(given, batch_first=True, padding_value=3.0, padding_side="left")
        return lib.autograd.grad((packed.data**3).sum() + (left**2).sum(), given)

    compare(scenario, tolerance=1e-14)


def refusals(lib):
    rnn, x = lib.nn.utils.rnn, lib.arange(12.0).reshape(4, 3)
    sequence = rnn.pack_padded_sequence(x, [1, 2, 4], enforce_sorted=False)
    of_sizes = lambda data, sizes: rnn.pad_packed_sequence(rnn.PackedSequence(data, lib.tensor(sizes)))  # noqa: E731
    return [
        outcome(rnn.pack_padded_sequence, x, [1, 2, 4]), outcome(rnn.pack_padded_sequence, x, [4, 2]), outcome(rnn.pack_padded_sequence, x, [4, 2, 0]),
        outcome(rnn.pack_padded_sequence, x, []), outcome(rnn.pack_padded_sequence, lib.zeros(3, 0, 2), []), outcome(rnn.pack_padded_sequence, x, 4),
        outcome(rnn.pack_padded_sequence, lib.zeros(3), [1, 1, 1]), outcome(rnn.pack_padded_sequence, lib.zeros(()), [1]),
        outcome(rnn.pack_padded_sequence, x, lib.tensor([[4, 2, 1]])), outcome(rnn.pack_padded_sequence, [x], [4]),
        outcome(rnn.pad_packed_sequence, sequence, total_length=3), outcome(of_sizes, lib.zeros(3), [2, 2]), outcome(of_sizes, lib.zeros(5), [2.0, 2.0]),
        outcome(of_sizes, lib.zeros(5), [[2, 2]]), outcome(rnn.pad_packed_sequence, sequence, padding_value="a"),
        outcome(rnn.pad_packed_sequence, rnn.PackedSequence(lib.zeros(0), lib.zeros(0, dtype=lib.int64))),
        outcome(rnn.pack_sequence, [lib.zeros(1), lib.zeros(2)]), outcome(rnn.PackedSequence, x), outcome(rnn.pad_sequence, [[1], [2]]),
        outcome(rnn.unpad_sequence, x, [1, 2, 3])[0], outcome(rnn.unpad_sequence, lib.zeros(4, 3), lib.tensor([3, 2]))[0],
        outcome(rnn.invert_permutation, lib.tensor([1, 0], dtype=lib.int32))[0],
    ]  # fmt: skip


@pytest.mark.referee
def test_refusals_are_pytorchs():
    compare(refusals)


def test_lengths_beyond_the_end_are_refused():
    """PyTorch packs them, into data that its own batch sizes do not describe."""
    with pytest.raises(RuntimeError, match="exceeds dimension size"):
        mt.nn.utils.rnn.pack_padded_sequence(mt.zeros(4, 2), [5, 1])
    with pytest.raises(RuntimeError, match="must not grow"):
        mt.nn.utils.rnn.pad_packed_sequence(mt.nn.utils.rnn.PackedSequence(mt.zeros(5), mt.tensor([2, 3])))
    with pytest.raises(RuntimeError, match="Expected iterable"):
        mt.nn.utils.rnn.pad_sequence(3)


def test_taking_apart_leaves_what_was_padded_as_it_is():
    """PyTorch transposes its argument in place."""
    padded = mt.zeros(3, 2)
    mt.nn.utils.rnn.unpad_sequence(padded, mt.tensor([3, 1]))
    assert padded.shape == (3, 2)


def conversions(lib):
    rnn = lib.nn.utils.rnn
    p = rnn.pack_sequence(sequences(lib, (1,), (3,), (2,), dtype="float32"), enforce_sorted=False)
    kinds = [getattr(p, name)() for name in ("double", "float", "half", "long", "int", "short", "char", "byte")]
    pair = rnn.PackedSequence((p.data, p.batch_sizes))
    return [
        [[str(kind.data.dtype), *kind[1:]] for kind in kinds], p.float() is p, p.cpu() is p, p.to("cpu") is p, p.is_cuda, p.is_pinned(),
        str(p.to(lib.float16).data.dtype), str(p.cpu(dtype=lib.float64).data.dtype), repr(p), list(pair), p._fields, rnn.invert_permutation(None),
        rnn.invert_permutation(lib.tensor([2, 0, 1])), isinstance(p, tuple), len(p), rnn.__all__, type(p).__name__,
    ]  # fmt: skip


@pytest.mark.referee
def test_conversions_and_text_are_pytorchs():
    compare(conversions)


def test_a_packed_sequence_is_pickled():
    p = mt.nn.utils.rnn.pack_sequence([mt.ones(1), mt.zeros(3)], enforce_sorted=False)
    again = pickle.loads(pickle.dumps(p))
    assert type(again) is type(p) and all((one == other).all() for one, other in zip(p, again, strict=True))


def test_a_packed_sequence_goes_to_a_device_and_back(device_backend):
    rnn = mt.nn.utils.rnn
    x = mt.tensor(numbers(4, 3, 2), device="cuda", requires_grad=True)
    with waits() as seen:
        p = rnn.pack_padded_sequence(x, [1, 4, 2], enforce_sorted=False)
        left = rnn.pad_sequence([x[0], x[1, :1]], padding_side="left")
        (p.data.sum() + left.sum()).backward()
    assert seen == []
    assert p.is_cuda and p.sorted_indices.is_cuda and p.batch_sizes.device.type == "cpu"
    assert p.cuda() is p and not p.cpu().is_cuda and p.cpu().unsorted_indices.tolist() == [2, 0, 1] and p.cpu().cuda().is_cuda
    padded, lengths = rnn.pad_packed_sequence(p)
    assert padded.is_cuda and lengths.tolist() == [1, 4, 2]
    with pytest.raises(ValueError, match="batch_sizes should always be on CPU"):
        rnn.PackedSequence(p.data, p.batch_sizes.to("cuda"))
    with pytest.raises(RuntimeError, match="1D CPU int64 tensor"):
        rnn.pack_padded_sequence(x, mt.tensor([4, 2, 1], device="cuda"))
