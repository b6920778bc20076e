"""Programs that train generators, as the official examples and well-known repositories write them: VAE, DCGAN, WGAN-GP,
mixture density network, RealNVP."""

import math


def vae(lib):
    """The official example: reparameterisation, binary cross entropy and Kullback-Leibler divergence, both summed."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim

    class VAE(nn.Module):
        def __init__(self):
            super(VAE, self).__init__()

            self.fc1 = nn.Linear(36, 20)
            self.fc21 = nn.Linear(20, 4)
            self.fc22 = nn.Linear(20, 4)
            self.fc3 = nn.Linear(4, 20)
            self.fc4 = nn.Linear(20, 36)

        def encode(self, x):
            h1 = F.relu(self.fc1(x))
            return self.fc21(h1), self.fc22(h1)

        def reparameterize(self, mu, logvar):
            std = torch.exp(0.5 * logvar)
            eps = torch.randn_like(std)
            return mu + eps * std

        def decode(self, z):
            h3 = F.relu(self.fc3(z))
            return torch.sigmoid(self.fc4(h3))

        def forward(self, x):
            mu, logvar = self.encode(x.view(-1, 36))
            z = self.reparameterize(mu, logvar)
            return self.decode(z), mu, logvar

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = VAE().to(device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    # Reconstruction + KL divergence losses summed over all elements and batch
    def loss_function(recon_x, x, mu, logvar):
        BCE = F.binary_cross_entropy(recon_x, x.view(-1, 36), reduction="sum")

        # see Appendix B from VAE paper:
        # Kingma and Welling. Auto-Encoding Variational Bayes. ICLR, 2014
        # https://arxiv.org/abs/1312.6114
        # 0.5 * sum(1 + log(sigma^2) - mu^2 - sigma^2)
        KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())

        return BCE + KLD

    train_loader = [(torch.rand(8, 1, 6, 6), None) for _ in range(3)]
    model.train()
    train_loss, lines = 0, []
    for batch_idx, (data, _) in enumerate(train_loader):
        data = data.to(device)
        optimizer.zero_grad()
        recon_batch, mu, logvar = model(data)
        loss = loss_function(recon_batch, data, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
        lines.append(
            f"Train Epoch: 1 [{batch_idx * len(data)}/24 ({100.0 * batch_idx / len(train_loader):.0f}%)]\tLoss: "
            f"{loss.item() / len(data):.6f}"
        )
    with torch.no_grad():
        sample = torch.randn(5, 4).to(device)
        sample = model.decode(sample).cpu()
    model.eval()
    test_loss = 0
    with torch.no_grad():
        for data, _ in train_loader:
            recon_batch, mu, logvar = model(data)
            test_loss += loss_function(recon_batch, data, mu, logvar).item()
    return [repr(model), repr(optimizer), lines, train_loss, test_loss, sample.view(5, 1, 6, 6), model.state_dict()]


def dcgan(lib):
    """The tutorial: weights by class name, two optimisers, `.detach()` of the fake batch, two steps of both nets."""
    torch, nn, optim = lib, lib.nn, lib.optim
    nc, nz, ngf, ndf, lr, beta1 = 3, 10, 4, 4, 0.0002, 0.5

    # custom weights initialization called on ``netG`` and ``netD``
    def weights_init(m):
        classname = m.__class__.__name__
        if classname.find("Conv") != -1:
            nn.init.normal_(m.weight.data, 0.0, 0.02)
        elif classname.find("BatchNorm") != -1:
            nn.init.normal_(m.weight.data, 1.0, 0.02)
            nn.init.constant_(m.bias.data, 0)

    class Generator(nn.Module):
        def __init__(self, ngpu):
            super(Generator, self).__init__()
            self.ngpu = ngpu
            self.main = nn.Sequential(
                # input is Z, going into a convolution
                nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
                nn.BatchNorm2d(ngf * 4),
                nn.ReLU(True),
                # state size. ``(ngf*4) x 4 x 4``
                nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(ngf * 2),
                nn.ReLU(True),
                nn.ConvTranspose2d(ngf * 2, nc, 4, 2, 1, bias=False),
                nn.Tanh(),
                # state size. ``(nc) x 16 x 16``
            )

        def forward(self, input):
            return self.main(input)

    class Discriminator(nn.Module):
        def __init__(self, ngpu):
            super(Discriminator, self).__init__()
            self.ngpu = ngpu
            self.main = nn.Sequential(
                nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
                nn.LeakyReLU(0.2, inplace=True),
                nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
                nn.BatchNorm2d(ndf * 2),
                nn.LeakyReLU(0.2, inplace=True),
                nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
                nn.Sigmoid(),
            )

        def forward(self, input):
            return self.main(input)

    ngpu = 1
    device = torch.device("cuda:0" if (torch.cuda.is_available() and ngpu > 0) else "cpu")
    netG = Generator(ngpu).to(device)
    netG.apply(weights_init)
    netD = Discriminator(ngpu).to(device)
    netD.apply(weights_init)
    criterion = nn.BCELoss()
    fixed_noise = torch.randn(2, nz, 1, 1, device=device)
    real_label, fake_label = 1.0, 0.0
    optimizerD = optim.Adam(netD.parameters(), lr=lr, betas=(beta1, 0.999))
    optimizerG = optim.Adam(netG.parameters(), lr=lr, betas=(beta1, 0.999))
    G_losses, D_losses, points, img_list = [], [], [], []
    for _iters, data in enumerate([torch.rand(4, nc, 16, 16) * 2 - 1 for _ in range(2)]):
        ############################
        # (1) Update D network: maximize log(D(x)) + log(1 - D(G(z)))
        ###########################
        ## Train with all-real batch
        netD.zero_grad()
        real_cpu = data.to(device)
        b_size = real_cpu.size(0)
        label = torch.full((b_size,), real_label, dtype=torch.get_default_dtype(), device=device)
        output = netD(real_cpu).view(-1)
        errD_real = criterion(output, label)
        errD_real.backward()
        D_x = output.mean().item()

        ## Train with all-fake batch
        noise = torch.randn(b_size, nz, 1, 1, device=device)
        fake = netG(noise)
        label.fill_(fake_label)
        output = netD(fake.detach()).view(-1)
        errD_fake = criterion(output, label)
        # Calculate the gradients for this batch, accumulated (summed) with previous gradients
        errD_fake.backward()
        D_G_z1 = output.mean().item()
        errD = errD_real + errD_fake
        optimizerD.step()

        ############################
        # (2) Update G network: maximize log(D(G(z)))
        ###########################
        netG.zero_grad()
        label.fill_(real_label)  # fake labels are real for generator cost
        # Since we just updated D, perform another forward pass of all-fake batch through D
        output = netD(fake).view(-1)
        errG = criterion(output, label)
        errG.backward()
        D_G_z2 = output.mean().item()
        optimizerG.step()

        G_losses.append(errG.item())
        D_losses.append(errD.item())
        points.append([D_x, D_G_z1, D_G_z2])
        with torch.no_grad():
            fake = netG(fixed_noise).detach().cpu()
        img_list.append(fake)
    return [str(netG), str(netD), G_losses, D_losses, points, img_list, netD.state_dict(), netG.state_dict()]


def wgan_gp(lib):
    """The gradient penalty of PyTorch-GAN: the norm of a gradient is part of the critic's loss."""
    torch, nn, autograd = lib, lib.nn, lib.autograd
    lambda_gp, latent_dim, img_shape = 10, 5, (1, 6, 6)

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()

            def block(in_feat, out_feat, normalize=True):
                layers = [nn.Linear(in_feat, out_feat)]
                if normalize:
                    layers.append(nn.BatchNorm1d(out_feat, 0.8))
                layers.append(nn.LeakyReLU(0.2, inplace=True))
                return layers

            self.model = nn.Sequential(
                *block(latent_dim, 8, normalize=False), *block(8, 16), nn.Linear(16, math.prod(img_shape)), nn.Tanh()
            )

        def forward(self, z):
            img = self.model(z)
            img = img.view(img.shape[0], *img_shape)
            return img

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=1)
            self.model = nn.Sequential(
                nn.LayerNorm(36), nn.Linear(36, 16), nn.LeakyReLU(0.2, inplace=True), nn.Tanh(), nn.Linear(16, 1)
            )

        def forward(self, img):
            img_flat = self.conv(img).view(img.shape[0], -1)
            return self.model(img_flat)

    generator, discriminator = Generator(), Discriminator()
    optimizer_G = torch.optim.Adam(generator.parameters(), lr=0.002, betas=(0.5, 0.999))
    optimizer_D = torch.optim.Adam(discriminator.parameters(), lr=0.002, betas=(0.5, 0.999))

    def compute_gradient_penalty(D, real_samples, fake_samples):
        """Calculates the gradient penalty loss for WGAN GP"""
        # Random weight term for interpolation between real and fake samples
        alpha = torch.rand(real_samples.size(0), 1, 1, 1)
        # Get random interpolation between real and fake samples
        interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
        d_interpolates = D(interpolates)
        fake = torch.ones(real_samples.shape[0], 1).requires_grad_(False)
        # Get gradient w.r.t. interpolates
        gradients = autograd.grad(
            outputs=d_interpolates,
            inputs=interpolates,
            grad_outputs=fake,
            create_graph=True,
            retain_graph=True,
            only_inputs=True,
        )[0]
        gradients = gradients.view(gradients.size(0), -1)
        gradient_penalty = ((gradients.norm(2, dim=1) - 1) ** 2).mean()
        return gradient_penalty

    losses = []
    for i in range(4):
        real_imgs = torch.randn(5, *img_shape)
        optimizer_D.zero_grad()
        z = torch.randn(5, latent_dim)
        fake_imgs = generator(z)
        real_validity = discriminator(real_imgs)
        fake_validity = discriminator(fake_imgs)
        gradient_penalty = compute_gradient_penalty(discriminator, real_imgs.data, fake_imgs.data)
        d_loss = -torch.mean(real_validity) + torch.mean(fake_validity) + lambda_gp * gradient_penalty
        d_loss.backward()
        optimizer_D.step()
        losses.append([d_loss.item(), gradient_penalty.item()])
        optimizer_G.zero_grad()
        if i % 2 == 0:
            fake_imgs = generator(z)
            g_loss = -torch.mean(discriminator(fake_imgs))
            g_loss.backward()
            optimizer_G.step()
            losses.append(g_loss.item())
    # the last layer's bias has no gradient of the penalty, and Adam would make steps of what rounding leaves
    return [losses, [p.grad for p in discriminator.parameters()], [p.detach() for p in generator.parameters()]]


