"""The benchmark runs, compares gradients before it times anything, and writes what it measured."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_overhead(tmp_path):
    report = tmp_path / "overhead.json"
    command = [sys.executable, "benchmarks/overhead.py", "--quick", "--rounds", "1", "--only", "op,mix,value"]
    command += ["--peers", "micrograd", "--json", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    assert "the gradient of" not in done.stdout
    content = json.loads(report.read_text())
    assert content["threads"] == 1 and content["versions"]["minitorch"]["numpy"]
    for record in content["results"]:
        assert record["libraries"]["minitorch"]["seconds"] > 0
