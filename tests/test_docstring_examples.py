"""The examples in PyTorch's docstrings, run statement by statement on both libraries from the same seed.

After every statement the value of an expression, each new variable, what was printed and what was raised must agree:
numbers, dtype, shape, requires_grad, and the text a tensor is printed as. Only what exists here is run; an example
stops at the first name that does not.
"""

import ast
import inspect
import re

import pytest

import minitorch as mt
from tests.statements import apart, differences, refusals_apart, settle

pytestmark = pytest.mark.referee

SPACES = ["", "Tensor", "linalg", "fft", "special", "autograd", "autograd.functional", "autograd.graph", "nn",
          "nn.functional", "nn.init", "nn.utils", "nn.utils.parametrize", "nn.utils.parametrizations",
          "nn.Module", "func", "optim", "random", "Generator", "Size"]  # fmt: skip

#: Examples that may disagree, and why: `name` for a whole docstring.
APART = {
    "conj": "a conjugate is computed at once, so no tensor says is_conj()",
    "resolve_conj": "as conj",
    "resolve_neg": "as conj, and no tensor says is_neg()",
    "Generator.seed": "a seed of the operating system",
    "set_default_dtype": "there is no complex of two float16",
    "set_flush_denormal": "NumPy has no switch for subnormal numbers",
    "sort": "the order of equal elements, which is not promised",
    "nn.utils.skip_init": "shows what the memory held",
    "func.grad": "vmap stacks, and its grad_fn says so",
    "typename": "our modules are files of their own",
    "cholesky_inverse": "shows a rounding error",
    "linalg.solve": "shows a rounding error",
    "fft.hfft2": "shows a rounding error",
    "fft.hfftn": "shows a rounding error",
    "nn.MaxUnpool2d": "the name of the function in a message",
    "linalg.lu": "the name of the function in a message",
    "linalg.solve_ex": "the name of the function in a message",
}
#: Draws of four dimensions and more, which stand for images and films.
DRAWN = re.compile(r"(?<=torch\.randn\()\d+(?:, \d+){3,}(?=[,)])")


# ---- the examples --------------------------------------------------------------------------------------------------
def statements(doc):
    """The statements behind `>>>`, those over several prompts joined."""
    lines, block = [], None
    for line in [*inspect.cleandoc(doc).splitlines(), ""]:
        text = line.strip()
        if block is not None and not text.startswith("..."):
            lines.append(block)
            block = None
        if text.startswith((">>>", "...")):
            rest = text[4:] if text[3:4] == " " else text[3:]
            block = rest if block is None else f"{block}\n{rest}"
    found, first = [], 0
    while first < len(lines):
        for last in range(first + 1, min(first + 40, len(lines)) + 1):
            text = "\n".join(lines[first:last])
            if not parses(text):
                continue
            while last < len(lines) and lines[last].startswith(" ") and parses(f"{text}\n{lines[last]}"):
                text, last = f"{text}\n{lines[last]}", last + 1
            decorated = any(getattr(node, "decorator_list", None) for node in ast.parse(text).body)
            found += [text] if decorated else [ast.get_source_segment(text, node) for node in ast.parse(text).body]
            first = last
            break
        else:
            first += 1
    return found


def smaller(found):
    """The same batch of images with fewer and smaller ones; channels stay."""
    sizes = [int(size) for size in found[0].split(", ")]
    return ", ".join(str(size if place == 1 else min(size, 17 if place else 4)) for place, size in enumerate(sizes))


def parses(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def reach(lib, path):
    for part in filter(None, path.split(".")):
        lib = getattr(lib, part, None)
    return lib


def examples(torch, space):
    """(name, statements) of each docstring of a namespace whose subject exists here too."""
    theirs, ours = reach(torch, space), reach(mt, space)
    seen = set()
    for name in sorted(dir(theirs)):
        doc = getattr(getattr(theirs, name, None), "__doc__", None)
        if name.startswith("_") or not isinstance(doc, str) or ">>>" not in doc or doc in seen:
            continue
        if "empty" not in name and hasattr(ours, name) and not inspect.ismodule(getattr(theirs, name)):
            seen.add(doc)
            yield f"{space}.{name}".lstrip("."), statements(doc)


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """Both libraries are left as they start; what an example writes goes into a directory of its own."""
    monkeypatch.chdir(tmp_path)
    yield
    settle(mt)
    settle(pytest.importorskip("torch"))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space or "torch")
def test_examples(space, settled):
    torch = pytest.importorskip("torch")
    found, count = [], 0
    for name, lines in examples(torch, space):
        lines = [DRAWN.sub(smaller, line.replace("torch.empty(", "torch.zeros(")) for line in lines
                 if not re.search(r"cuda|to_sparse|sparse_c", line)]  # fmt: skip
        difference = None if name in APART else next(differences(lines, torch), None)
        count += len(lines)
        if difference:
            found.append(f"{name}\n{difference}")
    assert not found, "\n\n".join(found)
    assert count or space in ("nn.utils", "autograd.graph", "Size", "random")


def test_a_difference_is_seen(settled):
    """Number, text, dtype, shape and refusal: each is told apart."""
    torch = pytest.importorskip("torch")
    for ours, theirs in (("torch.ones(2)", "torch.ones(2) * 1.01"), ("torch.ones(2)", "torch.ones(2).double()"),
                         ("torch.ones(2)", "torch.ones(1, 2)"), ("torch.ones(2)", "torch.ones(2, requires_grad=True)"),
                         ("3", "4"), ("'a'", "'b'"), ("[torch.ones(1)]", "[torch.zeros(1)]")):  # fmt: skip
        assert apart(eval(ours, {"torch": mt}), eval(theirs, {"torch": torch})), theirs
    assert refusals_apart(("raised", ValueError("a. b")), ("raised", ValueError("a. c"))) is None
    assert refusals_apart(("raised", ValueError("b")), ("raised", ValueError("a")))
    assert refusals_apart(("raised", TypeError("a")), ("raised", ValueError("a")))
