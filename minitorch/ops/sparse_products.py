"""A sparse matrix times a dense one, and the product of two dense ones at a sparse matrix's places.

A sparse matrix comes as its values and the row and column of each. The two products are each other's adjoints, whatever
operand is moved, so that they are closed under every order of derivative. Equal places count as often as they stand.
"""

from __future__ import annotations

from .families import contraction, movement

#: Elements of a block of `sddmm` on the host, which should stay in the cache.
BLOCK = 1 << 17


@contraction()
def spmm(xp, values, dense, row, column, *, rows):
    """The matrix of `rows` rows with the values at (row, column), times a dense matrix."""
    return xp.spmm(row, column, values, dense, rows)


@contraction()
def sddmm(xp, x, y, row, column):
    """The rows of x at `row` times those of y at `column`, summed: x times the transpose of y, at a few places."""
    return (x.take(row, 0) * y.take(column, 0)).sum(1, dtype=x.dtype)


@sddmm.on("cpu", supports=lambda x, y, row, column: x.itemsize > 2)
def _in_blocks(xp, x, y, row, column):
    found = xp.empty(row.shape, dtype=x.dtype)
    step = max(1, BLOCK // max(1, x.shape[1]))
    for start in range(0, row.size, step):
        part = slice(start, start + step)
        found[part] = xp.einsum("kp,kp->k", x.take(row[part], 0), y.take(column[part], 0))
    return found


spmm.vjp(
    values=lambda g, dense, row, column: sddmm(g, dense, row, column),
    dense=lambda g, values, dense_shape, row, column: spmm(values, g, column, row, rows=dense_shape[0]),
    row=None,
    column=None,
)
sddmm.vjp(
    x=lambda g, y, x_shape, row, column: spmm(g, y, row, column, rows=x_shape[0]),
    y=lambda g, x, y_shape, row, column: spmm(g, x, column, row, rows=y_shape[0]),
    row=None,
    column=None,
)


@movement()
def assemble(xp, x):
    """The values of a new sparse tensor: a copy of their own."""
    return x.copy()


assemble.vjp(x=lambda g: g)
assemble.grad_name = "SparseCooTensorWithDimsAndTensorsBackward0"  # type: ignore[attr-defined]
