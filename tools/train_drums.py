#!/usr/bin/python3
"""Train the drum classifier and write src/dsp/drum_model.inc (docs/drum-classifier.md).

usage: train_drums.py --data DIR --dump build/dev/tools/drum_dump [--evaluate] [--out FILE]

DIR holds the unpacked packages named in drum_sounds.py. --evaluate prints the
leave-one-kit-out results instead of writing the model. Needs Debian's python3-numpy and
python3-soundfile, and libfluidsynth3 for the sound fonts. The result depends on the data
and the seed alone (on one machine; the last digits may differ with another numpy)."""
import argparse
import subprocess
import sys

import numpy as np

from drum_sounds import CLASSES, HELD_OUT, sounds

SEED = 20
HIDDEN, MEMBERS, EPOCHS, BATCH = 128, 2, 30, 256
NOISE, DROPOUT = 0.1, 0.1
VARIANTS = 7  # augmented copies of each sound, besides itself
GROUP = {'kick': 0, 'snare': 1, 'tom_low': 2, 'tom_mid': 2, 'tom_high': 2, 'hat_closed': 3,
         'hat_open': 3, 'crash': 4, 'ride': 4}


# ---- what happens to a hit on its way into a recording -----------------------------

def fft_filter(x, rate, gain):
    n = len(x)
    size = 1 << (2 * n - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(x, size) * gain(np.fft.rfftfreq(size, 1 / rate)))[:n]


def resampled(x, factor):
    at = np.arange(0, len(x) - 1, factor)
    return np.interp(at, np.arange(len(x)), x)


def reverb(x, rate, rng):
    n = len(x)
    decay_s = rng.uniform(0.2, 1.8)
    tail = rng.standard_normal(n) * np.exp(-6.9 * np.arange(n) / (decay_s * rate))
    tail[:int(rng.uniform(0.001, 0.015) * rate)] = 0
    tail = fft_filter(tail, rate, lambda f: 1 / np.sqrt(1 + (f / 5000) ** 2))
    tail /= np.sqrt((tail ** 2).sum()) + 1e-9
    size = 1 << (2 * n - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(tail, size))[:n]
    return x + 10 ** (rng.uniform(-22, -5) / 20) * wet


BEDS = {}


def make_bed(n, rate, number):
    """A chord, a bass or noise, RMS 1."""
    rng = np.random.default_rng([SEED, 1000 + number])
    t = np.arange(n) / rate
    kind = number % 3
    if kind == 0:
        out = fft_filter(rng.standard_normal(n), rate,
                         lambda f: (1 + f / 100) ** -rng.choice([0, 0.5, 1]))
    else:
        root = 55 * 2 ** rng.uniform(0, 2.5 if kind == 1 else 1)
        out = np.zeros(n)
        for ratio in ([1, 1.5, 2, 2.4] if kind == 1 else [1]):
            for k in range(1, 9):
                phase = rng.uniform(0, 6)
                out += np.sin(2 * np.pi * root * ratio * k * t + phase) / k ** 1.3
    return out / np.sqrt(np.mean(out ** 2))


def bed(n, rate, rng):
    number = int(rng.integers(60))
    if number not in BEDS:
        BEDS[number] = make_bed(2 * 44100, 44100, number)
    start = int(rng.integers(2 * 44100 - n))
    return BEDS[number][start:start + n]


# How loud the classes are in a mix, roughly.
LOUD = dict(zip(CLASSES, [0.9, 0.8, 0.6, 0.5, 0.7, 0.7, 0.7, 0.3, 0.35, 0.5, 0.35, 0.4]))


