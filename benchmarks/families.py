"""How does each family of operations compare with PyTorch, forward and backward, at three sizes?

A program here is one call of one function, so that a figure points at one op: at a tiny size (4 x 4) the bookkeeping is
everything, at 256 x 256 the arrays stay in the cache, at 2048 x 2048 every pass over memory counts. Each library runs
in a process of its own, since thread pools that spin disturb each other; the processes take turns, program by program,
several rounds long. A figure is the smallest of the rounds' medians, and the ratio compares those of the two libraries.

    python benchmarks/families.py [--quick] [--only elementwise,svd] [--sizes tiny,cache,memory] [--threads 1]
                                  [--rounds 3] [--json PATH] [--readme]

Forward: the call itself, on leaves that require grad, the tape included. Backward: `backward` of its result from a
gradient of ones, into empty `.grad`s. Before anything is timed, results and gradients of both are compared at the
smallest size. The thread count is the same for both, and OPENBLAS_CORETYPE is removed from the children's environment,
as in overhead.py. Names with a comma in them are chosen with semicolons between: --only "x * y;cumsum(1)".

--readme writes the table between `<!-- families -->` and `<!-- /families -->` of README.md.
"""

import argparse
import datetime
import gc
import importlib.util
import json
import os
import statistics
import sys
import time
from pathlib import Path

from overhead import OURS, ROOT, Runner, answer, machine, versions_of

PEER = "torch"
SIZES = ["tiny", "cache", "memory"]
CELLS = [(part, size) for part in ("forward", "backward") for size in SIZES]
MARKS = ("<!-- families -->", "<!-- /families -->")

# ---------------------------------------------------------------- operands: one size per column of the table

SQUARE = [(4, 4), (256, 256), (2048, 2048)]
OPERANDS = {}  # kind -> (size, draw) -> array


def operand(function):
    OPERANDS[function.__name__] = function
    return function


def shape_of(size, tiny, cache, memory):
    return (tiny, cache, memory)[SIZES.index(size)]


@operand
def square(size, draw):
    return draw.standard_normal(shape_of(size, *SQUARE))


@operand
def positive(size, draw):
    return draw.uniform(0.5, 1.5, shape_of(size, *SQUARE))


@operand
def row(size, draw):
    return draw.standard_normal((1, shape_of(size, 4, 256, 2048)))


@operand
def vector(size, draw):
    return draw.standard_normal(shape_of(size, 4, 256, 2048))


@operand
def matrix(size, draw):
    n = shape_of(size, 4, 256, 1024)
    return draw.standard_normal((n, n)) / n**0.5


@operand
def batch(size, draw):
    return draw.standard_normal(shape_of(size, (2, 4, 4), (16, 64, 64), (64, 256, 256)))


@operand
def definite(size, draw):
    n = shape_of(size, 4, 64, 256)
    x = draw.standard_normal((n, n)) / n**0.5
    x = x @ x.T
    x[range(n), range(n)] += 2
    return x


@operand
def small_matrix(size, draw):
    n = shape_of(size, 3, 16, 64)
    return draw.standard_normal((n, n))


@operand
def features(size, draw):
    return draw.standard_normal(shape_of(size, (4, 4), (128, 512), (2048, 2048)))


@operand
def weight(size, draw):
    n, m = shape_of(size, (4, 4), (512, 512), (1024, 2048))
    return draw.standard_normal((n, m)) / m**0.5


@operand
def image(size, draw):
    return draw.standard_normal(shape_of(size, (1, 2, 8, 8), (4, 16, 32, 32), (16, 64, 64, 64)))


@operand
def filters(size, draw):
    n, m = shape_of(size, (2, 2), (16, 16), (64, 64))
    return draw.standard_normal((n, m, 3, 3)) / (3 * m**0.5)


@operand
def mask(size, draw):
    return draw.standard_normal(shape_of(size, *SQUARE)) > 0


@operand
def places(size, draw):
    n = shape_of(size, 4, 256, 2048)
    return draw.integers(0, n, (n, n))


@operand
def order(size, draw):
    return draw.permutation(shape_of(size, 4, 256, 2048))


