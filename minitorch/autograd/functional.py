"""Products with Jacobians and Hessians of a function, and these matrices whole.

The function is run once on fresh tensors and its tape is read: newest to oldest for vjp, oldest to newest for jvp, and
for hvp oldest to newest through the tape of a backward. jacobian reads it once per output element (or, in forward mode,
per input element). https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._tensor import Tensor
from ..backend.namespace import backend_of
from ..compose.shapes import stack
from ..graph.forward import forward
from ..graph.modes import enable_grad, modes, set_grad_enabled
from ..graph.walk import newest_first
from ..ops.backward import gradients
from ..ops.edge import Dresser
from ..ops.record import node_of

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Any, ...]


# ---- arguments -----------------------------------------------------------------------------------------------------
def _as_tuple(given: Any, name: str, function: str) -> tuple[bool, Tensors]:
    """Whether a tuple was given, and the tensors as one.

    Raises:
        TypeError: for anything that is no tensor.
    """
    several = isinstance(given, tuple)
    listed = given if several else (given,)
    for place, tensor in enumerate(listed):
        if not isinstance(tensor, Tensor):
            which = f"value at index {place}" if several else f"given {name}"
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the {which} has "
                f"type {type(tensor)}."
            )
    return several, listed


def _fresh(tensors: Tensors, create_graph: bool, need_graph: bool) -> Tensors:
    """New tensors for the function to run on, so that only what comes in by its arguments counts as an argument."""
    return tuple(t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(need_graph)
                 for t in tensors)  # fmt: skip


def _released(tensors: Tensors, create_graph: bool) -> Tensors:
    return tensors if create_graph else tuple(t.detach() for t in tensors)


def _vector(v: Any, like: Tensors, several: bool, function: str, create_graph: bool, missing: str) -> Tensors:
    """The vector of a product, checked against the tensors that it must be like; ones for a single number.

    Raises:
        RuntimeError: where the lengths or sizes differ, or it is needed and missing.
    """
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            raise RuntimeError(missing)
        return (_filled(like[0], 1),)
    _, vectors = _as_tuple(v, "v", function)
    vectors = _fresh(vectors, create_graph, False)
    if len(vectors) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vectors)}." if several else
            "The given v should contain a single Tensor."
        )  # fmt: skip
    for place, (vector, other) in enumerate(zip(vectors, like, strict=True)):
        if vector.shape != other.shape:
            where = f"Entry {place} in " if several else ""
            raise RuntimeError(f"{where}v has invalid size: should be {other.shape} but got {vector.shape}.")
    return vectors


NO_INPUT_VECTOR = (
    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
)
NO_OUTPUT_VECTOR = (
    "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
)


def _filled(like: Tensor, number: int) -> Tensor:
    return Tensor._wrap(backend_of(like._data).full(like._data.shape, number, dtype=like._data.dtype))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RuntimeError(message)


def _check_outputs(outputs: Tensors, strict: bool) -> None:
    for place, out in enumerate(outputs):
        _require(not strict or out.requires_grad, (
            f"Output {place} of the user-provided function does not require gradients. The outputs must be computed in "
            "a differentiable manner from the input when running in strict mode."
        ))  # fmt: skip


def _check_jacobian(jac: Sequence[Any], strict: bool) -> None:
    for place, g in enumerate(jac):
        _require(not strict or g is not None, (
            f"The output of the user-provided function is independent of input {place}. This is not allowed in strict "
            "mode."
        ))  # fmt: skip
        _require(not strict or g.requires_grad, (
            "While computing the hessian, found that the jacobian of the user-provided function with respect to input "
            f"{place} is independent of the input. This is not allowed in strict mode. You should ensure that your "
            "function is twice differentiable and that the jacobian depends on the inputs (this would be violated by a "
            "linear function for example)."
        ))  # fmt: skip


def _complete(found: Sequence[Any], like: Tensors, strict: bool, create_graph: bool, missing: str, constant: str
              ) -> Tensors:  # fmt: skip
    """Zeros for what does not depend; in strict mode an error."""
    done = []
    for place, (g, other) in enumerate(zip(found, like, strict=True)):
        if g is None:
            _require(not strict, missing.format(i=place))
            g = _filled(other, 0)
        else:
            _require(not (strict and create_graph) or g.requires_grad, constant.format(i=place))
        done.append(g)
    return tuple(done)


# ---- reading the tape ----------------------------------------------------------------------------------------------
def _pull(outputs: Sequence[Any], inputs: Tensors, vectors: Sequence[Any], create_graph: bool, retain: bool = False
          ) -> Tensors:  # fmt: skip
    """The gradients of the outputs that have any; None for an input they do not depend on."""
    pairs = [(out, v) for out, v in zip(outputs, vectors, strict=True) if out is not None and out.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    return gradients([out for out, _ in pairs], list(inputs), [v for _, v in pairs], retain or create_graph,
                     create_graph, allow_unused=True)  # fmt: skip


def _push(outputs: Sequence[Any], inputs: Tensors, tangents: Tensors) -> Tensors:
    """The tangents of the outputs when the inputs move along `tangents`; None for an output that stays."""
    moving = {node_of(t): tangent for t, tangent in zip(inputs, tangents, strict=True)}
    nodes = [None if out is None else node_of(out) for out in outputs]
    roots = [node for node in nodes if node is not None]
    forward(newest_first(roots), moving, dress=Dresser(Tensor._wrap), wrap=Tensor._wrap)
    return tuple(None if node is None else moving.get(node) for node in nodes)


def _run(func: Callable[..., Any], inputs: Tensors, function: str, strict: bool) -> tuple[bool, Tensors]:
    several, outputs = _as_tuple(func(*inputs), "outputs of the user-provided function", function)
    _check_outputs(outputs, strict)
    return several, outputs


def _run_scalar(func: Callable[..., Any], inputs: Tensors, function: str, strict: bool) -> Tensor:
    several, outputs = _run(func, inputs, function, strict)
    _require(not several, f"The function given to {function} should return a single Tensor")
    _require(outputs[0]._data.size == 1,
             f"The Tensor returned by the function given to {function} should contain a single element")  # fmt: skip
    found: Tensor = outputs[0]
    return found


# ---- products ------------------------------------------------------------------------------------------------------
def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
        ) -> tuple[Any, Any]:  # fmt: skip
    """`func(*inputs)` and the product of `v` with its Jacobian, in the shapes of the inputs.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them.
        v: like the outputs; may be left out for a single number.
        create_graph: make both results differentiable.
        strict: refuse inputs that no output depends on, instead of giving zeros.
    """
    with enable_grad():
        several, inputs = _as_tuple(inputs, "inputs", "vjp")
        inputs = _fresh(inputs, create_graph, True)
        several_out, outputs = _run(func, inputs, "vjp", strict)
        vectors = _vector(v, outputs, several_out, "vjp", create_graph, NO_OUTPUT_VECTOR)
    with set_grad_enabled(create_graph or modes.grad):
        found = _pull(outputs, inputs, vectors, create_graph)
        product = _complete(found, inputs, strict, create_graph,
            "The output of the user-provided function is independent of input {i}. This is not allowed in strict mode.",
            "The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict "
            "mode when create_graph=True.")  # fmt: skip
    outputs, product = _released(outputs, create_graph), _released(product, create_graph)
    return outputs if several_out else outputs[0], product if several else product[0]


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
        ) -> tuple[Any, Any]:  # fmt: skip
    """`func(*inputs)` and the product of its Jacobian with `v`, in the shapes of the outputs, by forward mode.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them.
        v: like the inputs; may be left out for a single number.
        create_graph: make both results differentiable.
        strict: refuse outputs that depend on no input, instead of giving zeros.
    """
    with enable_grad():
        several, inputs = _as_tuple(inputs, "inputs", "jvp")
        inputs = _fresh(inputs, create_graph, True)
        vectors = _vector(v, inputs, several, "jvp", create_graph, NO_INPUT_VECTOR)
        several_out, outputs = _run(func, inputs, "jvp", strict)
    with set_grad_enabled(create_graph):
        found = _push(outputs, inputs, vectors)
        product = _complete(found, outputs, strict, create_graph,
            "Output {i} of the user-provided function is independent of the inputs. This is not allowed in strict "
            "mode.",
            "The jacobian of output {i} of the user-provided function is independent of the inputs. This is not "
            "allowed in strict mode when create_graph=True.")  # fmt: skip
    outputs, product = _released(outputs, create_graph), _released(product, create_graph)
    return (outputs, product) if several_out else (outputs[0], product[0])


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
        ) -> tuple[Any, Any]:  # fmt: skip
    """The number `func(*inputs)` and the product of `v` with its Hessian: backward through a backward."""
    several, value, jac, inputs, vectors = _gradient(func, inputs, v, "vhp", create_graph, strict)
    with set_grad_enabled(create_graph or modes.grad):
        found = _pull(jac, inputs, vectors, create_graph)
    return _hessian_product(several, value, found, inputs, create_graph, strict)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
        ) -> tuple[Any, Any]:  # fmt: skip
    """The number `func(*inputs)` and the product of its Hessian with `v`: forward mode through a backward."""
    several, value, jac, inputs, vectors = _gradient(func, inputs, v, "hvp", create_graph, strict)
    with set_grad_enabled(create_graph):
        found = _push(jac, inputs, vectors)
    return _hessian_product(several, value, found, inputs, create_graph, strict)


def _gradient(func: Callable[..., Any], inputs: Any, v: Any, function: str, create_graph: bool, strict: bool
              ) -> tuple[bool, Tensor, Tensors, Tensors, Tensors]:  # fmt: skip
    """The function's value and recorded gradient, with the inputs and the vector made ready."""
    with enable_grad():
        several, inputs = _as_tuple(inputs, "inputs", function)
        inputs = _fresh(inputs, create_graph, True)
        vectors = _vector(v, inputs, several, function, create_graph, NO_INPUT_VECTOR)
        value = _run_scalar(func, inputs, function, strict)
        jac = _pull((value,), inputs, (None,), True)
        _check_jacobian(jac, strict)
    return several, value, jac, inputs, vectors


