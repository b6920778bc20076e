"""Where a mistake hides from the other laws: at ties and kinks, in the memory order of cotangents, behind a write.

Each of these was found by planting mistakes (minitorch/testing/faults) and seeing which went unnoticed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from ..._tensor import Tensor
from ...backend.generator import manual_seed
from ...ops.backward import gradients, jvp
from ..case import Case, laid_out
from ..examples import finite
from ..numeric import components, results
from . import derivatives, memory, referee
from . import fused as joint
from .law import UNFINITE, UNMOVED, UNRECORDED, Broken, cotangents, differentiable, is_op, law, recorded
from .memory import LAYOUTS, in_any_order

STALE = "modified by an inplace operation"


def _has_phases(subject, case):
    """Whether only what a phase does not change has a gradient."""
    return subject.op.name == "eig" or (subject.op.name in ("eigh", "svd") and case.is_complex)


def direct(subject, case, phases=False):
    """(subject, case) with the op called on the operands themselves, where its row prepares them in the call."""
    if subject.rule.through is None or subject.op is None or (_has_phases(subject, case) and not phases):
        return subject, case
    held = []

    def noted(*args, **params):
        held.append(Case(case.label, *(_raw(part) for part in (args, params))))
        return subject.function(*args, **params)

    args, params = case.filled(case.tensors())
    subject.rule.through(noted, *args, **params)
    return replace(subject, rule=replace(subject.rule, through=None)), held[0]


def _raw(value):
    if isinstance(value, tuple | list):
        return type(value)(map(_raw, value))
    if isinstance(value, dict):
        return {name: _raw(item) for name, item in value.items()}
    return np.array(value._data) if isinstance(value, Tensor) else value


def slopes(outputs, moving, seeds, **how):
    return [g._data for g in gradients(outputs, moving, seeds, materialize_grads=True, **how)]


def assert_near(one, other):
    """Equal but for the order of a sum, of cotangents of size 1."""
    assert (one.shape, one.dtype) == (other.shape, other.dtype)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-11 * max(1.0, np.abs(other[np.isfinite(other)]).max(initial=0)))


def call_on(arrays, subject, case):
    """(operands as tensors on these very arrays, recorded results)."""
    manual_seed(0)
    tensors = [Tensor._wrap(array).requires_grad_(move) for array, move in zip(arrays, case.moving(subject), strict=True)]
    return tensors, recorded(results(case.function(subject), tensors))


@law("1st", is_op, differentiable)
def a_write_is_noticed_or_does_not_matter(subject, case):
    """Other numbers in an operand or a result before the backward: it raises, or gives the gradients of the call as it was."""
    subject, case = direct(subject, case)
    tensors, outputs = call_on(case.arrays, subject, case)
    if not outputs:
        return UNRECORDED
    expected = slopes(outputs, [t for t in tensors if t.requires_grad], cotangents(outputs))
    ways = (False,) if subject.op.definition is None else (False, True)  # by the joint rule, and by the definition
    for place, write, create_graph in product(range(len(tensors) + len(outputs)), (other_numbers, np.zeros_like), ways):
        tensors, outputs = call_on(case.arrays, subject, case)
        seeds = cotangents(outputs)
        written = [*tensors, *outputs][place]
        array = written._data
        if not array.flags.writeable or not array.size:
            continue
        before = array.copy()
        array[...] = write(array)
        written._bump()
        try:
            found = slopes(outputs, [t for t in tensors if t.requires_grad], seeds, create_graph=create_graph)
        except RuntimeError as error:
            if STALE not in str(error):
                raise Broken(f"the error should say {STALE!r}, but says {error}") from error
            continue
        finally:
            array[...] = before
        for one, other in zip(found, expected, strict=True):
            assert_near(one, other)
    return None


def other_numbers(array):
    """Of the other sign and size; other truths, other positions."""
    return ~array if array.dtype == np.bool_ else array * -1.5 + 0.125 if array.dtype.kind in "fc" else np.roll(array, 1)


@law("1st", is_op, differentiable)
def cotangents_may_lie_anywhere_in_memory(subject, case):
    """Transposed, reversed, strided and expanded cotangents give the gradients that dense ones give, recorded or not; and
    nothing is written."""
    subject, case = direct(subject, case)
    before = [array.copy() for array in case.arrays]
    tensors, outputs = call_on(case.arrays, subject, case)
    if not any(output._data.ndim and output._data.size > 1 for output in outputs):
        return "there is only one way to lay one out" if outputs else UNRECORDED
    moving = [tensor for tensor in tensors if tensor.requires_grad]
    dense = [seed._data for seed in cotangents(outputs)]
    ones = [np.ones_like(seed) for seed in dense]
    pairs = [(dense, [laid_out(seed, layout) for seed in dense]) for layout in LAYOUTS]
    pairs.append((ones, [np.broadcast_to(np.ones((), seed.dtype), seed.shape) for seed in ones]))
    expected = {}
    for plain, moved in pairs:
        if id(plain) not in expected:
            expected[id(plain)] = slopes(outputs, moving, list(map(Tensor._wrap, plain)), retain_graph=True)
        for create_graph in (False, True):
            found = slopes(outputs, moving, list(map(Tensor._wrap, moved)), retain_graph=True, create_graph=create_graph)
            for one, other in zip(found, expected[id(plain)], strict=True):
                assert_near(one, other)
    for array, copy in zip((*case.arrays, *dense), (*before, *(seed._data for seed in cotangents(outputs))), strict=True):
        np.testing.assert_array_equal(array, copy)
    return None


def prepared(subject):
    return None if subject.rule.through is not None else "its row gives it the operands as they are"


@law("value", is_op, in_any_order, prepared)
def the_op_itself_takes_operands_from_anywhere_in_memory(subject, case):
    """Transposed, reversed and strided operands also where the row prepares them, which gives dense ones otherwise."""
    plain, given = direct(subject, case)
    if plain is subject:
        return "what a phase changes has no gradient"
    return memory.operands_may_lie_anywhere_in_memory.hold(plain, given)


# ---- ties and kinks --------------------------------------------------------------------------------------------------
KINKS = ((0.0,), (0.5,), (1.0, -1.0), (3.0, -3.0), (0.25, 0.25, 0.75))


def at_corners(case):
    """The case with its real operands full of equal numbers, of zeros, and of the numbers among its parameters."""
    given = [*case.args, *case.params.values()]
    own = tuple(v for v in given if isinstance(v, float | int) and not isinstance(v, bool) and np.isfinite(v))
    for numbers in (*KINKS, *([own, tuple(-value for value in own)] if own else ())):
        full = np.array(numbers, dtype=np.float64)
        yield case.mapped(lambda array, full=full: np.resize(full, array.shape) if array.dtype == np.float64 and array.size
                          else array, f"of {numbers}")  # fmt: skip


def held_at_corners(law_held, subject, case):
    """A law of the moving operands, held wherever values and gradients at a corner are finite."""
    count = 0
    for corner in at_corners(case):
        function, inputs = corner.in_terms_of_the_moving(subject)
        if not inputs:
            return UNMOVED
        try:
            with np.errstate(all="ignore"):
                smooth = finite(function, inputs) and finite_slopes(function, inputs)
        except Exception:  # refused there: a singular matrix, a number out of range
            continue
        if smooth:
            count += 1
            law_held(subject, corner)
    return None if count else UNFINITE


def finite_slopes(function, inputs):
    outputs = recorded(results(function, inputs))
    found = slopes(outputs, inputs, cotangents(outputs)) if outputs else []
    return all(np.isfinite(slope).all() for slope in found)


@law("jvp", is_op, differentiable, kinds="real", most=4)
def forward_mode_is_the_transpose_at_ties_and_kinks(subject, case):
    """<u, J t> = <J^T u, t> where numbers are equal or lie on a kink: both choose the same slope there."""
    return held_at_corners(derivatives.forward_mode_is_the_transpose_of_reverse_mode.hold, subject, case)


def joint_is_definition(subject, case):
    joint.the_forward_is_the_definition.hold(subject, case)
    function, inputs = case.in_terms_of_the_moving(subject)
    outputs = recorded(results(function, inputs))
    seeds = cotangents(outputs)
    by_rule = slopes(outputs, inputs, seeds, retain_graph=True)
    for one, other in zip(by_rule, slopes(outputs, inputs, seeds, create_graph=True), strict=True):
        assert_near(one, other)


@law("1st", is_op, joint.fused, kinds="real", most=4)
def a_fused_op_is_its_definition_at_ties_and_kinks(subject, case):
    """The same value, and the same slope by the joint rule and by the definition, where numbers are equal or lie on a kink."""
    return held_at_corners(joint_is_definition, subject, case)


#: Where equal numbers have no one answer, or PyTorch's is not the better one.
OTHERWISE = {
    "polar": "PyTorch sends 0 back to a length of 0",
    "topk": "which of equal numbers comes first is not said",
    "kthvalue": "which of equal numbers is meant is not said",
    "polygamma": "PyTorch's is finite at a pole",
    "mvlgamma": "PyTorch's digamma is right to seven digits there",
}


#: Where only values are compared.
VALUES_ONLY = {
    "scatter_reduce": "PyTorch shares a tie with the input also where that is left out",
    "index_reduce": "likewise",
}


def bare(subject):
    return subject.name.rpartition(".")[2]


def one_answer(subject):
    return OTHERWISE.get(bare(subject))


def tied_by_pytorch(subject):
    return None if subject.rule.edges or bare(subject) in VALUES_ONLY else "PyTorch is wrong there"


@law("1st", referee.known, one_answer, tied_by_pytorch, kinds="real", most=6)
def ties_and_kinks_come_out_as_in_pytorch(subject, case):
    """Values and gradients where numbers are equal or lie on a kink, wherever PyTorch's are finite."""
    count = 0
    if not all(array.size for array in case.arrays):
        return "there is no room for a number"
    for corner in at_corners(case):
        them, refused = referee.attempt(referee.Theirs, subject, corner)
        if refused or not all_finite(them, them.results):
            continue
        us, count = referee.Ours(subject, corner), count + 1
        compared(us, us.results, them, them.results, subject)
        if bare(subject) not in VALUES_ONLY and any(getattr(r, "requires_grad", False) for r in them.results):
            their_first, refused = referee.attempt(referee.moved, them, referee.weights_from(0))
            if not refused and all_finite(them, their_first[0]):
                compared(us, referee.moved(us, referee.weights_from(0))[0], them, their_first[0], subject)
    return None if count else UNFINITE


