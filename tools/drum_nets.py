"""The networks of train_drums.py, and how they learn: perceptrons, and
convolutional networks, whose kernel (the slit) moves along the bands of the picture of a hit."""
import numpy as np

SEED = 20
HIDDEN, BATCH = 96, 384
NOISE, DROPOUT, FORGET, SMOOTH, DECAY = 0.3, 0.1, 0.05, 0.04, 2e-4
EPOCHS, SIGHT_EPOCHS = 40, 24
MOMENTS, BANDS = 10, 32  # of the picture: the last of the features, moment by moment
SLIT, SEERS = 7, 32  # bands that are seen at once; units that look at each place
PLACES = BANDS - SLIT + 1
FINE = 1024  # the program takes the inputs of a layer in whole steps of 1 / FINE


def softmax(o):
    p = np.exp(o - o.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


class Chance:
    """Random numbers for many batches: stretches of one long row, drawn once."""

    def __init__(self, rng, draw):
        self.rng, self.row = rng, draw(1 << 22, dtype=np.float32)

    def of(self, shape):
        size = shape[0] * shape[1]
        at = int(self.rng.integers(len(self.row) - size))
        return self.row[at:at + size].reshape(shape)


class Descent:
    """Adam, with decay of the weights."""

    def __init__(self, P):
        self.P, self.step = P, 0
        self.M, self.V = [np.zeros_like(p) for p in P], [np.zeros_like(p) for p in P]

    def go(self, G, rate):
        f32 = np.float32
        self.step += 1
        for p, g, m, v in zip(self.P, G, self.M, self.V):
            if p.ndim == 2:
                g = g + f32(DECAY) * p
            m += f32(0.1) * (g - m)
            v += f32(0.001) * (g * g - v)
            p -= f32(rate / (1 - 0.9 ** self.step)) * m / (
                np.sqrt(v / f32(1 - 0.999 ** self.step)) + f32(1e-8))


def targets(y, k):
    """The right class nearly, the others a little."""
    T = np.full((len(y), k), SMOOTH / k, np.float32)
    T[np.arange(len(y)), y] += 1 - SMOOTH
    return T


def views(X):
    """The picture through the slit at each place: rows of bands × moments, hit by hit."""
    bands_first = X[:, -MOMENTS * BANDS:].reshape(-1, MOMENTS, BANDS).transpose(0, 2, 1)
    line = np.ascontiguousarray(bands_first).reshape(len(X), -1)
    seen = np.lib.stride_tricks.sliding_window_view(line, SLIT * MOMENTS, axis=1)
    return np.ascontiguousarray(seen[:, ::MOMENTS]).reshape(-1, SLIT * MOMENTS)


def in_pairs(seen):
    """The stronger of two neighbouring places, 0 where both are below it; whether that was
    the first."""
    seen = seen.reshape(-1, PLACES // 2, 2, SEERS)
    first, second = seen[:, :, 0], seen[:, :, 1]
    return np.maximum(np.maximum(first, second), 0), first >= second


def sizes(d, k, sight):
    """Inputs and units of the layers, from d features to k classes."""
    if not sight:
        return [(d, HIDDEN), (HIDDEN, k)]
    inner = d - MOMENTS * BANDS + PLACES // 2 * SEERS
    return [(SLIT * MOMENTS, SEERS), (inner, HIDDEN), (HIDDEN, k)]


def fresh(shapes, rng):
    return [p.astype(np.float32) for size in shapes
            for p in (rng.standard_normal(size) / np.sqrt(size[0]), np.zeros(size[1]))]


def train_one(X, T, w, seed, sight=False):
    """A network that tells the columns of T, the wanted probabilities, from X: a
    perceptron, or one with sight."""
    rng = np.random.default_rng([SEED, seed])
    noise, chance = Chance(rng, rng.standard_normal), Chance(rng, rng.random)
    f32 = np.float32
    n, d = X.shape
    rest = d - MOMENTS * BANDS
    P = fresh(sizes(d, T.shape[1], sight), rng)
    descent, epochs = Descent(P), SIGHT_EPOCHS if sight else EPOCHS

    def thinned(h):
        mask = (chance.of(h.shape) > DROPOUT) * f32(1 / (1 - DROPOUT))
        return h * mask, mask

    for epoch in range(epochs):
        rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        order = rng.permutation(n)
        for at in range(0, n, BATCH):
            i = order[at:at + BATCH]
            x = X[i] + f32(NOISE) * noise.of((len(i), d))
            x *= chance.of(x.shape) > FORGET
            if sight:
                view = views(x)
                seen, first = in_pairs(view @ P[0] + P[1])
                x, mask = thinned(np.concatenate([x[:, :rest], seen.reshape(len(i), -1)], 1))
            h = np.tanh(x @ P[-4] + P[-3])
            kept, h_mask = thinned(h)
            p = softmax(kept @ P[-2] + P[-1])
            g = (p - T[i]) * w[i, None] * f32(1 / len(i))
            gh = (g @ P[-2].T) * h_mask * (1 - h * h)
            G = [x.T @ gh, gh.sum(0), kept.T @ g, g.sum(0)]
            if sight:
                gs = ((gh @ P[2][rest:].T) * mask[:, rest:]).reshape(seen.shape) * (seen > 0)
                gs = np.stack([gs * first, gs * ~first], 2).reshape(-1, SEERS)
                G = [view.T @ gs, gs.sum(0), *G]
            descent.go(G, rate)
    return P


def rounded(P):
    """A network as the table has it: weights of all but the last layer in whole steps, one
    size of step for each unit. [whole weights, step, bias] of each, then the last layer."""
    table = []
    for W, b in zip(P[:-2:2], P[1:-2:2]):
        step = np.abs(W).max(0) / 127
        table += [np.round(W / step), step, b]
    return table + P[-2:]


def layer(x, W, step, b):
    """As pass() in drum_class.c."""
    whole = np.clip(np.round(x * FINE), -32767, 32767).astype(np.float64)
    return whole @ W.astype(np.float64) * (step / FINE) + b


def told(net, X):
    out = []
    for at in range(0, len(X), 2000):
        x = X[at:at + 2000]
        if len(net) > 5:
            seen, _ = in_pairs(layer(views(x), *net[:3]))
            x = np.concatenate([x[:, :-MOMENTS * BANDS], seen.reshape(len(x), -1)], 1)
        out.append(softmax(np.tanh(layer(x, *net[-5:-2])) @ net[-2] + net[-1]))
    return np.concatenate(out)
