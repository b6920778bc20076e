"""Products of vectors, matrices and tensors beyond the plain matrix product, each a few calls of it.

Sums with a product added (`addmm` and its relatives) are beta * input + alpha * product, input broadcast; beta = 0 means
that input is not looked at.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

from ..backend.dtype import FLOATING, int64, scalar_type
from ..backend.namespace import backend_of
from ..ops.arithmetic import cast, mul, pow_
from ..ops.complex import conj
from ..ops.contraction import matmul as product
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.kinds import EXPECTED, agreeing, c_name, lacking
from ..ops.promotion import common_dtype
from ..ops.reduce import sum as total
from ..ops.shape import cat, expand, expanded_shape, flip, permute, reshape, select
from .deprecated import deprecated
from .matrices import added, bmm, dot, matmul, mv, one_dtype, outer, size_of, summed
from .shapes import diagonal as diagonal_of
from .solvers import adjoint, floating, hung_on, identity_like

_FULL = slice(None)


def _conj(x: Any) -> Any:
    return conj(x) if x._data.dtype.kind == "c" else x


@public("(input, other, *, out=None)")
def vdot(input: Any, other: Any) -> Any:
    """The sum of the products of two vectors, the first conjugated."""
    return dot(_conj(input), other)


@public("(input, other, *, out=None)")
def inner(input: Any, other: Any) -> Any:
    """The sums of products over the last dimension of both; a product where one has no dimension."""
    x, y = input._data, other._data
    if not x.ndim or not y.ndim:
        return input * other
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(x.shape)} and {list(y.shape)}"
        )
    if x.ndim == y.ndim == 1:
        return dot(input, other)
    return tensordot(input, other, ([-1], [-1]))


@public("(x: tensor, y: tensor, *, dim=-1, out=None)", namespace="linalg")
def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """The sums of products along one dimension, x conjugated."""
    floating(x, "linalg.vecdot", low=False)
    agreeing("linalg.vecdot: Expected x and y to have the same dtype, but found x of type {} and y of type {} instead", x, y)
    if x._data.ndim == y._data.ndim == 1:
        return vdot(x, y)
    both = mul(_conj(x), y)
    return total(both, dim=one_dim(dim, both._data.ndim))


@public("(input, mat, vec, *, beta=1, alpha=1, out=None)", inplace=True)
def addmv(input: Any, mat: Any, vec: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (mat @ vec)."""
    a, b = mat._data.shape, vec._data.shape
    if len(a) != 2 or len(b) != 1 or input._data.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input._data.ndim}, {len(a)}, {len(b)}")
    if a[1] != b[0] and not input._data.ndim:
        size_of(input, 0)
    if a[1] != b[0] or (input._data.ndim and input._data.size not in (1, a[0])):
        raise RuntimeError(f"size mismatch, got input ({input._data.size}), mat ({a[0]}x{a[1]}), vec ({b[0]})")
    agreeing("addmv input tensors must have the same dtype, but got {}, {}, and {}", input, mat, vec)
    return added(input, mv(mat, vec), beta, alpha)


