"""Rows for adaptive, power-average and fractional pooling, and for the way back from max pooling."""

from ..domains import POSITIVE, between, call, index, literal, positions, rule, spec

SAMPLES = spec((1, 2, 2), between(0, 0.9))


def means(count):
    shapes = ((2, 2, 5), (1, 1, 5, 3), (1, 1, 3, 2, 4))[count - 1]
    return rule(
        call(shapes, literal(2)), call(shapes[1:], literal((2, 3, 1)[:count])), call(shapes, literal((None, 2, 3)[-count:])),
        call((0, *shapes[1:]), literal(2)), complex=False, nasty=False,
    )  # fmt: skip


def tops(count):
    found = means(count)
    return rule(*found.calls, call(found.calls[0].args[0], literal(2)), complex=False, distinct=True, nasty=False)


WINDOWS = {"kernel": (2, 2), "stride": (2, 1), "padding": (0, 1), "dilation": (1, 1)}
LINES = {"kernel": (3,), "stride": (2,), "padding": (1,), "dilation": (1,)}
OPS = {
    "window_max": rule(call((1, 2, 4, 3), **WINDOWS, sizes=(2, 4)), call((2, 1, 5), **LINES, sizes=(3,)), call((0, 1, 5), **LINES, sizes=(3,)),
                       complex=False, distinct=True, nasty=False),
    "window_where": rule(call((2, 1, 5), **LINES, sizes=(3,)), complex=False, distinct=True),
    "window_pick": rule(call((1, 2, 4, 3), index((1, 2, 2, 2), 4), kernel=(2, 2), stride=(2, 1), padding=(0, 0), dilation=(1, 1)),
                        call((2, 1, 6), index((2, 1, 2), 2), kernel=(2,), stride=(3,), padding=(0,), dilation=(2,))),
    "window_put": rule(call((1, 2, 2, 2), index((1, 2, 2, 2), 4), kernel=(2, 2), stride=(2, 1), padding=(0, 0), dilation=(1, 1), shape=(1, 2, 4, 3)),
                       call((2, 1, 2), index((2, 1, 2), 2), kernel=(2,), stride=(3,), padding=(0,), dilation=(2,), shape=(2, 1, 6))),
}
PUBLIC = {
    **{f"adaptive_avg_pool{n}d": means(n) for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": tops(n) for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d_with_indices": tops(n) for n in (1, 2, 3)},
    "lp_pool1d": rule(call((1, 2, 5), literal(2.0), literal(2)), call((2, 4), literal(3.0), literal(2), stride=1, ceil_mode=True),
                      call((1, 1, 4), literal(float("inf")), literal(2)), input=POSITIVE, complex=False, distinct=True),
    "lp_pool2d": rule(call((1, 1, 4, 3), literal(2.0), literal(2)), call((1, 3, 4), literal(1.0), literal((2, 1)), stride=(1, 2)),
                      input=POSITIVE, complex=False, distinct=True),
    "lp_pool3d": rule(call((1, 1, 2, 3, 2), literal(2.0), literal(2)), input=POSITIVE, complex=False, distinct=True),
    "max_unpool1d": rule(call((1, 2, 3), positions((1, 2, 3), 6), literal(2)), call((2, 2), positions((2, 2), 5), literal(2), output_size=[5]),
                         complex=False),
    "max_unpool2d": rule(call((1, 2, 2, 2), positions((1, 2, 2, 2), 16), literal(2)),
                         call((1, 2, 1), positions((1, 2, 1), 8), literal(3), 2, 1, output_size=(4, 2)), complex=False),
    "max_unpool3d": rule(call((1, 1, 2, 1, 2), positions((1, 1, 2, 1, 2), 32), literal(2)), complex=False),
    **{f"fractional_max_pool2d{end}": rule(
        call((1, 2, 5, 6), literal(2), output_size=3, _random_samples=SAMPLES),
        call((2, 5, 5), literal((2, 3)), output_size=(2, 1), _random_samples=SAMPLES),
        still=("_random_samples",), complex=False, distinct=True, nasty=False, searched=False) for end in ("", "_with_indices")},
    **{f"fractional_max_pool3d{end}": rule(
        call((1, 1, 3, 3, 4), literal(2), output_size=(1, 1, 2), _random_samples=spec((1, 1, 3), between(0, 0.9))),
        still=("_random_samples",), complex=False, distinct=True, nasty=False, searched=False) for end in ("", "_with_indices")},
}  # fmt: skip