@operand
def classes(size, draw):
    n, m = shape_of(size, (4, 4), (128, 512), (2048, 2048))
    return draw.integers(0, m, n)


# ---------------------------------------------------------------- the programs, in terms of either library

PROGRAMS = {}  # "family name" -> (family, name, function(lib, *operands), kinds of operands)


def program(family, name, kinds, function):
    PROGRAMS[f"{family} {name}"] = (family, name, function, kinds.split())


E = "elementwise"
program(E, "x + y", "square square", lambda t, x, y: x + y)
program(E, "x + row", "square row", lambda t, x, y: x + y)
program(E, "x * y", "square square", lambda t, x, y: x * y)
program(E, "x * 2.5", "square", lambda t, x: x * 2.5)
program(E, "x / y", "square positive", lambda t, x, y: x / y)
program(E, "exp", "square", lambda t, x: x.exp())
program(E, "log", "positive", lambda t, x: x.log())
program(E, "tanh", "square", lambda t, x: x.tanh())
program(E, "sigmoid", "square", lambda t, x: x.sigmoid())
program(E, "relu", "square", lambda t, x: x.relu())
program(E, "gelu", "square", lambda t, x: t.nn.functional.gelu(x))
program(E, "silu", "square", lambda t, x: t.nn.functional.silu(x))
program(E, "erf", "square", lambda t, x: t.erf(x))
program(E, "x ** 2", "square", lambda t, x: x**2)
program(E, "x ** 2.5", "positive", lambda t, x: x**2.5)
program(E, "pow(x, y)", "positive square", lambda t, x, y: t.pow(x, y))
program(E, "sqrt", "positive", lambda t, x: x.sqrt())
program(E, "abs", "square", lambda t, x: x.abs())
program(E, "clamp", "square", lambda t, x: x.clamp(-1, 1))
program(E, "maximum", "square square", lambda t, x, y: t.maximum(x, y))
program(E, "where", "mask square square", lambda t, m, x, y: t.where(m, x, y))

C = "comparison"
program(C, "x > 0", "square", lambda t, x: x > 0)
program(C, "x == y", "square square", lambda t, x, y: x == y)
program(C, "isnan", "square", lambda t, x: x.isnan())

R = "reduction"
program(R, "sum", "square", lambda t, x: x.sum())
program(R, "sum(0)", "square", lambda t, x: x.sum(0))
program(R, "sum(1)", "square", lambda t, x: x.sum(1))
program(R, "mean(1)", "square", lambda t, x: x.mean(1))
program(R, "max", "square", lambda t, x: x.max())
program(R, "max(1)", "square", lambda t, x: x.max(1).values)
program(R, "amax(1)", "square", lambda t, x: x.amax(1))
program(R, "argmax(1)", "square", lambda t, x: x.argmax(1))
program(R, "var(1)", "square", lambda t, x: x.var(1))
program(R, "norm", "square", lambda t, x: x.norm())
program(R, "prod(1)", "positive", lambda t, x: x.prod(1))
program(R, "logsumexp(1)", "square", lambda t, x: x.logsumexp(1))
program(R, "softmax(1)", "square", lambda t, x: x.softmax(1))

S = "scan, sort"
program(S, "cumsum(1)", "square", lambda t, x: x.cumsum(1))
program(S, "cumprod(1)", "positive", lambda t, x: x.cumprod(1))
program(S, "sort(1)", "square", lambda t, x: x.sort(1).values)
program(S, "argsort(1)", "square", lambda t, x: x.argsort(1))
program(S, "topk(3)", "square", lambda t, x: x.topk(3, 1).values)

M = "movement"
program(M, "reshape", "square", lambda t, x: x.reshape(-1))
program(M, "x.T", "square", lambda t, x: x.T)
program(M, "transpose, contiguous", "square", lambda t, x: x.transpose(0, 1).contiguous())
program(M, "expand, sum", "row", lambda t, x: x.expand(8, -1).sum())
program(M, "cat", "square square", lambda t, x, y: t.cat([x, y]))
program(M, "stack", "square square", lambda t, x, y: t.stack([x, y]))
program(M, "chunk(2)", "square", lambda t, x: x.chunk(2)[0])
program(M, "flip", "square", lambda t, x: x.flip(1))
program(M, "roll", "square", lambda t, x: x.roll(1, 1))
program(M, "tril", "square", lambda t, x: x.tril())

