"""Rows of table.py for rearrangements, Fourier transforms and complex numbers."""

from .operands import POSITIVE, call, index, literal, rule

ONE = (call((4,)), call((2, 3), n=4), call((2, 5), dim=0, norm="ortho"), call((3,), n=2, norm="forward"))
TWO = (call((3, 4)), call((2, 3, 4), s=(2, 5)), call((3, 4), norm="ortho"))
MANY = (call((3, 4)), call((2, 3, 4), dim=(0, 2)), call((3, 4), s=(2, 5), norm="forward"))

OPS = {
    "as_pairs": rule(call((2, 3)), call(()), call((0, 2)), real=False),
    "as_complex": rule(call((3, 2)), call((2,)), call((0, 2)), complex=False),
    "half_fourier": rule(
        call((4,), dim=0, norm="backward"), call((2, 5), dim=1, norm="ortho"), call((3, 2), dim=0, norm="forward"), complex=False,
    ),
    "real_fourier": rule(
        call((3,), dim=0, size=4, norm="backward"), call((2, 3), dim=1, size=5, norm="ortho"), real=False,
    ),
}  # fmt: skip

PUBLIC = {
    "repeat": rule(call((2, 3), literal((2, 1, 3))), call((), literal((2,))), call((0, 2), literal((2, 1))), call((2,), literal((0,)))),
    "tile": rule(call((2, 3), literal((2,))), call((2,), literal((3, 2))), call((), literal((2,)))),
    "repeat_interleave": rule(
        call((2, 3), literal(2)), call((2, 3), literal(2), dim=1), call((3, 2), index((3,), 3), dim=0), call((0, 2), literal(2), dim=1),
        call(index((3,), 4)),
    ),
    "roll": rule(
        call((2, 3), literal(1)), call((2, 3), literal((1, -2)), literal((0, 1))), call((4,), literal(-5), literal(0)),
        call((0, 2), literal(1), literal(0)), call((), literal(1)),
    ),
    "fliplr": rule(call((2, 3)), call((0, 2))),
    "flipud": rule(call((2, 3)), call((3,))),
    "rot90": rule(call((2, 3)), call((2, 3), k=2), call((2, 3, 2), k=3, dims=(0, 2)), call((2, 3), k=4)),
    "atleast_1d": rule(call(()), call((2,))),
    "atleast_2d": rule(call(()), call((2,)), call((2, 3))),
    "atleast_3d": rule(call(()), call((2,)), call((2, 3)), call((1, 2, 3))),
    "hstack": rule(call([(2,), (3,)]), call([(2, 1), (2, 2)]), call([(), ()])),
    "vstack": rule(call([(2,), (2,)]), call([(1, 3), (2, 3)]), call([(), ()])),
    "dstack": rule(call([(2,), (2,)]), call([(2, 3), (2, 3)])),
    "column_stack": rule(call([(2,), (2, 3)]), call([(), ()])),
    "tensor_split": rule(
        call((5, 2), literal(3)), call((5,), literal((1, 3))), call((2, 4), literal((3, 1)), dim=1), call((2,), literal(4)),
    ),
    "hsplit": rule(call((2, 4), literal(2)), call((4,), literal((1, 2)))),
    "vsplit": rule(call((4, 2), literal(2))),
    "dsplit": rule(call((2, 1, 4), literal((1, 3)))),
    "diag_embed": rule(call((3,)), call((2, 3), offset=1), call((2, 2), offset=-1, dim1=0, dim2=2), call((2, 2), offset=1, dim1=2, dim2=0)),
    "diag": rule(call((3,)), call((3, 3)), call((2,), diagonal=-1), call((2, 4), diagonal=1), call((0,))),
    "diagflat": rule(call((2, 2)), call((3,), offset=1), call(())),
    "meshgrid": rule(call((2,), (3,), indexing="ij"), call((2,), (3,), (1,), indexing="xy"), call((), (2,), indexing="ij")),
    "broadcast_tensors": rule(call((2, 1), (3,)), call((), (2,)), call((0, 1), (1, 2))),
    "block_diag": rule(call((2, 3), (1, 2)), call((), (2,), (2, 2))),
    "cartesian_prod": rule(call((2,), (3,)), call((2,)), call((2,), (1,), (2,))),
    "combinations": rule(call((4,)), call((3,), r=3, with_replacement=True), call((2,), r=3)),
    "complex": rule(call((2, 3), (2, 3)), call((), ()), call((0,), (0,)), call((2, 1), (3,)), complex=False),
    "polar": rule(call((2, 3), (2, 3)), call((), ()), abs=POSITIVE, complex=False),
    "view_as_real": rule(call((2, 3)), call(()), call((0, 2)), real=False, layouts=False),
    "view_as_complex": rule(call((3, 2)), call((2,)), complex=False, layouts=False),
    "resolve_conj": rule(call((2, 3)), call(())),
    "conj_physical": rule(call((2, 3)), call(())),
    "is_conj": rule(call((2, 3)), smooth=False),
    **{name: rule(*ONE) for name in ("fft", "ifft")},
    **{name: rule(*ONE, complex=False) for name in ("rfft", "ihfft")},
    **{name: rule(*ONE, real=False) for name in ("irfft", "hfft")},
    **{name: rule(*TWO) for name in ("fft2", "ifft2")},
    "rfft2": rule(*TWO, complex=False),
    "irfft2": rule(*TWO, real=False),
    **{name: rule(*MANY) for name in ("fftn", "ifftn")},
    "rfftn": rule(*MANY, complex=False),
    "irfftn": rule(*MANY, real=False),
    **{name: rule(call((4,)), call((2, 3)), call((2, 3), dim=1), call((2, 3), dim=(0,))) for name in ("fftshift", "ifftshift")},
}  # fmt: skip
