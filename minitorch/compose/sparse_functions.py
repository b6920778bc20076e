"""What functions do where an operand is sparse: PyTorch's names, arguments and refusals.

`answers("mm")` enters a function as the sparse form of the public function of that name; operators and methods of sparse
tensors call the same ones. Each checks in PyTorch's words, hands the parts to compose/sparse_parts.py and puts the result
together again. Functions that are no sums of elements (sin, pow) first add up what stands in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend import dtype as dt
from ..ops.arithmetic import cast
from ..ops.front import PUBLIC
from ..ops.layouts import ANSWERS
from ..ops.shape import permute as transposed
from ..ops.shape import select
from . import sparse_parts as parts
from .matrices import added

_ROW, _COLUMN = (None, Ellipsis), (Ellipsis, None)
#: Functions of single elements that leave 0 at 0.
AT_ZERO = ("abs neg sin tan asin atan sinh tanh asinh atanh sqrt floor ceil round trunc sign sgn expm1 log1p erf erfinv "
           "relu isnan isinf isneginf isposinf deg2rad rad2deg square").split()  # fmt: skip


def answers(*names: str) -> Callable[[Any], Any]:
    """Enter a function as the sparse form of these public functions."""

    def enter(function: Any) -> Any:
        for name in names:
            ANSWERS[name] = function
        return function

    return enter


def refused(name: str, hint: str = "convert the sparse operands first, x.to_dense()") -> NotImplementedError:
    """The error for what sparse tensors cannot do."""
    return NotImplementedError(f"Could not run 'aten::{name}' with arguments from the 'Sparse' backend. This has no sparse "
                               f"form here. Hint: {hint}.")  # fmt: skip


def is_sparse(x: Any) -> bool:
    """Whether an operand is a sparse tensor."""
    return getattr(x, "is_sparse", False) is True


def coalesce(input: Any) -> Any:
    """The places sorted and each once, the values that meet in one added up; a sorted tensor itself."""
    if input._sorted:
        return input
    places, values = parts.merged(input._places, input._held, input._sizes)
    return input._with(places, values, input._sizes, True)


def to_dense(input: Any) -> Any:
    """The dense tensor of the same numbers."""
    return parts.dense_of(input._places, input._held, input._sizes)


# ---- element by element --------------------------------------------------------------------------------------------
def _by_element(name: str) -> Callable[..., Any]:
    def function(input: Any, inplace: bool = False, **options: Any) -> Any:
        if inplace:
            raise refused(f"{name}_")
        input = coalesce(input)
        return input._with(input._places, PUBLIC[""][name].function(input._held, **options), input._sizes, True)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{name}` of a sparse tensor, which adds up equal places first."
    return function


for _name in AT_ZERO:
    ANSWERS[_name] = _by_element(_name)


@answers("add")
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input + alpha * other: sparse with sparse, or dense with sparse."""
    if not is_sparse(other) or (is_sparse(input) and not is_sparse(other)):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if not is_sparse(input):
        return _added_to_dense(input, other, alpha)
    if input._sizes != other._sizes:
        raise RuntimeError(f"add: expected sizes of 'self' and 'other' to match, but {list(input._sizes)} != "
                           f"{list(other._sizes)}")  # fmt: skip
    if input.sparse_dim() != other.sparse_dim():
        raise RuntimeError("add: expected 'self' and 'other' to have same number of sparse dimensions, but they have "
                           f"{input.sparse_dim()} and {other.sparse_dim()}")  # fmt: skip
    ours, theirs = input._held, other._held if alpha == 1 else other._held * alpha
    if input._places is other._places:
        return input._with(input._places, ours + theirs, input._sizes, input._sorted)
    common = dt.promote_types(ours.dtype, theirs.dtype).numpy
    ours, theirs = (cast(v, dtype=common) if v._data.dtype != common else v for v in (ours, theirs))
    joined = parts.joined([(input._places, ours), (other._places, theirs)], 0, [0, 0])
    return input._with(*parts.merged(*joined, input._sizes), input._sizes, True)


def _added_to_dense(dense: Any, sparse: Any, alpha: Any) -> Any:
    shape = tuple(getattr(dense, "shape", ()))
    if shape != sparse._sizes:
        raise RuntimeError(f"add: expected 'self' and 'other' to have same size, but self has size {list(shape)} while "
                           f"other has size {list(sparse._sizes)} (FYI: dense-sparse addition does not currently support "
                           "broadcasting)")  # fmt: skip
    values = sparse._held if alpha == 1 else sparse._held * alpha
    common = dt.promote_types(dense.dtype, values.dtype).numpy
    dense, values = (cast(v, dtype=common) if v._data.dtype != common else v for v in (dense, values))
    return parts.added_to(dense, sparse._places, values)


