"""Rows for the products of a sparse matrix by its places."""

from ..domains import call, index, rule

OPS = {
    "spmm": rule(
        call((6,), (3, 2), index((6,), 4), index((6,), 3), rows=4), call((5,), (2, 3), index((5,), 2), index((5,), 2), rows=3),
        call((0,), (3, 2), index((0,), 4), index((0,), 3), rows=4), call((2,), (3, 0), index((2,), 4), index((2,), 3), rows=4),
        call((5,), (3, 1), index((5,), 2), index((5,), 3), rows=2),
    ),
    "sddmm": rule(
        call((4, 3), (5, 3), index((7,), 4), index((7,), 5)), call((2, 1), (2, 1), index((3,), 2), index((3,), 2)),
        call((4, 3), (5, 3), index((0,), 4), index((0,), 5)), call((4, 0), (5, 0), index((2,), 4), index((2,), 5)),
    ),
    "assemble": rule(call((3,)), call((2, 3)), call((0,)), call((3, 1))),
}  # fmt: skip
