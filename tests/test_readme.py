"""The README's programs run, its two commands are the ones that are tested, and it says which name to install."""

import math
import os
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SUITE = 'python3 -m venv .venv && .venv/bin/pip install -e ".[dev]" && .venv/bin/pytest -n 2'
MAIN = 'python3 -m venv .venv && .venv/bin/pip install -e ".[examples]" && .venv/bin/python examples/digits.py'


def test_the_programs_run_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for program in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(compile(program, "README.md", "exec"), names)
    loss, accuracy = map(float, capsys.readouterr().out.splitlines()[0].split())
    assert loss < 0.2 and accuracy > 0.95
    assert names["curvature"].item() == pytest.approx(-math.sin(1.5))
    assert (tmp_path / "loss.svg").read_text(encoding="utf-8").count("<svg") == 1


@pytest.mark.parametrize("command", [MAIN, SUITE])
def test_the_commands_stand_on_a_line_of_their_own(command):
    assert README.splitlines().count(command) == 1


def test_the_checks_run_the_commands_of_the_readme():
    checks = ROOT / ".ci" / "run"
    assert SUITE in checks.read_text(encoding="utf-8")
    assert os.access(checks, os.X_OK)


def test_the_extras_of_the_readme_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r'-e "\.\[(\w+)\]"', README)) <= set(extras)
