"""Fills say what they mean, in a legend; and every text on them can be read."""

import re

import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.ops.op import TABLE
from minitorch.viz import colours
from minitorch.viz.dot import FRAMES
from minitorch.viz.labels import seconds
from minitorch.viz.stats import size_of

FILLS = [*colours.FAMILIES.values(), *colours.KINDS.values(), *colours.RAMP, colours.ZERO, colours.NONE, colours.BAD, *FRAMES]


@pytest.mark.parametrize("fill", FILLS)
def test_every_ink_can_be_read_on_every_fill(fill):
    assert colours.contrast(colours.ink(fill), fill) >= 4.5
    assert colours.contrast(colours.ink(fill, soft=True), fill) >= 4.5
    if fill not in (colours.BAD, colours.RAMP[-1]):
        assert colours.contrast(colours.BAD, fill) >= 4.5 or fill in colours.RAMP[2:]


def test_contrast_is_that_of_the_standard():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_family_of_ops_has_a_colour():
    assert {op.family for op in TABLE.values()} <= set(colours.FAMILIES)


def model_and_loss(**keywords):
    mt.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 40), nn.ReLU(), nn.Linear(40, 2))
    with viz.record(time=True):
        loss = (model(mt.randn(50, 3)) ** 2).mean()
        loss.backward()
    return viz.graph(loss, params=model, **keywords).dot()


@pytest.mark.parametrize(
    ("color", "words"),
    [
        ("family", ["parameter", "contraction", "reduction"]),
        ("gradient", ["gradient norm"]),
        ("memory", ["result and saved"]),
        ("time", ["time "]),
    ],
)
def test_the_legend_names_what_the_picture_uses(color, words):
    dot = model_and_loss(color=color)
    legend = dot.split("\n", 3)[2]
    for word in words:
        assert word in legend
    fills = set(re.findall(r'fillcolor="(#\w+)"', dot)) - set(FRAMES)
    assert fills <= {*colours.RAMP, *re.findall(r'BGCOLOR="(#\w+)"', legend)}


def test_bad_and_dead_gradients_have_a_colour_of_their_own():
    x = mt.tensor([0.0, 1.0], requires_grad=True)
    with viz.record():
        loss = x.sqrt().sum()
        loss.backward()
    dot = viz.graph(loss, color="gradient").dot()
    assert f'fillcolor="{colours.BAD}"' in dot and "nan or inf" in dot
    with viz.record():
        loss = (x * 0).sum()
        loss.backward()
    assert f'fillcolor="{colours.ZERO}"' in viz.graph(loss, color="gradient").dot()


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (123456, "123 KB"), (5e9, "5.0 GB")])
def test_bytes_as_people_read_them(count, text):
    assert size_of(count) == text


@pytest.mark.parametrize(("time", "text"), [(2.5, "2.5 s"), (0.0125, "12.5 ms"), (3e-6, "3 µs")])
def test_times_as_people_read_them(time, text):
    assert seconds(time) == text
