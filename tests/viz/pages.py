"""Documents written by hand for the HTML page, and a browser to open it in."""

import math
import os
import random
import shutil
from contextlib import contextmanager

import pytest

SIZES = {"phone": (390, 844), "wide": (1440, 900)}


@contextmanager
def browser():
    """A headless Chromium, driven by Playwright; the test is skipped, and says so, where there is neither."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium on the PATH")
    arguments = ["--force-device-scale-factor=1", *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
    with playwright.sync_playwright() as player:
        opened = player.chromium.launch(executable_path=program, args=arguments)
        try:
            yield opened
        finally:
            opened.close()


def stats(*numbers):
    """Statistics of a few numbers, as the document has them; a single number is a scalar."""
    finite = [abs(number) for number in numbers if math.isfinite(number)]
    words = [str(number) if not math.isfinite(number) else number for number in numbers]
    return {
        "norm": math.hypot(*finite), "mean": sum(number for number in numbers if math.isfinite(number)) / max(1, len(finite)), "max": max(finite, default=0.0),
        "zeros": sum(number == 0 for number in numbers) / len(numbers), "nan": sum(map(math.isnan, numbers)),
        "inf": sum(map(math.isinf, numbers)), "values": words[0] if len(words) == 1 else words,
    }  # fmt: skip


class Writer:
    """Writes a document node by node: `leaf`, `op`, and `with module(...)` around what a module call made."""

    def __init__(self, kind="tensor", caption=None):
        self.nodes, self.modules, self.backward = [], [], []
        self.kind, self.caption, self.inside = kind, caption, None

    def node(self, title, kind, parents=(), **given):
        node = {
            "id": len(self.nodes), "kind": kind, "title": title, "op": title if kind == "op" else "", "name": None, "symbol": "",
            "family": "elementwise" if kind == "op" else "", "shape": [2, 3], "dtype": "float32", "device": "cpu", "params": [],
            "parents": list(parents), "module": self.inside, "source": None, "line": None, "rules": [], "bytes": 24, "saved": 0,
            "time": None, "value": None, "gradient": None, "first_bad": False, "error": None,
        }  # fmt: skip
        self.nodes.append(node | given)
        return node["id"]

    def leaf(self, title, kind="leaf", **given):
        return self.node(title, kind, **{"name": title} | given)

    def op(self, title, *parents, **given):
        return self.node(title, "op", parents, **given)

    @contextmanager
    def module(self, path, name, **given):
        number, outer = len(self.modules), self.inside
        module = {
            "id": number, "path": path, "class": name, "parent": outer, "parameters": 12, "detail": "", "inputs": ["[2, 3] float32"],
            "outputs": ["[2, 3] float32"], "ops": 1, "times": 1, "call": 0,
        }  # fmt: skip
        self.modules.append(module | given)
        self.inside = number
        yield number
        self.inside = outer

    def document(self):
        return {
            "version": 1, "caption": self.caption, "kind": self.kind, "nodes": self.nodes, "modules": self.modules, "backward": self.backward,
        }  # fmt: skip


def transformer(blocks=2, caption="A small transformer"):
    """Modules in modules, skip connections, parameters, a loss outside all modules."""
    w = Writer(caption=caption)
    x = w.leaf("tokens", "input", dtype="int64")
    target = w.leaf("target", "input", dtype="int64")

    def linear(path, source):
        with w.module(path, "Linear", detail="in_features=64, out_features=64", parameters=4160):
            weight = w.leaf("weight", "parameter", shape=[64, 64])
            bias = w.leaf("bias", "parameter", shape=[64])
            turned = w.op("transpose", weight, family="movement", shape=[64, 64])
            product = w.op("matmul", source, turned, symbol="@", family="contraction", saved=200)
            return w.op("add", product, bias, symbol="+")

    def norm(path, source):
        with w.module(path, "LayerNorm", parameters=128):
            weight, bias = (w.leaf(name, "parameter", shape=[64]) for name in ("weight", "bias"))
            return w.op("layer_norm", source, weight, bias, family="fused", saved=90)

    with w.module("", "Transformer", parameters=50_000, inputs=["[2, 8] int64"], outputs=["[2, 8, 64] float32"], ops=40):
        with w.module("embedding", "Embedding"):
            table = w.leaf("weight", "parameter", shape=[100, 64])
            h = w.op("take", table, x, family="indexing")
        for block in range(blocks):
            with w.module(f"blocks.{block}", "Block", times=1, parameters=20_000):
                inner = norm(f"blocks.{block}.norm1", h)
                with w.module(f"blocks.{block}.attention", "Attention"):
                    q, k, v = (linear(f"blocks.{block}.attention.{name}", inner) for name in "qkv")
                    scores = w.op("matmul", q, k, symbol="@", family="contraction")
                    weights = w.op("softmax", scores, family="fused", params=[["dim", "-1"]])
                    mixed = w.op("matmul", weights, v, symbol="@", family="contraction")
                    out = linear(f"blocks.{block}.attention.out", mixed)
                h = w.op("h = add", h, out, symbol="+", name="h")
                inner = norm(f"blocks.{block}.norm2", h)
                with w.module(f"blocks.{block}.feed", "Feed"):
                    wide = linear(f"blocks.{block}.feed.up", inner)
                    bent = w.op("gelu", wide)
                    out = linear(f"blocks.{block}.feed.down", bent)
                h = w.op("h = add", h, out, symbol="+", name="h")
        h = norm("norm", h)
        logits = w.op("matmul", h, table, symbol="@", family="contraction")
    loss = w.op("loss = cross_entropy", logits, target, family="fused", shape=[], name="loss")
    w.backward = [
        {"node": node["id"], "gradient": stats(0.5, -0.25), "sends": []} for node in reversed(w.nodes) if node["kind"] != "input"
    ]
    seen = set()
    for step in w.backward:
        for operand, parent in enumerate(w.nodes[step["node"]]["parents"]):
            if w.nodes[parent]["kind"] != "input":
                step["sends"].append({"to": parent, "operand": operand, "gradient": stats(0.5, -0.25), "adds": parent in seen})
                seen.add(parent)
    assert loss == len(w.nodes) - 1
    return w.document()


def neuron():
    """s = (x * w)**2 on Values, as p * p, so that two gradients meet at p."""
    w = Writer(kind="value", caption="One neuron")
    numbers = {"shape": [], "dtype": "", "bytes": 8}

    def number(title, value, gradient, *parents, **given):
        return w.node(
            title, "op" if parents else "leaf", parents, value=stats(value), gradient=stats(gradient), **numbers | given
        )

    x, weight = number("x", 2.0, 36.0, name="x"), number("w", -3.0, -24.0, name="w")
    product = number(
        "mul", -6.0, -12.0, x, weight, symbol="*", rules=[["x", "g * y"], ["y", "g * x"]], source="neuron.py:4", line="p = x * w"
    )
    square = number("s = mul", 36.0, 1.0, product, product, symbol="*", name="s", rules=[["x", "g * y"], ["y", "g * x"]])
    w.backward = [
        {"node": square, "gradient": stats(1.0), "sends": [
            {"to": product, "operand": 0, "gradient": stats(-6.0), "adds": False}, {"to": product, "operand": 1, "gradient": stats(-6.0), "adds": True}]},
        {"node": product, "gradient": stats(-12.0), "sends": [
            {"to": x, "operand": 0, "gradient": stats(36.0), "adds": False}, {"to": weight, "operand": 1, "gradient": stats(-24.0), "adds": False}]},
        {"node": weight, "gradient": stats(-24.0), "sends": []}, {"node": x, "gradient": stats(36.0), "sends": []},
    ]  # fmt: skip
    return w.document()


def chain(length, caption=None):
    """`length` ops in a row, without modules."""
    w = Writer(caption=caption)
    node = w.leaf("x")
    for _ in range(length):
        node = w.op("neg", node, symbol="-")
    return w.document()


def sick():
    """log of a negative number, and an op that fails."""
    w = Writer(caption="What went wrong")
    x = w.leaf("x", value=stats(-1.0, 2.0))
    bad = w.op("log", x, value=stats(math.nan, 0.6931471805599453), first_bad=True, gradient=stats(math.nan, 1.0))
    other = w.leaf("other", shape=[4, 5])
    w.node(
        "matmul", "failed", (bad, other), op="matmul", symbol="@", error="shapes (2, 3) and (4, 5) cannot be multiplied: 3 != 4"
    )
    return w.document()


def scribble(seed):
    """A tape drawn by chance: modules in modules, long and repeated edges, shared parameters, names of every length."""
    chance = random.Random(seed)
    w = Writer(caption=f"seed {seed}")

    def name():
        return chance.choice("abcdefgh") * chance.choice([1, 3, 8, 30])

    def fill(path, depth):
        for number in range(chance.randint(1, 6)):
            if depth < 4 and chance.random() < 0.35:
                with w.module(f"{path}.{number}".lstrip("."), name()):
                    fill(f"{path}.{number}".lstrip("."), depth + 1)
            elif chance.random() < 0.35 or not w.nodes:
                w.leaf(name(), chance.choice(["leaf", "parameter", "buffer", "input", "constant"]))
            else:
                before = range(len(w.nodes)) if chance.random() < 0.2 else range(max(0, len(w.nodes) - 4), len(w.nodes))
                w.op(name(), *(chance.choice([*before, None]) for _ in range(chance.randint(1, 5))))

    for _ in range(4):
        fill("", 0)
    return w.document()
