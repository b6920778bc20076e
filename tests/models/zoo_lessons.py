"""Lessons as a first course gives them: everything from scratch in the manner of d2l, the sixty-minute blitz, functions with
their own backward."""

import math


def linear_regression_from_scratch(lib):
    """d2l's first model: `torch.normal`, a generator of minibatches, SGD under no_grad."""
    torch = lib

    def synthetic_data(w, b, num_examples):
        X = torch.normal(0, 1, (num_examples, len(w)))
        y = torch.matmul(X, w) + b
        y += torch.normal(0, 0.01, y.shape)
        return X, y.reshape((-1, 1))

    def data_iter(batch_size, features, labels):
        num_examples = len(features)
        indices = torch.randperm(num_examples).tolist()
        for i in range(0, num_examples, batch_size):
            batch_indices = torch.tensor(indices[i : min(i + batch_size, num_examples)])
            yield features[batch_indices], labels[batch_indices]

    def linreg(X, w, b):
        return torch.matmul(X, w) + b

    def squared_loss(y_hat, y):
        return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2

    def sgd(params, lr, batch_size):
        with torch.no_grad():
            for param in params:
                param -= lr * param.grad / batch_size
                param.grad.zero_()

    true_w, true_b = torch.tensor([2, -3.4]), 4.2
    features, labels = synthetic_data(true_w, true_b, 60)
    w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    found = []
    for epoch in range(2):
        for X, y in data_iter(10, features, labels):
            l = squared_loss(linreg(X, w, b), y)
            l.sum().backward()
            sgd([w, b], 0.1, 10)
        with torch.no_grad():
            train_l = squared_loss(linreg(features, w, b), labels)
            found.append(f"epoch {epoch + 1}, loss {float(train_l.mean()):f}")
    return [found, true_w - w.reshape(true_w.shape), true_b - b]


def softmax_regression_from_scratch(lib):
    """d2l's second: the softmax and the cross entropy by hand, `y_hat[range(len(y_hat)), y]`, an accumulator of counts."""
    torch = lib

    def softmax(X):
        X_exp = torch.exp(X)
        partition = X_exp.sum(1, keepdim=True)
        return X_exp / partition

    W = torch.normal(0, 0.01, size=(16, 4), requires_grad=True)
    b = torch.zeros(4, requires_grad=True)

    def net(X):
        return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)

    def cross_entropy(y_hat, y):
        return -torch.log(y_hat[range(len(y_hat)), y])

    def accuracy(y_hat, y):
        if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
            y_hat = y_hat.argmax(axis=1)
        cmp = y_hat.type(y.dtype) == y
        return float(cmp.type(y.dtype).sum())

    X, y = torch.randn(12, 1, 4, 4), torch.randint(0, 4, (12,))
    found = []
    for _ in range(3):
        y_hat = net(X)
        l = cross_entropy(y_hat, y)
        l.sum().backward()
        with torch.no_grad():
            for param in (W, b):
                param.sub_(0.1 * param.grad / X.shape[0])
                param.grad.zero_()
        found.append([float(l.sum()) / y.numel(), accuracy(y_hat, y)])
    return [found, W, b]


