"""The tree for terminals: one line per node, shallow however deep the tape, safe to print."""

import random
import sys

import minitorch as mt
from minitorch import nn
from minitorch.viz import graph, record
from tests.viz.tapes import chain, leaf, op, small

SMALL = """\
#5 mean(#4, dim=None)  [] float32
#4 pow(#3, exponent=2)  [2, 3] float32
#3 add(#2, #1)  [2, 3] float32
├─ #1 bias  [3] float32
#2 matmul(·, #0)  [2, 3] float32
#0 weight  [4, 3] float32"""


def test_a_small_tape():
    loss, names = small()
    assert graph(loss, names=names).text() == SMALL


def test_a_branch_is_indented_and_a_shared_node_is_drawn_once():
    x = leaf(2)
    side = op("exp", op("neg", x))
    main = op("sin", op("cos", op("tan", x)))
    assert graph(op("add", main, side)).text().splitlines() == [
        "#6 add(#5, #2)  [2, 3] float32",
        "├─ #2 exp(#1)  [2, 3] float32",
        "│  #1 neg(#0)  [2, 3] float32",
        "#5 sin(#4)  [2, 3] float32",
        "#4 cos(#3)  [2, 3] float32",
        "#3 tan(#0)  [2, 3] float32",
        "#0 leaf  [2] float32",
    ]


def test_several_roots():
    shared = leaf(2)
    assert graph([op("exp", shared), op("sin", shared)]).text().count("\n") == 2


def test_a_chain_of_200_000_is_a_column():
    lines = graph(chain(200_000)).text().splitlines()
    assert len(lines) == 200_001
    assert max(map(len, lines)) < 60


def test_a_balanced_tree_is_no_deeper_than_its_logarithm():
    row = [leaf(1) for _ in range(1024)]
    while len(row) > 1:
        row = [op("add", left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    depths = [line.index("#") // 3 for line in graph(row[0]).text().splitlines()]
    assert len(depths) == 2047
    assert max(depths) == 10


def test_every_node_of_a_random_tape_has_its_line():
    draw = random.Random(0)
    nodes = [leaf(2) for _ in range(5)]
    for _ in range(500):
        nodes.append(op("add", draw.choice(nodes), draw.choice([None, *nodes])))
    picture = graph(nodes)
    numbers = sorted(int(line.split("#")[1].split()[0]) for line in picture.text().splitlines())
    assert numbers == list(range(505))


def test_names_cannot_break_the_line():
    x = leaf(2)
    text = graph(op("neg", x), names={"evil\n\x1b[31mname\x00": x}).text()
    assert len(text.splitlines()) == 2
    assert text.isprintable() or set(filter(lambda c: not c.isprintable(), text)) == {"\n"}


def test_the_recursion_limit_does_not_matter():
    limit = sys.getrecursionlimit()
    picture = graph(chain(3 * limit))
    assert picture.text().count("\n") == 3 * limit


def test_repr_is_short():
    assert repr(graph(chain(1000))) == "Graph(1000 ops, 1 leaf; .text(), .svg(), .save(path))"


def test_numbers_stand_among_the_operands():
    x = mt.ones(2, requires_grad=True)
    with record():
        y = (1 - x * 2.5) * mt.tensor(3.0)
    assert [line.partition("  test_text.py")[0] for line in graph(y, names={"x": x}).text().splitlines()] == [
        "#6 mul(#4, #5)  [2] float32",
        "├─ #5 3  [] float32",
        "#4 sub(1, #2)  [2] float32",
        "#2 mul(#0, 2.5)  [2] float32",
        "#0 x  [2] float32",
    ]


def test_modules_are_named_by_path_and_class():
    lines = graph(nn.Sequential(nn.Linear(2, 3)), mt.ones(1, 2)).text().splitlines()
    assert lines[0].startswith("#3 linear(#2, #0, #1)  [1, 3] float32  0 (Linear)")
