"""Rows for scans, sorting, searching, statistics and scattering."""

from ...ops.index import HOLE
from ..domains import Domain, call, index, literal, positions, rule, spec, whole

SORTED = Domain(ascending=True)
FEW = whole(-1, 2)

#: Never of one element alone: its variance is 0 / 0.
SPREAD = rule(
    call((2, 3), dim=None, keepdim=False, correction=1), call((2, 3), dim=1, keepdim=True, correction=0),
    call((3, 2, 2), dim=(0, 2), keepdim=False, correction=0.5), call((4,), dim=0, keepdim=False, correction=1),
    call((2, 0), dim=0, keepdim=False, correction=1), distinct=True,
)  # fmt: skip

OPS = {
    "prod": rule(dims="none int", edges=False),  # PyTorch divides
    "var": SPREAD,
    "std": SPREAD,
    "lasting": rule(call((3, 2), index((4,), 3), key=(HOLE,)), call((3,), index((5,), 3), key=(HOLE,)), call((2, 3), index((2,), 3), key=(slice(None), HOLE))),
    "one_of": rule(
        call((3, 4), index((4,), 3), dim=0), call((2, 3, 4), index((2, 4), 3), dim=1), call((3, 0), index((0,), 3), dim=0),
    ),
    "back_to": rule(call((4,), index((4,), 3), dim=0, size=3), call((2, 4), index((2, 4), 3), dim=1, size=3)),
    "lasting_along": rule(call((8, 2), positions((3, 2), 8), dim=0), call((2, 6), positions((2, 2), 6), dim=1), call((2,), index((5,), 2), dim=0)),
    "scatter": rule(
        call((8, 4), (2, 4), positions((2, 4), 8), dim=0), call((3, 4), (), positions((1, 3), 4), dim=1),
        call((2, 4), (3, 4), index((3, 4), 2), dim=0),
        call((3,), (2,), index((0,), 3), dim=0), call((), (), index((), 1), dim=0),
    ),
    "index_add": rule(
        call((3, 4), (5, 4), index((5,), 3), dim=0), call((3, 4), (3, 2), index((2,), 4), dim=1), call((3,), (0,), index((0,), 3), dim=0),
        call((3, 1), (5, 1), index((5,), 3), dim=0),
    ),
    "scatter_extreme": rule(
        call((3, 4), (2, 4), index((2, 4), 3), dim=0, largest=True, include_self=True),
        call((3, 4), (3, 6), index((2, 5), 4), dim=1, largest=False, include_self=True),
        call((4,), (6,), index((6,), 4), dim=0, largest=True, include_self=False),
        call((3, 1), (4, 1), index((4, 1), 3), dim=0, largest=True, include_self=True),
        complex=False, distinct=True,
    ),
}  # fmt: skip

PUBLIC = {
    "cumprod": rule(edges=False),
    "unique": rule(smooth=False),
    "unique_consecutive": rule(smooth=False),
    "histc": rule(smooth=False),
    "histogram": rule(smooth=False),
    "prod": rule(dims="none int", edges=False),  # PyTorch divides
    "aminmax": rule(distinct=True, nonempty=True, dims="none int"),
    "cummax": rule(distinct=True, complex=False),
    "cummin": rule(distinct=True, complex=False),
    "diff": rule(
        call((4,)), call((2, 3), dim=0), call((2, 4), n=2), call((3,), prepend=spec((1,)), append=spec((2,))), call((1,)),
    ),
    "trapezoid": rule(call((4,)), call((2, 3), dx=0.5), call((2, 4), (4,)), call((3, 2), dim=0), call((0,))),
    "cumulative_trapezoid": rule(call((4,)), call((2, 3), dx=0.5), call((2, 4), (4,)), call((3, 2), dim=0)),
    "gradient": rule(call((4,)), call((3, 4)), call((5,), spacing=2.0), call((4, 4), dim=1, edge_order=2)),
    "sort": rule(call((4,)), call((2, 3), dim=0), call((2, 3), descending=True), call(()), call((0, 2)), distinct=True),
    "argsort": rule(call((4,)), call((2, 3), dim=0), call((2, 3), descending=True), call(()), distinct=True),
    "msort": rule(call((4,)), call((3, 2)), distinct=True),
    "topk": rule(call((5,), literal(2)), call((2, 4), literal(3), dim=-1, largest=False), call((3, 2), literal(1), dim=0), distinct=True),
    "kthvalue": rule(call((5,), literal(2)), call((3, 2), literal(3), dim=0, keepdim=True), distinct=True),
    "searchsorted": rule(
        call((4,), (2, 3)), call((2, 4), (2, 3), right=True), sorted_sequence=SORTED, smooth=False,
    ),
    "bucketize": rule(call((2, 3), (4,)), call((), (4,), right=True), boundaries=SORTED, smooth=False),
    "isin": rule(call(spec((2, 3), FEW), spec((2,), FEW)), call(spec((), FEW), spec((2,), FEW), invert=True), smooth=False),
    **{
        name: rule(
            call((2, 3)), call((2, 3), dim=1), call((2, 3), dim=(0, 1), correction=0), call((2, 3), dim=0, keepdim=True),
            distinct=True,
        )
        for name in ("var_mean", "std_mean")
    },
    **{name: rule(distinct=True, nonempty=True, dims="none int") for name in ("median", "nanmedian", "mode")},
    **{
        name: rule(
            call((5,), literal(0.375)), call((2, 4), literal(0.25), dim=1, keepdim=True), call((2, 3), literal(0.5)),
            call((4,), spec((2,), Domain(0.125, 0.875))), call((4,), literal(0.3), interpolation="midpoint"),
            distinct=True, still=("q",), complex=False,
        )
        for name in ("quantile", "nanquantile")
    },
    "cov": rule(
        call((3, 4)), call((2, 5), correction=0), call((5,)), call((2, 3), fweights=spec((3,), whole(1, 4))),
        call((2, 3), aweights=spec((3,), Domain(0.5, 2))), distinct=True, nasty=False,
    ),
    "corrcoef": rule(call((3, 4)), call((2, 5)), distinct=True, searched=False),  # kinks at rows that are one line
}  # fmt: skip