I = "indexing"  # noqa: E741
program(I, "x[3]", "square", lambda t, x: x[3])
program(I, "x[:, 1:3]", "square", lambda t, x: x[:, 1:3])
program(I, "x[ints]", "square order", lambda t, x, i: x[i])
program(I, "x[mask]", "square mask", lambda t, x, m: x[m])
program(I, "index_select(1)", "square order", lambda t, x, i: x.index_select(1, i))
program(I, "gather(1)", "square places", lambda t, x, i: x.gather(1, i))
program(I, "scatter_add(1)", "square places square", lambda t, x, i, y: x.scatter_add(1, i, y))
program(I, "masked_fill", "square mask", lambda t, x, m: x.masked_fill(m, 0.0))

K = "contraction"
program(K, "x @ y", "matrix matrix", lambda t, x, y: x @ y)
program(K, "x @ v", "square vector", lambda t, x, y: x @ y)
program(K, "bmm", "batch batch", lambda t, x, y: t.bmm(x, y))
program(K, "einsum bij,bkj->bik", "batch batch", lambda t, x, y: t.einsum("bij,bkj->bik", x, y))
program(K, "linear", "features weight", lambda t, x, w: t.nn.functional.linear(x, w))

L = "linalg"
program(L, "inv", "definite", lambda t, x: t.linalg.inv(x))
program(L, "solve", "definite definite", lambda t, x, y: t.linalg.solve(x, y))
program(L, "cholesky", "definite", lambda t, x: t.linalg.cholesky(x))
program(L, "svdvals", "small_matrix", lambda t, x: t.linalg.svdvals(x))
program(L, "eigvalsh", "definite", lambda t, x: t.linalg.eigvalsh(x))

program("fft", "fft", "square", lambda t, x: t.fft.fft(x).real)
program("fft", "rfft, irfft", "square", lambda t, x: t.fft.irfft(t.fft.rfft(x)))

F = "fused"
program(F, "layer_norm", "features", lambda t, x: t.nn.functional.layer_norm(x, x.shape[1:]))
program(F, "log_softmax", "features", lambda t, x: t.nn.functional.log_softmax(x, 1))
program(F, "cross_entropy", "features classes", lambda t, x, c: t.nn.functional.cross_entropy(x, c))
program(F, "mse_loss", "square square", lambda t, x, y: t.nn.functional.mse_loss(x, y))
program(F, "conv2d 3x3", "image filters", lambda t, x, w: t.nn.functional.conv2d(x, w, padding=1))
program(F, "max_pool2d", "image", lambda t, x: t.nn.functional.max_pool2d(x, 2))
program(F, "avg_pool2d", "image", lambda t, x: t.nn.functional.avg_pool2d(x, 2))

N = "random"
program(N, "rand", "square", lambda t, x: t.rand(x.shape))
program(N, "randn", "square", lambda t, x: t.randn(x.shape))
program(N, "randint", "square", lambda t, x: t.randint(10, x.shape))
program(N, "randperm", "vector", lambda t, x: t.randperm(x.shape[0]))
program(N, "dropout", "square", lambda t, x: t.nn.functional.dropout(x))


# ---------------------------------------------------------------- the child: runs what it is told and answers in JSON


