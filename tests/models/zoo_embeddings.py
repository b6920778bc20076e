"""What learns vectors: word2vec, the n-gram and bag-of-words tutorials, EmbeddingBag, siamese and triplet nets, matrix
factorisation, a graph network."""


def word2vec(lib):
    """Skip-gram with negative sampling: `bmm`, `neg`, `logsigmoid`."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class SkipGramModel(nn.Module):
        def __init__(self, emb_size, emb_dimension):
            super(SkipGramModel, self).__init__()
            self.emb_size = emb_size
            self.emb_dimension = emb_dimension
            self.u_embeddings = nn.Embedding(emb_size, emb_dimension)
            self.v_embeddings = nn.Embedding(emb_size, emb_dimension)

            initrange = 1.0 / self.emb_dimension
            nn.init.uniform_(self.u_embeddings.weight.data, -initrange, initrange)
            nn.init.constant_(self.v_embeddings.weight.data, 0)

        def forward(self, pos_u, pos_v, neg_v):
            emb_u = self.u_embeddings(pos_u)
            emb_v = self.v_embeddings(pos_v)
            emb_neg_v = self.v_embeddings(neg_v)

            score = torch.sum(torch.mul(emb_u, emb_v), dim=1)
            score = torch.clamp(score, max=10, min=-10)
            score = -F.logsigmoid(score)

            neg_score = torch.bmm(emb_neg_v, emb_u.unsqueeze(2)).squeeze()
            neg_score = torch.clamp(neg_score, max=10, min=-10)
            neg_score = -torch.sum(F.logsigmoid(-neg_score), dim=1)

            return torch.mean(score + neg_score)

    frequencies = torch.tensor([5.0, 3.0, 2.0, 1.0, 1.0, 4.0, 2.0]) ** 0.75
    model = SkipGramModel(7, 6)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses = []
    for _ in range(6):
        pos_u, pos_v = torch.randint(0, 7, (8,)), torch.randint(0, 7, (8,))
        neg_v = torch.multinomial(frequencies / frequencies.sum(), 8 * 3, replacement=True).view(8, 3)
        optimizer.zero_grad()
        loss = model.forward(pos_u, pos_v, neg_v)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    vectors = F.normalize(model.u_embeddings.weight.detach())
    return [losses, neg_v, (vectors @ vectors.t()).topk(3), model.state_dict()]


def ngram_tutorials(lib):
    """The word embeddings tutorial: an n-gram model, and a continuous bag of words."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim
    CONTEXT_SIZE, EMBEDDING_DIM = 2, 5
    test_sentence = "When forty winters shall besiege thy brow , And dig deep trenches in thy beauty 's field ,".split()
    ngrams = [
        ([test_sentence[i - j - 1] for j in range(CONTEXT_SIZE)], test_sentence[i])
        for i in range(CONTEXT_SIZE, len(test_sentence))
    ]
    vocab = sorted(set(test_sentence))
    word_to_ix = {word: i for i, word in enumerate(vocab)}

    class NGramLanguageModeler(nn.Module):
        def __init__(self, vocab_size, embedding_dim, context_size):
            super(NGramLanguageModeler, self).__init__()
            self.embeddings = nn.Embedding(vocab_size, embedding_dim)
            self.linear1 = nn.Linear(context_size * embedding_dim, 16)
            self.linear2 = nn.Linear(16, vocab_size)

        def forward(self, inputs):
            embeds = self.embeddings(inputs).view((1, -1))
            out = F.relu(self.linear1(embeds))
            out = self.linear2(out)
            log_probs = F.log_softmax(out, dim=1)
            return log_probs

    class CBOW(nn.Module):
        def __init__(self, vocab_size, embedding_dim):
            super().__init__()
            self.embeddings = nn.EmbeddingBag(vocab_size, embedding_dim, mode="mean")
            self.linear = nn.Linear(embedding_dim, vocab_size)

        def forward(self, text, offsets):
            return self.linear(self.embeddings(text, offsets))

    losses = []
    loss_function = nn.NLLLoss()
    model = NGramLanguageModeler(len(vocab), EMBEDDING_DIM, CONTEXT_SIZE)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for _epoch in range(3):
        total_loss = 0
        for context, target in ngrams:
            context_idxs = torch.tensor([word_to_ix[w] for w in context], dtype=torch.long)
            model.zero_grad()
            log_probs = model(context_idxs)
            loss = loss_function(log_probs, torch.tensor([word_to_ix[target]], dtype=torch.long))
            loss.backward()
            optimizer.step()
            # Get the Python number from a 1-element Tensor by calling tensor.item()
            total_loss += loss.item()
        losses.append(total_loss)
    bag = CBOW(len(vocab), EMBEDDING_DIM)
    text = torch.tensor([word_to_ix[w] for context, _ in ngrams[:5] for w in context])
    offsets = torch.tensor([0] + [len(context) for context, _ in ngrams[:4]]).cumsum(dim=0)
    label = torch.tensor([word_to_ix[target] for _, target in ngrams[:5]], dtype=torch.int64)
    loss = nn.CrossEntropyLoss()(bag(text, offsets), label)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(bag.parameters(), 0.1)
    return [losses, model.embeddings.weight[word_to_ix["beauty"]], str(bag), loss, [p.grad for p in bag.parameters()]]


