"""PyTorch's own database of ops, run on both libraries.

PyTorch's wheel carries what its developers test with: for every op its sample inputs, the dtypes and forms it has, and
calls it must refuse (`torch.testing._internal`). `usable()` lists the ops by name; `ours(op)` finds or rebuilds our
function for one. Every `check_...` function runs one op and returns what differs, as a dict from aspect ("float32",
"inplace", "second order", ...) to a list of sentences; an empty dict says that both libraries agree.

A lambda in the database that calls `torch` is rebuilt with `torch` (and the helpers it calls) standing for minitorch.
"""

import functools
import itertools
import re
import types
import warnings

import numpy as np
import torch
from torch.autograd import forward_ad
from torch.testing._internal.common_methods_invocations import op_db

import minitorch as mt
from minitorch.autograd.functional import _push

DTYPES = ("float64", "complex128", "float32", "float16", "bfloat16", "int64", "int32", "int8", "uint8", "bool")
#: The largest relative and absolute difference of values; of gradients of the first and of the second order.
TOLERANCES = {"float64": 1e-7, "complex128": 1e-7, "float32": 2e-4, "complex64": 2e-4, "float16": 4e-3, "bfloat16": 3e-2}
FIRST, SECOND = 1e-6, 1e-5
#: Ops whose results are unique up to a sign or a phase: compared by their absolute values.
PHASE = frozenset(("svd", "linalg.svd", "linalg.eigh", "linalg.eig", "svd_lowrank", "pca_lowrank"))


#: Ops that give the place of one of several equal values: which one is nobody's promise.
TIES = frozenset(("argsort", "sort", "topk", "kthvalue", "median", "nanmedian", "mode", "msort"))


class Skip(Exception):
    """PyTorch itself does not answer here."""


class Absent(Exception):
    """minitorch does not have the function."""


def title(op):
    """`div[floor_rounding]`: the op and its variant."""
    return f"{op.name}[{op.variant_test_name}]" if op.variant_test_name else op.name


def usable():
    """The ops of the database, by title."""
    return {title(op): op for op in op_db}


# ---- our function for theirs ---------------------------------------------------------------------------------------
@functools.cache
def rebuilt(function):
    """A Python function of PyTorch's test tools, with `torch` standing for minitorch in it and in what it calls."""
    scope = Scope(function.__globals__)
    cells = tuple(types.CellType(translated(cell.cell_contents)) for cell in function.__closure__ or ())
    made = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


class Scope(dict):
    """The globals of a rebuilt function, translated when they are looked up."""

    def __init__(self, given):
        super().__init__(__builtins__=__builtins__)
        self.given = given

    def __missing__(self, name):
        return translated(self.given[name])


def translated(value):
    """A module, function or constant of PyTorch as ours."""
    if value is torch:
        return mt
    if isinstance(value, types.ModuleType) and value.__name__.startswith("torch."):
        return find(mt, value.__name__.removeprefix("torch."))
    if isinstance(value, types.FunctionType) and (value.__module__ or "").startswith("torch.testing._internal"):
        return rebuilt(value)
    if isinstance(value, types.FunctionType) and value.__module__ == "torch.nn.functional":
        return find(mt, f"nn.functional.{value.__name__}")
    if isinstance(value, functools.partial):
        return functools.partial(translated(value.func), *value.args, **value.keywords)
    return value


def find(home, name):
    """An attribute by its dotted name."""
    try:
        return functools.reduce(getattr, name.split("."), home)
    except AttributeError as error:
        raise Absent(f"no {name}") from error


def private(op):
    """Whether an op is no part of PyTorch's documented interface."""
    kind = type(op.op).__name__
    name = op.name
    return (kind in ("OpOverload", "OpOverloadPacket", "_JittedFunction") or name.startswith(("torch.", "_refs"))
            or (name.startswith("_") and not name.startswith("__")) or name.startswith("jiterator"))  # fmt: skip


def ours(op):
    """Our function for an op of the database.

    Raises:
        Absent: where there is none.
    """
    function = translated(op.op)
    if function is not op.op:
        return function
    if op.name.startswith("__") or ("." not in op.name and not hasattr(mt, op.name)):
        return find(mt.Tensor, op.name)
    found = find(mt, op.name)
    return found if not isinstance(found, mt.dtype) else find(mt.Tensor, op.name)  # `x.cdouble()`


