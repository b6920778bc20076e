"""Convolutional classifiers, written as public code writes them, train alike on both libraries."""

import pytest

from tests.models import zoo_branches, zoo_classics, zoo_mobile, zoo_residual
from tests.models.trial import assert_same_model

pytestmark = pytest.mark.referee

MODELS = [*zoo_classics.MODELS, *zoo_residual.MODELS, *zoo_branches.MODELS, *zoo_mobile.MODELS]


@pytest.mark.parametrize("define", MODELS, ids=lambda define: define.__name__)
def test_a_model_learns_alike(define):
    assert_same_model(define)


@pytest.mark.parametrize("define", MODELS, ids=lambda define: define.__name__)
def test_a_model_in_single_precision(define):
    assert_same_model(define, "float32", steps=2)
