"""The committed stubs are what the tables would write now."""

import pytest

from minitorch._stubgen import stubs

STUBS = stubs()


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.name)
def test_fresh(path):
    assert path.read_text() == STUBS[path], f"run: python -m minitorch._stubgen (stale: {path.name})"
