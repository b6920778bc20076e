"""Rows for picking and placing by positions and masks."""

from ..domains import POSITIVE, call, index, literal, mask, positions, rule, spec, whole

PUBLIC = {
    "bincount": rule(
        call(index((5,), 4)), call(index((5,), 4), weights=spec((5,)), minlength=6), call(index((0,), 4)), smooth=False, complex=False,
    ),
    "renorm": rule(call((3, 4), literal(2.0), literal(0), literal(1.0)), call((2, 3, 2), literal(3.0), literal(1), literal(100.0))),
    "take_along_dim": rule(call((3, 4), index((2, 4), 3), dim=0), call((3, 4), index((5,), 12)), call((3, 1), index((3, 2), 1), dim=1)),
    "take": rule(call((3, 4), index((2, 3), 12)), call((3,), index((), 3)), call((2,), index((0,), 2))),
    "nonzero_static": rule(call(spec((2, 3), whole(-1, 2)), size=4), call(spec((3,), whole(-1, 2)), size=1, fill_value=7), smooth=False),
    "scatter": rule(
        call((8, 4), dim=0, index=positions((2, 4), 8), src=spec((2, 4))), call((3, 4), dim=1, index=index((2, 3), 4), value=2.0),
    ),
    "scatter_reduce": rule(
        *(call((3, 4), dim=0, index=index((2, 4), 3), src=spec((2, 4)), reduce=how, include_self=itself)
          for how in ("sum", "prod", "mean", "amax", "amin") for itself in (True, False)),
        complex=False, distinct=True, edges=False,  # PyTorch shares a tie with the input also where that is left out
    ),
    "index_add": rule(
        call((3, 4), dim=0, index=index((5,), 3), source=spec((5, 4))), call((3, 4), dim=-1, index=index((2,), 4), source=spec((3, 2)), alpha=2),
    ),
    "index_reduce": rule(
        *(call((3, 4), dim=0, index=index((5,), 3), source=spec((5, 4)), reduce=how, include_self=itself)
          for how in ("prod", "mean", "amax", "amin") for itself in (True, False)),
        complex=False, distinct=True, edges=False,  # PyTorch shares a tie with the input also where that is left out
    ),
    "index_copy": rule(call((3, 4), dim=0, index=positions((2,), 3), source=spec((2, 4))), call((3,), dim=0, index=index((0,), 3), source=spec((0,)))),
    "index_fill": rule(
        call((3, 4), dim=0, index=index((2,), 3), value=2.0), call((3, 4), dim=1, index=index((3,), 4), value=spec(())),
    ),
    "put": rule(
        call((3, 4), positions((2, 2), 12), (2, 2)), call((3, 4), index((5,), 12), (5,), accumulate=True), call((3,), index((0,), 3), (0,)),
    ),
    "index_put": rule(
        call((3, 4), [positions((2,), 3)], (2, 4)), call((3, 4), [index((5,), 3), index((5,), 4)], (5,), accumulate=True),
        call((3, 4), [positions((2,), 3)], ()),
    ),
    "masked_scatter": rule(call((2, 3), mask((2, 3)), (6,)), call((2, 3), mask((3,)), (2, 3)), call((), mask(()), (1,))),
    "select_scatter": rule(call((3, 4), (4,), dim=0, index=1), call((3, 4), (3,), dim=-1, index=-1)),
    "slice_scatter": rule(call((3, 4), (2, 4), dim=0, start=1), call((3, 4), (3, 2), dim=1, start=0, end=4, step=2)),
    "diagonal_scatter": rule(call((3, 3), (3,)), call((3, 4), (3,), offset=1)),
    "masked_fill": rule(
        call((2, 3), mask((3,)), literal(0.5)), call((2, 3), mask((2, 3)), ()), call((), mask(()), literal(2)),
        call((0,), mask((0,)), literal(2)),
    ),
    "histogramdd": rule(call((5, 2), literal((2, 3))), call((4, 1), literal((2,)), weight=spec((4,), POSITIVE)), smooth=False, complex=False, nasty=False),
}  # fmt: skip
