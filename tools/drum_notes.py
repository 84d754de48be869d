"""What is struck in music and is no drum, for train_drums.py: notes and chords of sound
fonts and of made synthesisers, and syllables, each after and over what sounded before."""
import glob
import os
import subprocess
import tempfile

import numpy as np
import soundfile as sf

from drum_sounds import FONTS, Synth
from drum_variants import (RATE, Mixer, faded, fft_filter, padded, peak, recoloured, reverb,
                           worn)

# Presets of General MIDI that are drums themselves, or effects, or an orchestra hit.
NO_NOTES = {47, 55, *range(112, 128)}
BASSES = range(32, 40)
SHARES = (('font', 0.66), ('synth', 0.26), ('voice', 0.08))
SECONDS = 1.2
VOICES = ('en-us', 'en-gb', 'de', 'fr', 'es', 'it', 'en-us+f3', 'de+f2', 'fr+f5', 'en-gb+m7')
WORDS = ('Both of them kept talking about the weather, and nobody paid attention.',
         'Take ten, cut the tape, put it back to the start: a quiet room at night.',
         'Papa tobacco, cats and dogs, a basket of kippers, zebras, chess, judges.')


def random_keys(rng, low, high):
    root = int(rng.integers(low, high))
    chords = [(0,)] * 5 + [(0, 12), (0, 7), (0, 4, 7), (0, 3, 7), (0, 7, 12, 16), (0, 3, 7, 10)]
    return [root + k for k in chords[rng.integers(len(chords))]]


class Band:
    """Who plays: the presets of the fonts below `root`, except those of `left_out`."""

    def __init__(self, root, fonts=None):
        self.players = []
        for package, file, name in FONTS:
            paths = sorted(glob.glob(f'{root}/{package}/**/{file}', recursive=True))
            if paths and name not in ('Red Zeppelin', 'The Black Pearl 1.0', 'opl3') and \
                    (fonts is None or name in fonts):
                self.players.append((name, Synth(paths[0])))
        self.spoken = spoken()

    def font_note(self, rng):
        name, synth = self.players[rng.integers(len(self.players))]
        preset = int(rng.choice(BASSES)) if rng.random() < 0.3 else int(rng.integers(0, 112))
        while preset in NO_NOTES:
            preset = int(rng.integers(0, 112))
        low, high = (24, 52) if preset in BASSES else (33, 88)
        velocity = int(rng.integers(40, 125))
        return name, [synth.chord(preset, random_keys(rng, low, high), velocity, SECONDS)
                      for _ in range(2)]

    def synth_note(self, rng):
        patch = rng.integers(1 << 30)
        low, high = ((24, 48) if rng.random() < 0.5 else (36, 84))
        return 'synth', [made_note(np.random.default_rng(patch), random_keys(rng, low, high))
                         for _ in range(2)]

    def voice(self, rng):
        x = self.spoken[rng.integers(len(self.spoken))]
        at = rises(x)
        i = int(at[rng.integers(len(at))])
        return 'voice', [x[max(0, i - RATE):i], x[i:i + int(SECONDS * RATE)]]


def made_note(rng, keys):
    """One note or chord of a subtractive, FM or additive patch drawn from `rng`."""
    n = int(SECONDS * RATE)
    t = np.arange(n) / RATE
    kind, detune = rng.integers(4), rng.uniform(0, 0.006)
    attack_s, decay_s = 10 ** rng.uniform(-3.3, -1.5), 10 ** rng.uniform(-1, 0.7)
    sustain, index = rng.choice([0, 0.3, 0.7, 1]), rng.uniform(0.3, 6)
    ratio = rng.choice([0.5, 1, 1, 2, 3, 1.41, 3.5])
    envelope = np.minimum(1, t / attack_s) * (sustain + (1 - sustain) * np.exp(-t / decay_s))
    x = np.zeros(n)
    for key in keys:
        for shift in (1 - detune, 1 + detune):
            turn = 440 * 2 ** ((key - 69) / 12) * shift * t + rng.random()
            if kind == 0:
                x += np.sin(2 * np.pi * turn)
            elif kind == 1:
                x += 2 * (turn % 1) - 1
            elif kind == 2:
                x += np.where(turn % 1 < rng.uniform(0.1, 0.5), 1.0, -1.0)
            else:
                x += np.sin(2 * np.pi * turn + index * np.exp(-t / decay_s)
                            * np.sin(2 * np.pi * turn * ratio))
    if kind in (1, 2):  # a filter, open at first
        edge, swell = 10 ** rng.uniform(2.2, 3.7), rng.uniform(1, 6)
        dull = fft_filter(x, RATE, lambda f: 1 / (1 + (f / edge) ** 4))
        bright = fft_filter(x, RATE, lambda f: 1 / (1 + (f / (edge * swell)) ** 4))
        mix = np.exp(-t / (decay_s / 3))
        x = dull * (1 - mix) + bright * mix
    return (x * envelope).astype(np.float32)


