"""A small least-squares problem that an optimiser of either library walks down, and what it left behind."""

import numpy as np


def trajectory(lib, name, options, dtype="float64", steps=50, every_step=None):
    """The parameters every ten steps, and the state at the end.

    Two parameters in two groups, the second with half the weight decay and without a gradient in every third step.
    """
    rng = np.random.default_rng(4)
    kind = getattr(lib, dtype)

    def draw(*shape):
        numbers = rng.normal(size=shape)
        if dtype.startswith("complex"):
            numbers = numbers + 1j * rng.normal(size=shape)
        return lib.tensor(numbers).to(kind)

    weight, bias = lib.nn.Parameter(draw(3, 2)), lib.nn.Parameter(draw(2))
    second = {"params": [bias], "weight_decay": options.get("weight_decay", 0) / 2}
    optimiser = getattr(lib.optim, name)([{"params": [weight]}, second], **options)
    target, bias_target = draw(3, 2), draw(2)
    found = []
    for step in range(steps):
        # the gradient of a parabola with unequal curvatures, so that both libraries are given the same one
        weight.grad = (widened(lib, weight.detach() - target) * (1 + step % 2)).to(kind)
        bias.grad = None if step % 3 == 2 else (widened(lib, bias.detach() - bias_target) * 0.3).to(kind)
        optimiser.step()
        if every_step is not None:
            every_step(step)
        if step % 10 == 9:
            found.append([widened(lib, p.detach()).clone() for p in (weight, bias)])
    state = {k: {n: widened(lib, t) for n, t in s.items()} for k, s in optimiser.state_dict()["state"].items()}
    return [found, state]


def widened(lib, tensor):
    """Half precision as float32, which NumPy has."""
    return tensor.float() if tensor.dtype in (lib.float16, lib.bfloat16) else tensor