class Library:
    """One library, and what a program needs from it."""

    def __init__(self, name, threads):
        import numpy as np

        self.numpy = np
        if name == OURS:
            import minitorch as library
        else:
            import torch as library

            library.set_num_threads(threads)
        self.library = library

    def prepare(self, key, size):
        """(forward, backward, leaves): backward(result) fills the leaves' `.grad`; None where there is no gradient."""
        library, draw = self.library, self.numpy.random.default_rng(0)
        _, _, function, kinds = PROGRAMS[key]
        operands, leaves = [], []
        for kind in kinds:
            array = self.numpy.asarray(OPERANDS[kind](size, draw))
            floating = array.dtype.kind == "f"
            tensor = library.tensor(array.astype("float32") if floating else array, requires_grad=floating)
            operands.append(tensor)
            if floating:
                leaves.append(tensor)

        def forward():
            return function(library, *operands)

        first = forward()
        if not first.requires_grad:
            return forward, None, leaves
        ones = library.ones_like(first).detach()

        def backward(result):
            result.backward(ones)

        return forward, backward, leaves

    def check(self, key, size):
        """The sizes of the result and of the gradients."""
        forward, backward, leaves = self.prepare(key, size)
        self.library.manual_seed(0)
        result = forward()
        found = [self.size_of(result)]
        if backward is not None:
            backward(result)
            found += [self.size_of(leaf.grad) for leaf in leaves]
        return {"check": found}

    def size_of(self, tensor):
        return float(self.numpy.abs(tensor.detach().numpy().astype("float64")).sum())

    def measure(self, key, size, seconds):
        """Median seconds of the forward and of the backward."""
        gc.collect(1)
        forward, backward, leaves = self.prepare(key, size)
        clock = time.perf_counter
        forwards, backwards = [], []
        end = clock() + seconds
        while len(forwards) < 4 or clock() < end:
            started = clock()
            result = forward()
            forwards.append(clock() - started)
            if backward is not None:
                for leaf in leaves:
                    leaf.grad = None
                started = clock()
                backward(result)
                backwards.append(clock() - started)
            del result
        found = {"forward": statistics.median(forwards[1:])}
        return found | {"backward": statistics.median(backwards[1:])} if backwards else found


