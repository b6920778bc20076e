"""Rows for tables looked up by number: embeddings, bags of them, and numbers as rows."""

from ..domains import Domain, call, index, literal, positions, rule, spec

#: A padding row that no number names: the gradient knows of it, the value does not.
APART = {"padding": 5, "by_frequency": False}
TABLE = spec((4, 2))


def starts(count):
    """0, 1, 2, ...: where bags start."""
    return spec((count,), Domain(0, count, kind="i", unique=True, ascending=True))


OPS = {
    "embedding_rows": rule(
        call((6, 2), index((2, 3), 5), **APART), call((6, 2), positions((3,), 6), padding=-1, by_frequency=True),
        call((3, 2), index((), 3), padding=-1, by_frequency=False), call((3, 2), index((0, 2), 3), padding=-1, by_frequency=False),
        call((3, 1), index((4,), 3), padding=-1, by_frequency=False),
    ),
    "row_factors": rule(
        call((6, 2), index((2, 3), 5), padding=5, by_frequency=True), call((3, 2), index((0,), 3), padding=0, by_frequency=False),
        call((3, 1), index((4,), 3), padding=-1, by_frequency=True),
    ),
}
PUBLIC = {
    "nn.functional.embedding": rule(
        call(index((2, 3), 4), TABLE), call(index((), 4), TABLE), call(index((0, 2), 4), TABLE),
        call(positions((3,), 4), TABLE, scale_grad_by_freq=True), call(index((3,), 3), TABLE, padding_idx=3), complex=False,
    ),
    "nn.functional.embedding_bag": rule(
        call(index((2, 3), 4), TABLE), call(index((2, 3), 4), TABLE, mode="sum", per_sample_weights=spec((2, 3))),
        call(index((5,), 4), TABLE, starts(3)), call(index((5,), 4), TABLE, starts(2), padding_idx=1, mode="sum"),
        call(index((2, 3), 4), TABLE, mode="max"), call(index((5,), 4), TABLE, starts(2), mode="max"),
        call(index((2, 3), 4), TABLE, padding_idx=2), complex=False, distinct=True,
    ),
    "nn.functional.one_hot": rule(call(index((2, 3), 4)), call(index((3,), 4), literal(5)), call(index((0, 2), 3), literal(3)), call(index((), 2)),
                    smooth=False, layouts=False, complex=False),
}  # fmt: skip
