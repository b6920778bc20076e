"""Models written as public code writes them train alike on both libraries: convolutional classifiers, networks from image
to image, layers that people write themselves, networks of attention and those that came after them."""

import pytest

from tests.models import (
    zoo_attention,
    zoo_branches,
    zoo_classics,
    zoo_embeddings,
    zoo_images,
    zoo_later,
    zoo_layers,
    zoo_mobile,
    zoo_modern,
    zoo_residual,
    zoo_transformers,
)
from tests.models.trial import assert_same_model

pytestmark = pytest.mark.referee

PLAIN = (zoo_classics, zoo_residual, zoo_branches, zoo_mobile, zoo_images, zoo_layers, zoo_embeddings)
TRANSFORMERS = (zoo_attention, zoo_transformers, zoo_later, zoo_modern)
NESTED = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")

MODELS = [pytest.param(define, id=define.__name__) for zoo in PLAIN for define in zoo.MODELS]
MODELS += [pytest.param(define, id=define.__name__, marks=NESTED) for zoo in TRANSFORMERS for define in zoo.MODELS]


@pytest.mark.parametrize("define", MODELS)
def test_a_model_learns_alike(define):
    assert_same_model(define)


@pytest.mark.parametrize("define", MODELS)
def test_a_model_in_single_precision(define):
    assert_same_model(define, "float32", steps=2)
