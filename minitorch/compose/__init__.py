"""Functions composed of ops: no rules, no state, and no class is named.

A composition takes tensors, calls ops and operators, and is differentiable at every order because they are. Its
decorator says PyTorch's signature, from which the front, the method, the in-place twin and the stub are made.
"""

from . import (  # noqa: F401
    activations,
    arithmetic,
    arrangement,
    bilinear,
    choosing,
    complexes,
    convolutions,
    counting,
    decompositions,
    distances,
    dropout,
    filling,
    lengths,
    losses,
    matrices,
    norms,
    placing,
    polynomials,
    pooling,
    products,
    reductions,
    scans,
    scatter,
    selection,
    shapes,
    solvers,
    sorting,
    special,
    spectral,
    statistics,
)
