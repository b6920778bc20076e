"""Whole training programs, written as public code writes them, come to the same numbers and texts on both libraries."""

import pytest

from tests.models import (
    zoo_attention,
    zoo_embeddings,
    zoo_generative,
    zoo_later,
    zoo_lessons,
    zoo_loops,
    zoo_modern,
    zoo_recurrent,
    zoo_reinforcement,
    zoo_transformers,
    zoo_translation,
)
from tests.models.trial import assert_same_program

pytestmark = pytest.mark.referee

ROOMS = [zoo_attention, zoo_embeddings, zoo_generative, zoo_later, zoo_lessons, zoo_loops, zoo_modern, zoo_recurrent,
         zoo_reinforcement, zoo_transformers, zoo_translation]  # fmt: skip
PROGRAMS = [program for room in ROOMS for program in room.PROGRAMS]
#: These print more digits than single precision has.
DOUBLE = ("linear_regression_from_scratch", "blitz")
QUIET = "ignore:Converting a tensor with requires_grad=True to a scalar"  # PyTorch's warning, once a process


@pytest.mark.filterwarnings(QUIET)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_comes_to_the_same(program):
    assert_same_program(program)


@pytest.mark.filterwarnings(QUIET)
@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.__name__ not in DOUBLE], ids=lambda program: program.__name__)
def test_a_program_in_single_precision(program):
    assert_same_program(program, "float32", 2e-3)
