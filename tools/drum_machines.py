"""Drums as machines make them, for train_drums.py: seeded, with no one's samples.

Each class has several recipes after the ways such boxes work: swept sines, squares through
a high-pass, bursts of noise, frequency modulation, short samples of few bits."""
import numpy as np

RATE = 44100


class Bench:
    """What the recipes are made of, each with its own seeded chance."""

    def __init__(self, rng, seconds):
        self.rng = rng
        self.n = int(RATE * seconds)
        self.t = np.arange(self.n) / RATE

    def u(self, low, high):
        return self.rng.uniform(low, high)

    def log(self, low, high):
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def one_of(self, *things):
        return things[self.rng.integers(len(things))]

    def decay(self, low_s, high_s):
        """An exponential, now and then a straight line, a gate or two slopes."""
        s, kind = self.log(low_s, high_s), self.rng.random()
        if kind < 0.70:
            return np.exp(-self.t / s)
        if kind < 0.82:
            return np.clip(1 - self.t / (2.5 * s), 0, 1)
        if kind < 0.90:
            return np.where(self.t < 1.5 * s, np.exp(-self.t / (3 * s)), 0)
        return 0.7 * np.exp(-self.t / s) + 0.3 * np.exp(-self.t / (3 * s))

    def noise(self, low, high, steep=3):
        f = np.fft.rfftfreq(self.n, 1 / RATE) + 1e-9
        gain = 1 / np.sqrt(1 + (low / f) ** (2 * steep)) / np.sqrt(1 + (f / high) ** (2 * steep))
        x = np.fft.irfft(np.fft.rfft(self.rng.standard_normal(self.n)) * gain, self.n)
        return x / np.abs(x).max()

    def band(self, x, low, high, steep=2):
        f = np.fft.rfftfreq(len(x), 1 / RATE) + 1e-9
        gain = 1 / np.sqrt(1 + (low / f) ** (2 * steep)) / np.sqrt(1 + (f / high) ** (2 * steep))
        return np.fft.irfft(np.fft.rfft(x) * gain, len(x))

    def sweep(self, low, high, fall_s, bend=0.0):
        hz = low + (high - low) * np.exp(-self.t / fall_s)
        x = np.sin(2 * np.pi * np.cumsum(hz) / RATE + self.one_of(0, np.pi / 2))
        return np.tanh((1 + bend) * x) / np.tanh(1 + bend)

    def tone(self, hz):
        phase = (hz * self.t + self.u(0, 1)) % 1
        kind = self.rng.random()
        if kind < 0.5:
            return np.sin(2 * np.pi * phase)
        return np.sign(phase - 0.5) if kind < 0.8 else 1 - 4 * np.abs(phase - 0.5)

    def fm(self, hz, ratio, index, fall_s):
        depth = index * np.exp(-self.t / fall_s)
        return np.sin(2 * np.pi * hz * self.t + depth * np.sin(
            2 * np.pi * hz * ratio * self.t + self.u(0, 6)))

    def metal(self, base):
        """Squares at ratios that make no chord, as the old boxes had; or FM, or a ring."""
        kind = self.rng.random()
        if kind < 0.6:
            ratios = np.array([1, 1.342, 1.2312, 1.6532, 1.9523, 2.1523])
            ratios = ratios * self.rng.uniform(0.95, 1.05, 6)
            return sum(np.sign(np.sin(2 * np.pi * base * r * self.t + self.u(0, 6)))
                       for r in ratios) / 6
        if kind < 0.85:
            return self.fm(base * self.u(2, 6), self.u(1.2, 3.9), self.u(2, 12), 5)
        return self.tone(base * 3) * self.tone(base * self.u(4, 9)) * self.tone(base * 7.3)

    def bursts(self, x, count, gap_s, fall_s):
        out = np.zeros(self.n)
        at = 0.0
        for _ in range(count):
            i = int(at * RATE)
            out[i:] += (x * np.exp(-self.t / fall_s))[:self.n - i]
            at += gap_s * self.u(0.8, 1.2)
        return out, at


