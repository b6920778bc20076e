"""What PyTorch refuses is refused, with its exception class; what it takes is taken, with its dtype, shape and values.

From good calls of every public function come calls with one thing wrong each: a dim out of range or named twice, an
operand of another shape or dtype, an index that points nowhere, a size, an option or an `out=` that cannot be. Both
libraries answer the same call.
"""

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.front import PUBLIC, parse
from minitorch.testing.examples import cases, takes_complex
from minitorch.testing.laws.law import flat
from minitorch.testing.laws.referee import theirs, to_torch
from minitorch.testing.subjects import all_public

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.referee

#: Parameters that name dimensions.
DIMS = frozenset("dim dims dim0 dim1 dim2 axis1 axis2 source destination start_dim end_dim dimension".split())
#: Dtypes that an operand is given in place of its own.
KINDS = ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128")

#: Operands that PyTorch reads beyond their end where they are too short.
CRASHING = frozenset(("LU_pivots", "pivots", "offsets"))
#: Functions that do the same, whatever is wrong; tests/nn/test_rnn.py holds what can be asked of them.
FATAL = frozenset(("lstm", "gru", "rnn_tanh", "rnn_relu"))


# ---- bad calls -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Bad:
    """A call with one thing wrong: positional and keyword arguments, arrays for tensors."""

    label: str
    args: tuple[Any, ...]
    params: dict[str, Any]
    form: str = "function"  # or "inplace", or "out"
    out: Any = None
    grad: str = ""  # what requires grad: "input" or "out"


def entry_of(subject):
    space, _, name = subject.name.rpartition(".")
    return PUBLIC[space][name]


def names_of(subject, count):
    """What the positional arguments are called; several of a starred one have its name."""
    found = []
    for parameter in parse(entry_of(subject).signatures[0]):
        if parameter.keyword and not parameter.star:
            break
        found.append(parameter.name)
        if parameter.star:
            found += [parameter.name] * count
    return (found + [""] * count)[:count]


def good_calls(subject):
    """One or two calls to start from, of as many dimensions as there are."""
    found = cases(subject, "real") or cases(subject, "complex" if takes_complex(subject) else "")
    found = [c for c in found if "layouts" not in c.label and all(a.size for a in c.arrays)]
    if subject.rule.calls:
        chosen, seen = [], set()
        for case in found:
            key = (len(case.args), tuple(sorted(case.params)), tuple(map(type, case.args)), tuple(a.ndim for a in case.arrays))
            if key not in seen:
                seen.add(key)
                chosen.append(case)
        return chosen[:4] or found[:1]
    found = sorted(found, key=lambda c: -sum(a.ndim for a in c.arrays))
    return found[:1]


def replaced(case, place, value):
    """The call's arguments with one of them changed: `place` is a number, a name, or (either, number in the list)."""
    args, params = list(case.args), dict(case.params)
    home = args if isinstance(place[0], int) else params
    if len(place) == 2:
        home[place[0]] = [*home[place[0]]]
        home[place[0]][place[1]] = value
    else:
        home[place[0]] = value
    return tuple(args), params


def arguments(subject, case):
    """(place, name, value) of every argument; of a list of operands, of each item too."""
    pairs = [*zip(range(len(case.args)), names_of(subject, len(case.args)), case.args, strict=True)]
    for where, name, value in [*pairs, *((name, name, value) for name, value in case.params.items())]:
        yield (where,), name, value
        if isinstance(value, list):
            yield from (((where, i), name, item) for i, item in enumerate(value))


def is_operand(value):
    return isinstance(value, np.ndarray)


def shapes_off(array):
    """(label, the array in another shape)."""
    yield "one more dim", array[None]
    if array.ndim:
        yield "one dim fewer", np.asarray(array[0])
        yield "0-d", np.asarray(array.reshape(-1)[0])
    for axis in range(array.ndim):
        yield f"one more in dim {axis}", np.concatenate([array, array[(slice(None),) * axis + (slice(0, 1),)]], axis)
        if array.shape[axis] > 1:
            yield f"one fewer in dim {axis}", array[(slice(None),) * axis + (slice(1, None),)]
        yield f"none in dim {axis}", array[(slice(None),) * axis + (slice(0, 0),)]