def all_finite(side, tensors):
    arrays = map(side.array, tensors)
    return all(not isinstance(array, np.ndarray) or array.dtype.kind not in "fc" or np.isfinite(array).all() for array in arrays)


def compared(us, ours, them, theirs, subject):
    for one, other in zip(ours, theirs, strict=True):
        referee.same(us.array(one), them.array(other), max(subject.rule.near, 1e-11), 1.0)


def comparison(subject):
    return None if subject.family == "comparison" and len(subject.inputs) == 2 else "it does not compare two numbers"


@law("value", referee.known, comparison, kinds="real", most=1)
def numbers_are_compared_in_their_common_dtype_as_in_pytorch(subject, case):
    """An integer that float32 cannot hold equals the float32 next to it, in float64 it does not."""
    refusal, count = None, 0
    large, small = np.array([2**24 + 1, 3, -(2**24) - 1]), np.array([7, 3, 2], dtype="uint8")
    others = [np.array([2**24, 3, -(2**24)], dtype=kind) for kind in ("float32", "float64", "int32")]
    for pair in (*((large, other) for other in others), (small, np.array(3)), (small, np.array([-1, 3, 2], dtype="int8"))):
        for one, other in (pair, pair[::-1]):
            expected, refused = referee.attempt(referee.theirs(subject), *map(referee.to_torch, (one, other)))
            if refused:
                refusal = referee.refused_by(refused)
                continue
            count += 1
            referee.same(subject.function(Tensor._wrap(one), Tensor._wrap(other))._data, referee.Theirs.array(expected))
    return None if count else refusal


