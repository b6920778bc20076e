"""Every public function against PyTorch's of the same name: value, dtype, gradient and gradient of the gradient.

Over the same cases as the other laws, and over integers, bools and mixed dtypes for promotion and refusals. PyTorch is
imported here only, and only when it is there.
"""

from __future__ import annotations

import importlib.util
import warnings
from itertools import product

import numpy as np

from ..._tensor import Tensor
from ...backend.device import Device
from ...backend.dtype import dtype as OurDtype
from ...ops.backward import gradients
from ..numeric import draw_like
from .law import flat, law


def torch():
    """PyTorch, imported when first asked for."""
    import torch

    return torch


def installed() -> bool:
    return importlib.util.find_spec("torch") is not None


def theirs(subject):
    """PyTorch's function: of the same namespace, or the method; None where it has none."""
    home = torch()
    *spaces, name = (subject.name if subject.rule.referee is True else subject.rule.referee).split(".")
    for space in spaces:
        home = getattr(home, space, None)
    return getattr(home, name, None) or getattr(torch().Tensor, name, None)


def to_torch(value):
    """An operand or parameter as PyTorch takes it."""
    if isinstance(value, np.ndarray):
        return torch().from_numpy(np.array(value, order="C"))
    if isinstance(value, OurDtype | np.dtype):
        return getattr(torch(), value.name)
    if isinstance(value, Device):
        return torch().device(str(value))
    return [to_torch(item) for item in value] if isinstance(value, list) else value


def call_of_theirs(subject, case):
    """(a function of PyTorch tensors, tensors for the operands): the case as PyTorch is called."""
    function, through = theirs(subject), subject.rule.through

    def run(*values):
        args, params = case.filled(values)
        args, params = [to_torch(arg) for arg in args], {name: to_torch(value) for name, value in params.items()}
        return through(function, *args, **params) if through else function(*args, **params)

    moves = case.moving(subject)
    return run, [to_torch(array).requires_grad_(move) for array, move in zip(case.arrays, moves, strict=True)]


class Theirs:
    """A call of PyTorch."""

    def __init__(self, subject, case):
        run, self.tensors = call_of_theirs(subject, case)
        self.results = flat(run(*self.tensors), torch().Tensor)

    def pull(self, outputs, inputs, seeds, create_graph):
        seeds = [torch().from_numpy(seed) for seed in seeds]
        return torch().autograd.grad(outputs, inputs, seeds, create_graph=create_graph, materialize_grads=True)

    @staticmethod
    def array(value):
        return value.numpy(force=True) if isinstance(value, torch().Tensor) else value


class Ours:
    """The same call of minitorch."""

    def __init__(self, subject, case):
        self.tensors = case.tensors(subject)
        self.results = flat(case.function(subject)(*self.tensors), Tensor)

    def pull(self, outputs, inputs, seeds, create_graph):
        seeds = [Tensor._wrap(seed) for seed in seeds]
        return gradients(outputs, inputs, seeds, create_graph=create_graph, materialize_grads=True)

    @staticmethod
    def array(value):
        return value._data if isinstance(value, Tensor) else value


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
    """The gradients of the recorded results with respect to the moving operands, and those operands."""
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


# ---- whom PyTorch can be asked about ---------------------------------------------------------------------------------
def known(subject):
    """Public, known to PyTorch by some name, and PyTorch is there."""
    if subject.kind == "op":
        return "it is no public name: PyTorch has none to compare"
    if not subject.rule.referee:
        return "PyTorch has no such function"
    if not installed():
        return "PyTorch is not installed"
    return None if callable(theirs(subject)) else "PyTorch has no function of this name"


def plain(subject):
    one = subject.family in ("elementwise", "comparison", "reduction", "scan") and subject.rule.through is None
    return None if one else "what it does with one number is no question of it"


def comparable_at_the_edges(subject):
    return None if subject.rule.nasty and subject.rule.edges else "PyTorch is wrong there, or refuses"


def written_out(subject):
    return "its calls are written out, in float64" if subject.rule.calls else None


