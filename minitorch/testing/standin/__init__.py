"""A strict CPU stand-in for CuPy: it refuses what CuPy refuses, and counts when the host would wait for the device.

An array wraps a NumPy array that nothing outside this folder reaches. Functions, parameters and ufunc dtypes are those of
the real package (api.json, by snapshot.py). Where CuPy is lenient and wrong code would go unnoticed, this is stricter:
NumPy arrays and lists are refused everywhere but at `asarray`, `empty` holds NaN, an assignment with duplicate positions
raises. `waits()` collects the synchronisations; `standin_backend()` is the namespace that minitorch works on.
"""

from .arrays import API, DEVICES, DuplicatePositions, ndarray
from .package import cupy, cupyx, modules, registered, standin_backend
from .waiting import waits

__all__ = ["API", "DEVICES", "DuplicatePositions", "cupy", "cupyx", "modules", "ndarray", "registered", "standin_backend",
           "waits"]  # fmt: skip
