"""What does a small op cost, forward and backward, beside the other libraries?

The arrays are so small (16 x 16, float32) that the arithmetic is nothing and the bookkeeping is everything: finding the
op, writing the tape, reading it back. Each library runs in a process of its own, since thread pools that spin disturb
each other. The processes wait for one another and take turns, workload by workload, several rounds long; a ratio
compares times of the same round, and the table gives the median of the rounds. Machines are noisy: only ratios count.

    python benchmarks/overhead.py [--quick] [--threads 1] [--rounds 7] [--json PATH] [--only chain,value]
                                  [--peers torch]

Workloads (forward AND backward, from leaves that require grad to their gradients, unless it says otherwise):
  chain        100 multiplications and 100 additions in a row
  op ...       one kind of op in a row of 64; where an op cannot feed itself, with the one that makes it possible
  mix          all of these kinds in one program, 6 times over
  value        an expression of about 1,000 single floats (micrograd's own example, 35 times): Value against micrograd
  deep         backward alone through 50,000 multiplications in a row
  deep-build, deep-backward, deep-free
               the three parts of a life of 200,000 multiplications in a row

Peers: PyTorch (eager, CPU), HIPS autograd, MyGrad (its memory guard off, the fastest way it documents; it frees the
graph inside backward), micrograd. What is not installed is said and left out: pip install torch autograd mygrad
micrograd. Before anything is timed, the gradients of all libraries are compared. The garbage collector stays on, as it
is for users. The thread count is the same for all, and OPENBLAS_CORETYPE, which some containers preset to a slow
kernel, is removed from the children's environment.
"""

import argparse
import contextlib
import datetime
import gc
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = "minitorch"
LIBRARIES = [OURS, "torch", "autograd", "mygrad", "micrograd"]
THREAD_VARIABLES = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"]
SIDE = 16
LENGTH = 64
EXPRESSIONS = 35
ANSWER = "@answer "
INSTANT = 1e-4  # seconds; a ratio to less says nothing about 200,000 nodes


# ---------------------------------------------------------------- the programs, in terms of a library's own functions


def chain(lib, x, w, b):
    for _ in range(100):
        x = x * w
        x = x + b
    return x.sum()


def add(lib, x, w, b):
    for _ in range(LENGTH):
        x = x + b
    return x.sum()


def sub(lib, x, w, b):
    for _ in range(LENGTH):
        x = x - b
    return x.sum()


def mul(lib, x, w, b):
    for _ in range(LENGTH):
        x = x * w
    return x.sum()


def div(lib, x, w, b):
    for _ in range(LENGTH):
        x = x / w
    return x.sum()


def tanh(lib, x, w, b):
    function = lib.tanh
    for _ in range(LENGTH):
        x = function(x)
    return x.sum()


def relu(lib, x, w, b):
    function = lib.relu
    for _ in range(LENGTH):
        x = function(x)
    return x.sum()


