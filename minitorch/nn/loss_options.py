"""How PyTorch is to work through a cross entropy of very many classes in pieces.

https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyOptions.html
"""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """Accepted by `linear_cross_entropy` and its layer. The numbers do not depend on it, and here nothing else does.

    Attributes:
        allow_retain_graph: always so here.
        batch_chunk_size: how many samples at a time.
        chunking_method: how to choose that: "auto", "aspect_ratio", "aspect_ratio:<whole number>", None.
        acc_policy: what is kept in the wider dtype: "accurate", "balanced", "compact", "auto".
        acc_dtype: the wider dtype.

    Raises:
        ValueError: for other values.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        """Check the values."""
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto"):
            name, colon, factor = self.chunking_method.partition(":")
            if name != "aspect_ratio" or (colon and not (factor.isdigit() and int(factor) > 0)):
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        name = "float32" if self.acc_dtype is None else getattr(self.acc_dtype, "name", "")
        if name not in ("float16", "bfloat16", "float32", "float64"):
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, torch.float64}, got "
                f"{self.acc_dtype!r}. Pass acc_dtype=None to let the op pick automatically."
            )
