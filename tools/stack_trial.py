#!/usr/bin/env python3
"""Do a thousand re-recorded hits fall into their true stacks? End to end, through `trowel
--batch process`, on any folder of one-shots:

    tools/stack_trial.py [options] TROWEL FOLDER…

Draws --sounds files (seeded), makes --copies of each (gain, noise, pitch, start, tone;
see again()), lays them in random order --gap seconds apart into --recordings, mines
them, reads `cluster` from manifest.csv by start time and prints pairwise precision,
recall and F1. Every file is its own stack; in a second line files that are one recording
already (aligned correlation of the first half second above 0.98) count as one.
Wrong pairs are told apart by whether the file names differ in a number or a word for
strength only (neighbouring layers of one drum) or in more."""
import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import soundfile as sf

ENDINGS = ('.wav', '.flac', '.aif', '.aiff', '.ogg', '.mp3')
STRENGTH = r'softest|soft|medium|med|hardest|hard|normal|\d+|[ _.-]+'


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('trowel')
    p.add_argument('folder', nargs='+')
    p.add_argument('--sounds', type=int, default=50)
    p.add_argument('--copies', type=int, default=20)
    p.add_argument('--recordings', type=int, default=1)
    p.add_argument('--files', action='store_true', help='every copy in a file of its own')
    p.add_argument('--rate', type=int, default=44100)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--cents', type=float, default=50, help='up or down, at most')
    p.add_argument('--snr', type=float, nargs=2, default=(25, 50), help='dB, of RMS')
    p.add_argument('--late-ms', type=float, default=3, help='at most')
    p.add_argument('--tilt', type=float, default=2, help='dB in bass and treble, at most')
    p.add_argument('--gap', type=float, nargs=2, default=(0.3, 0.6), help='seconds')
    p.add_argument('--ring', action='store_true', help='sounds ring into the next one')
    p.add_argument('--coding', choices=['wav', 'mp3', 'ogg'], default='wav')
    p.add_argument('--keep', help='a new folder to work in, left behind')
    p.add_argument('--blame', action='store_true', help='list what is wrong')
    return p.parse_args()


def spectrum_of(x, n):
    return np.fft.rfft(x, n)


