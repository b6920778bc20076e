"""Modules in a problem: called with copies of their parameters and buffers, so that they themselves are never touched.

`module_problem` is the problem of a module's call, by its parameters and its inputs or by its inputs alone. `holding`
finds the modules that a plain function works with, and lends them copies for the time of each call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .._tensor import Tensor
from ..autograd.function import Function as FunctionClass
from ..compose.choosing import where
from ..nn.module import Module
from ..nn.tables import Embedding
from ..nn.utils.stateless import _reparametrize_module
from ..ops.op import Op
from .arrays import Function, twin, widen
from .naming import arguments_of, described
from .nests import is_number, leaves
from .problem import Problem, problem_of

State = dict[str, Any]


def of_call(function: Any, inputs: Any, names: Any = None, *, parameters: bool = False) -> Problem:
    """The problem of calling a function, an Op, a Function subclass or a module; of a module with `parameters`, by these
    too."""
    if isinstance(function, Module):
        return module_problem(function, inputs, names, parameters)
    if isinstance(function, Op) and names is None and not isinstance(inputs, dict):
        names = function.inputs
    if inspect.isclass(function) and issubclass(function, FunctionClass):
        function = function.apply
    problem = problem_of(function, inputs, names=names)
    modules = list(holding(function))
    if modules and problem.with_floats is not None:
        lent = _lending(modules, problem.with_floats)
        problem.with_floats = lent
        problem.call = lent(widen if problem.widened else lambda raw: raw)
    return problem


def module_problem(module: Module, inputs: Any, names: Any = None, parameters: bool = True) -> Problem:
    """The problem of a module's call. Its buffers, and what does not move, are copies made for each call."""
    args, kwargs = arguments_of(inputs)
    moving = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad and parameters}
    still = {name: p for name, p in module.named_parameters() if name not in moving} | dict(module.named_buffers())
    asking = any(is_number(value) and value.requires_grad for _, value in leaves([args, kwargs]))
    padding = [(child, twin(child.weight._data[child.padding_idx])) for child in module.modules()
               if isinstance(child, Embedding) and child.padding_idx is not None]  # fmt: skip

    def run(state: State, still: State, args: Any, kwargs: Any) -> Any:
        with _reparametrize_module(module, {**state, **still}, True), _still_padding(module, padding):
            return module(*args, **kwargs)

    def chosen(path: str, tensor: Tensor) -> bool:
        if path.startswith(("[0]", "[1]")):
            return path.startswith("[0]")
        return tensor.requires_grad or not asking

    problem = problem_of(run, (moving, still, list(args), kwargs), chosen=chosen)
    problem.source = described(type(module).forward)[1]
    problem.label = module._get_name()
    problem.names = [_called(name, module, names) for name in problem.names]
    return problem


@contextmanager
def _still_padding(module: Module, padding: list[tuple[Embedding, Any]]) -> Iterator[None]:
    """A block in which a look-up of an embedding's `padding_idx` gives the row as it was: by definition it has no gradient,
    though the row moves with the table."""
    handles = []
    for child, row in padding:

        def still(child: Module, args: Any, kwargs: Any, out: Tensor, row: Any = row) -> Tensor:
            index = args[0] if args else kwargs["input"]
            found: Tensor = where((index == child.padding_idx).unsqueeze(-1), Tensor._wrap(row.astype(out._data.dtype)), out)
            return found

        handles.append(child.register_forward_hook(still, with_kwargs=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _called(name: str, module: Module, names: Any) -> str:
    """The name of a parameter as the module says it, and of an input as its forward does."""
    kind, _, rest = name.partition("[")
    place, _, rest = rest.partition("]")
    if kind in ("state", "kwargs"):
        return place.strip("'") + rest
    given = list(names) if names is not None else list(inspect.signature(module.forward).parameters)
    return (given[int(place)] if int(place) < len(given) else f"input {place}") + rest


def holding(function: Any) -> Iterator[Module]:
    """The modules that a function finds around itself: in its closure, its globals, or as the owner of a method."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, Module):
        yield owner
    code = getattr(function, "__code__", None)
    if code is None:
        return
    cells = [cell for cell in function.__closure__ or () if _filled(cell)]
    values = [cell.cell_contents for cell in cells]
    values += [function.__globals__[name] for name in code.co_names if name in function.__globals__]
    seen: set[int] = set()
    for value in values:
        if isinstance(value, Module) and id(value) not in seen:
            seen.add(id(value))
            yield value


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # not yet
        return False


def _lending(modules: list[Module], make: Callable[[Callable[[Any], Any]], Function]
             ) -> Callable[[Callable[[Any], Any]], Function]:  # fmt: skip
    """What makes a function of `floats`, with copies of parameters and buffers in the modules during its calls."""

    def made(floats: Callable[[Any], Any]) -> Function:
        function = make(floats)

        def called(*tensors: Any) -> Any:
            with ExitStack() as stack:
                for module in modules:
                    stack.enter_context(_reparametrize_module(module, dict(_copies(module, floats)), True))
                return function(*tensors)

        called.draws = getattr(function, "draws", [])  # type: ignore[attr-defined]
        return called

    return made


def _copies(module: Module, floats: Callable[[Any], Any]) -> Iterator[tuple[str, Any]]:
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if isinstance(tensor, Tensor) and hasattr(tensor, "_cell"):
            copied = Tensor._wrap(twin(floats(tensor._data) if is_number(tensor) else tensor._data))
            yield name, copied.requires_grad_(tensor.requires_grad)