def our_variant(variant):
    """Our method or operator for theirs."""
    if variant.__class__.__module__ == "builtins" and getattr(variant, "__module__", None) == "_operator":
        return variant
    function = translated(variant)
    return function if function is not variant else find(mt.Tensor, variant.__name__)


# ---- operands ------------------------------------------------------------------------------------------------------
def mine(value, memo):
    """A sample's argument for minitorch; tensors keep their strides, and a tensor met twice stays one."""
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            made = mt.Tensor._wrap(strided(value))
            memo[id(value)] = (value, made.requires_grad_() if value.requires_grad else made)
        return memo[id(value)][1]
    if isinstance(value, torch.Size):
        return mt.Size(value)
    if isinstance(value, (torch.dtype, torch.memory_format, torch.layout)):
        return getattr(mt, str(value).split(".")[1])
    if isinstance(value, torch.device):
        return mt.device(str(value))
    if isinstance(value, torch.Generator):
        return mt.Generator().manual_seed(value.initial_seed())
    if isinstance(value, torch.nn.Module):
        return find(mt.nn, type(value).__name__)()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mine(item, memo) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(mine(item, memo) for item in value)
    if isinstance(value, dict):
        return {key: mine(item, memo) for key, item in value.items()}
    return value if value is not torch else mt


def strided(tensor):
    """A PyTorch tensor's numbers as an array of its own with the same strides."""
    numbers = plain(tensor)
    strides = [s * numbers.itemsize for s in tensor.stride()]
    if not numbers.size or (tuple(strides) == numbers.strides and numbers.base is None):
        return numbers
    room = sum((n - 1) * s for n, s in zip(numbers.shape, strides)) // numbers.itemsize + 1
    made = np.lib.stride_tricks.as_strided(np.zeros(room, numbers.dtype), numbers.shape, strides)
    made[...] = numbers
    return made


def plain(tensor):
    """The numbers of a tensor of either library as an array."""
    if isinstance(tensor, mt.Tensor):
        return np.asarray(tensor._data)
    tensor = torch.zeros_like(tensor) if tensor._is_zerotensor() else tensor.detach()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return np.array(tensor.float().numpy().astype(ml_dtypes.bfloat16))
    return np.array(tensor.resolve_conj().resolve_neg().numpy())


def tensors(value, kind):
    """The tensors in a nest of tuples, lists and dicts, each once."""
    found = {}

    def walk(item):
        if isinstance(item, kind):
            found.setdefault(id(item), item)
        elif isinstance(item, (list, tuple)):
            for part in item:
                walk(part)
        elif isinstance(item, dict):
            for part in item.values():
                walk(part)

    walk(value)
    return list(found.values())


def told(value):
    """A sample in a few words."""
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype)[6:]}{list(value.shape)}"
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(map(told, value)) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={told(item)}" for name, item in value.items()) + "}"
    return repr(value)[:60]


# ---- comparing -----------------------------------------------------------------------------------------------------
def same(found, wanted, where="result", tolerance=None, values=True, phase=False):
    """Two results agree in kind, dtype, shape and value."""
    if isinstance(wanted, torch.Tensor):
        assert isinstance(found, mt.Tensor), f"{where}: {type(found).__name__} for a tensor"
        dtype = str(wanted.dtype)[6:]
        assert found.dtype.name == dtype, f"{where}: dtype {found.dtype.name}, PyTorch {dtype}"
        assert tuple(found.shape) == tuple(wanted.shape), f"{where}: shape {tuple(found.shape)}, PyTorch {tuple(wanted.shape)}"
        if not values:
            return
        one, other = (wide(plain(t), phase) for t in (found, wanted))
        limit = TOLERANCES.get(dtype, 0) if tolerance is None else tolerance
        if not np.allclose(one, other, rtol=limit, atol=limit, equal_nan=True):
            far = np.ravel(~np.isclose(one, other, rtol=limit, atol=limit, equal_nan=True))
            one, other = np.ravel(one)[far][:4], np.ravel(other)[far][:4]
            raise AssertionError(f"{where}: {np.count_nonzero(far)} values of {far.size} differ: {one}, PyTorch {other}")
    elif isinstance(wanted, (list, tuple)):
        assert isinstance(found, (list, tuple)), f"{where}: {type(found).__name__} for {type(wanted).__name__}"
        assert len(found) == len(wanted), f"{where}: {len(found)} results, PyTorch {len(wanted)}"
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            same(one, other, f"{where}[{place}]", tolerance, values, phase)
    elif isinstance(wanted, float):
        assert found == wanted or abs(found - wanted) < 1e-6 or found != found, f"{where}: {found}, PyTorch {wanted}"
    elif isinstance(wanted, torch.dtype):
        assert found is mine(wanted, {}), f"{where}: {found}, PyTorch {wanted}"
    elif isinstance(wanted, (int, bool, str, complex)):
        assert found == wanted, f"{where}: {found}, PyTorch {wanted}"


