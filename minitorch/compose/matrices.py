"""Products of vectors and matrices, all through the batched matrix product."""

from __future__ import annotations

from typing import Any

from ..backend.dtype import of
from ..ops import contraction as ops
from ..ops.arithmetic import cast
from ..ops.contraction import matmul as product
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.kinds import agreeing, lacking
from ..ops.promotion import real
from ..ops.reduce import sum as total
from ..ops.shape import expand, reshape, select

_ROW, _COLUMN = (None, Ellipsis), (Ellipsis, None)


@public("(input, other, *, out=None)")
def matmul(input: Any, other: Any) -> Any:
    """The matrix product; vectors count as a row on the left and a column on the right, leading dimensions broadcast."""
    x, y = input._data.ndim, other._data.ndim
    if x == 0 or y == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {x}D and {y}D")
    if x >= 2 and y >= 2:
        return product(input, other)
    if x == 1 and y == 1:
        return dot(input, other)
    one, two = input._data, other._data
    if x + y == 3 and one.shape[-1] == two.shape[0] and one.dtype is two.dtype and one.dtype.kind != "b":
        return (ops.mv if y == 1 else ops.vm)(input, other)
    if x == 2 and y == 1:
        agreeing("addmv input tensors must have the same dtype, but got {1}, {0}, and {1}", input, other)
        if input._data.shape[1] != other._data.shape[0]:
            rows, columns = input._data.shape
            raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({other._data.shape[0]})")
        lacking("addmv_impl_cpu", "b", input)
        return ops.mv(input, other)
    if x == 1:
        return select(product(select(input, key=_ROW), other), key=(Ellipsis, 0, slice(None)))
    return select(product(input, select(other, key=_COLUMN)), key=(Ellipsis, 0))


@public("(input, mat2, *, out=None)")
def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices."""
    for name, tensor in (("self", input), ("mat2", mat2)):
        if tensor._data.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix")
    return product(input, mat2)


@public("(input, mat2, *, out=None)")
def bmm(input: Any, mat2: Any) -> Any:
    """The products of two batches of matrices."""
    for name, tensor in (("batch1", input), ("batch2", mat2)):
        if tensor._data.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    one, other = input._data.shape, mat2._data.shape
    if one[0] != other[0] or one[2] != other[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{one[0]}, {one[2]}] but got: "
            f"[{other[0]}, {other[1]}]."
        )
    return product(input, mat2)


@public("(input, vec, *, out=None)")
def mv(input: Any, vec: Any) -> Any:
    """A matrix times a vector."""
    size_of(input, 0)
    if input._data.ndim != 2 or vec._data.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input._data.ndim}, {vec._data.ndim}")
    return matmul(input, vec)


@public("(input, tensor, *, out=None)")
def dot(input: Any, tensor: Any) -> Any:
    """The sum of the products of two vectors."""
    if input._data.ndim != 1 or tensor._data.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input._data.ndim}D and {tensor._data.ndim}D tensors"
        )
    agreeing("dot : expected both vectors to have same dtype, but found {} and {}", input, tensor)
    if input._data.shape != tensor._data.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{input._data.shape[0]}] and src [{tensor._data.shape[0]}] to "
            f"have the same number of elements, but got {input._data.shape[0]} and {tensor._data.shape[0]} elements "
            "respectively"
        )
    return reshape(product(select(input, key=_ROW), select(tensor, key=_COLUMN)), shape=())


@public("(input, vec2, *, out=None)", aliases=("ger",))
def outer(input: Any, vec2: Any) -> Any:
    """All products of the elements of two vectors."""
    if input._data.ndim != 1 or vec2._data.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {input._data.ndim}-D")
    return select(input, key=_COLUMN) * vec2


def size_of(x: Any, dim: int) -> int:
    """The size of one dimension.

    Raises:
        IndexError: where there is none, in PyTorch's words.
    """
    shape: tuple[int, ...] = x._data.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return shape[one_dim(dim, len(shape))]


def one_dtype(input: Any, mat1: Any, mat2: Any) -> None:
    """Refuse a product to be added, or its factors, of another dtype.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    agreeing("self and mat2 must have the same dtype, but got {} and {}", input, mat2)
    agreeing("mat1 and mat2 must have the same dtype, but got {} and {}", mat1, mat2)


def added(input: Any, found: Any, beta: Any, alpha: Any) -> Any:
    """beta * input + alpha * found, input brought to the shape of found."""
    input = expand(input, shape=found._data.shape)
    found = found if alpha == 1 else found * _weight(alpha, found)
    return found if beta == 0 else (input if beta == 1 else input * _weight(beta, found)) + found


def summed(x: Any, dim: Any, keepdim: bool = False) -> Any:
    """Sums of products: integers keep their dtype, as in a matrix product."""
    found = total(x, dim=dim, keepdim=keepdim)
    return found if found._data.dtype == x._data.dtype else cast(found, dtype=x._data.dtype)


def _weight(factor: Any, model: Any) -> Any:
    """A factor of whole numbers is a whole number, and one of bools a bool, as in PyTorch."""
    if model._data.dtype.kind == "b":
        return bool(factor)
    if factor.__class__ is complex and model._data.dtype.kind != "c":
        factor = real(factor, of(model._data.dtype))
    return int(factor) if model._data.dtype.kind in "iu" and factor.__class__ is float else factor


@public("(input, mat1, mat2, *, beta=1, alpha=1, out=None)", inplace=True)
def addmm(input: Any, mat1: Any, mat2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (mat1 @ mat2)."""
    for name, tensor in (("mat1", mat1), ("mat2", mat2)):
        if tensor._data.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix, got {tensor._data.ndim}-D tensor")
    one_dtype(input, mat1, mat2)
    return added(input, mm(mat1, mat2), beta, alpha)


@public("(input)", method=True)
def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    from .shapes import diagonal

    if input._data.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input._data.ndim}")
    lacking("trace", "b", input)
    return total(diagonal(input))


@public("(equation, *operands)", method=False)
def einsum(equation: Any, *operands: Any) -> Any:
    """Sums of products in Einstein's notation, as permutations, reshapes and matrix products.

    The labels are a string first, or a list of numbers behind each operand (and one more for the result). More
    than two operands are contracted from left to right.
    """
    from .einsum import run, spelled

    if not isinstance(equation, str):
        if operands and all(label is Ellipsis or isinstance(label, int) for label in operands):  # one list, unpacked
            operands = (operands,)
        if not operands and equation._data.ndim:
            raise ValueError("einsum(): must specify the equation string and at least one operand, or at least one operand "
                             "and its subscripts list")  # fmt: skip
        equation, operands = spelled((equation, *(operands or ((),))))
    return run(equation, operands)
