"""Layers people write themselves, in small networks: highway, capsules, experts, temporal convolutions, squeeze and
excitation beside CBAM, lists and dictionaries of modules and parameters."""

import math


def highway(lib):
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class Highway(nn.Module):
        def __init__(self, size, num_layers, f):
            super(Highway, self).__init__()

            self.num_layers = num_layers

            self.nonlinear = nn.ModuleList([nn.Linear(size, size) for _ in range(num_layers)])
            self.linear = nn.ModuleList([nn.Linear(size, size) for _ in range(num_layers)])
            self.gate = nn.ModuleList([nn.Linear(size, size) for _ in range(num_layers)])

            self.f = f

        def forward(self, x):
            for layer in range(self.num_layers):
                gate = torch.sigmoid(self.gate[layer](x))

                nonlinear = self.f(self.nonlinear[layer](x))
                linear = self.linear[layer](x)

                x = gate * nonlinear + (1 - gate) * linear

            return x

    target = torch.randint(0, 6, (5,))
    return Highway(6, 3, F.relu), (torch.randn(5, 6),), lambda out: F.multi_margin_loss(out, target)


def capsules(lib):
    """CapsNet: squash, routing by agreement with detached votes, the margin loss and a masked reconstruction."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    def squash(x, dim=-1):
        squared_norm = (x**2).sum(dim=dim, keepdim=True)
        scale = squared_norm / (1 + squared_norm)
        return scale * x / (squared_norm.sqrt() + 1e-8)

    class PrimaryCaps(nn.Module):
        def __init__(self, num_conv_units, in_channels, out_channels, kernel_size, stride):
            super().__init__()
            self.conv = nn.Conv2d(in_channels, out_channels * num_conv_units, kernel_size=kernel_size, stride=stride)
            self.out_channels = out_channels

        def forward(self, x):
            out = self.conv(x)
            batch_size = out.shape[0]
            return squash(out.contiguous().view(batch_size, -1, self.out_channels), dim=-1)

    class DigitCaps(nn.Module):
        def __init__(self, in_dim, in_caps, num_caps, dim_caps, num_routing):
            super().__init__()
            self.in_caps = in_caps
            self.num_caps = num_caps
            self.num_routing = num_routing
            self.W = nn.Parameter(0.01 * torch.randn(1, num_caps, in_caps, dim_caps, in_dim), requires_grad=True)

        def forward(self, x):
            batch_size = x.size(0)
            x = x.unsqueeze(1).unsqueeze(4)
            u_hat = torch.matmul(self.W, x)
            u_hat = u_hat.squeeze(-1)
            temp_u_hat = u_hat.detach()
            b = torch.zeros(batch_size, self.num_caps, self.in_caps, 1).to(x)
            for _route_iter in range(self.num_routing - 1):
                c = b.softmax(dim=1)
                s = (c * temp_u_hat).sum(dim=2)
                v = squash(s)
                uv = torch.matmul(temp_u_hat, v.unsqueeze(-1))
                b += uv
            c = b.softmax(dim=1)
            s = (c * u_hat).sum(dim=2)
            v = squash(s)
            return v

    class CapsNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 8, 5)
            self.relu = nn.ReLU(inplace=True)
            self.primary_caps = PrimaryCaps(num_conv_units=2, in_channels=8, out_channels=4, kernel_size=3, stride=2)
            self.digit_caps = DigitCaps(in_dim=4, in_caps=2 * 3 * 3, num_caps=4, dim_caps=6, num_routing=3)
            self.decoder = nn.Sequential(nn.Linear(6 * 4, 16), nn.ReLU(inplace=True), nn.Linear(16, 121), nn.Sigmoid())

        def forward(self, x):
            out = self.relu(self.conv(x))
            out = self.primary_caps(out)
            out = self.digit_caps(out)
            logits = torch.norm(out, dim=-1)
            pred = torch.eye(4).to(out).index_select(dim=0, index=torch.argmax(logits, dim=1))
            batch_size = out.shape[0]
            reconstruction = self.decoder((out * pred.unsqueeze(2)).contiguous().view(batch_size, -1))
            return logits, reconstruction

    images, target = torch.rand(3, 1, 11, 11), torch.randint(0, 4, (3,))
    labels = torch.eye(4)[target]

    def loss_of(outputs):
        logits, reconstruction = outputs
        left = torch.clamp(0.9 - logits, min=0) ** 2
        right = F.relu(logits - 0.1) ** 2
        margin_loss = (labels * left + 0.5 * (1.0 - labels) * right).sum()
        reconstruction_loss = F.mse_loss(reconstruction, images.view(3, -1), reduction="sum")
        return (margin_loss + 0.005 * reconstruction_loss) / images.size(0)

    return CapsNet(), (images,), loss_of


def experts(lib):
    """A sparsely gated mixture: top-k, softmax over the kept, a dispatch by nonzero positions and index_add."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class MoE(nn.Module):
        def __init__(self, input_size, output_size, num_experts, hidden_size, k=2):
            super(MoE, self).__init__()
            self.num_experts = num_experts
            self.k = k
            self.experts = nn.ModuleList(
                [
                    nn.Sequential(nn.Linear(input_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, output_size))
                    for i in range(num_experts)
                ]
            )
            self.w_gate = nn.Parameter(torch.randn(input_size, num_experts), requires_grad=True)
            self.w_noise = nn.Parameter(torch.zeros(input_size, num_experts), requires_grad=True)
            self.softplus = nn.Softplus()
            self.register_buffer("mean", torch.tensor([0.0]))
            self.register_buffer("std", torch.tensor([1.0]))

        def forward(self, x):
            clean_logits = x @ self.w_gate
            if self.training:
                noise_stddev = self.softplus(x @ self.w_noise) + 1e-2
                logits = clean_logits + (torch.randn_like(clean_logits) * noise_stddev)
            else:
                logits = clean_logits
            top_logits, top_indices = logits.topk(self.k, dim=1)
            top_k_gates = F.softmax(top_logits, dim=1)
            zeros = torch.zeros_like(logits, requires_grad=True)
            gates = zeros.scatter(1, top_indices, top_k_gates)
            out = x.new_zeros(x.size(0), 3)
            for i, expert in enumerate(self.experts):
                (chosen,) = torch.where(gates[:, i] > 0)
                if chosen.numel():
                    out = out.index_add(0, chosen, expert(x[chosen]) * gates[chosen, i].unsqueeze(1))
            importance = gates.sum(0)
            return out, importance.var() / (importance.mean() ** 2 + 1e-10)

    target = torch.randn(7, 3)
    return MoE(5, 3, 4, 6), (torch.randn(7, 5),), lambda outs: F.huber_loss(outs[0], target) + 0.01 * outs[1]


