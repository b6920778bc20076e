"""Function: an op of the user's own, with its forward and backward written out.

`MyFunction.apply(...)` runs `forward` off the tape, then writes one node whose op is this one call (context.py): it
holds the ctx, and its `pull` hands the cotangents to `backward` as tensors. Results that share memory with an input are
views that refuse to be written, since their gradient cannot be rebuilt from a path.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..graph.modes import modes, packing, recording
from ..graph.node import Node
from ..ops.mutation import rebase, refuse_write
from ..ops.record import View, node_of, port_to
from .context import Call, FunctionCtx, described

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class Function:
    """Base class of ops with a forward and a backward of their own.

    Subclasses define static methods: `forward(ctx, *args)`, or `forward(*args)` with `setup_context(ctx, inputs,
    output)`; `backward(ctx, *grad_outputs)` (also called `vjp`), which returns one gradient or None per argument of
    forward; and, for forward mode, optionally `jvp(ctx, *tangents)`. They are used through `apply`. Written with tensor
    operations, `backward` can itself be differentiated.
    https://docs.pytorch.org/docs/stable/notes/extending.html

    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x * x
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.", DeprecationWarning, stacklevel=2)  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. "
            "(Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the results; nothing inside is recorded."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save for backward what it needs, where `forward` takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient of each input of forward (None: none), given those of the results."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangent of each result, given those of the inputs."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @classmethod
    def _gradient_function(cls) -> Callable[..., Any]:
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.vjp

    @classmethod
    def _has_jvp(cls) -> bool:
        return cls.jvp is not Function.jvp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` on the arguments and record this call. Gradients flow to the tensors among `args`.

        Raises:
            RuntimeError: for what is marked dirty but may not be written, or is not returned.
            TypeError: for something other than tensors in `save_for_backward`.
        """
        separate = cls.setup_context is not Function.setup_context
        if separate:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        elif kwargs:
            bound = inspect.signature(cls.forward).bind(None, *args, **kwargs)
            args, kwargs = bound.args[1:], bound.kwargs
        if any(isinstance(value, Tensor) and value.requires_grad for value in kwargs.values()):
            raise TypeError(f"{cls.__name__}.apply() takes tensors that require grad by position, not by keyword only")
        ctx: Any = FunctionCtx()
        nodes = [node_of(arg) if isinstance(arg, Tensor) else None for arg in args]
        ctx.needs_input_grad = tuple(node is not None for node in nodes)
        ctx._inputs = described(args)
        before, modes.grad = modes.grad, False
        try:
            if separate:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
        finally:
            modes.grad = before
        outputs = tuple(output) if isinstance(output, tuple | list) else (output,)
        recorded = before and any(ctx.needs_input_grad)
        results = _record(cls, ctx, args, nodes, outputs, recorded)
        if not isinstance(output, tuple | list):
            return results[0]
        return output.__class__(*results) if hasattr(output, "_fields") else output.__class__(results)


def _record(cls: type[Function], ctx: Any, args: Any, nodes: Any, outputs: Any, recorded: bool) -> tuple[Any, ...]:
    """Give the results their node."""
    _check_marks(ctx, args, outputs, recorded)
    arguments = {id(arg) for arg in args}
    dirty = {id(tensor) for tensor in ctx._dirty}
    still = {id(tensor) for tensor in ctx._non_differentiable}
    ctx._dirty = ctx._non_differentiable = ()  # marks are done with, and would be reference cycles
    # An input that comes back as it was becomes a view of it, so that there is a tensor to hold the node.
    results = tuple(_alias(out, cls.__name__) if isinstance(out, Tensor) and id(out) in arguments - dirty else out
                    for out in outputs)  # fmt: skip
    moving = [isinstance(out, Tensor) and out._data.dtype.kind in "fcV" and id(given) not in still
              for out, given in zip(results, outputs, strict=True)]  # fmt: skip
    if not recorded or not any(moving):
        return results
    op = Call(cls, ctx, results)
    saved, cells, mark = op.save(ctx, args, nodes, results)
    alone = results[0]._data if len(results) == 1 else None
    node = Node(op, {}, tuple(nodes), saved, cells, mark, getattr(alone, "shape", None), getattr(alone, "dtype", None))
    if recording:
        node.note = recording[-1](node, args, results)
    if packing:
        packing[-1](node, args)
    ctx._node = weakref.ref(node)
    for index, (out, moves) in enumerate(zip(results, moving, strict=True)):
        if not isinstance(out, Tensor):
            continue
        own = (node if alone is not None else port_to(node, index, out._data)) if moves else None
        if id(out) in dirty:
            rebase(out, own)
            continue
        out._node = own
        if out._view is not None and moves:
            out._view.path, out._view.refusal = None, cls.__name__
    return results


def _check_marks(ctx: Any, args: Any, outputs: Any, recorded: bool) -> None:
    for place, tensor in enumerate(ctx._to_save):
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {place} is of type {type(tensor).__name__}"
            )
    for tensor in ctx._dirty:
        if not any(tensor is out for out in outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
        if recorded:
            node = node_of(tensor)
            if node is not None and node.op is None and tensor._view is None:
                raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
            refuse_write(tensor, True)


def _alias(tensor: Tensor, name: str) -> Tensor:
    """The same memory as a view that refuses to be written, since its gradient is the Function's affair."""
    alias = Tensor._wrap(tensor._data, None, tensor._cell)
    alias._cell = tensor._cell
    alias._view = View(tensor if tensor._view is None else tensor._view.base, None, name)
    return alias


class DelayedError:
    """The pseudo-op that raises when a gradient reaches it."""

    name = symbol = "DelayedError"
    family = "port"

    @staticmethod
    def pull(node: Any, g: Any, parents: Any) -> Any:
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a `backward` that cannot itself be differentiated: trying to raises, instead of being silently wrong."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        before, modes.grad = modes.grad, False
        try:
            outputs = fn(ctx, *args)
        finally:
            modes.grad = before
        if not before:
            return outputs
        used = (*args, *ctx.saved_tensors)
        nodes = tuple(node_of(tensor) for tensor in used if isinstance(tensor, Tensor) and tensor.requires_grad)
        if not nodes:
            return outputs
        marked = tuple(_refusing(out, nodes) for out in (outputs if isinstance(outputs, tuple) else (outputs,)))
        return marked if isinstance(outputs, tuple) else marked[0]

    return wrapper


def _refusing(out: Any, nodes: tuple[Any, ...]) -> Any:
    if not isinstance(out, Tensor):
        return out
    node = Node(DelayedError, {}, nodes, (), (), 0, out._data.shape, out._data.dtype)
    return Tensor._wrap(out._data, node, out._cell)
