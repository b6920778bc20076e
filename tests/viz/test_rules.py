"""The text of a rule is the text of its source."""

import pytest

import minitorch as mt
from minitorch import viz
from minitorch.ops.op import TABLE
from minitorch.viz.rules import rules_of, text_of


@pytest.mark.parametrize(
    ("op", "rules"),
    [
        ("mul", {"x": "g * y", "y": "g * x"}),
        ("exp", {"x": "g * out"}),
        ("add", {"x": "g", "y": "g"}),
        ("eq", {}),
        ("where", {"x": "where(condition, g, 0)", "y": "where(condition, 0, g)"}),
    ],
)
def test_rules_of_the_table(op, rules):
    assert dict(rules_of(TABLE[op])) == rules


def test_every_op_that_has_rules_has_their_text():
    for name, op in TABLE.items():
        declared = op.joint is not None or any(rule is not None for rule in op.rules.values())
        assert bool(rules_of(op)) is declared, name
        assert all(text and "\n" not in text and len(text) <= 200 for _, text in rules_of(op)), name


def test_lambdas_of_one_line_are_told_apart():
    pair = (lambda g, x: g * x, lambda g, x: g / x)  # fmt: skip
    assert [text_of(rule) for rule in pair] == ["g * x", "g / x"]


def test_a_rule_without_source_is_named():
    scope = {}
    exec("def rule(g, x): return g", scope)
    assert text_of(scope["rule"]) == "rule(g, x)"
    assert text_of(eval("lambda g: g")) == "lambda(g)"


def test_only_operands_on_the_tape_have_a_rule():
    x = mt.ones(2, requires_grad=True)
    assert viz.graph(x * 2.0).nodes[-1].rules == (("x", "g * y"),)
    assert viz.graph(x * x).nodes[-1].rules == (("x", "g * y"), ("y", "g * x"))
