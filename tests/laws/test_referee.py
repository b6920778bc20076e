"""Every public function against PyTorch's of the same name: value, dtype, gradient and gradient of the gradient."""

import pytest

from minitorch.testing.laws import referee
from minitorch.testing.subjects import all_public
from tests.laws.holding import as_tests

pytest.importorskip("torch")
pytestmark = pytest.mark.referee
globals().update(as_tests(referee))


@pytest.mark.parametrize("subject", [subject for subject in all_public() if subject.rule.referee], ids=str)
def test_pytorch_has_a_function_of_that_name(subject):
    assert callable(referee.theirs(subject))
