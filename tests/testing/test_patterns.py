"""What a wrong block looks like: each pattern recognised, on a block that has it and on one that has not."""

import numpy as np
import pytest

from minitorch.testing.patterns import pattern

random = np.random.default_rng(0)
TRUE = random.normal(size=(6, 6))
DIAGONAL = np.diag(np.arange(1.0, 7.0))
ROWS = np.tile(np.eye(3), (2, 1))  # d(x + b)/db with x (2, 3) and b (3,)
MATRIX = random.normal(size=(2, 6))


def without(array, *rows):
    changed = array.copy()
    changed[list(rows)] = 0
    return changed


def turned(array, shape):
    """The gradient by a matrix of this shape, with its axes exchanged."""
    return array.reshape(-1, *shape).swapaxes(1, 2).reshape(len(array), -1)


CASES = {
    "a constant factor of 1.05": (1.05 * TRUE, TRUE, (6,), (6,)),
    "the wrong sign": (-DIAGONAL, DIAGONAL, (6,), (6,)),
    "all of them zero by the tape": (0 * TRUE, TRUE, (6,), (6,)),
    "the transposed Jacobian": (TRUE.T, TRUE, (6,), (6,)),
    "a broadcast not summed: for some entries of the output the gradient is missing": (
        without(ROWS, 3, 4, 5), ROWS, (2, 3), (3,)),
    "a constant factor of 0.5, 1/2: a mean where the sum belongs, or a broadcast not summed": (
        np.ones((1, 3)), 2 * np.ones((1, 3)), (), (2, 3)),
    "a constant factor of 6, a size: a sum where the mean belongs, or summed twice": (
        np.ones((1, 6)), np.ones((1, 6)) / 6, (), (2, 3)),
    "the gradient is transposed": (turned(random.normal(size=(2, 9)), (3, 3)), None, (2,), (3, 3)),
    "the gradient is reshaped where it should be transposed": (turned(MATRIX, (2, 3)), MATRIX, (2,), (2, 3)),
    "the gradient runs backwards along dim 0": (MATRIX[:, ::-1], MATRIX, (2,), (6,)),
    "a conjugation is missing: the imaginary part has the wrong sign": (
        TRUE * np.array([1, -1] * 3), TRUE, (3,), (3,)),
    "the gradient is shifted by 1 along dim 1": (
        np.roll(DIAGONAL.reshape(6, 2, 3), 1, 2).reshape(6, 6), DIAGONAL, (2, 3), (2, 3)),
    "zero where they should not be": (without(DIAGONAL, 1, 4), DIAGONAL, (6,), (6,)),
    "these by a constant factor of 2": (
        np.diag([1.0, 2, 3, 8, 10, 12]), DIAGONAL, (6,), (6,)),
    "in no pattern": (TRUE + random.normal(size=TRUE.shape), TRUE, (6,), (6,)),
    "the gradient is not finite": (np.full((6, 6), np.nan), TRUE, (6,), (6,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_patterns(name):
    tape, true, output, given = CASES[name]
    if true is None:
        true = turned(tape, given)
    parts = (2, 2) if "conjugation" in name else (1, 1)
    wrong = ~(np.abs(tape - true) <= 1e-9)
    assert pattern(tape, true, wrong, output, given, parts) == name


def test_what_is_nearly_a_pattern_is_none():
    tape = 1.05 * TRUE
    tape[0, 0] *= 1.01
    assert pattern(tape, TRUE, np.ones_like(TRUE, bool), (6,), (6,)) == "in no pattern"


def test_a_holomorphic_rule_without_its_conjugation_and_one_wrong_entry_of_a_diagonal():
    cell = np.array([[2.0, -3.0], [3.0, 2.0]])
    true = np.kron(np.eye(3), cell)
    assert "a conjugation is missing" in pattern(np.kron(np.eye(3), cell.T), true, true != np.kron(np.eye(3), cell.T), (3,), (3,), (2, 2))
    almost = np.diag([1.0, 1.0, 1.0 + 1e-6])
    assert pattern(almost, np.eye(3), almost != np.eye(3), (3,), (3,)) == "in no pattern"