def over_a_tail(x, rate, label, lead, rng, others):
    """With what still rings from a hit before, unless it drowns this one: the miner lets
    no hit through that does not stand out (MIN_RISE_DB, TREBLE_MORE_DB in hits_cut.c)."""
    other_label = str(rng.choice(['kick', 'kick', 'snare', 'tom_low', 'tom_mid', 'hat_open',
                                  'crash', 'ride', CLASSES[rng.integers(len(CLASSES))]]))
    other = others(rng, other_label)
    skip = int(10 ** rng.uniform(-1.2, -0.3) * rate)
    tail = other[skip:skip + len(x)] / max(1e-9, np.abs(other).max())
    tail = np.concatenate([tail, np.zeros(len(x) - len(tail))])
    tail *= LOUD[other_label] * rng.uniform(0.6, 1) / (LOUD[label] * rng.uniform(0.5, 1))
    n = lead + int(0.01 * rate)

    def level(v):
        return np.sum(v[lead:n] ** 2) + 1e-12
    for _ in range(12):
        rise = level(x + tail) / level(tail)
        treble = level(np.diff(x + tail)) / level(np.diff(tail))
        if rise > 2 or treble > 8:
            break
        tail = tail * 0.7
    return x + tail


def mixed(x, rate, label, rng, others):
    """One variant of a hit: x from its attack on."""
    if rng.random() < 0.6:
        width = 1.0 if label.startswith('tom') else 2.5
        x = resampled(x, 2 ** (rng.uniform(-width, width) / 12))
    x = x[:rate] / max(1e-9, np.abs(x[:int(0.1 * rate)]).max())
    cut = rng.random() < 0.65  # by the next hit, or the longest length
    if cut:
        x = x[:int(10 ** rng.uniform(-1.25, -0.1) * rate)]
    if rng.random() < 0.25 and label not in ('hat_open', 'crash', 'ride'):
        x = x * np.exp(-np.arange(len(x)) / (10 ** rng.uniform(-1.5, -0.3) * rate))
    if rng.random() < 0.4:  # another microphone, another desk
        tilt, bump, at = rng.uniform(-0.5, 0.5), rng.uniform(-8, 8), 10 ** rng.uniform(2, 4)
        x = fft_filter(x, rate, lambda f: ((f + 50) / 1000) ** tilt * 10 ** (
            bump / 20 * np.exp(-np.log2((f + 1) / at) ** 2)))
        x = x / max(1e-9, np.abs(x).max())
    if rng.random() < 0.35:
        x = reverb(x, rate, rng)
    lead = int(rng.uniform(0.030, 0.034) * rate)
    x = np.concatenate([np.zeros(lead), x])
    if rng.random() < 0.5:
        x = over_a_tail(x, rate, label, lead, rng, others)
    if rng.random() < 0.4:
        x = x + bed(len(x), rate, rng) * 10 ** (rng.uniform(-50, -14) / 20)
    if rng.random() < 0.4 and label in ('kick', 'snare', 'tom_low', 'tom_mid', 'tom_high',
                                        'clap'):
        name = rng.choice(['hat_closed', 'hat_closed', 'hat_open', 'ride', 'crash'])
        other = others(rng, str(name))  # one at the same time, softer
        at = lead + int(rng.uniform(0, 0.003) * rate)
        n = min(len(other), len(x) - at)
        x[at:at + n] += other[:n] / max(1e-9, np.abs(other).max()) * 10 ** (
            rng.uniform(-20, -5) / 20)
    if rng.random() < 0.2:
        edge, steep = rng.uniform(3500, 15000), rng.choice([2, 4, 12])
        x = fft_filter(x, rate, lambda f: 1 / np.sqrt(1 + (f / edge) ** (2 * steep)))
    if rng.random() < 0.15:
        edge = rng.uniform(30, 150)
        x = fft_filter(x, rate, lambda f: f / np.sqrt(f * f + edge * edge))
    if rng.random() < 0.15:
        drive = rng.uniform(1, 5)
        x = np.tanh(drive * x) / np.tanh(drive)
    if cut:
        fade = min((len(x) - lead) // 5, int(0.02 * rate)) + 1
        x[-fade:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, fade + 1) / fade)
    if rng.random() < 0.1:
        half = int(rng.choice([2, 2, 4]))
        spectrum = np.fft.rfft(x, len(x) // half * half)
        keep = len(spectrum) // half
        spectrum[keep:] = 0
        x = np.fft.irfft(spectrum)[::half]
        rate, lead = rate // half, lead // half
    if rng.random() < 0.35:  # nothing known of what was before
        x, lead = x[lead - int(rng.uniform(0, 0.002) * rate):], 0
    return x, rate, lead


# ---- features, by the program's own code --------------------------------------------

def features(dump, hits):
    process = subprocess.Popen([dump], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    blob = b''.join(np.array([rate, lead, len(x)], '<i4').tobytes() + x.astype('<f4').tobytes()
                    for x, rate, lead in hits)
    out = process.communicate(blob)[0]
    width = int(np.frombuffer(out[:4], '<i4')[0])
    return np.frombuffer(out[4:], '<f4').reshape(-1, width).astype(np.float64)


def collect(data, dump):
    """Features, class, kit and 'is it augmented' of every sound and its variants."""
    every = sounds(data)
    assert not HELD_OUT & {kit for kit, *_ in every}
    by_label = {}
    for _, _, label, x, rate in every:
        if rate == 44100:
            by_label.setdefault(label, []).append(x)
    every_x = [x for xs in by_label.values() for x in xs]

    def others(rng, label=None):
        pool = by_label[label] if label else every_x
        return pool[rng.integers(len(pool))].astype(np.float64)

    F, y, kits, augmented = [], [], [], []
    for at in range(0, len(every), 64):
        hits, rows = [], []
        for i, (kit, _, label, x, rate) in enumerate(every[at:at + 64], at):
            rng = np.random.default_rng([SEED, i])
            for v in range(VARIANTS + 1):
                hits.append((x, rate, 0) if v == 0 else
                            mixed(x.astype(np.float64), rate, label, rng, others))
                rows.append((CLASSES.index(label), kit, v > 0))
        f = features(dump, hits)
        good = np.isfinite(f).all(1)
        F.append(f[good])
        for row, ok in zip(rows, good):
            if ok:
                y.append(row[0]), kits.append(row[1]), augmented.append(row[2])
    return np.concatenate(F), np.array(y), np.array(kits), np.array(augmented)


# ---- the model: a small committee of perceptrons ------------------------------------

def weights(y, kits):
    """Classes count alike, but for a mild leaning to the common ones; in a class, kits by
    the root of their size."""
    w = np.zeros(len(y))
    share = dict(zip(CLASSES, [1.6, 1.6, 0.7, 0.7, 0.9, 0.9, 0.9, 1.6, 1.0, 1.0, 1.0, 0.6]))
    for c in range(len(CLASSES)):
        for kit in set(kits[y == c]):
            member = (y == c) & (kits == kit)
            w[member] = 1 / np.sqrt(member.sum())
        if (y == c).any():
            w[y == c] *= share[CLASSES[c]] / w[y == c].sum()
    return w / w.mean()


def train_one(X, y, w, seed):
    rng = np.random.default_rng([SEED, seed])
    n, d = X.shape
    k = len(CLASSES)
    P = [rng.standard_normal((d, HIDDEN)) / np.sqrt(d), np.zeros(HIDDEN),
         rng.standard_normal((HIDDEN, k)) / np.sqrt(HIDDEN), np.zeros(k)]
    M, V = [np.zeros_like(p) for p in P], [np.zeros_like(p) for p in P]
    T = np.full((n, k), 0.04 / k)
    T[np.arange(n), y] += 0.96
    step = 0
    for epoch in range(EPOCHS):
        rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = rng.permutation(n)
        for at in range(0, n, BATCH):
            i = order[at:at + BATCH]
            x = X[i] + NOISE * rng.standard_normal((len(i), d))
            x *= rng.random((len(i), d)) > 0.05
            h = np.tanh(x @ P[0] + P[1])
            mask = (rng.random(h.shape) > DROPOUT) / (1 - DROPOUT)
            o = (h * mask) @ P[2] + P[3]
            p = np.exp(o - o.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            g = (p - T[i]) * w[i, None] / len(i)
            gh = (g @ P[2].T) * mask * (1 - h * h)
            G = [x.T @ gh, gh.sum(0), (h * mask).T @ g, g.sum(0)]
            step += 1
            for p_, g_, m, v in zip(P, G, M, V):
                if p_.ndim == 2:
                    g_ = g_ + 2e-4 * p_
                m += 0.1 * (g_ - m)
                v += 0.001 * (g_ * g_ - v)
                p_ -= rate * (m / (1 - 0.9 ** step)) / (np.sqrt(v / (1 - 0.999 ** step)) + 1e-8)
    return P


def train(F, y, kits, members=MEMBERS):
    mean, deviation = F.mean(0), F.std(0) + 1e-3
    X = np.clip((F - mean) / deviation, -4, 4)
    w = weights(y, kits)
    return mean, deviation, [train_one(X, y, w, s) for s in range(members)]


# How common the classes are in music: `prior` in drum_class.c.
PRIOR = np.array([1.8, 1.6, 1, 1, 1, 1, 1, 2, 1.4, 1, 1, 0.6])


def classify(model, F):
    mean, deviation, members = model
    X = np.clip((F - mean) / deviation, -4, 4)
    total = 0
    for P in members:
        o = np.tanh(X @ P[0] + P[1]) @ P[2] + P[3]
        p = np.exp(o - o.max(1, keepdims=True))
        total = total + p / p.sum(1, keepdims=True)
    total = total * PRIOR
    return total / total.sum(1, keepdims=True)


# ---- results ------------------------------------------------------------------------

FAMILY = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 9])


def choose(p):
    """As choose() in drum_class.c: the best of the best family."""
    sums = np.stack([p[:, FAMILY == g].sum(1) for g in range(FAMILY.max() + 1)], 1)
    inside = FAMILY[None, :] == sums.argmax(1)[:, None]
    return np.where(inside, p, -1).argmax(1)


def balanced(truth, guess):
    return np.mean([np.mean(guess[truth == c] == c) for c in sorted(set(truth))])


def report(title, y, p):
    names = np.array(CLASSES)
    guess = names[choose(p)]
    truth = names[y]
    group = np.vectorize(lambda c: GROUP.get(c, 9))
    simple = np.isin(group(truth), [0, 1, 3])
    five = group(truth) < 9
    if not simple.any():
        return
    print(f'{title}: {len(y)} hits; kick/snare/hat '
          f'{np.mean(group(truth)[simple] == group(guess)[simple]):.3f}, five groups '
          f'{balanced(group(truth)[five], group(guess)[five]):.3f} balanced, fine '
          f'{balanced(truth, guess):.3f} balanced')


def confusion(y, p):
    guess = choose(p)
    print('| true \\ told | ' + ' | '.join(CLASSES) + ' | right |')
    print('|---' * (len(CLASSES) + 2) + '|')
    for c, name in enumerate(CLASSES):
        row = [int(((y == c) & (guess == k)).sum()) for k in range(len(CLASSES))]
        print(f'| {name} | ' + ' | '.join(str(v) if v else '' for v in row) +
              f' | {row[c] / max(1, sum(row)):.2f} |')


def evaluate(F, y, kits, augmented, members):
    """Each kit of one-shots in turn is left out of the training and then classified.
    Sound fonts and machines serve for training only."""
    P = np.zeros((len(y), len(CLASSES)))
    judged = np.zeros(len(y), bool)
    for kit in sorted(set(kits)):
        if kit in ('FluidR3', 'TimGM6mb', 'csound') or kit.startswith('machine'):
            continue
        out = kits == kit
        judged |= out
        P[out] = classify(train(F[~out], y[~out], kits[~out], members), F[out])
        report(f'  {kit}', y[out & ~augmented], P[out & ~augmented])
        sys.stdout.flush()
    report('left-out kits, as they are', y[judged & ~augmented], P[judged & ~augmented])
    report('left-out kits, mixed', y[judged & augmented], P[judged & augmented])
    confusion(y[judged & ~augmented], P[judged & ~augmented])


# ---- the table ----------------------------------------------------------------------

def checksum(data):
    """rng_hash of src/core/rng.c."""
    h = 0xcbf29ce484222325
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & 0xffffffffffffffff
    return h ^ 0xcbf29ce484222325


def array(name, values, shape):
    numbers = [f'{v:.5g}' for v in values.ravel()]
    numbers = [(v if '.' in v or 'e' in v else v + '.0') + 'F' for v in numbers]
    lines, line = [], '   '
    for v in numbers:
        if len(line) + len(v) + 2 > 88:
            lines.append(line)
            line = '   '
        line += f' {v},'
    return f'static const float {name}{shape} = {{\n' + '\n'.join(lines + [line]) + '\n};\n'


def write(path, model):
    mean, deviation, members = model
    mean, scale, *stack = [np.vectorize(lambda v: float(f'{v:.5g}'))(table) for table in (
        mean, 1 / deviation, *(np.stack([m[i] for m in members]) for i in range(4)))]
    flat = np.concatenate([a.astype('<f4').ravel() for a in (mean, scale, *stack)])
    d = len(mean)
    with open(path, 'w') as f:
        f.write('/* Generated by tools/train_drums.py: do not edit. The drum classifier: a '
                'committee of\n * perceptrons over drum_features; see '
                'docs/drum-classifier.md. */\n')
        f.write(f'enum {{ MODEL_FEATURES = {d}, MODEL_HIDDEN = {HIDDEN}, '
                f'MODEL_MEMBERS = {len(members)} }};\n')
        f.write(f'/* rng_hash of all numbers below, in order, as little-endian float32. */\n'
                f'static const uint64_t model_checksum = 0x{checksum(flat.tobytes()):016x}U;\n')
        f.write(array('model_mean', mean, '[MODEL_FEATURES]'))
        f.write(array('model_scale', scale, '[MODEL_FEATURES]'))
        f.write(array('model_hidden', stack[0],
                      '[MODEL_MEMBERS * MODEL_FEATURES * MODEL_HIDDEN]'))
        f.write(array('model_hidden_bias', stack[1], '[MODEL_MEMBERS * MODEL_HIDDEN]'))
        f.write(array('model_out', stack[2],
                      '[MODEL_MEMBERS * MODEL_HIDDEN * DRUM_CLASS_COUNT]'))
        f.write(array('model_out_bias', stack[3], '[MODEL_MEMBERS * DRUM_CLASS_COUNT]'))


def main():
    a = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--data', required=True)
    a.add_argument('--dump', required=True)
    a.add_argument('--out', default='src/dsp/drum_model.inc')
    a.add_argument('--evaluate', action='store_true')
    a.add_argument('--members', type=int, default=MEMBERS)
    a.add_argument('--cache', help='keep the features in this .npz between runs')
    a = a.parse_args()
    try:
        z = np.load(a.cache) if a.cache else None
    except OSError:
        z = None
    if z:
        F, y, kits, augmented = (z[k] for k in ('F', 'y', 'kits', 'augmented'))
    else:
        F, y, kits, augmented = collect(a.data, a.dump)
        if a.cache:
            np.savez(a.cache, F=F, y=y, kits=kits, augmented=augmented)
    print(f'{len(y)} examples, {int((~augmented).sum())} sounds, {len(set(kits))} kits, '
          f'{F.shape[1]} features', file=sys.stderr)
    if a.evaluate:
        evaluate(F, y, kits, augmented, a.members)
    else:
        model = train(F, y, kits, a.members)
        report('on its own training data', y, classify(model, F))
        write(a.out, model)


if __name__ == '__main__':
    main()
