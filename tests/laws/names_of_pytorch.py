"""The names that test_names.py holds, calls in usual and unusual spelling, and where we differ with a reason."""

FUNCTIONS = """
    abs acos asin atan atan2 ceil clamp clamp_min clamp_max clip cos cosh deg2rad div erf erfc erfinv exp exp2 expm1
    floor floor_divide fmod frac heaviside hypot isclose isfinite isinf isnan lerp lgamma digamma log log10 log1p log2
    logaddexp logaddexp2 logit maximum minimum fmax fmin mul multiply divide subtract negative positive nan_to_num neg
    pow float_power rad2deg reciprocal remainder round rsqrt sigmoid sign sgn sin sinc sinh sqrt square sub tan tanh
    true_divide trunc fix xlogy addcmul addcdiv where copysign logical_and logical_or logical_xor logical_not
    bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift eq ne lt le gt ge greater
    greater_equal less less_equal not_equal equal allclose absolute arccos arcsin arctan arctan2 arccosh arcsinh arctanh
    acosh asinh atanh add rsub nextafter ldexp frexp relu selu celu rrelu prelu softmax log_softmax isposinf isneginf
    isreal isin mvlgamma sum mean prod amax amin max min argmax argmin all any std var std_mean var_mean median
    nanmedian mode quantile nansum nanmean norm logsumexp cumsum cumprod cummax cummin logcumsumexp count_nonzero
    aminmax unique unique_consecutive bincount histc histogram diff trapezoid trapz cumulative_trapezoid dist renorm
    sort argsort topk kthvalue msort searchsorted bucketize reshape flatten unflatten squeeze unsqueeze permute
    transpose t movedim moveaxis swapaxes swapdims broadcast_to broadcast_tensors broadcast_shapes tile
    repeat_interleave roll flip fliplr flipud rot90 cat concat concatenate stack hstack vstack row_stack dstack
    column_stack split split_with_sizes hsplit vsplit dsplit chunk tensor_split unbind narrow select diagonal diag
    diag_embed diagflat tril triu tril_indices triu_indices meshgrid atleast_1d atleast_2d atleast_3d block_diag
    cartesian_prod combinations as_strided clone ravel adjoint squeeze_copy select_scatter slice_scatter
    diagonal_scatter as_strided_scatter gather scatter scatter_add scatter_reduce index_select index_add index_copy
    index_fill index_put index_reduce masked_select masked_fill masked_scatter take take_along_dim nonzero argwhere put
    unravel_index matmul mm bmm mv dot vdot outer ger inner addmm addmv addbmm baddbmm addr einsum tensordot kron cdist
    trace matrix_exp cholesky qr svd pinverse inverse det slogdet logdet matrix_power lu lu_solve lu_unpack
    triangular_solve cholesky_solve cholesky_inverse chain_matmul cross real imag angle conj conj_physical resolve_conj
    resolve_neg view_as_real view_as_complex is_complex numel is_floating_point is_tensor result_type promote_types
    can_cast cov corrcoef nanquantile vander signbit gcd lcm polygamma i0 complex polar arange linspace logspace zeros
    ones full empty eye zeros_like ones_like full_like empty_like rand_like randn_like randint_like rand randn randint
    randperm normal bernoulli multinomial poisson binomial from_numpy scalar_tensor tensor as_tensor asarray frombuffer
    is_nonzero is_signed is_inference is_conj is_neg is_same_size detach stft istft set_grad_enabled typename
    empty_strided dropout
""".split()

