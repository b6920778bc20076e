"""The drop-in switch: after `import minitorch.as_torch`, `import torch` and all below it is minitorch.

    import minitorch.as_torch
    import torch
    from torch import nn

`python -m minitorch.as_torch script.py arguments` runs a script under the switch without a line of it changed, and
`python -m minitorch.as_torch -m package.module arguments` a module.

The switch counts whether or not PyTorch is installed: importing it is the user's word. It refuses to come second, for
half a program on each library would be silently wrong. A name that is not there is an error that says so.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["install"]

#: The front door, which has opened before anything below it is imported.
minitorch: Any = sys.modules["minitorch"]
#: The version of PyTorch whose names, arguments and errors are followed.
FOLLOWED = "2.13.0"
README = "see 'What is not there' in minitorch's README"
USAGE = "usage: python -m minitorch.as_torch (script.py | -m module) [arguments]"


class _Version(str):
    """A version string that compares by its numbers, with strings and tuples alike, as `torch.__version__` does."""

    @staticmethod
    def _numbers(version: Any) -> tuple[int, ...]:
        parts = str(version).partition("+")[0].split(".") if isinstance(version, str) else version
        return tuple(int("".join(c for c in str(part) if c.isdigit()) or 0) for part in parts)

    def __lt__(self, other: Any) -> bool:
        return self._numbers(self) < self._numbers(other)

    def __le__(self, other: Any) -> bool:
        return self._numbers(self) <= self._numbers(other)

    def __gt__(self, other: Any) -> bool:
        return self._numbers(self) > self._numbers(other)

    def __ge__(self, other: Any) -> bool:
        return self._numbers(self) >= self._numbers(other)


class _Torch(ModuleType):
    """The module called `torch`: minitorch's names, with PyTorch's version, for programs that ask which one they have."""

    def __init__(self) -> None:
        super().__init__("torch", minitorch.__doc__)
        self.__version__ = _Version(f"{FOLLOWED}+minitorch")
        self.__path__: list[str] = []
        self.__file__ = minitorch.__file__

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # for `from torch import *`
            return [name for name in dir(minitorch) if not name.startswith("_")]
        if name == "version":
            return importlib.import_module("torch.version")
        if name.startswith("__") and name not in minitorch._SUBMODULES:
            raise AttributeError(f"module 'torch' has no attribute {name!r}")
        try:
            return getattr(minitorch, name)
        except AttributeError as reason:
            why = str(reason).partition(f"has no attribute {name!r}")[2]
            raise AttributeError(f"module 'torch' has no attribute {name!r} under minitorch.as_torch{why}; {README}") from None

    def __dir__(self) -> list[str]:
        return dir(minitorch)


def _version() -> ModuleType:
    """`torch.version`: PyTorch's version, built for no device."""
    module = ModuleType("torch.version")
    vars(module).update(__version__=_Version(f"{FOLLOWED}+minitorch"), git_version="", debug=False, cuda=None, hip=None,
                        rocm=None, xpu=None)  # fmt: skip
    return module


def _found(name: str) -> ModuleType:
    """What `import name` shall give.

    Raises:
        ModuleNotFoundError: naming the module, where minitorch has none.
    """
    if name == "torch":
        return _Torch()
    if name == "torch.version":
        return _version()
    inner = name.removeprefix("torch.")
    if inner.partition(".")[0] in minitorch._SUBMODULES:
        own = f"minitorch.{inner}"
        try:
            return importlib.import_module(own)
        except ModuleNotFoundError as reason:
            if reason.name != own:  # an optional library that the module needs, or said already
                raise
    raise _missing(name)


def _missing(name: str) -> ModuleNotFoundError:
    """The error for a name below `torch` that is not there."""
    inner = name.removeprefix("torch.")
    why = f": {minitorch._ABSENT[inner]}" if inner in minitorch._ABSENT else ""
    # Without the name of the module in the exception, `from torch import it` says this too, instead of less.
    return ModuleNotFoundError(f"No {name!r} in minitorch, which stands in for PyTorch{why}; {README}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `torch` and everything below it in minitorch."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if fullname != "torch" and not fullname.startswith("torch."):
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        spec.loader_state = _found(fullname)
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module: ModuleType = spec.loader_state
        spec.loader_state = module, getattr(module, "__spec__", None)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run; a module of minitorch's keeps its own spec, which the import has overwritten."""
        spec: Any = module.__spec__
        _, own = spec.loader_state
        spec.loader_state = None
        if own is not None:
            module.__spec__ = own


class _Last(importlib.abc.MetaPathFinder):
    """Asked when nobody has found a module of minitorch's: that is `from torch.nn import Missing`, or an import of it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if fullname.startswith("minitorch."):
            raise _missing(fullname.replace("minitorch", "torch", 1))


_FINDER = _Finder()


def install() -> None:
    """Make `import torch` mean minitorch from here on; done by importing this module.

    Raises:
        ImportError: where PyTorch itself is imported already.
    """
    if _FINDER in sys.meta_path:
        return
    if "torch" in sys.modules:
        raise ImportError("minitorch.as_torch comes too late: 'torch' is imported already, and half a program on each library "
                          "would be silently wrong. Import minitorch.as_torch first, or run the script with "
                          "`python -m minitorch.as_torch script.py`.")  # fmt: skip
    sys.meta_path.insert(0, _FINDER)
    sys.meta_path.append(_Last())


def _main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help") or arguments == ["-m"]:
        sys.exit(USAGE)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = str(Path.cwd())
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = str(Path(arguments[0]).resolve().parent)
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    importlib.import_module("minitorch.as_torch")._main()  # the one that the script finds if it names the switch itself
else:
    install()
