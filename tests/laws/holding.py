"""The laws of minitorch.testing.laws as tests: one for each law and each function that it applies to."""

import pytest

from minitorch.testing.examples import cases, told
from minitorch.testing.laws import Law
from minitorch.testing.subjects import every_subject

SUBJECTS = every_subject()


def held(law):
    """A test of a law, over all that it applies to."""

    def test(subject):
        law.check(subject)

    test.__name__, test.__doc__ = f"test_{law.name}", law.text
    subjects = [subject for subject in SUBJECTS if law.applies(subject) is None]
    return pytest.mark.parametrize("subject", subjects, ids=str)(test)


def as_tests(room):
    """{name: test} of the laws of one file, for a test file to take over."""
    return {f"test_{law.name}": held(law) for law in vars(room).values() if isinstance(law, Law)}


def for_every_case(law):
    """A test of a subject that holds `law(subject, case)` for each of its cases, and says for which it failed."""

    def test(subject):
        for case in cases(subject):
            with told(subject, case):
                law(subject, case)

    test.__name__, test.__doc__ = law.__name__, law.__doc__
    return test