def convolution_from_scratch(lib):
    """d2l's corr2d with a kernel learned by hand, its pooling, its batch norm, and dropout by a mask."""
    torch, nn = lib, lib.nn

    def corr2d(X, K):
        h, w = K.shape
        Y = torch.zeros((X.shape[0] - h + 1, X.shape[1] - w + 1))
        for i in range(Y.shape[0]):
            for j in range(Y.shape[1]):
                Y[i, j] = (X[i : i + h, j : j + w] * K).sum()
        return Y

    def pool2d(X, pool_size, mode="max"):
        p_h, p_w = pool_size
        Y = torch.zeros((X.shape[0] - p_h + 1, X.shape[1] - p_w + 1))
        for i in range(Y.shape[0]):
            for j in range(Y.shape[1]):
                if mode == "max":
                    Y[i, j] = X[i : i + p_h, j : j + p_w].max()
                elif mode == "avg":
                    Y[i, j] = X[i : i + p_h, j : j + p_w].mean()
        return Y

    def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum):
        if not torch.is_grad_enabled():
            X_hat = (X - moving_mean) / torch.sqrt(moving_var + eps)
        else:
            assert len(X.shape) in (2, 4)
            mean = X.mean(dim=(0, 2, 3), keepdim=True)
            var = ((X - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
            X_hat = (X - mean) / torch.sqrt(var + eps)
            moving_mean = (1.0 - momentum) * moving_mean + momentum * mean
            moving_var = (1.0 - momentum) * moving_var + momentum * var
        return gamma * X_hat + beta, moving_mean.data, moving_var.data

    def dropout_layer(X, dropout):
        mask = (torch.rand(X.shape) > dropout).to(X.dtype)
        return mask * X / (1.0 - dropout)

    X = torch.ones((6, 8))
    X[:, 2:6] = 0
    K = torch.tensor([[1.0, -1.0]])
    Y = corr2d(X, K)
    conv2d = nn.Conv2d(1, 1, kernel_size=(1, 2), bias=False)
    X, Y = X.reshape((1, 1, 6, 8)), Y.reshape((1, 1, 6, 7))
    found = []
    for i in range(10):
        Y_hat = conv2d(X)
        l = (Y_hat - Y) ** 2
        conv2d.zero_grad()
        l.sum().backward()
        conv2d.weight.data[:] -= 3e-2 * conv2d.weight.grad
        if (i + 1) % 2 == 0:
            found.append(f"epoch {i + 1}, loss {l.sum():.3f}")
    image = torch.randn(5, 5, requires_grad=True)
    kernel = torch.randn(2, 3, requires_grad=True)
    pooled = pool2d(corr2d(image, kernel), (2, 2)) + pool2d(image, (3, 4), "avg")[:, :2]
    dropout_layer(pooled, 0.3).sum().backward()
    batch = torch.randn(3, 2, 4, 4, requires_grad=True)
    shape = (1, 2, 1, 1)
    out, mean, var = batch_norm(batch, torch.ones(shape), torch.zeros(shape), torch.zeros(shape), torch.ones(shape), 1e-5, 0.1)
    out.pow(3).sum().backward()
    return [found, conv2d.weight.data.reshape((1, 2)), pooled, image.grad, kernel.grad, out, mean, var, batch.grad]


def lazy_network(lib):
    """d2l's LeNet of lazy layers: initialised by a first call, then `apply` of a function over its modules."""
    torch, nn = lib, lib.nn

    def init_cnn(module):
        if type(module) == nn.Linear or type(module) == nn.Conv2d:
            nn.init.xavier_uniform_(module.weight)

    net = nn.Sequential(
        nn.LazyConv2d(6, kernel_size=5, padding=2), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.LazyConv2d(16, kernel_size=5), nn.LazyBatchNorm2d(), nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),
        nn.Flatten(),
        nn.LazyLinear(12), nn.Sigmoid(),
        nn.LazyLinear(5),
    )  # fmt: skip
    before = str(net)
    X = torch.randn(2, 1, 16, 16)
    net(X)
    net.apply(init_cnn)
    shapes = []
    for layer in net:
        X = layer(X)
        shapes.append(layer.__class__.__name__ + " output shape:\t" + str(X.shape))
    X.exp().sum().backward()
    return [before, str(net), shapes, X, [p.grad for p in net.parameters()], list(net.state_dict())]


def functions_of_ones_own(lib):
    """The tutorials' autograd Functions: Legendre's polynomial, a ReLU, a straight-through sign, a gradient reversed, an exp
    that keeps its result; the third-order polynomial fitted by them."""
    torch, nn = lib, lib.nn

    class LegendrePolynomial3(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input):
            ctx.save_for_backward(input)
            return 0.5 * (5 * input**3 - 3 * input)

        @staticmethod
        def backward(ctx, grad_output):
            (input,) = ctx.saved_tensors
            return grad_output * 1.5 * (5 * input**2 - 1)

    class MyReLU(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input):
            ctx.save_for_backward(input)
            return input.clamp(min=0)

        @staticmethod
        def backward(ctx, grad_output):
            (input,) = ctx.saved_tensors
            grad_input = grad_output.clone()
            grad_input[input < 0] = 0
            return grad_input

    class StraightThrough(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, bound):
            ctx.save_for_backward(input)
            ctx.bound = bound
            return input.sign()

        @staticmethod
        def backward(ctx, grad_output):
            (input,) = ctx.saved_tensors
            return grad_output * (input.abs() <= ctx.bound).to(grad_output), None

    class GradientReversal(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, alpha):
            ctx.alpha = alpha
            return x.view_as(x)

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output.neg() * ctx.alpha, None

    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, i):
            result = i.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx, grad_output):
            (result,) = ctx.saved_tensors
            return grad_output * result

    x = torch.linspace(-math.pi, math.pi, 50)
    y = torch.sin(x)
    a, b, c, d = (torch.full((), value, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3))
    losses = []
    for _ in range(20):
        y_pred = a + b * LegendrePolynomial3.apply(c + d * x)
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            for p in (a, b, c, d):
                p -= 5e-5 * p.grad
                p.grad = None
    layer = nn.Linear(3, 4)
    h = torch.randn(5, 3, requires_grad=True)
    out = GradientReversal.apply(MyReLU.apply(layer(h)), 0.5) + StraightThrough.apply(layer(h), 0.7)
    (Exp.apply(out * 0.1) * Exp.apply(h.sum(1, keepdim=True) * 0.1)).sum().backward()
    z = torch.randn(4, requires_grad=True)
    (first,) = torch.autograd.grad(Exp.apply(z).sum(), z, create_graph=True)
    (second,) = torch.autograd.grad(first.pow(2).sum(), z)
    return [losses, f"Result: y = {b.item():.6f} * P3({d.item():.6f} x)", a + c, out, h.grad,
            layer.weight.grad, second, torch.autograd.gradcheck(MyReLU.apply, (torch.randn(4, dtype=torch.double,
                                                                                           requires_grad=True),))]  # fmt: skip


