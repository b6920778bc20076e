"""Low precision against float64: values and gradients within PyTorch's tolerances, half precision summed in float32."""

import numpy as np

import minitorch as mt
from minitorch.testing.laws import precision
from tests.laws.holding import as_tests

globals().update(as_tests(precision))
LONG = precision.LONG


def test_a_long_sum_over_broadcasting_accumulates_in_float32():
    """The gradient of a bias is a sum over all rows."""
    bias = mt.Tensor._wrap(np.zeros(2, "float16")).requires_grad_()
    (mt.Tensor._wrap(np.zeros((LONG, 2), "float16")) + bias).backward(mt.Tensor._wrap(np.ones((LONG, 2), "float16")))
    assert bias.grad._data.tolist() == [LONG, LONG]


def test_a_long_float16_matrix_product_accumulates_in_float32():
    x = mt.Tensor._wrap(np.ones((1, LONG), "float16")).requires_grad_()
    out = x @ mt.Tensor._wrap(np.ones((LONG, 1), "float16"))
    assert out.item() == LONG
    out.backward()
    assert set(x.grad._data.ravel().tolist()) == {1.0}
