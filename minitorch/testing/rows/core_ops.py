"""Rows of the ops that the rest is composed of: elementwise, reductions, movement, indexing, products, convolution."""

import numpy as np

from ...backend.device import Device
from ...ops.index import HOLE
from ...ops.shape import select
from ..domains import MASK, NONZERO, POSITIVE, UNIT, between, call, constant, index, positions, rule, whole

ALL = slice(None)
ODD = between(-2, 2, extra=(np.inf, -np.inf, np.nan))
CONV = {"stride": (1,), "padding": (0,), "dilation": (1,), "groups": 1}
CONV2 = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}


def of_hermitian(f, x, **params):
    """eigh of a Hermitian matrix with separate eigenvalues; of the vectors, what does not depend on their phase."""
    turned = x.transpose(-2, -1).conj()
    values, vectors = f((x + turned) * 0.125 + constant(x, np.diag(np.arange(x.shape[-1]) * 8.0)), **params)
    return values, (vectors * vectors.conj()).real


OPS = {
    # elementwise: domains and kinks
    "div": rule(y=NONZERO, same=False),
    "pow": rule(x=POSITIVE),
    "reciprocal": rule(x=NONZERO),
    "abs": rule(x=NONZERO),
    "sgn": rule(x=NONZERO),
    "maximum": rule(complex=False),
    "minimum": rule(complex=False),
    "clamp": rule(
        x=between(-2, 2, avoid=(-1, 0.5)),
        params=({"min": -1.0, "max": 0.5}, {"min": -1.0, "max": None}, {"min": None, "max": 0.5}, {"min": 0.5, "max": -1.0}),
        complex=False,
    ),
    "complex": rule(complex=False, keeps=False),
    "log": rule(x=POSITIVE),
    "log2": rule(x=POSITIVE),
    "log10": rule(x=POSITIVE),
    "log1p": rule(x=between(-0.5, 2)),
    "sqrt": rule(x=POSITIVE),
    "rsqrt": rule(x=POSITIVE),
    "tan": rule(x=between(-1.25, 1.25)),
    "asin": rule(x=UNIT),
    "acos": rule(x=UNIT),
    "relu": rule(x=NONZERO, complex=False),
    # comparison: ties wanted
    **{name: rule(x=whole(-1, 2), y=whole(-1, 2)) for name in "eq ne lt le gt ge".split()},
    **{name: rule(x=whole(-1, 2), y=whole(-1, 2)) for name in "logical_and logical_or logical_xor".split()},
    "logical_not": rule(x=whole(-1, 2)),
    "isnan": rule(x=ODD),
    "isinf": rule(x=ODD),
    "isfinite": rule(x=ODD),
    # reduction
    "sum_to": rule(
        call((2, 3), shape=(3,)), call((2, 3), shape=(2, 1)), call((2, 3), shape=()), call((3,), shape=(3,)),
        call((2, 0), shape=(2, 1)), call((4, 2, 3), shape=(2, 1)),
    ),
    "amax": rule(complex=False, distinct=True, nonempty=True),
    "amin": rule(complex=False, distinct=True, nonempty=True),
    "all": rule(x=MASK, complex=False),
    "any": rule(x=MASK, complex=False),
    **{name: rule(complex=False, distinct=True, nonempty=True, dims="none") for name in "max min median nanmedian".split()},
    "length": rule(x=NONZERO),
    "p_norm": rule(x=NONZERO, params=({"p": 3.0}, {"p": 0.5})),
    "gate": rule(y=NONZERO, complex=False, same=False),
    "recur": rule(
        call((4,), (4,), dim=0, reverse=False), call((2, 3), (2, 3), dim=1, reverse=True), call((2, 0), (2, 0), dim=1, reverse=False),
        call((3, 1), (3, 1), dim=0, reverse=False),
    ),
    "lookup": rule(
        call((3, 4), index((5,), 3), dim=0), call((3, 4), index((2, 2), 4), dim=1), call((3, 4), index((), 3), dim=0),
        call((3, 2), index((0,), 3), dim=0), call((3, 1), index((4,), 3), dim=0),
    ),
    "deposit": rule(
        call((5, 4), index((5,), 3), dim=0, shape=(3, 4)), call((3, 2, 2), index((2, 2), 4), dim=1, shape=(3, 4)),
        call((4,), index((), 3), dim=0, shape=(3, 4)), call((0, 2), index((0,), 3), dim=0, shape=(3, 2)),
        call((4, 1), index((4,), 3), dim=0, shape=(3, 1)),
    ),
    "softmax": rule(complex=False),
    "log_softmax": rule(complex=False),
    # movement
    "cast": rule(
        call((2, 3), dtype=np.dtype("complex128")), call((2, 3), dtype=np.dtype("float64")),
        call((), dtype=np.dtype("complex128")), call((1, 3), dtype=np.dtype("float64")), keeps=False,
    ),
    "real": rule(call((2, 3)), call(()), call((0, 2)), call((3, 1))),
    "imag": rule(call((2, 3)), call(()), call((0, 2)), call((3, 1)), real=False),
    "reshape": rule(
        call((2, 3), shape=(3, 2)), call((2, 3), shape=(-1,)), call((), shape=(1, 1)), call((0, 2), shape=(3, 0)),
    ),
    "expand": rule(
        call((1, 3), shape=(2, 3)), call((3,), shape=(2, -1)), call((), shape=(2,)), call((1,), shape=(0,)),
        call((2, 1), shape=(3, 2, 2)),
    ),
    "permute": rule(call((2, 3, 4), dims=(2, 0, 1)), call((), dims=()), call((2, 0), dims=(-1, 0))),
    "turned": rule(call((2, 3)), call((4, 2, 3)), call((0, 2))),
    "select": rule(
        call((3, 4), key=(1,)), call((3, 4), key=(ALL, slice(1, 4, 2))), call((3, 4), key=(Ellipsis, None, -1)),
        call((3, 4), key=(slice(2, 1),)), call((), key=(None,)),
    ),
    "place": rule(
        call((4,), key=(1,), shape=(3, 4)), call((3, 2), key=(ALL, slice(1, 4, 2)), shape=(3, 4)),
        call((0, 4), key=(slice(2, 1),), shape=(3, 4)),
    ),
    "cat": rule(
        call((2, 3), (4, 3), dim=0), call((2, 1), (2, 0), (2, 2), dim=1), call((3,), dim=0), call((0,), (2,), dim=0),
    ),
    "stack": rule(call((2, 3), (2, 3), dim=1), call((3,), (3,), (3,), dim=0), call((), (), dim=0), call((0, 2), dim=2)),
    "flip": rule(call((2, 3), dims=(0, 1)), call((2, 3), dims=(-1,)), call((), dims=()), call((0, 2), dims=(0,)), call((1, 3), dims=(1,))),
    "triangle": rule(
        call((3, 3), diagonal=0, upper=True), call((2, 2, 4), diagonal=1, upper=False),
        call((4, 2), diagonal=-1, upper=True), call((0, 2), diagonal=0, upper=False), call((1, 3), diagonal=0, upper=True),
    ),
    "diagonal": rule(
        call((3, 3), offset=0, dim1=0, dim2=1), call((2, 3, 4), offset=1, dim1=2, dim2=0),
        call((3, 4), offset=-1, dim1=0, dim2=1), call((2, 3), offset=3, dim1=0, dim2=1),
    ),
    "place_diagonal": rule(
        call((3,), offset=0, dim1=0, dim2=1, shape=(3, 3)), call((2, 2), offset=-1, dim1=0, dim2=2, shape=(3, 2, 4)),
        call((3, 2), offset=-1, dim1=2, dim2=0, shape=(2, 3, 4)),
    ),
    "windows": rule(
        call((5,), dim=0, size=3, step=1), call((2, 5), dim=1, size=2, step=2), call((4, 2), dim=0, size=1, step=3),
        call((5,), dim=0, size=5, step=1),
    ),
    "place_windows": rule(
        call((3, 3), dim=0, size=3, step=1, shape=(5,)), call((2, 2, 2), dim=1, size=2, step=2, shape=(2, 5)),
        call((2, 2, 1), dim=0, size=1, step=3, shape=(4, 2)),
    ),
    "spread": rule(
        call((), shape=(2, 3), dim=(0, 1)), call((2,), shape=(2, 3), dim=(1,)), call((1, 3), shape=(2, 3), dim=(0,)),
        call((2,), shape=(2, 0), dim=(1,)),
    ),
    "overwrite": rule(
        call((3, 4), (4,), path=((select, {"key": (1,)}),)), call((3, 1), (1,), path=((select, {"key": (1,)}),)),
        call((3, 4), (2,), path=((select, {"key": (ALL, 2)}), (select, {"key": (slice(0, 3, 2),)}))),
    ),
    "transfer": rule(call((2, 3), device=Device("cpu")), call((), device=Device("cpu")), call((3, 1), device=Device("cpu"))),
    "_ordered": rule(call((2, 3)), call(()), call((0, 2))),
    # indexing
    "pick": rule(
        call((3, 4), index((5,), 3), key=(HOLE,)), call((3, 4), index((2, 2), 3), index((2,), 4), key=(HOLE, HOLE)),
        call((3, 4), index((5,), 4), key=(ALL, HOLE)), call((3, 2), index((0,), 3), key=(HOLE,)),
        call((3, 2, 2), index((2,), 3), index((2,), 2), key=(HOLE, ALL, HOLE)),
    ),
    "put_add": rule(
        call((5, 2), index((5,), 3), key=(HOLE,), shape=(3, 2)), call((2, 0), index((0,), 4), key=(ALL, HOLE), shape=(2, 4)),
        call((2, 5), index((5,), 4), key=(ALL, HOLE), shape=(2, 4)), call((5, 1), index((5,), 3), key=(HOLE,), shape=(3, 1)),
    ),
    "put": rule(
        call((3, 4), (2, 4), positions((2,), 3), key=(HOLE,)), call((3, 4), (4,), positions((2,), 3), key=(HOLE,)),
        call((3, 4), (), positions((3,), 4), key=(ALL, HOLE)), call((3, 4), (5, 4), index((5,), 3), key=(HOLE,)),
        call((3,), (5,), index((5,), 3), key=(HOLE,)),
    ),
    "gather": rule(
        call((3, 4), index((2, 4), 3), dim=0), call((3, 4), index((3, 6), 4), dim=-1), call((3,), index((0,), 3), dim=0),
        call((3, 4), index((2, 3), 4), dim=1), call((), index((), 1), dim=0),
    ),
    "scatter_add": rule(
        call((3, 4), (2, 4), index((2, 4), 3), dim=0), call((3, 4), (3, 6), index((2, 5), 4), dim=1),
        call((3,), (2,), index((0,), 3), dim=0), call((), (), index((), 1), dim=0), call((3, 1), (2, 1), index((2, 1), 3), dim=0),
    ),
    # contraction and windows
    "matmul": rule(
        call((2, 3), (3, 4)), call((2, 1, 2, 3), (2, 3, 2)), call((0, 3), (3, 2)), call((2, 0), (0, 2)),
        call((1, 1), (1, 1)), call((3, 2, 2), (2, 1)),
    ),
    "linear": rule(
        call((2, 3), (4, 3), (4,)), call((2, 3), (4, 3), None), call((3,), (2, 3), (2,)), call((2, 2, 3), (2, 3), (2,)),
        call((0, 3), (2, 3), (2,)), call((2, 3), (3,), ()), call((3,), (3,), None),
        call((2, 2, 3), (3,), None),
    ),
    "conv": rule(
        call((2, 2, 5), (3, 2, 3), **CONV), call((1, 4, 5, 4), (2, 2, 3, 2), **CONV2),
        call((0, 2, 4), (1, 2, 2), **CONV), call((1, 2, 3, 2, 2), (2, 2, 2, 1, 2), stride=(1,) * 3, padding=(1, 0, 0),
                                                 dilation=(1,) * 3, groups=1),
    ),
    "conv_input": rule(
        call((2, 3, 3), (3, 2, 3), shape=(2, 2, 5), **CONV),
        call((1, 2, 3, 2), (2, 2, 3, 2), shape=(1, 4, 5, 4), **CONV2),
    ),
    "conv_weight": rule(
        call((2, 2, 5), (2, 3, 3), shape=(3, 2, 3), **CONV),
        call((1, 4, 5, 4), (1, 2, 3, 2), shape=(2, 2, 3, 2), **CONV2),
    ),
    "matmul_nt": rule(call((2, 3), (4, 3)), call((2, 1, 2, 3), (2, 2, 3)), call((0, 3), (2, 3)), call((2, 0), (2, 0))),
    "matmul_tn": rule(call((3, 2), (3, 4)), call((2, 1, 3, 2), (2, 3, 2)), call((3, 0), (3, 2)), call((0, 2), (0, 2))),
    "mv": rule(call((2, 3), (3,)), call((0, 3), (3,)), call((2, 0), (0,)), call((1, 1), (1,))),
    "vm": rule(call((2,), (2, 3)), call((0,), (0, 3)), call((2,), (2, 0)), call((1,), (1, 1))),
    "window_sum": rule(
        call((2, 1, 5), kernel=(3,), stride=(1,), padding=(1,), sizes=(5,)),
        call((1, 2, 4, 3), kernel=(2, 2), stride=(2, 1), padding=(0, 1), sizes=(2, 4)),
        call((1, 1, 5), kernel=(2,), stride=(2,), padding=(0,), sizes=(3,)),
    ),
    "window_spread": rule(
        call((2, 1, 5), kernel=(3,), stride=(1,), padding=(1,), shape=(2, 1, 5)),
        call((1, 2, 2, 4), kernel=(2, 2), stride=(2, 1), padding=(0, 1), shape=(1, 2, 4, 3)),
        call((1, 1, 3), kernel=(2,), stride=(2,), padding=(0,), shape=(1, 1, 5)),
    ),
    "bernoulli_entropy": rule(x=between(0.125, 0.875), y=between(0, 1), complex=False, numbers=False),
    # the rest
    "eigh": rule(call((3, 3), uplo="L"), call((2, 2, 2), uplo="U"), call((1, 1)), through=of_hermitian, nasty=False),
    "standardize": rule(
        call((2, 3), (3,), (3,), axes=(1,), eps=1e-5), call((2, 3), None, None, axes=(0, 1), eps=1e-5),
        call((2, 2, 3), (2, 3), None, axes=(1, 2), eps=0.1), call((2, 3), None, (3,), axes=(1,), eps=1e-5),
        call((0, 3), (3,), (3,), axes=(1,), eps=1e-5), call((3, 2, 2), (2, 1), (2, 1), axes=(0, 2), eps=1e-5),
        call((3, 2), (2,), None, axes=(0,), eps=0.5), complex=False, distinct=True,
    ),
    "root_mean_square": rule(
        call((2, 3), (3,), axes=(1,), eps=1e-5), call((2, 3), None, axes=(0, 1), eps=1e-5), call((2, 2, 3), (2, 3), axes=(1, 2), eps=0.1),
        call((0, 3), (3,), axes=(1,), eps=1e-5), call((3, 1), (1,), axes=(0,), eps=0.5), complex=False, distinct=True,
    ),
    "fourier": rule(
        call((4,), dims=(0,), inverse=False, norm="backward"), call((2, 3), dims=(0, 1), inverse=True, norm="ortho"),
        call((2, 3), dims=(-1,), inverse=False, norm="forward"), call((0, 3), dims=(1,), inverse=False, norm="backward"),
        call((2,), dims=(), inverse=False, norm="backward"), call((3, 1), dims=(0,), inverse=False, norm="backward"),
    ),
    "filled": rule(params=({"value": 2.0},)),
    "full": rule(call((2,), shape=(3,), value=1.5), call((), shape=(), value=2)),
}  # fmt: skip
