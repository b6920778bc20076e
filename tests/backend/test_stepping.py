"""Even steps have PyTorch's last bit, in every dtype and direction."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.stepping import evenly, multiply_add


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int32", "uint8"])
def test_steps_are_pytorchs(dtype):
    torch = pytest.importorskip("torch")
    bounds = [(0, 1), (5, 2), (3.7, 3.7), (0, 250)] + [(-1, 1), (-0.3, 1e3 / 7), (-70.1, -3)] * (dtype != "uint8")
    for count in (*range(70), 257, 1000):
        for low, high in bounds:
            ours = mt.linspace(low, high, count, dtype=getattr(mt, dtype)).double().numpy()
            theirs = torch.linspace(low, high, count, dtype=getattr(torch, dtype)).double().numpy()
            np.testing.assert_array_equal(ours, theirs, err_msg=f"{count} from {low} to {high}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_and_a_sum_are_rounded_once(dtype):
    random = np.random.default_rng(0)
    x = random.normal(size=2000).astype(dtype)
    y, z = (float(np.dtype(dtype).type(value)) for value in random.normal(size=2))
    from fractions import Fraction

    exact = [np.dtype(dtype).type(float(Fraction(float(value)) * Fraction(y) + Fraction(z))) for value in x]
    np.testing.assert_array_equal(multiply_add(x, y, z), np.array(exact, dtype))
    assert dtype == "float32" or (x * y + z != exact).any()


def test_one_step_is_the_start_and_none_is_empty():
    assert evenly(np, 2.5, 7.0, 1, "float32").tolist() == [2.5]
    assert evenly(np, 2.5, 7.0, 0, "float64").size == 0
    assert evenly(np, -1e300, 1e300, 3, "float64").tolist() == [-1e300, 0.0, 1e300]
