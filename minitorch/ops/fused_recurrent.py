"""One layer and direction of a recurrent network over a whole sequence: one node for all its steps.

The input comes dense, (T, N, I), or packed: the rows of all steps one below the other, with `sizes` saying how many
sequences are still running at each step (never more than before). A step works on the first rows of the state, which a
packed sequence enters and leaves at its own time, so that after the last step the state holds each sequence's last.
What the input brings to the gates is one product for all steps; the joint rules walk back through the steps and leave
the gradients of the weights to one product each. The LSTM is in fused_recurrent_lstm.py.

J. L. Elman, "Finding Structure in Time" (1990). K. Cho et al., "Learning Phrase Representations using RNN
Encoder-Decoder" (2014), https://arxiv.org/abs/1406.1078, with the reset gate behind the product as in PyTorch's GRU.
"""

from __future__ import annotations

from .families import fused
from .fused_linear import linear
from .shape import cat, reshape, select
from .transcendental import relu as rectified
from .transcendental import sigmoid, tanh


# ---- shared by all -------------------------------------------------------------------------------------------------
def rows_of(x, sizes):
    """All steps one below the other, and how many rows each has."""
    if sizes is not None:
        return x, sizes
    steps, count, width = x.shape
    return x.reshape(steps * count, width), (count,) * steps


def as_input(rows, x, sizes):
    """Rows as the input came: (T, N, *), or packed."""
    return rows if sizes is not None else rows.reshape(*x.shape[:2], rows.shape[1])


def spans(sizes, reverse):
    """(first row, row behind the last, how many) of each step, in the order in which they are walked."""
    found, start = [], 0
    for count in sizes:
        found.append((start, start + count, count))
        start += count
    return found[::-1] if reverse else found


def held_before(xp, rows, first, walk):
    """The state that each step begins with, in the order in which they are walked.

    `rows` are filled by the steps meanwhile; a sequence that begins later, which in a packed batch read backwards is
    one that ends earlier, begins with its row of `first`.
    """
    before, count = first, len(first)
    for start, end, now in walk:
        if now == count:
            yield before
        elif now < count:
            yield before[:now]
        else:
            yield xp.concatenate((before, first[count:now]))
        before, count = rows[start:end], now


def all_before(xp, rows, first, walk, reverse):
    """The states that the steps begin with, as rows."""
    found = list(held_before(xp, rows, first, walk))
    return xp.concatenate(found[::-1] if reverse else found)


def last_of(xp, rows, walk):
    """The last state of each sequence; it is the user's, so a copy."""
    *_, (start, end, count) = walk
    ended, reached = [rows[start:end]], count
    for start, end, count in reversed(walk[:-1]):
        if count > reached:
            ended.append(rows[start + reached : end])
            reached = count
    return xp.concatenate(ended)


def by_gate(xp, gates, of_tanh, size, sigmoids, tanhs, dtype):
    """A row with one number for the sigmoids, and another for the one tanh, among a step's gates."""
    row = xp.full(gates * size, sigmoids, dtype=dtype)
    row[of_tanh * size : (of_tanh + 1) * size] = tanhs
    return row


def wide(*arrays):
    """Half precision as float32; None stays."""
    return [a.astype("float32") if a is not None and a.dtype.itemsize == 2 else a for a in arrays]


def gradient_of_state(xp, g, like, dtype):
    """A buffer for the gradient of a state, which begins with that of the last one."""
    return xp.zeros(like.shape, dtype=dtype) if g is None else g.astype(dtype, order="C", copy=True)


def gradients_of_affine(xp, x, w_ih, brought, sizes, needs):
    """(of the input, of its weight, of its bias), from the gradient of the product `brought`."""
    gx = as_input(xp.matmul(brought, w_ih), x, sizes) if needs[0] else None
    gw = xp.matmul(brought.T, rows_of(x, sizes)[0]) if needs[1] else None
    return gx, gw, xp.total(brought, 0) if needs[2] else None


