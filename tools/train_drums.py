#!/usr/bin/python3
"""Train the drum classifier and write src/dsp/drum_model.inc (docs/drum-classifier.md).

usage: train_drums.py --data DIR --dump build/dev/tools/drum_dump [--evaluate] [--out FILE]

DIR holds the unpacked packages named in drum_sounds.py. --evaluate prints the
leave-one-kit-out results instead of writing the model. Needs Debian's python3-numpy,
python3-soundfile and espeak-ng, and libfluidsynth3 for the sound fonts. The result depends on the data
and the seed alone (on one machine; the last digits may differ with another numpy)."""
import argparse
import multiprocessing
import subprocess
import sys

import numpy as np

from drum_nets import (FINE, HIDDEN, SEED, SEERS, SLIT, fresh, rounded, sizes, targets, told,
                       train_one)
from drum_notes import Band, Notes
from drum_otherwise import otherwise
from drum_sounds import CLASSES, HELD_OUT, music, sounds
from drum_variants import LOUD_BED, Mixer

MEMBERS = 3  # perceptrons of the committee, and as many networks with sight
TRIALS = 4
VARIANTS = {'kit': 12, 'font': 4, 'made': 3}  # changed copies of each sound
OTHERS = {'kit': 4, 'font': 2, 'made': 0}  # and copies as another instrument's
OTHERS_BARE = 0.25  # of those are left as they are, the rest changed
UNDER_BEDS = {'kit': 3, 'font': 1, 'made': 0}  # and copies under beds as loud as themselves
FONTS = ('FluidR3', 'TimGM6mb', 'csound', 'GeneralUser', 'A320U')
PROCESSES = 2
SHARE = 32  # sounds that go through drum_dump together
NOTES, NOTES_SHARE = 9000, 500  # what is no drum, and how much of it is made at once
# What a sound as it is counts, a variant of it, and what it might have been on another
# instrument. Under a loud bed it teaches that it is a drum, as a variant does, not which.
AS_IS, VARIED, OTHER, UNDER_BED = 4, 1, 0.4, 0
GROUP = {'kick': 0, 'snare': 1, 'tom_low': 2, 'tom_mid': 2, 'tom_high': 2, 'hat_closed': 3,
         'hat_open': 3, 'crash': 4, 'ride': 4}
# How common the classes are in music, against training, where each counts about alike:
# most of what is struck are hats, kicks and snares; crashes are rare.
PRIOR = np.array([2, 2.5, 1, 1, 1, 1, 1, 2, 1.8, 0.75, 1, 1])


# ---- features, by the program's own code --------------------------------------------

