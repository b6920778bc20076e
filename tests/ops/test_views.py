"""What shares memory with what: every movement, over every layout, against PyTorch.

A result must be the tensor itself, a view or a copy exactly where PyTorch's is; a view starts at the same place of the
same memory with the same strides, and a write through either is seen by the other.
"""

import numpy as np
import pytest

import minitorch as mt

pytestmark = pytest.mark.referee

#: Where a tensor comes from: from the memory of 24 numbers (0-d: of one) to the tensor that is moved.
LAYOUTS = {
    "3-d": lambda root: root.view(2, 3, 4),
    "turned": lambda root: root.view(2, 3, 4).permute(2, 0, 1),
    "swapped": lambda root: root.view(2, 3, 4).transpose(1, 2),
    "strided": lambda root: root.view(2, 3, 4)[:, ::2, 1:],
    "stepped": lambda root: root.view(2, 3, 4)[..., ::2],
    "expanded": lambda root: root.view(2, 3, 4)[:, :1].expand(2, 5, 4),
    "spread": lambda root: root.view(24)[:4].expand(2, 3, 4),
    "empty": lambda root: root.view(2, 3, 4)[:, 1:1],
    "thin": lambda root: root.view(2, 3, 4)[:1, :, 2:3],
    "one": lambda root: root.view(2, 3, 4)[1:, 1:2, 3:],
    "rows": lambda root: root.view(6, 4)[2:5],
    "matrix": lambda root: root.view(4, 6).t(),
    "square": lambda root: root.view(4, 6)[:, 1:5],
    "flat": lambda root: root.view(24)[3:15],
    "every third": lambda root: root.view(24)[1::3],
    "no row": lambda root: root.view(6, 4)[6:],
    "row": lambda root: root.view(6, 4)[1:2],
    "column": lambda root: root.view(6, 4)[:, 3:],
    "single": lambda root: root.view(24)[5:6],
    "nothing": lambda root: root.view(24)[7:7],
    "number": lambda root: root.view(2, 3, 4)[1, 2, 0],
    "4-d": lambda root: root.view(2, 3, 2, 2).transpose(0, 2),
    "with ones": lambda root: root.view(2, 1, 12, 1),
    "ones turned": lambda root: root.view(2, 12).t().unsqueeze(1),
}


def fits(x):
    """A shape for the same elements."""
    return tuple(x.shape)[::-1]


