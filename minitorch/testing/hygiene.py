"""Manners of a gradient that no Jacobian shows: the same twice, nothing written to, nothing shared, the right kind.

The function is run twice and its tape read twice, with random cotangents; whatever differs, was written to or lies in
somebody else's memory is a finding. Each custom op on the tape is also asked by itself, where the tape would otherwise
have mended a wrong shape or dtype on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..graph.modes import no_grad
from ..graph.node import Cotangents
from ..ops.backward import backward
from ..ops.op import TABLE, Op
from ..ops.record import node_of
from .arrays import dense_gradients, draw_like, leaf, on_host, twin
from .problem import Problem
from .report import Finding, short_path
from .witness import Seen, input_name, rule_source, witnessed


class BackwardRaised(Exception):
    """The backward cannot be read at all."""


#: Nodes of a tape to ask by themselves.
MOST = 3000


def manners(problem: Problem, seed: int = 0, tolerance: float = 0.0) -> list[tuple[str, list[Finding]]]:
    """What was looked at, and what was found there. `tolerance`: how far two runs may differ."""
    forward, backward, untouched, alone = [], [], [], []
    inputs = problem.fresh()
    before = [twin(tensor._data) for tensor in inputs]
    outputs = problem.run(inputs)
    again_inputs = problem.fresh()
    again = problem.run(again_inputs)
    for place, (one, two) in enumerate(zip(outputs, again)):
        far = apart(one._data, two._data)
        if far > tolerance:
            forward.append(Finding("nondeterministic", f"output {place} differs between two runs with the same inputs and the "
                                   f"same seed, by up to {far:.3g}", order=problem.order))  # fmt: skip
    untouched += _written("the function", problem.names, before, inputs)
    pairs = [(output, seed_) for output, seed_ in zip(outputs, _cotangents(outputs, seed)) if node_of(output) is not None]
    if pairs:
        try:
            backward_found, written, shared = _read_twice(problem, inputs, again_inputs, again, pairs, tolerance)
        except Exception as error:
            raise BackwardRaised(str(error)) from error
        backward += [] if forward else backward_found
        if not forward and not backward and problem.order == 1:
            backward += _kept_outside(problem, seed)
        untouched = untouched or written + _written("the backward", problem.names, before, inputs)
        alone = shared + _shared_buffers(problem, seed)
    kinds = _each_op(problem, seed) if problem.order == 1 else []
    if any(finding.kind == "dtype" for finding in kinds):  # its roundings are no crookedness
        backward = [finding for finding in backward if finding.kind != "linear"]
    for what, into in (("nondeterministic", backward), ("linear", backward), ("layout", backward), ("aliasing", alone)):
        named = [finding for finding in kinds if finding.kind == what]
        if named:  # that it is this op says more than that it is the whole
            into[:] = [finding for finding in into if finding.kind != what] + named
    untouched = [finding for finding in kinds if finding.kind == "mutated"] or untouched
    return [("deterministic, linear in the cotangent", forward + backward), ("nothing is written to", untouched),
            ("no memory is shared", alone),
            ("shapes and dtypes of gradients", [f for f in kinds if f.kind in ("shape", "dtype")])]  # fmt: skip


def apart(one: Any, two: Any) -> float:
    """The largest difference between two arrays, 0 where their bits are equal; inf where their shapes are not."""
    one, two = on_host(one), on_host(two)
    if one.shape != two.shape or one.dtype != two.dtype:
        return float("inf")
    if one.tobytes() == two.tobytes():
        return 0.0
    with np.errstate(all="ignore"):
        far = np.abs(one - two)
    same = (np.isnan(one) & np.isnan(two)) | (one == two)
    return float(np.nan_to_num(np.where(same, 0, far), nan=np.inf).max(initial=0.0))


def _cotangents(outputs: Sequence[Tensor], seed: int) -> list[Tensor]:
    random = np.random.default_rng(seed)
    return [Tensor._wrap(draw_like(output._data, random)) for output in outputs]


def _written(who: str, names: Sequence[str], before: Sequence[Any], tensors: Sequence[Tensor]) -> list[Finding]:
    return [Finding("mutated", f"{who} wrote to its input {name!r}, which it must leave as it is", name=name)
            for name, array, tensor in zip(names, before, tensors) if apart(array, tensor._data)]  # fmt: skip


def _read_twice(problem: Problem, inputs: list[Tensor], again_inputs: list[Tensor], again: list[Tensor],
                pairs: list[tuple[Tensor, Tensor]], tolerance: float) -> tuple[list[Finding], ...]:  # fmt: skip
    """Gradients of the same tape twice, and of another run: equal bits, the first untouched, the cotangents too."""
    backward, written, shared = [], [], []
    outputs, seeds = [output for output, _ in pairs], [seed for _, seed in pairs]
    kept = [twin(seed._data) for seed in seeds]
    first = dense_gradients(outputs, inputs, seeds, keep=True)
    for place, (seed, copy) in enumerate(zip(seeds, kept)):
        if apart(seed._data, copy):
            written.append(Finding("mutated", f"the backward wrote to the cotangent of output {place} it was given"))
    copies = [twin(g._data) for g in first]
    fresh = [Tensor._wrap(copy) for copy in kept]
    second = dense_gradients(outputs, inputs, [Tensor._wrap(twin(copy)) for copy in kept], keep=True)
    ends = [out for out, original in zip(again, problem.outputs) if node_of(out) is not None]
    third = second if len(ends) != len(fresh) else dense_gradients(ends, again_inputs, fresh)
    fourfold = dense_gradients(outputs, inputs, [Tensor._wrap(np.asarray(-4 * copy)) for copy in kept], keep=True)
    largest = max((float(np.nan_to_num(np.abs(on_host(array))).max(initial=0.0))
                   for array in [*copies, *[output._data for output in outputs], *[1e-4 * copy for copy in kept]]), default=0.0)
    crooked = [name for name, copy, g in zip(problem.names, copies, fourfold) if not _fourfold(copy, g._data, largest)]
    for name, g, copy, two, three in zip(problem.names, first, copies, second, third):
        far = max(apart(copy, two._data), apart(copy, three._data))
        if apart(g._data, copy):
            shared.append(Finding("aliasing", f"the gradient by {name!r} changed when the backward ran again: it lies in a "
                                  "buffer that the backward keeps", name=name))  # fmt: skip
        elif np.shares_memory(on_host(g._data), on_host(two._data)):
            shared.append(Finding("aliasing", f"two backwards gave the gradient by {name!r} in the same memory", name=name))
        elif far > tolerance:
            backward.append(Finding("nondeterministic", f"the gradient by {name!r} differs between two backwards of the same "
                                    f"function and inputs, by up to {far:.3g}", name=name))  # fmt: skip
    if crooked and not (backward or shared or written):
        backward.append(Finding("linear", f"the gradient by {crooked[0]!r} is not linear in the cotangent: for -4 times it, "
                                "the backward does not return -4 times the gradient", name=crooked[0]))  # fmt: skip
    return backward, written, shared


def _kept_outside(problem: Problem, seed: int) -> list[Finding]:
    """Whether a gradient is another one where the function was called with other numbers before the backward."""
    inputs = problem.fresh()
    outputs = [output for output in problem.run(inputs) if node_of(output) is not None]
    seeds = [seed_._data for seed_ in _cotangents(outputs, seed)]
    first = [twin(g._data) for g in dense_gradients(outputs, inputs, [Tensor._wrap(twin(s)) for s in seeds])]
    outputs = [output for output in problem.run(inputs) if node_of(output) is not None]
    elsewhere = [leaf(np.asarray(t._data * 1.25) if isinstance(t._data, np.ndarray) else t._data) for t in problem.fresh()]
    try:
        problem.run(elsewhere)
    except Exception:  # it cannot go there
        return []
    second = dense_gradients(outputs, inputs, [Tensor._wrap(twin(s)) for s in seeds])
    return [Finding("state", f"the gradient by {name!r} is another one when the function is called with other numbers before "
                    "its backward runs: the backward reads what a forward left outside of ctx", name=name)
            for name, one, two in zip(problem.names, first, second)
            if not _fourfold(one, np.asarray(-4 * two._data), float(np.abs(on_host(one)).max(initial=0.0)))][:1]  # fmt: skip


def _fourfold(one: Any, other: Any, size: float) -> bool:
    """Whether the other is -4 times the one (a power of two rounds nothing), but for roundings of numbers of this size."""
    one, other = on_host(one), on_host(other)
    if one.shape != other.shape or not one.size:
        return bool(one.shape == other.shape)
    with np.errstate(all="ignore"):
        eps = float(np.finfo(one.dtype).eps) if one.dtype.kind in "fc" else 0.01
        far = float(np.abs(other + 4 * one).max())
    return far <= 1e4 * eps * size or not bool(np.isfinite(one).all())


def _shared_buffers(problem: Problem, seed: int) -> list[Finding]:
    """`.grad` of each input is a buffer of its own, and no input or result lies in it."""
    inputs = problem.fresh()
    outputs = [output for output in problem.run(inputs) if node_of(output) is not None]
    if not outputs:
        return []
    backward(outputs, _cotangents(outputs, seed))
    found = []
    buffers = [(name, on_host(t._grad._data)) for name, t in zip(problem.names, inputs) if t._grad is not None and
               not getattr(t._grad, "is_sparse", False)]  # fmt: skip
    others = [(f"input {name!r}", on_host(t._data)) for name, t in zip(problem.names, inputs)]
    others += [(f"output {place}", on_host(t._data)) for place, t in enumerate(outputs)]
    for place, (name, buffer) in enumerate(buffers):
        for other, array in [(f".grad of {n!r}", b) for n, b in buffers[:place]] + others:
            if np.shares_memory(buffer, array):
                found.append(Finding("aliasing", f".grad of {name!r} lies in the memory of {other}", name=name))
    return found


# ---- every op by itself --------------------------------------------------------------------------------------------
def _each_op(problem: Problem, seed: int) -> list[Finding]:
    """Ask each op of the tape for its gradients twice: what it writes to, and, of the user's own, shape and dtype."""
    random = np.random.default_rng(seed)
    found: list[Finding] = []
    for node in witnessed(problem)[:MOST]:
        seen: Seen = node.note
        custom = not isinstance(seen.op, Op) or TABLE.get(seen.op.name) is not seen.op
        cotangent = _cotangent(node, random)
        if cotangent is None:
            continue
        saved = [twin(a) if isinstance(a, np.ndarray) else None for a in node.saved]
        given = [twin(item) for item in _items(cotangent) if item is not None]
        pulled = _pull(node, cotangent)
        if pulled is None:
            continue
        name = f"'{seen.op.name}'" + (f" (called at {short_path(seen.source)})" if seen.source else "")
        where = rule_source(seen.op, input_name(seen.op, 0))
        blamed = f"{name}; its rule is at {short_path(where)}" if where else name
        if any(apart(item, copy) for item, copy in zip((i for i in _items(cotangent) if i is not None), given)):
            found.append(Finding("mutated", f"the backward of {name} wrote to the cotangent it was given", suspect=blamed))
            continue
        if any(copy is not None and apart(array, copy) for array, copy in zip(node.saved, saved)):
            found.append(Finding("mutated", f"the backward of {name} wrote to what its forward saved", suspect=blamed))
            continue
        copies = [None if g is None else twin(g) for g in pulled]
        again = _pull(node, cotangent) or pulled
        for place, (g, copy, two, parent) in enumerate(zip(pulled, copies, again, node.parents)):
            if g is None or two is None or parent is None:
                continue
            far = apart(copy, two)
            if far:
                found.append(Finding("nondeterministic", f"the gradient of {name} by its input {input_name(seen.op, place)!r} "
                                     f"differs when it is asked twice, by up to {far:.3g}", suspect=blamed))  # fmt: skip
            if custom:
                found += _kind(seen, name, place, g, parent, blamed)
        if custom and not found:
            found += _kept_or_crooked(node, cotangent, copies, name, blamed) or _by_layout(node, cotangent, name, blamed)
    return found


