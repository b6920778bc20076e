"""The layers of resampling, folding and shuffling: text, attributes and results are PyTorch's."""

import pickle

import pytest

import minitorch as mt
from tests.translated import assert_equal, ours

LAYERS = [
    ("Upsample", (), {"scale_factor": 2}, (1, 2, 3, 4)), ("Upsample", (5,), {}, (1, 2, 3)),
    ("Upsample", (), {"scale_factor": (2, 1.5), "mode": "bilinear", "align_corners": True}, (1, 2, 3, 4)),
    ("Upsample", ((4, 5, 6), None, "trilinear"), {}, (1, 2, 3, 4, 2)), ("UpsamplingNearest2d", ((4, 6),), {}, (1, 2, 3, 4)),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "bicubic", "recompute_scale_factor": True}, (1, 2, 3, 4)),
    ("UpsamplingBilinear2d", (), {"scale_factor": 2}, (1, 2, 3, 4)), ("PixelShuffle", (2,), {}, (1, 8, 3, 4)),
    ("PixelUnshuffle", (2,), {}, (1, 2, 6, 4)), ("ChannelShuffle", (3,), {}, (1, 6, 2, 2)),
    ("Unfold", ((2, 3), 1, (1, 0), 2), {}, (2, 3, 4, 5)), ("Fold", ((4, 5), (2, 2)), {"stride": (2, 1)}, (2, 8, 8)),
]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name,args,kwargs,shape", LAYERS, ids=str)
def test_layers(name, args, kwargs, shape):
    torch = pytest.importorskip("torch")
    theirs, mine = getattr(torch.nn, name)(*args, **kwargs), getattr(mt.nn, name)(*args, **kwargs)
    assert repr(mine) == repr(theirs) and mine.__constants__ == theirs.__constants__
    for attribute in theirs.__constants__:
        assert getattr(mine, attribute) == getattr(theirs, attribute)
    assert repr(pickle.loads(pickle.dumps(mine))) == repr(mine)
    torch.manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    y = ours(x, {})
    out, found = theirs(x), mine(y)
    assert_equal(found, out, name, 1e-9)
    out.square().sum().backward()
    found.square().sum().backward()
    assert_equal(y.grad, x.grad, f"gradient of {name}", 1e-9)


def test_a_state_without_the_newest_option_is_read_as_pytorch_reads_it():
    layer = mt.nn.Upsample(scale_factor=2)
    state = layer.__dict__.copy()
    del state["recompute_scale_factor"]
    layer.__setstate__(state)
    assert layer.recompute_scale_factor is True