METHODS = """
    abs acos asin atan atan2 ceil clamp clamp_min clamp_max clip cos cosh deg2rad div erf erfc erfinv exp exp2 expm1
    floor floor_divide fmod frac heaviside hypot isclose isfinite isinf isnan lerp lgamma digamma log log10 log1p log2
    logaddexp logaddexp2 logit maximum minimum fmax fmin mul multiply divide subtract negative positive nan_to_num neg
    pow float_power rad2deg reciprocal remainder round rsqrt sigmoid sign sgn sin sinc sinh sqrt square sub tan tanh
    true_divide trunc fix xlogy addcmul addcdiv where copysign logical_and logical_or logical_xor logical_not
    bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift eq ne lt le gt ge greater
    greater_equal less less_equal not_equal equal allclose absolute arccos arcsin arctan arctan2 arccosh arcsinh arctanh
    acosh asinh atanh add nextafter ldexp frexp relu prelu softmax log_softmax isposinf isneginf isreal mvlgamma sum
    mean prod amax amin max min argmax argmin all any std var median nanmedian mode quantile nansum nanmean norm
    logsumexp cumsum cumprod cummax cummin logcumsumexp count_nonzero aminmax unique unique_consecutive bincount histc
    histogram diff dist renorm sort argsort topk kthvalue msort reshape view flatten unflatten squeeze unsqueeze permute
    transpose t movedim moveaxis swapaxes swapdims expand expand_as broadcast_to repeat tile repeat_interleave roll flip
    fliplr flipud rot90 split split_with_sizes hsplit vsplit dsplit chunk tensor_split unbind narrow select diagonal
    diag diag_embed diagflat tril triu unfold as_strided contiguous clone ravel view_as reshape_as adjoint
    select_scatter slice_scatter diagonal_scatter as_strided_scatter gather scatter scatter_add scatter_reduce
    index_select index_add index_copy index_fill index_put index_reduce masked_select masked_fill masked_scatter take
    take_along_dim nonzero argwhere put matmul mm bmm mv dot vdot outer ger inner addmm addmv addbmm baddbmm addr kron
    trace matrix_exp cholesky qr svd pinverse inverse det slogdet logdet matrix_power lu lu_solve triangular_solve
    cholesky_solve cholesky_inverse cross real imag angle conj conj_physical resolve_conj resolve_neg is_complex numel
    is_floating_point cov corrcoef nanquantile signbit gcd lcm polygamma i0 bernoulli multinomial is_nonzero is_signed
    is_inference is_conj is_neg is_same_size detach stft istft size stride dim ndimension nelement element_size
    storage_offset data_ptr is_contiguous type_as type to fill_ zero_ copy_ random_ requires_grad_ detach_ set_ uniform_
    normal_ exponential_ cauchy_ log_normal_ geometric_ bernoulli_ new_zeros new_ones new_full new_empty new_tensor item
    tolist numpy cpu cuda float double half long int short char byte bool backward register_hook retain_grad index_put_
    masked_fill_ fill_diagonal_ sum_to_size apply_ map_ addmm_ new T mT H mH data grad shape dtype device
""".split()

SPACES = {
    "linalg": """
        norm vector_norm matrix_norm det slogdet inv inv_ex solve solve_ex solve_triangular cholesky cholesky_ex qr eigh
        eigvalsh eig eigvals svd svdvals pinv lstsq matrix_power matrix_rank multi_dot lu lu_factor lu_factor_ex
        lu_solve cross vecdot matrix_exp cond tensorinv tensorsolve vander diagonal householder_product matmul
    """.split(),
    "fft": """
        fft ifft rfft irfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift ifftshift fftfreq rfftfreq hfft
        ihfft hfft2 ihfft2 hfftn ihfftn
    """.split(),
    "special": """
        airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u
        chebyshev_polynomial_v chebyshev_polynomial_w digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammainc
        gammaincc gammaln hermite_polynomial_h hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l
        legendre_polynomial_p log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0 modified_bessel_i1
        modified_bessel_k0 modified_bessel_k1 multigammaln ndtr ndtri polygamma psi round scaled_modified_bessel_k0
        scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u
        shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w sinc softmax spherical_bessel_j0 xlog1py xlogy
        zeta
    """.split(),
}

#: In-place methods that are not here: they would resize memory under a tensor, or are for sparse layouts.
NO_TWIN = {"resize_", "resize_as_", "resize_as_sparse_", "sparse_resize_", "sparse_resize_and_clear_"}
#: Names whose Python parser was written by hand, apart from the schemas.
NOT_FROM_SCHEMAS = {"nonzero"}
#: Name -> what an overload has and we have not.
DIFFERS: dict[str, set[str]] = {
    **{key: {"no out"} for key in ("softmax", "log_softmax", "threshold", "isin", "lstsq")},
    **{key: {"no out_dtype"} for key in ("mm", "bmm", "addmm", "baddbmm")},  # for the tensor cores of a GPU
    **{key: {"default of padding"} for key in ("conv1d", "conv2d", "conv3d")},  # 0, and "valid" says the same
    **{key: {"default of dim"} for key in ("amax", "amin")},  # (): all of them
    **{key: {"no generator"} for key in ("rrelu", "rrelu_")},
    "layer_norm": {"no cudnn_enable"},  # accepted, and changes nothing
    "batch_norm": {"no cudnn_enabled"}, "group_norm": {"no cudnn_enabled"}, "instance_norm": {"no cudnn_enabled"},
    "expand": {"no implicit"},
}  # fmt: skip
#: Python functions that take `*args`, or that we give more names than PyTorch does.
OWN_PARAMETERS = {"einsum", "unique", "unique_consecutive", "lu"}

