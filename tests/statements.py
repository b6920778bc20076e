"""Statements run one by one on both libraries, and what came of each compared.

A statement is a line as one types it at a prompt, with `torch`, `nn`, `F`, `np` at hand. After each, the value of an
expression, the new variables, what was printed and what was raised must agree: numbers, dtype, shape, requires_grad, and
the text a tensor is printed as. The names of nodes (`grad_fn=<...>`) are each library's own.
"""

import ast
import builtins
import contextlib
import inspect
import io
import math
import re
import warnings

import numpy as np

import minitorch as mt

GONE = re.compile(r"(module 'minitorch[\w.]*'|'Tensor' object) has no attribute|No module named 'minitorch")
NOISE = [(re.compile(r"0x[0-9a-f]+"), "0x"), (re.compile(r"grad_fn=<\w+>"), "grad_fn=<>"),
         (re.compile(r"minitorch"), "torch")]  # fmt: skip
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|nan)")


def settle(lib):
    """The library as it starts, from seed 0: default dtype and device, printing, grad mode."""
    lib.manual_seed(0)
    lib.set_default_dtype(lib.float32)
    lib.set_default_device(None)
    lib.set_grad_enabled(True)
    lib.use_deterministic_algorithms(False)
    lib.set_printoptions(profile="default", sci_mode=None)


# ---- running -------------------------------------------------------------------------------------------------------
def namespace(lib):
    """What examples take for granted, with `import torch` bringing `lib`."""

    def bring(name, *rest):
        return builtins.__import__(re.sub(r"^torch\b", lib.__name__, name), *rest)

    return {"__builtins__": vars(builtins) | {"__import__": bring}, "__name__": "__main__", "torch": lib, "nn": lib.nn,
            "F": lib.nn.functional, "np": np, "math": math, "optim": lib.optim, "autograd": lib.autograd,
            "init": lib.nn.init, "Tensor": lib.Tensor}  # fmt: skip


def step(source, names):
    """(what came of it, the new variables, what was printed)."""
    before, printed, tree = dict(names), io.StringIO(), ast.parse(source)
    single = len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if single:
                result = "value", eval(compile(source, "<example>", "eval"), names)
            else:
                result = "done", exec(compile(source, "<example>", "exec"), names)
    except Exception as error:
        result = "raised", error
    new = {key: value for key, value in names.items() if key[:2] != "__" and before.get(key, names) is not value}
    return result, new, printed.getvalue()


# ---- comparing -----------------------------------------------------------------------------------------------------
def same_text(ours, theirs, loose):
    for pattern, plain in NOISE:
        ours, theirs = pattern.sub(plain, ours), pattern.sub(plain, theirs)
    return ours == theirs or (loose and blank(ours) == blank(theirs))


def blank(text):
    return re.sub(r"\s", "", NUMBER.sub("#", text))


def bits(array):
    return np.ascontiguousarray(array).tobytes()


def apart(ours, theirs):
    """None, or in what two values differ."""
    kind = type(theirs).__name__
    if inspect.ismodule(theirs) or inspect.isroutine(theirs) or kind == "RemovableHandle" or inspect.isclass(theirs):
        return None
    if kind in ("device", "Generator", "layout", "memory_format"):
        return None if kind == "Generator" or str(ours) == str(theirs) else f"{ours} and {theirs}"
    if type(ours).__name__ != kind:
        return f"{type(ours)} and {type(theirs)}"
    if hasattr(theirs, "requires_grad") and hasattr(theirs, "stride"):
        for said in ("dtype", "shape", "requires_grad", "is_leaf"):
            if not same_text(str(getattr(ours, said)), str(getattr(theirs, said)), False):
                return f"{said}: {getattr(ours, said)} and {getattr(theirs, said)}"
        x, y = (tensor.detach().resolve_conj().resolve_neg() for tensor in (ours, theirs))
        x, y = (tensor.float().numpy() if "bfloat16" in str(tensor.dtype) else tensor.numpy() for tensor in (x, y))
        room = 1e-5 * max(1.0, float(np.abs(np.nan_to_num(y)).max(initial=0))) if y.dtype.kind in "fc" else 0
        if not np.allclose(x, y, rtol=1e-4 if room else 0, atol=room, equal_nan=True):
            return f"{x.tolist()} and {y.tolist()}"
        same = same_text(repr(ours), repr(theirs), y.dtype.kind in "fc" and bits(x) != bits(y))
        return None if same else f"printed as\n{ours!r}\nand\n{theirs!r}"
    if isinstance(theirs, (list, tuple, dict)):
        if len(ours) != len(theirs):
            return f"{len(ours)} and {len(theirs)} items"
        if isinstance(theirs, dict):
            ours, theirs = ([*map(str, held), *held.values()] for held in (ours, theirs))
        return next(filter(None, map(apart, ours, theirs)), None)
    if isinstance(theirs, float):
        close = math.isclose(ours, theirs, rel_tol=1e-5, abs_tol=1e-6) or (ours != ours and theirs != theirs)
        return None if close else f"{ours} and {theirs}"
    return None if same_text(repr(ours), repr(theirs), False) else f"{ours!r}\nand\n{theirs!r}"


def refusals_apart(ours, theirs):
    (how, error), (wanted, expected) = ours, theirs
    if how != wanted or (how == "raised" and type(error).__name__ != type(expected).__name__.lstrip("_")):
        return f"{how}: {error!r} and {wanted}: {expected!r}"
    first = re.split(r"\n|\. | - got| \(Triggered", str(expected))[0].rstrip(".")
    return None if how != "raised" or same_text(str(error)[: len(first)], first, False) else f"{error} and {expected}"


def differences(lines, torch, gaps=True):
    """Each statement at which the two libraries part, and how.

    With `gaps`, nothing after the first that asks for what is not here.
    """
    for lib in (mt, torch):
        settle(lib)
    np.random.seed(0)
    ours, theirs = namespace(mt), namespace(torch)
    for line in lines:
        numpy_state = np.random.get_state()
        expected, their_new, their_text = step(line, theirs)
        np.random.set_state(numpy_state)
        result, our_new, our_text = step(line, ours)
        if gaps and result[0] == "raised" and GONE.search(str(result[1])):
            return
        if "raised" in (result[0], expected[0]):
            difference = refusals_apart(result, expected)
        else:
            difference = apart(result[1], expected[1]) or apart(our_new, their_new)
            if difference is None and not same_text(our_text, their_text, True):
                difference = f"printed {our_text!r} and {their_text!r}"
        if difference:
            yield f">>> {line}\n{difference}"
