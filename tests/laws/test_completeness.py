"""The table is complete: every op has a rule or None per input, a docstring, operands and a forward-mode derivative."""

from pathlib import Path

import pytest
from hypothesis import settings

from minitorch.ops import TABLE
from minitorch.testing import rows
from minitorch.testing.examples import cases
from minitorch.testing.laws import COLUMNS, LAWS, ROOMS
from minitorch.testing.subjects import all_ops, all_public, compositions

OPS = all_ops()
ARRAY_MODULES = {"np", "numpy", "xp", "cupy", "math"}


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_an_op_has_a_rule_or_none_for_each_input(subject):
    op = subject.op
    named = {*op.inputs, *([op.star] if op.star else [])}
    if op.differentiable:
        assert set(op.rules) == named
        assert any(op.rules.values()), "an op of which no input has a derivative is not differentiable"
    else:
        assert not op.rules


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_the_names_that_rules_may_ask_for_are_distinct(subject):
    """A rule that asks for `out` gets the result, so no input and no parameter may be called so; likewise `i`."""
    op = subject.op
    inputs = [*op.inputs, *([op.star] if op.star else [])]
    told = [*op.results, *op.hidden, *op.param_names, "i", *(f"{name}_shape" for name in inputs)]
    assert not set(inputs) & set(told)
    assert len({*inputs, *op.param_names, *op.results, *op.hidden}) == len(inputs) + len(op.param_names) + len(
        op.results) + len(op.hidden)  # fmt: skip


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_an_op_has_a_forward_mode_derivative(subject):
    op = subject.op
    derived = op.linear or op.multilinear or op.family == "elementwise" or op.definition is not None
    explicit = all(name in op.jvps for name, rule in op.rules.items() if rule is not None)
    assert derived or explicit or not op.differentiable


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_a_rule_names_no_array_library(subject):
    """A raw array made inside a rule would be invisible to the second derivative."""
    rules = [*subject.op.rules.values(), *subject.op.jvps.values()] if subject.op.joint is None else []
    for rule in rules:
        if rule is not None:
            assert not ARRAY_MODULES & {*rule.__code__.co_names, *rule.__code__.co_varnames}


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_an_op_says_what_it_is(subject):
    assert subject.op.doc.endswith((".", "?"))


@pytest.mark.parametrize("subject", all_public(), ids=str)
def test_a_public_function_says_what_it_is(subject):
    assert (subject.function.__doc__ or "").strip().endswith((".", "?"))


@pytest.mark.parametrize("subject", OPS + compositions(), ids=str)
def test_operands_can_be_drawn(subject):
    found = cases(subject)
    assert found, "no operands: add a row to minitorch/testing/rows"
    if subject.rule.smooth and subject.differentiable and not subject.rule.still:
        assert any(any(case.moving(subject)) for case in found)


def test_no_row_is_left_over():
    assert set(rows.OPS) <= set(TABLE)
    names = {subject.name for subject in all_public()}
    names |= {name.rpartition(".")[2] for name in names} | {f"minitorch.{name}" for name in names}
    assert set(rows.PUBLIC) <= names


def test_every_law_says_what_it_is_and_is_held():
    """Each under a name of its own, in a column of the proof table, and as a test of this folder."""
    assert len({law.name for law in LAWS}) == len(LAWS)
    for law in LAWS:
        assert law.text.endswith(".") and law.column in COLUMNS
    tests = " ".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [room for room in ROOMS if f"as_tests({room.__name__.rpartition('.')[2]})" not in tests] == []


def test_the_thorough_profile_looks_50_times_deeper():
    """Also where a law takes a tenth of the examples."""
    default, thorough = (settings.get_profile(name).max_examples for name in ("default", "thorough"))
    assert thorough == 50 * default and thorough // 10 == 50 * (default // 10)