@answers("sub", "subtract")
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input - alpha * other."""
    return add(input, other, alpha=-alpha)


@answers("mul", "multiply")
def mul(input: Any, other: Any) -> Any:
    """input * other: a number, a sparse tensor of the same shape, or a dense one that broadcasts to it."""
    if not is_sparse(input):
        input, other = other, input
    places, values, shape = input._places, input._held, input._sizes
    if is_sparse(other):
        if other._sizes != shape or other.sparse_dim() != input.sparse_dim():
            raise RuntimeError("mul(): expects sparse inputs with equal dimensionality, number of sparse dimensions, and "
                               f"shape of sparse dimensions, but got {list(shape)} and {list(other._sizes)}")  # fmt: skip
        if other._places is places and input._sorted:
            return input._with(places, values * other._held, shape, True)
        other = coalesce(other)
        return input._with(*parts.common(places, values, other._places, other._held, shape), shape, input._sorted)
    if hasattr(other, "shape") and len(other.shape):
        theirs = tuple(other.shape)
        if len(theirs) > len(shape) or any(n not in (1, m) for n, m in zip(theirs[::-1], shape[::-1], strict=False)):
            raise RuntimeError(f"mul(sparse, dense): the dense operand must broadcast to the shape of the sparse one, but "
                               f"got {list(shape)} and {list(theirs)}. Hint: x.to_dense() broadcasts.")  # fmt: skip
        other = parts.broadcast_at(other, places, shape)
    return input._with(places, values * other, shape, input._sorted)


@answers("div", "divide", "true_divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """input / other, a number or a dense tensor of one element and no dimension."""
    if is_sparse(other) or len(getattr(other, "shape", ())):
        raise RuntimeError("Sparse division requires a scalar or zero-dim dense tensor divisor (got shape "
                           f"{list(other.shape)} for divisor)")  # fmt: skip
    if rounding_mode is not None:
        input = coalesce(input)
    values = PUBLIC[""]["div"].function(input._held, other, rounding_mode=rounding_mode) if rounding_mode else \
        input._held / other  # fmt: skip
    return input._with(input._places, values, input._sizes, input._sorted)


@answers("floor_divide")
def floor_divide(input: Any, other: Any) -> Any:
    """The floor of input / other."""
    return div(input, other, rounding_mode="floor")


@answers("pow")
def pow_(input: Any, exponent: Any) -> Any:
    """input ** exponent, a number other than 0."""
    if not isinstance(exponent, int | float) or not is_sparse(input):
        raise refused("pow.Tensor_Tensor")
    if exponent == 0:
        raise RuntimeError("pow: cannot raise to zeroth power on sparse tensor; it would make the result tensor dense")
    input = coalesce(input)
    return input._with(input._places, input._held**exponent, input._sizes, True)


@answers("sparse_mask")
def sparse_mask(input: Any, mask: Any) -> Any:
    """The elements of input at the places of a sparse tensor, as a sparse tensor with those places."""
    if not is_sparse(mask):
        raise refused("sparse_mask", "the mask must be a sparse tensor, mask.to_sparse()")
    if tuple(input.shape) != mask._sizes:
        raise RuntimeError(f"sparse_mask(): operands have incompatible sizes; self has size {list(input.shape)} but mask "
                           f"has size {list(mask._sizes)}")  # fmt: skip
    if not is_sparse(input):
        return mask._with(mask._places, parts.values_at(input, mask._places, mask._sizes), mask._sizes, mask._sorted)
    if input.sparse_dim() != mask.sparse_dim():
        raise refused("sparse_mask")
    input = coalesce(input)
    values = parts.at_places_of(input._places, input._held, mask._places, input._sizes)
    return mask._with(mask._places, values, mask._sizes, mask._sorted)


# ---- products ------------------------------------------------------------------------------------------------------
def _check_product(input: Any, mat2: Any) -> None:
    """Two matrices that fit, of one dtype, of which one is sparse."""
    for x in (input, mat2):
        if is_sparse(x) and (x.sparse_dim() != 2 or x.dense_dim()):
            raise RuntimeError(f"addmm: matrices expected, got {x.sparse_dim()}D tensor with {x.dense_dim()} dense "
                               "dimensions")  # fmt: skip
    if input.dtype != mat2.dtype:
        one, other = (dt.scalar_type(x.dtype.numpy) for x in (input, mat2))
        raise RuntimeError(f"expected scalar type {one} but found {other}")
    if input.dtype == dt.bool_:
        raise NotImplementedError("\"addmm_sparse_dense\" not implemented for 'Bool'")
    if mat2.ndim != 2:
        raise IndexError(f"Dimension out of range (expected to be in range of [-1, 0], but got 1): both operands must be "
                         f"matrices, but they are {input.ndim}D and {mat2.ndim}D")  # fmt: skip
    if input.shape[1] != mat2.shape[0]:
        raise RuntimeError(f"addmm: Argument #3 (dense): Expected dim 0 size {input.shape[1]}, got {mat2.shape[0]}. The "
                           f"shapes {list(input.shape)} and {list(mat2.shape)} cannot be multiplied.")  # fmt: skip


@answers("mm")
def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices: sparse only where both are, else dense."""
    _check_product(input, mat2)
    if not is_sparse(mat2):
        return parts.times_matrix(input._places, input._held, input._sizes, mat2)
    if not is_sparse(input):
        return parts.matrix_times(input, mat2._places, mat2._held, mat2._sizes)
    found = parts.times_sparse(input._places, input._held, input._sizes, mat2._places, mat2._held, mat2._sizes)
    return input._with(*found, (input._sizes[0], mat2._sizes[1]), True)