def walked(x, states, sizes, reverse, step):
    """The definition of a layer: `step(rows, states)` gives the next states, of which the first is the result."""
    counts = (x.shape[1],) * x.shape[0] if sizes is None else sizes
    found = []
    for start, end, count in spans(counts, reverse):
        rows = select(x, key=(start // count if count else 0,)) if sizes is None else select(x, key=(slice(start, end),))
        if count == states[0].shape[0]:
            states = step(rows, states)
            found.append(states[0])
        else:
            made = step(rows, [select(state, key=(slice(0, count),)) for state in states])
            found.append(made[0])
            states = [cat(new, select(old, key=(slice(count, None),)), dim=0) for new, old in zip(made, states, strict=True)]
    out = cat(*(found[::-1] if reverse else found), dim=0)
    return (out if sizes is not None else reshape(out, shape=(*x.shape[:2], out.shape[1])), *states)


# ---- the plain network ---------------------------------------------------------------------------------------------
@fused(results="out h_n", hidden="saved_states")
def rnn_sequence(xp, x, h, w_ih, w_hh, b_ih=None, b_hh=None, *, relu=False, sizes=None, reverse=False):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or the relu of that: all states, and the last of each sequence."""
    rows, counts = rows_of(x, sizes)
    walk, turned = spans(counts, reverse), w_hh.T
    states = xp.matmul(rows, w_ih.T)
    if b_ih is not None:
        states += b_ih + b_hh
    product = xp.empty(h.shape, dtype=states.dtype)
    for (start, end, count), held in zip(walk, held_before(xp, states, h, walk), strict=True):
        made = states[start:end]
        made += xp.matmul(held, turned, out=product[:count])
        if relu:
            xp.maximum(made, 0, out=made)
        else:
            xp.tanh(made, out=made)
    return as_input(states.copy(), x, sizes), last_of(xp, states, walk), states


def _rnn_joint(xp, g_out, g_h_n, x, h, w_ih, w_hh, b_ih, b_hh, saved_states, relu, sizes, reverse, needs):
    g_out, g_h_n, x, h, w_ih, w_hh = wide(g_out, g_h_n, x, h, w_ih, w_hh)
    walk = spans(rows_of(x, sizes)[1], reverse)
    brought = xp.greater(saved_states, 0).astype(saved_states.dtype) if relu else 1 - saved_states * saved_states
    along = gradient_of_state(xp, g_h_n, h, brought.dtype)
    g_rows = None if g_out is None else g_out.reshape(brought.shape)
    for start, end, count in reversed(walk):
        g, made = along[:count], brought[start:end]
        if g_rows is not None:
            g += g_rows[start:end]
        made *= g
        xp.matmul(made, w_hh, out=g)
    gx, gw, gb = gradients_of_affine(xp, x, w_ih, brought, sizes, (needs[0], needs[2], needs[4] or needs[5]))
    gw_hh = xp.matmul(brought.T, all_before(xp, saved_states, h, walk, reverse)) if needs[3] else None
    return gx, along if needs[1] else None, gw, gw_hh, gb if needs[4] else None, gb if needs[5] else None


def _rnn_definition(x, h, w_ih, w_hh, b_ih=None, b_hh=None, *, relu=False, sizes=None, reverse=False):
    function = rectified if relu else tanh
    return walked(linear(x, w_ih, b_ih), [h], sizes, reverse,
                  lambda rows, states: [function(rows + linear(states[0], w_hh, b_hh))])  # fmt: skip


rnn_sequence.fused(_rnn_joint, _rnn_definition)


# ---- gated recurrent units -----------------------------------------------------------------------------------------
@fused(results="out h_n", hidden="saved_gates saved_products saved_states")
def gru_sequence(xp, x, h, w_ih, w_hh, b_ih=None, b_hh=None, *, sizes=None, reverse=False):
    """All states of a gated recurrent unit, and the last of each sequence.

    r and z are the sigmoids of W x + b + W' h + b'; n = tanh(W x + b + r (W' h + b')); h' = (1 - z) n + z h. The
    weights hold those of r, z and n one below the other.
    """
    rows, counts = rows_of(x, sizes)
    size = h.shape[1]
    both = slice(0, 2 * size)
    gates = xp.matmul(rows, w_ih.T)
    if b_ih is not None:
        gates += b_ih
        gates[:, both] += b_hh[both]
    walk, turned = spans(counts, reverse), w_hh.T
    states, products = xp.empty((len(rows), size), dtype=gates.dtype), xp.empty((len(rows), size), dtype=gates.dtype)
    product = xp.empty((len(h), 3 * size), dtype=gates.dtype)
    for (start, end, count), held in zip(walk, held_before(xp, states, h, walk), strict=True):
        gate, after, state = gates[start:end], product[:count], states[start:end]
        opened, n, inner = gate[:, both], gate[:, 2 * size :], products[start:end]
        xp.matmul(held, turned, out=after)
        opened += after[:, both]  # the sigmoid of x is (1 + tanh(x / 2)) / 2
        opened *= 0.5
        xp.tanh(opened, out=opened)
        opened *= 0.5
        opened += 0.5
        if b_hh is None:
            inner[...] = after[:, 2 * size :]
        else:
            xp.add(after[:, 2 * size :], b_hh[2 * size :], out=inner)
        n += xp.multiply(gate[:, :size], inner, out=state)
        xp.tanh(n, out=n)
        xp.subtract(held, n, out=state)
        state *= gate[:, size : 2 * size]
        state += n
    return as_input(states.copy(), x, sizes), last_of(xp, states, walk), gates, products, states


def _gru_joint(xp, g_out, g_h_n, x, h, w_ih, w_hh, b_ih, b_hh, saved_gates, saved_products, saved_states, sizes, reverse, needs):
    g_out, g_h_n, x, h, w_ih, w_hh = wide(g_out, g_h_n, x, h, w_ih, w_hh)
    size, walk = saved_states.shape[1], spans(rows_of(x, sizes)[1], reverse)
    before = all_before(xp, saved_states, h, walk, reverse)
    brought, after = xp.empty_like(saved_gates), xp.empty_like(saved_gates)  # by the input, by the state
    along = gradient_of_state(xp, g_h_n, h, brought.dtype)
    product, slopes = xp.empty_like(along), xp.empty((len(along), 3 * size), dtype=along.dtype)
    g_rows = None if g_out is None else g_out.reshape(saved_states.shape)
    one = by_gate(xp, 3, 2, size, 0, 1, along.dtype)
    for start, end, count in reversed(walk):
        g, gate, made, slope = along[:count], saved_gates[start:end], brought[start:end], slopes[:count]
        reset, keep, new = made[:, :size], made[:, size : 2 * size], made[:, 2 * size :]
        if g_rows is not None:
            g += g_rows[start:end]
        xp.subtract(1, gate, out=slope)
        xp.multiply(g, slope[:, size : 2 * size], out=new)
        g -= new
        xp.subtract(before[start:end], gate[:, 2 * size :], out=keep)
        keep *= g  # which is z times the gradient: the 1 - z that it lacks comes with the slope
        new *= slope[:, 2 * size :]
        left = after[start:end]
        xp.add(gate, one, out=left)
        new *= left[:, 2 * size :]
        xp.multiply(new, saved_products[start:end], out=reset)
        keep *= slope[:, size : 2 * size]
        reset *= slope[:, :size]
        reset *= gate[:, :size]
        left[:, : 2 * size] = made[:, : 2 * size]
        xp.multiply(new, gate[:, :size], out=left[:, 2 * size :])
        g += xp.matmul(left, w_hh, out=product[:count])
    gx, gw, gb = gradients_of_affine(xp, x, w_ih, brought, sizes, (needs[0], needs[2], needs[4]))
    return (gx, along if needs[1] else None, gw, xp.matmul(after.T, before) if needs[3] else None, gb,
            xp.total(after, 0) if needs[5] else None)  # fmt: skip


def _gru_definition(x, h, w_ih, w_hh, b_ih=None, b_hh=None, *, sizes=None, reverse=False):
    size = h.shape[1]
    parts = [(slice(None), slice(i * size, (i + 1) * size)) for i in range(3)]

    def step(rows, states):
        after = linear(states[0], w_hh, b_hh)
        reset, keep = (sigmoid(select(rows, key=part) + select(after, key=part)) for part in parts[:2])
        new = tanh(select(rows, key=parts[2]) + reset * select(after, key=parts[2]))
        return [new + keep * (states[0] - new)]

    return walked(linear(x, w_ih, b_ih), [h], sizes, reverse, step)


gru_sequence.fused(_gru_joint, _gru_definition)