def wide(array, phase):
    array = array.astype(np.float64) if array.dtype.kind == "V" or array.dtype.name == "bfloat16" else array
    return np.abs(array) if phase else array


def tried(call):
    """(result, None) or (None, error)."""
    try:
        return call(), None
    except Exception as error:
        return None, error


class Report(dict):
    """What differs: aspect -> sentences."""

    def note(self, aspect, text, sample):
        told_of = f"{told(sample.input)} {told(sample.args)} {told(sample.kwargs)}" if sample is not None else ""
        listed = self.setdefault(aspect, [])
        if all(text[:50] != other[:50] for other in listed):
            listed.append(f"{text[:400]}  <- {told_of[:200]}")

    def guard(self, aspect, sample, check):
        """Run one check and note how it fails."""
        try:
            check()
        except Absent:
            raise
        except Skip:
            pass
        except AssertionError as error:
            self.note(aspect, str(error), sample)
        except Exception as error:
            self.note(aspect, f"{type(error).__name__}: {error}".split("\n")[0], sample)


def samples(op, dtype, limit, requires_grad=False):
    """The first samples of an op in a dtype; none where the database cannot draw them."""
    torch.default_generator.manual_seed(0)
    try:
        drawn = op.sample_inputs_func(op, "cpu", getattr(torch, dtype), requires_grad)  # sample_inputs() tracks each
        return list(itertools.islice(drawn, limit))
    except Exception:
        return []


