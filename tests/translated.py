"""What PyTorch made, as minitorch's: tensors, dtypes, sizes and everything that holds them."""

import numpy as np

import minitorch as mt


def array_of(tensor):
    """A PyTorch tensor's numbers as an array of their own."""
    import torch

    tensor = tensor.detach().resolve_conj().resolve_neg()
    return np.array((tensor.float() if tensor.dtype == torch.bfloat16 else tensor + 0 if tensor.dtype.is_floating_point else tensor).numpy())


def ours(value, seen):
    """The same value in minitorch; `seen` keeps, by id, (PyTorch's tensor, ours), so that one tensor stays one."""
    import torch

    if isinstance(value, torch.nn.utils.rnn.PackedSequence):
        return mt.nn.utils.rnn.PackedSequence(*(ours(part, seen) for part in value))
    if isinstance(value, torch.Tensor):
        if id(value) not in seen:
            made = mt.tensor(array_of(value)).to(ours(value.dtype, seen))
            seen[id(value)] = (value, made.requires_grad_() if value.requires_grad else made)
        return seen[id(value)][1]
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        attention = value.self_attn
        made = mt.nn.TransformerEncoderLayer(
            attention.embed_dim, attention.num_heads, value.linear1.out_features, value.dropout.p, ours(value.activation, seen),
            value.norm1.eps, attention.batch_first, value.norm_first, value.linear1.bias is not None)  # fmt: skip
        made = made.to(ours(value.linear1.weight.dtype, seen))
        made.load_state_dict(ours(dict(value.state_dict()), seen))
        return made
    if isinstance(value, torch.dtype):
        return getattr(mt, str(value).partition(".")[2])
    if isinstance(value, torch.device):
        return mt.device(str(value))
    if isinstance(value, torch.Size):
        return mt.Size(value)
    if isinstance(value, (list, tuple)):
        return value.__class__(ours(item, seen) for item in value)
    if isinstance(value, dict):
        return {key: ours(item, seen) for key, item in value.items()}
    if callable(value) and getattr(torch.nn.functional, getattr(value, "__name__", ""), None) is value:
        return getattr(mt.nn.functional, value.__name__)
    return value


def flat(value, kind):
    """The tensors in a nest of lists, tuples and dicts, each once."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    if isinstance(value, kind):
        return [value]
    found = [tensor for item in items for tensor in flat(item, kind)]
    return list({id(tensor): tensor for tensor in found}.values())


def assert_equal(mine, theirs, what, tolerance=1e-10):
    """A tensor of ours beside PyTorch's: dtype, shape, numbers."""
    if theirs is None or mine is None:
        assert mine is theirs is None or not np.any(array_of(theirs) if mine is None else mine.detach().numpy()), what
        return
    assert str(mine.dtype) == str(theirs.dtype), what
    assert tuple(mine.shape) == tuple(theirs.shape), what
    mine = mine.detach().float() if mine.dtype == mt.bfloat16 else mine.detach()
    np.testing.assert_allclose(mine.numpy(), array_of(theirs), rtol=tolerance, atol=tolerance, err_msg=what)