def retyped(array, kind):
    """The numbers in another dtype: 0, 1, 2, ... where fractions would be lost."""
    if np.dtype(kind).kind in "iub" and array.dtype.kind in "fc":
        return np.asarray(np.arange(1, array.size + 1).reshape(array.shape) % 3, dtype=kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return array.astype(kind)


def bad_operands(subject, case):
    places = [(place, name, value) for place, name, value in arguments(subject, case) if is_operand(value)]
    for place, name, array in places:
        for label, other in [] if name in CRASHING else shapes_off(array):
            yield Bad(f"{name}{place} {label}", *replaced(case, place, other))
        for kind in KINDS:
            if kind != array.dtype:
                yield Bad(f"{name}{place} {kind}", *replaced(case, place, retyped(array, kind)))
        if array.dtype.kind == "i" and array.ndim and name not in CRASHING:
            for number in (1000, -1, -1000):
                other = array.copy()
                other.reshape(-1)[-1] = number
                yield Bad(f"{name}{place} holds {number}", *replaced(case, place, other))
    floats = [array for _, _, array in places if array.dtype.kind in "fc"]
    if len(floats) > 1:
        for kind in ("bool", "int64", "float16", "float32", "complex128"):
            other = case.mapped(lambda a, kind=kind: retyped(a, kind) if a.dtype.kind in "fc" else a)
            yield Bad(f"all {kind}", other.args, other.params)


def bad_dims(subject, case):
    operands = [value for _, _, value in arguments(subject, case) if is_operand(value)]
    ndim = operands[0].ndim if operands else 2
    given = [(place, name, value) for place, name, value in arguments(subject, case) if name in DIMS]
    named = {name for _, name, _ in given}
    declared = {p.name for s in entry_of(subject).signatures for p in parse(s) if not p.star}
    given += [((name,), name, 0) for name in sorted(DIMS & declared - named)]
    for place, name, value in given:
        if isinstance(value, bool) or not isinstance(value, int | tuple | list):
            continue
        for dim in (ndim, ndim + 1, -ndim - 1, -ndim - 2):
            yield Bad(f"{name} {dim}", *replaced(case, place, dim))
            if isinstance(value, tuple | list):
                yield Bad(f"{name} ({dim}, 0)", *replaced(case, place, (dim, 0)))
        if isinstance(value, tuple | list) or name == "dim":
            for dims in ((0, 0), (0, -ndim), ()):
                yield Bad(f"{name} {dims}", *replaced(case, place, dims))


def bad_options(subject, case):
    for place, name, value in arguments(subject, case):
        if name in DIMS or isinstance(value, bool) or value is None or is_operand(value):
            continue
        if isinstance(value, int):
            others = [-1, 0, -7, 9]
        elif isinstance(value, float):
            others = [-1.0, 0.0, float("nan"), float("inf")]
        elif isinstance(value, str):
            others = ["nonsense", ""]
        elif isinstance(value, tuple | list) and value and all(isinstance(item, int) for item in value):
            kind = type(value)
            others = [value[1:], kind([*value, 1]), kind([-1, *value[1:]]), kind([0, *value[1:]]), kind([9, *value[1:]]),
                      kind([-7, *value[1:]])]  # fmt: skip
        elif isinstance(value, list) and value and all(map(is_operand, value)):
            others = [[], value[1:], [*value, value[-1]]]
        else:
            continue
        for other in others:
            if other != value if not isinstance(other, list) else True:
                text = f"{len(other)} items" if isinstance(other, list) and any(map(is_operand, other)) else repr(other)
                yield Bad(f"{name}{place} {text}", *replaced(case, place, other))


def bad_targets(subject, case):
    """In-place twins that cannot hold the result, and `out=` that cannot."""
    entry = entry_of(subject)
    if any(p.name == "out" for s in entry.signatures for p in parse(s)):
        yield from (Bad(f"out= {out}", case.args, case.params, "out", out) for out in
                    ("bool", "int64", "float32", "complex128", "another shape", "empty"))  # fmt: skip
        yield Bad("out= requires grad", case.args, case.params, "out", "the same", "out")
        yield Bad("out= with a recorded input", case.args, case.params, "out", "the same", "input")
    if entry.inplace and case.args and is_operand(case.args[0]):
        yield Bad("in place", case.args, case.params, "inplace")
        yield Bad("in place on a leaf", case.args, case.params, "inplace", None, "input")
        for kind in ("bool", "int64", "float16", "complex64"):
            yield Bad(f"in place, {kind}", *replaced(case, (0,), retyped(case.args[0], kind)), "inplace")
        for place, name, array in arguments(subject, case):
            if is_operand(array):
                yield Bad(f"in place, {name}{place} one more dim", *replaced(case, place, np.stack([array] * 2)), "inplace")


def bad_calls(subject):
    """Every bad call of a function, once."""
    seen = set()
    for case in good_calls(subject):
        if answer(THEIRS, subject, theirs(subject), Bad("", case.args, case.params)).error is not None:
            continue
        for make in (bad_operands, bad_dims, bad_options, bad_targets):
            for bad in make(subject, case):
                label = f"{case.label}: {bad.label}"
                if label not in seen:
                    seen.add(label)
                    yield case, bad


# ---- answers -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Library:
    tensor: Callable[[Any], Any]
    value: Callable[[Any], Any]
    kind: Any
    module: Any


THEIRS = Library(lambda a: torch.from_numpy(np.array(a, order="C")), to_torch, torch.Tensor, torch)
OURS = Library(lambda a: mt.Tensor._wrap(np.array(a, order="C")), lambda v: v, mt.Tensor, mt)


@dataclass
class Answer:
    """What came: results, or an error."""

    results: Any = None
    error: Any = None


def answer(library, subject, function, bad):
    """One library's answer to a call."""
    made = []

    def fill(value):
        if is_operand(value):
            made.append(library.tensor(value))
            return made[-1]
        if isinstance(value, list):
            return [fill(item) for item in value]
        return library.value(value)

    args = [fill(value) for value in bad.args]
    params = {name: fill(value) for name, value in bad.params.items()}
    if bad.grad == "input" and made and made[0].is_floating_point():
        made[0].requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if bad.form == "out":
                with library.module.no_grad():
                    good = function(*args, **params)
                if not isinstance(good, library.kind):
                    return Answer([])
                params["out"] = _target(library, good, bad)
                if bad.grad == "out" and good.is_floating_point():
                    params["out"].requires_grad_()
                return Answer(flat(function(*args, **params), library.kind))
            return Answer(flat(function(*args, **params), library.kind))
        except Exception as error:
            return Answer(error=error)


def _target(library, good, bad):
    if bad.out == "empty":
        return library.module.empty(0, dtype=good.dtype)
    shape = (2, *good.shape) if bad.out == "another shape" else tuple(good.shape)
    dtype = good.dtype if bad.out in ("another shape", "the same") else getattr(library.module, bad.out)
    return library.module.zeros(shape, dtype=dtype)


def functions(subject, form):
    """Their function and ours, or None where PyTorch has none of that form."""
    if form != "inplace":
        return theirs(subject), subject.function
    space, _, name = subject.name.rpartition(".")
    if not space:
        return getattr(torch.Tensor, f"{name}_", None), getattr(mt.Tensor, f"{name}_", None)
    home = torch
    for part in space.split("."):
        home = getattr(home, part)
    ours = mt
    for part in space.split("."):
        ours = getattr(ours, part)
    return getattr(home, f"{name}_", None), getattr(ours, f"{name}_", None)


#: Errors that are the array libraries' own, or Python's, never PyTorch's.
FOREIGN = ("AxisError", "UFuncTypeError", "_UFuncNoLoopError", "_UFuncInputCastingError", "_UFuncOutputCastingError",
           "_UFuncBinaryResolutionError", "AttributeError", "KeyError", "AssertionError", "ZeroDivisionError", "UnboundLocalError")  # fmt: skip

#: What the binding of arguments says, which has tests of its own.
BINDING = re.compile(r"invalid combination of arguments|unexpected keyword|must be (tuple of ints|int|Tensor|tuple of Tensors), not|missing \d+ required")


#: What users know PyTorch's refusals by: where it says this, so do we.
KEPT = re.compile(
    r"Dimension out of range|appears multiple times|The size of tensor a|The expanded size of|is invalid for input of size|"
    r"index -?\d+ is out of bounds|index out of range in self|Target -?\d+ is out of bounds|out of range: tried|"
    r"cannot be multiplied|must be a matrix|both arguments to matmul|size mismatch, got|for first two dimensions|"
    r"inconsistent tensor size|1D tensors expected|must be a 3D tensor|contracted dimensions need|"
    r"Sizes of tensors must match|must have same number of dim|stack expects|split expects|split_size|chunk expects|"
    r"exceeds dimension size|start out of range|select\(\): index|Expected input batch_size|weight tensor should be|"
    r"Given groups=|Calculated padded input size|\(unbatched\)|dropout probability|not a valid value for reduction|"
    r"square matrices|could not infer output dtype|Subtraction, the|Negation, the|normalized_shape|"
    r"Index tensor must have|Index is supposed to be|index_select\(\)|must match the existing|expected to be in range|"
    r"Using a target size|Target size|non-empty list|zero-dimensional tensor|number of sizes provided|ordering of dim|"
    r"must be between 0|Expected reduction dim|selected index k|Window|kernel size|k not in range|must be contiguous|"
    r"only one dimension can be inferred|shape mismatch|too many indices|The shape of the mask|expected BoolTensor|"
    r"only supports boolean masks|At least one of 'min' or 'max'|Invalid number of data points|FFT dims must be unique")


def is_bare(error):
    """Whether an error is one that NumPy, SciPy or Python raised about our own doing."""
    if type(error).__name__ in FOREIGN or (type(error).__module__ or "").startswith(("numpy", "scipy")):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    home = trace.tb_frame.f_code.co_filename if trace is not None else ""
    return "/numpy/" in home or "/scipy/" in home or bool(re.search(
        r"could not be broadcast|not aligned|operands could not|reduction operation|ufunc '|only integer|"
        r"axes don't match|cannot reshape array|object is not|not supported between|unsupported operand|"
        r"list index|tuple index|out of bounds for axis|not enough values|too many values|zip\(\)|takes \d+ pos|array", str(error)))


#: Of several numbers that are wrong, the libraries may name another one first.
NUMBER = re.compile(r"-?\d+")


def plain(error):
    """What an error says, without what PyTorch calls its function, its kernel and the argument's place."""
    text = re.sub(r"^(torch\.)?(\w+\.)*\w+\(\): |^(torch\.)?linalg\.\w+: ", "", str(error))
    return re.sub(r'^"\w+" not|torch\.| \(position \d+\)', "", text)


def sentence(error):
    """The first sentence of an error."""
    return NUMBER.sub("#", re.split(r"\. |\.?\n| - got |, but |; |: ", plain(error))[0].rstrip(". :"))


def disagreement(subject, bad):
    """What the two answers differ in, or ""."""
    them_function, us_function = functions(subject, bad.form)
    if them_function is None:
        return ""
    if us_function is None:
        return "missing: no such function"
    them, us = answer(THEIRS, subject, them_function, bad), answer(OURS, subject, us_function, bad)
    if us.error is not None and is_bare(us.error) and not (them.error and str(them.error)[:20] == str(us.error)[:20]):
        return f"bare: {type(us.error).__name__}: {us.error} for {told(them)}"
    if isinstance(them.error, TypeError) and BINDING.search(str(them.error)):
        return ""
    if them.error is not None and us.error is None:
        return f"accepts: {told(us)} for {told(them)}"
    if them.error is None and us.error is not None:
        return f"refuses: {told(us)} for {told(them)}"
    if them.error is not None:
        if not same_class(us.error, them.error):
            return f"class: {told(us)} for {told(them)}"
        if bad.form == "function" and KEPT.search(str(them.error)) and sentence(them.error) not in NUMBER.sub("#", plain(us.error)):
            return f"words: {told(us)} for {told(them)}"
        return ""
    if len(us.results) != len(them.results):
        return f"results: {len(us.results)} for {len(them.results)}"
    for one, other in zip(us.results, them.results, strict=True):
        if not isinstance(other, torch.Tensor):
            continue
        if other.dtype == torch.complex32:
            return f"form: {tuple(one.shape)} {one.dtype} for {tuple(other.shape)} {other.dtype}"
        mine, yours = one._data, other.detach().resolve_conj().resolve_neg().numpy()
        if (mine.shape, mine.dtype) != (yours.shape, yours.dtype):
            return f"form: {mine.shape} {mine.dtype} for {yours.shape} {yours.dtype}"
        if subject.rule.through is None and not alike(mine, yours):
            return f"values: {mine.tolist()!s:.150} for {yours.tolist()!s:.150}"
    return ""


def alike(mine, yours):
    if yours.dtype.kind not in "fc":
        return np.array_equal(mine, yours)
    near = {"float16": 2e-2, "float32": 1e-4, "complex64": 1e-4}.get(str(yours.dtype), 1e-5)
    with np.errstate(all="ignore"):
        return np.allclose(mine, yours, rtol=near, atol=near, equal_nan=True)


def same_class(ours, theirs):
    """Whether who catches PyTorch's class catches ours."""
    name = type(theirs).__name__.lstrip("_")
    return any(kind.__name__.lstrip("_") == name for kind in type(ours).__mro__)


def told(said):
    if said.error is not None:
        return f"{type(said.error).__name__}({str(said.error)[:230]!r})"
    return ", ".join(f"{tuple(r.shape)} {r.dtype}" if hasattr(r, "dtype") else repr(r)[:60] for r in said.results)


# ---- what is otherwise, and why ------------------------------------------------------------------------------------
LOST = "what is written into out= has no derivative: PyTorch's compositions lose it without a word"
SUMS = "in half precision and float32 sums of another order differ by more than the comparison allows"
SMALL = "PyTorch's CPU has no kernel for it; ours computes in float32 and rounds once"
#: (function, call, what differs, why), the first three patterns that must all be found.
OTHERWISE = [(re.compile(name), re.compile(call), re.compile(difference), why) for name, call, difference, why in (
    ("", "out= (requires|with)", "refuses.*functions with out=", LOST),
    ("", "out=", "class.*not implemented for|accepts.*_cpu. not implemented", "an out= is checked before or after the kernel runs"),
    ("^(sum|prod|cumsum|cumprod|clamp)$", "out=", "refuses", "a result is not computed in, or rounded to, the lower dtype of out="),
    ("^(chain_matmul|inner|tensordot)$", "out=", "refuses", "an out= of another dtype is refused also where PyTorch multiplies nothing"),
    ("", "float16", r"accepts.*not implemented for .{0,2}Half", SMALL),
    ("histogramdd", "float16", "class", "which of two things wrong is said"),
    ("^(ldexp|.*binary_cross.*logits|.*kl_div)$", "float16", "values", SUMS),
    ("matrix_exp$", "float16", "values", "PyTorch's powers overflow in half precision; ours are computed in float32"),
    ("^fft", "none in dim", "MKL FFT error", "PyTorch's library refuses an empty batch; ours transforms it to an empty one"),
    ("^(addmm|addbmm)$", "alpha", "values", "inf times a sum is not the sum of inf times its terms"),
    ("^gradient$", "spacing", "values", "inf times 0 comes at another place of the formula"),
    ("^(topk|kthvalue)$", "", "values", "of equal elements any may be taken"),
    ("^histogramdd$", "bins", "values", "a point on an edge, which is rounded"),
    ("^(igamma|igammac|ldexp)$", "bool|int64", "accepts", "whole numbers become floating, as in its other special functions"),
    ("^take_along_dim$", "", "refuses.*out of bounds", "PyTorch wraps a position out of bounds around to another element"),
    ("^index_add$", "none in dim", "refuses.*(out of bounds|out of range)", "a position in an empty dimension is out of bounds"),
    ("^index_(copy|fill)$", "none in dim", "class.*setStorage", "PyTorch stumbles over its own views"),
    ("^index_put$", r"\[\]", "accepts.*undefined Tensor", "PyTorch stumbles over its own list; no index is the whole"),
    ("^scatter", "one dim fewer", "class.*same number of dim", "PyTorch stumbles over the dimension that is not there"),
    ("^addmv$", "none in dim", "form", "no row gives no element, whatever is added"),
    ("^view_as_complex", "none in dim", "accepts", "strides of an empty tensor say nothing"),
    ("^view_as_complex", "float16", "refuses", "there is no complex half here"),
    ("^complex$", "float16", "form", "there is no complex half here"),
    ("ctc_loss$", "", "refuses.*to be labels", "a label of no class is refused; PyTorch reads what lies beyond"),
    ("multi_margin_loss$", "nan", "values", "NaN comes out as NaN; PyTorch takes it for no loss"),
    ("linear$", "bias", "refuses", "a bias is one number for each result"),
    ("^conv_t|functional.conv_t", "bias", "refuses", "a bias of another dtype is refused in every convolution"),
    ("cross_entropy$", "label_smoothing", "refuses", "a negative or NaN smoothing is no smoothing; PyTorch leaves it out"),
    ("cross_entropy$", "uint8", "accepts", "uint8 targets are taken with and without smoothing"),
    ("cross_entropy_with_logits$", "target", "form|refuses", "the loss is of the input's dtype, not of the target's"),
    ("solve_triangular$", "", "refuses.*same dtype", "PyTorch reads the numbers of one dtype as another's"),
    ("lstsq$", "one more dim", "form", "a batch of one is not repeated for each row of the other"),
    ("tensorinv$", "0-d", "accepts", "the inverse of no dimensions is 1 / x"),
    ("^constant_pad_nd$|^masked_fill$", "uint8", "accepts.*without overflow", "a negative number wraps around, as a cast does"),
    ("stft$", "float16", "accepts.*type", SMALL),
    ("stft$", "none in dim", "MKL FFT error", "PyTorch's library refuses an empty batch; ours transforms it to an empty one"),
    ("^istft$", "window.*bool", "values", "a bool window squared counts once: PyTorch's true + true is true"),
    ("^istft$", "length", "accepts", "nothing is asked for, and nothing given"),
    ("adaptive_", "none in dim 1", "accepts", "no channels make no channels"),
    ("^group_norm$", "0-d|one dim fewer", "class", "what nn.functional says of too few dimensions"),
    ("batch_norm$", "none in dim 1", "refuses", "statistics of 3 channels are none of no channel"),
    ("instance_norm$", "", "(refuses|words).*running_(mean|var) should", "statistics of 3 channels are none of no channel"),
    ("instance_norm$", "running_var", "accepts|refuses", "the running variance may be of another dtype, as the mean may"),
    ("lp_pool2d$", "kernel_size", "accepts|class", "one size serves both dimensions, three serve none"),
    ("fractional_max_pool", "kernel_size", "refuses", "a window has at least one element"),
    ("max_unpool", "kernel_size.* 0", "refuses", "no position lies in an empty result"),
    ("group_norm$", "num_groups.* 0", "class.*ZeroDivision", "the number of groups is what is wrong, not a division"),
    ("pool[13]d$", "", "words.*(input image|padding should|dilation=-)", "all pooling speaks alike"),
    ("pixel_unshuffle$", "none in dim", "form", "PyTorch leaves an empty tensor in its old shape"),
    ("^unbind", "0-d", "words", "there is no dimension at all"),
    ("^unflatten$", "", "words.*unexpected error", "what PyTorch did not expect either"),
    ("^index_reduce$", "none in dim", "words", "the position is out of bounds, not the slice that it asks for"),
    ("trapezoid$", "x.*(0-d|one dim fewer)", "words", "what is missing are samples"),
    ("tensorsolve$", "", "words", "the requirement is said, not the reshape that fails"),
    ("dot_product_attention$", "none in dim", "refuses|form", "PyTorch gives zeros for values of no position, whatever the keys"),
    ("dot_product_attention$", "dim 2", "refuses.*first two dim", "PyTorch reads beyond the end of the shorter of keys and values"),
    ("cross_entropy_with_logits$", "", "words", "which of two things wrong is said"),
    ("matmul$", "none in dim 1", "words", "which of two things wrong is said"),
    ("^(cumsum|cumprod)$", "in place, bool", "class", "the dtype that cannot hold the result is named"),
)]
SUBJECTS = [subject for subject in all_public() if subject.rule.referee and subject.name not in FATAL]


def excused(subject, bad, said):
    """Whether a disagreement is one of OTHERWISE."""
    return any(name.search(subject.name) and call.search(bad.label) and difference.search(said)
               for name, call, difference, _ in OTHERWISE)  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_bad_calls_are_answered_as_pytorch_answers_them(subject):
    found = []
    for case, bad in bad_calls(subject):
        said = disagreement(subject, bad)
        if said and not excused(subject, bad, said):
            found.append(f"{subject.name}({case.label}) with {bad.label}: {said}")
    assert not found, "\n".join(found)