def halves(x):
    n = x.shape[-1]
    return (*x.shape[:-1], 2, n // 2) if n % 2 == 0 else (*x.shape[:-1], n, 1)


MOVES = {
    "reshape same": lambda m, x: x.reshape(x.shape),
    "reshape flat": lambda m, x: x.reshape(-1) if x.numel() else x.reshape(0),
    "reshape": lambda m, x: m.reshape(x, fits(x)),
    "reshape halves": lambda m, x: x.reshape(halves(x)),
    "reshape ones": lambda m, x: x.reshape(1, *x.shape, 1),
    "reshape_as": lambda m, x: x.reshape_as(m.zeros(fits(x))),
    "view same": lambda m, x: x.view(x.shape),
    "view flat": lambda m, x: x.view(-1),
    "view": lambda m, x: x.view(fits(x)),
    "view halves": lambda m, x: x.view(halves(x)),
    "view ones": lambda m, x: x.view(1, *x.shape, 1),
    "view_as": lambda m, x: x.view_as(m.zeros(fits(x))),
    "view float32": lambda m, x: x.view(m.float32),
    "view int64": lambda m, x: x.view(m.int64),
    "view float16": lambda m, x: x.view(m.float16),
    "view float64": lambda m, x: x.view(m.float64),
    "view complex64": lambda m, x: x.view(m.complex64),
    "t": lambda m, x: x.t(),
    "T": lambda m, x: x.T if x.ndim == 2 else x.t(),
    "mT": lambda m, x: x.mT,
    "H": lambda m, x: x.H,
    "mH": lambda m, x: x.mH,
    "adjoint": lambda m, x: x.adjoint(),
    "permute": lambda m, x: x.permute(*range(1, x.ndim), *([0] if x.ndim else [])) if x.ndim else x.permute(()),
    "permute same": lambda m, x: m.permute(x, tuple(range(x.ndim))),
    "transpose": lambda m, x: x.transpose(0, -1),
    "transpose same": lambda m, x: x.transpose(0, 0),
    "swapaxes": lambda m, x: x.swapaxes(0, 1),
    "swapdims": lambda m, x: x.swapdims(-1, -2),
    "movedim": lambda m, x: x.movedim(0, -1),
    "moveaxis": lambda m, x: m.moveaxis(x, (0, 1), (1, 0)),
    "expand same": lambda m, x: x.expand(x.shape),
    "expand new": lambda m, x: x.expand(2, *x.shape),
    "expand new one": lambda m, x: x.expand(1, *x.shape),
    "expand ones": lambda m, x: x.expand([3 if n == 1 else n for n in x.shape]),
    "expand -1": lambda m, x: x.expand(2, *[-1] * x.ndim),
    "expand_as": lambda m, x: x.expand_as(m.zeros(3, *x.shape)),
    "broadcast_to": lambda m, x: m.broadcast_to(x, (2, 1, *x.shape)) if x.ndim < 2 else m.broadcast_to(x, (2, *x.shape)),
    "broadcast_tensors": lambda m, x: m.broadcast_tensors(x, m.zeros(2, *x.shape))[0],
    "squeeze": lambda m, x: x.squeeze(),
    "squeeze 0": lambda m, x: x.squeeze(0),
    "squeeze -1": lambda m, x: m.squeeze(x, -1),
    "squeeze several": lambda m, x: x.squeeze((0, -1)),
    "unsqueeze 0": lambda m, x: x.unsqueeze(0),
    "unsqueeze 1": lambda m, x: x.unsqueeze(1),
    "unsqueeze -1": lambda m, x: x.unsqueeze(-1),
    "select": lambda m, x: x.select(0, 1),
    "select last": lambda m, x: m.select(x, -1, -1),
    "narrow": lambda m, x: x.narrow(0, 1, 1),
    "narrow none": lambda m, x: x.narrow(-1, 0, 0),
    "narrow all": lambda m, x: m.narrow(x, 0, 0, x.shape[0]),
    "diagonal": lambda m, x: x.diagonal(),
    "diagonal off": lambda m, x: x.diagonal(1, -1, 0),
    "diagonal below": lambda m, x: m.diagonal(x, -1, 0, 1),
    "diagonal outside": lambda m, x: x.diagonal(9),
    "diag": lambda m, x: x.diag() if x.ndim == 2 else x.diagonal(dim1=-1, dim2=-2),
    "unfold": lambda m, x: x.unfold(-1, 2, 1),
    "unfold 0": lambda m, x: x.unfold(0, 1, 2),
    "split": lambda m, x: x.split(2),
    "split sizes": lambda m, x: x.split([1, x.shape[0] - 1]),
    "split last": lambda m, x: m.split(x, 1, -1),
    "split_with_sizes": lambda m, x: x.split_with_sizes([1, x.shape[0] - 1]),
    "chunk": lambda m, x: x.chunk(2, -1),
    "tensor_split": lambda m, x: x.tensor_split(3),
    "tensor_split at": lambda m, x: m.tensor_split(x, (1, 2), -1),
    "hsplit": lambda m, x: x.hsplit([1]),
    "vsplit": lambda m, x: x.vsplit([1]),
    "dsplit": lambda m, x: x.dsplit([1]),
    "unbind": lambda m, x: x.unbind(),
    "unbind last": lambda m, x: m.unbind(x, -1),
    "iteration": lambda m, x: tuple(x),
    "flatten": lambda m, x: x.flatten(),
    "flatten last": lambda m, x: x.flatten(-2),
    "flatten first": lambda m, x: m.flatten(x, 0, 1),
    "flatten one": lambda m, x: m.flatten(x, -1, -1),
    "ravel": lambda m, x: x.ravel(),
    "unflatten": lambda m, x: x.unflatten(-1, (1, -1)) if x.numel() else x.unflatten(-1, (1, x.shape[-1])),
    "unflatten 0": lambda m, x: x.unflatten(0, (x.shape[0], 1)),
    "contiguous": lambda m, x: x.contiguous(),
    "clone": lambda m, x: x.clone(memory_format=m.contiguous_format),
    "detach": lambda m, x: x.detach(),
    "data": lambda m, x: x.data,
    "real": lambda m, x: x.real,
    "torch.real": lambda m, x: m.real(x),
    "conj": lambda m, x: x.conj(),
    "resolve_conj": lambda m, x: x.resolve_conj(),
    "resolve_neg": lambda m, x: x.resolve_neg(),
    "positive": lambda m, x: x.positive(),
    "to nothing": lambda m, x: x.to(),
    "to dtype": lambda m, x: x.to(m.float32),
    "to device": lambda m, x: x.to("cpu"),
    "to both": lambda m, x: x.to("cpu", m.float32),
    "to other": lambda m, x: x.to(x),
    "to copy": lambda m, x: x.to(m.float32, copy=True, memory_format=m.contiguous_format),
    "float": lambda m, x: x.float(),
    "cpu": lambda m, x: x.cpu(),
    "type": lambda m, x: x.type(m.float32),
    "type_as": lambda m, x: x.type_as(x),
    "atleast_1d": lambda m, x: m.atleast_1d(x),
    "atleast_2d": lambda m, x: m.atleast_2d(x),
    "atleast_3d": lambda m, x: m.atleast_3d(x),
    "[...]": lambda m, x: x[...],
    "[:]": lambda m, x: x[:],
    "[0]": lambda m, x: x[0],
    "[-1]": lambda m, x: x[..., -1],
    "[None]": lambda m, x: x[None],
    "[..., None]": lambda m, x: x[..., None],
    "[:, None]": lambda m, x: x[:, None],
    "[1:]": lambda m, x: x[1:],
    "[::2]": lambda m, x: x[..., ::2],
    "[2:1]": lambda m, x: x[2:1],
    "[0, ..., None, 1:]": lambda m, x: x[0, ..., None, 1:],
    "[(0,) * ndim]": lambda m, x: x[(0,) * x.ndim],
    "[9:]": lambda m, x: x[9:],
    "as_strided": lambda m, x: x.as_strided((2, 2), (1, 1)),
    "as_strided from 3": lambda m, x: m.as_strided(x, (2, 3), (7, 2), 3),
    "as_strided number": lambda m, x: x.as_strided((), (), 5),
    "as_strided same": lambda m, x: x.as_strided(x.shape, x.stride(), x.storage_offset()),
    "as_strided copy": lambda m, x: m.as_strided_copy(x, (2,), (1,), 2),
    "as_strided expanded": lambda m, x: x.as_strided((3, 2), (0, 4)),
    "of a detached": lambda m, x: x.detach().as_strided((2,), (1,), 1),
    "view of a detached": lambda m, x: x.detach()[None],
    "set_": lambda m, x: m.zeros(0).set_(x),
    "set_ at": lambda m, x: m.zeros(2).set_(x, 1, (1, 2)) if x.numel() else x.view(0),
    "set_ none": lambda m, x: x.detach().set_(),
    "swapped twice": lambda m, x: x.transpose(0, -1).transpose(0, -1),
    "squeezed, unsqueezed": lambda m, x: x.squeeze().unsqueeze(-1),
    "sliced, expanded": lambda m, x: x[..., :1].expand(*x.shape[:-1], 3)[..., 0:1],
    "meshgrid": lambda m, x: m.meshgrid(x, x, indexing="xy"),
    "flip": lambda m, x: x.flip(()),
    "roll": lambda m, x: x.roll(0),
    "squeeze_": lambda m, x: x.detach().squeeze_(),
    "unsqueeze_": lambda m, x: x.detach().unsqueeze_(-1),
    "transpose_": lambda m, x: x.detach().transpose_(0, -1),
    "t_": lambda m, x: x.detach().t_(),
    "swapaxes_": lambda m, x: x.detach().swapaxes_(0, 1),
    "as_strided_": lambda m, x: x.detach().as_strided_((2,), (3,), 1),
}
COMPLEX = {
    "view_as_real": lambda m, x: m.view_as_real(x),
    "real": lambda m, x: x.real,
    "imag": lambda m, x: x.imag,
    "torch.real": lambda m, x: m.real(x)[..., None],
    "torch.imag": lambda m, x: m.imag(x),
    "transposed": lambda m, x: m.view_as_real(x.transpose(0, -1)),
    "back": lambda m, x: m.view_as_complex(m.view_as_real(x)),
    "view float32": lambda m, x: x.view(m.float32),
    "as_strided real": lambda m, x: x.real.as_strided((2,), (1,)),
    "as_strided imag": lambda m, x: x.imag.as_strided((2,), (1,), 1),
}
PAIRS = {
    "view_as_complex": lambda m, x: m.view_as_complex(x),
    "view_as_complex of pairs": lambda m, x: m.view_as_complex(x.reshape(-1, 2)),
    "view_as_complex turned": lambda m, x: m.view_as_complex(x.reshape(-1, 2).t().contiguous().t()),
    "view_as_complex shifted": lambda m, x: m.view_as_complex(x.as_strided((2, 2), (4, 1), 1)),
    "view_as_complex odd": lambda m, x: m.view_as_complex(x.as_strided((2, 2), (3, 1), 2)),
}


def memory(library, dtype):
    return library.arange(24, dtype=library.float32).to(getattr(library, dtype))


def attempt(library, layout, move, dtype):
    """The memory, the tensor, what became of it, and the error if it was refused."""
    root = memory(library, dtype)
    x = LAYOUTS[layout](root)
    try:
        found = move(library, x)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        return root, x, None, error
    return root, x, found if isinstance(found, tuple | list) else (found,), None


def shares(library, one, other):
    if library is mt:
        return bool(np.may_share_memory(one._data, other._data))
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr() and one.numel() > 0


def told(library, root, x, out):
    """What is compared of one result.

    Strides are compared where they lead from one element to another: on a dimension of size 1 NumPy keeps what it likes.
    """
    said = {"itself": out is x, "shape": tuple(out.shape), "dtype": str(out.dtype).rpartition(".")[2]}
    if out.numel():  # nothing lies nowhere
        said["shared"] = shares(library, root, out)
        said["offset"] = out.storage_offset()
        if said["shared"]:
            said["address"] = out.data_ptr() - root.data_ptr()
            said["stride"] = [step for n, step in zip(out.shape, out.stride(), strict=True) if n > 1]
            said["contiguous"] = out.is_contiguous()
    return said


def numbers(tensor):
    return np.array(tensor.detach().tolist())


#: What asks where an empty tensor lies: NumPy has forgotten it.
PLACED = ("as_strided", "of a detached", "view_as_complex", "view int64", "view float64", "view complex64")


def check(layout, table, name, dtype="float32"):
    import torch

    move = table[name]
    if layout in ("empty", "no row", "nothing") and name.startswith(PLACED):
        return
    root, x, outs, error = attempt(mt, layout, move, dtype)
    there, x_there, outs_there, error_there = attempt(torch, layout, move, dtype)
    if error_there is not None or error is not None:
        assert type(error) is type(error_there), f"{error!r}, in PyTorch {error_there!r}"
        return
    assert len(outs) == len(outs_there)
    for out, out_there in zip(outs, outs_there, strict=True):
        assert told(mt, root, x, out) == told(torch, there, x_there, out_there)
        np.testing.assert_array_equal(numbers(out), numbers(out_there))
        root.add_(100)
        there.add_(100)
        np.testing.assert_array_equal(numbers(out), numbers(out_there))
        if len(set(positions(out_there))) == out_there.numel():
            out.copy_(mt.arange(out.numel()).reshape(out.shape))
            out_there.copy_(torch.arange(out.numel()).reshape(out.shape))
            np.testing.assert_array_equal(numbers(root), numbers(there))


def positions(x):
    found = np.zeros(())
    for n, step in zip(x.shape, x.stride(), strict=True):
        found = found[..., None] + np.arange(n) * step
    return found.reshape(-1).tolist()


@pytest.mark.filterwarnings("ignore:.* deprecated on 0-D")
@pytest.mark.parametrize("move", MOVES)
def test_a_move_shares_memory_where_pytorchs_does(move):
    pytest.importorskip("torch")
    wrong = []
    for layout in LAYOUTS:
        try:
            check(layout, MOVES, move)
        except AssertionError as error:
            wrong.append(f"{layout}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("move", COMPLEX)
def test_parts_of_complex_tensors(move, layout):
    pytest.importorskip("torch")
    check(layout, COMPLEX, move, "complex64")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("move", PAIRS)
def test_pairs_as_complex_numbers(move, layout):
    pytest.importorskip("torch")
    check(layout, PAIRS, move)
