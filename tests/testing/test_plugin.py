"""The pytest plugin, used by small test files as a user would write them, each run in a process of its own."""

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

import minitorch as mt
from minitorch.testing.plugin import opened
from minitorch.testing.plugin_compare import told

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
HEAD = "import minitorch as mt\nimport numpy as np\nimport pytest\n"


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test file with the plugin; gives the result, with what was printed in `.text`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(source, *options):
        pytester.makepyfile(HEAD + source)
        result = pytester.runpytest_subprocess("-p", "minitorch.testing.plugin", "-p", "no:cacheprovider", *options)
        result.text = result.stdout.str()
        return result

    return run


def reports(text):
    """What pytest says of each failure, by the test's name."""
    pieces = re.split(r"^_+ (?:ERROR at setup of )?(test_\S+) _+$", text.split("short test summary")[0], flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


DEVICES = """
from hypothesis import HealthCheck, given, settings
from minitorch.testing import strategies as some

def test_each(device, backend):
    x = mt.tensor([1.0, 2.0], device=device, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.device == mt.device(device)
    assert isinstance(x.grad._data, backend.array)
    print("ran on", type(x._data).__module__, device)

def test_gone():
    with pytest.raises(RuntimeError):
        mt.ones(1, device="cuda")

@pytest.mark.parametrize("backend", ["standin"], indirect=True)
def test_fails(backend):
    1 / 0

def test_gone_again():
    test_gone()

@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_chosen(device):
    assert device == mt.device("cpu")

@pytest.mark.parametrize("backend", ["jax"], indirect=True)
def test_unknown(device): pass

@pytest.mark.gpu
def test_marked():
    assert mt.cuda.is_available()

@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], database=None, max_examples=20, deadline=None)
@given(some.tensors())
def test_drawn(device, x):
    assert x.to(device).sum().device == device
"""


def test_devices(run):
    result = run(DEVICES, "-v", "-rsPp", "--strict-markers")
    assert "ran on numpy cpu" in result.text and "ran on minitorch.testing.standin.arrays cuda:0" in result.text
    words = dict(re.findall(r"::(test_\S+) (\w+)", result.text))
    gpu = {"test_each[gpu]", "test_drawn[gpu]", "test_marked", "test_gone", "test_gone_again"}  # what a GPU changes
    assert {name: word for name, word in words.items() if name not in gpu} == {
        "test_each[numpy]": "PASSED", "test_each[standin]": "PASSED", "test_fails[standin]": "FAILED", "test_chosen[numpy]": "PASSED",
        "test_unknown[jax]": "ERROR", "test_drawn[numpy]": "PASSED", "test_drawn[standin]": "PASSED",
    }  # fmt: skip
    if mt.cuda.is_available():
        assert {words[name] for name in ("test_each[gpu]", "test_drawn[gpu]", "test_marked")} == {"PASSED"}
    else:
        assert [words[name] for name in sorted(gpu)] == ["SKIPPED", "SKIPPED", "PASSED", "PASSED", "SKIPPED"]
        assert len(re.findall("^SKIPPED.*CuPy", result.text, flags=re.M)) >= 1  # the reason
    assert "expected a backend of numpy, standin, gpu, but got 'jax'" in reports(result.text)["test_unknown[jax]"]


def test_the_mark_is_registered(run):
    assert "@pytest.mark.gpu: needs a CUDA device" in run("", "--markers").text


SEEDED = """
mt.manual_seed(5)
def test_seeded(seed):
    assert mt.initial_seed() == seed
    print("drew", mt.rand(1).item())
    assert False

def test_next():
    print("drew", mt.rand(1).item())
    assert False

@pytest.mark.parametrize("seed", range(3), indirect=True)
def test_several(seed, request):
    assert mt.initial_seed() == seed == request.node.callspec.params["seed"]
"""


@pytest.mark.parametrize("options", [(), ("--minitorch-seed", "3")], ids=["its own", "given"])
def test_a_seed_is_told_and_undone(run, options):
    result = run(SEEDED, *options)
    result.assert_outcomes(passed=3, failed=2)
    seeded, after = (float(re.search("^drew (.*)$", report, flags=re.M)[1]) for report in reports(result.text).values())
    (number,) = re.findall(r"manual_seed\((\d+)\)", result.text)  # told where it was asked for, of failures only
    assert number == "3" or not options
    generator = mt.Generator().manual_seed(5)
    assert mt.rand(1, generator=generator).item() == after  # as if the test before had drawn nothing
    assert mt.rand(1, generator=generator.manual_seed(int(number))).item() == seeded


STATEMENTS = (
    "assert a == b", "assert mt.equal(a, b)", "assert a.equal(b)", "assert (a == b).all()", "assert mt.all(a == b)",
    "assert mt.allclose(a, b)", "assert a.allclose(b, 1e-3)", "assert d['x'] == d['y']", "assert o.x == o.y, 'mine'",
    "assert a == n", "assert l[0] == l[1]", "assert mt.equal(l[0], l[-1]), 'mine'",
)  # fmt: skip
COMPARED = "".join(
    f"""
def test_{place}():
    a, b = mt.tensor([[1.0, 2.0], [3.0, 4.0]]), mt.tensor([[1.0, 2.5], [3.0, 8.0]])
    d, l = {{"x": a, "y": b}}, [a, b]
    n = np.array([[1, 2.5], [3, 8]])
    class o: x, y = a, b
    {statement}
"""
    for place, statement in enumerate(STATEMENTS)
)
ALONE = """
count = []
def f():
    count.append(1)
    return mt.ones(2)
def test_numbers():
    assert 1 == 2
def test_called_once():
    assert mt.equal(f(), mt.zeros(2))
def test_count():
    assert len(count) == 1
def test_error():
    mt.ones(2) @ mt.ones(3)
def test_truth():
    if mt.ones(2):
        pass
def test_pytest_asks():
    a, b = mt.tensor(1.0), mt.tensor(2.5)
    assert a == b
"""


def test_what_differs_is_told(run):
    result = run(COMPARED + ALONE, "--tb=short")
    result.assert_outcomes(failed=len(STATEMENTS) + 5, passed=1)
    found = reports(result.text)
    for place, statement in enumerate(STATEMENTS):
        text = found[f"test_{place}"]
        for line in ("2 of 4 elements differ:", "  [0, 1]: 2.0 and 2.5", "  [1, 1]: 4.0 and 8.0", "greatest absolute difference: 4 at [1, 1]"):
            assert line in text.splitlines(), statement
        assert ("hint: `==` compares" in text) == (" == " in statement and "all(" not in statement), statement
    for name in ("numbers", "called_once", "error", "truth"):
        assert "minitorch tensors" not in found[f"test_{name}"]
    lines = found["test_pytest_asks"].splitlines()
    for line in ("assert <torch.float32 ()> == <torch.float32 ()>", "1 of 1 elements differ", "1.0 and 2.5"):
        assert any(fnmatch(said, f"E *{line}") for said in lines), line


@pytest.mark.parametrize(("pair", "lines"), [
    ((mt.tensor([1]), mt.tensor([2.0])), ["dtypes differ: torch.int64 and torch.float32", "1 of 1 elements differ:"]),
    ((mt.tensor([True]), mt.tensor([False])), ["  [0]: True and False", "greatest absolute difference: 1 at [0]"]),
    ((mt.tensor([2.0], requires_grad=True), 3), ["  [0]: 2.0 and 3", "greatest absolute difference: 1 at [0]"]),
    ((mt.tensor([float("nan")]), mt.tensor([1.0])), ["1 NaN on the left, 0 on the right"]),
    ((mt.tensor([1 + 1j]), mt.tensor([1 - 1j])), ["greatest absolute difference: 2 at [0]"]),
    ((mt.zeros(10, 10), mt.ones(10, 10)), ["100 of 100 elements differ:", "  [0, 2]: 0.0 and 1.0", "  and 97 more"]),
    ((mt.zeros(3), mt.zeros(2, 3)), ["shapes differ: (3,) and (2, 3)"]),
    ((mt.zeros(2), mt.zeros(2)), ["all elements are equal"]),
    ((mt.eye(2).to_sparse(), mt.zeros(2, 2)), ["layouts differ: torch.sparse_coo and torch.strided", "  [1, 1]: 1.0 and 0.0"]),
], ids=str)  # fmt: skip
def test_kinds_of_differences(pair, lines):
    said = told(*pair)
    assert set(lines) <= set(said), said
    assert len(said) < 10


@pytest.mark.parametrize("pair", [(1, 2), ([mt.ones(2)], [mt.ones(2)]), (mt.ones(2), "text"), (mt.ones(2), None), (mt.ones(2), print)], ids=str)
def test_of_other_things_nothing_is_said(pair):
    assert told(*pair) is None


def test_on_the_device():
    with opened("standin") as backend:
        x = mt.zeros(2, device="cuda")
        assert isinstance(x._data, backend.array)
        assert "  [0]: 0.0 and 1.0" in told(x, mt.ones(2, device="cuda"))
        assert "devices differ: cuda:0 and cpu" in told(x, mt.ones(2))
    with pytest.raises(RuntimeError), opened("gpu" if not mt.cuda.is_available() else "standin"):
        raise RuntimeError
    with pytest.raises(ValueError, match="expected a backend of numpy"), opened("jax"):
        pass


def test_the_plugin_brings_nothing_heavy():
    heavy = ("hypothesis", "cupy", "scipy", "torch", "minitorch.testing.standin", "minitorch.testing.plugin_compare")
    program = f"import sys, minitorch.testing.plugin; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