#: `f` is the module; x ones (2, 3), v [1., 2.], i [[0, 1]], b [True, False], A the identity of size 3.
CALLS = """
f.maximum(x, 1)
f.minimum(x, 1.)
f.fmax(x, 1)
f.atan2(x, 1)
x.atan2(1)
f.hypot(x, 1)
f.logaddexp(x, 1)
f.nextafter(x, 1)
f.copysign(x, 1)
f.copysign(1, x)
f.heaviside(x, 1)
f.gcd(i, 2)
f.ldexp(x, 2)
f.mul(x, 2)
f.mul(2, x)
f.add(1, x)
f.sub(1, x)
f.div(1, x)
f.pow(2, x)
f.pow(2, 2)
f.float_power(2, x)
f.remainder(2, x)
f.fmod(2, x)
f.fmod(x, 2)
f.floor_divide(2, x)
f.true_divide(2, x)
f.where(v>1, 1., v)
f.where(v>1, v, 1)
f.where(v>1, 1, 2)
f.where(v>1, 1)
f.where(1, v, v)
f.bitwise_and(1, i)
f.bitwise_and(i, 1)
f.logical_and(i, 1)
f.logical_xor(v, 1.)
f.xlogy(2, v)
f.xlogy(v, 2)
f.eq(1, v)
f.eq(v, 1)
f.eq(v, '1')
v == '1'
v == None
f.lt(v, None)
f.lerp(v, 1, 0.5)
f.lerp(v, v, 0.5)
f.clamp(v, 0, 1)
f.clamp(v)
f.clamp(v, '0')
f.clamp(v, v, 1)
f.clip(v)
f.clamp_min(v, None)
f.sum(x, keepdim=1)
f.sum(x, 0, 1)
f.sum(x, True)
f.sum(x, 1.0)
f.sum(x, '0')
f.sum(x, dim=None)
f.sum(x, None)
f.sum(x, dim=(0, 1))
f.sum(x, [0, 1.])
f.sum(x, [0, True])
f.sum(x, 0, True, None)
f.sum()
f.sum(1)
f.sum(x, foo=1)
f.sum(x, 0, foo=1)
f.sum(x, 0, dim=1)
f.median(x, None)
f.median(None)
f.median(x, 0)
x.median(None)
f.max(x, None)
f.max(x, 1.)
f.max(x, '1')
f.max(x, 0, 1)
f.max(x, 1, keepdim=True)
f.max(x, x)
f.max(x, keepdim=True)
f.max(x, (0, 1))
f.max(x, True)
f.mean(x, None)
f.mean(x, None, True)
f.mean(x, keepdim=True)
f.prod(x, None)
f.prod(x, (0,1))
f.prod(x, 0)
f.prod(x, dim=0)
f.prod(x, keepdim=True)
f.all(x, None)
f.all(x, (0,1))
f.any(x, keepdim=True)
f.argmax(x, 1.)
f.argmax(x, None, True)
f.argmax(x, keepdim=1)
f.std(x, True)
f.std(x, 1)
f.std(x, False)
f.std(x, 0, False)
f.std(x, 0, 1)
f.std(x, unbiased=False)
f.std(x, unbiased=0)
f.std(x, dim=0, correction=0)
f.std(x, (0,1), True, True)
f.var(x, None, True)
f.amax(x)
f.amax(x, None)
f.amax(x, dim=(0,1))
f.amax(x, True)
f.logsumexp(x)
f.logsumexp(x, 0)
f.logsumexp(x, None)
f.cumsum(x, axis=0)
x.cumsum(axis=0)
x.cumsum()
f.cumsum(x)
f.cumsum(x, None)
f.cumsum(x, 1.)
f.cumsum(x, True)
f.cumsum(x, (0,))
f.cumsum(x, '0')
f.cumsum(x, 0, 1)
f.cumsum(x, 0, f.float64)
f.cumsum(input=x, dim=0)
f.cumsum(x=x, dim=0)
f.cumsum(a=x, dim=0)
f.cumsum(self=x, dim=0)
f.concatenate([v, v], axis=0)
f.cat([v, v], axis=0)
f.cat([v, 1])
f.cat(v)
f.cat((v, v), 0)
f.cat(tensors=[v, v])
f.cat(v, v)
f.stack([v, v], axis=1)
f.stack(v)
f.softmax(x, axis=1)
f.softmax(x)
f.softmax(x, 0.)
f.softmax(x, None)
f.exp()
f.exp(x, x)
f.exp(1)
f.exp(None)
f.exp('a')
f.exp([1.])
f.exp(x, foo=2)
f.exp(x=x)
f.exp(self=x)
f.exp(input=x)
f.exp(x, input=x)
f.mul(x)
f.mul(x, x, x)
f.mul(x, y=x)
f.mul(x, x2=x)
f.mul(x1=x, x2=x)
f.mul(x, 'a')
f.mul(x, [1])
f.mul(x, None)
f.add(x, x, 2)
f.add(x, x, alpha='a')
f.add(x, x, alpha=v)
f.add(x, 2, x)
f.add(x, 2, alpha=2)
f.sub(x, True)
f.matmul(x, 1)
f.mm(x, 1)
f.mm(b, b)
f.mm(b[None], b[:, None])
f.dot(v, 1)
f.addmm(x, x, A, 2)
f.addmm(2, x, x, A)
f.gather(x, 0., i)
f.gather(x, 0, v)
f.gather(x, 0, 1)
f.gather(x, dim=0, index=i)
f.gather(x, axis=0, index=i)
f.scatter(x, 0, i, 1.)
f.scatter(x, 0, i, value=1.)
f.scatter(x, 0, i, src=x)
f.scatter(x, 0, i, src=x, reduce='add')
f.scatter(x, 0, i)
f.index_select(x, 0, 0)
f.index_select(x, '0', i)
f.masked_fill(v, b, v)
f.masked_fill(v, b, None)
f.masked_fill(v, b, 'a')
f.masked_fill(v, 1, 1.)
f.masked_select(v, 1)
f.take(v, 1)
f.nonzero(v, as_tuple=True)
f.nonzero(v, as_tuple=1)
f.topk(v, 1.)
f.topk(v, 1)
f.topk(v, 1, largest=1)
f.topk(v, k=1, axis=0)
f.sort(v, descending=1)
f.sort(v, 0, True)
f.sort(v, stable=True)
f.sort(v, 0, True, True)
f.sort(v, None)
f.argsort(v, stable=True)
f.kthvalue(v, 1.)
f.reshape(x, 6)
f.reshape(x, (6,))
f.reshape(x, 3, 2)
f.reshape(x, shape=(6,))
x.reshape(3., 2)
x.reshape((3., 2))
x.reshape('a')
x.reshape(None)
x.reshape()
x.reshape(shape=(6,))
x.reshape([3, 2])
x.reshape((3, 2), 1)
x.reshape(True)
x.view(3., 2)
x.view(3, 2)
x.view(size=(3,2))
x.view()
x.view(f.int32)
x.view('a')
f.flatten(x, 0.)
f.flatten(x, start_dim=0, end_dim=-1)
f.squeeze(x, 1.)
f.squeeze(x, None)
f.squeeze(x, (0,))
f.squeeze(x, True)
f.unsqueeze(x)
f.unsqueeze(x, 1.)
f.unsqueeze(x, axis=0)
x.permute(1., 0)
f.permute(x, 1, 0)
f.permute(x, (1, 0))
f.permute(x, dims=(1, 0))
x.permute(dims=(1, 0))
f.transpose(x, 0)
f.transpose(x, 0, 1.)
f.transpose(x, dim0=0, dim1=1)
f.transpose(x, axis0=0, axis1=1)
f.swapaxes(x, axis0=0, axis1=1)
f.swapaxes(x, dim0=0, dim1=1)
f.swapdims(x, dim0=0, dim1=1)
f.movedim(x, source=0, destination=1)
f.movedim(x, 0., 1)
x.expand(2., 3)
x.expand((2, 3))
x.expand(2, 3, implicit=False)
x.expand(size=(2, 3))
f.broadcast_to(x, (2, 3))
f.broadcast_to(x, size=(2, 3))
x.repeat(2.)
x.repeat(2, 2)
x.repeat(repeats=(2, 2))
x.tile(2, 2)
f.tile(x, 2, 2)
f.tile(x, (2, 2))
f.roll(x, 1.)
f.roll(x, 1, 0)
f.roll(x, (1, 1), (0, 1))
f.roll(x, shifts=1, dims=0)
f.flip(x, 0)
f.flip(x, (0, 1))
f.flip(x, dims=(0,))
f.flip(x)
x.flip(0, 1)
x.flip(0.)
f.rot90(x, 1.)
f.split(x, [1, 1])
x.split([1, 1], dim=0)
f.chunk(x, 2.)
f.chunk(x, chunks=2, dim=0)
f.tensor_split(x, 2)
f.tensor_split(x, (1,))
f.tensor_split(x, sections=2)
f.tensor_split(x, indices=(1,))
f.tensor_split(x, 2.)
f.hsplit(x, 3)
f.narrow(x, 0, 0, 1)
f.narrow(x, 0, 0., 1)
f.narrow(x, dim=0, start=0, length=1)
f.select(x, 0, 0)
f.select(x, 0, 0.)
f.select(x, 0, f.tensor(0))
f.diagonal(x, 0.)
f.diag(v, 1.)
f.tril(x, 1.)
f.meshgrid(v, v, indexing='zz')
f.meshgrid([v, v], indexing='ij')
f.unbind(x, 0.)
f.einsum('ij->i', x)
f.einsum('ij->i', [x])
f.norm(x)
f.norm(x, 2, 1)
f.norm(x, p='zz')
x.norm(p=2, dim=1, keepdim=True)
f.linalg.norm(x, 'zz')
f.linalg.norm(1)
f.linalg.norm(input=x)
f.linalg.norm(A=x)
f.linalg.vector_norm(x, dim=1)
f.linalg.eigh(f.eye(2).long())
f.linalg.cholesky(input=A)
f.linalg.cholesky(A=A)
f.linalg.lstsq(A, b=A)
f.linalg.lstsq(A, B=A)
f.linalg.solve_triangular(input=A, B=A, upper=True)
f.quantile(v, 0.5)
f.quantile(v, 2)
f.unique(v, return_inverse=True)
f.unique(v, True, True)
f.bincount(v)
f.histc(v, 3.)
f.diff(v, 1, 0)
f.trapezoid(v, v, dim=0)
f.trapezoid(v, dx=2)
f.trapezoid(v, v, dx=2)
f.isclose(v, 1)
f.allclose(v, 1)
f.equal(v, 1)
f.isin(v, 1)
f.isin(1, v)
f.isin(v, [1])
f.searchsorted(v, 1.5)
f.searchsorted(v, v, right=1)
f.bucketize(1.5, v)
f.count_nonzero(v, 0.)
f.round(v, decimals=1)
f.round(v, 1)
f.round(v, decimals=1.)
f.nan_to_num(v, 'a')
f.polygamma(1, v)
f.polygamma(v, 1)
f.addcmul(v, v, v, value='a')
f.addcmul(v, v, v, 2)
f.addcmul(v, 2, v, v)
f.dist(v, v, 'a')
f.kron(x, 1)
f.outer(v, 1)
f.bmm(x[None], 1)
f.repeat_interleave(v, 2)
f.repeat_interleave(v, 2.)
f.masked_scatter(v, b, 1)
f.index_add(v, 0, f.tensor([0]), 1)
f.index_add(v, 0, f.tensor([0]), v[:1], alpha='a')
f.cumprod(v, dim=0, dtype='float32')
f.sum(v, dtype='float32')
f.sum(v, dtype=float)
f.sum(v, out=1)
f.exp(v, out=[v])
f.complex(v, 1)
f.polar(v, 1)
f.nn.functional.relu(input=v)
f.nn.functional.relu(v, inplace=1)
f.sigmoid(1)
f.vdot(v, 1)
f.multinomial(v, 1.)
f.zeros(2.)
f.zeros('a')
f.zeros(2, dtype='float32')
f.arange('a')
f.eye(2.)
f.ones(size=(2,))
f.full((2,), 'a')
f.full(2, 1.)
f.tril_indices(2., 2)
""".strip().splitlines()
