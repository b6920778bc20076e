"""The benchmark of pictures runs, and every tape of it is drawn."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_pictures(tmp_path):
    report = tmp_path / "pictures.json"
    command = [sys.executable, "benchmarks/pictures.py", "--sizes", "200,1000", "--json", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    measured = json.loads(report.read_text())
    assert list(measured) == [f"{tape} {size}" for tape in ("chain", "tangle", "recurrence", "layers") for size in (200, 1000)]
    for case in measured.values():
        assert case["nodes"] > 80 and 0 < case["walk"] < case["collect"] and case["draw"] > 0 and case["bytes"] > 5_000
        assert case["bytes"] < 500_000  # collapsed
