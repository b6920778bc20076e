"""The shape of the building: imports only go down, no import cycle, no file too long to read, no name hidden.

The imports are parsed, not run, so a function-level import counts too. Only the front door may look things up lazily.
"""

import ast
import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "minitorch"
LONGEST_FILE = 400

# The first part of a file's path below minitorch/ -> its floor. A file imports from its own floor or below.
FLOORS = {
    "graph": 1,
    "backend": 1,
    "tracked": 2,
    "size": 2,
    "viz": 6,
    "ops": 3,
    "compose": 4,
    "operators": 5,
    "value": 5,
    "settings": 5,
    "return_types": 6,
    "_methods": 5,
    "_tensor": 5,
    "grad_fn": 5,
    "create": 5,
    "linalg": 6,
    "fft": 6,
    "batching": 6,
    "func": 6,
    "layer_counting": 6,
    "layer_table": 6,
    "special": 6,
    "signal": 6,
    "sparse": 6,
    "cuda": 6,
    "random": 6,
    "trees": 5,
    "autograd": 6,
    "nn": 6,
    "optim": 6,
    "distributions": 6,
    "utils": 6,
    "io": 6,
    "testing": 6,
    "__config__": 6,
    "accelerator": 6,
    "amp": 6,
    "backends": 6,
    "compiler": 6,
    "cpu": 6,
    "mps": 6,
    "types": 6,
    "xpu": 6,
    "distributed": 6,
    "jit": 6,
    "overrides": 6,
    "version": 1,
    "as_torch": 7,
    "__init__": 7,
    "_stubgen": 7,
}
HELPERS = ("_tensor", "create")  # `_tensor_index.py` stands where `_tensor.py` stands
# Rooms that know even less than their floor allows.
ONLY = {
    "graph": {"graph"},
    "backend": {"backend"},
    "tracked": {"tracked", "graph", "backend"},
}

FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}


def room(module):
    """The first part of the module's path below minitorch; a helper file counts as the file it helps."""
    first = module.split(".")[1] if "." in module else "__init__"
    return next((helped for helped in HELPERS if first.startswith(f"{helped}_")), first)


def package_of(module):
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


def targets(module, node):
    """The modules of minitorch that an import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names if alias.name.split(".")[0] == "minitorch"]
        return [name if name in MODULES else name.rpartition(".")[0] for name in names]
    if node.level:
        base = package_of(module).split(".")
        base = ".".join(base[: len(base) - node.level + 1] + ([node.module] if node.module else []))
    else:
        base = node.module or ""
    if base.split(".")[0] != "minitorch":
        return []
    return [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports(module):
    """(line, imported module, does it run when the module is imported) for each import in the file."""
    found = []

    def visit(node, runs):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.extend((node.lineno, target, runs) for target in targets(module, node))
        deferred = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            only_typing = is_type_checking(node) and child in node.body
            visit(child, runs and not deferred and not only_typing)

    visit(ast.parse(MODULES[module].read_text(encoding="utf-8")), True)
    return found


def test_every_file_has_a_floor():
    assert {module for module in MODULES if room(module) not in FLOORS} == set()


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"minitorch"}))
def test_imports_only_go_down(module):
    home = room(module)
    wrong = []
    for line, target, _ in imports(module):
        there = room(target)
        if FLOORS[there] > FLOORS[home] or there not in ONLY.get(home, FLOORS):
            wrong.append(f"{MODULES[module].relative_to(ROOT)}:{line} imports {target}")
    assert wrong == []


def test_there_is_no_import_cycle():
    edges = {module: set() for module in MODULES}
    for module in set(MODULES) - {"minitorch"}:
        for _, target, runs in imports(module):
            if not runs:
                continue
            # Importing a.b.c runs a and a.b first, unless they are already running because they contain the importer.
            parts = target.split(".")
            chain = [".".join(parts[:length]) for length in range(2, len(parts) + 1)]
            edges[module].update(step for step in chain if step != module and not module.startswith(step + "."))
            if target != module and module.startswith(target + ".") and target != "minitorch":
                edges[module].add(target)  # a name taken from the package the module itself belongs to
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as cycle:
        pytest.fail("import cycle: " + " <- ".join(cycle.args[1]))


def test_relative_to_the_package_itself_means_a_submodule():
    """`from . import name` in a room takes submodules only: a name would need the half-imported package."""
    wrong = []
    for module in set(MODULES) - {"minitorch"}:
        for line, target, runs in imports(module):
            if runs and module.startswith(target + "."):
                wrong.append(f"{MODULES[module].relative_to(ROOT)}:{line} takes a name from {target}")
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_sitting(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_FILE


NAMES = """
import importlib, inspect, json, pkgutil, sys
import minitorch

names = {*minitorch.__all__, *(name for name in dir(minitorch) if not name.startswith("_"))}
before = {name: getattr(minitorch, name) for name in sorted(names)}
skipped = {}
for found in pkgutil.walk_packages(minitorch.__path__, "minitorch."):
    try:
        importlib.import_module(found.name)
    except ImportError as reason:
        if (reason.name or "minitorch").split(".")[0] == "minitorch":
            raise
        skipped[found.name] = reason.name
changed = [name for name, thing in before.items() if getattr(minitorch, name) is not thing]
hidden = []
for name, module in list(sys.modules.items()):
    if name.split(".")[0] == "minitorch" and hasattr(module, "__path__"):
        for public_name in getattr(module, "__all__", ()):
            thing = getattr(module, public_name)
            if inspect.ismodule(thing):
                continue
            if f"{name}.{public_name}" in sys.modules:
                hidden.append(f"{name}.{public_name}")
print(json.dumps({"changed": changed, "hidden": hidden, "skipped": skipped, "public": len(before)}))
"""


def test_no_module_hides_a_public_name():
    """After every submodule was imported, each public name is still what it was."""
    run = subprocess.run([sys.executable, "-c", NAMES], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert result["public"] > 0
    assert result["changed"] == []
    assert result["hidden"] == []
    assert set(result["skipped"].values()) <= {"cupy", "cupyx", "ml_dtypes", "tensorboardX"}


def test_no_module_is_called_like_a_function_of_its_package():
    """The same, read from the stub, which also lists the names that are looked up lazily."""
    clashes = []
    for stub in PACKAGE.rglob("__init__.pyi"):
        package = ".".join(stub.parent.relative_to(ROOT).parts)
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and f"{package}.{node.name}" in MODULES:
                clashes.append(f"{package}.{node.name}")
    assert clashes == []