@answers("mv")
def mv(input: Any, vec: Any) -> Any:
    """A sparse matrix times a dense vector."""
    if is_sparse(vec) or input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"mv: two tensor dim should be 2 and 1, but got SparseTensor Dim: {input.sparse_dim()} "
                           f"Tensor Dim: {vec.ndim}")  # fmt: skip
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(f"mv: expected self.size(-1) == vec.size(-1), but got {list(input.shape)} and "
                           f"{list(vec.shape)}")  # fmt: skip
    return select(mm(input, select(vec, key=_COLUMN)), key=(Ellipsis, 0))


@answers("bmm")
def bmm(input: Any, mat2: Any) -> Any:
    """A batch of sparse matrices (3 sparse dimensions) times a batch of dense ones."""
    if not is_sparse(input) or is_sparse(mat2):
        raise refused("bmm")
    if input.sparse_dim() != 3 or mat2.ndim != 3:
        raise RuntimeError(f"bmm_sparse: both operands must be 3D and the first without dense dimensions, but they have "
                           f"shapes {list(input.shape)} and {list(mat2.shape)}")  # fmt: skip
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError("bmm_sparse: 'self.size(0)' and 'mat2.size(0)' must match")
    if input.shape[2] != mat2.shape[1]:
        raise RuntimeError("bmm_sparse: 'self.size(2)' and 'mat2.size(1)' must match")
    if input.dtype != mat2.dtype:
        one, other = (dt.scalar_type(x.dtype.numpy) for x in (input, mat2))
        raise RuntimeError(f"expected scalar type {one} but found {other}")
    return parts.times_batch(input._places, input._held, input._sizes, mat2)


@answers("matmul")
def matmul(input: Any, other: Any) -> Any:
    """The product of matrices and vectors, of which at least one is sparse."""
    if input.ndim == 2 and other.ndim == 2:
        return mm(input, other)
    if input.ndim == 2 and other.ndim == 1:
        return mv(input, other)
    if input.ndim == 1 and other.ndim == 2 and not is_sparse(input):
        return select(mm(select(input, key=_ROW), other), key=(0,))
    raise refused("matmul", "batches of sparse matrices are multiplied by torch.bmm, other operands after x.to_dense()")


@answers("linear")
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """A sparse matrix times the transpose of a dense weight, plus bias."""
    if is_sparse(weight) or input.ndim != 2 or weight.ndim != 2:
        raise refused("linear")
    found = mm(input, transposed(weight, dims=(1, 0)))
    return found if bias is None else found + bias


@answers("addmm")
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (mat1 @ mat2), input dense."""
    if is_sparse(input) or is_sparse(mat2):
        raise refused("addmm")
    _check_product(mat1, mat2)
    return added(input, mm(mat1, mat2), beta, alpha)
