"""Labelled drum one-shots from Debian packages, for train_drums.py.

Each package is unpacked (apt-get download, dpkg -x) below one folder, under its name:
hydrogen-drumkits hydrogen-data lmms-common sonic-pi-samples exadrums freepats stk
timgm6mb-soundfont csound-soundfont avldrums.lv2-soundfont fluid-soundfont-gm
musescore-general-soundfont opl3-soundfont minuet-data denemo-data performous chuck-data
minetest-mod-mesecons scratch pd-lyonpotpourri. Sound fonts are played through libfluidsynth3.

Four kits are kept for judging and never opened: HELD_OUT."""
import ctypes
import glob
import os
import re

import numpy as np
import soundfile as sf

from drum_machines import machines

CLASSES = ['kick', 'snare', 'clap', 'rim', 'tom_low', 'tom_mid', 'tom_high', 'hat_closed',
           'hat_open', 'crash', 'ride', 'perc']
HELD_OUT = {'BJA_Pacific', 'ForzeeStereo', 'Millo_MultiLayered2', 'Millo_MultiLayered3'}
SECONDS = 1.5
MACHINE_HITS = 90  # of each class

# File and instrument names to classes; the first that matches counts.
RULES = [
    ('', r'empty|fx|whistle|noise-tom|zap|swish|jam|loop|clav02'),
    ('rim', r'side ?_?stick|(^|[ _-])stick|rim(?!shot)|^rs_'),
    ('clap', r'clap'),
    ('perc', r'bongo|conga|clave|cowbell|maraca|tambourine|shaker|woodblock|wood|'
             r'djembe|triangle|waterglass|perc|snap|cajonslap|bell (hit|mute)|clav|'
             r'dununba1 bell|guiro|agogo'),
    ('snare', r'snare|(^|_)sn_|powr_sn|^sd_|^snr_'),
    ('hat_open', r'(hat|hh|hihat).{0,12}op|open.?(hat|hh|hi)|ohh|hihat_opened|hatopen|'
                 r'cymbal_open|hat_op|swish|hhat.*open'),
    ('', r'semi'),
    ('hat_closed', r'(hat|hh|hihat).{0,12}(cl|ped|low|light)|(closed|pedal).?(hat|hh|hi)|'
                   r'chh|^powr_hh|hhcl|cymbal_(closed|pedal)|hat_cl|closehihat|hatchoke|'
                   r'hihat_foot|hat \d pd|hihat_closed|pedalhihat'),
    ('ride', r'ride|paistebell|^bell-|ride.?bell'),
    ('crash', r'crash|splash|^cra_|cymbal_(hard|soft)|china|^cymbal|808_cymbal'),
    ('tom_low', r'tom.?(low|lo|floor|3)|low.?tom|tomfloor|floor|^ft_|^tom3'),
    ('tom_mid', r'tom.?(mid|2)|(mid|middle).?tom|^tom2'),
    ('tom_high', r'tom.?(hi|1(?!05)|h)|(hi|high).?tom|^tom1(?!05)'),
    ('kick', r'kick|bassdrum|bass drum|^bd|powr_bd|hardhse_k|drum_bass'),
]


def label_of(*names):
    for name in names:
        for label, rule in RULES:
            if re.search(rule, name.lower()):
                return label or None
    return None


def read(path):
    x, rate = sf.read(path, dtype='float32', always_2d=True)
    return trimmed(x.mean(1), rate)


