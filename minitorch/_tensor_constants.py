"""The names that stand for themselves: `torch.strided` and the memory formats."""

from __future__ import annotations


class Constant(str):
    """A name that stands for itself; it compares as its text."""

    __slots__ = ()
    __repr__ = str.__str__


class layout(Constant):
    """PyTorch's `torch.layout`: how elements lie in memory: all of them (`strided`), or some (`sparse_coo`)."""

    __slots__ = ()


class memory_format(Constant):
    """PyTorch's `torch.memory_format`: in which order dimensions lie in memory."""

    __slots__ = ()


strided, sparse_coo = layout("torch.strided"), layout("torch.sparse_coo")
contiguous_format, preserve_format = memory_format("torch.contiguous_format"), memory_format("torch.preserve_format")
channels_last, channels_last_3d = memory_format("torch.channels_last"), memory_format("torch.channels_last_3d")
