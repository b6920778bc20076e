"""Recurrent networks and their training loops, as tutorials and the official examples write them."""

import math


def char_rnn_by_hand(lib):
    """The names tutorial: a cell of two linear layers, and a step that writes `p.data` by hand."""
    torch, nn = lib, lib.nn

    class RNN(nn.Module):
        def __init__(self, input_size, hidden_size, output_size):
            super(RNN, self).__init__()

            self.hidden_size = hidden_size

            self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
            self.h2o = nn.Linear(hidden_size, output_size)
            self.softmax = nn.LogSoftmax(dim=1)

        def forward(self, input, hidden):
            combined = torch.cat((input, hidden), 1)
            hidden = torch.tanh(self.i2h(combined))
            output = self.h2o(hidden)
            output = self.softmax(output)
            return output, hidden

        def initHidden(self):
            return torch.zeros(1, self.hidden_size)

    all_letters = "abcdefghijklmnopqrstuvwxyz"
    n_letters = len(all_letters)
    all_categories = ["Greek", "Irish", "Polish"]

    def letterToIndex(letter):
        return all_letters.find(letter)

    def lineToTensor(line):
        tensor = torch.zeros(len(line), 1, n_letters)
        for li, letter in enumerate(line):
            tensor[li][0][letterToIndex(letter)] = 1
        return tensor

    def categoryFromOutput(output):
        top_n, top_i = output.topk(1)
        category_i = top_i[0].item()
        return all_categories[category_i], category_i

    rnn = RNN(n_letters, 12, len(all_categories))
    criterion = nn.NLLLoss()
    learning_rate = 0.05

    def train(category_tensor, line_tensor):
        hidden = rnn.initHidden()
        rnn.zero_grad()
        for i in range(line_tensor.size()[0]):
            output, hidden = rnn(line_tensor[i], hidden)
        loss = criterion(output, category_tensor)
        loss.backward()
        # Add parameters' gradients to their values, multiplied by learning rate
        for p in rnn.parameters():
            p.data.add_(p.grad.data, alpha=-learning_rate)
        return output, loss.item()

    found = []
    for category, line in enumerate(["stamatas", "sheehy", "szwed", "adamidis", "naoimhin", "kowalski"]):
        category_tensor = torch.tensor([category % 3], dtype=torch.long)
        output, loss = train(category_tensor, lineToTensor(line))
        found.append([loss, categoryFromOutput(output)[0], output])
    return [found, rnn.state_dict()]


def char_rnn_generator(lib):
    """char-rnn.pytorch: Embedding, GRU step by step, sampling by `torch.multinomial` of a tempered softmax."""
    torch, nn = lib, lib.nn

    class CharRNN(nn.Module):
        def __init__(self, input_size, hidden_size, output_size, model="gru", n_layers=1):
            super(CharRNN, self).__init__()
            self.model = model.lower()
            self.input_size = input_size
            self.hidden_size = hidden_size
            self.output_size = output_size
            self.n_layers = n_layers

            self.encoder = nn.Embedding(input_size, hidden_size)
            if self.model == "gru":
                self.rnn = nn.GRU(hidden_size, hidden_size, n_layers)
            elif self.model == "lstm":
                self.rnn = nn.LSTM(hidden_size, hidden_size, n_layers)
            self.decoder = nn.Linear(hidden_size, output_size)

        def forward(self, input, hidden):
            batch_size = input.size(0)
            encoded = self.encoder(input)
            output, hidden = self.rnn(encoded.view(1, batch_size, -1), hidden)
            output = self.decoder(output.view(batch_size, -1))
            return output, hidden

        def init_hidden(self, batch_size):
            if self.model == "lstm":
                return (
                    torch.zeros(self.n_layers, batch_size, self.hidden_size),
                    torch.zeros(self.n_layers, batch_size, self.hidden_size),
                )
            return torch.zeros(self.n_layers, batch_size, self.hidden_size)

    text = "hello autodiff"
    alphabet = sorted(set(text))
    found = []
    for model in ("gru", "lstm"):
        decoder = CharRNN(len(alphabet), 8, len(alphabet), model=model, n_layers=2)
        decoder_optimizer = torch.optim.Adam(decoder.parameters(), lr=0.01)
        criterion = nn.CrossEntropyLoss()
        ids = torch.tensor([[alphabet.index(c) for c in text]] * 3)
        for _ in range(3):
            hidden = decoder.init_hidden(3)
            decoder.zero_grad()
            loss = 0
            for c in range(len(text) - 1):
                output, hidden = decoder(ids[:, c], hidden)
                loss += criterion(output.view(3, -1), ids[:, c + 1])
            loss.backward()
            decoder_optimizer.step()
            found.append(loss.item() / (len(text) - 1))
        hidden, inp, predicted = decoder.init_hidden(1), ids[:1, 0], ""
        for _ in range(10):
            output, hidden = decoder(inp, hidden)
            # Sample from the network as a multinomial distribution
            output_dist = output.data.view(-1).div(0.8).exp()
            top_i = torch.multinomial(output_dist, 1)[0]
            predicted += alphabet[top_i]
            inp = top_i.unsqueeze(0)
        found.append([str(decoder), predicted, decoder.state_dict()])
    return found


