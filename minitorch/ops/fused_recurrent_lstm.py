"""One layer and direction of an LSTM over a whole sequence: one node for all its steps; see fused_recurrent.py.

S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory" (1997), with forget gates: F. Gers et al. (2000). The projected
state: H. Sak et al. (2014), https://arxiv.org/abs/1402.1128.
"""

from __future__ import annotations

from .families import fused
from .fused_linear import linear
from .fused_recurrent import (
    all_before,
    as_input,
    by_gate,
    gradient_of_state,
    gradients_of_affine,
    held_before,
    last_of,
    rows_of,
    spans,
    walked,
    wide,
)
from .shape import select
from .transcendental import sigmoid, tanh

#: So many numbers of the gates are looked at together in a backward: what a core's own cache holds.
BLOCK = 1 << 16


def _blocks(walk, width):
    """The steps in groups of few enough rows: (first row, row behind the last, the steps of the group)."""
    group: list[tuple[int, int, int]] = []
    rows = 0
    for step in walk:
        if group and (rows + step[2]) * width > BLOCK:
            yield min(start for start, *_ in group), max(end for _, end, _ in group), group
            group, rows = [], 0
        group.append(step)
        rows += step[2]
    yield min(start for start, *_ in group), max(end for _, end, _ in group), group


@fused(results="out h_n c_n", hidden="saved_gates saved_cells saved_tanh saved_shown saved_states")
def lstm_sequence(xp, x, h, c, w_ih, w_hh, b_ih=None, b_hh=None, w_hr=None, *, sizes=None, reverse=False):
    """All states of an LSTM, and the last state and cell of each sequence.

    i, f and o are the sigmoids, g is the tanh of W x + b + W' h + b'; c' = f c + i g; h' = o tanh(c'), of which `w_hr`
    makes fewer numbers. The weights hold those of i, f, g and o one below the other.
    """
    rows, counts = rows_of(x, sizes)
    size, walk, turned = c.shape[1], spans(counts, reverse), w_hh.T
    gates = xp.matmul(rows, w_ih.T)
    dtype = gates.dtype
    if b_ih is not None:
        gates += b_ih + b_hh
    scale, shift = by_gate(xp, 4, 2, size, 0.5, 1, dtype), by_gate(xp, 4, 2, size, 0.5, 0, dtype)
    cells, tanhs, shown = (xp.empty((len(rows), size), dtype=dtype) for _ in range(3))
    states = shown if w_hr is None else xp.empty((len(rows), h.shape[1]), dtype=dtype)
    product = xp.empty((len(h), 4 * size), dtype=dtype)
    held, kept = held_before(xp, states, h, walk), held_before(xp, cells, c, walk)
    for (start, end, count), state, cell in zip(walk, held, kept, strict=True):
        gate, after, bent, seen = gates[start:end], cells[start:end], tanhs[start:end], shown[start:end]
        gate += xp.matmul(state, turned, out=product[:count])
        gate *= scale  # the sigmoid of x is (1 + tanh(x / 2)) / 2
        xp.tanh(gate, out=gate)
        gate *= scale
        gate += shift
        xp.multiply(gate[:, size : 2 * size], cell, out=after)
        after += xp.multiply(gate[:, :size], gate[:, 2 * size : 3 * size], out=seen)
        xp.tanh(after, out=bent)
        xp.multiply(gate[:, 3 * size :], bent, out=seen)
        if w_hr is not None:
            xp.matmul(seen, w_hr.T, out=states[start:end])
    out = as_input(states.copy(), x, sizes)
    return out, last_of(xp, states, walk), last_of(xp, cells, walk), gates, cells, tanhs, shown, states


def _lstm_joint(xp, g_out, g_h_n, g_c_n, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, saved_gates, saved_cells, saved_tanh, saved_shown,
                saved_states, sizes, reverse, needs):  # fmt: skip
    g_out, g_h_n, g_c_n, x, h, c, w_ih, w_hh, w_hr = wide(g_out, g_h_n, g_c_n, x, h, c, w_ih, w_hh, w_hr)
    size, dtype, walk = saved_cells.shape[1], saved_gates.dtype, spans(rows_of(x, sizes)[1], reverse)
    before = all_before(xp, saved_cells, c, walk, reverse)
    brought = xp.empty_like(saved_gates)
    by_kind = brought.reshape(len(brought), 4, size)
    along, kept = gradient_of_state(xp, g_h_n, h, dtype), gradient_of_state(xp, g_c_n, c, dtype)
    g_rows = None if g_out is None else g_out.reshape(saved_states.shape)
    projected = None if w_hr is None else xp.empty_like(saved_states)
    one, rest = by_gate(xp, 4, 2, size, 0, 1, dtype), xp.empty_like(kept)
    for first, last, steps in _blocks(walk[::-1], 4 * size):
        gate, bent, made = saved_gates[first:last], saved_tanh[first:last], brought[first:last]
        xp.subtract(1, gate, out=made)  # s (1 - s) behind a sigmoid, (1 + t) (1 - t) behind a tanh
        made *= gate + one
        made[:, :size] *= gate[:, 2 * size : 3 * size]
        made[:, size : 2 * size] *= before[first:last]
        made[:, 2 * size : 3 * size] *= gate[:, :size]
        made[:, 3 * size :] *= bent
        opening = bent * bent
        xp.subtract(1, opening, out=opening)
        opening *= gate[:, 3 * size :]
        for start, end, count in steps:
            g, gc, into = along[:count], kept[:count], by_kind[start:end]
            if g_rows is not None:
                g += g_rows[start:end]
            gh = g
            if projected is not None:
                projected[start:end] = g
                gh = xp.matmul(g, w_hr)
            gc += xp.multiply(gh, opening[start - first : end - first], out=rest[:count])
            into[:, :3] *= gc[:, None]
            into[:, 3] *= gh
            gc *= saved_gates[start:end, size : 2 * size]
            xp.matmul(brought[start:end], w_hh, out=g)
    gx, gw, gb = gradients_of_affine(xp, x, w_ih, brought, sizes, (needs[0], needs[3], needs[5] or needs[6]))
    gw_hh = xp.matmul(brought.T, all_before(xp, saved_states, h, walk, reverse)) if needs[4] else None
    gw_hr = None if projected is None or not needs[7] else xp.matmul(projected.T, saved_shown)
    return (gx, along if needs[1] else None, kept if needs[2] else None, gw, gw_hh, gb if needs[5] else None,
            gb if needs[6] else None, gw_hr)  # fmt: skip


def _lstm_definition(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None, w_hr=None, *, sizes=None, reverse=False):
    size = c.shape[1]
    parts = [(slice(None), slice(i * size, (i + 1) * size)) for i in range(4)]

    def step(rows, states):
        gates = rows + linear(states[0], w_hh, b_hh)
        i, f, g, o = (function(select(gates, key=part)) for function, part in
                      zip((sigmoid, sigmoid, tanh, sigmoid), parts, strict=True))  # fmt: skip
        cell = f * states[1] + i * g
        shown = o * tanh(cell)
        return [shown if w_hr is None else linear(shown, w_hr), cell]

    return walked(linear(x, w_ih, b_ih), [h, c], sizes, reverse, step)


lstm_sequence.fused(_lstm_joint, _lstm_definition)
