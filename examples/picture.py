"""Draw the README's picture: one small expression, its numbers and its gradients.

    python examples/picture.py [FILE]
"""

import sys

from minitorch import Value, viz

a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(6.9, label="c")
d = a * b + c
loss = d.tanh() * 0.5 + a**2
loss.backward()

file = sys.argv[1] if len(sys.argv) > 1 else "examples/picture.svg"
viz.graph(loss).save(file)
print(f"wrote {file}")