def child(name, threads):
    library = Library(name, threads)
    answer(versions_of(name))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(library.measure(**request) if "seconds" in request else library.check(**request))
        except Exception as error:  # the other programs go on
            answer({"error": f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"})


# ---------------------------------------------------------------- the parent: asks in turn, compares, reports


def compare(runners, keys, sizes):
    """Says where results or gradients differ at the smallest size; returns what could not run."""
    failed = set()
    for key in keys:
        found = {name: runner.ask(key=key, size=sizes[0]) for name, runner in runners.items()}
        for name, result in found.items():
            if "error" in result:
                print(f"{key}: {name} failed: {result['error']}")
                failed.add(key)
        if key not in failed and len(found) == 2:
            ours, theirs = (result["check"] for result in found.values())
            if len(ours) != len(theirs) or any(abs(a - b) > 1e-3 * (1 + abs(b)) for a, b in zip(ours, theirs, strict=True)):
                print(f"{key}: results or gradients differ: {ours}, where PyTorch has {theirs}")
    return failed


def gather(runners, keys, sizes, rounds, seconds):
    """times[key][part, size][library]: the smallest of the rounds' medians."""
    times = {key: {} for key in keys}
    for turn in range(rounds):
        for key in keys:
            for size in sizes:
                for name in list(runners) if turn % 2 == 0 else reversed(runners):
                    result = runners[name].ask(key=key, size=size, seconds=seconds)
                    for part in ("forward", "backward"):
                        if part in result:
                            cell = times[key].setdefault((part, size), {})
                            cell[name] = min(cell.get(name, result[part]), result[part])
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr, flush=True)
    return times


def ratio_of(cell):
    return cell[OURS] / cell[PEER] if cell and OURS in cell and PEER in cell else None


def shown(cell):
    """A ratio, bold where we are slower."""
    ratio = ratio_of(cell)
    if ratio is None:
        return ""
    text = f"{ratio:.1f}" if ratio >= 9.95 else f"{ratio:.2f}"
    return f"**{text}**" if ratio > 1 else text


def table(times):
    """Markdown: a line per program, ours / PyTorch for both directions and each size."""
    lines = [
        "| family | op | forward, tiny | cache | memory | backward, tiny | cache | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    last = ""
    for key, cells in times.items():
        family, name, *_ = PROGRAMS[key]
        figures = " | ".join(shown(cells.get(cell)) for cell in CELLS)
        name = name.replace("|", "\\|")
        lines.append(f"| {family if family != last else ''} | {name} | {figures} |")
        last = family
    return "\n".join(lines)


def heading(where, runners, threads, rounds, command):
    """What was measured, on what, and how to do it again."""
    both = {key: text for runner in runners.values() for key, text in runner.versions.items() if isinstance(text, str)}
    names = {"python": "Python", "numpy": "NumPy", "torch": "PyTorch"}
    versions = ", ".join(f"{names[key]} {both[key]}" for key in names if key in both)
    kernels = {pool["architecture"] for pool in runners[OURS].versions.get("pools", []) if pool.get("architecture")}
    return (
        f"`{command}`: {where['cpu']}, {where['cores']} cores, {threads} thread{'s' * (threads > 1)}, {versions}"
        f"{', OpenBLAS kernels for ' + ' and '.join(sorted(kernels)) if kernels else ''}, best of {rounds} rounds.\n"
        "Time of minitorch over time of PyTorch, float32; below 1 minitorch is faster, above 1 (bold) slower. Tiny is\n"
        "4 x 4, cache 256 x 256, memory 2048 x 2048, and for products, factorisations and images the sizes that cost about\n"
        "as much."
    )


def rewrite_readme(text, path=ROOT / "README.md"):
    """Put the text between the two marks.

    Raises:
        SystemExit: where the marks are missing.
    """
    content = path.read_text()
    before, start, rest = content.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (start and end):
        raise SystemExit(f"{path.name} has no lines {MARKS[0]} and {MARKS[1]}")
    path.write_text(f"{before}{start}\n{text}\n{end}{after}")


def chosen(only):
    """The programs whose family, or whose name, is named."""
    wanted = [text.strip() for text in only.split(";" if ";" in only else ",")] if only else []
    return [
        key for key, (family, name, *_) in PROGRAMS.items()
        if not wanted or any(text == name or family.startswith(text) or key.startswith(text) for text in wanted)
    ]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--threads", type=int, choices=[1, 2], default=1)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", help="families (or their beginnings) and ops, with commas (or ;) between")
    parser.add_argument("--sizes", default=",".join(SIZES), help="of tiny, cache, memory")
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    parser.add_argument("--readme", action="store_true", help="rewrite the table in README.md")
    parser.add_argument("--child", choices=[OURS, PEER], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.threads)
    if importlib.util.find_spec(PEER) is None:
        print("PyTorch, to compare with, is not installed: pip install torch")
        return 1

    rounds = options.rounds or (2 if options.quick else 5)
    seconds = 0.01 if options.quick else 0.05
    sizes = [size for size in SIZES if size in options.sizes.split(",")]
    keys = chosen(options.only)
    if not keys or not sizes:
        print("nothing is called so; there are: " + ", ".join(PROGRAMS))
        return 1
    if options.readme and not all(mark in (ROOT / "README.md").read_text() for mark in MARKS):
        print(f"README.md has no lines {MARKS[0]} and {MARKS[1]}")
        return 1
    where = machine()
    runners = {name: Runner(name, options.threads, __file__) for name in (OURS, PEER)}
    try:
        failed = compare(runners, keys, sizes)
        times = gather(runners, [key for key in keys if key not in failed], sizes, rounds, seconds)
    finally:
        for runner in runners.values():
            runner.close()
    command = " ".join(["python benchmarks/families.py", *(word for word in sys.argv[1:] if word != "--readme")])
    text = f"{heading(where, runners, options.threads, rounds, command)}\n\n{table(times)}"
    print(text)
    if options.readme:
        rewrite_readme(text)
    if options.json:
        report = {
            "command": command,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": where,
            "threads": options.threads,
            "rounds": rounds,
            "openblas_coretype_removed": os.environ.get("OPENBLAS_CORETYPE"),
            "versions": {name: runner.versions for name, runner in runners.items()},
            "results": [
                {"family": PROGRAMS[key][0], "op": PROGRAMS[key][1], "part": part, "size": size, "seconds": cell,
                 "ratio": ratio_of(cell)}
                for key, cells in times.items() for (part, size), cell in cells.items()
            ],
        }  # fmt: skip
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
        print(f"wrote {options.json}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
