"""Derivatives of every op and composition against finite differences, forward mode against reverse, declared linearity."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.testing.drawn import LARGEST, draw
from minitorch.testing.examples import told
from minitorch.testing.laws import derivatives
from tests.laws.holding import SUBJECTS, as_tests

globals().update(as_tests(derivatives))
SEARCHED = [subject for subject in SUBJECTS if subject.rule.searched and derivatives.first_derivative.applies(subject) is None]


@pytest.mark.parametrize("subject", SEARCHED, ids=str)
@settings(max_examples=settings.default.max_examples // 10)
@given(data=st.data())
def test_derivatives_at_drawn_operands(subject, data):
    case = draw(subject, data)
    if sum(array.size for array in case.arrays) <= LARGEST:
        with told(subject, case):
            derivatives.first_derivative.hold(subject, case)
            derivatives.second_derivative.hold(subject, case)
