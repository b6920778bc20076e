"""Rows of the public functions that no other file of this folder has a room for."""

from ..domains import NONZERO, POSITIVE, between, call, index, literal, mask, rule, seeded, spec, whole
from .elementwise import NUMERATOR

PUBLIC = {
    "add": rule(params=({}, {"alpha": 2}, {"alpha": -0.5})),
    "sub": rule(params=({}, {"alpha": 2}, {"alpha": -0.5})),
    "div": rule(
        params=({}, {"rounding_mode": "floor"}, {"rounding_mode": "trunc"}), input=NUMERATOR, other=between(1, 1.25), same=False,
        complex=False,
    ),
    "true_divide": rule(other=NONZERO, same=False),
    "pow": rule(input=POSITIVE),
    "clamp": rule(
        call((2, 3), min=-1.0, max=0.5), call((3,), max=0.5), call((), max=0.5), call((2, 3), (3,)),
        call((2, 3), None, (2, 1)), call((2, 3), spec((3,), between(-2, -0.5)), spec((), between(0, 1))),
        input=between(-2, 2, avoid=(-1, 0.5)), complex=False,
    ),
    "clamp_min": rule(complex=False),
    "clamp_max": rule(complex=False),
    "where": rule(
        call(mask((2, 3)), (2, 3), (3,)), call(mask((2, 1)), (), (3,)), call(mask(()), (), ()), call(mask((0,)), (1,), (0,)),
        call(mask((3,)), (3,), 2.0), call(mask((3,)), 2.0, (3,)),
    ),
    "xlogy": rule(input=NONZERO, other=POSITIVE, complex=False),
    "conv1d": rule(
        call((2, 2, 5), (3, 2, 3), (3,)), call((2, 5), (3, 2, 3), stride=2, padding=1),
        call((1, 4, 5), (2, 2, 2), None, dilation=2, groups=2), call((1, 1, 5), (1, 1, 2), padding="same"),
        call((0, 2, 5), (3, 2, 3), (3,)),
    ),
    "conv2d": rule(
        call((1, 2, 4, 3), (2, 2, 3, 2), (2,)), call((1, 2, 4, 3), (2, 1, 3, 2), stride=(2, 1), padding=(1, 0), groups=2),
        call((2, 4, 3), (1, 2, 2, 2)),
    ),
    "conv3d": rule(call((1, 1, 2, 3, 2), (1, 1, 2, 2, 1), (1,)), call((1, 1, 3, 2, 2), (2, 1, 2, 1, 2), padding=1)),
    "softmax": rule(complex=False),
    "log_softmax": rule(complex=False),
    "layer_norm": rule(
        call((2, 3), literal((3,)), (3,), (3,)), call((2, 3), literal((2, 3))), call((2, 3), literal((3,)), None, (3,), eps=0.1),
        complex=False, distinct=True,
    ),
    "matmul": rule(
        call((2, 3), (3, 4)), call((3,), (3,)), call((3,), (3, 2)), call((2, 3), (3,)), call((2, 1, 2, 3), (2, 3, 2)),
        call((2, 3, 2), (2,)), call((2,), (3, 2, 2)), call((0, 3), (3, 2)), call((2, 0), (0, 2)),
    ),
    "mm": rule(call((2, 3), (3, 4)), call((2, 0), (0, 2))),
    "bmm": rule(call((2, 2, 3), (2, 3, 2)), call((0, 2, 3), (0, 3, 2))),
    "mv": rule(call((2, 3), (3,)), call((0, 3), (3,))),
    "dot": rule(call((3,), (3,)), call((0,), (0,))),
    "outer": rule(call((3,), (2,)), call((0,), (2,))),
    "addmm": rule(
        call((2, 4), (2, 3), (3, 4)), call((4,), (2, 3), (3, 4), beta=2, alpha=0.5), call((), (2, 0), (0, 2)),
        call((2, 4), (2, 3), (3, 4), beta=0),
    ),
    "trace": rule(call((3, 3)), call((2, 3)), call((0, 0))),
    "einsum": rule(
        call(literal("ij,jk->ik"), (2, 3), (3, 2)), call(literal("ii->i"), (3, 3)), call(literal("ij->"), (2, 3)),
        call(literal("b...i,b...i->b"), (2, 2, 3), (2, 2, 3)), call(literal("i,j,k"), (2,), (3,), (2,)),
        call(literal("ij,jk,kl->il"), (2, 2), (2, 3), (3, 2)), call(literal("ij->ji"), (0, 2)),
    ),
    "amax": rule(complex=False, distinct=True, nonempty=True),
    "amin": rule(complex=False, distinct=True, nonempty=True),
    **{
        name: rule(
            call((2, 3)), call(()), call((2, 3), dim=1), call((2, 3), literal(0), keepdim=True), call((3, 0), dim=0),
            call((2, 3), spec((3,))), complex=False, distinct=True,
        )
        for name in ("max", "min")
    },
    "argmax": rule(complex=False, distinct=True, nonempty=True, dims="none int"),
    "argmin": rule(complex=False, distinct=True, nonempty=True, dims="none int"),
    **{
        name: rule(
            call((2, 3)), call((2, 3), dim=1), call((4,), literal(0), literal(False)), call((2, 3), dim=(0, 1), correction=0),
            call((2, 3), dim=0, keepdim=True), call((2, 0, 2), dim=0), call((3,), unbiased=False),
            distinct=True,
        )
        for name in ("var", "std")
    },
    "logsumexp": rule(dims="int tuple", complex=False),
    "gather": rule(
        call((3, 4), dim=0, index=index((2, 4), 3)), call((3, 4), dim=-1, index=index((3, 6), 4)),
        call((3,), dim=0, index=index((0,), 3)),
    ),
    "scatter_add": rule(
        call((3, 4), dim=0, index=index((2, 4), 3), src=spec((2, 4))), call((3, 4), dim=1, index=index((2, 5), 4), src=spec((3, 6))),
    ),
    "index_select": rule(
        call((3, 4), dim=0, index=index((5,), 3)), call((3, 4), dim=-1, index=index((2,), 4)),
        call((3, 4), dim=1, index=index((0,), 4)), call((), dim=0, index=index((1,), 1)),
    ),
    "masked_select": rule(call((2, 3), mask((2, 3))), call((3,), mask((2, 1))), call((), mask(()))),
    "nonzero": rule(call((2, 3)), call((2, 3), as_tuple=True), call(()), call((0, 2)), input=whole(-1, 2), smooth=False),
    "reshape": rule(call((2, 3), literal((3, 2))), call((2, 3), literal((-1,))), call((), literal((1, 1))), call((0, 2), literal((3, 0)))),
    "view": rule(call((2, 3), literal((3, 2))), call((2, 3), literal(6)), call((0, 2), literal((3, 0))), layouts=False),
    "view_as": rule(call((2, 3), (3, 2)), layouts=False),
    "reshape_as": rule(call((2, 3), (3, 2)), call((1,), ())),
    "flatten": rule(call((2, 3, 2)), call((2, 3, 2), start_dim=1), call(()), call((2, 0), end_dim=0)),
    "ravel": rule(call((2, 3)), call(()), call((0, 2))),
    "unflatten": rule(call((6, 2), dim=0, sizes=(2, -1)), call((2, 0), dim=-1, sizes=(3, 0))),
    "squeeze": rule(call((1, 2, 1)), call((1, 2, 1), literal(0)), call((1, 2, 1), dim=(0, 1)), call(())),
    "unsqueeze": rule(call((2, 3), literal(0)), call((2, 3), literal(-1)), call((), literal(0))),
    "permute": rule(call((2, 3, 4), literal((2, 0, 1))), call((2, 0), literal((1, 0)))),
    "transpose": rule(call((2, 3, 2), literal(0), literal(-1)), call((2, 3), literal(1), literal(1)), call((), literal(0), literal(0))),
    "t": rule(call((2, 3)), call((3,)), call(())),
    "movedim": rule(call((2, 3, 4), literal(0), literal(-1)), call((2, 3, 4), literal((0, 1)), literal((2, 0)))),
    "expand": rule(call((1, 3), literal((2, -1))), call((), literal((2,))), call((1,), literal((0,)))),
    "expand_as": rule(call((1, 3), (2, 3))),
    "broadcast_to": rule(call((1, 3), literal((2, 3))), call((), literal((2,)))),
    "cat": rule(call([(2, 3), (4, 3)]), call([(2, 1), (2, 0), (2, 2)], dim=1), call([(0,), (2, 3)], dim=0)),
    "stack": rule(call([(2, 3), (2, 3)]), call([(3,), (3,)], dim=-1), call([(), ()])),
    "split": rule(call((5, 2), literal(2)), call((2, 5), literal([1, 4]), dim=1), call((0,), literal(1))),
    "chunk": rule(call((5, 2), literal(2)), call((2, 5), literal(3), dim=-1)),
    "unbind": rule(call((2, 3)), call((2, 3), dim=1), call((0, 2))),
    "narrow": rule(call((3, 4), literal(1), literal(1), literal(2)), call((3, 4), dim=0, start=-2, length=0)),
    "select": rule(call((3, 4), literal(1), literal(-1)), call((3,), literal(0), literal(2))),
    "flip": rule(call((2, 3), literal((0, 1))), call((2, 3), literal((-1,))), call((0, 2), literal((0,)))),
    "tril": rule(call((3, 3)), call((2, 3, 2), diagonal=-1)),
    "triu": rule(call((3, 3)), call((2, 3, 2), diagonal=1)),
    "diagonal": rule(call((3, 3)), call((2, 3, 4), offset=1, dim1=2, dim2=0), call((2, 3), offset=3)),
    "unfold": rule(call((5,), literal(0), literal(3), literal(1)), call((2, 5), literal(-1), literal(2), literal(2))),
    "avg_pool1d": rule(
        call((2, 1, 5), literal(2)), call((1, 5), literal(3), stride=1, padding=1), call((1, 1, 5), literal(2), ceil_mode=True),
        call((1, 1, 5), literal(3), padding=1, count_include_pad=False), complex=False,
    ),
    "avg_pool2d": rule(
        call((1, 2, 4, 3), literal((2, 2)), stride=1), call((1, 4, 4), literal(3), padding=1, divisor_override=2), complex=False,
    ),
    "avg_pool3d": rule(call((1, 1, 2, 3, 2), literal((2, 1, 2)), stride=1), complex=False),
    "max_pool1d": rule(
        call((2, 1, 5), literal(2)), call((1, 5), literal(3), stride=1, padding=1), call((1, 1, 5), literal(2), ceil_mode=True),
        call((1, 1, 5), literal(2), dilation=2, return_indices=True), complex=False, distinct=True,
    ),
    "max_pool2d": rule(
        call((1, 2, 4, 3), literal((2, 2)), stride=1), call((1, 4, 4), literal(3), padding=1, return_indices=True),
        complex=False, distinct=True,
    ),
    "max_pool3d": rule(call((1, 1, 2, 3, 2), literal((2, 1, 2)), stride=1), complex=False, distinct=True),
    "dropout": rule(call((2, 3), literal(0.5), literal(True)), call((3,), literal(0.25), literal(True)),
                    call((2,), literal(0.5), literal(False)), call((), literal(0.5), literal(True)), through=seeded,
                    referee="nn.functional.dropout", layouts=False),  # drawn in the order of memory
    **{
        name: rule(
            call((2, 3, 2), literal(0.5), literal(True)), call((2, 3), literal(0.25), literal(True)),
            call((2, 3), literal(1.0), literal(True)), call((2, 3), literal(0.5), literal(False)), through=seeded, complex=False,
            layouts=name != "alpha_dropout",
        )
        for name in "alpha_dropout feature_dropout feature_alpha_dropout dropout1d".split()
    },
    "dropout2d": rule(call((2, 3, 2, 2)), call((2, 3, 2, 1), literal(0.25), training=False), through=seeded, complex=False),
    "dropout3d": rule(call((2, 3, 2, 2)), call((1, 2, 3, 2, 2), literal(0.25)), through=seeded, complex=False),
    "bilinear": rule(
        call((2, 3), (2, 4), (2, 3, 4), (2,)), call((3,), (2,), (1, 3, 2)), call((2, 2, 3), (2, 2, 1), (2, 3, 1)),
        call((0, 3), (0, 2), (2, 3, 2)),
    ),
    "binary_cross_entropy": rule(
        call((2, 3), (2, 3)), call((3,), (3,), reduction="sum"), call((2, 3), (2, 3), weight=spec((3,), POSITIVE), reduction="none"),
        input=between(0.125, 0.875), target=between(0, 1), complex=False, nasty=False, near=1e-10,
    ),
    "fill": rule(call((2, 3), literal(2)), call((3, 1), literal(2)), call((2, 3), ()), call((0,), literal(1.5)), call((), literal(1))),
    "mse_loss": rule(
        call((2, 3), (2, 3)), call((3,), (3,), reduction="sum"), call((), ()), call((2, 3), (2, 3), reduction="none"),
        call((2, 3), (2, 3), weight=spec((2, 3), POSITIVE)), complex=False,
    ),
    "l1_loss": rule(call((2, 3), (2, 3)), call((3,), (3,), reduction="sum"), call((2, 3), (2, 3), reduction="none"), complex=False),
    "nll_loss": rule(
        call((2, 3), index((2,), 3)), call((2, 3, 2), index((2, 2), 3), reduction="none"), call((3,), index((), 3)),
        call((4, 3), index((4,), 3), spec((3,), POSITIVE)), call((4, 3), index((4,), 3), ignore_index=1),
        call((4, 3), index((4,), 3), reduction="sum"), complex=False,
    ),
    "cross_entropy": rule(
        call((2, 3), index((2,), 3)), call((2, 3, 2), index((2, 2), 3), reduction="none"), call((3,), index((), 3)),
        call((4, 3), index((4,), 3), spec((3,), POSITIVE), label_smoothing=0.25), call((4, 3), index((4,), 3), ignore_index=1),
        call((2, 3), spec((2, 3), POSITIVE)), call((2, 3), spec((2, 3), POSITIVE), spec((3,), POSITIVE), reduction="sum"),
        call((4, 3), index((4,), 3), label_smoothing=0.5, reduction="sum"), complex=False,
    ),
    "binary_cross_entropy_with_logits": rule(
        call((2, 3), (2, 3)), call((3,), (3,), reduction="sum", pos_weight=spec((3,), POSITIVE)),
        call((2, 3), (2, 3), weight=spec((3,), POSITIVE), reduction="none"),
        input=NONZERO, target=between(0, 1), complex=False,
    ),
}  # fmt: skip
