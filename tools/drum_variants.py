"""What happens to a drum hit on its way into a recording, for train_drums.py."""
import io

import numpy as np
import soundfile as sf

from drum_sounds import CLASSES

RATE = 44100
LEFT_ALONE = 0.25  # variants of the sound itself, with nothing under it
DOUBLED = 0.25  # with another of their class
# How often a hit has a bed, and how loud that is against the hit's peak, in dB.
BED, LOUD_BED = (0.5, -50, -11), (1, -16, 0)
# How loud the classes are in a mix, roughly.
LOUD = dict(zip(CLASSES, [0.9, 0.8, 0.6, 0.5, 0.7, 0.7, 0.7, 0.3, 0.35, 0.5, 0.35, 0.4]))
CYMBALS = ('hat_closed', 'hat_open', 'ride', 'crash')


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


def made_bed(number, seed):
    """A chord, a bass or noise: 2 s, RMS 1."""
    rng = np.random.default_rng([seed, 1000 + number])
    n = 2 * RATE
    t = np.arange(n) / RATE
    kind = number % 3
    if kind == 0:
        out = fft_filter(rng.standard_normal(n), RATE,
                         lambda f: (1 + f / 100) ** -rng.choice([0, 0.5, 1]))
    else:
        root = 55 * 2 ** rng.uniform(0, 2.5 if kind == 1 else 1)
        out = np.zeros(n)
        for ratio in ([1, 1.5, 2, 2.4] if kind == 1 else [1]):
            for k in range(1, 9):
                phase = rng.uniform(0, 6)
                out += np.sin(2 * np.pi * root * ratio * k * t + phase) / k ** 1.3
    return out / np.sqrt(np.mean(out ** 2))


def peak(x):
    return max(1e-9, float(np.abs(x).max()))


def padded(x, n):
    return np.concatenate([x[:n], np.zeros(max(0, n - len(x)))])


