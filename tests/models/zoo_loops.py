"""The loops around the models: training and testing by epoch, transfer with frozen layers, checkpoints, hooks, moving averages,
distillation, contrast, and programs that differentiate twice."""

import copy
import math
import pickle


def mnist_epochs(lib):
    """The official example's train() and test(), its printed lines, and accuracy by two idioms."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim

    class Net(nn.Module):
        def __init__(self):
            super(Net, self).__init__()
            self.conv1 = nn.Conv2d(1, 4, 3, 1)
            self.dropout1 = nn.Dropout(0.25)
            self.fc1 = nn.Linear(36, 10)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = torch.flatten(self.dropout1(x), 1)
            return F.log_softmax(self.fc1(x), dim=1)

    lines = []

    def train(model, device, train_loader, optimizer, epoch):
        model.train()
        for batch_idx, (data, target) in enumerate(train_loader):
            data, target = data.to(device), target.to(device)
            optimizer.zero_grad()
            output = model(data)
            loss = F.nll_loss(output, target)
            loss.backward()
            optimizer.step()
            lines.append(f"Train Epoch: {epoch} [{batch_idx * len(data)}/18]\tLoss: {loss.item():.6f}")

    def test(model, device, test_loader):
        model.eval()
        test_loss = 0
        correct = 0
        total = 0
        with torch.no_grad():
            for data, target in test_loader:
                data, target = data.to(device), target.to(device)
                output = model(data)
                test_loss += F.nll_loss(output, target, reduction="sum").item()  # sum up batch loss
                pred = output.argmax(dim=1, keepdim=True)  # get the index of the max log-probability
                correct += pred.eq(target.view_as(pred)).sum().item()
                _, predicted = torch.max(output.data, 1)
                total += target.size(0)
                assert (predicted == target).sum().item() == pred.eq(target.view_as(pred)).sum().item()
        test_loss /= total
        lines.append(f"\nTest set: Average loss: {test_loss:.4f}, Accuracy: {correct}/{total} ({100.0 * correct / total:.0f}%)\n")

    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loader = [(torch.randn(6, 1, 8, 8), torch.randint(0, 10, (6,))) for _ in range(3)]
    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)

    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, 3):
        train(model, device, loader, optimizer, epoch)
        test(model, device, loader)
        scheduler.step()
    return [lines, model.state_dict(), optimizer.state_dict()["param_groups"]]


def weight_clipping(lib):
    """The original WGAN's loop: RMSprop, five critic steps to one of the generator, `clamp_` of the weights; rates by a cosine
    with warm-up in the manner of timm, and by what the loss does."""
    torch, nn, optim = lib, lib.nn, lib.optim
    netG = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 6), nn.Tanh())
    netD = nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    optimizerG = optim.RMSprop(netG.parameters(), lr=5e-3)
    optimizerD = optim.RMSprop(netD.parameters(), lr=5e-3, alpha=0.9, momentum=0.1)
    warmup = optim.lr_scheduler.LambdaLR(optimizerD, lambda step: min(1.0, (step + 1) / 4))
    plateau = optim.lr_scheduler.ReduceLROnPlateau(optimizerG, factor=0.5, patience=1)
    found = []
    for _epoch in range(5):
        for p in netD.parameters():
            p.requires_grad = True
        for _diters in range(3):
            # clamp parameters to a cube
            for p in netD.parameters():
                p.data.clamp_(-0.1, 0.1)
            netD.zero_grad()
            errD_real = netD(torch.randn(5, 6)).mean()
            with torch.no_grad():
                fake = netG(torch.randn(5, 4))
            errD = errD_real - netD(fake).mean()
            errD.backward()
            optimizerD.step()
        for p in netD.parameters():
            p.requires_grad = False  # to avoid computation
        netG.zero_grad()
        errG = netD(netG(torch.randn(5, 4))).mean()
        errG.backward()
        optimizerG.step()
        warmup.step()
        plateau.step(errG.detach())
        found.append([errD.item(), errG.item(), warmup.get_last_lr(), optimizerG.param_groups[0]["lr"]])
    return [found, netG.state_dict(), netD.state_dict()]


def transfer(lib):
    """Freeze a pretrained body, replace its head, train; thaw, with a smaller rate for the body; count parameters."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    model_ft = nn.Sequential()
    model_ft.add_module("body", body)
    model_ft.add_module("fc", nn.Linear(4, 1000 // 100))
    best_model_wts = copy.deepcopy(model_ft.state_dict())
    for param in model_ft.parameters():
        param.requires_grad = False
    # Parameters of newly constructed modules have requires_grad=True by default
    num_ftrs = model_ft.fc.in_features
    model_ft.fc = nn.Linear(num_ftrs, 2)
    counts = [sum(p.numel() for p in model_ft.parameters()), sum(p.numel() for p in model_ft.parameters() if p.requires_grad)]
    optimizer_ft = optim.SGD(filter(lambda p: p.requires_grad, model_ft.parameters()), lr=0.1, momentum=0.9)
    inputs, labels = torch.randn(5, 3, 6, 6), torch.randint(0, 2, (5,))
    found = []
    for phase in ["train", "val", "train"]:
        model_ft.train() if phase == "train" else model_ft.eval()
        optimizer_ft.zero_grad()
        with torch.set_grad_enabled(phase == "train"):
            outputs = model_ft(inputs)
            _, preds = torch.max(outputs, 1)
            loss = F.cross_entropy(outputs, labels)
            if phase == "train":
                loss.backward()
                optimizer_ft.step()
        running_loss = loss.item() * inputs.size(0)
        running_corrects = torch.sum(preds == labels.data)
        found.append([phase, running_loss, running_corrects.double() / 5, outputs.requires_grad])
    grads = [(name, p.grad is None) for name, p in model_ft.named_parameters()]
    model_ft.body.requires_grad_(True)
    optimizer = optim.Adam([{"params": model_ft.body.parameters(), "lr": 1e-4}, {"params": model_ft.fc.parameters()}], lr=1e-2)
    for m in model_ft.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
    F.cross_entropy(model_ft(inputs), labels).backward()
    optimizer.step()
    return [str(model_ft), counts, found, grads, str(optimizer), model_ft.state_dict(), list(best_model_wts)]


def checkpoints(lib):
    """A state dict through pickle and back into model and optimiser, which then go on as if nothing had happened; what
    does not fit is refused."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    def make():
        return nn.Sequential(nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2))

    x, y = torch.randn(6, 3), torch.randint(0, 2, (6,))

    def step(model, optimizer):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = [step(model, optimizer) for _ in range(3)]
    checkpoint = {"epoch": 3, "model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
                  "loss": losses[-1]}  # fmt: skip
    stored = pickle.dumps(checkpoint)
    going_on = [step(model, optimizer) for _ in range(3)]
    model, loaded = make(), pickle.loads(stored)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    message = str(model.load_state_dict(loaded["model_state_dict"]))
    optimizer.load_state_dict(loaded["optimizer_state_dict"])
    again = [step(model, optimizer) for _ in range(3)]
    partial = {f"module.{k}": v for k, v in model.state_dict().items() if not k.startswith("3")}
    renamed = {k.removeprefix("module."): v for k, v in partial.items()}
    loose = model.load_state_dict(renamed, strict=False)
    errors = []
    for wrong in (renamed, partial, {**model.state_dict(), "0.weight": torch.zeros(2, 2)}):
        try:
            model.load_state_dict(wrong)
        except RuntimeError as error:
            errors.append(str(error))
    twin = pickle.loads(pickle.dumps(model.eval()))
    return [losses, going_on == again, again, message, loose.missing_keys, errors, twin(x), copy.deepcopy(model)(x)]


def hooks(lib):
    """Features caught by forward hooks, Grad-CAM by a full backward hook, gradients clipped and halved by tensor hooks."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
                          nn.Linear(4, 3))  # fmt: skip
    activation, caught = {}, {}

    def get_activation(name):
        def hook(model, input, output):
            activation[name] = output.detach()

        return hook

    handles = [module.register_forward_hook(get_activation(name)) for name, module in model.named_children() if name in "02"]
    handles.append(model[2].register_full_backward_hook(lambda m, gin, gout: caught.update(grad=gout[0].detach())))
    handles.append(model[6].register_forward_pre_hook(lambda m, args: (args[0] * 2,)))
    for p in model.parameters():
        p.register_hook(lambda grad: torch.clamp(grad, -0.05, 0.05))
    image = torch.randn(1, 1, 9, 9, requires_grad=True)
    image.register_hook(lambda grad: grad / 2)
    scores = model(image)
    scores[0, scores.argmax()].backward(retain_graph=True)
    weights = caught["grad"].mean(dim=(2, 3), keepdim=True)
    cam = F.relu((weights * activation["2"]).sum(1, keepdim=True))
    cam = F.interpolate(cam, size=image.shape[2:], mode="bilinear", align_corners=False)
    cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-8)
    # the adversarial example of the tutorial: a step along the sign of the gradient of the data
    perturbed = torch.clamp(image + 0.1 * image.grad.data.sign(), 0, 1)
    for handle in handles:
        handle.remove()
    return [list(activation), activation["0"], cam, image.grad, perturbed, model(image), [p.grad for p in model.parameters()]]