def kick(b):
    kind = b.rng.random()
    if kind < 0.25:  # long and round
        x = b.sweep(b.u(36, 62), b.u(60, 200), b.u(0.005, 0.06), b.u(0, 1)) * b.decay(0.08, 0.7)
    elif kind < 0.6:  # a sweep that knocks
        x = b.sweep(b.u(40, 75), b.log(150, 900), b.u(0.006, 0.05), b.u(0, 5)) * b.decay(0.05, 0.4)
    elif kind < 0.75:  # overdriven
        x = b.sweep(b.u(38, 70), b.log(150, 700), b.u(0.01, 0.08)) * b.decay(0.08, 0.5)
        x = np.tanh(b.log(3, 30) * x)
    elif kind < 0.87:  # short and dry, higher
        x = b.sweep(b.u(60, 105), b.log(110, 400), b.u(0.005, 0.03), b.u(0, 3)) * b.decay(0.02, 0.09)
    else:  # FM
        x = b.fm(b.u(40, 75), b.u(0.5, 3), b.u(0.5, 6), b.u(0.01, 0.05)) * b.decay(0.05, 0.3)
    x = x + b.log(0.02, 0.6) * b.noise(b.log(100, 4000), b.log(2000, 14000), 1) * b.decay(0.001, 0.015)
    if b.rng.random() < 0.25:  # a skin
        x = x + b.u(0.05, 0.35) * b.noise(60, b.log(300, 3000), 1) * b.decay(0.02, 0.08)
    if b.rng.random() < 0.2:
        x = b.band(x, 20, b.log(500, 4000), 1)
    return x


def snare(b):
    kind, low = b.rng.random(), b.log(120, 330)
    rattle = b.noise(b.log(200, 3500), b.log(4000, 17000), b.one_of(1, 2, 3)) * b.decay(0.03, 0.22)
    if kind < 0.3:  # two tones
        x = b.u(0.2, 1.2) * (np.sin(2 * np.pi * low * b.t) * b.decay(0.02, 0.12) + b.u(0, 1) * np.sin(
            2 * np.pi * low * b.u(1.4, 2.1) * b.t) * b.decay(0.01, 0.08)) + rattle * b.u(0.4, 1.2)
    elif kind < 0.65:  # swept
        x = b.u(0.2, 1.2) * b.sweep(low, low * b.u(1, 3), b.u(0.004, 0.03), b.u(0, 2)) * b.decay(
            0.02, 0.12) + rattle * b.u(0.4, 1.2)
    elif kind < 0.8:  # nearly all noise
        x = rattle + b.u(0, 0.25) * np.sin(2 * np.pi * low * b.t) * b.decay(0.02, 0.08)
    elif kind < 0.92:  # FM
        x = b.fm(low, b.u(1.2, 4), b.u(2, 15), b.u(0.05, 0.2)) * b.decay(0.03, 0.15)
        x = x + rattle * b.u(0.1, 0.9)
    else:  # in a gated room
        x = b.sweep(low, low * 1.5, 0.01) * b.decay(0.02, 0.08) + b.u(0.3, 0.9) * b.noise(
            b.log(100, 600), b.log(3000, 9000), 1) * (b.t < b.u(0.1, 0.35))
    return x + b.u(0, 0.5) * b.noise(b.log(300, 3000), 15000, 1) * b.decay(0.002, 0.01)


def clap(b):
    noise = b.noise(b.log(450, 1400), b.log(1800, 9000), b.one_of(1, 2, 3))
    x, at = b.bursts(noise, int(b.rng.integers(2, 6)), b.u(0.006, 0.014), b.u(0.002, 0.006))
    tail = np.roll(noise, int(at * RATE))
    tail[:int(at * RATE)] = 0
    return x + tail * np.roll(b.decay(0.02, 0.2), int(at * RATE)) * b.u(0.2, 0.9)