def siamese(lib):
    """Two towers of shared weights: the contrastive loss written out, and the triplet margin loss."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class SiameseNetwork(nn.Module):
        def __init__(self):
            super(SiameseNetwork, self).__init__()
            self.cnn1 = nn.Sequential(
                nn.ReflectionPad2d(1),
                nn.Conv2d(1, 4, kernel_size=3),
                nn.ReLU(inplace=True),
                nn.BatchNorm2d(4),
                nn.Dropout2d(p=0.2),
                nn.ReflectionPad2d(1),
                nn.Conv2d(4, 4, kernel_size=3),
                nn.PReLU(),
                nn.BatchNorm2d(4),
            )
            self.fc1 = nn.Sequential(nn.Linear(4 * 8 * 8, 16), nn.ReLU(inplace=True), nn.Linear(16, 5))

        def forward_once(self, x):
            output = self.cnn1(x)
            output = output.view(output.size()[0], -1)
            output = self.fc1(output)
            return output

        def forward(self, *inputs):
            return tuple(self.forward_once(x) for x in inputs)

    class ContrastiveLoss(torch.nn.Module):
        def __init__(self, margin=2.0):
            super(ContrastiveLoss, self).__init__()
            self.margin = margin

        def forward(self, output1, output2, label):
            euclidean_distance = F.pairwise_distance(output1, output2, keepdim=True)
            loss_contrastive = torch.mean(
                (1 - label) * torch.pow(euclidean_distance, 2)
                + (label) * torch.pow(torch.clamp(self.margin - euclidean_distance, min=0.0), 2)
            )
            return loss_contrastive

    images = [torch.randn(4, 1, 8, 8) for _ in range(3)]
    label = torch.randint(0, 2, (4, 1)).to(torch.get_default_dtype())
    contrastive, triplet, cosine = ContrastiveLoss(), nn.TripletMarginLoss(margin=1.0, p=2), nn.CosineEmbeddingLoss(0.2)

    def loss_of(outputs):
        a, b, c = outputs
        return contrastive(a, b, label) + triplet(a, b, c) + cosine(a, c, 1 - 2 * label.squeeze(1))

    return SiameseNetwork(), tuple(images), loss_of


def matrix_factorization(lib):
    """Users and items with biases and sparse-looking indices, trained by Adam with weight decay in groups."""
    torch, nn = lib, lib.nn

    class BiasedMatrixFactorization(nn.Module):
        def __init__(self, n_users, n_items, n_factors=4):
            super().__init__()
            self.user_factors = nn.Embedding(n_users, n_factors)
            self.item_factors = nn.Embedding(n_items, n_factors)
            self.user_biases = nn.Embedding(n_users, 1)
            self.item_biases = nn.Embedding(n_items, 1)

        def forward(self, user, item):
            pred = self.user_biases(user) + self.item_biases(item)
            pred += (self.user_factors(user) * self.item_factors(item)).sum(dim=1, keepdim=True)
            return pred.squeeze()

    user, item = torch.randint(0, 5, (20,)), torch.randint(0, 6, (20,))
    rating = torch.randint(1, 6, (20,)).to(torch.get_default_dtype())
    model = BiasedMatrixFactorization(5, 6)
    optimizer = torch.optim.Adam(
        [
            {"params": [model.user_biases.weight, model.item_biases.weight], "weight_decay": 0.0},
            {"params": [model.user_factors.weight, model.item_factors.weight]},
        ],
        lr=0.05,
        weight_decay=1e-3,
    )
    loss_func, losses = nn.MSELoss(), []
    for _epoch in range(4):
        perm = torch.randperm(20)
        for i in range(0, 20, 8):
            idx = perm[i : i + 8]
            loss = loss_func(model(user[idx], item[idx]), rating[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return [losses, optimizer.state_dict()["param_groups"], model.state_dict()]


def gcn(lib):
    """pygcn with a dense adjacency: Kipf's layer with `reset_parameters`, trained on a few labelled nodes; and attention (GAT)."""
    torch, nn, F = lib, lib.nn, lib.nn.functional
    Module, Parameter = lib.nn.Module, lib.nn.Parameter

    class GraphConvolution(Module):
        """
        Simple GCN layer, similar to https://arxiv.org/abs/1609.02907
        """

        def __init__(self, in_features, out_features, bias=True):
            super(GraphConvolution, self).__init__()
            self.in_features = in_features
            self.out_features = out_features
            self.weight = Parameter(torch.empty(in_features, out_features))
            if bias:
                self.bias = Parameter(torch.empty(out_features))
            else:
                self.register_parameter("bias", None)
            self.reset_parameters()

        def reset_parameters(self):
            stdv = 1.0 / self.weight.size(1) ** 0.5
            self.weight.data.uniform_(-stdv, stdv)
            if self.bias is not None:
                self.bias.data.uniform_(-stdv, stdv)

        def forward(self, input, adj):
            support = torch.mm(input, self.weight)
            output = torch.spmm(adj, support)
            if self.bias is not None:
                return output + self.bias
            else:
                return output

        def __repr__(self):
            return self.__class__.__name__ + " (" + str(self.in_features) + " -> " + str(self.out_features) + ")"

    class GraphAttention(Module):
        def __init__(self, in_features, out_features, alpha=0.2):
            super().__init__()
            self.W = nn.Parameter(torch.empty(size=(in_features, out_features)))
            nn.init.xavier_uniform_(self.W.data, gain=1.414)
            self.a = nn.Parameter(torch.empty(size=(2 * out_features, 1)))
            nn.init.xavier_uniform_(self.a.data, gain=1.414)
            self.out_features = out_features
            self.leakyrelu = nn.LeakyReLU(alpha)

        def forward(self, h, adj):
            Wh = torch.mm(h, self.W)
            Wh1 = torch.matmul(Wh, self.a[: self.out_features, :])
            Wh2 = torch.matmul(Wh, self.a[self.out_features :, :])
            # broadcast add
            e = self.leakyrelu(Wh1 + Wh2.T)
            zero_vec = -9e15 * torch.ones_like(e)
            attention = torch.where(adj > 0, e, zero_vec)
            attention = F.softmax(attention, dim=1)
            attention = F.dropout(attention, 0.3, training=self.training)
            return F.elu(torch.matmul(attention, Wh))

    class GCN(nn.Module):
        def __init__(self, nfeat, nhid, nclass, dropout):
            super(GCN, self).__init__()
            self.gc1 = GraphConvolution(nfeat, nhid)
            self.gat = GraphAttention(nhid, nhid)
            self.gc2 = GraphConvolution(nhid, nclass, bias=False)
            self.dropout = dropout

        def forward(self, x, adj):
            x = F.relu(self.gc1(x, adj))
            x = F.dropout(x, self.dropout, training=self.training)
            x = self.gat(x, adj)
            x = self.gc2(x, adj)
            return F.log_softmax(x, dim=1)

    edges = torch.randint(0, 9, (2, 16))
    adj = torch.eye(9)
    adj[edges[0], edges[1]] = 1
    adj = ((adj + adj.t()) > 0).to(torch.get_default_dtype())
    degree = adj.sum(1).pow(-0.5)
    adj = degree.diag() @ adj @ torch.diag(degree)
    labels, idx_train = torch.randint(0, 3, (9,)), torch.LongTensor([0, 2, 3, 5, 8])
    return GCN(6, 8, 3, 0.5), (torch.randn(9, 6), adj), lambda output: F.nll_loss(output[idx_train], labels[idx_train])


MODELS = [siamese, gcn]
PROGRAMS = [word2vec, ngram_tutorials, matrix_factorization]