def refused_by(error):
    text = (str(error).splitlines() or [""])[0].partition(". ")[0]
    return f"PyTorch raises {type(error).__name__}: {text if len(text) <= 130 else text[:130].rpartition(' ')[0] + ' ...'}"


UNRECORDED = "PyTorch records nothing"


# ---- laws --------------------------------------------------------------------------------------------------------------
@law("value", known, must=True, anywhere=False)
def values_are_pytorchs(subject, case):
    """Each result is PyTorch's: numbers, shape and dtype."""
    them, refused = attempt(Theirs, subject, case)
    if refused:
        return refused_by(refused)
    us = Ours(subject, case)
    assert len(us.results) == len(them.results)
    for one, other in zip(us.results, them.results, strict=True):
        same(us.array(one), them.array(other), subject.rule.near)
    return None


def first_of_both(subject, case):
    """(our call, our first gradients, theirs, their first gradients), or a reason why there are none."""
    them, refused = attempt(Theirs, subject, case)
    if refused:
        return refused_by(refused)
    if not any(getattr(result, "requires_grad", False) for result in them.results):
        return UNRECORDED
    their_first, refused = attempt(moved, them, weights_from(0))
    if refused:
        return refused_by(refused)
    us = Ours(subject, case)
    for one, other in zip(us.results, them.results, strict=True):
        assert getattr(one, "requires_grad", None) == getattr(other, "requires_grad", None)
    return us, moved(us, weights_from(0)), them, their_first


@law("1st", known, anywhere=False)
def gradients_are_pytorchs(subject, case):
    """Each gradient is PyTorch's, and the same results require grad."""
    found = first_of_both(subject, case)
    if isinstance(found, str):
        return found
    us, our_first, them, their_first = found
    for one, other in zip(our_first[0], their_first[0], strict=True):
        same(us.array(one), them.array(other), subject.rule.near)
    return None


@law("2nd", known, anywhere=False)
def second_gradients_are_pytorchs(subject, case):
    """Each gradient of a combination of the gradients is PyTorch's."""
    found = first_of_both(subject, case)
    if isinstance(found, str):
        return found
    us, our_first, them, their_first = found
    their_second, refused = attempt(twice, them, *their_first)
    if refused:
        return refused_by(refused)
    recorded = [[gradient.requires_grad for gradient in first[0]] for first in (our_first, their_first)]
    if recorded[0] != recorded[1]:
        return "a gradient is constant here and recorded there"
    scale = largest([them.array(gradient) for gradient in (*their_first[0], *their_second)])
    for one, other in zip(twice(us, *our_first), their_second, strict=True):
        same(us.array(one), them.array(other), 10 * subject.rule.near, scale)
    return None


NASTY = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 1e-320, 1e300, -1e300, 710.0, np.inf, -np.inf, np.nan])
#: Where those numbers are not tried from the last one on, so that a small array would hold nan and inf: PyTorch's answer is odd.
NAN_FIRST = {
    **dict.fromkeys(("igamma", "igammac"), "PyTorch: 1 and 0 of nan and inf"),
    **dict.fromkeys(("i1", "i1e"), "PyTorch: a slope of 1/2 at nan, as at 0"),
    "logit": "PyTorch: with eps a slope of 0 at nan",
    "nanmean": "PyTorch: a gradient of nan to what is left out",
    "logcumsumexp": "PyTorch: 1e300 and 1e300 share a slope of 1 that each has",
    "mode": "PyTorch: nan where each stands once",
    "zeta": "PyTorch: nan of two large numbers, which is 0",
}


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


def ones(side, tensors):
    return [np.ones_like(side.array(tensor)) for tensor in tensors]


NO_ROOM = "there is no room for a number"


def at_the_edges(subject, case):
    """(our call, PyTorch's) with the operands filled with each of some hard numbers, or a reason why there is none."""
    # where calls are written out, sums are taken in an order of our own: only what is 0 throughout is compared
    last_first = [] if subject.name.rpartition(".")[2] in NAN_FIRST else [NASTY[::-1]]
    for numbers in ([0.0],) if subject.rule.calls else (NASTY, *last_first, [0.0], [-np.inf]):
        filling = case.mapped(filled(numbers), f"filled with {numbers}")
        if not all(array.size for array in filling.arrays):
            yield NO_ROOM
            continue
        them, refused = attempt(Theirs, subject, filling)
        yield refused_by(refused) if refused else (Ours(subject, filling), them)


