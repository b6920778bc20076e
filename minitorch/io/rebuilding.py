"""The names that a checkpoint of PyTorch may use, and what stands for each: nothing of PyTorch, and nothing that runs code.

Storage classes are inert marks for a dtype; the rebuilders make windows on storages, checked against their length.
https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any

from .. import _tensor_constants as constants
from .._tensor import Tensor
from ..backend import dtype as dt
from ..backend.device import Device
from ..size import Size
from .archive import Archive
from .opcodes import Known, Machine, named
from .placing import Placer, typed, window
from .refusal import MOST_DIMENSIONS, CheckpointError, shown, whole
from .restoring import dressed

#: What a tensor costs of the budget, in elements: about what it takes to describe one that is not made over again.
_TENSOR = 32
_STORAGES = {"Float": dt.float32, "Double": dt.float64, "Half": dt.float16, "BFloat16": dt.bfloat16, "Long": dt.int64,
             "Int": dt.int32, "Short": dt.int16, "Char": dt.int8, "Byte": dt.uint8, "Bool": dt.bool_,
             "ComplexFloat": dt.complex64, "ComplexDouble": dt.complex128}  # fmt: skip


class Storage:
    """A storage as the pickle names it; its bytes are read when a tensor lies on it."""

    __slots__ = ("count", "key", "kind", "location")

    def __init__(self, key: str, kind: dt.dtype | None, count: int, location: str) -> None:
        self.key, self.kind, self.count, self.location = key, kind, count, location


class Storages:
    """The storages of a file, each read and placed once."""

    def __init__(self, archive: Archive, place: Placer) -> None:
        self.archive, self.place = archive, place
        self._known: dict[str, tuple[dt.dtype, int, str]] = {}
        self._flat: dict[tuple[str, bool, bool], Any] = {}

    def persistent(self, told: Any) -> Storage:
        """The storage that `("storage", class, key, location, count)` names."""
        if told.__class__ is not tuple or len(told) != 5 or told[0] != "storage" or told[0].__class__ is not str:
            raise CheckpointError(f"a persistent id {shown(told)} names no storage")
        _, kind, key, location, count = told
        if not isinstance(kind, Known) or kind.make is not None or not isinstance(kind.what, tuple):
            raise CheckpointError(f"a storage has the class {named(kind)}")
        if key.__class__ is not str or location.__class__ is not str:
            raise CheckpointError(f"a storage has the key {shown(key)} and the location {shown(location)}")
        return Storage(key, kind.what[0], whole(count, "the length of a storage"), location)

    def flat(self, storage: Storage, kind: dt.dtype, conj: bool, neg: bool) -> Any:
        """Its numbers, on its device."""
        nbytes = storage.count * (1 if storage.kind is None else storage.kind.itemsize)
        told = kind, nbytes, storage.location
        if self._known.setdefault(storage.key, told) != told or nbytes % kind.itemsize:
            raise CheckpointError(f"the storage {shown(storage.key)} is described in two ways, or does not divide into {kind}")
        made = storage.key, conj, neg
        if made not in self._flat:
            numbers = typed(self.archive.storage(storage.key, nbytes), kind, self.archive.big_endian)
            numbers = numbers.conj() if conj else numbers
            self._flat[made] = self.place(-numbers if neg else numbers, storage.location)
        return self._flat[made]


def _arguments(args: tuple[Any, ...], least: int, most: int) -> tuple[Any, ...]:
    if not least <= len(args) <= most:
        raise CheckpointError(f"{len(args)} arguments are given, and {least} to {most} are taken")
    return args + (None,) * (most - len(args))


def _flag(value: Any, what: str) -> bool:
    if value.__class__ is not bool:
        raise CheckpointError(f"{what} must be a bool, and is {shown(value)}")
    return bool(value)


def _no_hooks(hooks: Any) -> None:
    if hooks is not None and (hooks.__class__ is not OrderedDict or hooks):
        raise CheckpointError("a tensor comes with hooks, which are code")


class Names:
    """The list: "module name" -> what stands for it, for one file."""

    def __init__(self, storages: Storages) -> None:
        self._storages = storages
        known: dict[str, Any] = {
            "collections OrderedDict": self._ordered, "collections Counter": self._counter, "torch Size": self._size,
            "torch device": self._device, "torch.serialization _get_layout": self._layout, "_codecs encode": self._encode,
            "torch._utils _rebuild_tensor": self._tensor, "torch._utils _rebuild_tensor_v2": self._tensor_v2,
            "torch._utils _rebuild_tensor_v3": self._tensor_v3, "torch._utils _rebuild_parameter": self._parameter,
            "torch._utils _rebuild_parameter_with_state": self._parameter_with_state,
            "torch._tensor _rebuild_from_type_v2": self._from_type,
        }  # fmt: skip
        for name, make in (("set", self._set), ("complex", self._complex), ("bytearray", self._bytearray),
                           ("bytes", self._no_bytes)):  # fmt: skip
            known[f"__builtin__ {name}"] = known[f"builtins {name}"] = make
        self.table: dict[str, Any] = {name: Known(name.replace(" ", "."), make) for name, make in known.items()}
        for name, kind in _STORAGES.items():
            self.table[f"torch {name}Storage"] = Known(f"torch.{name}Storage", what=(kind,))
        self.table["torch.storage UntypedStorage"] = Known("torch.storage.UntypedStorage", what=(None,))
        for name, class_ in (("torch Tensor", "tensor"), ("torch._tensor Tensor", "tensor"),
                             ("torch.nn.parameter Parameter", "parameter"), ("torch.nn.parameter Buffer", "buffer")):  # fmt: skip
            self.table[name] = Known(name.replace(" ", "."), what=class_)
        self.table |= {f"torch {kind.name}": kind for kind in dt.ALL}

    def get(self, name: str) -> Any:
        """What stands for a name; None for one that is not on the list."""
        return self.table.get(name)

    # ---- plain things ----------------------------------------------------------------------------------------------
    @staticmethod
    def _ordered(machine: Machine, args: tuple[Any, ...]) -> Any:
        _arguments(args, 0, 0)
        return OrderedDict()

    @staticmethod
    def _counter(machine: Machine, args: tuple[Any, ...]) -> Any:
        (counts,) = _arguments(args, 1, 1)
        if counts.__class__ is not dict:
            raise CheckpointError(f"a Counter is made of {named(counts)}, and not of a dict")
        machine.spend(len(counts))
        return Counter(counts)

    @staticmethod
    def _size(machine: Machine, args: tuple[Any, ...]) -> Any:
        (sizes,) = _arguments(args, 1, 1)
        if sizes.__class__ is not tuple or len(sizes) > MOST_DIMENSIONS:
            raise CheckpointError(f"a Size is made of {named(sizes)}, or has more than {MOST_DIMENSIONS} numbers")
        machine.spend(len(sizes))
        return Size([whole(size, "a size") for size in sizes])

    @staticmethod
    def _device(machine: Machine, args: tuple[Any, ...]) -> Any:
        kind, index = _arguments(args, 1, 2)
        try:
            return Device(kind, index)
        except (RuntimeError, TypeError, ValueError) as reason:
            raise CheckpointError(f"a device {shown(kind)}: {reason}") from None

    @staticmethod
    def _layout(machine: Machine, args: tuple[Any, ...]) -> Any:
        if _arguments(args, 1, 1) != ("torch.strided",):
            raise CheckpointError("a layout other than torch.strided")
        return constants.strided

    @staticmethod
    def _encode(machine: Machine, args: tuple[Any, ...]) -> Any:
        text, encoding = _arguments(args, 2, 2)
        if text.__class__ is not str or encoding.__class__ is not str or encoding != "latin1":
            raise CheckpointError("bytes are written as a string and 'latin1'")
        machine.spend(len(text))
        try:
            return text.encode("latin1")
        except UnicodeError:
            raise CheckpointError("bytes are written as a string that holds no bytes") from None

    @staticmethod
    def _bytearray(machine: Machine, args: tuple[Any, ...]) -> Any:
        (content,) = _arguments(args, 0, 1)
        if content is not None and content.__class__ is not bytes:
            raise CheckpointError(f"a bytearray is made of {named(content)}, and not of bytes")
        machine.spend(len(content or b""))
        return bytearray(content or b"")

    @staticmethod
    def _no_bytes(machine: Machine, args: tuple[Any, ...]) -> Any:
        _arguments(args, 0, 0)
        return b""

    @staticmethod
    def _set(machine: Machine, args: tuple[Any, ...]) -> Any:
        (items,) = _arguments(args, 1, 1)
        if items.__class__ is not list:
            raise CheckpointError(f"a set is made of {named(items)}, and not of a list")
        machine.spend(len(items))
        return {machine.keys.checked(item) for item in items}

    @staticmethod
    def _complex(machine: Machine, args: tuple[Any, ...]) -> Any:
        real, imag = _arguments(args, 2, 2)
        if real.__class__ is not float or imag.__class__ is not float:
            raise CheckpointError("a complex number is made of two floats")
        return complex(real, imag)

    # ---- tensors ---------------------------------------------------------------------------------------------------
    def _made(self, machine: Machine, args: tuple[Any, ...], kind: Any, requires_grad: Any, marks: Any) -> Tensor:
        storage, offset, shape, strides = args
        machine.spend(_TENSOR)
        if not isinstance(storage, Storage):
            raise CheckpointError(f"a tensor lies on {named(storage)}, and not on a storage")
        if not isinstance(kind, dt.dtype):
            raise CheckpointError(f"a tensor has the dtype {named(kind)}")
        if shape.__class__ not in (tuple, Size) or strides.__class__ is not tuple:
            raise CheckpointError("the shape and the strides of a tensor must be tuples")
        if marks is not None and (marks.__class__ is not dict or set(marks) - {"conj", "neg"}):
            raise CheckpointError("a tensor is marked with other than 'conj' and 'neg'")
        conj, neg = (_flag((marks or {}).get(name, False), name) for name in ("conj", "neg"))
        if any(step.__class__ is int and step < 0 for step in strides):
            raise CheckpointError("a stride is negative")
        where = f"a tensor on the storage {shown(storage.key)}"
        if (neg and kind is dt.bool_) or (conj and not kind.is_complex):
            raise CheckpointError(f"{where}: numbers of {kind} are not negated or conjugated")
        return dressed(window(self._storages.flat(storage, kind, conj, neg), shape, strides, offset, where), "tensor",
                       _flag(requires_grad, "requires_grad"), {}, where)  # fmt: skip

    @staticmethod
    def _kind(storage: Any) -> Any:
        kind = getattr(storage, "kind", None) if isinstance(storage, Storage) else None
        if kind is None:
            raise CheckpointError(f"a tensor lies on {named(storage)}, and not on a storage of a dtype")
        return kind

    def _tensor(self, machine: Machine, args: tuple[Any, ...]) -> Any:
        args = _arguments(args, 4, 4)
        return self._made(machine, args, self._kind(args[0]), False, None)

    def _tensor_v2(self, machine: Machine, args: tuple[Any, ...]) -> Any:
        args = _arguments(args, 6, 7)
        _no_hooks(args[5])
        return self._made(machine, args[:4], self._kind(args[0]), args[4], args[6])

    def _tensor_v3(self, machine: Machine, args: tuple[Any, ...]) -> Any:
        args = _arguments(args, 7, 8)
        _no_hooks(args[5])
        return self._made(machine, args[:4], args[6], args[4], args[7])

    def _parameter(self, machine: Machine, args: tuple[Any, ...]) -> Any:
        return self._parameter_with_state(machine, _arguments(args, 3, 3) + ({},))

    def _parameter_with_state(self, machine: Machine, args: tuple[Any, ...]) -> Any:
        data, requires_grad, hooks, state = _arguments(args, 4, 4)
        _no_hooks(hooks)
        return self._dressed(machine, data, "parameter", _flag(requires_grad, "requires_grad"), state)

    def _from_type(self, machine: Machine, args: tuple[Any, ...]) -> Any:
        function, kind, given, state = _arguments(args, 4, 4)
        rebuilders = (self._tensor, self._tensor_v2, self._tensor_v3, self._parameter, self._parameter_with_state)
        if not isinstance(function, Known) or function.make not in rebuilders or given.__class__ is not tuple:
            raise CheckpointError(f"{named(function)} does not rebuild a tensor")
        if not isinstance(kind, Known) or not isinstance(kind.what, str):
            raise CheckpointError(f"{named(kind)} is no class of tensors")
        found = function.make(machine, given)
        if state.__class__ is dict and state.get("_is_buffer") is True:
            state = {key: value for key, value in state.items() if key != "_is_buffer"}
            return self._dressed(machine, found, "buffer", found.requires_grad, state)
        what = "parameter" if found.__class__.__name__ == "Parameter" else kind.what
        return self._dressed(machine, found, what, found.requires_grad, state)

    @staticmethod
    def _dressed(machine: Machine, data: Any, kind: str, requires_grad: bool, state: Any) -> Tensor:
        if not isinstance(data, Tensor):
            raise CheckpointError(f"a {kind} is made of {named(data)}, and not of a tensor")
        if state.__class__ is not dict:
            raise CheckpointError(f"the attributes of a {kind} are {named(state)}, and not a dict")
        machine.spend(len(state) + _TENSOR // 4)
        return dressed(data, kind, requires_grad, state, f"a {kind}")


def read_archive(archive: Archive, place: Placer) -> Any:
    """The object that a checkpoint of PyTorch holds.

    Raises:
        CheckpointError: for anything that is not data; see opcodes.py and archive.py.
    """
    text, storages = archive.pickle(), Storages(archive, place)
    return Machine(Names(storages), storages.persistent, 10_000 + len(text)).run(text)
