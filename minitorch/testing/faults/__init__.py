"""Fault injection: plant a mistake in the engine, hold the laws against it, and see whether one of them notices.

It is the measure of the tests themselves. `faults()` is the table of mistakes, an op and a kind each; `planted(fault)` makes one
for the time of a `with` block; `hunt(fault)` says which law caught it. `python -m minitorch.testing faults` runs the campaign.
"""

from .kinds import KINDS, Fault, faults, left_out
from .planting import planted

__all__ = ["KINDS", "Fault", "faults", "left_out", "planted"]
