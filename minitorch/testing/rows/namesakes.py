"""Rows for functions that the package itself has with other arguments than `nn.functional`, and for LAPACK's names.

`minitorch.name` is the row of the package's own function where `name` is that of its namesake.
"""

import numpy as np

from ..domains import NONZERO, POSITIVE, between, call, constant, index, literal, rule, spec, whole
from .losses import signs

ONE, ZERO = spec((3,), POSITIVE), spec((3,))
NO, YES = literal(False), literal(True)
REDUCED: tuple[dict[str, int], ...] = ({}, {"reduction": 1}, {"reduction": 2})
IMAGE, PLACES = (1, 2, 4, 3), spec((1, 3, 2, 2), between(-1.5, 1.5))


def sampled(mode, *, volume=False):
    image, places = ((1, 1, 2, 3, 2), spec((1, 1, 2, 2, 3), between(-1.5, 1.5))) if volume else (IMAGE, PLACES)
    return rule(
        *(call(image, places, literal(mode), literal(border), literal(align)) for border in (0, 1, 2) for align in (False, True)),
        complex=False, referee=False, nasty=False, near=1e-10, searched=False, smooth=False,
    )  # fmt: skip


def losses(*shapes, **said):
    return rule(*(call(*shapes, **how) for how in REDUCED), complex=False, referee=False, searched=False, **said)


def held(f, input, weight, bias, *more, **params):
    """Batch norm with running statistics of the call's own."""
    kept = [constant(input, np.linspace(low, 1.5, input.shape[1])) for low in (-0.5, 0.75)]
    return f(input, weight, bias, *kept, *more, **params)


def reflected(f, x, tau, *more, **params):
    """A function of reflections, of numbers that keep them tame."""
    return f(x * 0.5, tau * 0.5, *more, **params)


OPS = {"packed_qr": rule(call((3, 3)), call((2, 4, 3)), call((3, 1)), call((1, 3, 2)), call((3, 4)), call((0, 2)), smooth=False, nasty=False)}
PUBLIC = {
    "minitorch.embedding": rule(
        call((4, 3), index((2, 3), 4)), call((4, 3), index((), 4)), call((4, 2), index((3,), 3), literal(3)), complex=False, referee=False,
    ),
    "minitorch.batch_norm": rule(
        call((2, 3, 2), ONE, ZERO, NO, literal(0.1), literal(1e-5), YES), call((3, 3), ONE, None, YES, literal(0.1), literal(0.1), YES),
        through=held, complex=False, referee=False, near=1e-10, nasty=False, distinct=True,
    ),
    "minitorch.instance_norm": rule(
        call((2, 3, 4), ONE, ZERO, None, None, YES, literal(0.1), literal(1e-5), YES),
        call((1, 3, 3), None, None, None, None, YES, literal(0.1), literal(0.1), YES), complex=False, referee=False, distinct=True, near=1e-10, nasty=False,
    ),
    "minitorch.binary_cross_entropy_with_logits": rule(
        call((2, 3), (2, 3)), call((2, 3), (2, 3), None, spec((3,), POSITIVE), literal(2)), call((3,), (3,), reduction=1),
        input=NONZERO, target=between(0, 1), complex=False, referee=False,
    ),
    "minitorch.kl_div": rule(
        *(call((2, 3), spec((2, 3), POSITIVE), **how) for how in REDUCED), call((3,), (3,), log_target=True), complex=False, referee=False,
    ),
    "minitorch.poisson_nll_loss": rule(
        call((2, 3), (2, 3), YES, NO, literal(1e-8), literal(1)), call((3,), (3,), NO, YES, literal(1e-8), literal(0)),
        input=POSITIVE, target=between(0.25, 2.5, avoid=(1,)), complex=False, referee=False,
    ),
    "minitorch.cosine_embedding_loss": losses((3, 2), (3, 2), (3,), through=signs, distinct=True, still=("target",), near=1e-10),
    "minitorch.hinge_embedding_loss": losses((2, 3), (2, 3), through=signs, distinct=True, still=("target",)),
    "minitorch.margin_ranking_loss": losses((3,), (3,), (3,), distinct=True),
    "minitorch.triplet_margin_loss": losses((2, 3), (2, 3), (2, 3), distinct=True, near=1e-10, nasty=False),
    "minitorch.ctc_loss": rule(
        *(call((5, 2, 4), spec((2, 2), whole(1, 4)), literal([5, 4]), literal([2, 1]), **how) for how in REDUCED),
        complex=False, referee=False, smooth=False, near=1e-10, nasty=False,
    ),
    "grid_sampler": sampled(0), "grid_sampler_2d": sampled(1), "grid_sampler_3d": sampled(0, volume=True),
    "conv_tbc": rule(call((4, 2, 3), (2, 3, 2), (2,)), call((3, 1, 1), (3, 1, 2), (2,), literal(1)), complex=False, referee=False, near=1e-10),
    "affine_grid_generator": rule(
        call((2, 2, 3), literal((2, 1, 3, 2)), NO), call((1, 3, 4), literal((1, 1, 2, 3, 2)), YES), complex=False, referee=False,
    ),
    "max_pool1d_with_indices": rule(call((1, 2, 5), literal(2)), call((2, 4), literal((3,)), stride=1, padding=1), complex=False, referee=False, distinct=True),
    "frobenius_norm": rule(call((2, 3), literal((0, 1))), call((2, 3), literal(1), keepdim=True), call((2, 3), literal([])), input=NONZERO, referee=False),
    "nuclear_norm": rule(
        call((3, 3)), call((2, 3), literal((0, 1))), call((2, 3), literal((1, 0)), keepdim=True), call((2, 3), literal(True)), nasty=False,
        layouts=False, complex=False, referee=False, near=1e-10, searched=False,
    ),
    "geqrf": rule(call((3, 3)), call((2, 4, 3)), call((3, 1)), call((3, 4)), call((2, 2)), smooth=False, nasty=False, near=1e-10),
    "orgqr": rule(call((3, 2), (2,)), call((2, 3, 3), (2, 2)), call((3, 2), (0,))),
    "ormqr": rule(
        *(call((3, 2), (2,), (3, 4) if left else (4, 3), left=left, transpose=turned) for left in (True, False) for turned in (True, False)),
        call((2, 3, 2), (2, 2), (2, 3, 1)), through=reflected, near=1e-10, nasty=False,
    ),
}  # fmt: skip
