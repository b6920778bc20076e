"""Rows for recurrent networks: a layer over a sequence, dense and packed, forwards and backwards."""

from ..domains import call, literal, rule

PACKED = (2, 1)


def network(gates, x, size, layers=1, directions=1, bias=True, batch_first=False, projection=0):
    """A call of a network over a sequence, in evaluation: x, states, weights, and what else PyTorch wants to know."""
    state, weights = projection or size, []
    for place in range(layers * directions):
        width = x[-1] if place < directions else state * directions
        weights += [(gates * size, width), (gates * size, state), *[(gates * size,)] * (2 * bias)]
        weights += [(projection, size)] if projection else []
    h, c = ((layers * directions, x[not batch_first], n) for n in (state, size))
    options = [literal(o) for o in (bias, layers, 0.0, False, directions == 2, batch_first)]
    return call(x, [h, c] if gates == 4 else h, weights, *options)


def networks(gates):
    return rule(
        network(gates, (2, 2, 2), 2), network(gates, (1, 2, 1), 1, layers=2, directions=2, bias=False, batch_first=True),
        *([network(gates, (2, 1, 2), 2, projection=1)] if gates == 4 else []),
        complex=False, searched=False, nasty=False, near=1e-11,
    )  # fmt: skip


def cells(gates):
    size = 2

    def one(*bias):
        h = (2, size)
        return call((2, 3), [h, h] if gates == 4 else h, (gates * size, 3), (gates * size, size), *bias)

    both = ((gates * size,),) * 2
    return rule(one(*both), one(), one(None, both[0]), complex=False, searched=False, nasty=False, near=1e-11)


OPS = {
    "rnn_sequence": rule(
        call((2, 2, 2), (2, 2), (2, 2), (2, 2), (2,), (2,)), call((2, 1, 2), (1, 1), (1, 2), (1, 1), reverse=True),
        call((3, 1), (2, 2), (2, 1), (2, 2), (2,), (2,), sizes=PACKED), call((3, 1), (2, 1), (1, 1), (1, 1), sizes=PACKED, reverse=True),
        call((2, 2, 1), (2, 2), (2, 1), (2, 2), (2,), (2,), relu=True), call((2, 0, 3), (0, 2), (2, 3), (2, 2), (2,), (2,)),
        complex=False, searched=False, nasty=False, near=1e-11,
    ),
    "gru_sequence": rule(
        call((2, 1, 2), (1, 2), (6, 2), (6, 2), (6,), (6,)), call((2, 2, 1), (2, 1), (3, 1), (3, 1), reverse=True),
        call((3, 1), (2, 1), (3, 1), (3, 1), (3,), (3,), sizes=PACKED), call((3, 1), (2, 1), (3, 1), (3, 1), sizes=PACKED, reverse=True),
        call((2, 0, 3), (0, 2), (6, 3), (6, 2), (6,), (6,)),
        complex=False, searched=False, nasty=False, near=1e-11,
    ),
    "lstm_sequence": rule(
        call((2, 1, 2), (1, 2), (1, 2), (8, 2), (8, 2), (8,), (8,)), call((2, 2, 1), (2, 1), (2, 1), (4, 1), (4, 1), reverse=True),
        call((3, 1), (2, 1), (2, 1), (4, 1), (4, 1), (4,), (4,), sizes=PACKED),
        call((3, 1), (2, 1), (2, 2), (8, 1), (8, 1), (8,), (8,), (1, 2), sizes=PACKED, reverse=True),
        call((1, 2, 1), (2, 1), (2, 2), (8, 1), (8, 1), None, None, (1, 2)), call((2, 0, 3), (0, 2), (0, 2), (8, 3), (8, 2), (8,), (8,)),
        complex=False, searched=False, nasty=False, near=1e-11,
    ),
}  # fmt: skip
PUBLIC = {
    "lstm": networks(4), "gru": networks(3), "rnn_tanh": networks(1), "rnn_relu": networks(1),
    "lstm_cell": cells(4), "gru_cell": cells(3), "rnn_tanh_cell": cells(1), "rnn_relu_cell": cells(1),
}  # fmt: skip