def rim(b):
    kind = b.rng.random()
    if kind < 0.45:  # two tones
        low = b.log(350, 900)
        x = b.tone(low) * b.decay(0.004, 0.025) + b.u(0.3, 1) * b.tone(low * b.u(1.6, 4)) * b.decay(
            0.003, 0.015)
    elif kind < 0.75:
        x = b.sweep(b.log(350, 1300), b.log(900, 2500), b.u(0.001, 0.005), b.u(0, 4)) * b.decay(
            0.005, 0.03)
    else:  # a stick on a hoop, the shell under it
        x = b.noise(b.log(500, 1500), b.log(2000, 8000), 2) * b.decay(0.002, 0.012)
        x = x + b.u(0.3, 1) * np.sin(2 * np.pi * b.log(400, 1800) * b.t) * b.decay(0.006, 0.03)
        x = x + b.u(0, 0.5) * np.sin(2 * np.pi * b.log(160, 400) * b.t) * b.decay(0.01, 0.06)
    x = x + b.u(0, 0.8) * b.noise(1500, b.log(5000, 15000)) * b.decay(0.001, 0.01)
    return b.band(x, b.log(80, 700), 18000, 1)


def tom(b, low_hz, high_hz):
    low, kind = b.log(low_hz, high_hz), b.rng.random()
    if kind < 0.4:
        x = b.sweep(low, low * b.u(1.02, 2), b.u(0.02, 0.1), b.u(0, 1.5)) * b.decay(0.08, 0.4)
    elif kind < 0.6:  # a long fall
        x = b.sweep(low * b.u(0.6, 0.9), low * b.u(1.5, 4), b.u(0.04, 0.2), b.u(0, 1)) * b.decay(
            0.08, 0.4)
    elif kind < 0.8:  # two modes and a skin
        x = np.sin(2 * np.pi * low * b.t) * b.decay(0.08, 0.35) + b.u(0.1, 0.7) * np.sin(
            2 * np.pi * low * b.u(1.45, 1.75) * b.t) * b.decay(0.04, 0.2)
        x = x + b.u(0.05, 0.4) * b.noise(80, b.log(600, 5000), 1) * b.decay(0.01, 0.08)
    else:
        x = b.fm(low, b.u(0.4, 2.2), b.u(0.3, 3), b.u(0.02, 0.15)) * b.decay(0.06, 0.35)
    return x + b.u(0, 0.35) * b.noise(b.log(200, 1500), b.log(2000, 9000)) * b.decay(0.004, 0.08)


def hat(b, decay):
    edge = b.log(2000, 10000)
    steep = b.one_of(1, 2, 4)
    x = b.metal(b.log(150, 900)) * b.u(0, 1) + b.noise(edge / steep, b.u(9000, 20000)) * b.u(0.1, 1)
    x = b.band(x, edge, b.one_of(30000, 30000, 16000, 11000), steep) * decay
    if b.rng.random() < 0.15:  # a body below
        x = x / np.abs(x).max() + b.u(0.05, 0.3) * b.noise(200, 2500, 1) * b.decay(0.003, 0.02)
    return x


def hat_open(b):
    decay = b.decay(0.09, 0.4)
    if b.rng.random() < 0.3:  # held, then closed
        decay = decay * (b.t < b.u(0.18, 0.6))
    return hat(b, decay)


def crash(b):
    edge = b.log(800, 6000)
    x = b.metal(b.log(150, 700)) * b.u(0, 0.8) + b.noise(edge / 2, b.u(9000, 19000), 1) * b.u(0.3, 1)
    x = b.band(x, edge, 30000, b.one_of(1, 2)) * b.decay(0.25, 1.0)
    return x / np.abs(x).max() + b.u(0, 1) * b.noise(b.log(600, 2000), 9000) * b.decay(0.02, 0.25)


def ride(b):
    edge = b.log(1200, 6000)
    x = b.metal(b.log(200, 900)) * b.u(0.2, 1) + b.noise(edge, b.u(9000, 18000), 1) * b.u(0.05, 0.6)
    x = b.band(x, edge, 30000, b.one_of(1, 2)) * b.decay(0.2, 0.9)
    x = x / np.abs(x).max()
    if b.rng.random() < 0.8:  # the stick and the bell
        for _ in range(b.rng.integers(1, 4)):
            x = x + b.u(0.05, 0.6) * np.sin(2 * np.pi * b.log(1200, 6000) * b.t) * b.decay(0.05, 0.6)
    return x + b.u(0, 0.4) * b.noise(3000, 16000) * b.decay(0.002, 0.02)


