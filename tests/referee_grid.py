"""One public function, called in every form it has, on minitorch and on PyTorch: the same answers and the same refusals.

`compare("special.erf", elementwise(UNIT))` looks the name up in both libraries and runs, for every case, option and
dtype, the function; for the first case also the method, `out=` and the in-place twin, where PyTorch has them. Results
agree in dtype, shape and value, errors in class and first sentence, gradients in float64 (and float32, and complex128
where asked) of the first and the second order. `gradients(f, 0.0)` gives ours alone, for corners that are pinned.

A case is a tuple of arguments: float64 arrays become tensors of the dtype under test, integer and bool arrays keep
theirs, anything else is passed as it is. `make_inputs(numbers)` returns the cases; `numbers(shape, domain)` draws.
"""

import re
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

import minitorch as mt

try:
    import torch
except ImportError:  # the tests that compare are skipped then
    torch = None

FLOATS = ("float64", "float32", "float16", "bfloat16")
WHOLE = ("int64", "int32", "int16", "int8", "uint8", "bool")
COMPLEX = ("complex128", "complex64")
REAL = (*FLOATS, *WHOLE)
EVERY = (*REAL, *COMPLEX)
#: (rtol, atol): PyTorch's own for the narrow formats, tighter for float64.
TOLERANCES = {"float64": (2e-12, 1e-13), "complex128": (2e-12, 1e-13), "float32": (1.3e-6, 1e-5),
              "complex64": (1.3e-6, 1e-5), "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5)}  # fmt: skip
FORMS = ("function", "method", "out", "inplace")
#: Shapes of up to three operands that broadcast together.
SHAPES = (
    ((2, 3), (2, 3), (2, 3)),
    ((), (), ()),
    ((3, 1), (4,), (2, 1, 1)),
    ((0, 2), (2,), ()),
    ((4,), (), (1,)),
    ((1, 1), (2, 3), (3,)),
)


@dataclass(frozen=True)
class Domain:
    """Where the numbers of an operand lie: a range without the neighbourhood of some points."""

    low: float = -2.0
    high: float = 2.0
    avoid: tuple[float, ...] = ()
    whole: bool = False


ANY = Domain()
POSITIVE = Domain(0.2, 3.0)
NONZERO = Domain(avoid=(0.0,))
UNIT = Domain(-0.9, 0.9)
PROBABILITY = Domain(0.05, 0.95)


class Numbers:
    """Draws operands: `numbers(shape, domain)`, the same at every run."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)

    def __call__(self, shape, domain=ANY):
        if domain.whole:
            return self.random.integers(domain.low, domain.high, shape)
        values = self.random.uniform(domain.low, domain.high, shape)
        for point in domain.avoid:
            near = np.abs(values - point) < 0.05
            values = np.where(near, point + 0.1 + np.abs(values - point), values)
        return np.asarray(values)


def elementwise(*domains, before=(), after=(), layouts=True, shapes=SHAPES):
    """Cases for an elementwise function: shapes that broadcast, then operands in several memory orders.

    Args:
        before, after: arguments that are no operands, around them.
        layouts: also transposed, strided and expanded operands.
    """

    def make_inputs(numbers):
        found = [tuple(numbers(shape, domain) for shape, domain in zip(chosen, domains, strict=False))
                 for chosen in shapes]  # fmt: skip
        if layouts:
            square = [numbers((3, 3), domain) for domain in domains]
            row = [numbers((3,), domain) for domain in domains]
            found.append(tuple(x.T for x in square))
            found.append(tuple(np.repeat(x, 2, axis=1)[:, ::2] for x in square))
            found.append(tuple(np.broadcast_to(x, (2, 3)) for x in row))
        return [(*before, *case, *after) for case in found]

    return make_inputs


def corners(*values, pairs=False):
    """One case of given numbers; with `pairs`, two operands that meet in every combination."""
    array = np.array(values, dtype=np.float64)
    return lambda numbers: [(np.repeat(array, len(array)), np.tile(array, len(array))) if pairs else (array,)]


# ---- the two libraries ---------------------------------------------------------------------------------------------
def find(library, name):
    """`special.erf` of a library, or None."""
    for part in name.split("."):
        library = getattr(library, part, None)
    return library


def as_tensor(array, dtype, library, requires_grad=False):
    """The same numbers, memory order kept, as a tensor of either library."""
    strange = any(s < 0 for s in array.strides)
    theirs = torch.from_numpy(array.copy() if strange or not array.flags.writeable else array)
    if not array.flags.writeable and 0 in array.strides:  # an expanded operand
        first = tuple(slice(0, 1) if not s else slice(None) for s in array.strides)
        theirs = torch.from_numpy(array[first].copy()).expand(array.shape)
    if array.dtype.kind == "f" and dtype is not None and dtype != "float64":
        theirs = _whole(theirs, dtype) if dtype in WHOLE else theirs.to(getattr(torch, dtype))
        if dtype in COMPLEX:
            theirs = theirs + 1j * (theirs.real.flip(-1) if theirs.ndim else theirs.real) * 0.5
    if library is torch:
        tensor = theirs.clone().requires_grad_() if requires_grad else theirs.clone(memory_format=torch.preserve_format)
        return tensor
    tensor = mt.Tensor._wrap(_array(theirs))
    return tensor.requires_grad_() if requires_grad else tensor


def _whole(tensor, dtype):
    return (tensor * 4).round().abs().to(getattr(torch, dtype)) if dtype in ("uint8", "bool") else (
        tensor * 4).round().to(getattr(torch, dtype))  # fmt: skip


def _array(tensor):
    """A PyTorch tensor's numbers, in its memory order, as an array of its own."""
    tensor = torch.zeros_like(tensor) if tensor._is_zerotensor() else tensor.detach()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return np.array(tensor.float().numpy().astype(ml_dtypes.bfloat16), order="K")
    return np.array(tensor.resolve_conj().resolve_neg().numpy(), order="K")


def arguments(case, dtype, library, requires_grad=False):
    """The call's arguments as tensors, and those of them that are differentiated."""
    made = [as_tensor(a, dtype, library, requires_grad and a.dtype.kind == "f") if isinstance(a, np.ndarray) else a
            for a in case]  # fmt: skip
    return made, [m for m, a in zip(made, case, strict=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]


def flat(result):
    """The results of a call as a list."""
    return list(result) if isinstance(result, tuple | list) else [result]


def outcome(call):
    """("ok", result) or ("error", class, first sentence, whole text)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "ok", call()
        except Exception as error:
            text = str(error)
            sentence = re.split(r"\. |\.?\n| - got ", text)[0].rstrip(". :")
            return "error", type(error).__name__, sentence, text


def assert_same_outcome(ours, theirs, where, tolerances=None, messages=True):
    """Both answered alike, or both refused alike."""
    if theirs[0] == "error":
        assert ours[0] == "error", f"{where}: PyTorch refuses ({theirs[1]}: {theirs[3][:200]}), we answer {ours[1]}"
        assert ours[1] == theirs[1], f"{where}: {ours[1]} ({ours[3][:200]}) for {theirs[1]} ({theirs[3][:200]})"
        if messages:
            assert ours[2].startswith(theirs[2]) or theirs[2] in ours[3], f"{where}: {ours[3]!r} for {theirs[3]!r}"
        return
    assert ours[0] == "ok", f"{where}: we refuse ({ours[1]}: {ours[3][:300]}), PyTorch answers {theirs[1]}"
    first, second = flat(ours[1]), flat(theirs[1])
    assert len(first) == len(second), where
    for one, other in zip(first, second, strict=True):
        assert_same(one, other, where, tolerances)


def assert_same(ours, theirs, where, tolerances=None):
    """Two results agree in dtype, shape and value."""
    if not isinstance(theirs, torch.Tensor):
        assert type(ours) is type(theirs) and ours == theirs, f"{where}: {ours!r} for {theirs!r}"
        return
    assert str(ours.dtype) == str(theirs.dtype), f"{where}: dtype {ours.dtype} for {theirs.dtype}"
    assert tuple(ours.shape) == tuple(theirs.shape), f"{where}: shape {ours.shape} for {theirs.shape}"
    name = str(theirs.dtype)[6:]
    found = np.asarray(ours._data).astype(np.float64) if name == "bfloat16" else np.asarray(ours._data)
    wanted = theirs.detach().double().numpy() if name == "bfloat16" else _array(theirs)
    rtol, atol = (tolerances or {}).get(name) or TOLERANCES.get(name, (0, 0))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol, equal_nan=True, err_msg=where)


# ---- comparing -----------------------------------------------------------------------------------------------------
def compare(name, make_inputs, options=({},), *, dtypes=FLOATS, grads=("float64", "float32"), second=True, forms=FORMS,
            tolerances=None, messages=True):  # fmt: skip
    """Every form of a public function on both libraries.

    Args:
        name: the function's qualified name; a bare name that only tensors have is called as a method.
        make_inputs: `make_inputs(numbers)` returns the cases, as `elementwise(...)` makes them.
        options: keyword arguments to run every case with.
        dtypes: what the float64 arrays of a case become.
        grads: the dtypes in which first derivatives are compared (where PyTorch has them); () for none.
        second: also the second derivative, in float64.
        forms: which of function, method, out, inplace to try, where PyTorch has them.
        tolerances: {dtype: (rtol, atol)} in place of TOLERANCES.
        messages: compare the first sentences of errors, not only their classes.
    """
    pytest.importorskip("torch")
    cases = make_inputs(Numbers())
    for option in options:
        for number, case in enumerate(cases):
            shapes = [getattr(a, "shape", a) for a in case]
            for dtype in dtypes if number < 3 else dtypes[:1]:
                where = f"{name}{shapes} {option} {dtype}"
                for form in forms if number == 0 else forms[:1]:
                    _compare_form(name, case, option, dtype, form, f"{where} {form}", tolerances, messages)
            for dtype in grads:
                if number == 0 or dtype in ("float64", "complex128"):
                    _compare_gradients(name, case, option, dtype, f"{name}{shapes} {option} {dtype}", tolerances,
                                       second and dtype in ("float64", "complex128"))  # fmt: skip


def call_of(library, name, form):
    """The function to call for a form, or None where the library has none."""
    function, last = find(library, name), name.rpartition(".")[2]
    tensor = library.Tensor
    if form == "method":
        return getattr(tensor, name, None)
    if form == "inplace":
        return getattr(tensor, f"{last}_", None) if "." not in name else getattr(find(library, name[: -len(last) - 1]),
                                                                                f"{last}_", None)  # fmt: skip
    return function if function is not None else getattr(tensor, name, None)


def _compare_form(name, case, option, dtype, form, where, tolerances, messages):
    theirs, ours = call_of(torch, name, form), call_of(mt, name, form)
    if theirs is None:
        return
    assert ours is not None, f"{where}: minitorch has none"
    answers = []
    for library, function in ((mt, ours), (torch, theirs)):
        made, _ = arguments(case, dtype, library)
        extra = dict(option)
        if form in ("method", "inplace") and not isinstance(made[0], library.Tensor):
            return
        if form == "out":
            target = outcome(lambda made=made, function=function: function(*made, **option))
            if target[0] == "error" or not isinstance(target[1], library.Tensor):
                return
            kind = target[1].dtype
            extra["out"] = library.empty(target[1].shape, dtype=kind)
        answers.append((outcome(lambda made=made, extra=extra, function=function: function(*made, **extra)), made, extra))
    (ours, ours_made, ours_extra), (theirs, theirs_made, _) = answers
    if form == "out" and theirs[0] == "error" and theirs[1] == "TypeError":
        return  # PyTorch takes no out= here
    assert_same_outcome(ours, theirs, where, tolerances, messages)
    if theirs[0] == "ok" and form == "out":
        assert ours[1] is ours_extra["out"], f"{where}: out= is not what is returned"
    if theirs[0] == "ok" and form == "inplace":
        assert ours[1] is ours_made[0] and theirs[1] is theirs_made[0], where
    if theirs[0] == "ok" and form != "inplace":
        for mine, other in zip(ours_made, theirs_made, strict=True):
            if isinstance(other, torch.Tensor):
                assert_same(mine, other, f"{where}: an argument was changed", {str(other.dtype)[6:]: (0, 0)})


def _compare_gradients(name, case, option, dtype, where, tolerances, second):
    found = []
    for library in (mt, torch):
        made, moving = arguments(case, dtype, library, requires_grad=True)
        answer = outcome(lambda library=library, made=made: call_of(library, name, "function")(*made, **option))
        found.append((library, answer, moving))
    if found[1][1][0] == "error" or not found[1][2]:
        return
    assert found[0][1][0] == "ok", f"{where}: {found[0][1]}"
    derived = [outcome(lambda f=f: _derivatives(*f, second)) for f in found]
    if derived[1][0] == "error" and "not implemented" in derived[1][3]:
        first = [outcome(lambda f=f: _derivatives(*f, False)) for f in found]
        if first[1][0] == "ok":
            derived = first  # PyTorch lacks the second derivative: ours is the property tests' affair
    if derived[1][0] == "error" and "does not require grad" in derived[1][3]:
        return
    assert_same_outcome(derived[0], derived[1], f"{where} gradient", tolerances)


def _derivatives(library, answer, moving, second):
    """The first derivatives and, with `second`, the derivatives of a random combination of them."""
    outputs = [o for o in flat(answer[1]) if isinstance(o, library.Tensor) and o.requires_grad]
    if not outputs:
        raise RuntimeError("the result does not require grad")
    random = np.random.default_rng(1)
    cotangents = [_like(random, o, library) for o in outputs]
    wanted = {"retain_graph": True, "allow_unused": True}
    first = library.autograd.grad(outputs, moving, cotangents, create_graph=second, **wanted)
    results = [_settled(g, m, library) for g, m in zip(first, moving, strict=True)]
    if second:
        again = [g for g in first if g is not None and g.requires_grad]
        seeds = [_like(random, g, library) for g in again]
        if again:
            found = library.autograd.grad(again, moving, seeds, **wanted)
            results += [_settled(g, m, library) for g, m in zip(found, moving, strict=True)]
        else:
            results += [library.zeros_like(m) for m in moving]
    return results


def _settled(gradient, tensor, library):
    return library.zeros_like(tensor) if gradient is None else gradient.detach()


def _like(random, tensor, library):
    array = random.uniform(0.5, 1.5, tuple(tensor.shape))
    if str(tensor.dtype) in ("torch.complex64", "torch.complex128"):
        array = array + 1j * random.uniform(0.5, 1.5, tuple(tensor.shape))
    made = torch.from_numpy(np.asarray(array)).to(getattr(torch, str(tensor.dtype)[6:]))
    return made if library is torch else mt.Tensor._wrap(_array(made))


# ---- minitorch alone -----------------------------------------------------------------------------------------------
def gradients(function, *numbers, order=1):
    """The derivatives of a function of float64 numbers by each of them; of order 2, those of their sum."""
    tensors = [mt.tensor([x], dtype=mt.float64, requires_grad=True) for x in numbers]
    outputs = [function(*tensors).sum()]
    for further in range(order, 0, -1):
        found = mt.autograd.grad(outputs, tensors, create_graph=further > 1, allow_unused=True)
        outputs = [g.sum() for g in found if g is not None and g.requires_grad]
        if further > 1 and not outputs:
            return [0.0] * len(numbers)
    return [0.0 if g is None else g.item() for g in found]
