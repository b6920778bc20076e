"""Collating: a list of samples becomes one sample whose tensors have a batch dimension in front.

Containers are taken apart and put together again: mappings, named tuples and sequences keep their type where it can be
made again (tuples become lists, as they always have in PyTorch). What to do with a leaf is read from a table, which
may be extended. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...._tensor import Tensor
from ....backend.dtype import float64
from ....compose.shapes import stack
from ....create import as_tensor, tensor

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

Table = dict[Any, Callable[..., Any]]

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def _is_named(sample: Any) -> bool:
    return isinstance(sample, tuple) and hasattr(sample, "_fields")


def _like_mapping(sample: Any, items: Callable[[], dict[Any, Any]]) -> Any:
    """The items in a mapping of the type of `sample`, with its other properties; a dict where that cannot be made."""
    try:
        if isinstance(sample, MutableMapping):
            clone = copy.copy(sample)
            clone.update(items())
            return clone
        return type(sample)(items())
    except TypeError:
        return items()


def _like_sequence(sample: Any, parts: Callable[[], list[Any]]) -> Any:
    """The parts in a sequence of the type of `sample`; a list for a tuple, or where that cannot be made."""
    if isinstance(sample, tuple):
        return parts()
    try:
        if isinstance(sample, MutableSequence):
            clone = copy.copy(sample)
            for place, part in enumerate(parts()):
                clone[place] = part
            return clone
        return type(sample)(parts())
    except TypeError:
        return parts()


def default_convert(data: Any) -> Any:
    """A sample with its NumPy arrays and numbers as tensors, the rest as it is: what happens without batches."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, np.ndarray) and type(data) is np.ndarray and data.dtype.kind in "SUO":
        return data
    if type(data).__module__ == "numpy" and not isinstance(data, np.str_):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, lambda: {key: default_convert(data[key]) for key in data})
    if _is_named(data):
        return type(data)(*(default_convert(part) for part in data))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like_sequence(data, lambda: [default_convert(part) for part in data])
    return data


def collate(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Join samples, all built like the first one.

    Args:
        batch: a list of samples.
        collate_fn_map: from the class of a leaf (or a tuple of classes) to the function `f(leaves, *, collate_fn_map)`
            that joins such leaves.

    Raises:
        TypeError: for a leaf of a class that is not in the table.
        RuntimeError: for sequences of different lengths.
    """
    sample = batch[0]
    if collate_fn_map is not None:
        join = collate_fn_map.get(type(sample))
        if join is None:
            join = next((f for kind, f in collate_fn_map.items() if isinstance(sample, kind)), None)
        if join is not None:
            return join(batch, collate_fn_map=collate_fn_map)
    if isinstance(sample, Mapping):
        return _like_mapping(
            sample, lambda: {key: collate([each[key] for each in batch], collate_fn_map=collate_fn_map) for key in sample}
        )
    if _is_named(sample):
        return type(sample)(*(collate(parts, collate_fn_map=collate_fn_map) for parts in zip(*batch)))
    if isinstance(sample, Sequence):
        if any(len(each) != len(sample) for each in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = list(zip(*batch))
        return _like_sequence(sample, lambda: [collate(parts, collate_fn_map=collate_fn_map) for parts in columns])
    raise TypeError(default_collate_err_msg_format.format(type(sample)))


def collate_tensor_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Tensors of one shape, stacked."""
    if batch[0].is_sparse:
        raise RuntimeError("Batches of sparse tensors are not currently supported by the default collate_fn; please provide "
                           "a custom collate_fn to handle them appropriately.")  # fmt: skip
    return stack(batch, 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Arrays of numbers, as tensors."""
    if batch[0].dtype.kind in "SUO":
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([as_tensor(each) for each in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """NumPy numbers, in the dtype of the first."""
    return as_tensor(batch)


def collate_float_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Python floats, in float64."""
    return tensor(batch, dtype=float64)


def collate_int_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Python ints, in int64, and bools."""
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: Table | None = None) -> Any:
    """Texts stay a list."""
    return batch


default_collate_fn_map: Table = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch: Any) -> Any:
    """Join samples as a loader does by default: numbers, arrays and tensors to tensors, texts to lists, containers inside.

    Raises:
        TypeError: for a leaf of another class.
        RuntimeError: for tensors or sequences that do not match.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
