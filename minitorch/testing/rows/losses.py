"""Rows for the losses."""


from ..domains import NONZERO, POSITIVE, Domain, between, call, index, literal, mask, rule, seeded, spec, whole

WEIGHT = spec((3,), POSITIVE)


def classes(*shape, axis=1, ignored=-100, plain=True, reduction="mean", smoothing=0.0, weight=None):
    """A call of the cross entropy's op."""
    target = index(shape[:axis] + shape[axis + 1 :], shape[axis])
    return call(shape, target, weight, axis=axis, ignored=ignored, plain=plain, reduction=reduction, smoothing=smoothing)


def differences(**more):
    return (call((2, 3), (2, 3), **more), call((3,), (3,), reduction="sum", **more), call((), (), **more),
            call((2, 3), (2, 3), reduction="none", **more), call((0, 2), (0, 2), reduction="sum", **more))  # fmt: skip


OPS = {
    "logit_entropy": rule(x=NONZERO, y=between(0, 1), complex=False, numbers=False, same=False),
    "logit_loss": rule(
        call((2, 3), (2, 3), reduction="mean"), call((3,), (3,), reduction="sum"), call((2, 3), (2, 3), reduction="none"),
        call((), (), reduction="mean"), call((3, 1), (3, 1), reduction="mean"), x=NONZERO, y=between(0, 1), complex=False,
    ),
    "penalty": rule(
        *(call((2, 3), (2, 3), kind=kind, knee=0.75, reduction=how) for kind in ("square", "size", "bent") for how in ("mean", "sum", "none")),
        call((2, 3), (3,), kind="square", knee=0, reduction="mean"), call((), (), kind="bent", knee=0.75, reduction="mean"),
        call((3, 1), (3, 1), kind="bent", knee=0.75, reduction="none"),
        call((0, 2), (0, 2), kind="size", knee=0, reduction="sum"), complex=False, searched=False,
    ),
    "class_entropy": rule(
        classes(4, 3), classes(2, 3, reduction="sum"), classes(3, 2, reduction="none"), classes(1, 1), classes(3, axis=0),
        classes(2, 3, 2, reduction="none"), classes(2, 3, 1, reduction="none"), classes(4, 3, ignored=1, plain=False), classes(4, 3, ignored=1, plain=False, reduction="none"),
        classes(4, 3, weight=WEIGHT), classes(4, 3, weight=WEIGHT, ignored=2, plain=False, smoothing=0.25),
        classes(2, 3, 2, weight=WEIGHT, smoothing=0.25, reduction="sum"), classes(4, 3, smoothing=0.5), classes(3, axis=0, smoothing=0.5),
        classes(4, 3, ignored=0, plain=False, smoothing=0.5), classes(4, 3, weight=WEIGHT, smoothing=0.5, reduction="none"),
        still=("weight",), complex=False,
    ),
}
PUBLIC = {
    "mse_loss": rule(*differences(), call((2, 3), (2, 3), weight=spec((2, 3), POSITIVE)), complex=False),
    "l1_loss": rule(*differences(), call((2, 3), (2, 3), weight=spec((2, 3), POSITIVE)), searched=False),
    "smooth_l1_loss": rule(*differences(), *differences(beta=0.3), call((2, 3), (2, 3), beta=0.0), complex=False, searched=False),
    "huber_loss": rule(*differences(), *differences(delta=0.7), call((2, 3), (2, 3), weight=spec((2, 3), POSITIVE), delta=0.4),
                       complex=False, searched=False),
    "linear_cross_entropy": rule(
        call((4, 2), (3, 2), index((4,), 3)), call((4, 2), (3, 2), index((4,), 3), linear_bias=spec((3,)), label_smoothing=0.25),
        call((2,), (3, 2), index((), 3)), call((2, 3), (3, 2, 3), index((2, 2), 3), linear_bias=spec((3, 2)), reduction="sum"),
        call((6, 2), (3, 2), index((6,), 3), weight=WEIGHT, ignore_index=1), call((2, 2), (3, 2), spec((2, 3), POSITIVE)), complex=False,
    ),
}  # fmt: skip

def signs(f, *operands, **params):
    """With the last operand 1 where it is positive, else -1."""
    *given, target = operands
    return f(*given, (target > 0) * 2.0 - 1, **params)


