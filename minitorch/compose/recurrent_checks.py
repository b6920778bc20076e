"""What the arguments of recurrent networks must be, in PyTorch's words; and how the list of weights falls apart.

A network over a sequence, in float32, is computed by a library in PyTorch that looks at little; what it would read
beyond the end of is refused here as PyTorch refuses it in float64.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..backend.dtype import scalar_type
from ..ops.fused_linear import linear
from ..ops.kinds import KINDS
from ..ops.shape import select
from .matrices import size_of


def directions(bidirectional: bool) -> int:
    """1, or 2 for a network that also reads backwards."""
    return 2 if bidirectional else 1


def grouped(name: str, hx: Any, weights: Any, has_biases: bool, num_layers: int,
            bidirectional: bool) -> tuple[list[Any], list[tuple[Any, ...]]]:  # fmt: skip
    """The states, and for each layer and direction its (w_ih, w_hh, b_ih, b_hh), for a projected LSTM also w_hr.

    Raises:
        RuntimeError: for states or weights that are not as many as the layers and directions ask for.
    """
    projected = False
    states = [hx]
    if name == "lstm":
        if len(hx) != 2:
            raise RuntimeError(f"lstm expects two hidden states (got {len(hx)})")
        states = list(hx)
        projected = size_of(hx[0], 2) != size_of(hx[1], 2)
    each = (4 if has_biases else 2) + projected
    if len(weights) % each:
        raise RuntimeError(f"got an incorrect number of RNN parameters ({len(weights)}, expected {each} for each layer)")
    groups = []
    for start in range(0, len(weights), each):
        group = list(weights[start : start + each])
        if not has_biases:
            group[2:2] = [None, None]
        groups.append(tuple(group))
    count = directions(bidirectional)
    held = min(size_of(state, 0) for state in states)
    if held % count or len(groups) % count:
        raise RuntimeError(
            "Odd number of params or hiddens given to a bidirectional RNN "
            f"({len(groups)} groups of weights and {held} states)"
        )
    if held != num_layers * count or num_layers < 1:
        raise RuntimeError(f"Expected more hidden states in stacked_rnn (got {held} for {num_layers} layers)")
    if len(groups) != num_layers * count:
        raise RuntimeError(f"Expected more weights in stacked_rnn (got those of {len(groups)} for {num_layers} layers)")
    return states, groups


def check_packed(data: Any, batch_sizes: Any) -> tuple[Any, tuple[int, ...]]:
    """The rows of a packed sequence, and how many sequences are running at each step.

    Raises:
        RuntimeError: for sizes of another dtype or shape, that grow, or that ask for more rows than there are.
    """
    raw = batch_sizes._data
    if raw.dtype != "int64":
        raise RuntimeError(f"expected scalar type Long but found {scalar_type(raw.dtype)} (the batch_sizes)")
    if raw.ndim != 1 or not raw.size:
        raise RuntimeError(f"batch_sizes can not be empty, and has one dimension (got shape {list(raw.shape)})")
    sizes = tuple(raw.tolist())
    if data._data.ndim != 2:
        raise RuntimeError(f"input must have 2 dimensions, got {data._data.ndim}")
    if sizes[-1] < 0 or any(after > before for before, after in pairwise(sizes)):
        raise RuntimeError(f"batch_sizes must not grow from one step to the next, nor be negative (got {list(sizes)})")
    total, rows = sum(sizes), data._data.shape[0]
    if total > rows:
        raise RuntimeError(f"start ({total - sizes[-1]}) + length ({sizes[-1]}) exceeds dimension size ({rows}).")
    return data if total == rows else select(data, key=(slice(0, total),)), sizes


def _affine(x: Any, weight: Any, bias: Any) -> None:
    """Refuse what does not fit an affine map."""
    check: Any = linear.check
    check((x._data, weight._data, None if bias is None else bias._data), {})


def check_layer(op: Any, x: Any, states: list[Any], weights: tuple[Any, ...], sizes: Any) -> None:
    """What goes into one layer and direction.

    Raises:
        RuntimeError, NotImplementedError: for shapes or dtypes that do not go together.
    """
    array = x._data
    if sizes is None and not (array.ndim and array.shape[0]):
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    w_ih, w_hh, b_ih, b_hh, *projection = weights
    for weight in (w_ih, w_hh):
        if weight._data.ndim != 2:
            raise RuntimeError(f"mat2 must be a matrix, got {weight._data.ndim}-D tensor (of the weights)")
    _affine(x, w_ih, b_ih)
    _affine(states[0], w_hh, b_hh)
    if sizes is None and array.ndim != 3:
        raise RuntimeError(f"input must have 3 dimensions, got {array.ndim}")
    if op.name != "rnn_sequence":
        refuse_whole_numbers(x)
    batch = array.shape[1] if sizes is None else sizes[0]
    gates, hidden = w_hh._data.shape[0], states[-1]._data.shape[-1]
    for state in states:
        if state._data.ndim != 2 or state._data.shape[0] != batch:
            raise RuntimeError(
                f"The size of tensor a ({state._data.shape[0]}) must match the size of tensor b ({batch}) at non-singleton "
                f"dimension 0 (a state of shape {list(state._data.shape)} for a batch of {batch})"
            )
    wanted = hidden * {"lstm_sequence": 4, "gru_sequence": 3}.get(op.name, 1)
    if w_ih._data.shape[0] != gates or gates != wanted:
        raise RuntimeError(
            f"The size of tensor a ({w_ih._data.shape[0]}) must match the size of tensor b ({gates}) at non-singleton "
            f"dimension 1: the weights of a state of {hidden} numbers have {wanted} rows"
        )
    if projection:
        (w_hr,) = projection
        _same_dtype(w_hh, w_hr)
        if w_hr._data.shape != (states[0]._data.shape[1], hidden):
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({batch}x{hidden} and "
                f"{'x'.join(map(str, w_hr._data.shape[::-1]))}): the projection of the state has shape {list(w_hr._data.shape)}"
            )


def _same_dtype(one: Any, other: Any) -> None:
    if one._data.dtype != other._data.dtype:
        raise RuntimeError(
            "mat1 and mat2 must have the same dtype, but got "
            f"{scalar_type(one._data.dtype)} and {scalar_type(other._data.dtype)}"
        )


def refuse_whole_numbers(x: Any) -> None:
    """Refuse what has no sigmoid in its own dtype.

    Raises:
        RuntimeError: for integers.
    """
    if KINDS[x._data.dtype.kind] == "i":
        raise RuntimeError(f"result type Float can't be cast to the desired output type {scalar_type(x._data.dtype)}")


def is_common(x: Any, states: list[Any], weights: tuple[Any, ...]) -> bool:
    """Whether all is real and floating, of one dtype, and there are two biases of one number per gate, or none."""
    kind = x._data.dtype
    if KINDS[kind.kind] != "f" or any(held is not None and held._data.dtype != kind for held in (*states, *weights)):
        return False
    first, second = weights[2:4]
    if first is None or second is None:
        return first is second
    rows = weights[0]._data.shape[:1]
    return bool(first._data.shape == rows == second._data.shape)


# ---- single steps --------------------------------------------------------------------------------------------------
def check_cell(gates: int, x: Any, states: list[Any], weights: tuple[Any, ...]) -> None:
    """What goes into one step.

    Raises:
        IndexError, RuntimeError, NotImplementedError: in PyTorch's words, for shapes or dtypes that do not go together.
    """
    w_ih, w_hh, b_ih, b_hh = weights
    hidden = size_of(w_hh, 1)
    if gates == 1:
        _check_rows(gates, hidden, w_ih, w_hh)
    if size_of(x, 1) != size_of(w_ih, 1):
        raise RuntimeError(f"input has inconsistent input_size: got {size_of(x, 1)} expected {size_of(w_ih, 1)}")
    for place, state in enumerate(states):
        if size_of(x, 0) != size_of(state, 0):
            raise RuntimeError(f"Input batch size {size_of(x, 0)} doesn't match hidden{place} batch size {size_of(state, 0)}")
        if size_of(state, 1) != hidden:
            raise RuntimeError(f"hidden{place} has inconsistent hidden_size: got {size_of(state, 1)}, expected {hidden}")
    if gates != 1:
        _check_rows(gates, hidden, w_ih, w_hh)
    _affine(x, w_ih, b_ih)
    _affine(states[0], w_hh, b_hh)
    if x._data.ndim != 2 or any(state._data.ndim != 2 for state in states):
        raise RuntimeError(f"input must have 2 dimensions, got {x._data.ndim}")


def _check_rows(gates: int, hidden: int, w_ih: Any, w_hh: Any) -> None:
    for name, weight in (("weight_ih", w_ih), ("weight_hh", w_hh)):
        if size_of(weight, 0) != gates * hidden:
            raise RuntimeError(
                f"{name} first dim must be {gates} * hidden_size = {gates * hidden}, but got {size_of(weight, 0)}"
            )
