"""Rows for attention."""

from ..domains import REAL, between, call, literal, mask, rule, spec

SMALL = between(-0.75, 0.75)
HALF = spec((4, 4))
#: What follows query, key and value: sizes, the projection of all three, no bias, no zeros.
PROJECTED = (literal(4), literal(2), spec((12, 4), SMALL), spec((12,)), None, None, literal(False), literal(0.0), HALF, spec((4,)))
BARE = (literal(4), literal(2), spec((12, 4), SMALL), None, None, None, literal(False), literal(0.0), HALF, None)
EXTENDED = (literal(4), literal(1), spec((12, 4), SMALL), None, spec((1, 1, 4)), spec((1, 1, 4)), literal(True), literal(0.0), HALF, None)
APART = (literal(4), literal(2), None, spec((12,)), None, None, literal(False), literal(0.0), HALF, spec((4,)))
APART_WEIGHTS = {"q_proj_weight": HALF, "k_proj_weight": spec((4, 3)), "v_proj_weight": spec((4, 2))}

OPS = {
    "attention": rule(
        call((2, 3), (4, 3), (4, 2), scale=0.5), call((2, 2, 3), (2, 3), (2, 2, 1), (2, 1, 2), scale=-1.0),
        call((2, 3), (2, 3), (2, 3), (2, 2), (2, 2), scale=2.0), call((1, 2, 3), (2, 4, 3), (3, 1, 4, 2), (4,), scale=1.0),
        call((2, 3), (0, 3), (0, 2), scale=1.0), call((0, 3), (2, 3), (2, 1), scale=1.0),
        call((2, 0), (2, 0), (2, 1), None, (2, 2), scale=1.0), complex=False, still=("drop",), mask=REAL, distinct=True,
    ),
}
PUBLIC = {
    "scaled_dot_product_attention": rule(
        call((2, 3), (4, 3), (4, 2)), call((2, 2, 3), (2, 4, 3), (2, 4, 1), mask((2, 4))), call((1, 2, 3, 2), (1, 2, 3, 2), (1, 2, 3, 2)),
        call((1, 2, 3, 2), (1, 2, 2, 2), (1, 2, 2, 2), is_causal=True), call((2, 3), (3, 3), (3, 1), (2, 3), scale=-0.5),
        call((1, 4, 2, 3), (1, 2, 3, 3), (1, 2, 3, 3), enable_gqa=True), call((0, 3), (2, 3), (2, 3)),
        complex=False, near=1e-11, distinct=True,
    ),
    "multi_head_attention_forward": rule(
        call((2, 1, 4), (3, 1, 4), (3, 1, 4), *PROJECTED), call((2, 4), (3, 4), (3, 4), *BARE, need_weights=False),
        call((2, 2, 4), (3, 2, 4), (3, 2, 4), *EXTENDED, average_attn_weights=False),
        call((2, 1, 4), (2, 1, 3), (2, 1, 2), *APART, use_separate_proj_weight=True, **APART_WEIGHTS),
        call((2, 1, 4), (2, 1, 4), (2, 1, 4), *PROJECTED, attn_mask=spec((2, 2)), key_padding_mask=spec((1, 2)), need_weights=False),
        complex=False, near=1e-11, distinct=True,
    ),
}  # fmt: skip