def spread(found, count):
    """`count` of a list, spread over the whole of it."""
    step = max(-(-len(found) // count), 1)
    return found[::step]


def seeded(function, *args, **kwargs):
    """Call with both libraries' random streams at the same place."""
    torch.default_generator.manual_seed(42)
    mt.manual_seed(42)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def both(op, function, sample):
    """One sample through both libraries: (theirs, their error, ours, our error, memo)."""
    memo = {}
    arguments = (mine(sample.input, memo), mine(sample.args, memo), mine(sample.kwargs, memo))
    theirs, their_error = tried(lambda: seeded(op, sample.input, *sample.args, **sample.kwargs))
    found, error = tried(lambda: seeded(function, arguments[0], *arguments[1], **arguments[2]))
    if isinstance(error, AttributeError) and re.match(r"module 'minitorch|'Tensor' object has no|type object 'Tensor'", str(error)):
        raise Absent(str(error))
    return theirs, their_error, found, error, memo


def wrapped(op, function=None):
    """The op as PyTorch's own gradient check calls it: of a matrix plus its adjoint where it must be Hermitian, and so on."""
    wrapper = op.gradcheck_wrapper
    return (functools.partial(wrapper, op.op), functools.partial(translated(wrapper), function))


def related(one, other):
    """Two refusals of a dtype, one of which may be the more special: NotImplementedError is a RuntimeError."""
    return isinstance(one, type(other)) or isinstance(other, type(one))


def refusal(error):
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]


# ---- the checks ----------------------------------------------------------------------------------------------------
def check_values(op, limit=4, dtypes=DTYPES):
    """Values and dtypes in every dtype PyTorch has the op for; refusals in those it has not."""
    report, function = Report(), ours(op)
    values = not op.name.startswith(("empty", "new_empty")) and op.name not in ("resize_", "resize_as_")
    for dtype in dtypes:
        known = getattr(torch, dtype) in op.dtypes
        for sample in spread(samples(op, dtype, 4 * limit if known else 2), limit):
            theirs, their_error, found, error, _ = both(*wrapped(op, function), sample)
            if their_error is not None:
                if known or isinstance(their_error, AttributeError) or related(their_error, error):
                    continue
                if error is None and dtype in ("float16", "bfloat16"):
                    continue  # where only a kernel for the narrow formats is missing in PyTorch, we compute
                if error is None:
                    report.note(f"refused-{dtype}", f"answers {type(found).__name__}, PyTorch {refusal(their_error)}", sample)
                elif type(error) is not type(their_error):
                    report.note(f"refused-{dtype}", f"{refusal(error)}, PyTorch {refusal(their_error)}", sample)
            elif error is not None:
                report.note(dtype, refusal(error), sample)
            else:
                report.guard(dtype, sample, lambda: same_or_nearer(op, sample, dtype, found, theirs, values))  # noqa: B023
    return report


def same_or_nearer(op, sample, dtype, found, theirs, values):
    """The same; or, in a narrow format, no farther from the result in float64 than twice PyTorch's largest distance."""
    if op.name in TIES and dtype in DTYPES[3:]:
        values = False
    try:
        same(found, theirs, values=values, phase=op.name in PHASE)
    except AssertionError:
        if dtype not in ("float32", "float16", "bfloat16"):
            raise
        wide_sample = replaced([sample.input, sample.args, sample.kwargs],
                               {id(t): t.double() for t in tensors([sample.input, sample.args, sample.kwargs], torch.Tensor)
                                if t.is_floating_point()})  # fmt: skip
        truth = tensors(seeded(wrapped(op)[0], wide_sample[0], *wide_sample[1], **wide_sample[2]), torch.Tensor)
        for one, other, exact in zip(tensors(found, mt.Tensor), tensors(theirs, torch.Tensor), truth, strict=True):
            if one.dtype.name != str(other.dtype)[6:] or tuple(one.shape) != tuple(other.shape) or not other.is_floating_point():
                raise
            near, far = (np.abs(wide(plain(t), False).astype(np.float64) - exact.double().numpy()) for t in (one, other))
            if not np.all((near <= 2 * np.nanmax(far)) | np.isnan(far)):
                raise


def check_forms(op, limit=3):
    """The method, the in-place twin, the operators and `out=`."""
    report = Report()
    dtype = next((d for d in ("float64", "int64", "bool", "complex128") if getattr(torch, d) in op.dtypes), "float64")
    found = spread(samples(op, dtype, 40), limit)
    forms = {"method": op.method_variant, "operator": op.operator_variant}
    for form, variant in forms.items():
        if variant is not None and not op.name.startswith("__"):
            try:
                function = our_variant(variant)
            except Absent as error:
                report.note(form, str(error), None)
                continue
            for sample in found:
                theirs, their_error, got, error, _ = both(variant, function, sample)
                compare_outcomes(report, form, sample, theirs, their_error, got, error, op.name in PHASE)
    for form, variant in (("inplace", op.inplace_variant), ("inplace operator", op.inplace_operator_variant)):
        if variant is not None:
            try:
                function = our_variant(variant)
            except Absent as error:
                report.note(form, str(error), None)
                continue
            for sample in found:
                check_inplace(report, form, variant, function, sample)
    if op.supports_out:
        for sample in found:
            check_out(report, op, sample)
    return report


def compare_outcomes(report, aspect, sample, theirs, their_error, found, error, phase=False):
    if their_error is not None:
        if error is None:
            report.note(aspect, f"answers, PyTorch {refusal(their_error)}", sample)
        elif type(error) is not type(their_error):
            report.note(aspect, f"{refusal(error)}, PyTorch {refusal(their_error)}", sample)
    elif error is not None:
        report.note(aspect, refusal(error), sample)
    else:
        report.guard(aspect, sample, lambda: same(found, theirs, phase=phase))


def check_inplace(report, form, variant, function, sample):
    """The in-place twin writes its first operand, returns it, and refuses what PyTorch refuses."""
    memo = {}
    args, kwargs = mine(sample.args, memo), mine(sample.kwargs, memo)
    written = mt.Tensor._wrap(strided(sample.input))
    target = sample.input.clone()
    theirs, their_error = tried(lambda: seeded(variant, target, *sample.args, **sample.kwargs))
    found, error = tried(lambda: seeded(function, written, *args, **kwargs))
    compare_outcomes(report, form, sample, theirs, their_error, found, error)
    if error is None and their_error is None:
        report.guard(form, sample, lambda: same(written, target, "the tensor written"))
        if found is not written and theirs is target:
            report.note(form, "returns another tensor than it wrote", sample)


def check_out(report, op, sample):
    """`out=` is filled and returned; a wrong dtype is refused."""
    theirs, their_error = tried(lambda: seeded(op.op, sample.input, *sample.args, **sample.kwargs))
    if their_error is not None or not tensors(theirs, torch.Tensor):
        return
    for dtype in (None, torch.int64, torch.float32):
        def room(tensor):
            return torch.empty_like(tensor.detach(), dtype=dtype).fill_(7)  # noqa: B023

        if not all(isinstance(result, torch.Tensor) for result in (theirs if isinstance(theirs, (tuple, list)) else [theirs])):
            return
        given = tuple(map(room, theirs)) if isinstance(theirs, tuple) else (
            list(map(room, theirs)) if isinstance(theirs, list) else room(theirs))  # fmt: skip
        memo = {}
        function = ours(op)
        held = mine(given, memo)
        arguments = (mine(sample.input, memo), mine(sample.args, memo), mine(sample.kwargs, memo))
        answer, their_error = tried(lambda: seeded(op.op, sample.input, *sample.args, **sample.kwargs, out=given))  # noqa: B023
        found, error = tried(lambda: seeded(function, arguments[0], *arguments[1], **arguments[2], out=held))  # noqa: B023
        if dtype is torch.float32 and their_error is not None and error is None:
            continue  # we cast to the precision of out; PyTorch does so for some ops and refuses for others
        compare_outcomes(report, f"out={'' if dtype is None else str(dtype)[6:]}", sample, answer, their_error, found, error,
                         op.name in PHASE)  # fmt: skip
        if error is None and their_error is None and answer is given and found is not held:
            report.note("out=", "returns another tensor than out", sample)


def pull(library, outputs, inputs, seed, again):
    """Gradients of some outputs, with drawn cotangents; None where nothing requires grad."""
    outputs = [out for out in tensors(outputs, library.Tensor) if out.requires_grad]
    if not outputs or not inputs:
        return None
    draw = np.random.default_rng(seed)
    cotangents = []
    for out in outputs:
        numbers = draw.normal(size=tuple(out.shape))
        kind = str(out.dtype).split(".")[1]
        numbers = numbers + 1j * draw.normal(size=tuple(out.shape)) if kind.startswith("complex") else numbers
        cotangents.append(library.tensor(np.asarray(numbers)).to(getattr(library, kind)))
    return library.autograd.grad(outputs, inputs, cotangents, create_graph=again, retain_graph=True, allow_unused=True)


def filled(gradients, inputs):
    """None as zeros: whether an unused input has no gradient or a zero one is not compared."""
    zero = torch.zeros_like if inputs and isinstance(inputs[0], torch.Tensor) else mt.zeros_like
    return [zero(x.detach()) if g is None else g for g, x in zip(gradients or [None] * len(inputs), inputs, strict=True)]


def check_gradients(op, limit=5, dtypes=("float64", "complex128")):
    """Gradients of the first and the second order, and forward mode."""
    report = Report()
    function = ours(op)
    for dtype in dtypes:
        if getattr(torch, dtype) not in op.dtypes:
            continue
        for sample in spread(samples(op, dtype, 6 * limit, requires_grad=True), limit):
            report.guard(f"gradient-{dtype}", sample, lambda: gradients_of_one(report, op, function, dtype, sample))  # noqa: B023
    return report


def gradients_of_one(report, op, function, dtype, sample):
    theirs, their_error, found, error, memo = both(*wrapped(op, function), sample)
    if their_error is not None or error is not None:
        raise Skip  # the values are compared elsewhere
    inputs = [t for t in tensors([sample.input, sample.args, sample.kwargs], torch.Tensor) if t.requires_grad]
    own = [memo[id(t)][1] for t in inputs]
    theirs, their_error = tried(lambda: sample.output_process_fn_grad(theirs))
    if their_error is not None:
        raise Skip
    found = translated(sample.output_process_fn_grad)(found)
    outputs = theirs
    second = op.supports_gradgrad
    first, their_error = tried(lambda: seeded(pull, torch, outputs, inputs, 7, second))
    if their_error is not None:
        raise Skip
    mine_first = seeded(pull, mt, found, own, 7, second)
    assert (first is None) == (mine_first is None), f"{dtype}: requires_grad is {mine_first is not None}"
    if first is None:
        return
    same(filled(mine_first, own), filled(first, inputs), "gradient", FIRST)
    if op.supports_forward_ad:
        report.guard(f"forward-{dtype}", sample, lambda: forward_of_one(op, sample, inputs, own, found))
    if second:
        report.guard(f"second-{dtype}", sample, lambda: second_of_one(first, mine_first, inputs, own))


def second_of_one(first, mine_first, inputs, own):
    theirs, their_error = tried(lambda: seeded(pull, torch, [g for g in first if g is not None], inputs, 8, False))
    if their_error is not None:
        raise Skip
    found = seeded(pull, mt, [g for g in mine_first if g is not None], own, 8, False)
    same(filled(found, own), filled(theirs, inputs), "second order", SECOND)


def forward_of_one(op, sample, inputs, own, found):
    """Tangents pushed through our tape, and through PyTorch's dual numbers."""
    draw = np.random.default_rng(9)
    numbers = [draw.normal(size=tuple(x.shape)) + (1j * draw.normal(size=tuple(x.shape)) if x.is_complex() else 0) for x in own]
    with forward_ad.dual_level():
        duals = {id(x): forward_ad.make_dual(x.detach(), torch.from_numpy(np.asarray(v))) for x, v in
                 zip(inputs, numbers, strict=True)}  # fmt: skip
        arguments = replaced([sample.input, sample.args, sample.kwargs], duals)
        result, error = tried(lambda: seeded(wrapped(op)[0], arguments[0], *arguments[1], **arguments[2]))
        if error is not None:
            raise Skip
        result = tensors(sample.output_process_fn_grad(result), torch.Tensor)
        tangents = [forward_ad.unpack_dual(out).tangent for out in result]
    outputs = tensors(found, mt.Tensor)
    pushed = _push(outputs, tuple(own), tuple(mt.Tensor._wrap(np.asarray(v)) for v in numbers))
    kept = [place for place, out in enumerate(outputs) if out.requires_grad]
    same(filled([pushed[p] for p in kept], [outputs[p] for p in kept]),
         filled([tangents[p] for p in kept], [result[p] for p in kept]), "tangent", FIRST)  # fmt: skip


def replaced(value, table):
    """A nest of arguments with some of its tensors exchanged."""
    if isinstance(value, torch.Tensor):
        return table.get(id(value), value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(replaced(item, table) for item in value)
    if isinstance(value, dict):
        return {name: replaced(item, table) for name, item in value.items()}
    return value


def check_errors(op, limit=20):
    """Calls that PyTorch refuses: the class of the error and its first sentence."""
    report = Report()
    if op.error_inputs_func is None:
        return report
    function = ours(op)
    for refused in itertools.islice(op.error_inputs("cpu"), limit):
        sample = refused.sample_input
        try:
            theirs, their_error, found, error, _ = both(op.op, function, sample)
        except (TypeError, ValueError):
            continue  # a meta tensor, or one of 65 dimensions, which NumPy does not hold
        if their_error is None:
            continue
        if error is None:
            report.note("answered", f"answers, PyTorch {refusal(their_error)}", sample)
        elif type(error) is not type(their_error):
            report.note("class", f"{refusal(error)}, PyTorch {refusal(their_error)}", sample)
        elif not re.search(refused.error_regex, str(error)) and first_sentence(their_error) not in str(error):
            report.note("message", f"{refusal(error)}, PyTorch {refusal(their_error)}", sample)
    return report


def first_sentence(error):
    return re.split(r"\. |\.?\n| - got ", str(error))[0].rstrip(". :")

