"""Dtypes that an op lacks, and dtypes that must agree."""

import pytest

import minitorch as mt
from minitorch.ops.kinds import EXPECTED, agreeing, c_name, lacking


@pytest.mark.parametrize(("kinds", "refused"), [
    ("b", ["bool"]), ("i", ["int8", "int64", "uint8"]), ("f", ["float16", "float64"]), ("c", ["complex64"]),
    ("b c", ["bool", "complex128"]), ("float16 uint8", ["float16", "uint8"]), ("", []),
])  # fmt: skip
def test_kinds_and_names_are_refused(kinds, refused):
    for name in ("bool", "int8", "uint8", "int64", "float16", "float32", "float64", "complex64", "complex128"):
        x = mt.zeros(1, dtype=getattr(mt, name))
        if name in refused:
            with pytest.raises(NotImplementedError, match='"some_kernel" not implemented for'):
                lacking("some_kernel", kinds, None, x)
        elif not refused or kinds in ("b", "float16 uint8"):
            lacking("some_kernel", kinds, None, x)


def test_the_first_that_differs_is_named():
    one, other = mt.zeros(1), mt.zeros(1, dtype=mt.complex64)
    agreeing(EXPECTED, one, None, one)
    with pytest.raises(RuntimeError, match="^expected scalar type Float but found ComplexFloat$"):
        agreeing(EXPECTED, one, None, one, other)
    with pytest.raises(RuntimeError, match="^float and float and c10::complex<float>$"):
        agreeing("{} and {} and {}", one, one, other, name=c_name)
