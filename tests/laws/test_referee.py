"""Every public function against PyTorch's of the same name: value, dtype, gradient and gradient of the gradient.

Over the same cases as the other laws, and over integers, bools and mixed dtypes for promotion and refusals.
"""

import warnings
from itertools import product

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.backward import gradients
from minitorch.testing.numeric import draw_like
from tests.laws.operands import all_public, cases, told

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.referee
over = pytest.mark.parametrize


def theirs(subject):
    """PyTorch's function: of the same namespace, or the method."""
    home = torch
    *spaces, name = (subject.name if subject.rule.referee is True else subject.rule.referee).split(".")
    for space in spaces:
        home = getattr(home, space)
    return getattr(home, name, None) or getattr(torch.Tensor, name, None)


KNOWN = [subject for subject in all_public() if subject.rule.referee]


def to_torch(value):
    """An operand or parameter as PyTorch takes it."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value, order="C"))
    if isinstance(value, mt.dtype | np.dtype):
        return getattr(torch, value.name)
    if isinstance(value, mt.device):
        return torch.device(str(value))
    return [to_torch(item) for item in value] if isinstance(value, list) else value


class Theirs:
    """A call of PyTorch."""

    def __init__(self, subject, case):
        function = theirs(subject)
        self.tensors = [to_torch(array).requires_grad_(move) for array, move in
                        zip(case.arrays, case.moving(subject), strict=True)]  # fmt: skip
        args, params = case.filled(self.tensors)
        args, params = [to_torch(arg) for arg in args], {name: to_torch(value) for name, value in params.items()}
        through = subject.rule.through
        self.results = flat(through(function, *args, **params) if through else function(*args, **params), torch.Tensor)

    def pull(self, outputs, inputs, seeds, create_graph):
        seeds = [torch.from_numpy(seed) for seed in seeds]
        return torch.autograd.grad(outputs, inputs, seeds, create_graph=create_graph, materialize_grads=True)

    @staticmethod
    def array(value):
        return value.numpy(force=True) if isinstance(value, torch.Tensor) else value


class Ours:
    """The same call of minitorch."""

    def __init__(self, subject, case):
        self.tensors = case.tensors(subject)
        self.results = flat(case.function(subject)(*self.tensors), mt.Tensor)

    def pull(self, outputs, inputs, seeds, create_graph):
        seeds = [mt.Tensor._wrap(seed) for seed in seeds]
        return gradients(outputs, inputs, seeds, create_graph=create_graph, materialize_grads=True)

    @staticmethod
    def array(value):
        return value._data if isinstance(value, mt.Tensor) else value


def flat(value, kind):
    """All tensors in a result, in order."""
    if isinstance(value, kind):
        return [value]
    if isinstance(value, tuple | list):
        return [tensor for item in value for tensor in flat(item, kind)]
    return [value]


def same(one, other, tolerance=1e-12, scale=0.0):
    """Equal arrays up to a tolerance relative to the largest finite entry, or to `scale`."""
    if not isinstance(other, np.ndarray):
        assert one == other
        return
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    if one.dtype.kind not in "fc":
        np.testing.assert_array_equal(one, other)
    else:
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * max(scale, largest([other])) + 1e-300)


def largest(arrays):
    return max([float(np.abs(array[np.isfinite(array)]).max(initial=0)) for array in arrays if array.dtype.kind in "fc"]
               or [0.0])  # fmt: skip


def attempt(make, *args):
    """(what it returns, None) or (None, the error)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return make(*args), None
        except Exception as error:
            return None, error


def moved(side, weights):
    """The gradients of the recorded results with respect to the moving operands, or the error."""
    outputs = [result for result in side.results if hasattr(result, "requires_grad") and result.requires_grad]
    inputs = [tensor for tensor in side.tensors if tensor.requires_grad]
    return side.pull(outputs, inputs, weights(side, outputs), True), inputs


def weights_from(seed):
    def weights(side, tensors):
        random = np.random.default_rng(seed)
        return [draw_like(side.array(tensor), random) for tensor in tensors]

    return weights


def twice(side, first, inputs):
    """The gradients of a combination of the first gradients."""
    recorded = [gradient for gradient in first if gradient.requires_grad]
    return side.pull(recorded, inputs, weights_from(1)(side, recorded), False) if recorded else ()


def compare(subject, case):
    """Whether PyTorch could say anything about this case; fails where it says otherwise."""
    them, refused = attempt(Theirs, subject, case)
    if refused:
        return False
    us = Ours(subject, case)
    assert len(us.results) == len(them.results)
    near = subject.rule.near
    for one, other in zip(us.results, them.results, strict=True):
        same(us.array(one), them.array(other), near)
    if not any(getattr(result, "requires_grad", False) for result in them.results):
        return True
    their_first, refused = attempt(moved, them, weights_from(0))
    if refused:
        return True
    for one, other in zip(us.results, them.results, strict=True):
        assert getattr(one, "requires_grad", None) == getattr(other, "requires_grad", None)
    our_first = moved(us, weights_from(0))
    for one, other in zip(our_first[0], their_first[0], strict=True):
        same(us.array(one), them.array(other), near)
    their_second, refused = attempt(twice, them, *their_first)
    if refused:
        return True
    recorded = [[gradient.requires_grad for gradient in first[0]] for first in (our_first, their_first)]
    if recorded[0] == recorded[1]:
        scale = largest([them.array(gradient) for gradient in (*their_first[0], *their_second)])
        for one, other in zip(twice(us, *our_first), their_second, strict=True):
            same(us.array(one), them.array(other), 10 * near, scale)
    return True


