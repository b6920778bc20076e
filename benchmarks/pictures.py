"""How long does a picture take, beside the bare walk over the tape?

    python benchmarks/pictures.py [--sizes 1000,10000,100000] [--json PATH]

Four tapes of each size, drawn from result to SVG in at most 300 boxes (the default of `viz.graph`):
  chain       one op after the other
  tangle      each op takes one of the last eight results and any earlier one
  recurrence  a cell of modules, called again and again
  layers      modules in modules, each with parameters of its own

`walk` only visits the nodes, newest first; `collect` writes them down, with statistics of values and gradients where the
tape has at most 20,000 nodes; `draw` folds, closes, and lays out. The last column is the size of the SVG.
"""

import argparse
import json
import random
import time
from itertools import pairwise
from pathlib import Path

import minitorch as mt
from minitorch import nn, viz
from minitorch.graph.walk import newest_first


def chain(size):
    y = mt.ones(2, 3, requires_grad=True)
    for _ in range(size // 2):
        y = (y * 0.999).tanh()
    return y.sum()


def tangle(size):
    choose = random.Random(0)
    results = [mt.ones(3, requires_grad=True)]
    while len(results) < size:
        results.append(choose.choice(results[-8:]) * choose.choice(results))
    return mt.stack(results[-8:]).sum()


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return x + self.outer(self.inner(x).tanh())


def recurrence(size):
    cell, h = Cell(), mt.ones(2, 3)
    with viz.record(values=False):
        for _ in range(size // 4):
            h = cell(h)
    return h.sum()


def layers(size):
    model = nn.Sequential(*(nn.Sequential(*(Cell() for _ in range(10))) for _ in range(max(1, size // 80))))
    with viz.record(values=False):
        return model(mt.ones(2, 3)).sum()


TAPES = {"chain": chain, "tangle": tangle, "recurrence": recurrence, "layers": layers}


def measure(result):
    """Nodes of a tape, seconds of each part, bytes of the picture."""
    marks = [time.perf_counter()]
    nodes = len(newest_first([result._node]))
    marks.append(time.perf_counter())
    picture = viz.graph(result)
    marks.append(time.perf_counter())
    svg = picture.svg()
    marks.append(time.perf_counter())
    walk, collect, draw = (end - start for start, end in pairwise(marks))
    return {"nodes": nodes, "walk": walk, "collect": collect, "draw": draw, "bytes": len(svg)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of nodes, with commas between")
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    options = parser.parse_args()
    measure(chain(100))  # the first picture imports what it needs
    found = {}
    print(f"{'':<12}{'nodes':>10}{'walk':>10}{'collect':>10}{'draw':>10}{'together':>10}{'SVG':>10}")
    for name, make in TAPES.items():
        for size in map(int, options.sizes.split(",")):
            case = found[f"{name} {size}"] = measure(make(size))
            seconds = [case["walk"], case["collect"], case["draw"], case["collect"] + case["draw"]]
            columns = "".join(f"{second:>8.3f} s" for second in seconds)
            print(f"{name:<12}{case['nodes']:>10,}{columns}{case['bytes'] / 1000:>7.0f} KB", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