PUBLIC |= {
    "margin_ranking_loss": rule(
        call((3,), (3,), (3,)), call((2, 3), (2, 3), (2, 3), margin=0.55, reduction="none"), call((), (), (), reduction="sum"),
        complex=False, distinct=True, searched=False,
    ),
    "hinge_embedding_loss": rule(
        call((3,), (3,)), call((2, 3), (2, 3), margin=0.55, reduction="none"), call((), (), reduction="sum"),
        through=signs, complex=False, distinct=True, searched=False, still=("target",),
    ),
    "cosine_embedding_loss": rule(
        call((3, 2), (3, 2), (3,)), call((4, 3), (4, 3), (4,), margin=0.3, reduction="none"), call((3,), (3,), (), reduction="sum"),
        through=signs, complex=False, distinct=True, searched=False, still=("target",), near=1e-10,
    ),
    "triplet_margin_loss": rule(
        call((2, 3), (2, 3), (2, 3)), call((4, 2), (4, 2), (4, 2), margin=0.5, reduction="none"), call((3,), (3,), (3,), reduction="sum"),
        call((2, 3), (2, 3), (2, 3), swap=True), call((2, 3), (2, 3), (2, 3), p=3.0, eps=0.1),
        complex=False, distinct=True, searched=False, near=1e-10, nasty=False,
    ),
    "triplet_margin_with_distance_loss": rule(
        call((2, 3), (2, 3), (2, 3)), call((4, 2), (4, 2), (4, 2), margin=0.5, swap=True, reduction="none"),
        complex=False, distinct=True, searched=False, near=1e-10, nasty=False,
    ),
    "multi_margin_loss": rule(
        call((3, 4), index((3,), 4), margin=0.97), call((3, 4), index((3,), 4), literal(2), literal(0.6), spec((4,), POSITIVE), reduction="none"),
        call((4,), index((), 4), margin=0.97, reduction="sum"), complex=False, distinct=True, searched=False, still=("weight",), nasty=False,
    ),
    "multilabel_margin_loss": rule(
        call((2, 3), spec((2, 3), whole(-1, 3))), call((3, 4), spec((3, 4), whole(0, 4)), reduction="none"),
        call((3,), spec((3,), whole(-1, 3)), reduction="sum"), complex=False, distinct=True, searched=False, nasty=False,
    ),
    "multilabel_soft_margin_loss": rule(
        call((2, 3), (2, 3)), call((2, 3), (2, 3), weight=spec((3,), POSITIVE), reduction="none"), call((3,), (3,), reduction="sum"),
        complex=False,
    ),
    "soft_margin_loss": rule(call((2, 3), (2, 3)), call((3,), (3,), reduction="none"), call((), (), reduction="sum"), still=("target",),
                             complex=False, nasty=False),
    "kl_div": rule(
        call((2, 3), spec((2, 3), POSITIVE), reduction="batchmean"), call((3,), spec((3,), POSITIVE), reduction="sum"),
        call((2, 3), (2, 3), log_target=True, reduction="none"), call((), spec((), POSITIVE), reduction="batchmean"), complex=False,
    ),
    "poisson_nll_loss": rule(
        call((2, 3), (2, 3)), call((2, 3), (2, 3), log_input=False, reduction="sum"), call((4,), (4,), full=True, reduction="none"),
        input=POSITIVE, target=between(0.25, 2.5, avoid=(1,)), complex=False,
    ),
    "gaussian_nll_loss": rule(
        call((2, 3), (2, 3), spec((2, 3), POSITIVE)), call((2, 3), (2, 3), spec((2,), POSITIVE), full=True, reduction="none"),
        call((2, 3), (2, 3), spec((2, 1), POSITIVE), reduction="sum"), call((3,), (3,), literal(0.5)), complex=False, nasty=False,
    ),
    "cosine_similarity": rule(
        call((2, 3), (2, 3)), call((2, 3, 2), (3, 2), dim=-1), call((3,), (3,), dim=0), call((0, 2), (0, 2)), call((2, 3), (3,)),
        x1=NONZERO, x2=NONZERO, complex=False, searched=False, near=1e-11,
    ),
    "pairwise_distance": rule(
        call((2, 3), (2, 3)), call((2, 3), (3,), literal(1.0)), call((3,), (3,), literal(3.0), literal(0.1), literal(True)),
        call((2, 3), (2, 3), p=float("inf")), distinct=True, searched=False, near=1e-11,
    ),
    "gumbel_softmax": rule(call((2, 3)), call((2, 3), tau=0.5, dim=0), call((2, 0, 3)), complex=False, through=seeded),
}  # fmt: skip


def paths(shape, samples, zero=False):
    """Steps and ends that leave a way through; the places that may be skipped to."""
    return call(shape, mask(shape[1:]), spec((samples,), Domain(4, 5, kind="i")), spec((samples,), Domain(2, 4, kind="i")), zero=zero)


def aligned(f, log_probs, *rest, **params):
    """Of normalised log-probabilities, as the loss takes them to be."""
    return f(log_probs.log_softmax(-1), *rest, **params)


OPS |= {"alignment": rule(paths((5, 2, 5), 2), paths((4, 3, 4), 3, True), paths((4, 1, 7), 1), complex=False, near=1e-10)}
PUBLIC |= {
    "ctc_loss": rule(
        call((5, 2, 4), spec((2, 2), whole(1, 4)), literal([5, 4]), literal([2, 1])),
        call((5, 2, 4), spec((3,), whole(1, 4)), literal([5, 4]), literal([2, 1]), reduction="none"),
        call((4, 3), spec((2,), whole(0, 2)), literal([4]), literal([2]), blank=2, reduction="sum"),
        call((4, 2, 3), spec((2, 1), whole(1, 3)), literal([4, 1]), literal([0, 1]), zero_infinity=True),
        complex=False, through=aligned, near=1e-10, nasty=False, layouts=False, searched=False,
    ),
}  # fmt: skip

#: The package itself has some of these names for other calls.
PUBLIC = {name if name in ("cosine_similarity", "pairwise_distance") else f"nn.functional.{name}": row for name, row in PUBLIC.items()}