def exp(lib, x, w, b):
    function = lib.exp
    for _ in range(LENGTH // 2):
        x = function(-x)  # the sign keeps it finite: two ops
    return x.sum()


def matmul(lib, x, w, b):
    for _ in range(LENGTH):
        x = x @ w
    return x.sum()


def sum_dim(lib, x, w, b):
    function, row = lib.sum_dim, lib.row
    for _ in range(LENGTH // 2):
        x = function(x) * row  # (16, 1) times (1, 16) makes it wide again: two ops
    return x.sum()


def reshape(lib, x, w, b):
    for _ in range(LENGTH // 2):
        x = x.reshape(SIDE * SIDE).reshape(SIDE, SIDE)
    return x.sum()


def part(lib, x, w, b):
    for _ in range(LENGTH // 2):
        x = x[:, 1:]
    return x.sum()


def index(lib, x, w, b):
    order = lib.order
    for _ in range(LENGTH):
        x = x[order]
    return x.sum()


def mix(lib, x, w, b):
    function_tanh, function_relu, function_exp, sum_columns, order = lib.tanh, lib.relu, lib.exp, lib.sum_dim, lib.order
    for _ in range(6):
        y = function_tanh(x @ w + b)
        z = function_exp(-function_relu(y - b)) / w
        y = y * z - sum_columns(z) * lib.row
        x = y.reshape(SIDE * SIDE).reshape(SIDE, SIDE)[order][:, 0:SIDE]
    return x.sum()


def readme(a, b):
    """The expression in micrograd's README."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def value(lib, *floats):
    total = floats[0] * 0.0
    for a, b in zip(floats[::2], floats[1::2], strict=True):
        total = total + readme(a, b)
    return total


def deep(length):
    def program(lib, x, w, b):
        for _ in range(length):
            x = x * w
        return x

    return program


# ops per program, so that the table can give the cost of one
PROGRAMS = {
    "chain": (chain, 200),
    "op add": (add, LENGTH),
    "op sub": (sub, LENGTH),
    "op mul": (mul, LENGTH),
    "op div": (div, LENGTH),
    "op tanh": (tanh, LENGTH),
    "op relu": (relu, LENGTH),
    "op exp, neg": (exp, LENGTH),
    "op matmul": (matmul, LENGTH),
    "op sum(dim), mul": (sum_dim, LENGTH),
    "op reshape": (reshape, LENGTH),
    "op slice": (part, LENGTH // 2),
    "op index": (index, LENGTH),
    "mix": (mix, 6 * 16),
    "value": (value, EXPRESSIONS * 29),
    "deep": (deep(50_000), 50_000),
    "deep-life": (deep(200_000), 200_000),
}
PARTS = {"deep": ["deep"], "deep-life": ["deep-build", "deep-backward", "deep-free"]}


# ---------------------------------------------------------------- the libraries


def start_arrays(workload):
    """x, w, b as float32 arrays in which every workload stays finite."""
    import numpy as np

    draw = np.random.default_rng(0)
    shape = (SIDE, LENGTH // 2 + SIDE) if workload == "op slice" else (SIDE, SIDE)
    x, b = draw.standard_normal(shape), 0.01 * draw.standard_normal((SIDE, SIDE))
    w = np.linalg.qr(draw.standard_normal((SIDE, SIDE)))[0] if workload in {"op matmul", "mix"} else 1 + b / 10
    if workload == "mix":
        w = w + np.sign(w) * 0.1  # it also divides
    if workload in PARTS:
        w = np.ones_like(w)
    return [array.astype("float32") for array in (x, w, b)]


def start_floats():
    import random

    draw = random.Random(0)
    return [draw.uniform(0.5, 2.0) * draw.choice([-1, 1]) for _ in range(2 * EXPRESSIONS)]


class Imperative:
    """A library in which leaves keep their gradients and results have a backward()."""

    def __init__(self, threads):
        self.setup(threads)

    def leaves(self, workload):
        if workload == "value":
            return [self.value(number) for number in start_floats()]
        x, w, b = start_arrays(workload)
        if workload in PARTS:
            return [self.leaf(x), self.constant(w), self.constant(b)]
        return [self.leaf(x), self.leaf(w), self.leaf(b)]

    def prepare(self, workload, program):
        """(build, backward): build() makes the result, backward(result) returns the gradient of the first leaf."""
        leaves = self.leaves(workload)

        def build():
            return program(self, *leaves)

        def backward(result):
            self.clear(leaves, workload)
            if workload in PARTS:
                self.backward_from_ones(result)
            else:
                result.backward()
            return leaves[0].grad

        return build, backward


class Minitorch(Imperative):
    def setup(self, threads):
        import numpy as np

        import minitorch as mt

        self.library, self.numpy = mt, np
        self.value = mt.Value
        self.tanh, self.relu, self.exp = mt.tanh, mt.relu, mt.exp
        self.order = mt.tensor(np.random.default_rng(1).permutation(SIDE))
        self.row = self.leaf(np.full((1, SIDE), 1 / SIDE, "float32"))

    def leaf(self, array):
        return self.library.tensor(array, requires_grad=True)

    def constant(self, array):
        return self.library.tensor(array)

    @staticmethod
    def sum_dim(x):
        return x.sum(1, keepdim=True)

    def backward_from_ones(self, result):
        result.backward(self.library.ones_like(result))

    @staticmethod
    def clear(leaves, workload):
        for leaf in leaves:
            leaf.grad = 0.0 if workload == "value" else None


class Torch(Minitorch):
    def setup(self, threads):
        import numpy as np
        import torch

        torch.set_num_threads(threads)
        self.library, self.numpy = torch, np
        self.tanh, self.relu, self.exp = torch.tanh, torch.relu, torch.exp
        self.order = torch.tensor(np.random.default_rng(1).permutation(SIDE))
        self.row = self.leaf(np.full((1, SIDE), 1 / SIDE, "float32"))


class MyGrad(Imperative):
    def setup(self, threads):
        import mygrad
        import numpy as np
        from mygrad.nnet.activations import relu

        mygrad.turn_memory_guarding_off()
        self.library, self.numpy = mygrad, np
        self.tanh, self.relu, self.exp = mygrad.tanh, relu, mygrad.exp
        self.order = np.random.default_rng(1).permutation(SIDE)
        self.row = self.leaf(np.full((1, SIDE), 1 / SIDE, "float32"))

    def leaf(self, array):
        return self.library.tensor(array)

    def constant(self, array):
        return self.library.tensor(array, constant=True)

    @staticmethod
    def sum_dim(x):
        return x.sum(1, keepdims=True)

    @staticmethod
    def backward_from_ones(result):
        result.backward()  # MyGrad starts an array from ones by itself

    @staticmethod
    def clear(leaves, workload):
        for leaf in leaves:
            leaf.null_grad()


class Micrograd(Imperative):
    def setup(self, threads):
        from micrograd.engine import Value

        self.value = Value

    @staticmethod
    def clear(leaves, workload):
        for leaf in leaves:
            leaf.grad = 0

    @staticmethod
    def backward_from_ones(result):
        result.backward()

    def leaves(self, workload):
        return [self.value(0.5), self.value(1.0), self.value(0.1)] if workload in PARTS else super().leaves(workload)


class Autograd:
    """HIPS autograd: derivatives of functions, so the tape is built by make_vjp and read by the function it returns."""

    def __init__(self, threads):
        import autograd.numpy as anp
        import numpy as np
        from autograd import make_vjp

        self.make_vjp, self.numpy = make_vjp, np
        self.tanh, self.exp = anp.tanh, anp.exp
        self.relu = lambda x: anp.maximum(x, 0.0)
        self.order = np.random.default_rng(1).permutation(SIDE)
        self.row = np.full((1, SIDE), 1 / SIDE, "float32")

    @staticmethod
    def sum_dim(x):
        return x.sum(1, keepdims=True)

    def prepare(self, workload, program):
        x, w, b = start_arrays(workload)
        deep = workload in PARTS
        seed = self.numpy.ones_like(x) if deep else self.numpy.float32(1)
        make = self.make_vjp(lambda x, w, b: program(self, x, w, b), argnum=0 if deep else (0, 1, 2))

        def build():
            return make(x, w, b)[0]

        def backward(pull):
            return pull(seed) if deep else pull(seed)[0]

        return build, backward


ADAPTERS = {OURS: Minitorch, "torch": Torch, "autograd": Autograd, "mygrad": MyGrad, "micrograd": Micrograd}


def can_run(library, workload):
    if workload == "value":
        return library in {OURS, "micrograd"}
    return library != "micrograd" or workload == "deep"  # where it is known to exceed the recursion limit


def size_of(gradient):
    """One number to compare a gradient by."""
    return abs(gradient) if isinstance(gradient, (int, float)) else float(abs(gradient).sum())


# ---------------------------------------------------------------- the child: runs what it is told and answers in JSON


def check(adapter, workload):
    """The size of the first leaf's gradient."""
    build, backward = adapter.prepare(workload, PROGRAMS[workload][0])
    return {"check": size_of(backward(build()))}


def measure(adapter, workload, seconds):
    """Seconds of one forward and backward; of each part, for the deep ones."""
    gc.collect()
    build, backward = adapter.prepare(workload, PROGRAMS[workload][0])
    clock = time.perf_counter
    if workload in PARTS:
        started = clock()
        result = build()
        built = clock()
        backward(result)
        done = clock()
        del result
        freed = clock()
        return {"deep": done - built} if workload == "deep" else {
            "deep-build": built - started, "deep-backward": done - built, "deep-free": freed - done,
        }  # fmt: skip
    backward(build())  # the first call may make tables
    times = []
    end = clock() + seconds
    while len(times) < 5 or clock() < end:
        started = clock()
        backward(build())
        times.append(clock() - started)
    return {workload: statistics.median(times)}


def versions_of(library):
    report = {"python": platform.python_version()}
    for name in (library, "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            report[name] = importlib.metadata.version("minitorch-engine" if name == OURS else name)
    with contextlib.suppress(ImportError):
        import threadpoolctl

        report["pools"] = [
            {key: pool.get(key) for key in ("internal_api", "architecture", "num_threads", "version")}
            for pool in threadpoolctl.threadpool_info()
        ]
    return report


def child(library, threads):
    adapter = ADAPTERS[library](threads)
    answer(versions_of(library))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer(check(adapter, **request) if "seconds" not in request else measure(adapter, **request))
        except Exception as error:  # a library that cannot do this workload; the others go on
            answer({"error": f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}"})


def answer(content):
    print(ANSWER + json.dumps(content), flush=True)


# ---------------------------------------------------------------- the parent: asks in turn, compares, reports


class Runner:
    """One library's process."""

    def __init__(self, library, threads, script=__file__):
        environment = {key: text for key, text in os.environ.items() if key != "OPENBLAS_CORETYPE"}
        environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, script, "--child", library, "--threads", str(threads)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions = self.read()

    def read(self):
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                return json.loads(line.removeprefix(ANSWER))
        return {"error": f"the process ended with status {self.process.wait()}"}

    def ask(self, **request):
        if self.process.poll() is not None:
            return {"error": "the process has ended"}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def machine():
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    load = [round(number, 2) for number in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(), "load_average_at_start": load}


def compare_gradients(runners, workloads):
    """Says where a library's gradient is not the one the others found; returns errors by workload and library."""
    errors = {workload: {} for workload in workloads}
    for workload in workloads:
        found = {}
        for library in runners:
            if not can_run(library, workload):
                continue
            result = runners[library].ask(workload=workload)
            if "error" in result:
                errors[workload][library] = result["error"]
            else:
                found[library] = result["check"]
        usual = statistics.median_low(found.values()) if found else 0.0
        for library, size in found.items():
            if abs(size - usual) > 1e-3 * abs(usual):
                print(f"{workload}: the gradient of {library} is {size:.6g}, where others have {usual:.6g}")
    return errors


def gather(runners, workloads, rounds, seconds, errors):
    """times[workload or part][library] = one figure per round."""
    times = {part: {} for workload in workloads for part in PARTS.get(workload, [workload])}
    for turn in range(rounds):
        for workload in workloads:
            if workload in PARTS and turn >= max(1, rounds // 2):
                continue
            able = [library for library in runners if can_run(library, workload) and library not in errors[workload]]
            for library in able if turn % 2 == 0 else reversed(able):  # nobody always goes first
                result = runners[library].ask(workload=workload, seconds=seconds)
                if "error" in result:
                    errors[workload][library] = result["error"]
                    continue
                for part, figure in result.items():
                    times[part].setdefault(library, []).append(figure)
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr, flush=True)
    return times


def summarise(times, errors):
    """One record per workload: the median times, and the median of ours / theirs round by round."""
    records = []
    whole = {part: workload for workload, parts in PARTS.items() for part in parts}
    for part, by_library in times.items():
        workload = whole.get(part, part)
        ours = by_library.get(OURS)
        record = {"workload": part, "ops": PROGRAMS[workload][1], "libraries": {}}
        for library, figures in by_library.items():
            entry = {"seconds": statistics.median(figures), "rounds": figures}
            if ours and library != OURS and entry["seconds"] > INSTANT:  # MyGrad frees the tape inside backward
                ratios = [mine / theirs for mine, theirs in zip(ours, figures, strict=False)]
                entry["ratio_ours_to_this"] = statistics.median(ratios)
                entry["ratio_range"] = [min(ratios), max(ratios)]
            record["libraries"][library] = entry
        for library, error in errors[workload].items():
            record["libraries"][library] = {"error": error}
        records.append(record)
    return records


def show(records, libraries):
    """A line per workload: the time of one op for each library, and ours / theirs."""
    print("\nmicroseconds per op, forward + backward (in brackets: ours / theirs, below 1 we are faster)\n")
    print(f"{'':<18}" + "".join(f"{library:>18}" for library in libraries))
    for record in records:
        cells = []
        for library in libraries:
            entry = record["libraries"].get(library)
            if entry is None:
                cells.append("")
            elif "error" in entry:
                cells.append(entry["error"].partition(":")[0])
            else:
                ratio = entry.get("ratio_ours_to_this")
                text = f"{1e6 * entry['seconds'] / record['ops']:.2f}"
                cells.append(text if ratio is None else f"{text} ({ratio:.2f})")
        print(f"{record['workload']:<18}" + "".join(f"{cell:>18}" for cell in cells))
    print()
    for record in records:
        if record["workload"].startswith("deep"):
            parts = [
                f"{library} {entry['seconds']:.3f} s" if "seconds" in entry else f"{library} {entry['error']}"
                for library, entry in record["libraries"].items()
            ]
            print(f"{record['workload']}, {record['ops']:,} nodes: " + ", ".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two short rounds")
    parser.add_argument("--threads", type=int, choices=[1, 2], default=1)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", help="workloads or their beginnings, with commas between")
    parser.add_argument("--peers", help="libraries to compare with, with commas between")
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    parser.add_argument("--child", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.threads)

    rounds = options.rounds or (2 if options.quick else 7)
    seconds = 0.03 if options.quick else 0.2
    beginnings = tuple(options.only.split(",")) if options.only else ("",)
    workloads = [name for name in PROGRAMS if name.startswith(beginnings)]
    chosen = [OURS, *options.peers.split(",")] if options.peers else LIBRARIES
    where = machine()
    print(f"{where['cpu']}, {where['cores']} cores, {where['system']}; {options.threads} thread(s), {rounds} rounds")

    runners = {}
    for library in chosen:
        if library != OURS and importlib.util.find_spec(library) is None:
            print(f"{library} is not installed and is left out")
            continue
        runner = Runner(library, options.threads)
        if "error" in runner.versions:
            print(f"{library} could not be started and is left out: {runner.versions['error']}")
            continue
        runners[library] = runner
        print(", ".join(f"{key} {text}" for key, text in runner.versions.items() if isinstance(text, str)))
    if OURS not in runners:
        return 1
    try:
        errors = compare_gradients(runners, workloads)
        times = gather(runners, workloads, rounds, seconds, errors)
    finally:
        for runner in runners.values():
            runner.close()
    records = summarise(times, errors)
    show(records, list(runners))
    if options.json:
        report = {
            "command": " ".join(["python", "benchmarks/overhead.py", *sys.argv[1:]]),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": where,
            "threads": options.threads,
            "rounds": rounds,
            "openblas_coretype_removed": os.environ.get("OPENBLAS_CORETYPE"),
            "versions": {library: runner.versions for library, runner in runners.items()},
            "results": records,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
        print(f"wrote {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
