"""The failure messages of the README are what the checks say, each on one screen."""

import re
from pathlib import Path

import minitorch as mt
from minitorch.testing import gradcheck
from tests.testing.three_faults import energy, messages

ROOT = Path(__file__).parents[2]


def comparable(text):
    """The text without what differs between processors: the last digits, and the step that was found good enough."""
    text = re.sub(r"\s*\(step [^)]*\)", "", text)
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.5g}", text)


def test_the_readme_shows_what_is_said_of_three_faults(monkeypatch):
    monkeypatch.chdir(ROOT)
    readme = comparable((ROOT / "README.md").read_text(encoding="utf-8"))
    found = messages()
    assert len(found) == 3
    for message in found:
        assert comparable(message) in readme
        lines = message.splitlines()
        assert len(lines) <= 24 and max(map(len, lines)) <= 80


def test_the_third_is_right_in_the_first_order():
    assert gradcheck(energy, mt.tensor([0.5, 2.0, -1.0], dtype=mt.float64))