def at_speed(x, ratio, tone):
    """x played `ratio` times as fast, its spectrum multiplied by tone(Hz / rate)."""
    n = 1 << int(np.ceil(np.log2(len(x) + 4096)))
    bins = np.fft.rfft(x, n) * tone(np.arange(n // 2 + 1) / n)
    dense = np.fft.irfft(bins, 8 * n) * 8
    return np.interp(np.arange(0, len(x) * 8, 8 * ratio), np.arange(8 * n), dense)


def load(path, rate):
    try:
        x, own = sf.read(path, dtype='float64', always_2d=True, frames=48000 * 4)
    except sf.LibsndfileError:
        return None
    x = x.mean(1)
    if len(x) < 0.02 * own or np.abs(x).max() < 1e-3:
        return None
    x = x[np.argmax(np.abs(x) > 0.003 * np.abs(x).max()):]
    x = at_speed(x, own / rate, lambda f: f < 0.499 * min(1, rate / own)) \
        if own != rate else x
    return x / np.abs(x).max()


def again(x, rate, room, o, r):
    """One more recording: (what is heard, how late its start is in frames)."""
    late = r.uniform(0, o.late_ms * 1e-3)
    bass, treble = r.uniform(-o.tilt, o.tilt, 2)

    def tone(f):
        hz = f * rate
        low, high = 1 / (1 + 1j * hz / 250), 1j * hz / (4000 + 1j * hz)
        return (1 + (10**(bass / 20) - 1) * low + (10**(treble / 20) - 1) * high) \
            * np.exp(-2j * np.pi * f * late * rate)
    y = at_speed(x, 2**(r.uniform(-o.cents, o.cents) / 1200), tone)
    if not o.ring:
        y = y[:room]
        fade = min(len(y), int(0.01 * rate)) if len(y) == room else 0
        if fade:
            y[-fade:] *= np.linspace(1, 0, fade)
    rms = np.sqrt(np.mean(y**2))
    y = y + rms * 10**(-r.uniform(*o.snr) / 20) * r.standard_normal(len(y))
    return 0.4 * 10**(r.uniform(-12, 6) / 20) * y / np.abs(y).max(), late


def one_recording(a, b, rate):
    n = rate // 2
    a, b = (np.pad(v, (0, max(0, n - len(v))))[:n] for v in (a, b))
    m = 4 * n
    c = np.fft.irfft(np.fft.rfft(a, m) * np.conj(np.fft.rfft(b, m)), m)
    lag = int(0.005 * rate)
    return max(np.abs(c[:lag]).max(), np.abs(c[-lag:]).max()) > \
        0.98 * np.linalg.norm(a) * np.linalg.norm(b)


def encode(path, coding):
    if coding == 'mp3':
        subprocess.run(['lame', '--quiet', '-b', '192', path, path[:-3] + 'mp3'], check=True)
    elif coding == 'ogg':
        subprocess.run(['oggenc', '--quiet', '-q', '5', path], check=True)
    if coding != 'wav':
        os.remove(path)


def lay(o, sounds, folder, r):
    """The recordings; where each copy lies: (recording, second, sound)."""
    order = r.permutation(np.repeat(np.arange(len(sounds)), o.copies))
    takes, places = len(order) if o.files else o.recordings, []
    around = 0 if o.files else int(0.5 * o.rate)
    for k in range(takes):
        mine, at, parts = order[k::takes], around, []
        for s in mine:
            room = int(r.uniform(*o.gap) * o.rate) if not o.files else 2 * o.rate
            y, late = again(sounds[s], o.rate, room, o, r)
            parts.append((at, y))
            places.append((k, at / o.rate + late, int(s)))
            at += room
        whole = np.zeros(at + 8 * o.rate)
        for start, y in parts:
            whole[start:start + len(y)] += y[:len(whole) - start]
        whole = whole[:len(parts[0][1]) if o.files else at + around]
        whole /= max(1, np.abs(whole).max() / 0.9)
        path = os.path.join(folder, f'take{k:04d}.wav')
        sf.write(path, whole, o.rate, subtype='PCM_16')
        encode(path, o.coding)
    return places


def mined(o, folder):
    out = os.path.join(folder, 'export')
    subprocess.run([o.trowel, '--batch', 'process', '--stages', 'drums', '--input_dir',
                    os.path.join(folder, 'in'), '--export_root', out, '--project_name', 'T',
                    '--seed', '1', '--jobs', '2', '--quiet'], check=not o.files, cwd=folder)
    with open(os.path.join(out, 'T', 'manifest.csv'), encoding='utf-8') as f:
        return [(int(re.search(r'take(\d+)', row['source_path']).group(1)),
                 float(row['start_sec']), int(row['cluster'] or 0), row['filename'])
                for row in csv.DictReader(f) if row['type'] == 'drum']


def match(places, hits):
    """(sound, stack, hit's number) of each place with a hit within 30 ms: the nearest."""
    starts = {}
    for i, (k, second, _, _) in enumerate(hits):
        starts.setdefault(k, []).append((second, i))
    found = []
    for k, second, sound in places:
        near = min(starts.get(k, []), key=lambda h: abs(h[0] - second), default=None)
        if near and abs(near[0] - second) < 0.03:
            found.append((sound, hits[near[1]][2], near[1]))
    return found


def pairs(truth, stack):
    truth, stack = np.array(truth), np.array(stack)
    same = (truth[:, None] == truth) & ~np.eye(len(truth), dtype=bool)
    put = (stack[:, None] == stack) & (stack > 0) & ~np.eye(len(truth), dtype=bool)
    hit = (same & put).sum() / 2
    p, c = hit / max(1, put.sum() / 2), hit / max(1, same.sum() / 2)
    return p, c, 2 * p * c / max(1e-9, p + c), put & ~same


def blame(o, names, truth, stack, wrong):
    for i, name in enumerate(names):
        mine = np.array(truth) == i
        kinds = {s: int(((np.array(stack) == s) & mine).sum()) for s in
                 set(np.array(stack)[mine].tolist())}
        others = sorted({names[truth[j]] for k in np.nonzero(mine)[0]
                         for j in np.nonzero(wrong[k])[0]})
        if len(kinds) > 1 or others:
            print(f'{name}: stacks {kinds}' + (f', with {", ".join(others)}' if others else ''))


def main():
    o = arguments()
    r = np.random.default_rng(o.seed)
    tops = [os.path.abspath(top) for top in o.folder]
    files = sorted(os.path.join(d, f) for top in tops
                   for d, _, fs in os.walk(top, followlinks=True) for f in fs
                   if f.lower().endswith(ENDINGS))
    names, sounds = [], []
    for i in r.permutation(len(files)):
        if len(sounds) < o.sounds:
            x = load(files[i], o.rate)
            if x is not None:
                names.append(os.path.relpath(files[i], os.path.commonpath(tops)))
                sounds.append(x)
    folder = os.path.abspath(o.keep) if o.keep else tempfile.mkdtemp(prefix='stacks')
    os.makedirs(os.path.join(folder, 'in'))
    places = lay(o, sounds, os.path.join(folder, 'in'), r)
    hits = mined(o, folder)
    found = match(places, hits)
    truth, stack = [f[0] for f in found], [f[1] for f in found]
    one = list(range(len(sounds)))
    for i in range(len(sounds)):
        for k in range(i):
            if one[k] == k and one_recording(sounds[i], sounds[k], o.rate):
                one[i] = k
                break
    print(f'{len(sounds)} sounds ({len(set(one))} recordings), {len(places)} copies, '
          f'{len(hits)} hits mined, {len(found)} copies found, '
          f'{len(set(stack) - {0})} stacks')
    p, c, f1, wrong = pairs(truth, stack)
    print(f'each file a stack:      precision {p:.4f} recall {c:.4f} F1 {f1:.4f}')
    bare = [re.sub(STRENGTH, '', n.lower()) for n in names]
    layers = sum(bare[truth[i]] == bare[truth[j]] for i, j in zip(*np.nonzero(wrong)))
    p, c, f1, _ = pairs([one[t] for t in truth], stack)
    print(f'each recording a stack: precision {p:.4f} recall {c:.4f} F1 {f1:.4f}')
    print(f'wrong pairs: {layers // 2} between layers of one drum, '
          f'{int(wrong.sum() - layers) // 2} between drums')
    if o.blame:
        blame(o, names, truth, stack, wrong)
    if o.keep:
        with open(os.path.join(folder, 'truth.csv'), 'w', encoding='utf-8') as f:
            for sound, number, hit in found:
                f.write(f'{hits[hit][0]},{hits[hit][3]},{sound},{one[sound]},{number},{names[sound]}\n')
    else:
        shutil.rmtree(folder)


main()
