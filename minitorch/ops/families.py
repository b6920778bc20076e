"""The families of ops: what each shares, said once.

A family's decorator declares an op with the family's habits: how operands come to one dtype, whether half precision is
widened, how parameters such as `dim` are brought to one form. The laws draw operands by family and the pictures colour
by family.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .front import enter_op
from .op import TABLE, Op

Forward = Callable[..., Any]


def declare(family: str, signatures: tuple[str, ...], **declared: Any) -> Callable[[Forward], Op]:
    """Make an op of the forward below and enter it into the table."""

    def decorate(forward: Forward) -> Op:
        name = declared.pop("name", None) or forward.__name__.rstrip("_")
        op = Op(forward, name, family, signatures, **declared)
        if name in TABLE:
            raise ValueError(f"op {name!r} is declared twice")
        TABLE[name] = op
        enter_op(op)
        return op

    return decorate


def elementwise(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Acts on each element by itself, broadcasting its operands. `promotes="float"`: integers become floating."""
    return declare("elementwise", signatures, **{"promotes": "same", "widens": True} | declared)


def comparison(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Elementwise with a result that has no derivative (bool, mostly)."""
    return declare("comparison", signatures, **{"promotes": "same", "differentiable": False} | declared)


def reduction(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Takes dimensions away: `dim` None, an int or a tuple, brought to a tuple of non-negative ints."""
    return declare("reduction", signatures, **{"widens": True, "check": reduced_dims} | declared)


def scan(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Runs along one `dim`: each result is made of the elements up to its own."""
    return declare("scan", signatures, **{"widens": True, "check": checked_dim} | declared)


def movement(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Moves or selects elements without arithmetic; linear, and mostly a view."""
    return declare("movement", signatures, **{"linear": True} | declared)


def indexing(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Picks or places elements by computed positions."""
    return declare("indexing", signatures, **declared)


def contraction(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Sums products over shared dimensions; linear in each operand."""
    return declare("contraction", signatures, **{"multilinear": True, "widens": True} | declared)


def window(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Sliding windows: convolution, pooling and their adjoints."""
    return declare("window", signatures, **{"widens": True} | declared)


def factorization(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Dense linear algebra on the last two dimensions."""
    return declare("factorization", signatures, **declared)


def spectral(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """Fourier transforms."""
    return declare("spectral", signatures, **{"linear": True} | declared)


def fused(*signatures: str, **declared: Any) -> Callable[[Forward], Op]:
    """One node for what could be many: forward, joint rule, and the definition that says what it is."""
    return declare("fused", signatures, **{"widens": True} | declared)


# ---- dimensions ----------------------------------------------------------------------------------------------------
def one_dim(dim: Any, ndim: int) -> int:
    """A dimension as a non-negative int.

    Raises:
        IndexError: out of range, in PyTorch's words.
    """
    span = ndim or 1
    if dim.__class__ is not int:
        if not hasattr(dim, "__index__"):
            raise TypeError(f"argument 'dim' must be int, not {type(dim).__name__}")
        dim = dim.__index__()
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return int(dim) % span


def many_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """None, an int or a sequence of dimensions as a tuple of non-negative ints; None and () are all of them.

    Raises:
        RuntimeError: for a dimension named twice.
    """
    if dim is None:
        return tuple(range(ndim))
    if not isinstance(dim, tuple | list):
        dim = (dim,)
    if not dim:
        return tuple(range(ndim))
    dims = tuple(one_dim(d, ndim) for d in dim)
    if len(set(dims)) != len(dims):
        twice = next(d for d in dims if dims.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return dims if ndim else ()


_DIM_ONLY = {"dim": 0, "keepdim": 0}.keys()


def reduced_dims(datas: Any, params: dict[str, Any]) -> dict[str, Any]:
    """`dim` as a tuple and `keepdim` as a bool."""
    dim = params.get("dim")
    if dim.__class__ is int and params.keys() == _DIM_ONLY:
        ndim = datas[0].ndim
        if 0 <= dim < ndim:
            return {"dim": (dim,), "keepdim": params["keepdim"]}
    return params | {"dim": many_dims(params.get("dim"), datas[0].ndim), "keepdim": bool(params.get("keepdim", False))}


def checked_dim(datas: Any, params: dict[str, Any]) -> dict[str, Any]:
    """A single `dim`."""
    dim = params.get("dim")
    if dim.__class__ is int and 0 <= dim < datas[0].ndim:
        return params
    return params | {"dim": one_dim(params.get("dim", 0), datas[0].ndim)}
