"""An exception on its way from a worker to the process that reads the batches."""

from __future__ import annotations

import sys
import traceback
from typing import Any, NoReturn

__all__ = ["ExceptionWrapper", "KeyErrorMessage"]


class KeyErrorMessage(str):
    """A text whose repr is itself: KeyError prints the repr of its argument, and that of a traceback is unreadable."""

    def __repr__(self) -> str:
        return self


class ExceptionWrapper:
    """The class and traceback of the exception being handled, as text, so that any exception can be sent.

    Args:
        exc_info: as `sys.exc_info()` returns it, which is the default.
        where: "in DataLoader worker process 0".
    """

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        found = sys.exc_info() if exc_info is None else exc_info
        self.exc_type: Any = found[0]
        self.exc_msg = "".join(traceback.format_exception(*found))
        self.where = where

    def reraise(self) -> NoReturn:
        """Raise the class again, its message telling where, with the original traceback.

        Raises:
            RuntimeError: where the class cannot be made from one message.
        """
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            message = KeyErrorMessage(message)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)
        try:
            error = self.exc_type(message)
        except Exception:
            raise RuntimeError(message) from None
        raise error
