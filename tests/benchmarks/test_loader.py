"""The benchmark of the loader runs, and both libraries give the same order."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_loader(tmp_path):
    report = tmp_path / "loader.json"
    command = [sys.executable, "benchmarks/loader.py", "--quick", "--workers", "0,1", "--only", "rows,start"]
    done = subprocess.run([*command, "--json", str(report)], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    measured = json.loads(report.read_text())
    assert list(measured) == ["rows 0", "rows 1", "start 0", "start 1"]
    assert all(case["minitorch"] > 0 for case in measured.values())