def _kept_or_crooked(node: Any, cotangent: Any, pulled: list[Any], name: str, blamed: str) -> list[Finding]:
    """Whether an op returns a buffer that it keeps, or what is not linear in the cotangent."""
    turned = Cotangents(tuple(None if item is None else np.asarray(-4 * item) for item in _items(cotangent)))
    other = _pull(node, turned if isinstance(cotangent, Cotangents) else turned.items[0])
    again = _pull(node, turned if isinstance(cotangent, Cotangents) else np.array(turned.items[0]))
    found = []
    for place, (one, two, three) in enumerate(zip(pulled, other or (), again or ())):
        if one is None or two is None or three is None:
            continue
        called = input_name(node.note.op, place)
        if not isinstance(cotangent, Cotangents) and np.shares_memory(two, three) and two.size and not any(
                isinstance(array, np.ndarray) and np.shares_memory(two, array) for array in node.saved):  # fmt: skip
            found.append(Finding("aliasing", f"the gradient of {name} by its input {called!r} lies in a buffer that its "
                                 "backward keeps: a later backward changes it", name=called, suspect=blamed))  # fmt: skip
        elif not _fourfold(one, two, float(np.abs(on_host(one)).max(initial=0.0))):
            found.append(Finding("linear", f"the gradient of {name} by its input {called!r} is not linear in the cotangent",
                                 name=called, suspect=blamed))  # fmt: skip
    return found


