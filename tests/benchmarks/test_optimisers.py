"""The comparison of optimisers runs, finds the same parameters in both libraries, and writes its table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.referee
def test_optimisers(tmp_path):
    pytest.importorskip("torch")
    report = tmp_path / "optimisers.json"
    command = [sys.executable, "benchmarks/optimisers.py", "--quick", "--only", "Adam,Rprop", "--json", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())["results"]
    assert [record["rule"] for record in found] == ["Adam", "Rprop"]
    assert all(record["agrees"] and record["ratio to torch"] > 0 for record in found)
    assert "torch fused" in found[0]