def averages_and_distillation(lib):
    """A teacher that is the moving average of its student, softened targets by KLDivLoss, and SimCLR's contrast."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    student = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5))
    teacher = copy.deepcopy(student)
    for param in teacher.parameters():
        param.detach_()

    def update_ema_variables(model, ema_model, alpha, global_step):
        # Use the true average until the exponential average is more correct
        alpha = min(1 - 1 / (global_step + 1), alpha)
        for ema_param, param in zip(ema_model.parameters(), model.parameters()):
            ema_param.data.mul_(alpha).add_(param.data, alpha=1 - alpha)
        for ema_buffer, buffer in zip(ema_model.buffers(), model.buffers()):
            ema_buffer.copy_(buffer)

    def info_nce_loss(features, temperature=0.5):
        n = features.shape[0] // 2
        labels = torch.cat([torch.arange(n) for i in range(2)], dim=0)
        labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
        features = F.normalize(features, dim=1)
        similarity_matrix = torch.matmul(features, features.T)
        # discard the main diagonal from both: labels and similarities matrix
        mask = torch.eye(labels.shape[0], dtype=torch.bool)
        labels = labels[~mask].view(labels.shape[0], -1)
        similarity_matrix = similarity_matrix[~mask].view(similarity_matrix.shape[0], -1)
        # select and combine multiple positives, and only the negatives
        positives = similarity_matrix[labels.bool()].view(labels.shape[0], -1)
        negatives = similarity_matrix[~labels.bool()].view(similarity_matrix.shape[0], -1)
        logits = torch.cat([positives, negatives], dim=1)
        return F.cross_entropy(logits / temperature, torch.zeros(logits.shape[0], dtype=torch.long))

    def focal(logits, target, gamma=2.0):
        pt = F.softmax(logits, 1).gather(1, target[:, None]).squeeze(1)
        return ((1 - pt) ** gamma * F.cross_entropy(logits, target, reduction="none")).mean()

    x, target = torch.randn(6, 4), torch.randint(0, 5, (6,))
    optimizer = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True)
    kl, T, losses = nn.KLDivLoss(reduction="batchmean"), 2.0, []
    for global_step in range(4):
        both = student(torch.cat([x + 0.1 * torch.randn_like(x), x + 0.1 * torch.randn_like(x)]))
        with torch.no_grad():
            soft = F.softmax(teacher(x) / T, dim=1)
        loss = kl(F.log_softmax(both[:6] / T, dim=1), soft) * T * T + info_nce_loss(both) + focal(both[6:], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        update_ema_variables(student, teacher, 0.99, global_step)
        losses.append(loss.item())
    return [losses, teacher.state_dict(), student.state_dict()]


def neural_style(lib):
    """The tutorial's content and style layers in a frozen net, Gram matrices, and an image that is optimised."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim

    class ContentLoss(nn.Module):
        def __init__(self, target):
            super(ContentLoss, self).__init__()
            # we 'detach' the target content from the tree used to dynamically compute the gradient
            self.target = target.detach()

        def forward(self, input):
            self.loss = F.mse_loss(input, self.target)
            return input

    def gram_matrix(input):
        a, b, c, d = input.size()
        features = input.view(a * b, c * d)
        G = torch.mm(features, features.t())  # compute the gram product
        return G.div(a * b * c * d)

    class StyleLoss(nn.Module):
        def __init__(self, target_feature):
            super(StyleLoss, self).__init__()
            self.target = gram_matrix(target_feature).detach()

        def forward(self, input):
            G = gram_matrix(input)
            self.loss = F.mse_loss(G, self.target)
            return input

    class Normalization(nn.Module):
        def __init__(self, mean, std):
            super(Normalization, self).__init__()
            self.mean = mean.clone().detach().view(-1, 1, 1)
            self.std = std.clone().detach().view(-1, 1, 1)

        def forward(self, img):
            return (img - self.mean) / self.std

    cnn = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Conv2d(4, 6, 3, padding=1),
                        nn.ReLU(inplace=True)).eval()  # fmt: skip
    content_img, style_img = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    model = nn.Sequential(Normalization(torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])))
    content_losses, style_losses, i = [], [], 0
    for layer in cnn.children():
        if isinstance(layer, nn.Conv2d):
            i += 1
            name = f"conv_{i}"
        elif isinstance(layer, nn.ReLU):
            name = f"relu_{i}"
            # The in-place version doesn't play nicely with the losses inserted below.
            layer = nn.ReLU(inplace=False)
        else:
            name = f"pool_{i}"
        model.add_module(name, layer)
        if name == "conv_2":
            content_losses.append(ContentLoss(model(content_img).detach()))
            model.add_module(f"content_loss_{i}", content_losses[-1])
        if name.startswith("conv"):
            style_losses.append(StyleLoss(model(style_img).detach()))
            model.add_module(f"style_loss_{i}", style_losses[-1])
    input_img = content_img.clone()
    input_img.requires_grad_(True)
    model.eval()
    model.requires_grad_(False)
    optimizer, found = optim.Adam([input_img], lr=0.05), []
    for _ in range(4):
        # correct the values of updated input image
        with torch.no_grad():
            input_img.clamp_(0, 1)
        optimizer.zero_grad()
        model(input_img)
        style_score = sum(sl.loss for sl in style_losses) * 1000
        content_score = sum(cl.loss for cl in content_losses)
        loss = style_score + content_score
        loss.backward()
        optimizer.step()
        found.append([style_score.item(), content_score.item()])
    return [str(model), found, input_img, [p.grad is None for p in model.parameters()]]