def trimmed(x, rate):
    x = x[:int(rate * (SECONDS + 0.2))]
    if len(x) < 0.01 * rate or np.abs(x).max() < 1e-3:
        return None
    start = int(np.argmax(np.abs(x) >= 0.03 * np.abs(x).max()))
    return x[max(0, start - rate // 1000):][:int(rate * SECONDS)], rate


# Sounds that lie about, a few in a package; all of them are one kit.
FEW = {'performous': {'drum_bass': 'kick', 'drum_snare': 'snare', 'drum_cymbal': 'crash'},
       'chuck-data': {'kick': 'kick', 'kick_01': 'kick', 'kick_04': 'kick', 'snare': 'snare',
                      'snare_01': 'snare', 'snare_02': 'snare', 'snare_03': 'snare',
                      'snare-chili': 'snare', 'snare-hop': 'snare', 'hihat': 'hat_closed',
                      'hihat_01': 'hat_closed', 'hihat_02': 'hat_closed',
                      'hihat_04': 'hat_open', 'hihat-open': 'hat_open', 'clap_01': 'clap',
                      'cowbell_01': 'perc'},
       'minetest-mod-mesecons': {'mesecons_noteblock_kick': 'kick',
                                 'mesecons_noteblock_snare': 'snare',
                                 'mesecons_noteblock_hihat': 'hat_closed',
                                 'mesecons_noteblock_crash': 'crash'},
       'scratch': {'CymbalCrash': 'crash', 'RideCymbal': 'ride', 'HandClap': 'clap',
                   'Shaker': 'perc'},
       'pd-lyonpotpourri': {'kick_11d': 'kick', 'KR55SNAR': 'snare', 'hi_c_12b': 'hat_closed',
                            'hi_o_15g': 'hat_open', 'hi_o_06e': 'hat_open'}}


def from_list(root):
    for package, labels in FEW.items():
        seen = set()
        for path in sorted(glob.glob(f'{root}/{package}/**/*.*', recursive=True)):
            base, ending = os.path.splitext(os.path.basename(path))
            if ending in ('.wav', '.ogg', '.aiff') and base in labels and base not in seen:
                seen.add(base)
                yield 'few', base, labels[base], path


def instrument_names(folder):
    """file name → instrument name, from a Hydrogen kit's description."""
    path = os.path.join(folder, 'drumkit.xml')
    names = {}
    if os.path.exists(path):
        name = ''
        for tag, text in re.findall(r'<(name|filename)>([^<]*)<',
                                    open(path, errors='replace').read()):
            if tag == 'name':
                name = text
            else:
                names.setdefault(text, name)
    return names


def from_kits(root):
    for folder in sorted(glob.glob(root + '/**/drumkits/*/', recursive=True)):
        kit = os.path.basename(folder[:-1])
        if kit in HELD_OUT:
            continue
        names = instrument_names(folder)
        for path in sorted(glob.glob(glob.escape(folder) + '*')):
            base = os.path.basename(path)
            if base.endswith(('.wav', '.flac', '.aiff')):
                label = label_of(os.path.splitext(base)[0], names.get(base, ''))
                if label:
                    yield kit, base, label, path


def from_folder(root, kit, pattern):
    for path in sorted(glob.glob(root + pattern, recursive=True)):
        base = os.path.splitext(os.path.basename(path))[0]
        if kit == 'sonic-pi' and not re.match(
                r'(bd_|drum_(?!roll)|sn_|elec_(hi_|mid_|lo_|filt_)?snare|elec_cymbal|'
                r'elec_(soft|hollow)_kick|perc_snap|perc_bell|elec_wood)', base):
            continue
        label = label_of(base)
        if label:
            yield kit, base, label, path


GM = {35: 'kick', 36: 'kick', 37: 'rim', 38: 'snare', 39: 'clap', 40: 'snare',
      41: 'tom_low', 43: 'tom_low', 45: 'tom_mid', 47: 'tom_mid', 48: 'tom_high',
      50: 'tom_high', 42: 'hat_closed', 44: 'hat_closed', 46: 'hat_open', 49: 'crash',
      57: 'crash', 55: 'crash', 52: 'crash', 51: 'ride', 59: 'ride', 53: 'ride',
      54: 'perc', 56: 'perc', 60: 'perc', 61: 'perc', 62: 'perc', 67: 'perc', 69: 'perc',
      70: 'perc', 75: 'perc', 76: 'perc', 77: 'perc', 81: 'perc'}

# Of these presets' keys others than GM's are struck, or none.
ORCHESTRA = {35: 'kick', 36: 'kick', 37: 'rim', 38: 'snare', 40: 'snare', 57: 'crash',
             59: 'crash', 54: 'perc', 56: 'perc'}
ELECTRONIC = {key: label for key, label in GM.items() if key != 52}  # a cymbal backwards
BRUSH = {**{key: label for key, label in GM.items() if key != 40}, 39: 'snare'}
PRESETS = {**{p: GM for p in range(48)}, 24: ELECTRONIC, 25: ELECTRONIC, 26: ELECTRONIC,
           40: BRUSH, 41: BRUSH, 42: BRUSH, 48: ORCHESTRA}  # above: effects, marching bands
VELOCITIES = (40, 75, 110)

# The avldrums kits have their own order of keys; those that are certain.
AVL = {36: 'kick', 37: 'rim', 38: 'snare', 40: 'snare', 41: 'tom_low', 43: 'tom_low',
       42: 'hat_closed', 44: 'hat_closed', 49: 'crash', 57: 'crash', 51: 'ride',
       53: 'ride'}


class Synth:
    def __init__(self, font):
        lib = self.lib = ctypes.CDLL('libfluidsynth.so.3')
        for name in ('new_fluid_settings', 'new_fluid_synth'):
            getattr(lib, name).restype = ctypes.c_void_p
        for level in range(4):  # no complaints about presets a font does not have
            lib.fluid_set_log_function(level, None, None)
        settings = ctypes.c_void_p(lib.new_fluid_settings())
        lib.fluid_settings_setnum(settings, b'synth.gain', ctypes.c_double(0.5))
        for key in (b'synth.reverb.active', b'synth.chorus.active'):
            lib.fluid_settings_setint(settings, key, 0)
        self.synth = ctypes.c_void_p(lib.new_fluid_synth(settings))
        self.font = lib.fluid_synth_sfload(self.synth, font.encode(), 0)

    def has(self, bank, preset):
        return self.lib.fluid_synth_program_select(self.synth, 9, self.font, bank,
                                                   preset) == 0

    def hit(self, bank, preset, key, velocity):
        self.has(bank, preset)
        return self.play(9, [key], velocity, SECONDS)

    def chord(self, preset, keys, velocity, seconds):
        self.lib.fluid_synth_program_select(self.synth, 0, self.font, 0, preset)
        return self.play(0, keys, velocity, seconds)

    def play(self, channel, keys, velocity, seconds):
        lib, n = self.lib, int(44100 * seconds)
        out = [np.zeros(n, np.float32) for _ in range(2)]
        for key in keys:
            lib.fluid_synth_noteon(self.synth, channel, key, velocity)
        lib.fluid_synth_write_float(self.synth, n, ctypes.c_void_p(out[0].ctypes.data), 0, 1,
                                    ctypes.c_void_p(out[1].ctypes.data), 0, 1)
        lib.fluid_synth_all_sounds_off(self.synth, -1)
        rest = [np.zeros(4410, np.float32) for _ in range(2)]
        lib.fluid_synth_write_float(self.synth, 4410, ctypes.c_void_p(rest[0].ctypes.data), 0,
                                    1, ctypes.c_void_p(rest[1].ctypes.data), 0, 1)
        return (out[0] + out[1]) / 2


def from_font(path, name):
    synth = Synth(path)
    seen = set()
    places = [(128, p, keys) for p, keys in PRESETS.items() if synth.has(128, p)]
    for bank, preset, keys in places or [(0, 0, AVL)]:
        for key, label in keys.items():
            for velocity in VELOCITIES:
                x = synth.hit(bank, preset, key, velocity)
                peak = float(np.abs(x).max())
                if peak < 1e-3:
                    continue
                mark = hash((x[:8000] / peak).round(2).tobytes())
                if mark in seen:  # presets share most of their keys
                    continue
                seen.add(mark)
                start = int(np.argmax(np.abs(x) >= 0.03 * peak))
                yield name, f'{preset}/{key}/{velocity}', label, x[max(0, start - 44):]


def from_patches(root):
    """GUS patches of the GM drum channel: the first sample of each."""
    for path in sorted(glob.glob(root + '/**/Drum_000/0*.pat', recursive=True)):
        base = os.path.splitext(os.path.basename(path))[0]
        label = GM.get(int(base[:3]))
        data = open(path, 'rb').read()
        if not label or data[:8] != b'GF1PATCH':
            continue
        head = data[239:335]  # behind the patch's, the instrument's and the layer's header
        size, rate, modes = (int.from_bytes(head[8:12], 'little'),
                             int.from_bytes(head[20:22], 'little'), head[55])
        body = data[335:335 + size]
        x = np.frombuffer(body[:size & ~1], '<i2' if modes & 1 else 'i1').astype(np.float32)
        if modes & 2:  # unsigned
            half = 32768 if modes & 1 else 128
            x = x + np.where(x < 0, half, -half)
        yield base, label, x, rate


RAW = {'bassdrum': 'kick', 'snardrum': 'snare', 'tomlowdr': 'tom_low', 'tommiddr': 'tom_mid',
       'tomhidrm': 'tom_high', 'hihatcym': 'hat_closed', 'ridecymb': 'ride',
       'crashcym': 'crash', 'cowbell1': 'perc', 'tambourn': 'perc'}


def from_raw(root):
    """The drums of the Synthesis ToolKit: 22.05 kHz, 16 bits, big-endian."""
    for path in sorted(glob.glob(root + '/**/rawwaves/*.raw', recursive=True)):
        base = os.path.splitext(os.path.basename(path))[0]
        if base in RAW:
            yield base, RAW[base], np.fromfile(path, '>i2').astype(np.float32), 22050


FONTS = [('fluid-soundfont-gm', 'FluidR3_GM.sf2', 'FluidR3'),
         ('timgm6mb-soundfont', 'TimGM6mb.sf2', 'TimGM6mb'),
         ('musescore-general-soundfont', 'MuseScore_General_Full.sf3', 'FluidR3'),
         ('minuet-data', 'GeneralUser-v1.47.sf2', 'GeneralUser'),
         ('denemo-data', 'A320U.sf2', 'A320U'),
         ('csound-soundfont', 'sf_GMbank.sf2', 'csound'),
         ('opl3-soundfont', 'OPL-3_FM_128M.sf2', 'opl3'),
         ('avldrums.lv2-soundfont', 'Red_Zeppelin_4_LV2.sf2', 'Red Zeppelin'),
         ('avldrums.lv2-soundfont', 'Black_Pearl_4_LV2.sf2', 'The Black Pearl 1.0')]


def music(root, count):
    """Notes and chords of a sound font, from their attack on: [samples] of 2 s, RMS 1."""
    paths = sorted(glob.glob(f'{root}/timgm6mb-soundfont/**/*.sf2', recursive=True))
    synth = Synth(paths[0]) if paths else None
    found = []
    for i in range(count if synth else 0):
        rng = np.random.default_rng([11, i])
        keys = [int(rng.integers(36, 70))]
        keys += [keys[0] + k for k in (7, 12, 16)[:int(rng.choice([0, 0, 1, 3]))]]
        x = synth.chord(int(rng.integers(0, 104)), keys, int(rng.integers(50, 120)), 2.0)
        if np.abs(x).max() > 1e-3:
            start = int(np.argmax(np.abs(x) >= 0.03 * np.abs(x).max()))
            x = np.concatenate([x[start:], np.zeros(start, np.float32)])
            found.append(x / np.sqrt(np.mean(x ** 2)))
    return found


def sounds(root):
    """[(kit, name, label, samples, rate)]; a kit is what is left out together."""
    files = list(from_kits(root + '/hydrogen-drumkits'))
    files += from_kits(root + '/hydrogen-data')
    files += from_folder(root + '/lmms-common', 'lmms', '/**/drums/*.ogg')
    files += from_folder(root + '/sonic-pi-samples', 'sonic-pi', '/**/*.flac')
    files += from_folder(root + '/exadrums', 'exadrums', '/**/exadrums/*.wav')
    files += from_list(root)
    found = []
    for kit, name, label, path in files:
        try:
            sound = read(path)
        except RuntimeError:  # a damaged file
            continue
        if sound:
            found.append((kit, name, label, *sound))
    for kit, samples in (('freepats', from_patches(root + '/freepats')),
                         ('stk', from_raw(root + '/stk'))):
        for name, label, x, rate in samples:
            sound = trimmed(x / max(1, np.abs(x).max()), rate)
            if sound:
                found.append((kit, name, label, *sound))
    for package, font, kit in FONTS:
        paths = sorted(glob.glob(f'{root}/{package}/**/{font}', recursive=True))
        if paths:
            found += [(*one, 44100) for one in from_font(paths[0], kit)]
    return found + list(machines(CLASSES, MACHINE_HITS))
