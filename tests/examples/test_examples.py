"""Every example runs in a process of its own, with few steps, and leaves the pictures it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
PNG = b"\x89PNG\r\n\x1a\n"


def run(example, out, *arguments):
    command = [sys.executable, str(ROOT / "examples" / example), "--out", str(out), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def share(output):
    return float(re.search(r"accuracy: ([\d.]+)%", output).group(1))


def test_digits(tmp_path):
    output = run("digits.py", tmp_path, "--epochs", "4")
    assert share(output) > 90
    for name in ("digits_curves.png", "digits_confusion.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)
    svg = ElementTree.parse(tmp_path / "digits_graph.svg").getroot()
    words = list(svg.itertext())
    assert {"weight", "Linear", "loss = cross_entropy", "2 Dropout", "images", "labels"} <= set(words)
    assert any(word.startswith("grad norm") for word in words)
    assert "loss = cross_entropy" in (tmp_path / "digits_graph.html").read_text(encoding="utf-8")
    assert output.count(str(tmp_path)) == 4


def test_digits_is_the_same_for_the_same_seed(tmp_path):
    first, second = (run("digits.py", tmp_path, "--epochs", "1", "--seed", "3") for _ in range(2))
    assert share(first) == share(second)


def test_value_moons(tmp_path):
    output = run("value_moons.py", tmp_path, "--steps", "5", "--points", "20")
    assert share(output) > 70
    assert (tmp_path / "value_moons.png").read_bytes().startswith(PNG)
    assert str(tmp_path / "value_moons.png") in output


def test_gallery(tmp_path):
    output = run("gallery.py", tmp_path, "--only", "expression", "mlp")
    for name, word in (("expression", "tanh"), ("mlp", "cross_entropy")):
        assert word in "".join(ElementTree.parse(tmp_path / f"{name}.svg").getroot().itertext())
    assert "<!doctype html>" in (tmp_path / "mlp.html").read_text(encoding="utf-8").lower()
    assert output.splitlines() == [f"wrote {tmp_path / name}" for name in ("expression.svg", "mlp.svg", "mlp.html")]


def test_every_example_has_a_test():
    examples = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert examples == set(re.findall(r'"(\w+\.py)"', Path(__file__).read_text(encoding="utf-8")))
