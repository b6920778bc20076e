"""Reverse mode: read the tape newest to oldest, pulling each gradient back to the parents.

`reverse` asks each node's op for the gradients of its inputs and adds them up where paths meet. On raw arrays it is a
plain backward. Given `dress`, the saved arrays come back as tracked tensors, the same rules record themselves, and the
gradients can be differentiated again. What the numbers are is the caller's affair: `settle` gives a gradient its
parent's shape and dtype, `visit` sees the gradients of leaves and of nodes with hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .node import FREED

FREED_TEXT = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access saved "
    "tensors after calling backward."
)


def reverse(
    order: list[Any],
    grads: dict[Any, Any],
    *,
    visit: Callable[[Any, Any], Any],
    settle: Callable[[Any, Any], Any] | None,
    dress: Callable[[Any], Any] | None = None,
    keep: bool = False,
    wanted: set[Any] | None = None,
    watched: Any = (),
) -> None:
    """Pull the gradients in `grads` (by node) through `order` (newest first).

    Args:
        visit: called with each leaf, hooked or watched node and its gradient; returns the gradient to go on with.
        settle: gives a gradient the shape and dtype of the node it is for; None where numbers have neither.
        dress: makes the saved values tracked again (create_graph).
        keep: keep the saved values for another backward.
        wanted: send gradients only to these nodes.
        watched: further nodes to visit.

    Raises:
        RuntimeError: where saved values were freed, or changed in place since.
    """
    take = grads.pop
    look = grads.get
    gx: Any
    before: Any
    for node in order:
        g = take(node, None)
        if g is None:
            continue
        if node.hooks is not None or node in watched:
            gx = before = None  # so that a gradient which nobody else holds is held here once
            g = visit(node, g)
        op = node.op
        if op is None:
            continue
        parents = node.parents
        if wanted is not None:
            parents = tuple([parent if parent in wanted else None for parent in parents])
            if not any(parents):
                continue  # asked for itself alone: it does not run, and keeps what it saved
        saved = node.saved
        if saved:
            if saved is FREED:
                raise RuntimeError(f"{FREED_TEXT} (the op is {op.name!r})")
            mark = node.mark
            for cell in node.cells:
                if cell is not None:
                    mark -= cell[0]
            if mark:
                raise RuntimeError(changed(node))
        for parent, gx in zip(parents, op.pull(node if dress is None else dress(node), g, parents), strict=False):
            if gx is None:
                continue
            if settle is not None and (gx.shape != parent.shape or gx.dtype is not parent.dtype):
                gx = settle(gx, parent)
            before = look(parent)
            grads[parent] = gx if before is None else before + gx
        if saved and not keep and op.frees:
            node.saved = FREED
            node.cells = ()


def check(node: Any) -> None:
    """Make sure that what a node saved is still there, and as it was.

    Raises:
        RuntimeError: where it was freed, or changed in place since.
    """
    if node.saved is FREED:
        raise RuntimeError(f"{FREED_TEXT} (the op is {node.op.name!r})")
    if node.saved and node.mark != sum(cell[0] for cell in node.cells if cell is not None):
        raise RuntimeError(changed(node))


def changed(node: Any) -> str:
    """What to say when an array that `node` saved was written in place afterwards."""
    described = node.op.describe_change(node)
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"{described}. Hint: write a clone instead, or move the in-place operation after the backward."
    )
