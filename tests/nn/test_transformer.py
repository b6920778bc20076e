"""Encoder and decoder: PyTorch's numbers from the same seed, its texts and its refusals; and models as public code has them."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits
from tests.twins import compare, outcome, warned

#: Both say at length why padding stays, and PyTorch that its nested tensors are new.
pytestmark = [pytest.mark.filterwarnings("ignore:enable_nested_tensor"), pytest.mark.filterwarnings("ignore:The PyTorch API of nested")]


def drawn(lib, *shapes, seed=0, dtype="float64"):
    random = np.random.default_rng(seed)
    return [lib.tensor(random.normal(size=shape)).to(getattr(lib, dtype)).requires_grad_() for shape in shapes]


def pulled(lib, out, inputs):
    """A result and its gradients."""
    (cotangent,) = drawn(lib, tuple(out.shape), seed=7, dtype=str(out.dtype).split(".")[1])
    return [out, *lib.autograd.grad(out, inputs, cotangent.detach())]


def triangle(lib, size, kind):
    """A causal mask, of bools or of numbers."""
    if kind == "bool":
        return lib.ones(size, size, dtype=lib.bool).triu(1)
    return lib.nn.Transformer.generate_square_subsequent_mask(size, dtype=lib.float64)


OPTIONS = [
    {}, {"norm_first": True}, {"batch_first": True}, {"activation": "gelu"}, {"bias": False}, {"layer_norm_eps": 0.1},
    {"dropout": 0.0, "norm_first": True, "batch_first": True, "bias": False},
]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", ["Encoder", "Decoder"])
def test_a_layer_is_pytorchs(kind, options, training):
    def scenario(lib):
        lib.manual_seed(4)
        layer = getattr(lib.nn, f"Transformer{kind}Layer")(4, 2, 6, **options)
        start = [*layer.state_dict().values()]
        layer = layer.double().train(training)
        first = options.get("batch_first", False)
        x, memory = drawn(lib, (2, 3, 4) if first else (3, 2, 4), (2, 5, 4) if first else (5, 2, 4))
        padding = lib.tensor([[False, False, True], [False] * 3])
        given = (x, memory) if kind == "Decoder" else (x,)
        name = "tgt" if kind == "Decoder" else "src"
        found = [start, repr(layer), list(layer.state_dict())]
        for masks in ({}, {f"{name}_mask": triangle(lib, 3, "bool")}, {f"{name}_key_padding_mask": padding},
                      {f"{name}_mask": triangle(lib, 3, ""), "is_causal" if kind == "Encoder" else "tgt_is_causal": True}):  # fmt: skip
            found += pulled(lib, layer(*given, **masks), [*given, *layer.parameters()])
        return [*found, lib.rand(1)]

    compare(scenario, tolerance=1e-7)


@pytest.mark.referee
@pytest.mark.parametrize("activation", ["silu", "function", "module", "relu module", "gelu module"])
def test_the_activation_may_be_a_function_or_a_module(activation):
    def scenario(lib):
        lib.manual_seed(4)
        given = {"silu": lib.nn.functional.silu, "function": lambda x: x * x, "module": lib.nn.Tanh(),
                 "relu module": lib.nn.ReLU(), "gelu module": lib.nn.GELU()}[activation]  # fmt: skip
        layer = lib.nn.TransformerEncoderLayer(4, 2, 6, activation=given).double().eval()
        (x,) = drawn(lib, (3, 2, 4))
        return [layer(x), repr(layer), layer.activation_relu_or_gelu]

    compare(scenario, tolerance=1e-6)


@pytest.mark.referee
def test_copies_in_a_stack_start_equal_and_are_separate():
    def scenario(lib):
        lib.manual_seed(4)
        layer = lib.nn.TransformerEncoderLayer(4, 2, 6, batch_first=True)
        stack = lib.nn.TransformerEncoder(layer, 3, lib.nn.LayerNorm(4))
        weights = [part.linear1.weight for part in stack.layers]
        return [list(stack.state_dict()), repr(stack), stack.num_layers, [bool((w == weights[0]).all()) for w in weights],
                len({id(w) for w in (*weights, layer.linear1.weight)}), lib.rand(1)]  # fmt: skip

    compare(scenario)


MASKS = [
    {}, {"tgt_mask": "bool"}, {"tgt_mask": "number", "tgt_is_causal": True}, {"src_mask": "number", "tgt_mask": "number"},
    {"src_key_padding_mask": True, "memory_key_padding_mask": True}, {"tgt_key_padding_mask": True, "memory_mask": True},
]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("masks", MASKS, ids=str)
@pytest.mark.parametrize("options", [{}, {"batch_first": True, "norm_first": True, "activation": "gelu"}, {"bias": False}], ids=str)
def test_the_whole_is_pytorchs(options, masks):
    def scenario(lib):
        lib.manual_seed(4)
        model = lib.nn.Transformer(4, 2, 2, 2, 6, **options)
        start = [*model.state_dict().values()]
        model = model.double()
        first = options.get("batch_first", False)
        src, tgt = drawn(lib, (2, 5, 4) if first else (5, 2, 4), (2, 3, 4) if first else (3, 2, 4))
        given = {}
        for name, kind in masks.items():
            size = 3 if name.startswith("tgt") else 5
            if name.endswith("padding_mask"):
                given[name] = lib.arange(size).expand(2, size) > lib.tensor([[size - 2], [size]])
            elif name == "memory_mask":
                given[name] = lib.tensor(np.random.default_rng(2).normal(size=(3, 5)))
            else:
                given[name] = kind if kind is True else triangle(lib, size, kind)
        return [start, repr(model), list(model.state_dict()), *pulled(lib, model(src, tgt, **given), [src, tgt, *model.parameters()])]

    compare(scenario, tolerance=1e-6)


@pytest.mark.referee
def test_without_a_batch():
    def scenario(lib):
        lib.manual_seed(4)
        model = lib.nn.Transformer(4, 2, 1, 1, 6, batch_first=True).double()
        src, tgt = drawn(lib, (5, 4), (3, 4))
        return pulled(lib, model(src, tgt, tgt_mask=triangle(lib, 3, "bool")), [src, tgt])

    compare(scenario, tolerance=1e-6)


@pytest.mark.referee
@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("lengths", [(3, 5), (4, 2), (2, 1)])
def test_padding_in_evaluation_without_gradients(lengths, nested):
    """PyTorch then takes another path, in which padding becomes 0."""

    def scenario(lib):
        lib.manual_seed(4)
        layer = lib.nn.TransformerEncoderLayer(4, 2, 6, batch_first=True)
        stack = lib.nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested).eval()
        (x,) = drawn(lib, (2, 5, 4), dtype="float32")
        padding = lib.arange(5).expand(2, 5) >= lib.tensor(lengths)[:, None]
        with lib.no_grad():
            found = stack(x, src_key_padding_mask=padding)
            scattered = stack(x, src_key_padding_mask=padding.flip(1))
        return [found, scattered] if nested else [found[padding.logical_not()]]

    compare(scenario, tolerance=1e-5)


@pytest.mark.referee
def test_a_sequence_of_padding_alone_is_zero():
    def scenario(lib):
        lib.manual_seed(4)
        stack = lib.nn.TransformerEncoder(lib.nn.TransformerEncoderLayer(4, 2, 6, batch_first=True), 2).eval()
        (x,) = drawn(lib, (2, 5, 4), dtype="float32")
        with lib.no_grad():
            return stack(x, src_key_padding_mask=lib.tensor([[True] * 5, [False] * 5]))

    compare(scenario, tolerance=1e-5)


@pytest.mark.referee
def test_refusals_and_warnings_are_pytorchs():
    def scenario(lib):
        nn, r = lib.nn, lib.ones
        model = nn.Transformer(4, 2, 1, 1, 6)
        first = nn.Transformer(4, 2, 1, 1, 6, batch_first=True)
        layer = nn.TransformerEncoderLayer(4, 2, 6)
        ready = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True)
        odd = nn.TransformerEncoderLayer(4, 1, 6, batch_first=True)
        uneven = copy.deepcopy(ready)
        uneven.norm1.eps = 0.5
        stacks = [layer, ready, odd, uneven, nn.Linear(2, 2), nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, bias=False),
                  nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, activation=lib.tanh),
                  nn.TransformerEncoderLayer(4, 2, 6, norm_first=True)]  # fmt: skip
        mask, padding = r(3, 3, dtype=lib.bool).triu(1), lib.zeros(2, 3)
        return [
            outcome(model, r(3, 2, 4), r(3, 3, 4)), outcome(first, r(2, 3, 4), r(3, 3, 4)), outcome(model, r(3, 2, 4), r(3, 2, 5)),
            outcome(nn.TransformerEncoderLayer, 4, 2, activation="tanh"), outcome(nn.TransformerEncoderLayer, 4, 3),
            outcome(layer, r(3, 2, 4), r(3, 3).long()), outcome(layer, r(3, 2, 4), None, r(2, 3).int()),
            outcome(layer, r(3, 2, 4), is_causal=True), outcome(layer, r(3, 2, 4), r(2, 2)),
            *(warned(lambda one=one: nn.TransformerEncoder(one, 1).use_nested_tensor) for one in stacks),
            warned(lambda: nn.TransformerEncoder(layer, 1, enable_nested_tensor=False).use_nested_tensor),
            warned(lambda: layer(r(3, 2, 4), mask, padding).shape[0]),
            nn.Transformer.generate_square_subsequent_mask(3),
            nn.Transformer.generate_square_subsequent_mask(2, dtype=lib.float64),
        ]

    compare(scenario)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["MultiheadAttention", "Transformer", "TransformerEncoder", "TransformerDecoder",
                                  "TransformerEncoderLayer", "TransformerDecoderLayer"])  # fmt: skip
def test_signatures_are_pytorchs(name):
    def scenario(lib):
        kind = getattr(lib.nn, name)
        listed = [inspect.signature(kind).parameters.values(), inspect.signature(kind.forward).parameters.values()]
        return [[[p.name, p.kind.name, "relu" if callable(p.default) and p.default is not p.empty else str(p.default)] for p in one]
                for one in listed] + [list(kind.__constants__) if hasattr(kind, "__constants__") else None]  # fmt: skip

    compare(scenario)


def test_a_transformer_can_be_copied_and_pickled():
    model = mt.nn.Transformer(4, 2, 1, 1, 6).eval()
    src, tgt = drawn(mt, (3, 2, 4), (2, 2, 4), dtype="float32")
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other(src, tgt).tolist() == model(src, tgt).tolist()
    assert other.encoder.layers[0].activation is mt.nn.functional.relu


# ---- training ------------------------------------------------------------------------------------------------------
@pytest.mark.referee
@pytest.mark.parametrize("norm_first", [False, True])
def test_fifty_steps_are_pytorchs(norm_first):
    """Losses of a Transformer that learns to turn a sequence round, with dropout, in float64."""

    def scenario(lib):
        lib.manual_seed(0)
        model = lib.nn.Transformer(8, 2, 2, 2, 16, dropout=0.1, batch_first=True, norm_first=norm_first).double()
        for p, made in zip(model.parameters(), drawn(lib, *(tuple(p.shape) for p in model.parameters()), seed=1)):
            p.data = made.detach() * 0.3
        optimizer = lib.optim.Adam(model.parameters(), lr=1e-2)
        (src,) = drawn(lib, (4, 5, 8))
        src = src.detach()
        goal = src.flip(1)
        mask = triangle(lib, 5, "number")
        losses = []
        for _ in range(50):
            optimizer.zero_grad()
            loss = lib.nn.functional.mse_loss(model(src, goal.roll(1, 1), tgt_mask=mask), goal)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]
        return losses

    compare(scenario, tolerance=1e-8)


def gpt(lib, fused):
    """A small GPT as public code writes it: tied weights, a registered mask or the fused function, residual scaling."""
    nn, F = lib.nn, lib.nn.functional

    class Attention(nn.Module):
        def __init__(self, width, heads, block):
            super().__init__()
            assert width % heads == 0
            self.c_attn = nn.Linear(width, 3 * width)
            self.c_proj = nn.Linear(width, width)
            self.attn_dropout, self.resid_dropout = nn.Dropout(0.1), nn.Dropout(0.1)
            self.n_head, self.n_embd = heads, width
            self.register_buffer("bias", lib.tril(lib.ones(block, block)).view(1, 1, block, block))

        def forward(self, x):
            B, T, C = x.size()
            q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
            k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
            if fused:
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=0.1 if self.training else 0, is_causal=True)
            else:
                att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
                att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
                att = self.attn_dropout(F.softmax(att, dim=-1))
                y = att @ v
            y = y.transpose(1, 2).contiguous().view(B, T, C)
            return self.resid_dropout(self.c_proj(y))

    class Block(nn.Module):
        def __init__(self, width, heads, block):
            super().__init__()
            self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads, block)
            self.ln_2 = nn.LayerNorm(width)
            self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width), "act": nn.GELU()})

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            m = self.mlp
            return x + m.c_proj(m.act(m.c_fc(self.ln_2(x))))

    class GPT(nn.Module):
        def __init__(self, vocab, block, layers, heads, width):
            super().__init__()
            self.block_size = block
            self.transformer = nn.ModuleDict({
                "wte": nn.Embedding(vocab, width), "wpe": nn.Embedding(block, width), "drop": nn.Dropout(0.1),
                "h": nn.ModuleList([Block(width, heads, block) for _ in range(layers)]), "ln_f": nn.LayerNorm(width),
            })  # fmt: skip
            self.lm_head = nn.Linear(width, vocab, bias=False)
            self.transformer.wte.weight = self.lm_head.weight
            self.apply(self._init_weights)
            for name, p in self.named_parameters():
                if name.endswith("c_proj.weight"):
                    nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * layers))

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)

        def forward(self, idx, targets=None):
            device = idx.device
            b, t = idx.size()
            assert t <= self.block_size
            pos = lib.arange(0, t, dtype=lib.long, device=device)
            x = self.transformer.drop(self.transformer.wte(idx) + self.transformer.wpe(pos))
            for block in self.transformer.h:
                x = block(x)
            x = self.transformer.ln_f(x)
            if targets is None:
                return self.lm_head(x[:, [-1], :]), None
            logits = self.lm_head(x)
            return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)

        def configure_optimizers(self, decay, rate):
            params = {name: p for name, p in self.named_parameters() if p.requires_grad}
            groups = [{"params": [p for p in params.values() if p.dim() >= 2], "weight_decay": decay},
                      {"params": [p for p in params.values() if p.dim() < 2], "weight_decay": 0.0}]  # fmt: skip
            return lib.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))

        def generate(self, idx, count, top_k):
            for _ in range(count):
                cut = idx if idx.size(1) <= self.block_size else idx[:, -self.block_size :]
                logits, _ = self(cut)
                logits = logits[:, -1, :] / 0.8
                v, _ = lib.topk(logits, min(top_k, logits.size(-1)))
                logits[logits < v[:, [-1]]] = -float("Inf")
                idx = lib.cat((idx, lib.multinomial(F.softmax(logits, dim=-1), num_samples=1)), dim=1)
            return idx

    return GPT(11, 8, 2, 2, 8)


@pytest.mark.referee
@pytest.mark.parametrize("fused", [True, False])
def test_a_small_gpt_learns_and_speaks_as_on_pytorch(fused):
    def scenario(lib):
        lib.manual_seed(1337)
        model = gpt(lib, fused)
        start = dict(model.state_dict())
        lib.manual_seed(1)
        model = model.double()
        assert model.lm_head.weight is model.transformer.wte.weight
        model.load_state_dict({name: lib.tensor(np.random.default_rng(5).normal(size=tuple(value.shape)) * 0.2)
                               if not name.endswith("attn.bias") else value for name, value in start.items()})  # fmt: skip
        optimizer = model.configure_optimizers(0.1, 1e-2)
        text = lib.tensor(np.random.default_rng(2).integers(0, 11, (6, 9)))
        losses = []
        for _ in range(8):
            _, loss = model(text[:, :-1].contiguous(), text[:, 1:].contiguous())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            lib.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with lib.no_grad():
            said = model.generate(text[:2, :3], 10, 5).tolist()
        return [{name: list(value.shape) for name, value in start.items()}, losses, said, list(dict(model.named_parameters()))]

    compare(scenario, tolerance=1e-7)


@pytest.mark.referee
def test_a_small_vision_transformer_is_pytorchs():
    def scenario(lib):
        nn = lib.nn

        class ViT(nn.Module):
            def __init__(self):
                super().__init__()
                self.patch = nn.Conv2d(3, 8, kernel_size=4, stride=4)
                self.cls_token = nn.Parameter(lib.zeros(1, 1, 8))
                self.pos_embed = nn.Parameter(lib.randn(1, 5, 8) * 0.02)
                layer = nn.TransformerEncoderLayer(8, 2, 16, 0.1, activation="gelu", batch_first=True, norm_first=True)
                self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
                self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 4)

            def forward(self, x):
                x = self.patch(x).flatten(2).transpose(1, 2)
                x = lib.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embed
                return self.head(self.norm(self.blocks(x))[:, 0])

        lib.manual_seed(3)
        model = ViT()
        for p, made in zip(model.parameters(), drawn(lib, *(tuple(p.shape) for p in model.parameters()))):
            p.data = made.detach() * 0.3
        model = model.double()
        (x,) = drawn(lib, (2, 3, 8, 8))
        target = lib.tensor([1, 3])
        optimizer = lib.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), target, label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return [losses, repr(model), model.eval()(x)]

    compare(scenario, tolerance=1e-8)


# ---- on a device ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("norm_first", [False, True])
def test_training_on_a_device_never_waits_and_learns_the_same(norm_first, device_backend):
    def train(device):
        mt.manual_seed(0)
        model = mt.nn.Transformer(4, 2, 2, 2, 6, batch_first=True, norm_first=norm_first).to(device)
        src, tgt = (x.detach().to(device) for x in drawn(mt, (2, 4, 4), (2, 3, 4), dtype="float32"))
        mask = mt.nn.Transformer.generate_square_subsequent_mask(3, device=device)
        padding = (mt.arange(4) > mt.tensor([[2], [3]])).to(device)
        optimizer = mt.optim.Adam(model.parameters(), lr=1e-2)
        losses = []
        with waits() as seen:
            for _ in range(2):
                optimizer.zero_grad()
                out = model(src, tgt, tgt_mask=mask, src_key_padding_mask=padding, memory_key_padding_mask=padding)
                loss = (out * out * src[:, :3]).sum()
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            with mt.no_grad():
                model.eval().encoder(src, src_key_padding_mask=padding)
        return [loss.item() for loss in losses], seen

    losses, seen = train("cuda")
    assert seen == []
    np.testing.assert_allclose(losses, train("cpu")[0], rtol=1e-4)