@public("(input, vec1, vec2, *, beta=1, alpha=1, out=None)", inplace=True)
def addr(input: Any, vec1: Any, vec2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (all products of the elements of two vectors)."""
    for name, x in (("vec1", vec1), ("vec2", vec2)):
        if x._data.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {x._data.ndim}-D")
    if common_dtype((input, vec1, vec2)).category < FLOATING and (isinstance(alpha, float) or isinstance(beta, float)):
        name = "alpha" if isinstance(alpha, float) else "beta"
        raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    return added(input, outer(vec1, vec2), beta, alpha)


@public("(input, batch1, batch2, *, beta=1, alpha=1, out=None)", inplace=True)
def baddbmm(input: Any, batch1: Any, batch2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (the products of two batches of matrices)."""
    shape = (size_of(batch1, 0), size_of(batch1, 1), size_of(batch2, 2))
    expanded_shape(input._data.shape, shape, scalar_type(input._data.dtype))
    if batch1._data.dtype == input._data.dtype:
        agreeing(EXPECTED, batch1, batch2)
    agreeing("Input dtypes must be the same, got: input {}, batch1: {}, batch2: {}", input, batch1, batch2, name=c_name)
    return added(input, bmm(batch1, batch2), beta, alpha)


@public("(input, batch1, batch2, *, beta=1, alpha=1, out=None)", inplace=True)
def addbmm(input: Any, batch1: Any, batch2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (the sum of the products of two batches of matrices)."""
    expanded_shape(input._data.shape, (size_of(batch1, 1), size_of(batch2, 2)), scalar_type(input._data.dtype))
    for name, batch in (("batch1", batch1), ("batch2", batch2)):
        if batch._data.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if batch1._data.ndim == batch2._data.ndim == 3:
        (count, rows, inner_), (other, height, columns) = batch1._data.shape, batch2._data.shape
        if count != other:
            raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {count} and {other}")
        if inner_ != height:
            raise RuntimeError(f"Incompatible matrix sizes for bmm ({rows}x{inner_} and {height}x{columns})")
    one_dtype(input, batch1, batch2)
    side = reshape(permute(batch1, dims=(1, 0, 2)), shape=(size_of(batch1, 1), batch1._data.shape[0] * batch1._data.shape[2]))
    return added(input, product(side, reshape(batch2, shape=(side._data.shape[1], batch2._data.shape[2]))), beta, alpha)


@public("(a: tensor, b: tensor, dims=2, *, out=None)", method=False)
def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The sums of products over several dimensions of both: the last of a and first of b, or two lists of them."""
    x, y = a._data.shape, b._data.shape
    if hasattr(dims, "_data"):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(len(x), len(y)):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (list(range(-dims, 0)), list(range(dims)))
    ones, others = ([d] if isinstance(d, int) else list(d) for d in dims)
    agreeing("both inputs should have same dtype", a, b)
    if len(ones) != len(others):
        raise RuntimeError("both dimension lists should have same length")
    for one, other in zip(ones, others, strict=True):
        size, width = size_of(a, one), size_of(b, other)
        if size != width and 1 not in (size, width):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {size} in dim {one} and second has size "
                f"{width} in dim {other}"
            )
    ones, others = [one_dim(d, len(x)) for d in ones], [one_dim(d, len(y)) for d in others]
    for one, other in zip(ones, others, strict=True):  # a dimension of size 1 meets a longer one
        if a._data.shape[one] != b._data.shape[other]:
            if a._data.shape[one] == 1:
                b = summed(b, dim=other, keepdim=True)
            else:
                a = summed(a, dim=one, keepdim=True)
    x, y = a._data.shape, b._data.shape
    left = [d for d in range(len(x)) if d not in ones]
    right = [d for d in range(len(y)) if d not in others]
    count = math.prod(x[d] for d in ones)
    rows, columns = [x[d] for d in left], [y[d] for d in right]
    first = reshape(permute(a, dims=(*left, *ones)), shape=(math.prod(rows), count))
    second = reshape(permute(b, dims=(*others, *right)), shape=(count, math.prod(columns)))
    return reshape(product(first, second), shape=(*rows, *columns))


@public("(input, other, *, out=None)")
def kron(input: Any, other: Any) -> Any:
    """The Kronecker product: each element of input times the whole of other."""
    ndim = max(input._data.ndim, other._data.ndim)
    x, y = ((1,) * (ndim - t._data.ndim) + t._data.shape for t in (input, other))
    one = reshape(input, shape=tuple(n for pair in zip(x, (1,) * ndim, strict=True) for n in pair))
    two = reshape(other, shape=tuple(n for pair in zip((1,) * ndim, y, strict=True) for n in pair))
    return reshape(mul(one, two), shape=tuple(n * m for n, m in zip(x, y, strict=True)))


def _order(sizes: Sequence[int]) -> Any:
    """Where to split a chain of products so that the fewest numbers are multiplied (Cormen et al., section 15.2)."""
    n = len(sizes) - 1
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            choices = [(cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i][j], split[i][j] = min(choices)
    return split


@public("(tensors, *, out=None)", namespace="linalg")
def multi_dot(tensors: Any) -> Any:
    """The product of two or more matrices in the order that takes the fewest multiplications; the ends may be vectors."""
    xs = list(tensors)
    if len(xs) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(xs)}")
    for place, x in enumerate(xs):
        ends = place in (0, len(xs) - 1)
        if x._data.ndim != 2 and not (ends and x._data.ndim == 1):
            wanted = "1D or 2D" if ends else "2D"
            raise RuntimeError(f"multi_dot(): tensor {place} must be {wanted} but got {x._data.ndim}D")
    row, column = xs[0]._data.ndim == 1, xs[-1]._data.ndim == 1
    if row:
        xs[0] = select(xs[0], key=(None, Ellipsis))
    if column:
        xs[-1] = select(xs[-1], key=(Ellipsis, None))
    for place, (one, other) in enumerate(itertools.pairwise(xs)):
        if one._data.shape[1] != other._data.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {place} and {place + 1} with shapes {list(tensors[place]._data.shape)} and "
                f"{list(tensors[place + 1]._data.shape)} cannot be multiplied"
            )
    split = _order([x._data.shape[0] for x in xs] + [xs[-1]._data.shape[1]])
    found = _between(xs, split, 0, len(xs) - 1)
    if row:
        found = select(found, key=(0,))
    return select(found, key=(Ellipsis, 0)) if column else found