def temporal_convolutions(lib):
    """A TCN: dilated causal convolutions under weight norm, cut by Chomp1d."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    weight_norm = nn.utils.parametrizations.weight_norm

    class Chomp1d(nn.Module):
        def __init__(self, chomp_size):
            super(Chomp1d, self).__init__()
            self.chomp_size = chomp_size

        def forward(self, x):
            return x[:, :, : -self.chomp_size].contiguous()

    class TemporalBlock(nn.Module):
        def __init__(self, n_inputs, n_outputs, kernel_size, stride, dilation, padding, dropout=0.2):
            super(TemporalBlock, self).__init__()
            self.conv1 = weight_norm(
                nn.Conv1d(n_inputs, n_outputs, kernel_size, stride=stride, padding=padding, dilation=dilation)
            )
            self.chomp1 = Chomp1d(padding)
            self.relu1 = nn.ReLU()
            self.dropout1 = nn.Dropout(dropout)
            self.net = nn.Sequential(self.conv1, self.chomp1, self.relu1, self.dropout1)
            self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None
            self.relu = nn.ReLU()
            self.init_weights()

        def init_weights(self):
            self.conv1.weight.data.normal_(0, 0.01)
            if self.downsample is not None:
                self.downsample.weight.data.normal_(0, 0.01)

        def forward(self, x):
            out = self.net(x)
            res = x if self.downsample is None else self.downsample(x)
            return self.relu(out + res)

    class TCN(nn.Module):
        def __init__(self, num_inputs, num_channels, kernel_size=2, dropout=0.2):
            super().__init__()
            layers = []
            for i in range(len(num_channels)):
                dilation_size = 2**i
                in_channels = num_inputs if i == 0 else num_channels[i - 1]
                layers += [
                    TemporalBlock(in_channels, num_channels[i], kernel_size, stride=1, dilation=dilation_size,
                                  padding=(kernel_size - 1) * dilation_size, dropout=dropout)
                ]  # fmt: skip
            self.network = nn.Sequential(*layers)
            self.linear = nn.Linear(num_channels[-1], 2)

        def forward(self, x):
            return self.linear(self.network(x)[:, :, -1])

    target = torch.randn(4, 2)
    return TCN(3, [4, 6], 3), (torch.randn(4, 3, 10),), lambda out: F.l1_loss(out, target)


def cbam(lib):
    """Channel and spatial attention around a convolution: both poolings, max along a dimension, lambda modules."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class Lambda(nn.Module):
        def __init__(self, func):
            super().__init__()
            self.func = func

        def forward(self, x):
            return self.func(x)

    class ChannelGate(nn.Module):
        def __init__(self, gate_channels, reduction_ratio=2, pool_types=("avg", "max", "lp", "lse")):
            super(ChannelGate, self).__init__()
            self.gate_channels = gate_channels
            self.mlp = nn.Sequential(
                nn.Flatten(),
                nn.Linear(gate_channels, gate_channels // reduction_ratio),
                nn.ReLU(),
                nn.Linear(gate_channels // reduction_ratio, gate_channels),
            )
            self.pool_types = pool_types

        def forward(self, x):
            channel_att_sum = None
            for pool_type in self.pool_types:
                size = (x.size(2), x.size(3))
                if pool_type == "avg":
                    pool = F.avg_pool2d(x, size, stride=size)
                elif pool_type == "max":
                    pool = F.max_pool2d(x, size, stride=size)
                elif pool_type == "lp":
                    pool = F.lp_pool2d(x, 2, size, stride=size)
                else:
                    flat = x.view(x.size(0), x.size(1), -1)
                    s, _ = torch.max(flat, dim=2, keepdim=True)
                    pool = s + (flat - s).exp().sum(dim=2, keepdim=True).log()
                att = self.mlp(pool)
                channel_att_sum = att if channel_att_sum is None else channel_att_sum + att
            scale = torch.sigmoid(channel_att_sum).unsqueeze(2).unsqueeze(3).expand_as(x)
            return x * scale

    class SpatialGate(nn.Module):
        def __init__(self):
            super(SpatialGate, self).__init__()
            self.spatial = nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1, momentum=0.01))

        def forward(self, x):
            compressed = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
            scale = torch.sigmoid(self.spatial(compressed))  # broadcasting
            return x * scale

    model = nn.Sequential(
        nn.ZeroPad2d((1, 0, 1, 0)), nn.Conv2d(3, 6, 3), nn.InstanceNorm2d(6, affine=True), nn.Hardswish(), ChannelGate(6),
        SpatialGate(), nn.GroupNorm(3, 6), nn.Softplus(), Lambda(lambda x: x.mean((2, 3))), nn.Unflatten(1, (2, 3)),
        nn.Flatten(), nn.Linear(6, 3),
    )  # fmt: skip
    target = torch.randint(0, 3, (4,))
    return model, (torch.randn(4, 3, 9, 9),), lambda out: F.cross_entropy(out, target, weight=torch.tensor([1.0, 2.0, 0.5]))