@over("subject", KNOWN, ids=str)
def test_pytorch_has_a_function_of_that_name(subject):
    assert callable(theirs(subject))


@over("subject", KNOWN, ids=str)
def test_values_and_derivatives_are_pytorchs(subject):
    compared = 0
    for case in cases(subject):
        with told(subject, case):
            compared += compare(subject, case)
    assert compared


NASTY = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 1e-320, 1e300, -1e300, 710.0, np.inf, -np.inf, np.nan])


def same_to_the_edge(one, other, near):
    """Each element for itself, since the largest may be 1e300."""
    if isinstance(other, np.ndarray):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=near, atol=1e-15)
    else:
        assert one == other


def filled(numbers):
    """A function that fills floating arrays with these numbers over and over."""
    return lambda array: np.resize(numbers, array.shape) if array.dtype.kind == "f" and array.size else array


PLAIN = [subject for subject in KNOWN if subject.family in ("elementwise", "comparison", "reduction", "scan")
         and subject.rule.through is None]  # fmt: skip


@over("subject", [subject for subject in PLAIN if subject.rule.nasty and subject.rule.edges], ids=str)
def test_zeros_infinities_and_nan_come_out_as_in_pytorch(subject):
    """The values, and the gradients for cotangents of 1."""
    near = max(subject.rule.near, 1e-10)

    def ones(side, tensors):
        return [np.ones_like(side.array(tensor)) for tensor in tensors]

    # where calls are written out, sums are taken in an order of our own: only what is 0 throughout is compared
    for case, numbers in product(cases(subject, "real"), ([0.0],) if subject.rule.calls else (NASTY, [0.0], [-np.inf])):
        case = case.mapped(filled(numbers), f"filled with {numbers}")
        if not all(array.size for array in case.arrays):
            continue
        with told(subject, case):
            them, refused = attempt(Theirs, subject, case)
            if refused:
                continue
            us = Ours(subject, case)
            for one, other in zip(us.results, them.results, strict=True):
                same_to_the_edge(us.array(one), them.array(other), near)
            if not any(getattr(result, "requires_grad", False) for result in them.results):
                continue
            their_first, refused = attempt(moved, them, ones)
            if not refused:
                for one, other in zip(moved(us, ones)[0], their_first[0], strict=True):
                    same_to_the_edge(us.array(one), them.array(other), near)


KINDS = ("int64", "int32", "uint8", "bool", "float16", "float32", "float64", "complex64")


def of_kinds(case, kinds):
    """The case with its operands in other dtypes: 0, 1, 2, ... where they cannot hold fractions."""
    left = iter(kinds)

    def change(array):
        kind = next(left)
        if np.dtype(kind).kind in "iub":
            array = np.arange(1, array.size + 1).reshape(array.shape) % 3
        return np.asarray(array, dtype=kind)

    return case.mapped(change, " ".join(kinds))


def promoted(subject):
    """Cases in every dtype, and in every pair of dtypes with and without dimensions."""
    for case in cases(subject, "real"):
        shapes = [array.shape for array in case.arrays]
        if len(shapes) != len(case.args):  # f(x, x), or a number for an operand
            continue
        if shapes in ([(3,)], [()]):
            yield from (of_kinds(case, [kind]) for kind in KINDS if shapes == [(3,)] or kind != "complex64")
        elif shapes in ([(3,), ()], [(), (2,)], [(1,), (1,)]) and all(array.dtype.kind == "f" for array in case.arrays):
            yield from (of_kinds(case, pair) for pair in product(KINDS, repeat=2)
                        if set(pair) != {"float16", "complex64"})  # their complex half, we have none  # fmt: skip


def lacks(refusal):
    """Whether PyTorch only lacks a kernel; an answer of ours is then no disagreement."""
    return isinstance(refusal, NotImplementedError) or any(
        text in str(refusal) for text in ("not implemented", "not supported", "does not support", "Unsupported dtype"))


@over("subject", [subject for subject in PLAIN if not subject.rule.calls], ids=str)
def test_dtypes_promote_and_are_refused_as_in_pytorch(subject):
    for case in promoted(subject):
        with told(subject, case):
            args, params = case.filled([to_torch(array) for array in case.arrays])
            expected, refused = attempt(lambda args=args, params=params: theirs(subject)(*args, **params))
            args, params = case.filled([mt.Tensor._wrap(array) for array in case.arrays])
            found, error = attempt(lambda args=args, params=params: subject.function(*args, **params))
            if (refused and lacks(refused)) or (refused and error):
                continue
            if refused or error:
                assert refused and error, f"PyTorch: {refused or 'no error'}; minitorch: {error or 'no error'}"
                continue
            for one, other in zip(flat(found, mt.Tensor), flat(expected, torch.Tensor), strict=True):
                kinds = {str(array.dtype) for array in (*case.arrays, Theirs.array(other)) if isinstance(array, np.ndarray)}
                precision = max({"float16": 2e-3, "float32": 1e-5, "complex64": 1e-5}.get(kind, 1e-12) for kind in kinds)
                same(Ours.array(one), Theirs.array(other), precision)
