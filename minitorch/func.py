"""Functions of functions: a module as a function of its parameters, and derivatives as functions.

A transform runs the function on tensors of its own and reads the tape. What the result depends on outside the transform,
an enclosing one included, stays recorded, so that transforms may be nested. https://docs.pytorch.org/docs/stable/func.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._tensor import Tensor
from .autograd.functional import _basis, _filled, _push
from .batching import vmap
from .compose.shapes import stack
from .graph.modes import enable_grad, modes, set_grad_enabled
from .graph.walk import newest_first
from .nn.module import Module
from .nn.utils.stateless import _functional_call
from .ops.backward import gradients
from .ops.record import node_of
from .trees import filled, leaves, mapped
from .trees import shape as tree_shape
from .trees import text as tree_text

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
           "stack_module_state", "vjp", "vmap"]  # fmt: skip

#: What PyTorch has here and minitorch has not, and what to write instead.
_ABSENT = {
    "functionalize": "functions run as they are",
}


def __getattr__(name: str) -> Any:
    hint = f" yet. Hint: {_ABSENT[name]}" if name in _ABSENT else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


# ---- modules -------------------------------------------------------------------------------------------------------
def functional_call(module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: dict[str, Any] | None = None, *,
                    tie_weights: bool = True, strict: bool = False) -> Any:  # fmt: skip
    """Call a module with the given tensors in the places of its own.

    Args:
        module: the module; it is left as it was.
        parameter_and_buffer_dicts: tensors by dotted name, or several such dicts; what the call writes goes into them.
        args, kwargs: of the call; something that is no tuple is the only argument.
        tie_weights: a tied tensor is replaced in all its places.
        strict: refuse missing and unknown names.

    Raises:
        ValueError: for no dict, or a name in several of them.
        RuntimeError: with `strict`, listing the names.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
    """
    given = parameter_and_buffer_dicts
    if not isinstance(given, dict):
        if not isinstance(given, Sequence):
            raise ValueError(f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(given)}")
        if not all(isinstance(one, dict) for one in given):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        keys = [key for one in given for key in one]
        repeated = [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
        if repeated:
            raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        given = {key: value for one in given for key, value in one.items()}
    return _functional_call(module, given, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and buffers of several modules of one kind, each stacked along a new first dimension, as leaves.

    Raises:
        RuntimeError: for no module, or for several kinds or modes.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({model.training for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def stacked(named: list[dict[str, Any]]) -> dict[str, Any]:
        return {name: _stacked_leaf([one[name] for one in named], name) for name in named[0]}

    return (stacked([dict(model.named_parameters()) for model in models]),
            stacked([dict(model.named_buffers()) for model in models]))  # fmt: skip


def _stacked_leaf(tensors: list[Any], name: str) -> Any:
    asking = {tensor.requires_grad for tensor in tensors}
    if len(asking) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    made: Any = stack(tensors)
    return made.detach().requires_grad_() if asking == {True} else made


# ---- the start and the end of a transform --------------------------------------------------------------------------
def _started(tree: Any) -> Any:
    """Tensors of the transform's own; those that are recorded outside stay on that tape."""

    def start(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        return leaf.view_as(leaf) if leaf.requires_grad else leaf.detach().requires_grad_()

    return mapped(start, tree)


def _reaches_out(outputs: list[Any], own: list[Any]) -> bool:
    """Whether the outputs depend on a leaf that the transform did not make."""
    roots = [node for node in map(node_of, outputs) if node is not None]
    mine = {node_of(tensor) for tensor in own}
    return any(node.op is None and node not in mine for node in newest_first(roots))


def _ended(tree: Any, recorded: bool) -> Any:
    return tree if recorded else mapped(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, tree)


def _called(func: Callable[..., Any], args: Any, kwargs: Any, has_aux: bool, who: str) -> tuple[Any, Any]:
    found = func(*args, **kwargs)
    if not has_aux:
        return found, None
    if not (isinstance(found, tuple) and len(found) == 2):
        raise RuntimeError(f"{who}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return found


def _pulled(outputs: list[Any], inputs: list[Any], seeds: list[Any], recorded: bool) -> list[Any]:
    pairs = [(out, seed) for out, seed in zip(outputs, seeds, strict=True) if out.requires_grad]
    found: Sequence[Any] = [None] * len(inputs)
    if pairs:
        ends, starts = [out for out, _ in pairs], [seed for _, seed in pairs]
        found = gradients(ends, inputs, starts, True, recorded, allow_unused=True)
    return [_filled(one, 0) if g is None else g for g, one in zip(found, inputs, strict=True)]


def _chosen(args: tuple[Any, ...], argnums: int | tuple[int, ...]) -> tuple[list[Any], Any]:
    """The arguments, those at `argnums` as tensors of the transform's own, and these alone."""
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not -len(args) <= place < len(args) for place in places):
        raise RuntimeError(f"Got argnum={argnums}, but only {len(args)} positional inputs")
    places = [place % len(args) for place in places]
    started = [_started(arg) if place in places else arg for place, arg in enumerate(args)]
    return started, started[places[0]] if isinstance(argnums, int) else tuple(started[place] for place in places)


# ---- derivatives ---------------------------------------------------------------------------------------------------
def grad_and_value(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `func` and its value (with `has_aux`: and what else it returned).

    Args:
        func: returns a 0-dim tensor, with `has_aux` a pair of it and anything.
        argnums: with respect to which arguments, which may be nests of tensors.

    Raises:
        RuntimeError: where `func` returns something else.
    """
    who = "grad_and_value(f)(*args)"

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outside = modes.grad
        with enable_grad():
            started, chosen = _chosen(args, argnums)
            value, aux = _called(func, started, kwargs, has_aux, who)
            if not isinstance(value, Tensor):
                raise RuntimeError(f"{who}: Expected f(*args) to return a Tensor, got {type(value)}")
            if value.dim() != 0:
                raise RuntimeError(f"{who}: Expected f(*args) to return a scalar Tensor, got tensor with {value.dim()} dims. "
                                   "Maybe you wanted to use the vjp or jacrev APIs instead?")  # fmt: skip
            own = leaves(chosen)
            recorded = outside and _reaches_out([value], own)
            found = iter(_pulled([value], own, [_filled(value, 1)], recorded))
        with set_grad_enabled(outside):
            slopes = _ended(filled(chosen, found), recorded)
            value, aux = _ended(value, recorded), _ended(aux, recorded)
        return (slopes, (value, aux)) if has_aux else (slopes, value)

    return wrapper


def grad(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `func`, with `has_aux` a pair of it and what else `func` returned.

    Args:
        func: returns a 0-dim tensor, with `has_aux` a pair of it and anything.
        argnums: with respect to which arguments, which may be nests of tensors.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html
    """
    both = grad_and_value(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        slopes, value = both(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return wrapper


def _checked(tensors: list[Any], who: str) -> None:
    if not tensors:
        raise RuntimeError(f"{who}: Expected f to be a function that has non-empty output (got output = [])")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise RuntimeError(f"{who}: expected f(*primals) to return only tensors, got unsupported type {type(tensor)}")


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """`func(*primals)`, and a function from cotangents of its outputs to those of the primals (a tuple, one per primal).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.vjp.html
    """
    who = "vjp(f, *primals)"
    outside = modes.grad
    with enable_grad():
        started = _started(primals)
        results, aux = _called(func, started, {}, has_aux, who)
        flat, own = leaves(results), leaves(started)
        _checked(flat, who)
        for out in flat:
            if not (out.is_floating_point() or out.is_complex()):
                raise RuntimeError("vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with "
                                   f"dtype {out.dtype}")  # fmt: skip
        recorded = outside and _reaches_out(flat, own)

    def pull(cotangents: Any) -> Any:
        if tree_shape(cotangents) != tree_shape(results):
            raise RuntimeError("Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                               f"function. cotangents: {tree_text(cotangents)}, primal output: {tree_text(results)}")  # fmt: skip
        seeds = leaves(cotangents)
        again = modes.grad and (recorded or any(seed.requires_grad for seed in seeds))
        found = iter(_ended(_pulled(flat, own, seeds, again), again))
        return filled(started, found)

    out = _ended(results, recorded)
    return (out, pull, _ended(aux, recorded)) if has_aux else (out, pull)


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """`func(*primals)`, and how its outputs move when the primals move along `tangents`, by forward mode.

    Args:
        func: returns a nest of tensors, with `has_aux` a pair of it and anything.
        primals, tangents: tuples of the same structure.
        strict: refuse an output that does not depend on the primals, instead of zeros.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html
    """
    who = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{who}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    if tree_shape(primals) != tree_shape(tangents):
        raise RuntimeError(f"{who}: Expected primals and tangents to have the same python structure. For example, if primals is "
                           "a tuple of 3 tensors, tangents also must be. Got primals with structure "
                           f"{tree_text(primals)} and tangents with structure {tree_text(tangents)}")  # fmt: skip
    outside = modes.grad
    with enable_grad():
        started = _started(primals)
        results, aux = _called(func, started, {}, has_aux, who)
        flat, own, moves = leaves(results), leaves(started), leaves(tangents)
        _checked(flat, who)
        recorded = outside and (_reaches_out(flat, own) or any(move.requires_grad for move in moves))
    with set_grad_enabled(recorded):
        pushed = _push(tuple(flat), tuple(own), tuple(moves))
        if strict and any(tangent is None for tangent in pushed):
            raise RuntimeError("jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is "
                               "not allowed with strict=True.")  # fmt: skip
        moved = iter([_filled(out, 0) if tangent is None else tangent for out, tangent in zip(flat, pushed, strict=True)])
        out, along = _ended(results, recorded), _ended(filled(results, moved), recorded)
    return (out, along, _ended(aux, recorded)) if has_aux else (out, along)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """`func(*primals)`, and the function that pushes tangents of the primals through what was recorded, again and again.

    Raises:
        RuntimeError: for tangents of another structure, shape or dtype than the primals.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.func.linearize.html
    """
    outside = modes.grad
    with enable_grad():
        started = _started(primals)
        results = func(*started)
        flat, own = leaves(results), leaves(started)
        _checked(flat, "linearize(f, *primals)")
        recorded = outside and _reaches_out(flat, own)

    def along(*tangents: Any) -> Any:
        if tree_shape(tangents) != tree_shape(primals):
            raise RuntimeError(f"Expected the tangents {tree_text(tangents)} to have the same argspec as the primals "
                               f"{tree_text(primals)}")  # fmt: skip
        moves = leaves(tangents)
        for place, (move, one) in enumerate(zip(moves, own, strict=True)):
            for what in ("shape", "device", "dtype"):
                have, want = getattr(move, what), getattr(one, what)
                if have != want:
                    raise RuntimeError(f"tangent:{place} with {what} {have} in flattened pytree doesn't match the {what} "
                                       f"{want} of the corresponding primal.")  # fmt: skip
        again = modes.grad and (recorded or any(move.requires_grad for move in moves))
        with set_grad_enabled(again):
            pushed = iter(_push(tuple(flat), tuple(own), tuple(moves)))
            made = [_filled(out, 0) if tangent is None else tangent for out, tangent in zip(flat, pushed, strict=True)]
            found = iter(made)
            return _ended(filled(results, found), again)

    return _ended(results, recorded), along


# ---- matrices ------------------------------------------------------------------------------------------------------
def jacrev(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False, chunk_size: int | None = None
           ) -> Callable[..., Any]:  # fmt: skip
    """A function that returns all derivatives of all outputs of `func`, by one backward per element of the outputs.

    Args:
        func: returns a nest of tensors, with `has_aux` a pair of it and anything.
        argnums: with respect to which arguments, which may be nests of tensors.
        chunk_size: has no meaning here: rows are computed one by one.

    Returns:
        For each output a nest like the arguments, of tensors of shape `(*output.shape, *argument.shape)`.
    """

    def rows(out: Any, own: list[Any], recorded: bool) -> list[Any]:
        found = [_pulled([out], own, [seed], recorded) for seed in _basis(out)]
        return [_joined([row[place] for row in found], out, one, 0) for place, one in enumerate(own)]

    return _matrices(func, argnums, has_aux, rows, "jacrev(f, *args)")


def jacfwd(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *, chunk_size: int | None = None,
           randomness: str = "error") -> Callable[..., Any]:  # fmt: skip
    """As `jacrev`, by one push in forward mode per element of the arguments."""

    def columns(out: Any, own: list[Any], recorded: bool) -> list[Any]:
        made = []
        for one in own:
            found = [_push((out,), (one,), (seed,))[0] for seed in _basis(one)]
            made.append(_joined([_filled(out, 0) if column is None else column for column in found], out, one, -1))
        return made

    return _matrices(func, argnums, has_aux, columns, "jacfwd(f, *args)")


def hessian(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns all second derivatives: forward mode over reverse mode."""
    return jacfwd(jacrev(func, argnums), argnums)


def _joined(parts: list[Any], out: Any, one: Any, dim: int) -> Any:
    shape = (*out.shape, *one.shape)
    return stack(parts, dim).reshape(*shape) if parts else out.new_zeros(shape)


def _matrices(func: Callable[..., Any], argnums: Any, has_aux: bool, compute: Callable[..., list[Any]], who: str
              ) -> Callable[..., Any]:  # fmt: skip
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outside = modes.grad
        with enable_grad():
            started, chosen = _chosen(args, argnums)
            results, aux = _called(func, started, kwargs, has_aux, who)
            flat, own = leaves(results), leaves(chosen)
            _checked(flat, who)
            recorded = outside and _reaches_out(flat, own)
        with set_grad_enabled(recorded):

            def matrix(out: Any) -> Any:
                found = iter(_ended(compute(out, own, recorded), recorded))
                return filled(chosen, found)

            made = mapped(matrix, results)
        return (made, _ended(aux, recorded)) if has_aux else made

    return wrapper
