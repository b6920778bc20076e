"""Whole training programs, written as public code writes them, come to the same numbers and texts on both libraries."""

import pytest

from tests.models import (
    zoo_attention,
    zoo_embeddings,
    zoo_generative,
    zoo_loops,
    zoo_recurrent,
    zoo_reinforcement,
    zoo_transformers,
    zoo_translation,
)
from tests.models.trial import assert_same_program

pytestmark = pytest.mark.referee

ROOMS = [zoo_attention, zoo_embeddings, zoo_generative, zoo_loops, zoo_recurrent, zoo_reinforcement, zoo_transformers,
         zoo_translation]  # fmt: skip
PROGRAMS = [program for room in ROOMS for program in room.PROGRAMS]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_comes_to_the_same(program):
    assert_same_program(program)