def twice_differentiated(lib):
    """A physics-informed network, one step of MAML through its inner step, and the penalty of a Hessian's diagonal."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    grad = torch.autograd.grad
    net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 1))
    optimizer, found = torch.optim.Adam(net.parameters(), lr=0.01), []
    t = torch.linspace(0, 1, 12).view(-1, 1).requires_grad_(True)
    for _ in range(4):
        optimizer.zero_grad()
        start = torch.zeros(1, 1, requires_grad=True)
        u0 = net(start)
        du0 = grad(u0, start, torch.ones_like(u0), create_graph=True)[0]
        u = net(t)
        dudt = grad(u, t, torch.ones_like(u), create_graph=True)[0]
        d2udt2 = grad(dudt, t, torch.ones_like(dudt), create_graph=True)[0]
        physics = torch.mean((d2udt2 + 0.4 * dudt + 4 * u) ** 2)
        loss = (torch.squeeze(u0) - 1) ** 2 + 1e-1 * (torch.squeeze(du0) - 0) ** 2 + 1e-2 * physics
        loss.backward()
        optimizer.step()
        found.append(loss.item())

    def functional(params, x):
        return F.linear(F.relu(F.linear(x, params[0], params[1])), params[2], params[3])

    meta = [torch.randn(6, 2) * 0.5, torch.zeros(6), torch.randn(1, 6) * 0.5, torch.zeros(1)]
    meta = [nn.Parameter(p) for p in meta]
    outer = 0.0
    for _task in range(2):
        x, y, x2, y2 = torch.randn(5, 2), torch.randn(5, 1), torch.randn(5, 2), torch.randn(5, 1)
        inner = F.mse_loss(functional(meta, x), y)
        fast = [w - 0.1 * g for w, g in zip(meta, grad(inner, meta, create_graph=True))]
        outer = outer + F.mse_loss(functional(fast, x2), y2)
    outer.backward()
    hessian = torch.autograd.functional.hessian(lambda z: F.layer_norm(z, (3,)).pow(3).sum(), t.detach()[:3, 0])
    return [found, [p.grad for p in net.parameters()], outer, [p.grad for p in meta], hessian, math.isfinite(outer.item())]


PROGRAMS = [mnist_epochs, weight_clipping, transfer, checkpoints, hooks, averages_and_distillation, neural_style, twice_differentiated]
