"""Rows for rearrangements, Fourier transforms and complex numbers."""

from ..domains import POSITIVE, call, index, literal, rule, spec, whole

ONE = (call((4,)), call((2, 3), n=4), call((2, 5), dim=0, norm="ortho"), call((3,), n=2, norm="forward"))
TWO = (call((3, 4)), call((2, 3, 4), s=(2, 5)), call((3, 4), norm="ortho"))
MANY = (call((3, 4)), call((2, 3, 4), dim=(0, 2)), call((3, 4), s=(2, 5), norm="forward"))

#: Windows on memory: (size, stride, offset, layout of the tensor).
WINDOWS = [
    ((2, 3), (1, 2), 0, (3, 1), (2, 3)),
    ((3, 3), (1, 1), 1, (4, 1), (2, 4)),
    ((2, 2), (0, 1), 0, (1, 2), (2, 3)),
    ((2,), (3,), 1, (2,), (4,)),
    ((), (), 3, (3, 1), (2, 3)),
    ((2, 0), (1, 1), 0, (3, 1), (2, 3)),
    ((3,), (1,), 0, (0, 1), (2, 3)),
    ((4,), (1,), -1, (2, 1), (2, 2)),
    ((1, 1), (5, 7), 0, (), ()),
]
AS_STRIDED = [(shape, {"size": size, "stride": stride, "offset": offset, "layout": layout})
              for size, stride, offset, layout, shape in WINDOWS]  # fmt: skip

OPS = {
    "as_strided": rule(*(call(shape, **params) for shape, params in AS_STRIDED if params["offset"] != -1)),  # or read what is not its own
    "relaid": rule(*(call(shape, **params) for shape, params in AS_STRIDED)),
    "place_strided": rule(*(call(params["size"], **params, shape=shape) for shape, params in AS_STRIDED)),
    "as_pairs": rule(call((2, 3)), call(()), call((0, 2)), call((3, 1)), real=False),
    "as_complex": rule(call((3, 2)), call((2,)), call((0, 2)), call((3, 1, 2)), complex=False),
    "half_fourier": rule(
        call((4,), dim=0, norm="backward"), call((2, 5), dim=1, norm="ortho"), call((3, 2), dim=0, norm="forward"),
        call((3, 1), dim=0, norm="forward"), complex=False,
    ),
    "real_fourier": rule(
        call((3,), dim=0, size=4, norm="backward"), call((2, 3), dim=1, size=5, norm="ortho"),
        call((3, 1), dim=0, size=4, norm="backward"), real=False,
    ),
}  # fmt: skip

PUBLIC = {
    **{name: rule(call((2, 3)), call(()), call((0, 2)), still=("input",)) for name in ("detach", "get_device")},
    "as_strided": rule(
        call((6,), literal((2, 3)), literal((1, 2))), call((2, 4), literal((3, 3)), literal((1, 1)), literal(1)),
        call((2, 3), literal((2,)), literal((3,)), storage_offset=1), call((), literal((3,)), literal((0,))), layouts=False,
    ),
    "as_strided_copy": rule(call((6,), literal((2, 3)), literal((1, 2))), call((3,), literal(()), literal(()), literal(2)), layouts=False),
    "as_strided_scatter": rule(
        call((6,), (2, 2), literal((2, 2)), literal((1, 3))), call((2, 3), (2,), literal((2,)), literal((2,)), storage_offset=1),
        layouts=False, referee=False,  # PyTorch 2.13 gives the gradient of the input to what was overwritten
    ),
    "conj": rule(call((2, 3)), call(()), call((0, 2))),
    "real": rule(call((2, 3)), call(()), call((0, 2))),
    "adjoint": rule(call((2, 3)), call((2, 3, 1)), call((0, 2))),
    "stft": rule(
        call((12,), literal(4), window=spec((4,), POSITIVE), return_complex=True),
        call((2, 9), literal(5), literal(2), literal(3), spec((3,), POSITIVE), normalized=True, return_complex=True, pad_mode="constant"),
        call((8,), literal(4), literal(3), window=spec((4,), POSITIVE), center=False, onesided=False, return_complex=True),
    ),
    "istft": rule(
        call((3, 4), literal(4), literal(2), window=spec((4,), POSITIVE)),
        call((2, 4, 3), literal(4), window=spec((4,), POSITIVE), onesided=False, normalized=True, length=3),
        call((3, 3), literal(4), literal(2), window=spec((4,), POSITIVE), center=False), real=False,
        nasty=False,
    ),
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
    **{name: rule(call((2, 3)), call(()), call((0, 2))) for name in ("alias_copy", "detach_copy", "t_copy")},
    "diagonal_copy": rule(call((3, 3)), call((2, 3, 4), offset=1, dim1=0, dim2=2)),
    "expand_copy": rule(call((2, 1), literal((2, 3))), call((), literal((2,)))),
    "narrow_copy": rule(call((3, 4), literal(1), literal(1), literal(2))),
    "permute_copy": rule(call((2, 3, 1), literal((1, 2, 0)))),
    "select_copy": rule(call((3, 2), literal(0), literal(-1))),
    "slice_copy": rule(call((5, 2), literal(0), literal(1), literal(4), literal(2)), call((3,))),
    **{name: rule(call((5, 2), literal(2)), call((2, 3), literal(1), literal(1))) for name in ("split_copy", "unsafe_split")},
    **{name: rule(call((5, 2), literal((2, 3))), call((2, 3), literal((0, 3)), literal(1)))
       for name in ("split_with_sizes", "split_with_sizes_copy", "unsafe_split_with_sizes")},
    "unsafe_chunk": rule(call((5, 2), literal(2)), call((2, 3), literal(2), literal(1))),
    "squeeze_copy": rule(call((2, 1)), call((2, 1, 1), literal(1)), call((1, 2, 1), literal((0, 2)))),
    "transpose_copy": rule(call((2, 3), literal(0), literal(1))),
    "unbind_copy": rule(call((2, 3)), call((2, 3), literal(1))),
    "unfold_copy": rule(call((5, 2), literal(0), literal(3), literal(1))),
    "unsqueeze_copy": rule(call((2, 3), literal(1)), call((), literal(0))),
    "view_copy": rule(call((2, 3), literal((3, 2))), call((0, 2), literal((3, 0)))),
    "view_as_real_copy": rule(call((2, 3)), call(()), real=False, layouts=False),
    "view_as_complex_copy": rule(call((3, 2)), call((2,)), complex=False, layouts=False, referee=False),
    "sum_to_size": rule(call((2, 3), literal((1, 3))), call((2, 3), literal((3,))), call((), literal(()))),
    "unravel_index": rule(call((3,), literal((2, 4))), indices=whole(0, 8), smooth=False),
    "hfft2": rule(*TWO, real=False),
    "hfftn": rule(*MANY, real=False),
    "ihfft2": rule(*TWO, complex=False),
    "ihfftn": rule(*MANY, complex=False),
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