def features(dump, hits):
    process = subprocess.Popen([dump], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    blob = b''.join(np.array([rate, lead, len(x)], '<i4').tobytes() + x.astype('<f4').tobytes()
                    for x, rate, lead in hits)
    out = process.communicate(blob)[0]
    width = int(np.frombuffer(out[:4], '<i4')[0])
    return np.frombuffer(out[4:], '<f4').reshape(-1, width).astype(np.float64)


SHARED = {}  # what the processes of collect() inherit


def kind_of(kit):
    return 'made' if kit.startswith('machine') else 'font' if kit in FONTS else 'kit'


def one_share(at):
    """Features and [(class, kit, what it counts)] of some sounds and their variants."""
    hits, rows = [], []
    for i, (kit, _, label, x, rate) in enumerate(SHARED['every'][at:at + SHARE], at):
        rng, other_rng, bed_rng = (np.random.default_rng([SEED, i, *more])
                                   for more in ((), (1,), (2,)))
        mixer, x = SHARED['mixer'], x.astype(np.float64)
        copies, worth = [(x, rate, 0)], [AS_IS]
        for _ in range(VARIANTS[kind_of(kit)]):
            copies.append(mixer.variant(x, rate, label, rng))
            worth.append(VARIED)
        for _ in range(OTHERS[kind_of(kit)]):
            other = otherwise(x, rate, label, other_rng)
            if other is not None:
                bare = other_rng.random() < OTHERS_BARE
                copies.append((other, rate, 0) if bare else
                              mixer.variant(other, rate, label, other_rng))
                worth.append(OTHER)
        for _ in range(UNDER_BEDS[kind_of(kit)]):
            copies.append(mixer.variant(x, rate, label, bed_rng, LOUD_BED))
            worth.append(UNDER_BED)
        hits += copies
        rows += [(CLASSES.index(label), kit, w) for w in worth]
    F = features(SHARED['dump'], hits)
    good = np.isfinite(F).all(1)
    return F[good], [row for row, ok in zip(rows, good) if ok]


def collect(data, dump):
    """Features, class, kit and what it counts, of every sound and its variants."""
    every = sounds(data)
    assert not HELD_OUT & {kit for kit, *_ in every}
    by_label, partners = {}, {}
    for kit, _, label, x, rate in every:
        if rate == 44100:
            by_label.setdefault(label, []).append(x)
            if kind_of(kit) != 'kit':
                partners.setdefault(label, []).append(x)
    SHARED.update(every=every, dump=dump,
                  mixer=Mixer(by_label, partners, music(data, 80), SEED))
    with multiprocessing.get_context('fork').Pool(PROCESSES) as pool:
        shares = pool.map(one_share, range(0, len(every), SHARE), chunksize=1)
    y, kits, worth = zip(*(row for _, rows in shares for row in rows))
    return (np.concatenate([F for F, _ in shares]), np.array(y), np.array(kits),
            np.array(worth))


def one_share_of_notes(at):
    """Features of notes and who plays them."""
    if 'notes' not in SHARED:
        SHARED['notes'] = Notes(Band(SHARED['data']))
    players, hits = zip(*(SHARED['notes'].one(np.random.default_rng([SEED, 1, i]))
                          for i in range(at, at + NOTES_SHARE)))
    F = features(SHARED['dump'], hits)
    good = np.isfinite(F).all(1)
    return F[good], np.array(players)[good]


def collect_notes(data, dump):
    SHARED.update(data=data, dump=dump)
    with multiprocessing.get_context('fork').Pool(PROCESSES) as pool:
        shares = pool.map(one_share_of_notes, range(0, NOTES, NOTES_SHARE), chunksize=1)
    return tuple(np.concatenate(column) for column in zip(*shares))


# ---- the model: a small committee ---------------------------------------------------

def weights(y, kits, worth):
    """Classes count alike, but for a mild leaning to the common ones; in a class, kits by
    the root of their size; sounds as they are more than their variants."""
    w = np.zeros(len(y))
    share = dict(zip(CLASSES, [1.6, 1.6, 0.7, 0.7, 0.9, 0.9, 0.9, 1.6, 1.0, 1.0, 1.0, 0.6]))
    for c in range(len(CLASSES)):
        for kit in set(kits[y == c]):
            member = (y == c) & (kits == kit)
            w[member] = 1 / np.sqrt(member.sum())
        if (y == c).any():
            w[y == c] *= share[CLASSES[c]] / w[y == c].sum()
    return (w / w.mean() * worth).astype(np.float32)


def standardised(F, mean, deviation):
    return np.clip((F - mean) / deviation, -4, 4).astype(np.float32)


def train(F, y, kits, worth, members=MEMBERS):
    F, y, kits, worth = (column[worth != UNDER_BED] for column in (F, y, kits, worth))
    mean, deviation = F.mean(0), F.std(0) + 1e-3
    X = standardised(F, mean, deviation)
    w, T = weights(y, kits, worth), targets(y, len(CLASSES))
    nets = [rounded(train_one(X, T, w, s, sight)) for sight in (False, True)
            for s in range(members)]
    return mean, deviation, nets


def train_for_notes(model, F, y, kits, worth, N):
    """The perceptron that tells a drum (column 0) from a note (1). The drums weigh among
    themselves as for the committee, together as much as the notes."""
    w = weights(y, kits, np.where(worth == UNDER_BED, VARIED, worth))
    X = np.concatenate([standardised(f, *model[:2]) for f in (F, N)])
    w = np.concatenate([w / w.mean() / len(F), np.full(len(N), 1 / len(N), np.float32)])
    y = np.repeat([0, 1], [len(F), len(N)])
    return rounded(train_one(X, targets(y, 2), (w / w.mean()).astype(np.float32), 100))


def opinions(model, F):
    """The committee's mean probability, before the prior."""
    mean, deviation, nets = model
    X = standardised(F, mean, deviation)
    return sum(told(net, X) for net in nets) / len(nets)


def weighed(p, prior=PRIOR):
    p = p * prior
    return p / p.sum(1, keepdims=True)


# ---- results ------------------------------------------------------------------------

FAMILY = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 8, 9])


