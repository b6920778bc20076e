"""Rows for padding."""

from ..domains import call, literal, rule

PUBLIC = {
    "pad": rule(
        call((3,), literal((1, 2))), call((2, 3), literal((1, 0, 0, 2)), value=1.5), call((2, 4), literal((-1, 2))),
        call((2, 0), literal((1, 1))), call((), literal(())), call((2, 4, 3), literal((-1, -2, 1, 1))),
        call((2, 4), literal((2, 3)), mode="reflect"), call((2, 3, 4), literal((1, 2, 2, 0)), mode="reflect"),
        call((1, 3, 4, 2), literal((1, 1, 2, -1)), mode="replicate"), call((2, 3), literal((5, 4)), mode="replicate"),
        call((2, 3, 4), literal((2, 3)), mode="circular"), call((1, 2, 3, 2), literal((1, 2, -1, 2)), mode="circular"),
        call((1, 2, 2, 3, 2), literal((1, 0, 1, 1, 0, 1)), mode="replicate"), call((0, 2, 3), literal((1, 2)), mode="reflect"),
    ),
    "constant_pad_nd": rule(call((2, 3), literal((1, 2)), literal(-1.0)), call((3,), literal((0, 2)))),
}  # fmt: skip
