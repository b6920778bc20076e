"""A fused op is its definition: the forward, and the joint rule for every set of inputs that need a gradient."""

from minitorch.testing.laws import fused
from tests.laws.holding import SUBJECTS, as_tests

globals().update(as_tests(fused))


def test_there_are_fused_ops():
    assert [subject for subject in SUBJECTS if fused.the_forward_is_the_definition.applies(subject) is None]