def _by_layout(node: Any, cotangent: Any, name: str, blamed: str) -> list[Finding]:
    """Whether an op returns another gradient for the same cotangent where that lies in memory in another way: the gradient
    of a sum is expanded, that of a transpose is turned."""
    items = _items(cotangent)
    if any(item is not None and (not isinstance(item, np.ndarray) or item.ndim == 0) for item in items):
        return []
    flat = [None if item is None else np.full(item.shape, item.flat[0] if item.size else 0, item.dtype) for item in items]
    expanded = [None if item is None else np.broadcast_to(item[(slice(0, 1),) * item.ndim], item.shape) for item in flat]
    turned = [None if item is None else twin_of_gaps(item) for item in items]
    for plain, other, what in ((items, turned, "strided"), (flat, expanded, "expanded, as that of a sum is")):
        one, two = (_pull(node, Cotangents(tuple(given)) if isinstance(cotangent, Cotangents) else given[0])
                    for given in (plain, other))  # fmt: skip
        for place, (g, h) in enumerate(zip(one or (), two or ())):
            if g is not None and h is not None and not _fourfold(g, np.asarray(-4 * h), float(np.abs(g).max(initial=0.0))):
                called = input_name(node.note.op, place)
                return [Finding("layout", f"the gradient of {name} by its input {called!r} is another where the cotangent is "
                                f"{what}", name=called, suspect=blamed)]  # fmt: skip
    return []


