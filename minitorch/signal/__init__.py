"""Signals: the windows that frames are faded with."""

from . import windows

__all__ = ["windows"]
