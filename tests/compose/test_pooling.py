"""Convolutions and pooling with drawn options, against PyTorch: values, positions and gradients, or both refuse."""

import random

import numpy as np
import pytest

import minitorch as mt

pytestmark = pytest.mark.referee


def answer(lib, name, arrays, options, indices=False):
    tensors = [lib.tensor(array, requires_grad=True) for array in arrays]
    try:
        out = getattr(lib.nn.functional, name)(*tensors, **options)
    except RuntimeError as error:
        return type(error).__name__
    found = [out[1].numpy()] if indices else []
    out = out[0] if indices else out
    (out * out * out).sum().backward()
    return [out.detach().numpy(), *(tensor.grad.numpy() for tensor in tensors), *found]


def agree(name, arrays, options, indices=False):
    torch = pytest.importorskip("torch")
    theirs, found = (answer(lib, name, arrays, options, indices) for lib in (torch, mt))
    told = f"{name} {[a.shape for a in arrays]} {options}"
    if isinstance(theirs, str):
        assert found == theirs, told
    else:
        assert not isinstance(found, str), told
        for one, other in zip(found, theirs, strict=True):
            assert one.shape == other.shape and np.allclose(one, other, rtol=1e-8, atol=1e-8, equal_nan=True), told


@pytest.mark.parametrize("seed", range(120))
def test_convolutions(seed):
    choose, numbers = random.Random(seed), np.random.default_rng(seed)
    space, turned, groups = choose.choice((1, 2, 3)), choose.random() < 0.5, choose.choice((1, 1, 2, 4))
    inputs, results = groups * choose.choice((1, 2, 3)), groups * choose.choice((1, 2, 3))
    kernel, stride, padding, dilation = ([choose.choice(values) for _ in range(space)]
                                         for values in ((1, 2, 3), (1, 1, 2, 3), (0, 1, 2), (1, 1, 2)))  # fmt: skip
    x = numbers.normal(size=(choose.choice((1, 2, 5)), inputs, *(choose.choice((1, 3, 4, 6)) for _ in range(space))))
    pair = (inputs, results // groups) if turned else (results, inputs // groups)
    options = {"stride": tuple(stride), "padding": tuple(padding), "dilation": tuple(dilation), "groups": groups}
    if turned:
        options["output_padding"] = tuple(choose.randrange(max(pair)) for pair in zip(stride, dilation, strict=True))
    name = f"conv{'_transpose' if turned else ''}{space}d"
    agree(name, [x, numbers.normal(size=(*pair, *kernel)), numbers.normal(size=results)], options)


@pytest.mark.parametrize("seed", range(120))
def test_windows(seed):
    choose, numbers = random.Random(seed), np.random.default_rng(seed)
    space, largest = choose.choice((1, 2, 3)), choose.random() < 0.6
    kernel = tuple(choose.choice((1, 2, 3)) for _ in range(space))
    options = {"kernel_size": kernel, "stride": tuple(choose.choice((1, 2, 3)) for _ in kernel), "ceil_mode": choose.random() < 0.5,
               "padding": tuple(choose.choice((0, size // 2)) for size in kernel)}  # fmt: skip
    x = numbers.normal(size=(choose.choice((1, 3)), 2, *(choose.choice((2, 3, 5, 7)) for _ in range(space))))
    indices = largest and choose.random() < 0.5
    if choose.random() < 0.2:
        x = np.round(x)  # ties
    if choose.random() < 0.2:
        x.flat[numbers.integers(0, x.size, 3)] = np.nan
    if largest:
        options |= {"dilation": tuple(choose.choice((1, 1, 2)) for _ in kernel), "return_indices": indices}
    else:
        options["count_include_pad"] = choose.random() < 0.5
    agree(f"{'max' if largest else 'avg'}_pool{space}d", [x], options, indices)


@pytest.mark.parametrize("size,wanted", [(7, 3), (5, 4), (9, 2), (3, 5)])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_adaptive_windows(kind, size, wanted):
    x = np.random.default_rng(0).normal(size=(2, 3, size, 4))
    agree(f"adaptive_{kind}_pool2d", [x], {"output_size": (wanted, 3)})


def test_an_infinity_stays_in_its_window():
    x = mt.zeros(1, 1, 5)
    x[..., 2] = float("inf")  # windows 0-1, 1-3, 3-4
    assert mt.nn.functional.adaptive_avg_pool1d(x, 3).tolist() == [[[0, float("inf"), 0]]]
