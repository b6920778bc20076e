"""Every name of PyTorch's tensor functions resolves, with PyTorch's parameters, and refuses what PyTorch refuses.

The plain lists hold everywhere. Where PyTorch is installed, its own schemas are the truth: for the file of signatures,
for what a front makes of each overload, and, over a grid of usual and unusual calls, for what is accepted and in which
words the rest is refused.
"""

import ast
import inspect
import pickle
import re
import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.binder import Overload, overloads
from minitorch.ops.binder import _lines as signature_lines
from minitorch.ops.front import PUBLIC
from minitorch.ops.matching import Front, value_of

from . import names_of_pytorch as names

SPACES = ("", "linalg", "fft", "special")


def place(module, space):
    return getattr(module, space) if space else module


# ---- names ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", names.FUNCTIONS)
def test_a_function_resolves(name):
    assert callable(getattr(mt, name))


@pytest.mark.parametrize("name", names.METHODS)
def test_a_method_resolves(name):
    assert hasattr(mt.Tensor, name)


@pytest.mark.parametrize(("space", "name"), [(space, name) for space, found in names.SPACES.items() for name in found])
def test_a_name_of_a_namespace_resolves(space, name):
    assert callable(getattr(place(mt, space), name))


@pytest.mark.referee
def test_the_lists_are_pytorchs():
    """Nothing stands in the lists that PyTorch has not, and what it has in both places stands in both."""
    torch = pytest.importorskip("torch")
    for name in names.FUNCTIONS:
        assert hasattr(torch, name), name
        assert not hasattr(torch.Tensor, name) or hasattr(mt.Tensor, name), name
    for name in names.METHODS:
        assert hasattr(torch.Tensor, name), name
    for space, found in names.SPACES.items():
        for name in found:
            assert hasattr(getattr(torch, space), name), name


@pytest.mark.referee
def test_nothing_is_public_that_pytorch_has_not():
    torch = pytest.importorskip("torch")
    for name, entry in PUBLIC[""].items():
        if entry.functional:
            assert hasattr(torch, name), name
        if entry.method:
            assert hasattr(torch.Tensor, name), name
    for space in SPACES[1:]:
        for name in PUBLIC[space]:
            assert hasattr(place(torch, space), name), name


@pytest.mark.referee
def test_the_in_place_twins_are_pytorchs():
    torch = pytest.importorskip("torch")

    def twins(tensor):
        return {name for name in dir(tensor) if name[-1] == "_" and name[0] != "_"}

    assert twins(mt.Tensor) <= twins(torch.Tensor)
    assert twins(torch.Tensor) - twins(mt.Tensor) <= names.NO_TWIN
    for name, entry in PUBLIC[""].items():
        if entry.inplace:
            assert hasattr(mt, f"{name}_") == hasattr(torch, f"{name}_"), name


# ---- signatures ----------------------------------------------------------------------------------------------------
def spoken(space, name):
    return f"{space}_{name}" if space else name


def of_schemas(torch, name, method):
    """PyTorch's schemas of a name: parameter names, whether they may be left out, whether they are keywords."""
    found = set()
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}"):
        if "Dimname" in str(schema):
            continue
        found.add(tuple(((a.name if a.name != "self" or method else "input"), not a.has_default_value(), a.kwarg_only)
                        for a in schema.arguments if not a.is_out))  # fmt: skip
    return found


@pytest.mark.referee
@pytest.mark.parametrize("line", [line for line in signature_lines() if line[0] != "."])
def test_the_signatures_are_pytorchs(line):
    """Names, order, defaults and keywords are those of a schema; Python's parser alone may say `self` for a number."""
    torch = pytest.importorskip("torch")
    space, _, name = line.rpartition(".")
    known = of_schemas(torch, spoken(space, name), False) or of_schemas(torch, name, False)
    if not known or name in names.NOT_FROM_SCHEMAS:
        return
    for overload in overloads(space, name, False):
        said = tuple((p.name if p.name != "self" else "input", p.required, p.keyword) for p in overload.parameters
                     if p.name != "out")  # fmt: skip
        assert overload.deprecated or said in known, (said, known)


def fronts():
    for space in SPACES:
        for name, entry in PUBLIC[space].items():
            for method in (False, True):
                if (entry.method and not space) if method else entry.functional:
                    yield pytest.param(space, name, entry, method, id=f"{space}.{name}{' method' * method}")


def differences(front, overload):
    """Where a signature of ours is not one of theirs."""
    found = []
    for theirs in overload.parameters:
        ours = front.ours(overload, theirs)
        if ours is None:
            found.append(f"no {theirs.name}")
        elif not theirs.required and not ours.star and (ours.default is None or not alike(ours.default, theirs.default)):
            found.append(f"default of {theirs.name}")
    known = {ours.name for theirs in overload.parameters if (ours := front.ours(overload, theirs)) is not None}
    found += [f"needs {p.name}" for p in front.parameters[front.method :] if p.default is None and not p.star and p.name not in known]
    positions = [front.parameters.index(ours) for theirs in overload.parameters
                 if not theirs.keyword and (ours := front.ours(overload, theirs)) is not None and not ours.keyword]  # fmt: skip
    return found if positions == sorted(positions) else [*found, "order"]


