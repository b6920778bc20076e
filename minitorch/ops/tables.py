"""Rows of a table by number, where the gradient is not just the sum: embeddings that pad, or that count.

A row used for padding stays as it is, so its gradient is 0; a row that is looked up k times may have its gradient divided
by k. Both scale the rows of a sum, so that the rule is `deposit` and one more linear op, its own adjoint. A sparse gradient
is no sum: the rows travel as they are.
"""

from __future__ import annotations

from .families import indexing
from .lookup import deposit
from .rows import rows_of


@indexing(linear=True)
def embedding_rows(xp, x, index, *, padding, by_frequency, sparse=False):
    """The rows of a matrix at `index`; only the gradient knows of `padding` (a row, or -1), `by_frequency` and `sparse`."""
    return x.take(index, 0)


@indexing(linear=True, widens=True, silent=False)
def row_factors(xp, x, index, *, padding, by_frequency):
    """The rows of x, that of `padding` as 0, and each divided by how often `index` names it if that is asked for."""
    out = x.copy()
    if by_frequency:
        times = xp.zeros(len(x), dtype="int32")
        flat = index.reshape(-1)
        xp.scatter_add(times, (flat,), xp.ones(flat.shape, dtype="int32"))
        out /= xp.maximum(times, 1).astype(x.dtype)[:, None]
    if padding >= 0:
        out[padding] = 0
    return out


def _to_rows(g, x_shape, index, padding, by_frequency, sparse):
    if sparse:
        if by_frequency:
            raise RuntimeError("embedding_backward: scale_grad_by_freq not supported with sparse gradients")
        return rows_of(g, index, x_shape, padding)
    found = deposit(g, index, dim=0, shape=x_shape)
    return row_factors(found, index, padding=padding, by_frequency=by_frequency)


embedding_rows.vjp(x=_to_rows, index=None)
row_factors.vjp(
    x=lambda g, index, padding, by_frequency: row_factors(g, index, padding=padding, by_frequency=by_frequency),
    index=None,
)
embedding_rows.grad_name = "EmbeddingBackward0"  # type: ignore[attr-defined]
