"""How near two vectors are: the cosine of their angle, and the p-distance of pairs.

https://docs.pytorch.org/docs/stable/nn.functional.html#distance-functions
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..ops.arithmetic import where
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.promotion import as_dtype, common_dtype
from ..ops.reduce import sum
from ..ops.shapes import common_shape
from .lengths import vector_norm

BOTH = ("nn.functional", "")


def _held(norm: Any, least: float) -> Any:
    """A length of at least `least`; the gradient passes as if it were not held, as PyTorch's does."""
    raw = norm.detach()
    return norm + where(raw < least, least - raw, 0)


@public("(x1: tensor, x2: tensor, dim=1, eps=1e-08)", namespaces=BOTH, method=False)
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between x1 and x2 along `dim`; no vector counts as shorter than `eps`.

    Raises:
        RuntimeError: for integers and complex numbers.
    """
    common = common_dtype((x1, x2))
    if common.category != dt.FLOATING:
        raise RuntimeError("expected common dtype to be floating point, yet common dtype is "
                           f"{dt.SCALAR_TYPES[common.name]}")  # fmt: skip
    axis = one_dim(dim, len(common_shape([x1._data.shape, x2._data.shape])))
    x1, x2 = (as_dtype(x, common) if x._data.dtype.kind in "biu" else x for x in (x1, x2))
    ndim = max(x1._data.ndim, x2._data.ndim)
    if x1._data.shape != x2._data.shape:
        shape = common_shape([x1._data.shape, x2._data.shape])
        x1, x2 = x1.expand(shape), x2.expand(shape)
    one, other = (x / _held(vector_norm(x, 2, axis, True), eps) for x in (x1, x2))
    return sum(one * other, dim=(axis,)) if ndim else one * other


@public("(x1: tensor, x2: tensor, p=2.0, eps=1e-06, keepdim=False)", namespaces=BOTH, method=False)
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The p-norm of x1 - x2 + eps along the last dimension."""
    return vector_norm(x1 - x2 + eps, p, -1, keepdim, name="norm()")
