"""Rows for the normalisations."""

import numpy as np

from ..domains import NONZERO, POSITIVE, call, constant, literal, rule, spec

ONE = spec((3,), POSITIVE)
ZERO = spec((3,))


def fresh(f, input, *rest, running=True, **params):
    """With running statistics of the call's own, which it may write."""
    channels = input.shape[1]
    held = [constant(input, np.linspace(low, 1.5, channels)) if running else None for low in (-0.5, 0.75)]
    return f(input, *held, *rest, **params)


PUBLIC = {
    "batch_norm": rule(
        call((3, 3), ONE, ZERO), call((2, 3, 2), None, None), call((3, 3, 2, 1), ONE, None),
        call((3, 3), ONE, ZERO, training=True, running=False), call((2, 3, 2), ONE, ZERO, training=True, momentum=0.25),
        call((2, 3, 1, 2), None, None, training=True, eps=0.1), call((2, 3, 2), None, ZERO, training=True, running=False),
        call((0, 3, 2), ONE, ZERO, training=True),
        complex=False, distinct=True, through=fresh, near=1e-10, nasty=False,
    ),
    "instance_norm": rule(
        call((2, 3, 4), running=False), call((2, 3, 2, 2), ONE, ZERO), call((2, 3, 3), ONE, ZERO, use_input_stats=False),
        call((1, 3, 4), ONE, ZERO, eps=0.1, running=False),
        complex=False, distinct=True, through=fresh, near=1e-10, nasty=False,
    ),
    "group_norm": rule(
        call((2, 4, 3), literal(2), (4,), (4,)), call((2, 4), literal(1)), call((1, 4, 2, 2), literal(2), None, (4,), eps=0.1),
        call((0, 4, 2), literal(2), (4,), (4,)), call((1, 3, 5), literal(3), (3,)), complex=False, distinct=True, near=1e-10, nasty=False,
    ),
    "rms_norm": rule(
        call((2, 3), literal((3,)), (3,)), call((2, 3), literal((2, 3))), call((2, 2, 3), literal([2, 3]), (2, 3), eps=0.1),
        call((0, 3), literal((3,)), (3,)), complex=False, distinct=True,
    ),
    "local_response_norm": rule(
        call((2, 3, 4), literal(2)), call((1, 4, 2, 3), literal(3), alpha=0.5, beta=0.5, k=2.0), call((2, 3, 2, 1, 2), literal(1)),
        call((0, 3, 2), literal(2)), complex=False,
    ),
    "norm_except_dim": rule(
        call((2, 3)), call((2, 3, 2), literal(1), literal(1)), call((2, 3, 2), dim=2), call((3, 2), dim=-1), call((3,)), call((2, 3), pow=3),
        call((2, 2, 3), dim=-2), input=NONZERO, v=NONZERO,
    ),
    "normalize": rule(call((2, 3)), call((2, 3, 2), p=1.0, dim=-1), call((4,), dim=0, eps=3.0), call((2, 3), p=3.0), input=NONZERO, near=1e-11),
}  # fmt: skip