def choose(p):
    """As drum_class_choose(): the best of the best family."""
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


def leaning(strength):
    return PRIOR ** strength


def margin(y, p):
    """By how much the figure nearest to its bound is better than that."""
    guess = choose(p)
    group = np.array([GROUP.get(c, 9) for c in CLASSES])
    a, b = group[y], group[guess]
    simple, five = np.isin(a, [0, 1, 3]), a < 9
    return min(np.mean(a[simple] == b[simple]) - 0.94, balanced(a[five], b[five]) - 0.86,
               balanced(y, guess) - 0.65)


def nested(y, kits, plain, P):
    """Each left-out kit by the strength of prior that was best on the other kits."""
    out = np.zeros_like(P)
    for kit in sorted(set(kits[plain])):
        rest, here = plain & (kits != kit), kits == kit
        strength = max((0, 0.5, 0.75, 1, 1.25, 1.5),
                       key=lambda s: margin(y[rest], weighed(P[rest], leaning(s))))
        out[here] = weighed(P[here], leaning(strength))
    return out


def reliability(title, y, p):
    told, right = p[np.arange(len(y)), choose(p)], choose(p) == y
    print(f'{title}: told and true share of right ones, by tenths of confidence')
    for k in range(10):
        here = (told >= k / 10) & (told < (k + 1) / 10 + (k == 9))
        if here.sum() >= 10:
            print(f'  {told[here].mean():.2f} {right[here].mean():.2f} ({here.sum()} hits)')


# What is left out together; kits that share sounds are in one group. The first three do.
GROUPS = [('GMRockKit', 'The Black Pearl 1.0', 'Red Zeppelin'),
          ('ColomboAcousticDrumkit', 'TR808EmulationKit', 'stk', 'Audiophob'),
          ('ElectricEmpireKit', 'Millo-Drums_v.1', 'freepats'),
          ('HardElectro1', 'sonic-pi', 'circAfrique v4'),
          ('lmms', 'VariBreaks', 'few'),
          ('rumpf_kit_z01_h2', 'exadrums', 'opl3', 'Gimme A Hand 1.0')]


# Who plays the notes that are left out with each group; of the other notes, each group
# leaves out its share.
PLAYERS = ('A320U', 'csound', 'GeneralUser', 'FluidR3', 'TimGM6mb', '')


def without(number):
    """What a committee that never heard the kits of the group says of them; whether they
    are drums at all, and which of the notes that were left out with them are."""
    F, y, kits, worth, members, N, players = SHARED['evaluate']
    rest = ~np.isin(kits, GROUPS[number])
    unheard = players == PLAYERS[number]
    unheard |= np.isin(players, ('synth', 'voice')) & (np.arange(len(N)) % len(GROUPS) == number)
    model = train(F[rest], y[rest], kits[rest], worth[rest], members)
    ear = train_for_notes(model, F[rest], y[rest], kits[rest], worth[rest], N[~unheard])
    drum = [told(ear, standardised(f, *model[:2]))[:, 0] for f in (F[~rest], N[unheard])]
    return opinions(model, F[~rest]), drum[0], np.flatnonzero(unheard), drum[1]


def report_notes(title, share):
    if len(share):
        print(f'  {title}: {np.mean(share > 0.5):.3f} told as drums ({len(share)})')