def spoken():
    """Sentences by Debian's espeak-ng."""
    found = []
    for voice in VOICES:
        for words in WORDS:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, 'words.wav')
                subprocess.run(['espeak-ng', '-v', voice, '-w', path, words], check=True)
                x, rate = sf.read(path)
            at = np.arange(0, len(x) - 1, rate / RATE)
            found.append(np.interp(at, np.arange(len(x)), x).astype(np.float32))
    return found


def rises(x):
    """Frames where a syllable begins."""
    step = RATE // 100
    level = np.sqrt(np.mean(x[:len(x) // step * step].reshape(-1, step) ** 2, 1)) + 1e-4
    up = level[2:] / level[:-2]
    return (np.flatnonzero((up > 2.5) & (level[2:] > 0.1 * level.max())) + 1) * step


def begun(x, rng):
    """From where an onset is heard: slow attacks later."""
    head = np.abs(x[:int(0.25 * RATE)])
    at = int(np.argmax(head >= rng.uniform(0.03, 0.25) * head.max()))
    return x[max(0, at - RATE // 1000):]


class Notes:
    """Hits that are notes, like those of Mixer.variant(): (samples, rate, lead frames)."""

    def __init__(self, band):
        self.band = band

    def one(self, rng):
        kind = rng.choice([k for k, _ in SHARES], p=[p for _, p in SHARES])
        play = {'font': self.band.font_note, 'synth': self.band.synth_note,
                'voice': self.band.voice}
        name, (before, x) = play[kind](rng)
        if np.abs(x).max() < 1e-3:
            return self.one(rng)
        if kind != 'voice':
            x = begun(x, rng)
        x = x / peak(x[:RATE // 5])
        if rng.random() < 0.7:
            x = x[:int(10 ** rng.uniform(-1.25, -0.1) * RATE)]
        else:
            x = x[:int(0.8 * RATE)]
        if rng.random() < 0.5:
            x = recoloured(x, RATE, rng)
        if rng.random() < 0.4:
            x = reverb(x, RATE, rng)
        lead = int(rng.uniform(0.030, 0.034) * RATE)
        x = np.concatenate([np.zeros(lead), x])
        if rng.random() < 0.7:
            x = self.after(x, before, lead, rng)
        if rng.random() < 0.5:
            x = self.over(x, lead, rng)
        x = faded(worn(x, RATE, rng), RATE, lead)
        lead += int(rng.normal(0, 0.0007) * RATE)
        if rng.random() < 0.15:
            x, lead = x[lead:], 0
        return name, (x, RATE, lead)

    @staticmethod
    def after(x, before, lead, rng):
        """The note before ends as this begins, or rings on."""
        under = padded(before[int(rng.uniform(0, 0.5) * len(before)):], len(x))
        under = under / peak(under) * rng.uniform(0.1, 1)
        if rng.random() < 0.6:
            n = len(x) - lead
            under[lead:] *= np.exp(-np.arange(n) / (10 ** rng.uniform(-2.5, -0.7) * RATE))
        return x + Mixer.not_drowning(x, under, RATE, lead)

    def over(self, x, lead, rng):
        """Over others that play on."""
        play = self.band.font_note if rng.random() < 0.6 else self.band.synth_note
        bed = play(rng)[1][0]
        bed = padded(bed[int(rng.uniform(0, 0.4) * len(bed)):], len(x))
        bed = bed / peak(bed) * 10 ** (rng.uniform(-30, 0) / 20)
        return x + Mixer.not_drowning(x, bed, RATE, lead)