def word_language_model(lib):
    """The official example: batchify, get_batch, repackage_hidden, tied weights, clipping, steps on `p.data`."""
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class RNNModel(nn.Module):
        """Container module with an encoder, a recurrent module, and a decoder."""

        def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.5, tie_weights=False):
            super(RNNModel, self).__init__()
            self.ntoken = ntoken
            self.drop = nn.Dropout(dropout)
            self.encoder = nn.Embedding(ntoken, ninp)
            if rnn_type in ["LSTM", "GRU"]:
                self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
            else:
                nonlinearity = {"RNN_TANH": "tanh", "RNN_RELU": "relu"}[rnn_type]
                self.rnn = nn.RNN(ninp, nhid, nlayers, nonlinearity=nonlinearity, dropout=dropout)
            self.decoder = nn.Linear(nhid, ntoken)

            if tie_weights:
                if nhid != ninp:
                    raise ValueError("When using the tied flag, nhid must be equal to emsize")
                self.decoder.weight = self.encoder.weight

            self.init_weights()

            self.rnn_type = rnn_type
            self.nhid = nhid
            self.nlayers = nlayers

        def init_weights(self):
            initrange = 0.1
            nn.init.uniform_(self.encoder.weight, -initrange, initrange)
            nn.init.zeros_(self.decoder.bias)
            nn.init.uniform_(self.decoder.weight, -initrange, initrange)

        def forward(self, input, hidden):
            emb = self.drop(self.encoder(input))
            output, hidden = self.rnn(emb, hidden)
            output = self.drop(output)
            decoded = self.decoder(output)
            decoded = decoded.view(-1, self.ntoken)
            return F.log_softmax(decoded, dim=1), hidden

        def init_hidden(self, bsz):
            weight = next(self.parameters())
            if self.rnn_type == "LSTM":
                return (weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid))
            else:
                return weight.new_zeros(self.nlayers, bsz, self.nhid)

    def batchify(data, bsz):
        # Work out how cleanly we can divide the dataset into bsz parts.
        nbatch = data.size(0) // bsz
        # Trim off any extra elements that wouldn't cleanly fit (remainders).
        data = data.narrow(0, 0, nbatch * bsz)
        # Evenly divide the data across the bsz batches.
        data = data.view(bsz, -1).t().contiguous()
        return data

    def repackage_hidden(h):
        """Wraps hidden states in new Tensors, to detach them from their history."""
        if isinstance(h, torch.Tensor):
            return h.detach()
        else:
            return tuple(repackage_hidden(v) for v in h)

    def get_batch(source, i, bptt=5):
        seq_len = min(bptt, len(source) - 1 - i)
        data = source[i : i + seq_len]
        target = source[i + 1 : i + 1 + seq_len].view(-1)
        return data, target

    ntokens = 11
    train_data = batchify(torch.randint(0, ntokens, (47,)), 3)
    found = []
    for kind in ("LSTM", "GRU", "RNN_TANH", "RNN_RELU"):
        torch.manual_seed(1111)
        model = RNNModel(kind, ntokens, 6, 6, 2, 0.2, tie_weights=True)
        criterion = nn.NLLLoss()
        model.train()
        lr, losses = 5.0, []
        hidden = model.init_hidden(3)
        for i in range(0, train_data.size(0) - 1, 5):
            data, targets = get_batch(train_data, i)
            # Starting each batch, we detach the hidden state from how it was previously produced.
            # If we didn't, the model would try backpropagating all the way to start of the dataset.
            model.zero_grad()
            hidden = repackage_hidden(hidden)
            output, hidden = model(data, hidden)
            loss = criterion(output, targets)
            loss.backward()

            # `clip_grad_norm` helps prevent the exploding gradient problem in RNNs / LSTMs.
            total = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            for p in model.parameters():
                p.data.add_(p.grad, alpha=-lr)
            losses.append([loss.item(), math.exp(loss.item()), total.item()])
        model.eval()
        with torch.no_grad():
            hidden, word, words = model.init_hidden(1), torch.randint(ntokens, (1, 1), dtype=torch.long), []
            for _ in range(6):
                output, hidden = model(word, hidden)
                word_weights = output.squeeze().div(0.9).exp().cpu()
                word_idx = torch.multinomial(word_weights, 1)[0]
                word.fill_(word_idx)
                words.append(word_idx.item())
        found.append([str(model), losses, words, model.state_dict(), len(list(model.parameters()))])
    return found