@law("value", known, plain, comparable_at_the_edges, kinds="real", anywhere=False)
def zeros_infinities_and_nan_come_out_as_in_pytorch(subject, case):
    """Each value for itself, of operands full of zeros, infinities, nan and the largest and smallest numbers."""
    reason, near = None, max(subject.rule.near, 1e-10)
    for found in at_the_edges(subject, case):
        if isinstance(found, str):
            reason = found
            continue
        us, them = found
        for one, other in zip(us.results, them.results, strict=True):
            same_to_the_edge(us.array(one), them.array(other), near)
    return reason


@law("1st", known, plain, comparable_at_the_edges, kinds="real", anywhere=False)
def gradients_at_zeros_infinities_and_nan_are_pytorchs(subject, case):
    """The same of the gradients, for cotangents of 1."""
    reason, near = None, max(subject.rule.near, 1e-10)
    for found in at_the_edges(subject, case):
        if isinstance(found, str):
            reason = found
            continue
        us, them = found
        if not any(getattr(result, "requires_grad", False) for result in them.results):
            reason = UNRECORDED
            continue
        their_first, refused = attempt(moved, them, ones)
        if refused:
            reason = refused_by(refused)
            continue
        for one, other in zip(moved(us, ones)[0], their_first[0], strict=True):
            same_to_the_edge(us.array(one), them.array(other), near)
    return reason


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


def promoted(case):
    """The case in every dtype, or in every pair of dtypes with and without dimensions."""
    shapes = [array.shape for array in case.arrays]
    if len(shapes) != len(case.args):  # f(x, x), or a number for an operand
        return
    if shapes in ([(3,)], [()]):
        yield from (of_kinds(case, [kind]) for kind in KINDS if shapes == [(3,)] or kind != "complex64")
    elif shapes in ([(3,), ()], [(), (2,)], [(1,), (1,)]) and all(array.dtype.kind == "f" for array in case.arrays):
        yield from (of_kinds(case, pair) for pair in product(KINDS, repeat=2)
                    if set(pair) != {"float16", "complex64"})  # their complex half, we have none  # fmt: skip


def lacks(refusal):
    """Whether PyTorch only lacks a kernel; an answer of ours is then no disagreement."""
    return isinstance(refusal, NotImplementedError) or any(
        text in str(refusal) for text in ("not implemented", "not supported", "does not support", "Unsupported dtype"))


@law("value", known, plain, written_out, kinds="real", anywhere=False)
def dtypes_promote_and_are_refused_as_in_pytorch(subject, case):
    """Of every dtype and every pair of dtypes: PyTorch's numbers in PyTorch's dtype, or an error where it raises one."""
    kinds = list(promoted(case))
    for one_kind in kinds:
        args, params = one_kind.filled([to_torch(array) for array in one_kind.arrays])
        expected, refused = attempt(lambda args=args, params=params: theirs(subject)(*args, **params))
        args, params = one_kind.filled([Tensor._wrap(array) for array in one_kind.arrays])
        found, error = attempt(lambda args=args, params=params: subject.function(*args, **params))
        if (refused and lacks(refused)) or (refused and error):
            continue
        assert not (refused or error), f"{one_kind}: PyTorch: {refused or 'no error'}; minitorch: {error or 'no error'}"
        for one, other in zip(flat(found, Tensor), flat(expected, torch().Tensor), strict=True):
            dtypes = {str(array.dtype) for array in (*one_kind.arrays, Theirs.array(other)) if isinstance(array, np.ndarray)}
            precision = max({"float16": 2e-3, "float32": 1e-5, "complex64": 1e-5}.get(kind, 1e-12) for kind in dtypes)
            same(Ours.array(one), Theirs.array(other), precision)
    return None if kinds else "its shapes are those of other cases in other dtypes"
