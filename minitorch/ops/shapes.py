"""Shapes that must go together, and what to say where they do not."""

from __future__ import annotations

from typing import Any


def common_shape(shapes: Any) -> tuple[int, ...]:
    """The shape that all broadcast to.

    Raises:
        RuntimeError: in PyTorch's words, where they do not.
    """
    out: list[int] = []
    for shape in shapes:
        for place in range(1, len(shape) + 1):
            n = shape[-place]
            if place > len(out):
                out.insert(0, n)
            elif out[-place] == 1:
                out[-place] = n
            elif n not in (1, out[-place]):
                raise RuntimeError(
                    f"The size of tensor a ({out[-place]}) must match the size of tensor b ({n}) at non-singleton "
                    f"dimension {max(len(out), len(shape)) - place}"
                )
    return tuple(out)


def explain(op: Any, datas: Any, error: ValueError) -> Exception:
    """PyTorch's error in place of the array library's, where operands do not broadcast; else the error itself."""
    try:
        common_shape([data.shape for data in datas if hasattr(data, "shape")])
    except RuntimeError as refusal:
        shapes = [list(data.shape) for data in datas if hasattr(data, "shape")]
        return RuntimeError(f"{refusal} ({op.name!r} on shapes {shapes})")
    return error
