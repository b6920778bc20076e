"""assert_close: numbers, arrays, tensors and containers of them, equal up to the tolerances of their dtypes.

The two arguments are walked together, and every pair of leaves becomes a comparison: of None, of booleans, of numbers
or of tensors. All comparisons are built before the first is made, so what cannot be compared at all is said first. The
rules, the tolerances and the messages are PyTorch's (torch/testing/_comparison.py).
"""

from __future__ import annotations

import cmath
import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from .._tensor import Tensor
from .._tensor_sparse import SparseTensor
from ..backend.dtype import int64
from ..create import as_tensor, tensor
from ..graph.modes import no_grad
from ..settings import promote_types
from ..value import Value
from .close_messages import number_mismatch, tensor_mismatch

__all__ = ["assert_allclose", "assert_close"]

Message = str | Callable[[str], str] | None
Path = tuple[Any, ...]

#: (rtol, atol) of a dtype by name; (0, 0) for the others.
TOLERANCES = {"float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
              "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7)}  # fmt: skip
#: Those of the older `assert_allclose`.
LOOSER = {"float16": (1e-3, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-5, 1e-8)}
#: The dtype whose tolerances a Python number has.
OF_NUMBERS = {int: "int64", float: "float64", complex: "complex128"}
#: What promotion mixes with nothing; compared with another dtype as int64.
UNSIGNED = ("uint16", "uint32", "uint64")


class Mismatch(Exception):
    """What is wrong, before the caller's own message is put in its place."""

    def __init__(self, kind: type[Exception], text: str, path: Path) -> None:
        self.kind, self.text, self.path = kind, text, path

    def error(self, message: Message = None) -> Exception:
        """The exception to raise."""
        if isinstance(message, str):
            return self.kind(message)
        text = self.text
        if self.path:
            text += f"\n\nThe failure occurred for item {_place(self.path)}"
        return self.kind(message(text) if callable(message) else text)


@dataclass(frozen=True)
class Options:
    """What the caller asked for."""

    allow_subclasses: bool = True
    rtol: float | None = None
    atol: float | None = None
    equal_nan: bool = False
    check_device: bool = True
    check_dtype: bool = True
    check_layout: bool = True
    check_stride: bool = False

    def tolerances(self, dtypes: Sequence[str], path: Path) -> tuple[float, float]:
        """(rtol, atol): the caller's, or the loosest of these dtypes."""
        if (self.rtol is None) != (self.atol is None):
            absent = "rtol" if self.rtol is None else "atol"
            raise Mismatch(ValueError, "Both 'rtol' and 'atol' must be either specified or omitted, "
                           f"but got no {absent}.", path)  # fmt: skip
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        return loosest(dtypes, TOLERANCES)


def loosest(dtypes: Sequence[str], table: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """The larger rtol and the larger atol of some dtypes."""
    rtols, atols = zip(*[table.get(name, (0.0, 0.0)) for name in dtypes], strict=True)
    return max(rtols), max(atols)


class Pair:
    """Two leaves of one kind. `of` makes the pair, or returns None where they are of another kind."""

    rtol: float
    atol: float
    #: The options that matter for this kind.
    said: ClassVar[tuple[str, ...]] = ()

    def __init__(self, actual: Any, expected: Any, options: Options, path: Path) -> None:
        self.actual, self.expected, self.options, self.path = actual, expected, options, path

    @classmethod
    def of(cls, actual: Any, expected: Any, options: Options, path: Path) -> Pair | None:
        raise NotImplementedError

    def compare(self) -> None:
        """Raise a Mismatch unless they are close."""
        raise NotImplementedError

    def fail(self, text: str) -> NoReturn:
        raise Mismatch(AssertionError, text, self.path)

    def __repr__(self) -> str:
        said = {"id": self.path, "actual": self.actual, "expected": self.expected}
        said |= {name: vars(self).get(name, getattr(self.options, name)) for name in self.said}
        return "\n".join([f"{type(self).__name__}(", *(f"    {name}={value!s}," for name, value in said.items()), ")"])


class NonePair(Pair):
    """None is close to None only."""

    @classmethod
    def of(cls, actual: Any, expected: Any, options: Options, path: Path) -> Pair | None:
        return cls(actual, expected, options, path) if actual is None or expected is None else None

    def compare(self) -> None:
        if self.actual is not None or self.expected is not None:
            self.fail(f"None mismatch: {self.actual} is not {self.expected}")


class BooleanPair(Pair):
    """Two bools, Python's or NumPy's."""

    @classmethod
    def of(cls, actual: Any, expected: Any, options: Options, path: Path) -> Pair | None:
        if not all(isinstance(value, bool | np.bool_) for value in (actual, expected)):
            return None
        return cls(bool(actual), bool(expected), options, path)

    def compare(self) -> None:
        if self.actual is not self.expected:
            self.fail(f"Booleans mismatch: {self.actual} is not {self.expected}")


class NumberPair(Pair):
    """Two Python or NumPy numbers; a Value counts as its float."""

    said = ("rtol", "atol", "equal_nan", "check_dtype")

    @classmethod
    def of(cls, actual: Any, expected: Any, options: Options, path: Path) -> Pair | None:
        if not all(isinstance(value, int | float | complex | np.number | Value) for value in (actual, expected)):
            return None
        pair = cls(_number(actual), _number(expected), options, path)
        pair.rtol, pair.atol = options.tolerances([OF_NUMBERS[type(x)] for x in (pair.actual, pair.expected)], path)
        return pair

    def compare(self) -> None:
        x, y = self.actual, self.expected
        if self.options.check_dtype and type(x) is not type(y):
            self.fail(f"The (d)types do not match: {type(x)} != {type(y)}.")
        if x == y or (self.options.equal_nan and cmath.isnan(x) and cmath.isnan(y)):
            return
        difference = abs(x - y)
        if not (cmath.isfinite(difference) and difference <= self.atol + self.rtol * abs(y)):
            self.fail(number_mismatch(x, y, self.rtol, self.atol))


class TensorLikePair(Pair):
    """Two tensors, or two things of related types that a tensor can be made of."""

    said = ("rtol", "atol", "equal_nan", "check_device", "check_dtype", "check_layout", "check_stride")

    @classmethod
    def of(cls, actual: Any, expected: Any, options: Options, path: Path) -> Pair | None:
        one, other = _class(actual), _class(expected)
        if not (issubclass(one, other) or issubclass(other, one)) or not (options.allow_subclasses or one is other):
            return None
        try:
            x, y = (value if isinstance(value, Tensor) else as_tensor(value) for value in (actual, expected))
        except Exception:
            return None
        pair = cls(x, y, options, path)
        pair.rtol, pair.atol = options.tolerances([x.dtype.name, y.dtype.name], path)
        return pair

    def compare(self) -> None:
        self._compare_attributes()
        x, y = self.actual.detach(), self.expected.detach()
        if x.device != y.device:
            x, y = x.cpu(), y.cpu()
        if x.dtype != y.dtype:
            common = promote_types(*(int64 if value.dtype.name in UNSIGNED else value.dtype for value in (x, y)))
            x, y = x.to(common), y.to(common)
        if x.layout != y.layout:
            x, y = (value.to_dense() if value.is_sparse else value for value in (x, y))
        if x.is_sparse:
            self._compare_sparse(x, y)
        else:
            self._compare_values(x, y, self.rtol, self.atol)

    def _compare_attributes(self) -> None:
        x, y, options = self.actual, self.expected, self.options

        def same(name: str, mine: Any, other: Any) -> None:
            if mine != other:
                self.fail(f"The values for attribute '{name}' do not match: {mine} != {other}.")

        same("shape", x.shape, y.shape)
        if options.check_layout:
            same("layout", x.layout, y.layout)
        if options.check_stride and not x.is_sparse and not y.is_sparse:
            same("stride()", x.stride(), y.stride())
        if options.check_device:
            same("device", x.device, y.device)
        if options.check_dtype:
            same("dtype", x.dtype, y.dtype)

    def _compare_sparse(self, x: Any, y: Any) -> None:
        """The numbers of sparse dimensions and of values, the places (equal) and the values (close)."""
        for what, mine, other in (("sparse dimensions", x.sparse_dim(), y.sparse_dim()),
                                  ("specified values", x._nnz(), y._nnz())):  # fmt: skip
            if mine != other:
                self.fail(f"The number of {what} in sparse COO tensors does not match: {mine} != {other}")
        self._compare_values(x._indices(), y._indices(), 0, 0, "Sparse COO indices")
        self._compare_values(x._values(), y._values(), self.rtol, self.atol, "Sparse COO values")

    def _compare_values(self, x: Any, y: Any, rtol: float, atol: float, name: str = "") -> None:
        matches = x.isclose(y, rtol=rtol, atol=atol, equal_nan=self.options.equal_nan)
        if matches.all():
            return
        if x.dim():
            self.fail(tensor_mismatch(x, y, matches, rtol, atol, name or "Tensor-likes"))
        self.fail(number_mismatch(x.item(), y.item(), rtol, atol, name or "Scalars"))


KINDS = (NonePair, BooleanPair, NumberPair, TensorLikePair)


def _pairs(actual: Any, expected: Any, options: Options, path: Path = ()) -> list[Pair]:
    """Every pair of leaves of two structures."""
    if all(isinstance(value, Sequence) and not isinstance(value, str) for value in (actual, expected)):
        if len(actual) != len(expected):
            text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise Mismatch(AssertionError, text, path)
        keys: Any = range(len(actual))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        keys = set(actual)
        if keys != set(expected):
            text = (
                "The keys of the mappings do not match:\n"
                f"Missing keys in the actual mapping: {sorted(set(expected) - keys)}\n"
                f"Additional keys in the actual mapping: {sorted(keys - set(expected))}"
            )
            raise Mismatch(AssertionError, text, path)
        with contextlib.suppress(Exception):
            keys = sorted(keys)
    else:
        return [_pair(actual, expected, options, path)]
    return [pair for key in keys for pair in _pairs(actual[key], expected[key], options, (*path, key))]


def _pair(actual: Any, expected: Any, options: Options, path: Path) -> Pair:
    for kind in KINDS:
        try:
            pair = kind.of(actual, expected, options, path)
        except Mismatch:
            raise
        except Exception as error:  # a bool beside an int, for one
            raise RuntimeError(
                f"Originating a {kind.__name__}() at item {_place(path)} with\n\n{type(actual).__name__}(): {actual}\n\n"
                f"and\n\n{type(expected).__name__}(): {expected}\n\nresulted in the unexpected exception above. "
                "Hint: convert both to one type"
            ) from error
        if pair is not None:
            return pair
    text = f"No comparison pair was able to handle inputs of type {_class(actual)} and {_class(expected)}."
    raise Mismatch(TypeError, text, path)


def _place(path: Path) -> str:
    return "".join(str([item]) for item in path)


def _class(value: Any) -> type:
    """Its type; a sparse tensor is a Tensor like any other."""
    return Tensor if isinstance(value, SparseTensor) else type(value)


def _number(value: Any) -> Any:
    if isinstance(value, Value):
        return value.data
    return value.item() if isinstance(value, np.number) else value


def assert_close(actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
                 atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
                 check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
                 msg: Message = None) -> None:  # fmt: skip
    """Raise unless |actual - expected| <= atol + rtol * |expected| everywhere.

    Tensors, arrays, numbers, None, and sequences and mappings of them. Both sides must be of related types (a tensor
    beside an array is refused), of one shape, device, dtype and layout; sparse tensors have equal places. Infinities are
    close to themselves, NaN to nothing unless `equal_nan`.

    Args:
        allow_subclasses: off, the types must be the same.
        rtol: relative tolerance; given together with `atol` or left to the table of dtypes (`TOLERANCES`).
        atol: absolute tolerance.
        equal_nan: whether NaN is close to NaN.
        check_device: off, tensors of two devices meet on the host.
        check_dtype: off, dtypes are promoted; also whether an int may stand for a float.
        check_layout: off, a sparse tensor may stand for a dense one.
        check_stride: on, dense tensors must have the same strides.
        msg: the message, or a function from the generated message to another.

    Raises:
        AssertionError: saying how many elements differ, by how much and where.
        TypeError: for types that cannot be compared.
        ValueError: for one tolerance without the other.

    https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close
    """
    __tracebackhide__ = True
    options = Options(allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride)
    try:
        pairs = _pairs(actual, expected, options)
    except Mismatch as mismatch:
        raise mismatch.error() from None
    found: Exception | None = None
    for pair in pairs:
        try:
            with no_grad():
                pair.compare()
        except Mismatch as mismatch:
            found = found or mismatch.error(msg)
        except Exception as error:
            raise RuntimeError(
                f"Comparing\n\n{pair}\n\nresulted in the unexpected exception above."
            ) from error
    try:
        if found is not None:
            raise found
    finally:
        del found  # or the error, its traceback and this frame would keep each other, and the tensors, alive


def assert_allclose(actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
                    equal_nan: bool = True, msg: str = "") -> None:  # fmt: skip
    """`assert_close` as it was: looser, blind to dtypes, arrays beside tensors allowed. Deprecated.

    https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_allclose
    """
    __tracebackhide__ = True
    warnings.warn("`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release. "
                  "Please use `torch.testing.assert_close()` instead. You can find detailed upgrade instructions in "
                  "https://github.com/pytorch/pytorch/issues/61844.", FutureWarning, stacklevel=2)  # fmt: skip
    x = actual if isinstance(actual, Tensor) else tensor(actual)
    y = expected if isinstance(expected, Tensor) else tensor(expected, dtype=x.dtype)
    if rtol is None and atol is None:
        rtol, atol = loosest([x.dtype.name, y.dtype.name], LOOSER)
    assert_close(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)
