"""The text of a sparse tensor, `tensor(indices=..., values=..., size=..., nnz=...)`, letter for letter PyTorch's."""

from __future__ import annotations

from typing import Any

from ._tensor_repr import format_array, get_printoptions
from .backend import dtype as dt
from .backend.namespace import backend_of


def format_sparse(tensor: Any) -> str:
    """What `repr` of a sparse tensor says."""
    start = "tensor("
    indent = len(start)
    parts = []
    for name, held in (("indices", tensor._places), ("values", tensor._held)):
        opening = f"{name}=tensor("
        text = format_array(backend_of(held._data).to_host(held._data), indent + len(opening))
        empty = "" if held._data.size else f", size={tuple(held._data.shape)}"
        parts.append(f"{opening}{text}{empty})")
    suffixes = [f"device='{tensor.device}'"] if tensor.device.type != "cpu" else []
    suffixes += [f"size={tensor._sizes}", f"nnz={tensor._nnz()}"]
    if tensor.dtype not in (dt.default(), dt.default().to_complex(), dt.int64, dt.bool_):
        suffixes.append(f"dtype={tensor.dtype}")
    suffixes.append(f"layout={tensor.layout}")
    grad_fn = tensor.grad_fn
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn.name()}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    pieces, column = [start + (",\n" + " " * indent).join(parts)], get_printoptions()["linewidth"]
    for suffix in suffixes:  # the first one always starts a line
        if column + len(suffix) + 2 > get_printoptions()["linewidth"]:
            pieces.append(",\n" + " " * indent + suffix)
            column = indent + len(suffix)
        else:
            pieces.append(", " + suffix)
            column += len(suffix) + 2
    return "".join(pieces) + ")"