def _hessian_product(several: bool, value: Tensor, found: Tensors, inputs: Tensors, create_graph: bool, strict: bool
                     ) -> tuple[Any, Any]:  # fmt: skip
    product = _complete(found, inputs, strict, create_graph,
        "The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict mode.",
        "The hessian of the user-provided function is independent of input {i}. This is not allowed in strict mode "
        "when create_graph=True.")  # fmt: skip
    product = _released(product, create_graph)
    return _released((value,), create_graph)[0], product if several else product[0]


# ---- matrices ------------------------------------------------------------------------------------------------------
def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False,
             vectorize: bool = False, strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """All derivatives of all outputs: per output and input a tensor of shape `(*output.shape, *input.shape)`.

    Args:
        func: takes tensors, returns a tensor or a tuple of them.
        inputs: a tensor or a tuple of them.
        create_graph: make the result differentiable.
        strict: refuse outputs that are independent of an input, instead of giving zeros.
        vectorize: accepted as in PyTorch; the rows are computed one by one all the same.
        strategy: "reverse-mode", one backward per output element, or "forward-mode", one push per input element.

    Returns:
        A tensor; a tuple where either inputs or outputs are one; a tuple of tuples where both are.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    across = strategy == "forward-mode"
    refused = "strict=True" if strict and across else "create_graph=True" if create_graph and across else ""
    if refused:
        kind = RuntimeError if strict else NotImplementedError
        raise kind(
            f'torch.autograd.functional.jacobian: `{refused}` and `strategy="forward-mode"` are not supported together '
            f'(yet). Please either leave out `{refused}` or use `strategy="reverse-mode"`.'
        )
    if strict and vectorize:
        raise RuntimeError("torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported "
                           "together. Please either set `strict=False` or `vectorize=False`.")  # fmt: skip
    with enable_grad():
        several, inputs = _as_tuple(inputs, "inputs", "jacobian")
        inputs = _fresh(inputs, create_graph, True)
        several_out, outputs = _run(func, inputs, "jacobian", strict)
    if across:
        rows = _columns_pushed(outputs, inputs)
    else:
        rows = tuple(_rows_pulled(out, place, inputs, create_graph, strict) for place, out in enumerate(outputs))
    rows = tuple(_released(row, create_graph) for row in rows)
    chosen = tuple(row if several else row[0] for row in rows)
    return chosen if several_out else chosen[0]


def _rows_pulled(out: Any, place: int, inputs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """One output's Jacobian with respect to each input: a backward per element."""
    rows: list[list[Any]] = [[] for _ in inputs]
    missing = (f"Output {place} of the user-provided function is independent of input {{i}}. This is not allowed in "
               "strict mode.")  # fmt: skip
    constant = ("The jacobian of the user-provided function is independent of input {i}. This is not allowed in strict "
                "mode when create_graph=True.")  # fmt: skip
    for seed in _basis(out):
        found = _pull((out,), inputs, (seed,), create_graph, retain=True)
        for row, g in zip(rows, _complete(found, inputs, strict, create_graph, missing, constant), strict=True):
            row.append(g)
    with set_grad_enabled(create_graph):
        return tuple(
            stack(row).reshape(*out.shape, *t.shape) if row else
            Tensor._wrap(backend_of(t._data).zeros((*out.shape, *t.shape), dtype=t._data.dtype))
            for row, t in zip(rows, inputs, strict=True)
        )  # fmt: skip