def twin_of_gaps(array: Any) -> Any:
    """The same numbers in Fortran's order, every other number in memory a gap."""
    memory = np.zeros((2 * array.shape[-1], *array.shape[-2::-1]), array.dtype)
    strided = memory[::2].transpose()
    strided[...] = array
    return strided


def _kind(seen: Seen, name: str, place: int, g: Any, parent: Any, blamed: str) -> list[Finding]:
    """Shape and dtype of the gradient that the op itself returned. An elementwise op leaves broadcasting to the tape."""
    called = input_name(seen.op, place)
    shape, dtype = np.shape(g), getattr(g, "dtype", None)
    elementwise = isinstance(seen.op, Op)
    if parent.shape is not None and shape != parent.shape and not elementwise:
        return [Finding("shape", f"the gradient of {name} by its input {called!r} has shape {list(shape)}, and the input "
                        f"{list(parent.shape)}", name=called, suspect=blamed)]  # fmt: skip
    if parent.dtype is not None and dtype is not None and dtype != parent.dtype:
        return [Finding("dtype", f"the gradient of {name} by its input {called!r} is {dtype.name}, and the input "
                        f"{parent.dtype.name}", name=called, suspect=blamed)]  # fmt: skip
    return []


def _items(cotangent: Any) -> tuple[Any, ...]:
    return cotangent.items if isinstance(cotangent, Cotangents) else (cotangent,)


def _cotangent(node: Any, random: np.random.Generator) -> Any:
    """A random cotangent for a node; None where its shape is not known."""
    if node.shape is not None and node.dtype is not None:
        return draw_like(leaf(np.empty(node.shape, node.dtype))._data, random) if node.dtype.kind in "fc" else None
    about = getattr(node.op, "outputs", None)
    if about is None or len(node.op.results) < 2:
        return None
    return Cotangents(tuple(None if kind is None or kind[1].kind not in "fc" else
                            draw_like(np.empty(*kind), random) for kind in about))  # fmt: skip


def _pull(node: Any, cotangent: Any) -> list[Any] | None:
    """The raw gradients; None where they are no arrays or the rule refuses."""
    try:
        with no_grad(), np.errstate(all="ignore"):
            pulled = list(node.op.pull(node, cotangent, node.parents))
    except Exception:  # whoever calls for the gradient of the whole sees it too
        return None
    return [g if g is None or isinstance(g, np.ndarray | np.generic) else None for g in pulled]