def _between(xs: Any, split: Any, i: int, j: int) -> Any:
    """The product of xs[i] to xs[j]. (A function inside would be a cycle that keeps the tape alive.)"""
    if i == j:
        return xs[i]
    return product(_between(xs, split, i, split[i][j]), _between(xs, split, split[i][j] + 1, j))


@public("(*matrices, out=None)", method=False)
@deprecated("torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot "
            "instead, which accepts a list of two or more tensors rather than multiple parameters.")
def chain_matmul(*matrices: Any) -> Any:
    """The product of one or more matrices in the order that takes the fewest multiplications."""
    listed = matrices[0] if len(matrices) == 1 and isinstance(matrices[0], tuple | list) else matrices
    for x in listed:
        if x._data.ndim != 2:
            raise RuntimeError(f"chain_matmul(): expected 2D tensors, but got {x._data.ndim}D")
    return listed[0] if len(listed) == 1 else multi_dot(listed)


@public("(A: tensor, *, offset=0, dim1=-2, dim2=-1)", namespace="linalg", name="diagonal")
def matrix_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of the last two dimensions, as a view."""
    return diagonal_of(A, offset, dim1, dim2)


@public("(input, other, *, out=None)", namespace="linalg", name="matmul")
def linalg_matmul(input: Any, other: Any) -> Any:
    """The matrix product; vectors count as a row on the left and a column on the right."""
    return matmul(input, other)


# ---- cross products, Vandermonde, Householder ----------------------------------------------------------------------
def _cross(x: Any, y: Any, axis: int) -> Any:
    def part(t: Any, place: int) -> Any:
        return select(t, key=(*[_FULL] * axis, slice(place, place + 1)))

    a, b = ([part(t, place) for place in range(3)] for t in (x, y))
    return cat(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0], dim=axis)


@public("(input, other, *, dim=-1, out=None)", namespace="linalg", name="cross")
def vector_cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The cross products of vectors of three along one dimension."""
    lacking("cross", "b", input)
    if input._data.ndim != other._data.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = one_dim(dim, input._data.ndim)
    sizes = input._data.shape[axis], other._data.shape[axis]
    if sizes != (3, 3):
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and {sizes[1]}")
    agreeing(EXPECTED, input, other)
    return _cross(input, other, axis)


