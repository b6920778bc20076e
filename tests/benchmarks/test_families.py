"""The comparison by families runs, finds the same results and gradients in both libraries, and writes its table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.referee
def test_families(tmp_path):
    pytest.importorskip("torch")
    report = tmp_path / "families.json"
    command = [sys.executable, "benchmarks/families.py", "--quick", "--rounds", "1", "--sizes", "tiny", "--json", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "differ" not in done.stdout
    assert "| elementwise | x + y |" in done.stdout
    found = {(record["family"], record["op"], record["part"]) for record in json.loads(report.read_text())["results"]}
    assert {("elementwise", "exp", "backward"), ("random", "rand", "forward"), ("fused", "conv2d 3x3", "backward")} <= found


def test_the_table_in_the_readme_is_replaced(tmp_path):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import families
    finally:
        sys.path.pop(0)
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- families -->\nold\n<!-- /families -->\nafter\n")
    families.rewrite_readme("new", readme)
    assert readme.read_text() == "before\n<!-- families -->\nnew\n<!-- /families -->\nafter\n"
    readme.write_text("before\n")
    with pytest.raises(SystemExit, match="no lines"):
        families.rewrite_readme("new", readme)
    assert families.shown({"minitorch": 3.0, "torch": 2.0}) == "**1.50**"
    assert families.shown({"minitorch": 1.0, "torch": 2.0}) == "0.50"