def in_other_dtypes(case):
    """A call with float64 operands, of which all become whole numbers, or some, the others having half the precision."""
    places = [place for place, array in enumerate(case.arrays) if array.dtype == np.float64]
    for kinds in (("int64",), ("int64", "float32"), ("float32", "int64"), ("float32", "float64")):
        if len(kinds) > len(places):
            continue
        chosen = {place: kinds[turn % len(kinds)] for turn, place in enumerate(places)}
        arrays = [whole(array) if chosen.get(place) == "int64" else array.astype(chosen.get(place, array.dtype))
                  for place, array in enumerate(case.arrays)]  # fmt: skip
        args, params = case.filled(arrays)
        yield Case(f"{case.label} {' '.join(kinds)}", args, params)


def whole(array):
    """Whole numbers, none of them 0, none twice in small arrays."""
    return np.arange(1, array.size + 1).reshape(array.shape)


def calls_written_out(subject):
    return None if subject.rule.calls and subject.rule.through is None else "its operands are tried in every dtype anyway"


@law("value", referee.known, calls_written_out, kinds="real", most=2)
def other_dtypes_come_out_as_in_pytorch(subject, case):
    """Whole numbers and mixed dtypes: where PyTorch and we have an answer, it is the same, in the same dtype."""
    count = 0
    for changed in in_other_dtypes(case):
        them, refused = referee.attempt(referee.Theirs, subject, changed)
        us, ours_refused = referee.attempt(referee.Ours, subject, changed)
        if refused or ours_refused:
            continue
        count += 1
        for one, other in zip(us.results, them.results, strict=True):
            found, expected = us.array(one), them.array(other)
            assert getattr(found, "dtype", None) == getattr(expected, "dtype", None)
            if all_finite(them, [other]):
                referee.same(found, expected, 1e-5)
    return None if count else "they are refused"


