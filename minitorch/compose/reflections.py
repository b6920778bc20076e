"""Householder reflections as LAPACK packs them: column i of a matrix holds, below a 1 on its diagonal, the vector v of
the reflection 1 - tau v v^H.
"""

from __future__ import annotations

from typing import Any

from ..ops.contraction import matmul as product
from ..ops.families import factorization
from ..ops.front import public
from ..ops.kinds import agreeing, lacking
from ..ops.shape import select
from . import return_types as returns
from .products import householder_product, reflector
from .solvers import adjoint, identity_like


@factorization(results="a tau", differentiable=False)
def packed_qr(xp, x):
    """The QR decomposition in packed form: R, the reflections below it, and their factors."""
    count = min(x.shape[-2:])
    if not x.size:
        return x.copy(), xp.zeros((*x.shape[:-2], count), dtype=x.dtype)
    pieces, factors = [], []
    for matrix in x.reshape(-1, *x.shape[-2:]):  # each by itself: one library packs no stack
        turned, tau = xp.linalg.qr(matrix, mode="raw")
        pieces.append(turned.T)
        factors.append(tau)
    return xp.stack(pieces).reshape(x.shape), xp.stack(factors).reshape(*x.shape[:-2], count)


@public("(input, *, out=None)")
def geqrf(input: Any) -> Any:
    """R above and reflections below the diagonal, and the reflections' factors; see `orgqr` and `ormqr`.

    Raises:
        RuntimeError: for fewer than two dimensions.
    """
    if input._data.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    lacking("geqrf_cpu", "b i float16 bfloat16", input)
    return returns.geqrf(*packed_qr(input))


@public("(input, input2: tensor, *, out=None)")
def orgqr(input: Any, input2: Any) -> Any:
    """`linalg.householder_product` under LAPACK's name."""
    return householder_product(input, input2)


@public("(input, input2: tensor, input3: tensor, left=True, transpose=False, *, out=None)")
def ormqr(input: Any, input2: Any, input3: Any, left: bool = True, transpose: bool = False) -> Any:
    """The product of Q, which the reflections of input make, and input3: Q C, Q^H C, C Q or C Q^H.

    Raises:
        RuntimeError: for operands that do not fit.
    """
    shape, other, count = input._data.shape, input3._data.shape, input2._data.shape[-1] if input2._data.ndim else 0
    if len(shape) < 2 or len(other) < 2:
        which = "input" if len(shape) < 2 else "other"
        raise RuntimeError(f"torch.ormqr: {which} must have at least 2 dimensions.")
    side = -2 if left else -1
    if not input2._data.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    if other[side] < count:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other[side] != shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if count != min(other[side], shape[-1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    for name, tensor, less in (("tau", input2, 1), ("other", input3, 0)):
        if tensor._data.ndim != len(shape) - less:
            wanted = "one dimension less than" if less else "the same number of dimensions as"
            raise RuntimeError(f"torch.ormqr: Expected {name} to have {wanted} input, but got {name}.ndim equal to "
                               f"{tensor._data.ndim} and input.ndim is equal to {len(shape)}")  # fmt: skip
        if tensor._data.shape[: len(shape) - 2] != shape[:-2]:
            raise RuntimeError(f"torch.ormqr: Expected batch dimensions of {name} to be equal to input.shape[:-2], but got "
                               f"{list(tensor._data.shape[: len(shape) - 2])}")  # fmt: skip
        agreeing(f"torch.ormqr: Expected input and {name} to have the same dtype, but input has dtype{{}} and {name} has "
                 "dtype {}", input, tensor)  # fmt: skip
    lacking("ormqr_cpu", "b i float16 bfloat16", input)
    one = identity_like(input, shape[-2])
    found = input3
    for i in range(count) if left == transpose else reversed(range(count)):
        v = reflector(input, one, i)
        factor = select(input2, key=(Ellipsis, slice(i, i + 1), None))
        factor = adjoint(factor) if transpose else factor
        found = found - (factor * product(v, product(adjoint(v), found)) if left else
                         factor * product(product(found, v), adjoint(v)))  # fmt: skip
    return found
