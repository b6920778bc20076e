"""The README's table of third derivatives: through every normalisation, softmax, gelu, attention and recurrence, ours is
the true number, and PyTorch's stands beside it. Rows, points and weights as in test_against_pytorch_table.py. After a
change, from the root:

    python -m tests.laws.test_third_order_table
"""

import pytest

import minitorch as mt
from tests.laws.test_against_pytorch_table import Row, numbers, our_jvp, parts, rewrite, shown, their_jvp

BEGIN, END = "<!-- third order: begin -->", "<!-- third order: end -->"
COMMAND = "python -m tests.laws.test_third_order_table"
ROWS_OF = numbers(2, 4)


def layer(name, *sizes, **options):
    """A function of the library and x: a layer with seeded parameters."""

    def run(m, x):
        m.manual_seed(0)
        out = getattr(m.nn, name)(*sizes, **options).double()(x)
        return out[0] if isinstance(out, tuple) else out

    return run


def functional(name, *args, **options):
    return lambda m, x: getattr(m.nn.functional, name)(x, *args, **options)


def attention(m, x, **options):
    return m.nn.functional.scaled_dot_product_attention(x, x.sin(), x.cos(), **options)


ROWS = (
    Row("`layer_norm`", functional("layer_norm", (4,)), ROWS_OF, 3),
    Row("`LayerNorm`, with scale and shift", layer("LayerNorm", 4), ROWS_OF, 3),
    Row("`batch_norm` (training)", functional("batch_norm", None, None, training=True), numbers(4, 2), 3),
    Row("`BatchNorm2d` (training)", layer("BatchNorm2d", 2), numbers(2, 2, 2, 1), 3),
    Row("`group_norm`", functional("group_norm", 2), numbers(1, 4, 2), 3),
    Row("`instance_norm`", functional("instance_norm"), numbers(1, 2, 3), 3),
    Row("`rms_norm`", functional("rms_norm", (4,)), ROWS_OF, 3),
    Row("`local_response_norm`", functional("local_response_norm", 2, alpha=0.5), numbers(1, 3, 2), 3),
    Row("`normalize`", functional("normalize"), ROWS_OF, 3),
    Row("`softmax`", functional("softmax", dim=1), ROWS_OF, 3),
    Row("`log_softmax`", functional("log_softmax", dim=1), ROWS_OF, 3),
    Row("`cross_entropy`", lambda m, x: m.nn.functional.cross_entropy(x, m.tensor([1, 3])), ROWS_OF, 3),
    Row("`gelu`", functional("gelu"), ROWS_OF, 3),
    Row("`gelu`, by tanh", functional("gelu", approximate="tanh"), ROWS_OF, 3),
    Row("`silu`", functional("silu"), ROWS_OF, 3),
    Row("`mish`", functional("mish"), ROWS_OF, 3),
    Row("`scaled_dot_product_attention`", attention, numbers(1, 2, 3, 4), 3, needs="nn.functional.scaled_dot_product_attention"),
    Row("`scaled_dot_product_attention`, causal", lambda m, x: attention(m, x, is_causal=True), numbers(1, 2, 3, 4), 3,
        needs="nn.functional.scaled_dot_product_attention"),
    Row("`RNN`", layer("RNN", 2, 3), numbers(4, 1, 2), 3, needs="nn.RNN"),
    Row("`GRU`, two layers", layer("GRU", 2, 3, 2), numbers(3, 1, 2), 3, needs="nn.GRU"),
    Row("`LSTM`, two layers, both ways", layer("LSTM", 2, 3, 2, bidirectional=True), numbers(3, 1, 2), 3, needs="nn.LSTM"),
    Row("`TransformerEncoderLayer`", layer("TransformerEncoderLayer", 4, 2, 8, 0.0), numbers(1, 3, 4), 3, step=0.003,
        needs="nn.TransformerEncoderLayer"),
)  # fmt: skip


def table():
    import torch

    lines = [f"| function | PyTorch {torch.__version__.split('+')[0]} | true | minitorch |", "|---|---|---|---|"]
    for row in ROWS:
        if row.there:
            theirs = row.derivative(torch, their_jvp)
            true = row.truth(torch)
            wrong = isinstance(theirs, float) and theirs != pytest.approx(true, rel=1e-3)
            theirs = f"**{shown(theirs)}**" if wrong else shown(theirs)
            lines.append(f"| {row.name} | {theirs} | {shown(true)} | {shown(row.derivative(mt, our_jvp))} |")
    return "\n".join(lines)


@pytest.mark.parametrize("row", [row for row in ROWS if row.there], ids=str)
def test_our_third_derivative_is_true(row):
    assert row.derivative(mt, our_jvp) == pytest.approx(row.truth(mt), rel=2e-5)


@pytest.mark.referee
def test_the_readme_says_what_is_computed():
    pytest.importorskip("torch")
    inside = parts(BEGIN, END)[1]
    assert inside.splitlines() == table().splitlines(), f"the table in README.md is out of date: run `{COMMAND}`"


if __name__ == "__main__":
    rewrite(table(), BEGIN, END)
