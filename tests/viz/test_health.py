"""Where a nan or an infinity began, in forward order."""

import pytest

import minitorch as mt
from minitorch import viz


def first_bad(result, **keywords):
    return [entry.title for entry in viz.graph(result, **keywords).nodes if entry.first_bad]


@pytest.mark.parametrize("recorded", [True, False])
def test_the_op_that_made_it_is_marked_and_not_the_ones_that_pass_it_on(recorded):
    def run():
        return ((x - 1).log() * 2 + 1).exp().sum()

    x = mt.tensor([2.0, 0.5], requires_grad=True)
    if recorded:
        with viz.record():
            loss = run()
        assert first_bad(loss) == ["log"]
        return
    assert first_bad(run()) in (["log"], ["add"], ["mul"], ["exp"])  # what the tape still shows of the values


def test_an_infinity_that_becomes_nan_is_where_it_began():
    x = mt.tensor([800.0, 1.0], requires_grad=True)
    with viz.record():
        big = x.exp()
        loss = (big - big).sum()
    assert first_bad(loss) == ["exp"]


def test_a_mask_of_infinities_was_asked_for():
    x = mt.randn(2, 3, requires_grad=True)
    with viz.record():
        masked = x.masked_fill(mt.tensor([[True, False, False]]), float("-inf"))
        added = masked + mt.tensor([0.0, float("-inf"), 0.0])
        loss = (added * 2).softmax(-1).sum()
    assert first_bad(loss) == []


@pytest.mark.parametrize("name", ["large constant", "parameter", "number"])
def test_infinities_of_operands_and_parameters_were_asked_for(name):
    x = mt.randn(2, 30, requires_grad=True)
    mask = mt.full((2, 30), float("-inf"))
    with viz.record():
        made = {"large constant": lambda: x + mask, "parameter": lambda: x.clamp(min=float("inf")),
                "number": lambda: mt.where(mask < 0, float("inf"), x)}[name]()  # fmt: skip
        loss = (made * 2).sum()
    assert first_bad(loss) == []


def test_data_that_is_not_a_number_is_drawn_and_marked():
    x, data = mt.ones(30, requires_grad=True), mt.full((30,), float("nan"))
    with viz.record():
        loss = (x * data).sum()
    assert first_bad(loss) == ["constant"]


def test_a_row_masked_altogether_is_nan_where_softmax_divides():
    x = mt.randn(1, 2, requires_grad=True)
    with viz.record():
        loss = x.masked_fill(mt.tensor([[True, True]]), float("-inf")).softmax(-1).sum()
    assert first_bad(loss) == ["softmax"]


def test_a_bad_parameter_is_the_first():
    w = mt.tensor([1.0, float("nan")], requires_grad=True)
    assert first_bad((w * 2).sum(), names={"w": w}) == ["w"]


def test_where_values_are_fine_the_rule_that_spoils_the_gradient_is_marked():
    x = mt.tensor([0.0, 4.0], requires_grad=True)
    with viz.record():
        loss = (x.sqrt() * 3).sum()
        loss.backward()
    graph = viz.graph(loss)
    assert first_bad(loss) == ["sqrt"]
    assert graph.nodes[0].gradient["inf"] == 1
    assert "← first bad" in graph.text() and "grad 1 inf" in graph.text()


def test_nothing_is_marked_where_all_is_well():
    x = mt.randn(3, requires_grad=True)
    assert first_bad((x * 2).sum()) == []


def test_the_numbers_that_json_lacks_are_strings():
    x = mt.tensor([float("nan"), float("inf"), float("-inf")], requires_grad=True)
    text = viz.graph(x * 1.0).json()
    assert "NaN" not in text and "Infinity" not in text
    assert '["nan", "inf", "-inf"]' in text


def test_gradients_that_are_zero_are_told():
    x = mt.tensor([-1.0, -2.0, 3.0, -4.0], requires_grad=True)
    with viz.record():
        loss = x.relu().sum()
        loss.backward()
    assert viz.graph(loss).nodes[0].gradient["zeros"] == 0.75