def mixture_density(lib):
    """Bishop's network on the inverse sine: a categorical over Gaussians, its likelihood by logsumexp."""
    torch, nn = lib, lib.nn
    ONEOVERSQRT2PI = 1.0 / math.sqrt(2 * math.pi)

    class MDN(nn.Module):
        def __init__(self, in_features, out_features, num_gaussians):
            super().__init__()
            self.in_features = in_features
            self.out_features = out_features
            self.num_gaussians = num_gaussians
            self.pi = nn.Sequential(nn.Linear(in_features, num_gaussians), nn.Softmax(dim=1))
            self.sigma = nn.Linear(in_features, out_features * num_gaussians)
            self.mu = nn.Linear(in_features, out_features * num_gaussians)

        def forward(self, minibatch):
            pi = self.pi(minibatch)
            sigma = torch.exp(self.sigma(minibatch))
            sigma = sigma.view(-1, self.num_gaussians, self.out_features)
            mu = self.mu(minibatch)
            mu = mu.view(-1, self.num_gaussians, self.out_features)
            return pi, sigma, mu

    def gaussian_probability(sigma, mu, target):
        target = target.unsqueeze(1).expand_as(sigma)
        ret = ONEOVERSQRT2PI * torch.exp(-0.5 * ((target - mu) / sigma) ** 2) / sigma
        return torch.prod(ret, 2)

    def mdn_loss(pi, sigma, mu, target):
        prob = pi * gaussian_probability(sigma, mu, target)
        nll = -torch.log(torch.sum(prob, dim=1))
        return torch.mean(nll)

    def stable(pi, sigma, mu, target):
        normal = -0.5 * ((target.unsqueeze(1) - mu) / sigma).pow(2) - sigma.log() - 0.5 * math.log(2 * math.pi)
        return -torch.logsumexp(pi.log() + normal.sum(-1), dim=1).mean()

    y = torch.linspace(-3, 3, 40).unsqueeze(1)
    x = y + 0.5 * torch.sin(4 * y) + 0.05 * torch.randn_like(y)
    model = nn.Sequential(nn.Linear(1, 10), nn.Tanh(), MDN(10, 1, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(8):
        model.zero_grad()
        pi, sigma, mu = model(x)
        loss = mdn_loss(pi, sigma, mu, y)
        losses.append([loss.item(), stable(pi, sigma, mu, y).item()])
        loss.backward()
        optimizer.step()
    pi, sigma, mu = model(x[:6])
    pick = torch.multinomial(pi, 1).view(-1, 1, 1)
    drawn = mu.gather(1, pick).squeeze(1) + sigma.gather(1, pick).squeeze(1) * torch.randn(6, 1)
    return [str(model), losses, pick, drawn, [p.detach() for p in model.parameters()]]


def real_nvp(lib):
    """Coupling layers with masks held as parameters that want no gradient; the change of variables' log determinant."""
    torch, nn = lib, lib.nn

    class RealNVP(nn.Module):
        def __init__(self, nets, nett, mask):
            super().__init__()
            self.mask = nn.Parameter(mask, requires_grad=False)
            self.t = torch.nn.ModuleList([nett() for _ in range(len(mask))])
            self.s = torch.nn.ModuleList([nets() for _ in range(len(mask))])

        def g(self, z):
            x = z
            for i in range(len(self.t)):
                x_ = x * self.mask[i]
                s = self.s[i](x_) * (1 - self.mask[i])
                t = self.t[i](x_) * (1 - self.mask[i])
                x = x_ + (1 - self.mask[i]) * (x * torch.exp(s) + t)
            return x

        def f(self, x):
            log_det_J, z = x.new_zeros(x.shape[0]), x
            for i in reversed(range(len(self.t))):
                z_ = self.mask[i] * z
                s = self.s[i](z_) * (1 - self.mask[i])
                t = self.t[i](z_) * (1 - self.mask[i])
                z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
                log_det_J -= s.sum(dim=1)
            return z, log_det_J

        def log_prob(self, x):
            z, logp = self.f(x)
            return (-0.5 * (z**2).sum(1) - math.log(2 * math.pi)) + logp

    def nets():
        return nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(), nn.Linear(12, 2), nn.Tanh())

    def nett():
        return nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(), nn.Linear(12, 2))

    masks = torch.tensor([[0, 1], [1, 0]] * 2, dtype=torch.get_default_dtype())
    flow = RealNVP(nets, nett, masks)
    optimizer = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad == True], lr=1e-2)
    theta = math.pi * torch.rand(30)
    data = torch.stack([torch.cos(theta), torch.sin(theta)], dim=1) + 0.05 * torch.randn(30, 2)
    losses = []
    for _ in range(5):
        loss = -flow.log_prob(data).mean()
        optimizer.zero_grad()
        loss.backward(retain_graph=True)
        optimizer.step()
        losses.append(loss.item())
    z, _ = flow.f(data)
    return [losses, flow.g(z), data, flow.state_dict()]


PROGRAMS = [vae, dcgan, wgan_gp, mixture_density, real_nvp]