def _columns_pushed(outputs: Tensors, inputs: Tensors) -> tuple[Tensors, ...]:
    """Every output's Jacobian with respect to each input: a push per element of the inputs."""
    columns: list[list[list[Any]]] = [[[] for _ in inputs] for _ in outputs]
    with set_grad_enabled(False):
        for place, t in enumerate(inputs):
            for seed in _basis(t):
                for column, out, found in zip(columns, outputs, _push(outputs, (t,), (seed,)), strict=True):
                    column[place].append(_filled(out, 0) if found is None else found)
        return tuple(
            tuple(
                stack(column, -1).reshape(*out.shape, *t.shape) if column else
                Tensor._wrap(backend_of(t._data).zeros((*out.shape, *t.shape), dtype=out._data.dtype))
                for column, t in zip(of_out, inputs, strict=True)
            )
            for of_out, out in zip(columns, outputs, strict=True)
        )  # fmt: skip


def _basis(tensor: Any) -> list[Tensor]:
    """One tensor of the same shape per element: 1 there, 0 elsewhere."""
    xp, data = backend_of(tensor._data), tensor._data
    basis = []
    for place in range(data.size):
        seed = xp.zeros(data.size, dtype=data.dtype)
        seed[place] = 1
        basis.append(Tensor._wrap(seed.reshape(data.shape)))
    return basis


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False,
            vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode") -> Any:  # fmt: skip
    """All second derivatives of a function with one number as its result: the Jacobian of its gradient.

    Args:
        func: takes tensors, returns a tensor with a single element.
        inputs: a tensor or a tuple of them.
        create_graph: make the result differentiable.
        strict: refuse a gradient that is independent of an input, instead of giving zeros.
        vectorize: accepted as in PyTorch; the rows are computed one by one all the same.
        outer_jacobian_strategy: "reverse-mode" or "forward-mode", for the Jacobian of the gradient.

    Returns:
        For one input a tensor of shape `(*input.shape, *input.shape)`; for a tuple a tuple of tuples, by input pairs.
    """
    several, inputs = _as_tuple(inputs, "inputs", "hessian")

    def gradient(*given: Any) -> Tensors:
        value = _run_scalar(func, given, "hessian", strict)
        jac = _pull((value,), given, (None,), True)
        _check_jacobian(jac, strict)
        return tuple(_filled(t, 0) if g is None else g for g, t in zip(jac, given, strict=True))

    found = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if several else found[0][0]
