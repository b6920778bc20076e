"""More of the later designs: ConvNeXt, MLP-Mixer, a diffusion model, low-rank adapters, the translation tutorial's
nn.Transformer."""

import math


def convnext(lib):
    """Depthwise 7x7, channels moved last and back, a layer scale, a LayerNorm of both orders."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class LayerNorm(nn.Module):
        def __init__(self, normalized_shape, eps=1e-6, data_format="channels_last"):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(normalized_shape))
            self.bias = nn.Parameter(torch.zeros(normalized_shape))
            self.eps = eps
            self.data_format = data_format
            self.normalized_shape = (normalized_shape,)

        def forward(self, x):
            if self.data_format == "channels_last":
                return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
            elif self.data_format == "channels_first":
                u = x.mean(1, keepdim=True)
                s = (x - u).pow(2).mean(1, keepdim=True)
                x = (x - u) / torch.sqrt(s + self.eps)
                x = self.weight[:, None, None] * x + self.bias[:, None, None]
                return x

    class Block(nn.Module):
        def __init__(self, dim, layer_scale_init_value=1e-1):
            super().__init__()
            self.dwconv = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim)  # depthwise conv
            self.norm = LayerNorm(dim, eps=1e-6)
            self.pwconv1 = nn.Linear(dim, 4 * dim)  # pointwise/1x1 convs, implemented with linear layers
            self.act = nn.GELU()
            self.pwconv2 = nn.Linear(4 * dim, dim)
            self.gamma = nn.Parameter(layer_scale_init_value * torch.ones((dim)), requires_grad=True)

        def forward(self, x):
            input = x
            x = self.dwconv(x)
            x = x.permute(0, 2, 3, 1)  # (N, C, H, W) -> (N, H, W, C)
            x = self.norm(x)
            x = self.pwconv1(x)
            x = self.act(x)
            x = self.pwconv2(x)
            x = self.gamma * x
            x = x.permute(0, 3, 1, 2)  # (N, H, W, C) -> (N, C, H, W)
            return input + x

    class ConvNeXt(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 6, kernel_size=4, stride=4), LayerNorm(6, data_format="channels_first"))
            self.stage = nn.Sequential(*[Block(6) for _ in range(2)])
            self.norm = nn.LayerNorm(6, eps=1e-6)
            self.head = nn.Linear(6, 4)
            self.apply(self._init_weights)

        def _init_weights(self, m):
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(m.weight, std=0.2)
                nn.init.constant_(m.bias, 0)

        def forward(self, x):
            x = self.stage(self.stem(x))
            return self.head(self.norm(x.mean([-2, -1])))  # global average pooling, (N, C, H, W) -> (N, C)

    target = torch.randint(0, 4, (2,))
    return ConvNeXt(), (torch.randn(2, 3, 20, 20),), lambda out: F.cross_entropy(out, target)


def mixer(lib):
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class MixerBlock(nn.Module):
        def __init__(self, tokens, dim):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
            self.token = nn.Sequential(nn.Linear(tokens, 6), nn.GELU(approximate="tanh"), nn.Dropout(0.1), nn.Linear(6, tokens))
            self.channel = nn.Sequential(nn.Linear(dim, 12), nn.GELU(), nn.Dropout(0.1), nn.Linear(12, dim))

        def forward(self, x):
            x = x + self.token(self.norm1(x).transpose(1, 2)).transpose(1, 2)
            return x + self.channel(self.norm2(x))

    class Mixer(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 4, 4)
            self.blocks = nn.Sequential(MixerBlock(9, 8), MixerBlock(9, 8))
            self.head = nn.Linear(8, 4)

        def forward(self, x):
            return self.head(self.blocks(self.stem(x).flatten(2).transpose(1, 2)).mean(dim=1))

    target = torch.randint(0, 4, (3,))
    return Mixer(), (torch.randn(3, 3, 12, 12),), lambda out: F.cross_entropy(out, target)


def translation_transformer(lib):
    """The translation tutorial's Seq2SeqTransformer over nn.Transformer, with its masks."""
    torch, nn = lib, lib.nn

    class Seq2SeqTransformer(nn.Module):
        def __init__(self, emb_size, nhead, src_vocab_size, tgt_vocab_size, dropout=0.1):
            super(Seq2SeqTransformer, self).__init__()
            self.transformer = nn.Transformer(d_model=emb_size, nhead=nhead, num_encoder_layers=1, num_decoder_layers=2,
                                              dim_feedforward=12, dropout=dropout)  # fmt: skip
            self.generator = nn.Linear(emb_size, tgt_vocab_size)
            self.src_tok_emb = nn.Embedding(src_vocab_size, emb_size)
            self.tgt_tok_emb = nn.Embedding(tgt_vocab_size, emb_size)
            for p in self.parameters():
                if p.dim() > 1:
                    nn.init.xavier_uniform_(p)

        def forward(self, src, trg):
            src_mask, tgt_mask, src_padding_mask, tgt_padding_mask = create_mask(src, trg)
            outs = self.transformer(self.src_tok_emb(src.long()) * math.sqrt(8), self.tgt_tok_emb(trg) * math.sqrt(8), src_mask,
                                    tgt_mask, None, src_padding_mask, tgt_padding_mask, src_padding_mask)  # fmt: skip
            return self.generator(outs)

    def generate_square_subsequent_mask(sz):
        mask = (torch.triu(torch.ones((sz, sz))) == 1).transpose(0, 1)
        mask = mask.to(torch.get_default_dtype()).masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, float(0.0))
        return mask

    def create_mask(src, tgt, PAD_IDX=1):
        src_mask = torch.zeros((src.shape[0], src.shape[0])).type(torch.bool)
        tgt_mask = generate_square_subsequent_mask(tgt.shape[0]) == float("-inf")
        return src_mask, tgt_mask, (src == PAD_IDX).transpose(0, 1), (tgt == PAD_IDX).transpose(0, 1)

    src, tgt = torch.randint(2, 9, (6, 3)), torch.randint(2, 9, (5, 3))
    src[4:, 1], tgt[3:, 2] = 1, 1
    loss_fn = torch.nn.CrossEntropyLoss(ignore_index=1)
    model = Seq2SeqTransformer(8, 2, 9, 9)
    return model, (src, tgt[:-1, :]), lambda logits: loss_fn(logits.reshape(-1, logits.shape[-1]), tgt[1:, :].reshape(-1))


