"""The probability of all alignments of a short sequence with a long one (CTC), in logarithms.

A path runs through the labels with a blank before, between and after them; at each step it stays, goes one on, or skips
a blank between two different labels. The forward sums the paths that lead to each place (alpha); the joint rule sums
those that lead on from it (beta): their product is what each step contributes. A. Graves et al., "Connectionist
Temporal Classification" (2006), https://www.cs.toronto.edu/~graves/icml_2006.pdf
"""

from __future__ import annotations

from .arithmetic import maximum, where
from .create import full
from .families import fused
from .index import one_of
from .reduce import logsumexp
from .shape import cat, reshape, select

#: A logarithm of nothing that can be calculated with.
NOTHING = -1e30


def _sum_of_exp(xp, *terms):
    """log(sum(exp(terms))), -inf where all are."""
    top = terms[0]
    for term in terms[1:]:
        top = xp.maximum(top, term)
    top = xp.maximum(top, NOTHING)
    total = xp.exp(terms[0] - top)
    for term in terms[1:]:
        total += xp.exp(term - top)
    return xp.log(total) + top


def _ends(xp, ends, count):
    """Where a path may end: at the last blank, or the label before it."""
    place = xp.arange(count)
    return (place == ends[:, None]) | (place == ends[:, None] - 1)


@fused(hidden="saved_alpha saved_loss", widens=False)
def alignment(xp, e, skip, steps, ends, *, zero):
    """Minus the log of the summed probability of all paths.

    Args:
        e: (T, N, L) log-probabilities of what stands at each place of the path.
        skip: (N, L) whether a place may be reached from two before.
        steps, ends: (N) how many of the T steps count, and the place of the last blank.
        zero: whether no path at all counts as 0 instead of infinity.
    """
    length, samples, count = e.shape
    alpha = xp.full(e.shape, -xp.inf, dtype=e.dtype)
    alpha[0, :, :2] = e[0, :, :2]
    before = xp.full((samples, count + 2), -xp.inf, dtype=e.dtype)
    barred = xp.where(skip, 0, -xp.inf).astype(e.dtype)
    for t in range(1, length):
        before[:, 2:] = alpha[t - 1]
        alpha[t] = _sum_of_exp(xp, before[:, 2:], before[:, 1:-1], before[:, :-2] + barred) + e[t]
    last = alpha[xp.maximum(steps - 1, 0), xp.arange(samples)]
    over = xp.where(_ends(xp, ends, count), last, -xp.inf)
    loss = -_sum_of_exp(xp, *[over[:, place] for place in range(count)]) if count < 3 else -_total(xp, over)
    loss = xp.where(steps > 0, loss, xp.where(ends > 0, xp.inf, 0.0)).astype(e.dtype)
    return xp.where(loss == xp.inf, 0, loss).astype(e.dtype) if zero else loss.copy(), alpha, loss


def _total(xp, over):
    top = xp.maximum(over.max(axis=1, keepdims=True), NOTHING)
    return xp.log(xp.exp(over - top).sum(axis=1)) + top[:, 0]


def _alignment_joint(xp, g, e, skip, steps, ends, saved_alpha, saved_loss, zero, needs):
    length, samples, count = e.shape
    barred = xp.where(skip, 0, -xp.inf).astype(e.dtype)
    start = xp.where(_ends(xp, ends, count), 0, -xp.inf).astype(e.dtype)
    lost = saved_loss == xp.inf
    loss = xp.where(lost, 0, saved_loss)[:, None]
    scale = -g[:, None] if zero else -xp.where(lost, xp.nan, g)[:, None]
    after = xp.full((samples, count + 2), -xp.inf, dtype=e.dtype)
    beta = xp.full((samples, count), -xp.inf, dtype=e.dtype)
    gx = xp.empty(e.shape, dtype=e.dtype)
    for t in range(length - 1, -1, -1):
        if t < length - 1:
            onward = e[t + 1] + beta
            after[:, :count] = onward
            two = after[:, 2:].copy()
            two[:, : count - 2] += barred[:, 2:]
            beta = _sum_of_exp(xp, onward, after[:, 1:-1], two)
        beta = xp.where((steps == t + 1)[:, None], start, beta)
        gx[t] = xp.exp(saved_alpha[t] + beta + loss) * scale
    return gx, None, None, None


def _together(*terms):
    """log(sum(exp(terms))), by a rule that takes sums of nothing."""
    stacked = cat(*[reshape(term, shape=(*term.shape, 1)) for term in terms], dim=len(terms[0].shape))
    return logsumexp(stacked, dim=(len(terms[0].shape),))


def _shifted(row, by, blank):
    count = row.shape[1]
    by = min(by, count)
    return cat(select(blank, key=(slice(None), slice(0, by))), select(row, key=(slice(None), slice(0, count - by))), dim=1)


def _alignment_definition(e, skip, steps, ends, *, zero):
    length, _, count = e.shape
    rows = [select(e, key=(t,)) for t in range(length)]
    blank = full(rows[0], shape=rows[0].shape, value=NOTHING)
    row = cat(*[select(part, key=(slice(None), place)) for part, place in
                ((rows[0], slice(0, 2)), (blank, slice(2, None)))], dim=1)  # fmt: skip
    counted = select(steps, key=(slice(None), None))
    for t in range(1, length):
        jump = where(skip, _shifted(row, 2, blank), NOTHING)
        reached = _together(row, _shifted(row, 1, blank), jump) + rows[t]
        row = where(counted > t, reached, row)
    before = one_of(row, maximum(ends - 1, full(ends, shape=(), value=0)), dim=1)
    loss = -_together(one_of(row, ends, dim=1), where(ends > 0, before, NOTHING))
    lost = (loss > -NOTHING / 10) | (steps == 0)
    return where(lost, 0 if zero else where((steps == 0) & (ends == 0), 0.0, float("inf")), loss)


alignment.fused(_alignment_joint, _alignment_definition)
alignment.grad_name = "CtcLossBackward0"  # type: ignore[attr-defined]