def containers(lib):
    """ModuleDict by name, ParameterList by place, a parameter without gradient, a scalar parameter, a nested list."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class MyModule(nn.Module):
        def __init__(self):
            super().__init__()
            self.choices = nn.ModuleDict({"conv": nn.Conv2d(2, 3, 3, padding="same"), "pool": nn.MaxPool2d(3, 1, 1)})
            self.activations = nn.ModuleDict([["lrelu", nn.LeakyReLU()], ["prelu", nn.PReLU(3)]])
            self.params = nn.ParameterList([nn.Parameter(torch.randn(3, 3) / math.sqrt(3)) for i in range(2)])
            self.named = nn.ParameterDict({"left": nn.Parameter(torch.randn(3)), "right": nn.Parameter(torch.ones(3))})
            self.scale = nn.Parameter(torch.tensor(0.5))
            self.frozen = nn.Parameter(torch.randn(3), requires_grad=False)
            self.heads = nn.ModuleList([nn.ModuleList([nn.Linear(3, 2), nn.Identity()]) for _ in range(2)])
            self.register_buffer("running", torch.zeros(3))
            self.register_buffer("scratch", torch.ones(1), persistent=False)
            self.register_parameter("absent", None)

        def forward(self, x, choice, act):
            x = self.choices[choice](self.choices["pool"](x)) if choice == "conv" else self.choices[choice](x)
            x = self.activations[act](x).flatten(2).mean(-1)
            for i, p in enumerate(self.params):
                x = self.params[i // 2].mm(x.t()).t() + x.mm(p)
            if self.training:
                with torch.no_grad():
                    self.running.mul_(0.9).add_(x.mean(0), alpha=0.1)
            x = torch.addcmul(self.named["left"] * self.scale, x, self.named["right"] - self.frozen)
            return torch.stack([linear(after(x)) for linear, after in self.heads], dim=1)

    target = torch.randn(4, 2, 2)
    return MyModule(), (torch.randn(4, 2, 5, 5), "conv", "prelu"), lambda out: F.smooth_l1_loss(out, target, beta=0.5)


MODELS = [highway, capsules, experts, temporal_convolutions, cbam, containers]
