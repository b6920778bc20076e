"""A pickle read as data: its opcodes interpreted here, one by one, and nothing looked up, imported or called by its name.

Python's own Unpickler is not used, not even with a `find_class` that allows few names: what those names hold could still
be changed through BUILD and SETITEM. Here a name is an entry of a table (rebuilding.py), items are set on dicts and
OrderedDicts only, appended to lists only, attributes set on OrderedDicts only (`_metadata`), and an opcode that is not in
`STEPS` is refused. Loops are counted, nothing recurses, and work and memory stay in proportion to the length of the text.
https://docs.python.org/3/library/pickletools.html
"""

from __future__ import annotations

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from .._tensor_constants import Constant
from ..backend import dtype as dt
from ..backend.device import Device
from ..size import Size
from .archive import shown_error
from .refusal import DEEPEST, CheckpointError, Keys, shown

_LEAVES = (type(None), bool, int, float, complex, str, bytes, bytearray, dt.dtype, Device, Constant, Size)
_PUSHED = frozenset(("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
                     "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"))  # fmt: skip
_FIXED: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class Machine:
    """The stack, the marks and the memo of one pickle.

    Args:
        names: "module name" -> what stands for it.
        persistent: from the tuple that names a storage to what stands for the storage.
        budget: how many elements may be copied; a name's function draws on it by `spend`.
    """

    def __init__(self, names: Any, persistent: Callable[[Any], Any], budget: int) -> None:
        self.names, self.persistent, self.budget = names, persistent, budget
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.keys = Keys()

    def spend(self, count: int) -> None:
        """Take note of work that the length of the text does not pay for.

        Raises:
            CheckpointError: when there is too much of it.
        """
        self.budget -= count
        if self.budget < 0:
            raise CheckpointError("it makes the same things over and over again")

    def run(self, text: bytes) -> Any:
        """The object that a pickle describes.

        Raises:
            CheckpointError: for whatever a checkpoint does not need, with the place.
        """
        place = 0
        steps = pickletools.genops(text)
        while True:
            try:
                op, arg, at = next(steps)
            except Exception as reason:  # pickletools raises whatever its parsing trips over
                raise CheckpointError(f"data.pkl is no pickle after byte {place}: {shown_error(reason)}") from None
            place = at or 0
            try:
                if op.name == "STOP":
                    return self._finish(place, len(text))
                self._step(op.name, arg)
            except CheckpointError as reason:
                raise CheckpointError(f"data.pkl, byte {place} ({op.name}): {reason}") from reason.__cause__

    def _finish(self, place: int, length: int) -> Any:
        if place + 1 != length:
            raise CheckpointError(f"{length - place - 1} bytes follow its end")
        if len(self.stack) != 1 or self.marks:
            raise CheckpointError(f"{len(self.stack)} objects and {len(self.marks)} marks are left at its end")
        return checked_result(self.stack[0])

    # ---- the opcodes -----------------------------------------------------------------------------------------------
    def _step(self, name: str, arg: Any) -> None:
        stack = self.stack
        if name in _PUSHED:
            stack.append(bytearray(arg) if name == "BYTEARRAY8" else arg)
        elif name in _FIXED:
            stack.append(_FIXED[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in ("BINGET", "LONG_BINGET"):
            if arg not in self.memo:
                raise CheckpointError(f"nothing was put under {arg}")
            stack.append(self.memo[arg])
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if arg is None else arg] = self._top()
        elif name == "MARK":
            self.marks.append(len(stack))
        elif name in _TUPLES:
            stack.append(tuple(self._pop(_TUPLES[name])))
        else:
            step = STEPS.get(name)
            if step is None:
                raise CheckpointError("a checkpoint does not need this opcode, and it is not carried out")
            step(self, arg)

    def _floor(self) -> int:
        return self.marks[-1] if self.marks else 0

    def _top(self) -> Any:
        if len(self.stack) <= self._floor():
            raise CheckpointError("nothing is on the stack")
        return self.stack[-1]

    def _pop(self, count: int) -> list[Any]:
        if len(self.stack) - count < self._floor():
            raise CheckpointError("too little is on the stack")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _since_mark(self) -> list[Any]:
        if not self.marks:
            raise CheckpointError("there is no mark")
        mark = self.marks.pop()
        taken = self.stack[mark:]
        del self.stack[mark:]
        return taken

    def _target(self, *kinds: type) -> Any:
        target = self._top()
        if target.__class__ not in kinds:
            raise CheckpointError(f"its target is {named(target)}, and may only be a {' or '.join(k.__name__ for k in kinds)}")
        return target

    def _set_items(self, items: list[Any]) -> None:
        target = self._target(dict, OrderedDict)
        if len(items) % 2:
            raise CheckpointError("a key is without a value")
        for place in range(0, len(items), 2):
            target[self.keys.checked(items[place])] = items[place + 1]

    def _add_items(self, items: list[Any]) -> None:
        target = self._target(set)
        for item in items:
            target.add(self.keys.checked(item))

    def _global(self, name: str) -> None:
        found = self.names.get(name)
        if found is None:
            module, _, own = name.partition(" ")
            whole = module.startswith(("torch.nn.modules", "__main__", "torchvision", "transformers"))
            raise CheckpointError(
                f"it asks for {shown(f'{module}.{own}')}, which is not on the short list of what a checkpoint needs"
                + (". It seems that a whole model was saved. Hint: torch.save(model.state_dict(), path)" if whole else "")
            )
        self.stack.append(found)

    def _stack_global(self) -> None:
        module, name = self._pop(2)
        if module.__class__ is not str or name.__class__ is not str or " " in module + name or len(module + name) > 300:
            raise CheckpointError("a name must be two words")
        self._global(f"{module} {name}")

    def _reduce(self) -> None:
        function, args = self._pop(2)
        if not isinstance(function, Known) or function.make is None:
            raise CheckpointError(f"{named(function)} is not a function of the list")
        if args.__class__ is not tuple:
            raise CheckpointError(f"the arguments of {function.name} are {named(args)}, and not a tuple")
        self.stack.append(function.make(self, args))

    def _build(self) -> None:
        (state,) = self._pop(1)
        target = self._target(OrderedDict)
        if state.__class__ is not dict or set(state) - {"_metadata"}:
            raise CheckpointError("an OrderedDict may be given the attribute '_metadata' and no other")
        if state and not isinstance(state["_metadata"], dict):
            raise CheckpointError("'_metadata' must be a dict")
        vars(target).update(state)

    def _persistent(self) -> None:
        self.stack.append(self.persistent(self._pop(1)[0]))

    def _frozen(self) -> None:
        self.stack.append(frozenset([self.keys.checked(item) for item in self._since_mark()]))


class Known:
    """What stands for a name of the list: inert but for `make`, which REDUCE calls."""

    __slots__ = ("make", "name", "what")

    def __init__(self, name: str, make: Callable[[Machine, tuple[Any, ...]], Any] | None = None, what: Any = None) -> None:
        self.name, self.make, self.what = name, make, what


STEPS: dict[str, Callable[[Machine, Any], None]] = {
    "PROTO": lambda machine, arg: None,  # pickletools has refused what it does not know
    "FRAME": lambda machine, arg: None,
    "TUPLE": lambda machine, arg: machine.stack.append(tuple(machine._since_mark())),
    "APPEND": lambda machine, arg: _append(machine, machine._pop(1)),
    "APPENDS": lambda machine, arg: _append(machine, machine._since_mark()),
    "SETITEM": lambda machine, arg: machine._set_items(machine._pop(2)),
    "SETITEMS": lambda machine, arg: machine._set_items(machine._since_mark()),
    "ADDITEMS": lambda machine, arg: machine._add_items(machine._since_mark()),
    "FROZENSET": lambda machine, arg: machine._frozen(),
    "GLOBAL": lambda machine, arg: machine._global(arg),
    "STACK_GLOBAL": lambda machine, arg: machine._stack_global(),
    "REDUCE": lambda machine, arg: machine._reduce(),
    "BUILD": lambda machine, arg: machine._build(),
    "BINPERSID": lambda machine, arg: machine._persistent(),
}


def _append(machine: Machine, items: list[Any]) -> None:
    machine._target(list).extend(items)


def named(thing: Any) -> str:
    """What a message calls a thing on the stack."""
    return thing.name if isinstance(thing, Known) else f"a {type(thing).__name__}"


def checked_result(root: Any) -> Any:
    """The object, if it holds nothing but data, does not contain itself and is not nested too deep.

    Raises:
        CheckpointError: otherwise.
    """
    depth: dict[int, int] = {}  # 0: being looked at
    stack: list[tuple[Any, list[Any] | None]] = [(root, None)]
    while stack:
        thing, parts = stack.pop()
        if parts is not None:
            depth[id(thing)] = deep = 1 + max([depth.get(id(part), 1) for part in parts], default=0)
            if deep > DEEPEST:
                raise CheckpointError(f"it is nested more than {DEEPEST} deep")
            continue
        known = depth.get(id(thing))
        if known == 0:
            raise CheckpointError("it contains itself")
        if known is not None or thing.__class__ in _LEAVES or isinstance(thing, Constant):
            continue
        parts = _parts(thing)
        depth[id(thing)] = 0
        stack.append((thing, parts))
        stack += [(part, None) for part in parts]
    return root


def _parts(thing: Any) -> list[Any]:
    if thing.__class__ in (list, tuple, set, frozenset):
        return [*thing]
    if thing.__class__ in (dict, OrderedDict, Counter):
        return [*thing, *thing.values(), *getattr(thing, "__dict__", {}).values()]
    if isinstance(thing, Tensor):
        return [*thing.__dict__.values()]
    raise CheckpointError(f"{named(thing)} is left in it, which is no data")
