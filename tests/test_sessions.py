"""Statements as one types them at a prompt: draws, printing, types, metadata, memory, indices, gradients,
modules, optimisers.

Each group is one session, run on both libraries; after every statement all must agree (tests/statements.py).
"""

import ast

import pytest

import minitorch as mt
from tests.statements import differences, settle

pytestmark = pytest.mark.referee

SESSIONS = {
    "rand": """
x = torch.randn(3)
x
torch.randn(2, 3)
torch.randn(17)
torch.randn(5, 5, dtype=torch.float64)
torch.randn(3, dtype=torch.float16)
torch.randn(20, dtype=torch.bfloat16)
torch.randn(3, dtype=torch.complex64)
torch.randn(20, dtype=torch.complex64)
torch.rand(3, dtype=torch.complex128)
torch.rand(4)
torch.rand(4, dtype=torch.float64)
torch.rand(4, dtype=torch.float16)
torch.rand((2, 2), requires_grad=True)
torch.randint(10, (5,))
torch.randint(3, 10, (2, 2))
torch.randint(0, 2**40, (3,))
torch.randint(0, 5, (3,), dtype=torch.float32)
torch.randint(0, 5, (3,), dtype=torch.uint8)
torch.randint(5, 5, (3,))
torch.randint(0, 300, (3,), dtype=torch.uint8)
torch.randint_like(torch.zeros(3), 10)
torch.randint_like(torch.zeros(3), 2, 10)
torch.randn_like(torch.zeros(3))
torch.rand_like(torch.zeros(3, dtype=torch.float64))
torch.randn_like(torch.zeros(3, dtype=torch.int64))
torch.rand(3, dtype=torch.int64)
torch.randn(3, dtype=torch.int32)
torch.randperm(10)
torch.randperm(5, dtype=torch.int32)
torch.randperm(5, dtype=torch.float32)
torch.randperm(0)
torch.randperm(-1)
torch.normal(0., 1., (3,))
torch.normal(torch.zeros(3), torch.ones(3))
torch.normal(torch.arange(1., 11.), torch.arange(1, 0, -0.1))
torch.normal(mean=0.5, std=torch.arange(1., 6.))
torch.normal(mean=torch.arange(1., 6.))
torch.normal(mean=torch.arange(1., 6.), std=2.)
torch.normal(2, 3, size=(1, 4))
torch.normal(2., 3., size=(1, 4), dtype=torch.float64)
torch.normal(0., -1., (3,))
torch.normal(torch.zeros(3), -torch.ones(3))
torch.normal(torch.zeros(20, 2), torch.ones(2))
torch.bernoulli(torch.full((3, 3), 0.5))
torch.bernoulli(torch.full((3,), 0.5, dtype=torch.float64))
torch.bernoulli(torch.full((3,), 1.5))
torch.bernoulli(torch.zeros(3), 0.5)
torch.bernoulli(torch.zeros(3, dtype=torch.int64))
torch.zeros(3).bernoulli_(0.3)
torch.zeros(3, dtype=torch.int64).bernoulli_(0.3)
torch.zeros(3).bernoulli_(torch.tensor([0.1, 0.5, 0.9]))
torch.zeros(3).bernoulli_(2)
torch.multinomial(torch.tensor([0., 10, 3, 0]), 2)
torch.multinomial(torch.tensor([0., 10, 3, 0]), 4)
torch.multinomial(torch.tensor([0., 10, 3, 0]), 4, replacement=True)
torch.multinomial(torch.ones(3, 4), 3)
torch.multinomial(torch.ones(3, 4), 1)
torch.multinomial(torch.ones(3, 4), 5)
torch.multinomial(torch.ones(2, 3, 4), 5)
torch.multinomial(torch.ones(4, dtype=torch.int64), 1)
torch.multinomial(torch.ones(4), 0)
torch.multinomial(-torch.ones(4), 1)
torch.multinomial(torch.tensor([1., float('nan')]), 1)
torch.poisson(torch.tensor([1., 5., 20., 100.]))
torch.poisson(torch.rand(4, 4) * 5)
torch.poisson(torch.rand(4, dtype=torch.float64) * 50)
torch.poisson(torch.tensor([-1.]))
torch.poisson(torch.tensor([1, 2]))
torch.binomial(torch.tensor([100., 10.]), torch.tensor([0.5, 0.3]))
torch.binomial(torch.tensor([100., 10., 5., 1000.]), torch.tensor([0.01, 0.03, 0.9, 0.2]))
torch.zeros(5).uniform_()
torch.zeros(5).uniform_(-1, 1)
torch.zeros(5).uniform_(1, 0)
torch.zeros(5, dtype=torch.int64).uniform_()
torch.zeros(5).normal_()
torch.zeros(5).normal_(2, 3)
torch.zeros(20).normal_(2, 3)
torch.zeros(5).normal_(mean=2, std=-3)
torch.zeros(5, dtype=torch.int64).normal_()
torch.zeros(5).exponential_()
torch.zeros(5).exponential_(2.)
torch.zeros(5).exponential_(-2.)
torch.zeros(5).exponential_(lambd=.5)
torch.zeros(5).cauchy_()
torch.zeros(5).log_normal_()
torch.zeros(5).geometric_(0.3)
torch.zeros(5).geometric_(1.3)
torch.zeros(5, dtype=torch.int64).geometric_(0.3)
torch.zeros(5).random_()
torch.zeros(5).random_(10)
torch.zeros(5).random_(5, 10)
torch.zeros(5, dtype=torch.int64).random_()
torch.zeros(5, dtype=torch.uint8).random_()
torch.zeros(5, dtype=torch.int8).random_()
torch.zeros(5, dtype=torch.bool).random_()
torch.zeros(5, dtype=torch.int16).random_()
torch.zeros(5, dtype=torch.float16).random_()
torch.zeros(5, dtype=torch.float64).random_()
torch.zeros(5, dtype=torch.int64).random_(5, 3)
torch.zeros(3, 4).t().normal_()
torch.zeros(3, 8).t().uniform_()
torch.rand(3)
torch.nn.functional.dropout(torch.ones(10), 0.3)
torch.dropout(torch.ones(5), 0.5, True)
torch.nn.functional.rrelu(torch.randn(5), training=True)
torch.rand(3)
""",
    "generators": """
g = torch.Generator()
g.initial_seed()
g.manual_seed(5) is g
g.initial_seed()
g.device
torch.rand(3, generator=g)
torch.randn(3, generator=g)
torch.randperm(5, generator=g)
torch.randint(0, 10, (3,), generator=g)
torch.normal(0., 1., (3,), generator=g)
torch.multinomial(torch.ones(4), 2, generator=g)
torch.bernoulli(torch.full((3,), .5), generator=g)
torch.poisson(torch.full((3,), .5), generator=g)
torch.zeros(3).normal_(generator=g)
torch.zeros(3).uniform_(generator=g)
s = g.get_state()
s.shape
s.dtype
s
a = torch.rand(3, generator=g)
g.set_state(s) is g
torch.equal(a, torch.rand(3, generator=g))
h = g.clone_state()
torch.rand(2, generator=h)
torch.rand(2, generator=g)
g.seed() > 0
torch.Generator('cpu').device
torch.Generator(device='cpu').initial_seed()
g.manual_seed(-1).initial_seed()
g.manual_seed(2**63).initial_seed()
g.manual_seed(2**64)
g.manual_seed('a')
g.manual_seed(1.5)
g.set_state(torch.zeros(3))
g.set_state(torch.zeros(3, dtype=torch.uint8))
torch.initial_seed()
torch.manual_seed(7).initial_seed()
torch.initial_seed()
torch.random.initial_seed()
st = torch.get_rng_state()
st
st.shape
x = torch.randn(3)
torch.set_rng_state(st)
torch.equal(x, torch.randn(3))
torch.random.get_rng_state().sum()
torch.random.set_rng_state(st)
torch.randn(20)
torch.randn(3)
st2 = torch.get_rng_state()
st2
torch.random.fork_rng
with torch.random.fork_rng():
    y = torch.rand(3)
torch.rand(3)
torch.default_generator.initial_seed()
torch.random.default_generator.initial_seed()
torch.random.seed() > 0
torch.seed() > 0
torch.manual_seed(-5).initial_seed()
torch.rand(2)
torch.manual_seed(2**64)
torch.manual_seed('a')
torch.manual_seed(1.7)
torch.rand(1)
torch.manual_seed(True)
torch.manual_seed(2**40)
torch.rand(3)
torch.manual_seed(torch.tensor(3))
torch.rand(3)
torch.rand(3, generator=None)
torch.set_rng_state(torch.zeros(4))
torch.set_rng_state(st.clone())
torch.set_rng_state(st[:-1])
""",
    "printing": """
torch.set_printoptions(precision=2)
torch.tensor([1.12345, 2.3])
torch.set_printoptions(threshold=5)
torch.arange(10)
torch.arange(60.).reshape(3, 20)
torch.set_printoptions(profile='default')
torch.set_printoptions(linewidth=40)
torch.arange(30)
torch.arange(60.).reshape(3, 20)
torch.set_printoptions(profile='default')
torch.set_printoptions(edgeitems=1)
torch.arange(2000)
torch.zeros(50, 50)
torch.set_printoptions(profile='short')
torch.randn(3, 3)
torch.zeros(50, 50)
torch.set_printoptions(profile='full')
torch.arange(1100)
torch.set_printoptions(profile='default')
torch.set_printoptions(sci_mode=True)
torch.tensor([1., 2.])
torch.set_printoptions(sci_mode=False)
torch.tensor([1e-10, 2e10])
torch.set_printoptions(sci_mode=None)
torch.tensor([1e-10, 2e10])
torch.set_printoptions(profile='nope')
torch.set_printoptions(nope=1)
torch.tensor([])
torch.tensor([[]])
torch.zeros(0, 3)
torch.zeros(2, 0, dtype=torch.int64)
torch.tensor(1)
torch.tensor(1.5)
torch.tensor(True)
torch.tensor([True, False])
torch.tensor(1 + 2j)
torch.tensor([1 + 2j, 1e10 - 3j])
torch.tensor([1.5 + 2j, float('nan')])
torch.tensor([0.1j, 1e-8])
torch.tensor([1, 2], dtype=torch.int32)
torch.tensor([1, 2], dtype=torch.uint8)
torch.tensor([1., 2.], dtype=torch.float64)
torch.tensor([1., 2.], dtype=torch.float16)
torch.tensor([1., 2.5], dtype=torch.bfloat16)
torch.tensor([1., float('inf'), float('nan'), -float('inf')])
torch.tensor([1.5, float('inf'), float('nan'), -float('inf')])
torch.tensor([float('inf')])
torch.tensor([1e8])
torch.tensor([1e9, 1])
torch.tensor([99999999.])
torch.tensor([0.00001])
torch.tensor([1e-5, 1.])
torch.tensor([1e5, 1.5])
torch.tensor([1e4, 0.5])
torch.tensor([12345678, 1])
torch.tensor([-1, 10, 100])
torch.tensor([1.], requires_grad=True)
torch.tensor([1.], requires_grad=True) * 2
torch.tensor([1.], requires_grad=True).detach()
torch.tensor([1.], requires_grad=True).view(1, 1)
torch.tensor([[1.], [2.]], requires_grad=True)[0]
torch.tensor([1.], requires_grad=True, dtype=torch.float64).exp()
torch.nn.Parameter(torch.ones(2))
torch.nn.Parameter(torch.ones(2), requires_grad=False)
torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
torch.arange(2000.).reshape(2, 1000)
torch.zeros(1001)
torch.zeros(1000)
torch.zeros(10, 10, 11)
torch.zeros(2, 3, 4, 5)
torch.randn(2, 2, 2, dtype=torch.complex64)
torch.full((3,), 1e-45)
torch.full((3,), 3.4e38)
torch.tensor([-0.0, 0.0])
torch.tensor([1.0, -0.0001])
torch.arange(0, 1, 0.1)
torch.arange(20).reshape(4, 5).t()
torch.tensor([0.99999, 1.00001])
torch.tensor([999.9999, 1.])
torch.tensor(123456.789)
torch.tensor(1e-3)
torch.tensor([1000.5, 0.001])
torch.tensor([[1e-3, 1e3], [1, 2]])
str(torch.tensor(3.))
f"{torch.tensor(3.14159):.2f}"
f"{torch.tensor(3)}"
f"{torch.tensor(3):5d}"
f"{torch.tensor([3.])}"
f"{torch.tensor([3.]):.2f}"
f"{torch.tensor([3., 4.]):.2f}"
f"{torch.tensor(True)}"
f"{torch.tensor(3.14159, requires_grad=True):.2f}"
f"{torch.tensor(3.14159, requires_grad=True)}"
"%.3f" % torch.tensor(2.5)
"%d" % torch.tensor(2)
"%s" % torch.tensor(2)
"{:>10}".format(torch.tensor(2))
repr([torch.tensor(1), torch.tensor([2.])])
print({'a': torch.ones(2)})
print(torch.ones(2, 2), torch.Size([2, 3]))
print(torch.zeros(3).shape, torch.zeros(3).dtype, torch.zeros(3).device)
torch.finfo(torch.float32)
torch.finfo(torch.float16)
torch.finfo(torch.float64)
torch.finfo(torch.bfloat16)
torch.finfo(torch.complex64)
torch.finfo()
torch.iinfo(torch.uint8)
torch.iinfo(torch.int32)
torch.iinfo(torch.int64).max
torch.iinfo(torch.int8).min
torch.iinfo(torch.int8).bits
torch.iinfo(torch.int8).dtype
torch.iinfo(torch.float32)
torch.finfo(torch.int32)
torch.finfo(torch.float32).eps
torch.finfo(torch.float32).tiny
torch.finfo(torch.float32).smallest_normal
torch.finfo(torch.float32).resolution
torch.finfo(torch.float32).max
torch.finfo(torch.float32).min
torch.finfo(torch.float32).bits
torch.finfo(torch.float32).dtype
torch.finfo('float32')
torch.iinfo(torch.bool)
""",
    "types": """
torch.get_default_dtype()
torch.set_default_dtype(torch.float64)
torch.tensor([1.2]).dtype
torch.tensor([1.2 + 1j]).dtype
torch.zeros(3)
torch.randn(3)
torch.rand(2)
torch.arange(3.)
torch.arange(3) / 2
torch.linspace(0, 1, 3)
torch.eye(2)
torch.tensor([1.5], dtype=torch.float32)
torch.nn.Linear(2, 2).weight.dtype
torch.ones(2, dtype=torch.int64) * 1.5
torch.ones(2, dtype=torch.int64).sqrt()
torch.normal(0., 1., (2,))
torch.full((2,), 1.5)
torch.set_default_dtype(torch.float32)
torch.set_default_dtype(torch.int64)
torch.set_default_dtype('float32')
torch.set_default_dtype(torch.float16)
torch.zeros(2)
torch.tensor(1.5)
torch.set_default_dtype(torch.bfloat16)
torch.zeros(2)
torch.set_default_dtype(torch.complex64)
torch.set_default_dtype(torch.float32)
torch.is_tensor(torch.zeros(1))
torch.is_tensor(3)
torch.is_tensor(np.zeros(3))
torch.is_complex(torch.zeros(1, dtype=torch.complex64))
torch.is_complex(3)
torch.is_floating_point(torch.zeros(1))
torch.is_floating_point(3)
torch.is_nonzero(torch.tensor([0.]))
torch.is_nonzero(torch.tensor([True]))
torch.is_nonzero(torch.tensor([1, 2]))
torch.is_nonzero(torch.tensor([]))
torch.is_conj(torch.zeros(1))
torch.is_neg(torch.zeros(1))
torch.is_inference(torch.zeros(1))
torch.is_signed(torch.zeros(1, dtype=torch.uint8))
torch.is_same_size(torch.zeros(1), torch.ones(1))
torch.is_warn_always_enabled()
torch.is_grad_enabled()
torch.is_inference_mode_enabled()
torch.is_autocast_enabled()
torch.is_deterministic_algorithms_warn_only_enabled()
torch.are_deterministic_algorithms_enabled()
torch.typename(torch.zeros(1))
torch.typename(torch.zeros(1, dtype=torch.int64))
torch.typename(torch.zeros(1, dtype=torch.bool))
torch.typename(torch.zeros(1, dtype=torch.float16))
torch.typename(torch.zeros(1, dtype=torch.bfloat16))
torch.typename(torch.zeros(1, dtype=torch.complex64))
torch.typename(3)
torch.typename('a')
torch.typename(torch.nn.Parameter(torch.ones(1)))
torch.typename([1])
torch.typename(torch.nn.functional.relu)
torch.float32
torch.float
torch.double
torch.half
torch.long
torch.int
torch.short
torch.cfloat
torch.bool
torch.float32 == torch.float
torch.float32.is_floating_point
torch.float32.is_complex
torch.int8.is_signed
torch.uint8.is_signed
torch.float32.itemsize
torch.complex64.to_real()
torch.float32.to_complex()
torch.int32.to_complex()
torch.bool.to_real()
str(torch.float32)
hash(torch.float32) == hash(torch.float)
isinstance(torch.float32, torch.dtype)
torch.can_cast(torch.double, torch.float)
torch.can_cast(torch.float, torch.int)
torch.promote_types(torch.int32, torch.float32)
torch.promote_types(torch.uint8, torch.int8)
torch.result_type(torch.tensor([1, 2], dtype=torch.int), 1.0)
torch.result_type(torch.tensor([1, 2], dtype=torch.uint8), torch.tensor(1))
torch.device('cpu')
torch.device('cpu', 0)
torch.device('cpu:0')
torch.device('cpu').index
torch.device('cpu') == torch.device('cpu')
torch.device('cpu') == torch.device('cpu:0')
torch.device('cpu') == 'cpu'
torch.device('cpu:1')
torch.device(torch.device('cpu'))
torch.device(type='cpu')
torch.device(type='cpu', index=0)
torch.device('')
hash(torch.device('cpu')) == hash(torch.device('cpu'))
with torch.device('cpu'): z = torch.zeros(2)
torch.get_default_device()
torch.set_default_device('cpu')
torch.get_default_device()
torch.set_default_device(None)
torch.Size([2, 3])
torch.Size((2, 3)) == (2, 3)
torch.Size([2, 3]).numel()
torch.Size([])
torch.Size([]).numel()
torch.Size([2, 3]) + (4,)
(4,) + torch.Size([2, 3])
torch.Size([2, 3]) + [4]
torch.Size([2, 3]) * 2
2 * torch.Size([2, 3])
torch.Size([2, 3])[0]
torch.Size([2, 3])[1:]
torch.Size([2, 3])[:-1]
torch.Size(['a'])
torch.Size([1.5])
torch.Size(3)
torch.Size([torch.tensor(3)])
torch.Size([-1])
list(torch.Size([2, 3]))
tuple(torch.Size([2, 3]))
len(torch.Size([2, 3]))
torch.Size([2, 3]).count(2)
torch.Size([2, 3]).index(3)
isinstance(torch.zeros(2).shape, torch.Size)
type(torch.zeros(2).shape).__name__
torch.Size([2, 3]) == torch.Size([2, 3])
str(torch.Size([2]))
torch.pi
torch.inf
torch.nan
torch.e
torch.newaxis
torch.strided
torch.contiguous_format
torch.preserve_format
torch.channels_last
torch.zeros(1).layout
isinstance(torch.strided, torch.layout)
isinstance(torch.channels_last, torch.memory_format)
torch.FloatTensor
torch.FloatTensor([1, 2])
torch.FloatTensor(2, 3).shape
torch.LongTensor([1, 2])
torch.BoolTensor([True])
torch.Tensor([1, 2])
torch.Tensor(2, 3).shape
torch.Tensor()
torch.Tensor(3).shape
torch.Tensor(torch.zeros(2))
torch.Tensor([[1], [2]])
torch.DoubleTensor([1.5])
torch.zeros(3, device='cpu')
torch.zeros(3, device='cpu:0').device
torch.zeros(3, layout=torch.strided)
torch.zeros(3, pin_memory=False)
torch.zeros(2, out=torch.zeros(2))
torch.zeros(2, dtype=torch.int64, out=torch.zeros(2))
torch.zeros(-1)
torch.zeros(2, -3)
torch.zeros('a')
torch.zeros(1.5)
torch.zeros((2, 'a'))
torch.zeros(None)
torch.zeros()
torch.ones(2, dtype='float32')
torch.ones(2, dtype=float)
torch.ones(2, dtype=int)
torch.ones(2, dtype=bool)
torch.ones(2, dtype=np.float32)
torch.get_num_threads() > 0
torch.set_num_threads(1)
torch.get_num_interop_threads() > 0
torch.__version__ is not None
torch.get_float32_matmul_precision()
torch.set_float32_matmul_precision('high')
torch.use_deterministic_algorithms(True)
torch.use_deterministic_algorithms(False)
torch.set_warn_always(False)
torch.broadcast_shapes((2, 1), (1, 3))
torch.broadcast_shapes((2, 1), (3, 3))
torch.numel(torch.zeros(2, 3))
torch.broadcast_tensors(torch.zeros(2, 1), torch.zeros(3))
""",
    "metadata": """
x = torch.arange(24.).reshape(2, 3, 4)
x.storage_offset()
x[1].storage_offset()
x[1, 2:].storage_offset()
x[:, 1].storage_offset()
x.stride()
x.stride(0)
x.stride(-1)
x.stride(3)
x.stride(dim=1)
x.size()
x.size(0)
x.size(-1)
x.size(dim=1)
x.size(5)
x.shape
x.t
x.dim()
x.ndim
x.ndimension()
x.numel()
x.nelement()
x.nbytes
x.itemsize
x.element_size()
x.is_contiguous()
x.transpose(0, 1).is_contiguous()
x.is_contiguous(memory_format=torch.contiguous_format)
torch.zeros(2, 3, 4, 5).is_contiguous(memory_format=torch.channels_last)
torch.zeros(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).is_contiguous(memory_format=torch.channels_last)
torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last).stride()
x.is_contiguous(memory_format=torch.channels_last)
x.untyped_storage().nbytes()
x.untyped_storage().data_ptr() == x.data_ptr()
len(x.untyped_storage())
x.untyped_storage().size()
x[1].untyped_storage().nbytes()
x[1].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
x.storage().size()
x[1].data_ptr() - x.data_ptr()
x.tolist()
torch.tensor(3).tolist()
torch.tensor([True]).tolist()
torch.tensor([1 + 2j]).tolist()
torch.zeros(0, 2).tolist()
torch.zeros(2, 0).tolist()
torch.tensor(3).item()
torch.tensor([[3.5]]).item()
torch.tensor([1., 2.]).item()
torch.tensor([]).item()
torch.tensor(True).item()
torch.tensor(1j).item()
torch.tensor(2.5, dtype=torch.bfloat16).item()
len(x)
len(torch.tensor(1))
3. in x
100 in x
torch.tensor(3.) in x
'a' in x
None in x
[1] in x
bool(torch.tensor([1]))
bool(torch.tensor([1, 2]))
bool(torch.tensor([]))
bool(torch.tensor(0.))
bool(torch.tensor([[[0.]]]))
if torch.zeros(3): pass
not torch.tensor(0)
torch.tensor([1, 2]) and 1
int(torch.tensor(2.7))
int(torch.tensor([1, 2]))
float(torch.tensor(2))
float(torch.tensor([2]))
float(torch.tensor([2., 3.]))
complex(torch.tensor(2))
complex(torch.tensor(2 + 1j))
float(torch.tensor(2 + 1j))
int(torch.tensor(2 + 1j))
int(torch.tensor(2 + 0j))
int(torch.tensor(float('nan')))
[1, 2, 3][torch.tensor(1)]
[1, 2, 3][torch.tensor(1.)]
[1, 2, 3][torch.tensor([1])]
[1, 2, 3][torch.tensor(True)]
range(torch.tensor(3))
list(range(torch.tensor(3)))
x.is_shared()
x.is_pinned()
x.is_set_to(x)
x.is_set_to(x.view(2, 3, 4))
x.is_set_to(x.clone())
x.is_cpu
x.is_meta
x.is_mps
x.is_sparse
x.is_sparse_csr
x.is_quantized
x.is_mkldnn
x.is_nested
x.is_leaf
x.is_inference()
x.is_complex()
x.is_conj()
x.is_neg()
x.is_floating_point()
x.is_signed()
x.is_same_size(x)
x.is_nonzero()
x.is_xla
x.is_xpu
x.is_ipu
x.layout
x.device
x.get_device()
x.requires_grad
x.grad
x.grad_fn
x.output_nr
x.retains_grad
x.name
x.T.shape
x.mT.shape
torch.zeros(2, 3).T.shape
torch.zeros(2, 3).H.shape
x.H
x.mH.shape
x.real.shape
x.imag
torch.tensor([1 + 2j]).imag
x.dim_order()
x.transpose(0, 1).dim_order()
torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last).dim_order()
y = torch.arange(4.)
y.apply_(lambda v: v * 2)
y
y.map_(torch.ones(4), lambda a, b: a + b)
y
y.map2_(torch.ones(4), torch.ones(4), lambda a, b, c: a + b + c)
torch.ones(2, requires_grad=True).apply_(lambda v: v)
y.type()
y.type(torch.float64)
y.type('torch.DoubleTensor')
y.type(torch.DoubleTensor)
y.type('torch.LongTensor')
torch.zeros(1, dtype=torch.int32).type()
torch.zeros(1, dtype=torch.bool).type()
torch.zeros(1, dtype=torch.complex64).type()
y.type_as(torch.zeros(1, dtype=torch.int64))
y.is_distributed()
y.long()
y.int()
y.short()
y.char()
y.byte()
y.bool()
y.half()
y.bfloat16()
y.double()
y.cfloat()
y.cdouble()
y.float() is y
y.to(torch.float32) is y
y.to('cpu') is y
y.to(torch.float64)
y.to('cpu', torch.float64)
y.to(dtype=torch.int64)
y.to(torch.zeros(1, dtype=torch.float16))
y.to(torch.float32, copy=True) is y
y.to()
y.cpu() is y
y.numpy()
torch.ones(2, requires_grad=True).numpy()
torch.ones(2, requires_grad=True).numpy(force=True)
np.asarray(y)
np.array(y, dtype=np.int32)
y.__array__()
y.new_zeros(2)
y.new_ones((2, 3))
y.new_full((2,), 3)
y.new_tensor([1, 2])
y.new_empty(3).shape
y.new_zeros(2, dtype=torch.int64)
y.new_zeros((2,), requires_grad=True)
y.new(2).shape
y.new([1, 2])
y.clone()
y.data
y.detach()
y.requires_grad_()
y.requires_grad_(False)
y
y.resize_(3).shape
y.resize_as_(torch.zeros(2, 2)).shape
y.fill_(3)
y.zero_()
y.copy_(torch.ones(2, 2))
y.swapaxes(0, 1)
copy = __import__('copy')
copy.copy(y)
copy.deepcopy(y)
pickle = __import__('pickle')
pickle.loads(pickle.dumps(y))
dir(y)[:0]
y == None
y != None
y == 'a'
y.equal(y)
y is None
x.index_fill_(0, torch.tensor([0]), 1.).sum()
reversed(torch.arange(3))
list(reversed(torch.arange(3)))
list(torch.arange(3))
iter(torch.tensor(3))
next(iter(torch.arange(3)))
a, b = torch.arange(2)
a
a, b = torch.arange(3)
max(torch.arange(3))
sum(torch.arange(3))
sorted(torch.tensor([3, 1, 2]))
min(torch.tensor([3, 1, 2]), torch.tensor([3, 0, 2]))
abs(torch.tensor([-1]))
round(torch.tensor([1.55]), ndigits=1)
round(torch.tensor([1.55]), 1)
round(torch.tensor([1.55]))
divmod(torch.tensor([7]), 2)
7 // torch.tensor([2])
7 % torch.tensor([2])
2 ** torch.tensor([2])
torch.tensor([2]) ** -1
torch.tensor([2]) @ 3
~torch.tensor([True])
~torch.tensor([1.])
-torch.tensor([True])
torch.tensor([True]) - torch.tensor([True])
1 - torch.tensor([True])
torch.tensor([1]) << 2
torch.tensor([1.]) & 2
torch.tensor([1]) / 0
torch.tensor([1]) // 0
torch.tensor([1]) % 0
math.sqrt(torch.tensor(4.))
math.floor(torch.tensor(4.5))
import math
math.ceil(torch.tensor([4.5]))
x.foo = 3
x.grad = torch.ones(2)
x.grad = 3
x.grad = torch.ones_like(x)
x.grad
x.requires_grad = True
torch.arange(3).requires_grad = True
""",
    "indexing": """
x = torch.arange(24).reshape(2, 3, 4)
x[0]
x[0, 1]
x[0][1][2]
x[-1]
x[2]
x[0, 3]
x[0, 0, 0, 0]
x[..., 0]
x[0, ..., 0]
x[..., ...]
x[None].shape
x[:, None, :, 0].shape
x[0:1].shape
x[:, ::2].shape
x[::-1]
x[:, 5:].shape
x[torch.tensor([0, 1])].shape
x[[0, 1]].shape
x[[0, 1], [0, 2]]
x[(0, 1)]
x[torch.tensor([True, False])].shape
x[[True, False]].shape
x[x > 10]
x[x > 10].shape
x[True].shape
x[False].shape
x[torch.tensor(1)]
x[torch.tensor(1.)]
x[1.]
x['a']
x[np.array([0, 1])].shape
x[np.int64(1)].shape
x[:, torch.tensor([[0, 1], [1, 2]])].shape
x[torch.tensor([0]), :, torch.tensor([1])].shape
x[:, torch.tensor([0]), torch.tensor([1])].shape
x[torch.tensor([2])]
x[torch.tensor([-3])]
x[torch.tensor([True, False, True])]
x[torch.tensor([0, 1], dtype=torch.int32)].shape
x[torch.tensor([0, 1], dtype=torch.uint8)].shape
x[torch.tensor([[0, 1], [1, 0]], dtype=torch.int8)].shape
x[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]
x[slice(0, 2), slice(None)].shape
x[0:torch.tensor(1)].shape
x[0.5:2]
x[::0]
x[range(2)].shape
x[[]].shape
x[torch.tensor([], dtype=torch.int64)].shape
x[torch.tensor([])].shape
x[()].shape
x[None, None, ..., None].shape
torch.tensor(5)[0]
torch.tensor(5)[None]
torch.tensor(5)[...]
torch.tensor(5)[()]
torch.tensor(5)[True]
torch.tensor(5)[:]
y = torch.zeros(3, 4)
y[0] = 1
y[:, 1] = torch.arange(3.)
y[y == 0] = -1
y[[0, 2], [1, 3]] = 9
y
y[0] = torch.zeros(3)
y[0] = [1, 2, 3, 4]
y[0] = 'a'
y[5] = 1
y[0, 0] = torch.ones(2)
y[torch.tensor([0, 0])] = torch.tensor([[1.], [2.]])
y[..., -1] += 5
y
y[1:, 1:] *= 2
y
y[torch.tensor([True, False, True])] = 0
y
y[y > 3] = torch.tensor([1., 2.])
y[None] = 7
y
y[0, 0] = True
y[0] = np.arange(4)
y[0, 1] = np.float64(2.5)
y[0, 2] = 1j
y[[True, False, True], 1] = 5
y
y[torch.tensor([0, 1]), None] = 3
del y[0]
z = torch.zeros(3, dtype=torch.int64)
z[0] = 2.7
z[1] = True
z
z[0] = float('nan')
z[0] = torch.tensor(3.9)
z
w = torch.zeros(2, requires_grad=True)
w[0] = 1
v = w * 1
v[0] = 2
v
""",
    "storage": """
x = torch.arange(6.)
x.view(2,3).resize_(4)
x.clone().resize_(2,2)
x.clone().resize_((2,2))
x.clone().resize_([2,2])
x.clone().resize_(torch.Size([2,2]))
x.clone().resize_(2,'a')
x.clone().resize_()
torch.ones(2,requires_grad=True).resize_(1)
(torch.ones(2,requires_grad=True)*1).resize_(1)
x[2:].resize_(2)
x[2:].resize_(4)
x.view(2,3).t().resize_(2,3)
x.view(2,3).t().resize_(3,2)
x.clone().resize_(8)[:6]
x.clone().resize_as_(torch.zeros(2,2))
x.clone().resize_as_(3)
v = x[1:4]
v.resize_(2, 2)
v[0, 0] = 9
x
x.untyped_storage().nbytes()
x[1:].untyped_storage().tolist()[:5]
len(x.storage())
x.storage().data_ptr()==x.data_ptr()
x[2:].storage().tolist()
x[2:].storage()[0]
x.storage().dtype
x.storage().element_size()
x.untyped_storage().element_size()
x.untyped_storage() == x.untyped_storage()
x.untyped_storage()
x.storage()
x.untyped_storage().is_shared()
x[::2].untyped_storage().nbytes()
z = torch.zeros(0)
z.shape
z.stride()
""",
    "autograd": """
x = torch.tensor([1., 2.], requires_grad=True)
y = (x ** 2).sum()
y.backward()
x.grad
y.backward()
y.grad
x.sum().grad
x.backward()
torch.ones(2).backward()
torch.ones(1).sum().backward()
x.backward(torch.ones(3))
(x * 2).backward(torch.ones(2))
x.grad
x.grad.zero_()
x.grad = None
torch.autograd.grad((x ** 3).sum(), x)
torch.autograd.grad((x ** 3).sum(), x, create_graph=True)
torch.autograd.grad((x ** 3), x)
torch.autograd.grad((x ** 3).sum(), torch.ones(1))
z = torch.ones(1, requires_grad=True)
torch.autograd.grad((x ** 3).sum(), z)
torch.autograd.grad((x ** 3).sum(), z, allow_unused=True)
torch.autograd.grad((x ** 3).sum(), z, materialize_grads=True)
torch.autograd.grad((x ** 3).sum(), [x], grad_outputs=torch.tensor(2.))
torch.autograd.grad([x.sum(), (x*x).sum()], [x])
torch.autograd.backward((x * 2).sum())
torch.autograd.backward([x.sum(), x.prod()])
x.grad
torch.autograd.backward(x, torch.ones(2), inputs=[x])
torch.autograd.backward(x * 2, [torch.ones(2)], inputs=[])
x += 1
with torch.no_grad(): x += 1
x
x.data.mul_(2)
x
x.detach_()
x = torch.ones(2, requires_grad=True)
e = x.exp()
e.add_(1)
x.view(2).add_(1)
a = x.clone()
a.retain_grad()
a.sum().backward()
a.grad
a.retains_grad
h = x.register_hook(lambda g: g * 3)
x.grad = None
x.sum().backward()
x.grad
h.remove()
x.register_hook(3)
torch.ones(1).register_hook(lambda g: g)
with torch.inference_mode(): t = torch.ones(2)
t
t.is_inference()
t.requires_grad_()
t * x
with torch.no_grad(): q = x * 2
q.requires_grad
with torch.enable_grad(): q = x * 2
q
@torch.no_grad()
def f(v): return v * 2
f(x)
torch.set_grad_enabled(False)
x * 2
torch.set_grad_enabled(True)
x * 2
(x * 2).grad_fn.name()
x.grad_fn
(x * 2).detach().requires_grad
torch.tensor([1, 2], requires_grad=True)
torch.tensor(1., requires_grad=True).long()
torch.tensor(x)
torch.tensor(x, requires_grad=True)
torch.as_tensor(x) is x
x.new_tensor(x)
torch.autograd.functional.jacobian(lambda v: v ** 2, torch.tensor([1., 2.]))
torch.autograd.functional.hessian(lambda v: (v ** 3).sum(), torch.tensor([1., 2.]))
torch.autograd.functional.vjp(lambda v: v ** 2, torch.tensor([1., 2.]), torch.ones(2))
torch.autograd.functional.jvp(lambda v: v ** 2, torch.tensor([1., 2.]), torch.ones(2))
torch.autograd.functional.hvp(lambda v: (v ** 3).sum(), torch.tensor([1., 2.]), torch.ones(2))
torch.autograd.functional.vhp(lambda v: (v ** 3).sum(), torch.tensor([1., 2.]), torch.ones(2))
class Sq(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        ctx.save_for_backward(i)
        return i * i
Sq.apply(x)
Sq.apply(x).sum().backward()
x.grad
Sq()(x)
torch.autograd.gradcheck(Sq.apply, (torch.rand(3, dtype=torch.float64, requires_grad=True),))
torch.autograd.gradgradcheck(Sq.apply, (torch.rand(3, dtype=torch.float64, requires_grad=True),))
torch.autograd.Variable(torch.ones(1))
torch.autograd.Variable(torch.ones(1), requires_grad=True)
""",
    "nn": """
m = nn.Linear(3, 2)
m
m.weight
m.bias
m(torch.ones(1, 3))
m.extra_repr()
m.state_dict()
m.named_parameters
dict(m.named_parameters())
m.load_state_dict({'weight': torch.zeros(2, 3)})
m.load_state_dict({'weight': torch.zeros(2, 3)}, strict=False)
m.load_state_dict({'weight': torch.zeros(2, 4), 'bias': torch.zeros(2)})
m.load_state_dict({'weight': torch.zeros(2, 3), 'bias': torch.zeros(2), 'x': torch.zeros(1)})
m.load_state_dict(3)
m.train(False).training
m.eval().training
m.train('a')
m.double().weight.dtype
m.half().weight.dtype
m.to(torch.float32).weight.dtype
m.to(torch.int64)
m.requires_grad_(False).weight.requires_grad
m.zero_grad()
m.apply(lambda x: None)
m.foo
m.weight = torch.zeros(2)
m.weight = None
m.bias = nn.Parameter(torch.zeros(2))
m.register_parameter('w', 3)
m.register_parameter('a.b', None)
m.register_parameter('', None)
m.register_buffer('buf', torch.zeros(1))
m.register_buffer('weight', torch.zeros(1))
m.buf
list(m.buffers())
m.add_module('x', 3)
m.get_submodule('nope')
m.get_parameter('weight')
s = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1)))
s
s[0]
s[-1]
s[5]
s[0:2]
len(s)
print(s)
list(s.children())
[n for n, _ in s.named_modules()]
[n for n, _ in s.named_parameters()]
list(s.state_dict())
s.append(nn.Tanh())
s.insert(0, nn.Sigmoid())
s.extend([nn.Identity()])
s.pop(-1)
del s[0]
s
s(torch.ones(2, 5))
nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
nn.ModuleDict({'a': nn.Linear(1, 1)})
nn.ParameterList([torch.ones(1)])
nn.ParameterDict({'a': torch.ones(2)})
nn.Linear(0, 3)
nn.Linear(2, 3, bias=False)
nn.Linear(2, 3, dtype=torch.float64)
nn.Linear('a', 3)
nn.Linear(2, 3)(torch.ones(3))
nn.Linear(2, 3)(torch.ones(2).double())
nn.Dropout(0.5)
nn.Dropout(2)
nn.Dropout(0.5)(torch.ones(5))
nn.ReLU(inplace=True)
nn.LeakyReLU(0.2)
nn.GELU('tanh')
nn.GELU('foo')(torch.ones(1))
nn.Softmax(dim=1)
nn.Softmax()(torch.ones(2, 2))
nn.Flatten()
nn.Unflatten(1, (2, 2))
nn.PReLU()
nn.Hardtanh(1, -1)
nn.CrossEntropyLoss()
nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 5]))
nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 1, 2]))
nn.CrossEntropyLoss(reduction='foo')(torch.ones(2, 3), torch.tensor([0, 1]))
nn.CrossEntropyLoss(label_smoothing=2.)(torch.ones(2, 3), torch.tensor([0, 1]))
nn.MSELoss()(torch.ones(2, 1), torch.ones(2))
nn.BCELoss()(torch.tensor([2.]), torch.ones(1))
nn.BCEWithLogitsLoss()(torch.ones(2), torch.ones(3))
nn.NLLLoss()(torch.ones(2, 3), torch.ones(2))
nn.init.xavier_uniform_(torch.zeros(2, 3))
nn.init.xavier_uniform_(torch.zeros(2))
nn.init.kaiming_normal_(torch.zeros(2, 3), nonlinearity='relu')
nn.init.kaiming_normal_(torch.zeros(2, 3), nonlinearity='foo')
nn.init.kaiming_normal_(torch.zeros(2, 3), mode='foo')
nn.init.calculate_gain('leaky_relu', 0.2)
nn.init.orthogonal_(torch.zeros(3, 5))
nn.init.orthogonal_(torch.zeros(3))
nn.init.eye_(torch.zeros(3))
nn.init.sparse_(torch.zeros(4, 4), 0.5)
nn.init.trunc_normal_(torch.zeros(5))
nn.init.dirac_(torch.zeros(2, 2, 3))
p = nn.Parameter(torch.ones(3))
p.grad = torch.tensor([3., 4., 0.])
nn.utils.clip_grad_norm_([p], 1.0)
p.grad
nn.utils.clip_grad_value_([p], 0.3)
p.grad
nn.utils.parameters_to_vector([p])
nn.utils.vector_to_parameters(torch.zeros(3), [p])
p
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.w = nn.Parameter(torch.ones(2))
net = Net()
net
net(torch.ones(2))
nn.Module()(1)
class Bad(nn.Module):
    def __init__(self):
        self.a = nn.Linear(1, 1)
Bad()
class Bad2(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1)) * 2
        self.q = torch.ones(1)
Bad2().w
list(Bad2().parameters())
copy = __import__('copy')
copy.deepcopy(net)
sum(p.numel() for p in net.parameters())
net.a.weight.grad
net(torch.ones(2)).sum().backward()
net.a.weight.grad
""",
    "optim": """
w = nn.Parameter(torch.ones(3))
o = optim.SGD([w], lr=0.1)
o
o.param_groups
o.state_dict()
optim.SGD([w])
optim.SGD([w], lr=-1)
optim.SGD([w], lr=0.1, momentum=-1)
optim.SGD([w], lr=0.1, nesterov=True)
optim.SGD([], lr=0.1)
optim.SGD(w, lr=0.1)
optim.SGD([3], lr=0.1)
optim.SGD([w * 2], lr=0.1)
optim.SGD([{'params': [w], 'lr': 0.5}], lr=0.1)
optim.SGD([{'params': w}, {'params': w}], lr=0.1)
optim.SGD([('a', w)], lr=0.1)
optim.SGD([w, w], lr=0.1)
(w * 2).sum().backward()
o.step()
o.zero_grad()
w.grad
o.zero_grad(set_to_none=False)
a = optim.Adam([w], lr=0.1)
a
(w ** 2).sum().backward()
a.step()
a.state_dict()
a.load_state_dict(a.state_dict())
a.load_state_dict(o.state_dict())
a.add_param_group({'params': [nn.Parameter(torch.zeros(1))]})
a.add_param_group({'params': [w]})
a.add_param_group(3)
len(a.param_groups)
optim.Adam([w], betas=(1.0, 0.9))
optim.Adam([w], eps=-1)
optim.AdamW([w], weight_decay=0.1)
def closure():
    a.zero_grad()
    l = (w ** 2).sum()
    l.backward()
    return l
o.param_groups[0]['lr'] = 0.01
o
""",
}


def statements(session):
    """The statements of a session, each with its decorators."""
    lines, found = session.splitlines(), []
    for node in ast.parse(session).body:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
        found.append("\n".join(lines[first - 1 : node.end_lineno]))
    return found


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_session(name):
    torch = pytest.importorskip("torch")
    lines = statements(SESSIONS[name])
    try:
        found = list(differences(lines, torch, gaps=False))
    finally:
        settle(mt)
        settle(torch)
    assert not found, "\n\n".join(found)