@public("(input, other, dim=None, *, out=None)")
def cross(input: Any, other: Any, dim: Any = None) -> Any:
    """The cross products of vectors of three along `dim`; without one, along the first dimension of size 3."""
    if dim is None:
        dim = next((d for d, n in enumerate(input._data.shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
        warnings.warn("Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim "
                      "explicitly or simply use torch.linalg.cross.\nThe default value of dim will change to agree with "
                      "that of linalg.cross in a future release.", UserWarning, stacklevel=3)  # fmt: skip
    return vector_cross(input, other, dim=dim)


def _powers(x: Any, count: int) -> Any:
    column = select(x, key=(Ellipsis, None))
    columns = [pow_(column, 0)]
    for _ in range(1, count):
        columns.append(columns[-1] * column)
    return cat(*columns[:count], dim=x._data.ndim) if count else select(column, key=(Ellipsis, slice(0, 0)))


@public("(x: tensor, *, N=None)", namespace="linalg", name="vander")
def powers(x: Any, *, N: Any = None) -> Any:
    """The powers 0 to N - 1 of each element along a new last dimension."""
    if x._data.dtype.kind == "b" or (x._data.dtype.itemsize == 2 and x._data.dtype.kind in "fV"):
        raise RuntimeError(
            f"linalg.vander supports floating point, complex, and integer tensors, but got {scalar_type(x._data.dtype)}"
        )
    x = reshape(x, shape=(1,)) if not x._data.ndim else x
    count = x._data.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    return _powers(cast(x, dtype="int64") if x._data.dtype.kind in "iu" else x, count)


@public("(x: tensor, N=None, increasing=False)", method=False)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """The powers N - 1 to 0 of each element of a vector, one row per element."""
    if x._data.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    if N is not None and N < 0:
        raise RuntimeError("N must be non-negative.")
    if x._data.dtype.kind in "iu":
        x = cast(x, dtype=int64.numpy)
    found = _powers(x, x._data.shape[-1] if N is None else N)
    return found if increasing else flip(found, dims=(1,))


@public("(input, tau: tensor, *, out=None)", namespace="linalg")
def householder_product(input: Any, tau: Any) -> Any:
    """The first columns of the product of reflections 1 - tau v v^H, v the columns of input below a diagonal of 1."""
    name = "torch.linalg.householder_product"
    if not tau._data.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    shape, count = input._data.shape, tau._data.shape[-1]
    if len(shape) < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if shape[-2] < shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if shape[-1] < count:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if len(tau._data.shape) != len(shape) - 1:
        raise RuntimeError(f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
                           f"{tau._data.ndim} and input.ndim is equal to {len(shape)}")  # fmt: skip
    if tau._data.shape[:-1] != shape[:-2]:
        raise RuntimeError(f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
                           f"{list(tau._data.shape[:-1])}")  # fmt: skip
    agreeing(name + ": tau dtype {1} does not match input dtype {0}", input, tau)
    lacking("orgqr_cpu", "b i float16 bfloat16", input)
    m, n = shape[-2:]
    one = identity_like(input, m)
    found = expand(select(one, key=(_FULL, slice(0, n))), shape=shape)
    for i in reversed(range(count)):
        v = reflector(input, one, i)
        factor = select(tau, key=(Ellipsis, slice(i, i + 1), None))
        found = found - factor * product(v, product(adjoint(v), found))
    return found if count else hung_on(found, input)


def reflector(packed: Any, one: Any, i: int) -> Any:
    """The vector of the i-th reflection, as a column; `one` the identity of its height."""
    below = select(packed, key=(Ellipsis, slice(i, i + 1)))
    return below * _after(packed, i) + select(one, key=(_FULL, slice(i, i + 1)))


def _after(model: Any, i: int) -> Any:
    """A column of ones below row i, of zeros above."""
    xp = backend_of(model._data)
    return model._wrap((xp.arange(model._data.shape[-2])[:, None] > i).astype(model._data.dtype))