class Mixer:
    """Makes variants of hits. `by_label`: sounds at 44.1 kHz to lay under and over them;
    `partners`: those to layer with one of the same class; `music`: notes and chords from
    their attack on."""

    def __init__(self, by_label, partners, music, seed):
        self.by_label = by_label
        self.partners = partners
        self.music = music
        self.beds = [made_bed(i, seed) for i in range(60)]

    def doubled(self, x, rate, label, rng):
        """Layered with another sound of its class, or that one's bass under its treble."""
        other = resampled(self.other(rng, label, self.partners), 44100 / rate)
        n = max(len(x), len(other))
        x, other = padded(x / peak(x), n), padded(other / peak(other), n)
        if rng.random() < 0.5:
            return x + other * 10 ** (rng.uniform(-15, 0) / 20)
        edge = 10 ** rng.uniform(2.4, 3.9)
        low, high = (x, other) if rng.random() < 0.5 else (other, x)
        low = fft_filter(low, rate, lambda f: 1 / (1 + (f / edge) ** 2))
        high = fft_filter(high, rate, lambda f: 1 / (1 + (edge / (f + 1)) ** 2))
        return low + high * 10 ** (rng.uniform(-8, 8) / 20)

    def other(self, rng, label, by_label=None):
        pool = (by_label or self.by_label)[label]
        return pool[rng.integers(len(pool))].astype(np.float64)

    def over_a_tail(self, x, rate, label, lead, rng):
        """With what still rings from a hit before, unless it drowns this one: the miner
        lets no hit through that does not stand out (MIN_RISE_DB, TREBLE_MORE_DB in
        hits_cut.c)."""
        other_label = str(rng.choice(['kick', 'kick', 'snare', 'tom_low', 'tom_mid', 'hat_open',
                                      'crash', 'ride', CLASSES[rng.integers(len(CLASSES))]]))
        other = self.other(rng, other_label)
        skip = int(10 ** rng.uniform(-1.2, -0.3) * rate)
        tail = padded(other[skip:] / peak(other), len(x))
        tail *= LOUD[other_label] * rng.uniform(0.6, 1) / (LOUD[label] * rng.uniform(0.5, 1))
        return x + self.not_drowning(x, tail, rate, lead)

    @staticmethod
    def not_drowning(x, under, rate, lead):
        n = lead + int(0.01 * rate)

        def level(v):
            return np.sum(v[lead:n] ** 2) + 1e-12
        for _ in range(12):
            rise = level(x + under) / level(under)
            treble = level(np.diff(x + under)) / level(np.diff(under))
            if rise > 2 or treble > 8:
                break
            under = under * 0.7
        return under

    def over_a_bed(self, x, rate, lead, rng, low_db, high_db):
        """Over noise, a chord or a bass, or over music that was there before."""
        beds = self.music if self.music and rng.random() < 0.5 else self.beds
        bed = beds[rng.integers(len(beds))]
        start = int(rng.integers(len(bed) - len(x))) if len(bed) > len(x) else 0
        bed = padded(bed[start:], len(x)) * 10 ** (rng.uniform(low_db, high_db) / 20)
        return x + self.not_drowning(x, bed, rate, lead)

    def with_another(self, x, rate, label, lead, rng):
        """With another drum or a note struck at the same time, but softer."""
        at = lead + int(rng.uniform(0, 0.004) * rate)
        if self.music and rng.random() < 0.3:
            other = self.music[rng.integers(len(self.music))]
            gain = 10 ** (rng.uniform(-26, -8) / 20)
        else:
            names = CYMBALS[:2] + CYMBALS
            if label in CYMBALS:
                names = ('hat_closed', 'perc', 'ride', 'rim')
            elif rng.random() < 0.25:
                names = ('kick', 'snare', 'tom_mid', 'clap')
            other = self.other(rng, str(rng.choice(names)))
            other = other / peak(other)
            gain = 10 ** (rng.uniform(-20, -4 if label not in CYMBALS else -8) / 20)
        n = min(len(other), len(x) - at)
        x = x.copy()
        x[at:at + n] += other[:n] * gain
        return x

    def variant(self, x, rate, label, rng, bed=BED):
        """One variant of a hit, x from its attack on: (samples, rate, lead frames)."""
        often, *bed_db = bed
        alone = rng.random() < LEFT_ALONE and often < 1
        if rng.random() < 0.6:
            width = 1.0 if label.startswith('tom') else 2.5
            x = resampled(x, 2 ** (rng.uniform(-width, width) / 12))
        if rng.random() < DOUBLED and label != 'perc':
            x = self.doubled(x, rate, label, rng)
        x = x[:rate] / peak(x[:int(0.1 * rate)])
        cut = rng.random() < (0.3 if alone else 0.65)  # by the next hit, or the longest length
        if cut:
            x = x[:int(10 ** rng.uniform(-1.25, -0.1) * rate)]
        if rng.random() < 0.25 and label not in ('hat_open', 'crash', 'ride'):
            x = x * np.exp(-np.arange(len(x)) / (10 ** rng.uniform(-1.5, -0.3) * rate))
        if rng.random() < 0.55:
            x = recoloured(x, rate, rng)
        if rng.random() < 0.35:
            x = reverb(x, rate, rng)
        lead = int(rng.uniform(0.030, 0.034) * rate)
        x = np.concatenate([np.zeros(lead), x])
        if not alone and rng.random() < 0.6:
            x = self.over_a_tail(x, rate, label, lead, rng)
        if not alone and rng.random() < often:
            x = self.over_a_bed(x, rate, lead, rng, *bed_db)
        if not alone and rng.random() < 0.5:
            x = self.with_another(x, rate, label, lead, rng)
        x = worn(x, rate, rng)
        if cut:
            x = faded(x, rate, lead)
        if rng.random() < 0.1:
            half = int(rng.choice([2, 2, 4]))
            spectrum = np.fft.rfft(x, len(x) // half * half)
            keep = len(spectrum) // half
            spectrum[keep:] = 0
            x = np.fft.irfft(spectrum)[::half]
            rate, lead = rate // half, lead // half
        lead += int(rng.normal(0, 0.0007) * rate)  # the miner's start is not exact
        if rng.random() < 0.35:  # nothing known of what was before
            x, lead = x[lead - int(rng.uniform(0, 0.002) * rate):], 0
        return x, rate, lead


def faded(x, rate, lead):
    """With the miner's fade at its end."""
    n = min((len(x) - lead) // 5, int(0.02 * rate)) + 1
    x[-n:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(1, n + 1) / n)
    return x


def recoloured(x, rate, rng):
    """Another microphone, another desk."""
    tilt, bump, at = rng.normal(0, 0.35), rng.normal(0, 5), 10 ** rng.uniform(2, 4)
    x = fft_filter(x, rate, lambda f: ((f + 50) / 1000) ** tilt * 10 ** (
        bump / 20 * np.exp(-np.log2((f + 1) / at) ** 2)))
    return x / peak(x)


def worn(x, rate, rng):
    """Dulled, thinned, overdriven, of few bits, hissing or coded."""
    if rng.random() < 0.2:
        edge, steep = rng.uniform(3500, 15000), rng.choice([2, 4, 12])
        x = fft_filter(x, rate, lambda f: 1 / np.sqrt(1 + (f / edge) ** (2 * steep)))
    if rng.random() < 0.15:
        edge = rng.uniform(30, 150)
        x = fft_filter(x, rate, lambda f: f / np.sqrt(f * f + edge * edge))
    if rng.random() < 0.15:
        drive = rng.uniform(1, 5)
        x = np.tanh(drive * x) / np.tanh(drive)
    if rng.random() < 0.08:
        steps = 127 * rng.uniform(0.3, 1) / peak(x)
        x = np.round(x * steps) / steps
    if rng.random() < 0.1:
        x = x + rng.standard_normal(len(x)) * 10 ** (rng.uniform(-60, -35) / 20)
    if rng.random() < 0.04 and rate in (32000, 44100, 48000):
        x = coded(x, rate)
    return x


def coded(x, rate):
    """Through MP3 and back."""
    file = io.BytesIO()
    sf.write(file, np.concatenate([x / peak(x) * 0.7, np.zeros(rate // 10)]), rate,
             format='MP3')
    file.seek(0)
    return sf.read(file)[0][:len(x)] / 0.7 * peak(x)
