"""Networks of attention, and those that came after them, train alike on both libraries."""

import pytest

from tests.models.trial import assert_same_model
from tests.models.zoo_attention import MODELS as SPELT
from tests.models.zoo_later import MODELS as LATER
from tests.models.zoo_modern import MODELS as MODERN
from tests.models.zoo_transformers import MODELS as LAYERED

pytestmark = [pytest.mark.referee, pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")]

MODELS = [*SPELT, *LAYERED, *LATER, *MODERN]


@pytest.mark.parametrize("define", MODELS, ids=lambda define: define.__name__)
def test_a_model_learns_alike(define):
    assert_same_model(define)


@pytest.mark.parametrize("define", MODELS, ids=lambda define: define.__name__)
def test_a_model_in_single_precision(define):
    assert_same_model(define, "float32", steps=2)
