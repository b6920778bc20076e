"""Draw the README's picture: one small expression, its numbers and its gradients.

    python examples/picture.py [--out DIR]
"""

import argparse
from pathlib import Path

from minitorch import Value, viz

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
file = parser.parse_args().out / "picture.svg"

a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(6.9, label="c")
d = a * b + c
loss = d.tanh() * 0.5 + a**2
loss.backward()

viz.graph(loss).save(str(file))
print(f"wrote {file}")
