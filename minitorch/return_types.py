"""The named tuples that functions with several results return: `torch.return_types`.

`isinstance(out, minitorch.return_types.max)` and pickling find them here; they are made in compose/return_types.py.
https://docs.pytorch.org/docs/stable/torch.html#torch.return_types
"""

from __future__ import annotations

from .compose import return_types as _made
from .compose.return_types import *  # noqa: F403

__all__ = [name for name, kind in vars(_made).items() if name[0] != "_" and isinstance(kind, type) and issubclass(kind, tuple)]
