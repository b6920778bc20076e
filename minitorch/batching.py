"""vmap: a function of one example as a function of a batch.

The function is called once for each example, on views of the batch, and what it returns is stacked; all of it is recorded,
so that derivatives of and through it are right. PyTorch runs one batched op in the place of each call, which is faster:
this is for programs that are written so, not for speed. https://docs.pytorch.org/docs/stable/generated/torch.vmap.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._tensor import Tensor
from .compose.shapes import stack
from .create_random import get_rng_state, set_rng_state
from .graph.modes import no_grad, walkers_below, walking
from .trees import filled, leaves, spread, text

__all__ = ["vmap"]

RANDOMNESS = ("error", "different", "same")


def vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *,
         chunk_size: int | None = None) -> Callable[..., Any]:  # fmt: skip
    """The function that maps `func` over a dimension of its inputs.

    Args:
        func: takes nests of tuples, lists and dicts; returns a tensor or a nest of them. Keyword arguments are handed on.
        in_dims: the dimension of each input, None for one that is the same for all; one for all, or a nest like the inputs.
        out_dims: where the new dimension is put in each result; None for a result that does not depend on the example.
        randomness: "error": random numbers are refused; "same": every example draws the same; "different": each goes on
            where the last one stopped (PyTorch draws in another order).
        chunk_size: accepted for PyTorch's sake; one example is computed at a time anyway.

    Raises:
        ValueError: for inputs, dimensions or results that do not fit.
        RuntimeError: for another `randomness`, or random numbers drawn under "error".

    Source: https://docs.pytorch.org/docs/stable/generated/torch.vmap.html
    """
    if randomness not in RANDOMNESS:
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    name = _name(func)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not all(value is None or isinstance(value, int) for value in leaves(out_dims)):
            raise ValueError(
                f"vmap({name}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of ints "
                "representing where in the outputs the vmapped dimension should appear."
            )
        flat, dims = leaves(args), _in_dims(in_dims, args, name)
        count = _batch_size(flat, dims)
        slices = _slices(flat, dims, count)
        if not count:
            return _of_nothing(func, args, kwargs, flat, dims, out_dims, name)
        results = []
        for place, one in enumerate(_drawing(slices, randomness), 1):
            with _keeping(place < count):
                results.append(func(*filled(args, iter(one)), **kwargs))
        return _stacked(results, out_dims, name)

    return wrapped


# ---- what comes in ---------------------------------------------------------------------------------------------------
def _in_dims(in_dims: Any, args: tuple[Any, ...], name: str) -> list[int | None]:
    """The dimension of each leaf of the arguments."""
    start = f"vmap({name}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, int | tuple):
        raise ValueError(f"{start}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
                         f"got: {type(in_dims)}.")  # fmt: skip
    if not args:
        raise ValueError(f"vmap({name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over "
                         "a function with no inputs. The latter is unsupported.")  # fmt: skip
    dims = spread(in_dims, args)
    if dims is None:
        raise ValueError(f"{start}in_dims is not compatible with the structure of `inputs`. in_dims has structure "
                         f"{text(in_dims)} but inputs has structure {text(args)}.")  # fmt: skip
    for leaf, dim in zip(leaves(args), dims, strict=True):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(f"{start}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None.")
        if not isinstance(leaf, Tensor):
            raise ValueError(f"{start}Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over "
                             "non-Tensor arguments, please use None as the respective in_dim")  # fmt: skip
        if not -leaf.dim() <= dim < leaf.dim():
            raise ValueError(f"{start}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality "
                             f"{leaf.dim()} so expected in_dim to satisfy -{leaf.dim()} <= in_dim < {leaf.dim()}.")  # fmt: skip
    return dims


def _batch_size(flat: list[Any], dims: list[int | None]) -> int:
    sizes = [leaf.size(dim) for leaf, dim in zip(flat, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError("vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
                         f"{sizes} for the mapped dimension")  # fmt: skip
    return int(sizes[0])


def _slices(flat: list[Any], dims: list[int | None], count: int) -> Iterator[list[Any]]:
    """The leaves of each example: views of the batch."""
    for place in range(count):
        yield [leaf if dim is None else leaf.select(dim, place) for leaf, dim in zip(flat, dims, strict=True)]


def _drawing(slices: Iterator[list[Any]], randomness: str) -> Iterator[list[Any]]:
    """The examples one after the other, and the random stream as each is to find it."""
    if randomness == "different":
        yield from slices
        return
    before = get_rng_state()
    for one in slices:
        if randomness == "same":
            set_rng_state(before)
        yield one
        if randomness == "error" and not bool((get_rng_state() == before).all()):
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
                "randomness flags on vmap or perform the randomness operation out of vmap"
            )


@contextmanager
def _keeping(more: bool) -> Iterator[None]:
    """A block in which no backward frees its tape, while there are more examples that may go through it again."""
    if not more:
        yield
        return

    def walk(order: list[Any], grads: Any, **how: Any) -> None:
        walkers_below(walk)(order, grads, **(how | {"keep": True}))

    walking.append(walk)
    try:
        yield
    finally:
        walking.remove(walk)


# ---- what goes out ---------------------------------------------------------------------------------------------------
def _out_dims(result: Any, out_dims: Any, name: str) -> list[int | None]:
    """The new dimension of each leaf of a result."""
    if isinstance(result, Tensor) and isinstance(out_dims, tuple) and len(out_dims) == 1:
        return list(out_dims)
    dims = spread(out_dims, result)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. "
            f"out_dims has structure {text(out_dims)} but outputs has structure {text(result)}."
        )
    for leaf, dim in zip(leaves(result), dims, strict=True):
        if dim is not None and not isinstance(leaf, Tensor):
            raise ValueError(f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(leaf)}. Did you mean to set "
                             "out_dims= to None for output?")  # fmt: skip
    return dims


def _stacked(results: list[Any], out_dims: Any, name: str) -> Any:
    """The results of all examples as one."""
    dims = _out_dims(results[0], out_dims, name)
    columns = zip(*map(leaves, results), strict=True)
    joined = [_shared(list(column), name) if dim is None else stack(list(column), dim)
              for column, dim in zip(columns, dims, strict=True)]  # fmt: skip
    return filled(results[0], iter(joined))


def _shared(column: list[Any], name: str) -> Any:
    """A result that must be the same for all examples."""
    first = column[0]
    if isinstance(first, Tensor) and not all(other is first or bool(_equal(other, first)) for other in column):
        raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
    return first


def _equal(one: Tensor, other: Tensor) -> Any:
    with no_grad():
        return one.shape == other.shape and ((one == other) | ((one != one) & (other != other))).all().item()


def _of_nothing(func: Callable[..., Any], args: Any, kwargs: dict[str, Any], flat: list[Any], dims: list[int | None],
                out_dims: Any, name: str) -> Any:  # fmt: skip
    """The results of no example: what one of zeros would give, without it."""
    with no_grad():
        one = [leaf if dim is None else leaf.new_zeros([*leaf.shape[:dim % leaf.dim()], *leaf.shape[dim % leaf.dim() + 1:]])
               for leaf, dim in zip(flat, dims, strict=True)]  # fmt: skip
        state = get_rng_state()
        result = func(*filled(args, iter(one)), **kwargs)
        set_rng_state(state)
        places = _out_dims(result, out_dims, name)
        joined = [leaf if dim is None else stack([leaf], dim).narrow(dim, 0, 0)
                  for leaf, dim in zip(leaves(result), places, strict=True)]  # fmt: skip
    return filled(result, iter(joined))


def _name(func: Any) -> str:
    if hasattr(func, "__name__"):
        return str(func.__name__)
    return f"functools.partial({_name(func.func)}, ...)" if isinstance(func, functools.partial) else repr(func)
