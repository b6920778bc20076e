"""Where an array lives: `Device("cpu")`, `Device("cuda:1")`.

A device is a property of the array, read off it; there is no current device to keep in step. Two arrays of one op must
agree, and a device that is not there is an error that says which half is missing: the package or the GPU.
"""

from __future__ import annotations

from typing import Any


class Device:
    """PyTorch's `torch.device`: a type (`cpu`, `cuda`, `meta` is refused) and an index or None.

    Raises:
        RuntimeError: for a device type that does not exist here.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any = None, index: int | None = None, *, device: Any = None) -> None:
        given = type if type is not None else device
        if isinstance(given, Device):
            self.type, self.index = given.type, given.index
            return
        if given.__class__ is int:
            index, given = given, "cuda"
        if not isinstance(given, str):
            raise TypeError(f"device(): argument 'type' (position 1) must be str, not {given.__class__.__name__}")
        if index is not None and index.__class__ is not int:
            raise TypeError(f"device(): argument 'index' (position 2) must be int, not {index.__class__.__name__}")
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        if not given:
            raise RuntimeError("Device string must not be empty")
        kind, colon, number = given.partition(":")
        if colon and index is not None:
            raise RuntimeError(
                f"type (string) must not include an index because index was passed explicitly: {given}"
            )
        if colon:
            if not kind or not number.isdecimal() or str(int(number)) != number:
                raise RuntimeError(f"Invalid device string: '{given}'")
            index = int(number)
        if kind not in ("cpu", "cuda"):
            raise RuntimeError(f"Expected one of cpu, cuda device type at start of device string: {kind}")
        self.type, self.index = kind, index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + (")" if self.index is None else f", index={self.index})")

    def __reduce__(self) -> tuple[Any, ...]:
        return Device, (str(self),)

    def __enter__(self) -> Device:
        from .namespace import default_device

        default_device.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        from .namespace import default_device

        default_device.pop()


CPU = Device("cpu")
