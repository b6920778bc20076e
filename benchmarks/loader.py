"""How fast do batches come, beside PyTorch's loader?

The same datasets, orders and worker counts in both libraries, each library in a process of its own, in turns, several
rounds long; the table gives the median over the rounds in samples per second and the ratio to PyTorch. Before anything
is timed, the order of the two is compared.

    python benchmarks/loader.py [--quick] [--rounds 5] [--workers 0,1,2] [--only rows,images] [--json PATH]

Workloads:
  indices   100,000 ints in batches of 100: the sampler and the collating of numbers
  rows      a TensorDataset of 28 x 28 images, in batches of 64
  images    NumPy arrays of 3 x 224 x 224, in batches of 32: the way of large batches between processes
  slow      samples that take 2 ms each, in batches of 8: what workers are for
  start     a pass of one batch: what starting the workers costs, in passes per second

What is not installed is said and left out.
"""

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARIES = ["minitorch", "torch"]


class Images:
    def __init__(self, count):
        import numpy as np

        self.images = np.random.rand(count, 3, 224, 224).astype(np.float32)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], index


class Slow:
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        time.sleep(0.002)
        return index


def rows(lib, count):
    return lib.utils.data.TensorDataset(lib.rand(count, 1, 28, 28), lib.arange(count))


#: name -> (dataset of so many samples, how many, in a quick run, options)
WORKLOADS = {
    "indices": (lambda lib, count: range(count), 100_000, 2_000, {"batch_size": 100, "shuffle": True}),
    "rows": (rows, 20_000, 500, {"batch_size": 64, "shuffle": True}),
    "images": (lambda lib, count: Images(count), 320, 32, {"batch_size": 32}),
    "slow": (lambda lib, count: Slow(count), 160, 16, {"batch_size": 8, "shuffle": True}),
    "start": (lambda lib, count: range(count), 1, 1, {}),
}


def measure(library, names, workers, quick):
    """Samples per second of each workload and worker count, and the first batch's order."""
    lib = importlib.import_module(library)
    lib.set_num_threads(1)
    found = {}
    for name in names:
        make, count, few, options = WORKLOADS[name]
        count = few if quick else count
        dataset = make(lib, count)
        next(iter(lib.utils.data.DataLoader(dataset, **options)))  # what is done once only is done now
        for number in workers:
            lib.manual_seed(0)
            order = []
            began = time.perf_counter()
            for batch in lib.utils.data.DataLoader(dataset, num_workers=number, **options):
                last = batch[-1] if isinstance(batch, list) else batch
                order.append(int(last[0]))
            found[f"{name} {number}"] = count / (time.perf_counter() - began), order
    return found


def turn(library, options):
    """One round of a library, in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--child", library, *options]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{library} failed:\n{run.stderr}")
    return json.loads(run.stdout.splitlines()[-1])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few samples and one round: does it run?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    names = options.only.split(",")
    if unknown := set(names) - set(WORKLOADS):
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    if options.child:
        warnings.simplefilter("ignore")  # more workers than processors are meant
        print(json.dumps(measure(options.child, names, [int(n) for n in options.workers.split(",")], options.quick)))
        return
    libraries = [name for name in LIBRARIES if importlib.util.find_spec(name) or name == "minitorch"]
    if "torch" not in libraries:
        print("PyTorch is not installed: no ratios (pip install torch)")
    handed = ["--workers", options.workers, "--only", options.only, *(["--quick"] if options.quick else [])]
    rounds = [{name: turn(name, handed) for name in libraries} for _ in range(1 if options.quick else options.rounds)]
    table = {}
    print(f"{'workload':<10}{'workers':>8}{'minitorch':>14}{'torch':>14}{'ratio':>8}   (samples per second)")
    for case in rounds[0]["minitorch"]:
        orders = [one[name][case][1] for one in rounds for name in libraries]
        if any(order != orders[0] for order in orders):
            raise SystemExit(f"{case}: the orders differ")
        speeds = {name: statistics.median(one[name][case][0] for one in rounds) for name in libraries}
        theirs = quotient = "-"
        table[case] = dict(speeds)
        if "torch" in speeds:
            ratio = statistics.median(one["minitorch"][case][0] / one["torch"][case][0] for one in rounds)
            table[case]["ratio"] = ratio
            theirs, quotient = f"{speeds['torch']:.0f}", f"{ratio:.2f}"
        workload, number = case.split()
        print(f"{workload:<10}{number:>8}{speeds['minitorch']:>14.0f}{theirs:>14}{quotient:>8}")
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