@law("jvp", is_op, differentiable)
def tangents_are_the_same_every_time_and_never_written(subject, case):
    """Twice the same, bit for bit, in forward mode; and for tangents of any memory order the same but for rounding."""
    subject, case = direct(subject, case, phases=True)
    expected: list[np.ndarray] = []
    given = [array.copy() for array in case.arrays]
    tensors, outputs = call_on(case.arrays, subject, case)
    moving = [tensor for tensor in tensors if tensor.requires_grad]
    held, given = [*case.arrays, *(o._data for o in outputs)], [*given, *(o._data.copy() for o in outputs)]
    for layout in ("dense", "dense", *LAYOUTS):
        tangents = [Tensor._wrap(laid_out(tangent._data, layout)) for tangent in cotangents(moving)]
        before = [*given, *(tangent._data.copy() for tangent in tangents)]
        found = [jvp(output, moving, tangents)._data for output in outputs]
        for array, copy in zip((*held, *(tangent._data for tangent in tangents)), before, strict=True):
            np.testing.assert_array_equal(array, copy)
        for one, other in zip(found, expected or found, strict=True):
            (np.testing.assert_array_equal if layout == "dense" else assert_near)(one, other)
        expected = found
    return None if expected else UNRECORDED


COPIES = frozenset(("transfer", "clone", "assemble", "_ordered"))


def moves(subject):
    one = subject.op is not None and subject.op.silent and subject.family in ("movement", "elementwise")
    if subject.name in ("as_strided", "relaid"):
        return "of numbers that lie on one place it takes the mean"
    return None if one else "it does not only move numbers"


@law("value", is_op, moves)
def what_is_moved_stays_what_it_is(subject, case):
    """Each number of the result is one of an operand's, or 0; and where all is copied, each in its place."""
    (result,) = results(case.function(subject), case.tensors())
    numbers = {0.0}.union(*(components(array).tolist() for array in case.arrays if array.dtype.kind in "fc"))
    assert subject.family == "elementwise" or numbers.issuperset(components(result._data).tolist())
    if subject.op.name in COPIES:
        np.testing.assert_array_equal(result._data, case.arrays[0])