def evaluate(F, y, kits, worth, members, keep, N, players):
    """Each group of kits in turn is left out of the training and then classified. Big
    sound fonts and machines serve for training only."""
    P, drum, note = np.zeros((len(y), len(CLASSES))), np.zeros(len(y)), np.full(len(N), np.nan)
    judged = np.zeros(len(y), bool)
    SHARED['evaluate'] = F, y, kits, worth, members, N, players
    with multiprocessing.get_context('fork').Pool(PROCESSES) as pool:
        for group, (p, d, at, n) in zip(GROUPS, pool.imap(without, range(len(GROUPS)),
                                                          chunksize=1)):
            out = np.isin(kits, group)
            P[out], drum[out], note[at], judged[out] = p, d, n, True
            for kit in group:
                here = (kits == kit) & (worth == AS_IS)
                report(f'  {kit}', y[here], weighed(P[here]))
            sys.stdout.flush()
    judged &= kits != 'opl3'  # what two-operator FM calls a ride or a rim is anyone's guess
    if keep:
        np.savez(keep, P=P, y=y, kits=kits, worth=worth, judged=judged)
    plain, mixed, under = (judged & (worth == w) for w in (AS_IS, VARIED, UNDER_BED))
    print('left-out kits and players, drums or not')
    for c, name in enumerate(CLASSES):
        report_notes(name, drum[plain & (y == c)])
        report_notes(name + ', mixed', drum[mixed & (y == c)])
        report_notes(name + ', under a bed', drum[under & (y == c)])
    for name in sorted(set(players)):
        report_notes(name, note[(players == name) & ~np.isnan(note)])
    report('left-out kits, as they are', y[plain], weighed(P[plain]))
    report('left-out kits, mixed', y[mixed], weighed(P[mixed]))
    report('left-out kits, under beds', y[under], weighed(P[under]))
    P_nested = nested(y, kits, plain, P)
    report('with the prior chosen on the other kits', y[plain], P_nested[plain])
    reliability('as they are', y[plain], weighed(P[plain]))
    reliability('mixed', y[mixed], weighed(P[mixed]))
    confusion(y[plain], weighed(P[plain]))


# ---- the table ----------------------------------------------------------------------

def checksum(data):
    """rng_hash of src/core/rng.c."""
    h = 0xcbf29ce484222325
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & 0xffffffffffffffff
    return h ^ 0xcbf29ce484222325


def array(name, values, shape, kind='float'):
    if kind == 'float':
        numbers = [f'{v:.5g}' for v in values.ravel()]
        numbers = [(v if '.' in v or 'e' in v else v + '.0') + 'F' for v in numbers]
    else:
        numbers = [str(int(v)) for v in values.ravel()]
    lines, line = [], '   '
    for v in numbers:
        if len(line) + len(v) + 2 > 90:
            lines.append(line)
            line = '   '
        line += f' {v},'
    return f'static const {kind} {name}{shape} = {{\n' + '\n'.join(lines + [line]) + '\n};\n'


def five_digits(table):
    return np.vectorize(lambda v: float(f'{v:.5g}'))(table).astype('<f4')


def as_written(net):
    """The layers' whole numbers, steps and biases with as many digits as the table has."""
    *layers, out, bias = net
    for at in range(0, len(layers), 3):
        layers[at + 1] = five_digits(layers[at + 1] / FINE).astype(float) * FINE
        layers[at + 2] = five_digits(layers[at + 2])
    return [*layers, five_digits(out), five_digits(bias)]


