"""What a model is made of, layer by layer: shapes, parameters, multiply-adds, and the memory that training takes.

The model is called once. Hooks note what each layer returns; the tape of that call says what each of its ops multiplied
and what it keeps for backward. Every number stands at the innermost layer it belongs to, so that rows add up to totals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ._tensor import Tensor
from .backend import dtype as dt
from .backend.generator import default_generator
from .create import zeros
from .graph.modes import enable_grad, no_grad
from .graph.node import tick
from .graph.walk import newest_first
from .layer_counting import multiply_adds
from .nn.module import Module
from .nn.parameter import is_lazy
from .ops.record import memory_of, node_of

__all__ = ["Layer", "Summary", "summary"]


@dataclass(frozen=True)
class Layer:
    """One row: a module, without what belongs to the modules inside it.

    Attributes:
        path: its dotted name, "" for the model; kind: its class; depth: how far down it is.
        output: the shapes of the tensors it returned last; None if it was not called.
        calls: how often it was called.
        parameters, trainable: elements of its own parameters, tied ones counted where they are met first.
        mult_adds: multiplications with an addition in its matrix products and convolutions; the bias is not counted.
        activation_bytes: memory of its results, where no layer before returned the same memory.
        saved_bytes: memory that its ops keep for backward, beyond parameters, buffers and what others keep already.
    """

    path: str
    kind: str
    depth: int
    output: tuple[tuple[int, ...], ...] | None = None
    calls: int = 0
    parameters: int = 0
    trainable: int = 0
    mult_adds: int = 0
    activation_bytes: int = 0
    saved_bytes: int = 0


NUMBERS = ("calls", "parameters", "trainable", "mult_adds", "activation_bytes", "saved_bytes")


@dataclass(frozen=True)
class Summary:
    """The rows of a model and their sums; as text, a table.

    Attributes:
        rows: one Layer per module, in the order they were registered.
        total: their sums, as a row.
        input_bytes: memory of the inputs; parameter_bytes: of the parameters; buffer_bytes: of the buffers.
    """

    rows: tuple[Layer, ...]
    total: Layer
    input_bytes: int
    parameter_bytes: int
    buffer_bytes: int
    depth: int | None = None

    def __getitem__(self, path: str) -> Layer:
        """The row of the module at a dotted path."""
        for row in self.rows:
            if row.path == path:
                return row
        raise KeyError(path)

    def __str__(self) -> str:
        shown = self.rows if self.depth is None else folded(self.rows, self.depth)
        head = ("Layer", "Output", "Parameters", "Mult-adds", "Activations", "Saved")
        cells = [(
            "  " * row.depth + (f"{row.path.rpartition('.')[2]} ({row.kind})" if row.path else row.kind),
            "not called" if row.output is None else ", ".join(str(list(shape)) for shape in row.output) or "no tensor",
            _count(row.parameters), _count(row.mult_adds), _size(row.activation_bytes), _size(row.saved_bytes),
        ) for row in shown]  # fmt: skip
        total = self.total
        cells.append(("total", "", _count(total.parameters), _count(total.mult_adds), _size(total.activation_bytes),
                      _size(total.saved_bytes)))  # fmt: skip
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        lines = ["  ".join(cell.ljust(width) if place < 2 else cell.rjust(width)
                           for place, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
                 for line in (head, *cells)]  # fmt: skip
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        frozen = total.parameters - total.trainable
        held = {"input": self.input_bytes, "parameters": self.parameter_bytes, "buffers": self.buffer_bytes}
        said = [f"trainable {total.trainable:,}" + (f", frozen {frozen:,}" if frozen else ""),
                ", ".join(f"{what} {_size(number)}" for what, number in held.items())]  # fmt: skip
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], *said])

    __repr__ = __str__


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"


def _size(number: float) -> str:
    """1536 as "1.5 KiB"."""
    if not number:
        return "-"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{number:.4g} {unit}"


def folded(rows: Sequence[Layer], depth: int) -> list[Layer]:
    """The rows down to a depth, each with the numbers of what is below it added."""
    kept: list[Layer] = []
    for row in rows:
        if row.depth <= depth:
            kept.append(row)
        else:
            kept[-1] = replace(kept[-1], **{n: getattr(kept[-1], n) + getattr(row, n) for n in NUMBERS if n != "calls"})
    return kept


# ---- the call ------------------------------------------------------------------------------------------------------
def summary(model: Module, *inputs: Any, input_size: Any = None, dtype: Any = None, device: Any = None, depth: int | None = None,
            **kwargs: Any) -> Summary:  # fmt: skip
    """The table of a model's layers, from one call of it; buffers and the random stream are put back after it.

    Args:
        model: the model, in the mode it is in; a lazy one takes its shapes from this call.
        inputs, kwargs: what to call it with.
        input_size: instead of inputs, a shape (with the batch) or several, for zeros.
        dtype, device: of those zeros; those of the first parameter by default.
        depth: how far down the text shows rows; deeper ones are added to theirs.

    Raises:
        TypeError: for neither inputs nor `input_size`, or both.

    >>> from minitorch import nn, summary
    >>> print(summary(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), input_size=(1, 3)))
    Layer         Output  Parameters  Mult-adds  Activations  Saved
    ---------------------------------------------------------------
    Sequential    [1, 2]           -          -            -      -
      0 (Linear)  [1, 2]           8          6          8 B   12 B
      1 (ReLU)    [1, 2]           -          -          8 B    8 B
    ---------------------------------------------------------------
    total                          8          6         16 B   20 B
    trainable 8
    input 12 B, parameters 32 B, buffers -
    """
    if input_size is not None:
        if inputs:
            raise TypeError("summary() takes inputs or input_size, not both")
        inputs = _made(model, input_size, dtype, device)
    elif not inputs and not kwargs:
        raise TypeError("summary() needs inputs to call the model with, or input_size=(batch, ...)")
    watch = _Watch(model)
    with _put_back(model), enable_grad(), watch.hooks():
        result = model(*inputs, **kwargs)
    watch.finish(result)
    if not all(p.requires_grad for p in model.parameters()) or not any(True for _ in model.parameters()):
        watch.count_again(inputs, kwargs)
    rows = tuple(watch.rows[id(module)] for module in watch.modules)
    total = Layer("", "total", 0, **{name: sum(getattr(row, name) for row in rows) for name in NUMBERS})
    given = [memory_of(tensor) for tensor in _tensors((inputs, kwargs))]
    return Summary(rows, total, _bytes(given), _bytes([memory_of(p) for p in model.parameters()]),
                   _bytes([memory_of(b) for b in model.buffers()]), depth)  # fmt: skip


def _made(model: Module, size: Any, dtype: Any, device: Any) -> tuple[Any, ...]:
    sizes = [size] if all(isinstance(n, int) for n in size) else list(size)
    like = next(iter(model.parameters()), None)
    kinds = list(dtype) if isinstance(dtype, list | tuple) else [dtype] * len(sizes)
    home = device if device is not None else "cpu" if like is None else like.device
    return tuple(zeros(tuple(shape), dtype=kind or (dt.default() if like is None else like.dtype), device=home)
                 for shape, kind in zip(sizes, kinds, strict=True))  # fmt: skip


@contextmanager
def _put_back(model: Module) -> Iterator[None]:
    """Buffers and random stream are afterwards what they were."""
    before = default_generator.get_state()
    kept = [(b, b.clone()) for b in model.buffers() if not is_lazy(b)]
    unshaped: list[Any] = [m for m in model.modules() if any(map(is_lazy, m.buffers(recurse=False)))]
    try:
        yield
    finally:
        default_generator.set_state(before)
        with no_grad():
            for buffer, value in kept:
                buffer.copy_(value)
            for module in unshaped:  # what is lazy here are running statistics
                if hasattr(module, "reset_running_stats"):
                    module.reset_running_stats()


class _Watch:
    """What is noted while a model runs."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.modules = list(model.modules())
        named = {id(module): name for name, module in model.named_modules()}
        self.rows = {id(module): Layer(named[id(module)], type(module).__name__,
                                       named[id(module)].count(".") + 1 if named[id(module)] else 0)
                     for module in self.modules}  # fmt: skip
        #: The clock whenever a module was entered or left, and which one was under way from then on.
        self.times: list[int] = [0]
        self.running: list[int] = [id(model)]
        self.stack: list[int] = [id(model)]
        #: Memory that has been counted, kept alive so that no other gets its address.
        self.seen: dict[int, Any] = {}

    def _turn(self) -> None:
        self.times.append(tick())
        self.running.append(self.stack[-1])

    @contextmanager
    def hooks(self) -> Iterator[None]:
        """Inside, calls of the modules are noted."""
        handles = []
        for module in self.modules:
            handles += [module.register_forward_pre_hook(self._enter, prepend=True),
                        module.register_forward_hook(self._leave)]  # fmt: skip
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: Module, args: Any) -> None:
        self.stack.append(id(module))
        self._turn()

    def _leave(self, module: Module, args: Any, output: Any) -> None:
        self.stack.pop()
        self._turn()
        tensors = _tensors(output)
        fresh = 0
        for tensor in tensors:
            fresh += self._fresh(memory_of(tensor))
        row = self.rows[id(module)]
        self.rows[id(module)] = replace(row, output=tuple(tuple(t.shape) for t in tensors), calls=row.calls + 1,
                                        kind=type(module).__name__,  # a lazy one is now another
                                        activation_bytes=row.activation_bytes + fresh)  # fmt: skip

    def _fresh(self, memory: Any) -> int:
        memory = _root(memory)
        if id(memory) in self.seen:
            return 0
        self.seen[id(memory)] = memory
        return int(memory.nbytes)

    def finish(self, result: Any) -> None:
        """Add what the parameters and the tape say."""
        met: set[int] = set()
        for module in self.modules:
            own = [p for p in module.parameters(recurse=False) if id(p) not in met]
            met |= {id(p) for p in own}
            self._add(id(module), parameters=sum(p.numel() for p in own),
                      trainable=sum(p.numel() for p in own if p.requires_grad))  # fmt: skip
        self.seen = {}
        for tensor in (*self.model.parameters(), *self.model.buffers()):
            self._fresh(memory_of(tensor))
        roots = [node for node in map(node_of, _tensors(result)) if node is not None]
        for node in reversed(newest_first(roots)):
            if node.op is None or node.stamp < self.times[1]:
                continue
            owner = self.running[bisect_right(self.times, node.stamp) - 1]
            saved = [array for array in node.saved if hasattr(array, "nbytes")]
            self._add(owner, mult_adds=multiply_adds(node), saved_bytes=sum(map(self._fresh, saved)))

    def count_again(self, inputs: Any, kwargs: Any) -> None:
        """Count multiplications in a call where everything asks for a gradient: what is frozen is not on the tape."""
        again = _Watch(self.model)
        frozen = [p for p in self.model.parameters() if not p.requires_grad and _real(p)]
        asking = tuple(t.detach().requires_grad_() if isinstance(t, Tensor) and _real(t) else t for t in inputs)
        try:
            for parameter in frozen:
                parameter.requires_grad_()
            with _put_back(self.model), enable_grad(), again.hooks():
                result = self.model(*asking, **kwargs)
        finally:
            for parameter in frozen:
                parameter.requires_grad_(False)
        again.finish(result)
        for key, row in self.rows.items():
            self.rows[key] = replace(row, mult_adds=again.rows[key].mult_adds)

    def _add(self, key: int, **numbers: int) -> None:
        row = self.rows[key]
        self.rows[key] = replace(row, **{name: getattr(row, name) + number for name, number in numbers.items()})


def _tensors(value: Any) -> list[Any]:
    """The tensors in a nest of tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return [tensor for item in items for tensor in _tensors(item)]


def _real(tensor: Any) -> bool:
    return bool(tensor.is_floating_point() or tensor.is_complex())


def _root(array: Any) -> Any:
    """The array that owns the memory."""
    while getattr(array, "base", None) is not None and hasattr(array.base, "nbytes"):
        array = array.base
    return array


def _bytes(memories: list[Any]) -> int:
    return sum({id(root): int(root.nbytes) for root in map(_root, memories)}.values())
