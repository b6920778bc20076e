"""Rows for transposed convolutions."""

from ..domains import call, rule

PUBLIC = {
    "conv_transpose1d": rule(
        call((2, 2, 4), (2, 3, 3), (3,)), call((2, 4), (2, 3, 3), stride=2, padding=1, output_padding=1),
        call((1, 4, 3), (4, 1, 2), None, dilation=2, groups=2), call((0, 2, 5), (2, 3, 3), (3,)), call((1, 1, 3), (1, 1, 1), stride=2),
    ),
    "conv_transpose2d": rule(
        call((1, 2, 3, 2), (2, 2, 3, 2), (2,)),
        call((1, 2, 2, 3), (2, 1, 3, 2), stride=(2, 1), padding=(1, 0), output_padding=(1, 0), groups=2),
        call((2, 2, 3), (2, 1, 2, 2), dilation=(1, 2)),
    ),
    "conv_transpose3d": rule(
        call((1, 1, 2, 2, 2), (1, 1, 2, 2, 1), (1,)), call((1, 1, 1, 2, 2), (1, 2, 2, 1, 2), None, 2, 1, 1),
    ),
}  # fmt: skip