def layer_tables(name, nets, at):
    """The weights of two inputs stand together, unit by unit, as pass() of drum_nets.c
    takes them."""
    W = np.stack([net[at] for net in nets]).astype('<i1')
    members, inputs, units = W.shape
    pairs = W.reshape(members, inputs // 2, 2, units).transpose(0, 1, 3, 2)
    return [(name, np.ascontiguousarray(pairs)),
            (name + '_scale', np.stack([net[at + 1] / FINE for net in nets])),
            (name + '_bias', np.stack([net[at + 2] for net in nets]))]


def last_tables(name, nets):
    return [(name, np.stack([net[-2] for net in nets])),
            (name + '_bias', np.stack([net[-1] for net in nets]))]


def trials(nets, ear):
    """What the networks say of TRIALS made-up hits: the test holds the program against it."""
    X = 2 * np.sin(np.outer(np.arange(1, TRIALS + 1), np.arange(ear[0].shape[0])))
    X = X.astype(np.float32)
    return np.concatenate([sum(told(net, X) for net in nets) / len(nets), told(ear, X)[:, :1]], 1)


def write(path, model, ear):
    mean, deviation, nets = model
    nets, ear = [as_written(net) for net in nets], as_written(ear)
    plain, sight = ([net for net in nets if (len(net) > 5) == kind] for kind in (False, True))
    tables = [('model_mean', mean), ('model_scale', 1 / deviation), ('model_prior', PRIOR),
              *layer_tables('model_hidden', plain, 0), *last_tables('model_out', plain),
              *layer_tables('sight_view', sight, 0), *layer_tables('sight_hidden', sight, 3),
              *last_tables('sight_out', sight),
              *layer_tables('note_hidden', [ear], 0), *last_tables('note_out', [ear]),
              ('model_trials', trials(nets, ear))]
    tables = [(name, table if table.dtype == np.int8 else five_digits(table))
              for name, table in tables]
    blob = b''.join(table.tobytes() for _, table in tables)
    with open(path, 'w') as f:
        f.write('/* Generated by tools/train_drums.py: do not edit. The networks of drum_nets.c: '
                'a\n * committee over drum_features, and one that tells drums from notes; see\n'
                ' * docs/drum-classifier.md. */\n')
        f.write(f'enum {{\n    MODEL_FEATURES = {len(mean)},\n    MODEL_HIDDEN = {HIDDEN},\n'
                f'    MODEL_PERCEPTRONS = {len(plain)},\n    MODEL_SIGHTS = {len(sight)},\n'
                f'    SIGHT_SLIT = {SLIT},\n    SIGHT_SEERS = {SEERS},\n'
                f'    MODEL_FINE = {FINE},\n    MODEL_TRIALS = {TRIALS}\n}};\n')
        f.write(f'/* rng_hash of all numbers below, in order, little-endian. */\n'
                f'static const uint64_t model_checksum = 0x{checksum(blob):016x}U;\n')
        for name, table in tables:
            kind = 'signed char' if table.dtype == np.int8 else 'float'
            f.write(array(name, table, f'[{table.size}]', kind))


def blank(path, d):
    """Untrained networks, so that a program with other features than the table's can be
    built, and dump them."""
    rng, k = np.random.default_rng(SEED), len(CLASSES)
    nets = [rounded(fresh(sizes(d, k, sight), rng)) for sight in (False, True)
            for _ in range(MEMBERS)]
    write(path, (np.zeros(d), np.ones(d), nets), rounded(fresh(sizes(d, 2, False), rng)))


def main():
    a = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--data')
    a.add_argument('--dump')
    a.add_argument('--out', default='src/dsp/drum_model.inc')
    a.add_argument('--evaluate', action='store_true')
    a.add_argument('--blank', type=int, metavar='FEATURES',
                   help='write a table of untrained networks, for so many features')
    a.add_argument('--members', type=int, default=MEMBERS)
    a.add_argument('--keep', help="keep the left-out kits' probabilities in this .npz")
    a.add_argument('--cache', help='keep the features in this .npz between runs')
    a = a.parse_args()
    if not a.blank and not (a.data and a.dump):
        sys.exit('usage: train_drums.py --data DIR --dump PROGRAM: see --help')
    if a.blank:
        return blank(a.out, a.blank)
    try:
        z = np.load(a.cache) if a.cache else None
    except OSError:
        z = None
    if z:
        F, y, kits, worth, N, players = (
            z[k] for k in ('F', 'y', 'kits', 'worth', 'N', 'players'))
    else:
        # The notes first: when this process has read a sound font, its forks no longer can
        # (OpenMP's threads are not forked).
        N, players = collect_notes(a.data, a.dump)
        F, y, kits, worth = collect(a.data, a.dump)
        if a.cache:
            np.savez(a.cache, F=F, y=y, kits=kits, worth=worth, N=N, players=players)
    print(f'{len(y)} examples, {int((worth == AS_IS).sum())} sounds, {len(set(kits))} kits, '
          f'{F.shape[1]} features, {len(N)} notes', file=sys.stderr)
    if a.evaluate:
        evaluate(F, y, kits, worth, a.members, a.keep, N, players)
    else:
        model = train(F, y, kits, worth, a.members)
        report('on its own training data', y, weighed(opinions(model, F)))
        write(a.out, model, train_for_notes(model, F, y, kits, worth, N))


if __name__ == '__main__':
    main()
