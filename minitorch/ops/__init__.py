"""The table of derivatives, one file per family.

Importing this package fills the table: each file declares its ops, and nothing else is needed for them to appear as
functions, methods, operators, stubs and law tests.
"""

from . import (  # noqa: F401
    arithmetic,
    comparison,
    complex,
    contraction,
    convolution,
    create,
    factorization,
    fused_linear,
    fused_norm,
    index,
    lookup,
    mutation,
    pooling,
    reduce,
    shape,
    spectral,
    transcendental,
)
from .op import TABLE, Op

__all__ = ["TABLE", "Op"]
