"""`import minitorch` is light: NumPy and the engine itself, nothing that is only needed later."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LATER = {
    "autograd",
    "cupy",
    "cupyx",
    "graphviz",
    "hypothesis",
    "matplotlib",
    "ml_dtypes",
    "pygraphviz",
    "pytest",
    "safetensors",
    "scipy",
    "sklearn",
    "tensorboardX",
    "torch",
    "tqdm",
}
MOST_MODULES = 220  # of the standard library and the engine, above those NumPy brings


def modules_after(statement):
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout))


def test_importing_brings_nothing_that_is_needed_later():
    assert {name.split(".")[0] for name in modules_after("import minitorch")} & LATER == set()


def test_importing_brings_few_modules():
    brought = modules_after("import minitorch") - modules_after("import numpy")
    assert len(brought) <= MOST_MODULES, sorted(brought)


def test_a_first_step_brings_nothing_that_is_needed_later():
    step = (
        "import minitorch as mt; model = mt.nn.Linear(3, 2); opt = mt.optim.SGD(model.parameters(), lr=0.1);"
        "model(mt.randn(4, 3)).relu().sum().backward(); opt.step()"
    )
    assert {name.split(".")[0] for name in modules_after(step)} & LATER == set()