def diffusion(lib):
    """DDPM: sinusoidal times, group norms, a residual block up and down, the noise schedule by `gather`; sampling."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class SinusoidalPositionEmbeddings(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.dim = dim

        def forward(self, time):
            device = time.device
            half_dim = self.dim // 2
            embeddings = math.log(10000) / (half_dim - 1)
            embeddings = torch.exp(torch.arange(half_dim, device=device) * -embeddings)
            embeddings = time[:, None] * embeddings[None, :]
            embeddings = torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)
            return embeddings

    class Block(nn.Module):
        def __init__(self, dim, dim_out):
            super().__init__()
            self.proj, self.norm, self.act = nn.Conv2d(dim, dim_out, 3, padding=1), nn.GroupNorm(2, dim_out), nn.SiLU()
            self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(8, dim_out * 2))

        def forward(self, x, t):
            scale, shift = self.mlp(t)[..., None, None].chunk(2, dim=1)
            return self.act(self.norm(self.proj(x)) * (scale + 1) + shift)

    class Unet(nn.Module):
        def __init__(self):
            super().__init__()
            self.time_mlp = nn.Sequential(SinusoidalPositionEmbeddings(6), nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 8))
            self.down, self.middle, self.up = Block(1, 4), Block(8, 8), Block(12, 4)
            self.shrink, self.grow = nn.Conv2d(4, 8, 4, 2, 1), nn.Upsample(scale_factor=2, mode="nearest")
            self.out = nn.Conv2d(4, 1, 1)

        def forward(self, x, time):
            t = self.time_mlp(time)
            h = self.down(x, t)
            x = self.grow(self.middle(self.shrink(h), t))
            return self.out(self.up(torch.cat((x, h), dim=1), t))

    timesteps = 5
    betas = torch.linspace(0.0001, 0.2, timesteps)
    alphas = 1.0 - betas
    alphas_cumprod = torch.cumprod(alphas, axis=0)
    alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
    posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)

    def extract(a, t, x_shape):
        batch_size = t.shape[0]
        out = a.gather(-1, t.cpu())
        return out.reshape(batch_size, *((1,) * (len(x_shape) - 1))).to(t.device)

    model, losses = Unet(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(3):
        x_start, noise, t = torch.rand(3, 1, 8, 8) * 2 - 1, torch.randn(3, 1, 8, 8), torch.randint(0, timesteps, (3,)).long()
        x_noisy = extract(alphas_cumprod.sqrt(), t, x_start.shape) * x_start
        x_noisy += extract(torch.sqrt(1.0 - alphas_cumprod), t, x_start.shape) * noise
        loss = F.smooth_l1_loss(noise, model(x_noisy, t))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    @torch.no_grad()
    def sample():
        img = torch.randn((2, 1, 8, 8))
        for i in reversed(range(0, timesteps)):
            t = torch.full((2,), i, dtype=torch.long)
            mean = (1 / alphas[i]).sqrt() * (img - betas[i] * model(img, t) / (1 - alphas_cumprod[i]).sqrt())
            img = mean if i == 0 else mean + torch.sqrt(extract(posterior_variance, t, img.shape)) * torch.randn_like(img)
        return img

    return [losses, sample(), [p.grad for p in model.parameters()]]


def adapters(lib):
    """LoRA: every Linear of a frozen network is wrapped by walking its modules; merged back after training."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class LoRALinear(nn.Module):
        def __init__(self, base, r=2, alpha=4):
            super().__init__()
            self.base, self.scaling = base, alpha / r
            self.lora_A = nn.Parameter(base.weight.new_zeros((r, base.in_features)))
            self.lora_B = nn.Parameter(base.weight.new_zeros((base.out_features, r)))
            nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
            for p in self.base.parameters():
                p.requires_grad_(False)

        def forward(self, x):
            return self.base(x) + (x @ self.lora_A.transpose(0, 1) @ self.lora_B.transpose(0, 1)) * self.scaling

        @torch.no_grad()
        def merged(self):
            self.base.weight += (self.lora_B @ self.lora_A) * self.scaling
            return self.base

    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Sequential(nn.Linear(6, 6), nn.Softsign()), nn.Linear(6, 3))
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear):
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], LoRALinear(module))
    x, y = torch.randn(8, 4), torch.randint(0, 3, (8,))
    optimizer = torch.optim.AdamW([p for n, p in model.named_parameters() if "lora_" in n], lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    text, kept = str(model), {k: v.clone() for k, v in model.state_dict().items() if "lora_" in k}
    before = model(x)
    for i in (0, 3):
        model[i] = model[i].merged()
    model[2][0] = model[2][0].merged()
    return [text, losses, kept, before, model(x), torch.allclose(before, model(x), atol=1e-5), str(model)]


MODELS = [convnext, mixer, translation_transformer]
PROGRAMS = [diffusion, adapters]