def perc(b):
    kind = b.rng.integers(11)
    if kind == 0:  # cowbell
        low = b.log(400, 800)
        x = (np.sign(np.sin(2 * np.pi * low * b.t)) + b.u(0.5, 1) * np.sign(np.sin(
            2 * np.pi * low * b.u(1.3, 1.6) * b.t))) * b.decay(0.03, 0.2)
        return b.band(x, b.log(200, 700), b.log(3000, 15000), 1)
    if kind == 1:  # clave
        return np.sin(2 * np.pi * b.log(1500, 3200) * b.t) * b.decay(0.01, 0.05)
    if kind == 2:  # shaker, maraca, cabasa
        rise = np.minimum(1, b.t / b.u(0.005, 0.05))
        return b.noise(b.log(2500, 7000), b.u(9000, 18000), 2) * rise * b.decay(0.015, 0.07)
    if kind in (3, 4):  # conga, bongo
        low = b.log(160, 600)
        x = b.sweep(low, low * b.u(1, 1.15), b.u(0.005, 0.03)) * b.decay(0.03, 0.16)
        return x + b.u(0, 0.3) * b.noise(400, b.log(2000, 8000), 1) * b.decay(0.002, 0.015)
    if kind == 5:  # tambourine
        x = b.noise(b.log(3000, 6000), 18000, 2) + b.u(0.3, 1) * b.metal(b.log(900, 2000))
        x = b.band(x, 3500, 30000, 2)
        return b.bursts(x, int(b.rng.integers(1, 5)), b.u(0.008, 0.03), b.u(0.02, 0.12))[0]
    if kind == 6:  # triangle, bell
        base = b.log(900, 5000)
        return sum(b.u(0.1, 1) * np.sin(2 * np.pi * base * r * b.t) * b.decay(0.1, 0.9)
                   for r in (1, b.u(1.4, 2.2), b.u(2.3, 3.2), b.u(3.3, 5)))
    if kind == 7:  # wood
        low = b.log(500, 1900)
        return np.sin(2 * np.pi * low * b.t) * b.decay(0.01, 0.05) + b.u(0.1, 0.6) * np.sin(
            2 * np.pi * low * b.u(1.5, 2.8) * b.t) * b.decay(0.005, 0.02)
    if kind == 8:  # agogo
        low = b.log(600, 1500)
        return b.fm(low, b.u(1.3, 2.8), b.u(0.5, 3), 0.2) * b.decay(0.06, 0.3)
    if kind == 9:  # guiro, vibraslap
        x = b.noise(b.log(1000, 3000), 9000, 2)
        return b.bursts(x, int(b.rng.integers(6, 20)), b.u(0.008, 0.02), b.u(0.002, 0.006))[0]
    return b.fm(b.log(200, 2500), b.u(0.3, 5), b.u(0, 6), b.u(0.01, 0.2)) * b.decay(0.02, 0.25)


RECIPES = {
    'kick': kick, 'snare': snare, 'clap': clap, 'rim': rim,
    'tom_low': lambda b: tom(b, 55, 110), 'tom_mid': lambda b: tom(b, 95, 165),
    'tom_high': lambda b: tom(b, 140, 290),
    'hat_closed': lambda b: hat(b, b.decay(0.006, 0.06)), 'hat_open': hat_open,
    'crash': crash, 'ride': ride, 'perc': perc}


def hit(label, rng):
    b = Bench(rng, 1.2)
    x = RECIPES[label](b)
    x = x / np.abs(x).max()
    if rng.random() < 0.25:  # driven
        x = np.tanh(b.log(1, 8) * x)
    if rng.random() < 0.15:  # few bits
        steps = b.log(12, 128)
        x = np.round(x * steps) / steps
    if rng.random() < 0.15:  # a slow converter without a filter
        hold = int(rng.integers(2, 5))
        x = np.repeat(x[::hold], hold)[:len(x)]
    return (x / np.abs(x).max()).astype(np.float32)


def machines(classes, count, seed=7):
    """`count` hits of each class, of four made-up makers."""
    for c, label in enumerate(classes):
        for i in range(count):
            rng = np.random.default_rng([seed, c, i])
            yield f'machine {i % 4}', f'{label} {i}', label, hit(label, rng), RATE
