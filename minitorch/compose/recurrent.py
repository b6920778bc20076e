"""Recurrent networks of several layers and directions, and single steps of them.

Each layer and direction is one op over the whole sequence (ops/fused_recurrent.py); here they are stacked, with dropout
between the layers, and what does not fit is refused. A step is a sequence of length one.
"""

from __future__ import annotations

from typing import Any

from ..ops.front import public
from ..ops.fused_recurrent import gru_sequence, rnn_sequence
from ..ops.fused_recurrent_lstm import lstm_sequence
from ..ops.shape import cat, select
from .dropout import drop
from .recurrent_checks import (
    check_cell,
    check_layer,
    check_packed,
    directions,
    grouped,
    is_common,
    refuse_whole_numbers,
)
from .shapes import stack

DENSE = "(input: tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)"
PACKED = "(data: tensor, batch_sizes: tensor, hx, params, has_biases, num_layers, dropout, train, bidirectional)"
CELL = "(input: tensor, hx, w_ih: tensor, w_hh: tensor, b_ih=None, b_hh=None)"


def _run(op: Any, x: Any, states: list[Any], weights: tuple[Any, ...], sizes: Any, **params: Any) -> Any:
    """One layer and direction: by the op, or in unusual dtypes or forms of the bias by what the op is defined as."""
    return (op if is_common(x, states, weights) else op.definition)(x, *states, *weights, sizes=sizes, **params)


def _network(name: str, op: Any, given: tuple[Any, ...], **params: Any) -> tuple[Any, ...]:
    """All layers of a network, from the arguments of PyTorch's function of either form.

    Returns:
        The states of the last layer at every step, (T, N, *) or (N, T, *) or packed; then for each kind of state the
        last ones of every layer and direction, (layers * directions, N, *).
    """
    sizes, batch_first = None, False
    if isinstance(given[3], tuple | list):  # the list of weights comes one place later
        x, batch_sizes, hx, weights, has_biases, num_layers, dropout, train, bidirectional = given
        x, sizes = check_packed(x, batch_sizes)
    else:
        x, hx, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first = given
    states, groups = grouped(name, hx, weights, has_biases, num_layers, bidirectional)
    if batch_first:
        x = x.transpose(0, 1)
    last: list[list[Any]] = [[] for _ in states]
    count = directions(bidirectional)
    for layer in range(num_layers):
        outs = []
        for direction in range(count):
            place = layer * count + direction
            held, weight = [select(state, key=(place,)) for state in states], groups[place]
            check_layer(op, x, held, weight, sizes)
            out, *after = _run(op, x, held, weight, sizes, reverse=bool(direction), **params)
            outs.append(out)
            for found, state in zip(last, after, strict=True):
                found.append(state)
        x = outs[0] if count == 1 else cat(*outs, dim=outs[0]._data.ndim - 1)
        if train and dropout != 0 and layer < num_layers - 1:
            x = drop(x, dropout, True, False)
    return x.transpose(0, 1) if batch_first else x, *map(stack, last)


@public(DENSE, PACKED, method=False)
def lstm(*given: Any) -> tuple[Any, ...]:
    """A long short-term memory of several layers over a sequence; see `nn.LSTM`. -> (output, h_n, c_n)."""
    return _network("lstm", lstm_sequence, given)


@public(DENSE, PACKED, method=False)
def gru(*given: Any) -> tuple[Any, ...]:
    """Gated recurrent units of several layers over a sequence; see `nn.GRU`. -> (output, h_n)."""
    return _network("gru", gru_sequence, given)


@public(DENSE, PACKED, method=False)
def rnn_tanh(*given: Any) -> tuple[Any, ...]:
    """A recurrent network of several layers with tanh over a sequence; see `nn.RNN`. -> (output, h_n)."""
    return _network("rnn_tanh", rnn_sequence, given, relu=False)


@public(DENSE, PACKED, method=False)
def rnn_relu(*given: Any) -> tuple[Any, ...]:
    """A recurrent network of several layers with relu over a sequence; see `nn.RNN`. -> (output, h_n)."""
    return _network("rnn_relu", rnn_sequence, given, relu=True)


# ---- single steps --------------------------------------------------------------------------------------------------
def _step(op: Any, gates: int, x: Any, states: list[Any], weights: tuple[Any, ...], **params: Any) -> list[Any]:
    """The states after one step."""
    check_cell(gates, x, states, weights)
    after: list[Any] = [*_run(op, select(x, key=(None,)), states, weights, None, **params)][1:]
    return after


@public(CELL, method=False)
def lstm_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> tuple[Any, Any]:
    """One step of a long short-term memory: (N, I), of hx the states h and c (N, H) -> (h, c); see `nn.LSTMCell`."""
    if len(hx) != 2:
        raise RuntimeError(f"lstm_cell expects two hidden states (got {len(hx)})")
    refuse_whole_numbers(input)
    h, c = _step(lstm_sequence, 4, input, list(hx), (w_ih, w_hh, b_ih, b_hh))
    return h, c


@public(CELL, method=False)
def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of a gated recurrent unit: (N, I) and the state (N, H) -> the next state; see `nn.GRUCell`."""
    refuse_whole_numbers(input)
    return _step(gru_sequence, 3, input, [hx], (w_ih, w_hh, b_ih, b_hh))[0]


@public(CELL, method=False)
def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of a recurrent network, tanh(W_ih x + b_ih + W_hh h + b_hh): (N, I), (N, H) -> (N, H)."""
    return _step(rnn_sequence, 1, input, [hx], (w_ih, w_hh, b_ih, b_hh))[0]


@public(CELL, method=False)
def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """One step of a recurrent network, relu(W_ih x + b_ih + W_hh h + b_hh): (N, I), (N, H) -> (N, H)."""
    return _step(rnn_sequence, 1, input, [hx], (w_ih, w_hh, b_ih, b_hh), relu=True)[0]
