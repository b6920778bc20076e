"""The table of derivatives, one file per family.

Importing this package fills the table: each file declares its ops, and nothing else is needed for them to appear as
functions, methods, operators, stubs and law tests.
"""

from . import (  # noqa: F401
    activations,
    arithmetic,
    bessel,
    bitwise,
    comparison,
    complex,
    contraction,
    convolution,
    create,
    determinants,
    distances,
    factorization,
    folding,
    fused_alignment,
    fused_attention,
    fused_linear,
    fused_loss,
    fused_norm,
    fused_recurrent,
    fused_recurrent_lstm,
    index,
    lookup,
    mutation,
    pooling,
    reduce,
    resampling,
    rounding,
    scan,
    shape,
    solving,
    sparse_products,
    special,
    spectral,
    striding,
    tables,
    transcendental,
)
from .op import TABLE, Op

__all__ = ["TABLE", "Op"]