def blitz(lib):
    """The sixty-minute blitz and the examples' polynomial by `nn`, with the printed forms of tensors."""
    torch, nn, optim = lib, lib.nn, lib.optim
    lines = []
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    z = y * y * 3
    out = z.mean()
    lines += [str(x), str(y), str(out), str(z.grad_fn is not None)]
    out.backward()
    lines.append(str(x.grad))
    v = torch.tensor([0.1, 1.0, 0.0001])
    w = torch.ones(3, requires_grad=True)
    scaled = w * 2
    while scaled.data.norm() < 1000:
        scaled = scaled * 2
    scaled.backward(v)
    lines += [str(scaled), str(w.grad), str((w**2).requires_grad), str(w.detach().eq(w).all())]
    points = torch.linspace(-math.pi, math.pi, 40)
    p = torch.tensor([1, 2, 3])
    xx = points.unsqueeze(-1).pow(p)
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
    loss_fn = torch.nn.MSELoss(reduction="sum")
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    for t in range(10):
        loss = loss_fn(model(xx), torch.sin(points))
        if t % 5 == 4:
            lines.append(f"{t} {loss.item():.6f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    linear_layer = model[0]
    lines.append(f"y = {linear_layer.bias.item():.6f} + {linear_layer.weight[:, 0].item():.6f} x")
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    lines += [str(net), str(len(list(net.parameters()))), str(list(net.parameters())[0].size())]
    result = net(torch.randn(1, 1, 4, 4))
    net.zero_grad()
    result.backward(torch.randn(1, 3))
    return [lines, result, net[0].bias.grad]


PROGRAMS = [linear_regression_from_scratch, softmax_regression_from_scratch, convolution_from_scratch, lazy_network,
            functions_of_ones_own, blitz]  # fmt: skip