def tagger(lib):
    """The sequence models tutorial: an LSTM over one sentence at a time, `.view(len(sentence), 1, -1)`."""
    torch, nn, F, optim = lib, lib.nn, lib.nn.functional, lib.optim

    def prepare_sequence(seq, to_ix):
        idxs = [to_ix[w] for w in seq]
        return torch.tensor(idxs, dtype=torch.long)

    training_data = [
        # Tags are: DET - determiner; NN - noun; V - verb
        ("The dog ate the apple".split(), ["DET", "NN", "V", "DET", "NN"]),
        ("Everybody read that book".split(), ["NN", "V", "DET", "NN"]),
    ]
    word_to_ix = {}
    for sent, _tags in training_data:
        for word in sent:
            if word not in word_to_ix:
                word_to_ix[word] = len(word_to_ix)
    tag_to_ix = {"DET": 0, "NN": 1, "V": 2}

    class LSTMTagger(nn.Module):
        def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
            super(LSTMTagger, self).__init__()
            self.hidden_dim = hidden_dim

            self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)

            # The LSTM takes word embeddings as inputs, and outputs hidden states
            # with dimensionality hidden_dim.
            self.lstm = nn.LSTM(embedding_dim, hidden_dim)

            # The linear layer that maps from hidden state space to tag space
            self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

        def forward(self, sentence):
            embeds = self.word_embeddings(sentence)
            lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
            tag_space = self.hidden2tag(lstm_out.view(len(sentence), -1))
            tag_scores = F.log_softmax(tag_space, dim=1)
            return tag_scores

    model = LSTMTagger(6, 6, len(word_to_ix), len(tag_to_ix))
    loss_function = nn.NLLLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _epoch in range(10):
        for sentence, tags in training_data:
            model.zero_grad()
            tag_scores = model(prepare_sequence(sentence, word_to_ix))
            loss = loss_function(tag_scores, prepare_sequence(tags, tag_to_ix))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    with torch.no_grad():
        tag_scores = model(prepare_sequence(training_data[0][0], word_to_ix))
    return [str(model), losses, tag_scores, model.state_dict()]


def sentiment(lib):
    """A bidirectional LSTM over packed sequences; the last hidden states of both directions side by side."""
    torch, nn = lib, lib.nn

    class SentimentRNN(nn.Module):
        def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers, dropout, pad_idx):
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
            self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=True, dropout=dropout)
            self.fc = nn.Linear(hidden_dim * 2, output_dim)
            self.dropout = nn.Dropout(dropout)

        def forward(self, text, text_lengths):
            # text = [sent len, batch size]
            embedded = self.dropout(self.embedding(text))
            # pack sequence
            packed_embedded = nn.utils.rnn.pack_padded_sequence(embedded, text_lengths.to("cpu"), enforce_sorted=False)
            packed_output, (hidden, cell) = self.rnn(packed_embedded)
            # unpack sequence
            output, output_lengths = nn.utils.rnn.pad_packed_sequence(packed_output)
            # concat the final forward (hidden[-2,:,:]) and backward (hidden[-1,:,:]) hidden layers and apply dropout
            hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
            return self.fc(hidden), output, output_lengths

    sentences = [torch.randint(1, 9, (n,)) for n in (4, 7, 2, 7)]
    lengths = torch.tensor([len(s) for s in sentences])
    text = nn.utils.rnn.pad_sequence(sentences)
    model = SentimentRNN(9, 5, 4, 1, 2, 0.3, pad_idx=0)
    pretrained_embeddings = torch.randn(9, 5)
    model.embedding.weight.data.copy_(pretrained_embeddings)
    model.embedding.weight.data[0] = torch.zeros(5)
    optimizer = torch.optim.Adam(model.parameters())
    criterion = nn.BCEWithLogitsLoss()
    label = torch.tensor([1.0, 0.0, 1.0, 0.0])
    found = []
    for _ in range(4):
        optimizer.zero_grad()
        predictions, output, seen = model(text, lengths)
        predictions = predictions.squeeze(1)
        loss = criterion(predictions, label.to(predictions.dtype))
        rounded_preds = torch.round(torch.sigmoid(predictions))
        acc = (rounded_preds == label).float().sum() / len(label)
        loss.backward()
        optimizer.step()
        found.append([loss.item(), acc.item(), output, seen])
    return [str(model), found, [p.grad for p in model.parameters()], model.state_dict()]


PROGRAMS = [char_rnn_by_hand, char_rnn_generator, word_language_model, tagger, sentiment]