def alike(ours, theirs):
    ours = value_of(ours)
    theirs = {"inf": float("inf"), "c10::nullopt": None, "None": None, "at::Reduction::Mean": 0}.get(theirs, theirs)  # so PyTorch's parser
    theirs = ast.literal_eval(theirs) if isinstance(theirs, str) else theirs
    return ours == theirs or (isinstance(ours, tuple) and isinstance(theirs, tuple | list) and ours == tuple(theirs))


@pytest.mark.parametrize(("space", "name", "entry", "method"), list(fronts()))
def test_every_overload_has_its_front(space, name, entry, method):
    ours = [Front(entry, signature, name, method, "") for signature in entry.signatures]
    for overload in overloads(space, name, method):
        if not overload.deprecated:
            found = min((differences(front, overload) for front in ours), key=len)
            assert set(found) <= names.DIFFERS.get(name, set()), str(overload)


@pytest.mark.referee
@pytest.mark.parametrize(("space", "name", "entry", "method"), list(fronts()))
def test_python_functions_have_pythons_parameters(space, name, entry, method):
    """What PyTorch has written in Python has just its parameters, in its order."""
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.Tensor if method else place(torch, space), name)
    if not inspect.isfunction(theirs) or name in names.OWN_PARAMETERS:
        return
    expected = inspect.signature(theirs).parameters
    ours = list(inspect.signature(entry.named(name, method)).parameters)
    skipped = {"out", "_alias"}
    assert [n for n in ours[method:] if n not in skipped] == [n for n in list(expected)[method:] if n not in skipped]


def test_the_signature_shown_is_the_one_declared():
    assert str(inspect.signature(mt.sum)) == "(input, dim=None, keepdim=False, *, dtype=None, out=None)"
    assert str(inspect.signature(mt.Tensor.gather)) == "(input, dim, index, *, sparse_grad=False)"


def test_an_overload_is_read():
    overload = Overload("(Tensor input, ints[1]? dim, bool keepdim=False, *, dtype? dtype=None)!")
    assert overload.deprecated
    assert [(p.name, p.type, p.size, p.nullable, p.required, p.keyword) for p in overload.parameters] == [
        ("input", "Tensor", 0, False, True, False), ("dim", "ints", 1, True, True, False),
        ("keepdim", "bool", 0, False, False, False), ("dtype", "dtype", 0, True, False, True),
    ]  # fmt: skip
    assert str(overload.method()) == "(tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None)"


# ---- calls ---------------------------------------------------------------------------------------------------------
def outcome(module, call):
    """What a call gives: the result, or the exception's class and first sentence."""
    scope = {"f": module, "x": module.ones(2, 3), "i": module.tensor([[0, 1]]), "v": module.tensor([1.0, 2.0]),
             "b": module.tensor([True, False]), "A": module.eye(3), "float": float}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.sub(r"-0\.(?!\d)", "0.", "".join(repr(eval(call, scope)).split()))  # LAPACKs differ in a zero's sign
        except Exception as error:
            first = str(error).split("\n")[0].split(".")[0]
            return f"{type(error).__name__}: {re.sub(r' .position [0-9]+.', '', first)}"


@pytest.mark.referee
@pytest.mark.parametrize("call", names.CALLS)
def test_a_call_is_taken_or_refused_as_pytorch_does(call):
    """The position of an argument is left out of the comparison: which were given by name is not always known here."""
    torch = pytest.importorskip("torch")
    assert outcome(mt, call) == outcome(torch, call)


def test_an_odd_call_costs_no_numbers():
    """NumPy's spelling, numbers of NumPy's and one-element tensors come to the same as the plain call."""
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]])
    plain = x.sum(1, keepdim=True)
    for found in (mt.sum(x=x, axis=1, keepdims=True), x.sum(np.int64(1), keepdim=np.bool_(True)),
                  x.sum(mt.tensor(1), True), mt.sum(input=x, dim=[1], keepdim=True), mt.sum(a=x, dim=(1,), keepdim=True)):  # fmt: skip
        assert found.tolist() == plain.tolist()
    assert mt.maximum(x1=x, x2=x * 2).tolist() == (x * 2).tolist()
    assert x.scatter(0, mt.tensor([[0]]), np.float64(9)).tolist() == [[9.0, 2.0], [3.0, 4.0]]
    assert mt.where(x > 2, x, np.float32(0)).tolist() == [[0.0, 0.0], [3.0, 4.0]]


def test_one_function_for_several_signatures_remembers_the_kinds_not_the_values():
    x = mt.tensor([[1.0, 5.0], [3.0, 4.0]])
    for _ in range(2):
        assert mt.max(x).item() == 5
        assert mt.max(x, 0).values.tolist() == [3, 5]
        assert mt.max(x, mt.tensor(2)).tolist() == [[2, 5], [3, 4]]  # a tensor is the other operand
        assert mt.max(x, 3 - x).tolist() == [[2, 5], [3, 4]]
        assert mt.max(x, dim=1, keepdim=True).indices.tolist() == [[1], [1]]
        with pytest.raises(TypeError, match="invalid combination"):
            mt.max(x, 1.0)


def test_several_results_are_named_tuples_of_their_own_module():
    out = mt.max(mt.ones(2, 2), 0)
    assert isinstance(out, mt.return_types.max)
    assert type(pickle.loads(pickle.dumps(out))) is mt.return_types.max
    assert set(mt.return_types.__all__) >= {"max", "sort", "linalg_eigh"}
