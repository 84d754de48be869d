"""Labelled drum one-shots from Debian packages, for train_drums.py.

Each package is unpacked (apt-get download, dpkg -x) below one folder, under its name:
hydrogen-drumkits hydrogen-data lmms-common sonic-pi-samples timgm6mb-soundfont
csound-soundfont avldrums.lv2-soundfont fluid-soundfont-gm
musescore-general-soundfont-small. Sound fonts are played through libfluidsynth3.

Four kits are kept for judging and never opened: HELD_OUT."""
import ctypes
import glob
import os
import re

import numpy as np
import soundfile as sf

CLASSES = ['kick', 'snare', 'clap', 'rim', 'tom_low', 'tom_mid', 'tom_high', 'hat_closed',
           'hat_open', 'crash', 'ride', 'perc']
HELD_OUT = {'BJA_Pacific', 'ForzeeStereo', 'Millo_MultiLayered2', 'Millo_MultiLayered3'}
SECONDS = 1.5

# File and instrument names to classes; the first that matches counts.
RULES = [
    ('', r'empty|fx|whistle|noise-tom|zap|swish|jam|loop|clav02'),
    ('rim', r'side ?_?stick|(^|[ _-])stick|rim(?!shot)|^rs_'),
    ('clap', r'clap'),
    ('perc', r'bongo|conga|clave|cowbell|maraca|tambourine|shaker|woodblock|wood|'
             r'djembe|triangle|waterglass|perc|snap|cajonslap|bell (hit|mute)|clav|'
             r'dununba1 bell|guiro|agogo'),
    ('snare', r'snare|(^|_)sn_|powr_sn|^sd_'),
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
    x = x.mean(1)[:int(rate * (SECONDS + 0.2))]
    if len(x) < 0.01 * rate or np.abs(x).max() < 1e-3:
        return None
    start = int(np.argmax(np.abs(x) >= 0.03 * np.abs(x).max()))
    return x[max(0, start - rate // 1000):][:int(rate * SECONDS)], rate


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
        lib, n = self.lib, int(44100 * SECONDS)
        self.has(bank, preset)
        out = [np.zeros(n, np.float32) for _ in range(2)]
        lib.fluid_synth_noteon(self.synth, 9, key, velocity)
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
    places = [(128, p, GM) for p in range(128) if synth.has(128, p)]
    for bank, preset, keys in places or [(0, 0, AVL)]:
        for key, label in keys.items():
            for velocity in (60, 115):
                x = synth.hit(bank, preset, key, velocity)
                peak = float(np.abs(x).max())
                if peak < 1e-3:
                    continue
                mark = hash((x[:8000] / peak).round(3).tobytes())
                if mark in seen:  # presets share most of their keys
                    continue
                seen.add(mark)
                start = int(np.argmax(np.abs(x) >= 0.03 * peak))
                yield name, f'{preset}/{key}/{velocity}', label, x[max(0, start - 44):]


# ---- drums as machines make them, which the packages have too few of ------------------

RATE = 44100


def shaped_noise(rng, n, low, high):
    f = np.fft.rfftfreq(n, 1 / RATE) + 1e-9
    gain = 1 / np.sqrt(1 + (low / f) ** 6) / np.sqrt(1 + (f / high) ** 6)
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * gain, n)
    return x / np.abs(x).max()


def swept(rng, t, low, high, fall_s, wave=0.0):
    """A tone that falls from `high` to `low` Hz; `wave` bends the sine."""
    hz = low + (high - low) * np.exp(-t / fall_s)
    x = np.sin(2 * np.pi * np.cumsum(hz) / RATE + rng.choice([0, np.pi / 2]))
    return np.tanh((1 + wave) * x)


def metal(rng, t, base):
    """Squares at ratios that make no chord, as the old boxes had."""
    ratios = np.array([1, 1.342, 1.2312, 1.6532, 1.9523, 2.1523]) * rng.uniform(0.97, 1.03, 6)
    return sum(np.sign(np.sin(2 * np.pi * base * r * t + rng.uniform(0, 6)))
               for r in ratios) / 6


def machine_hit(label, rng):
    n = int(RATE * 1.0)
    t = np.arange(n) / RATE
    u = rng.uniform

    def decay(low, high):
        return np.exp(-t / 10 ** u(np.log10(low), np.log10(high)))
    if label == 'kick':
        x = swept(rng, t, u(38, 70), u(90, 900), u(0.006, 0.05), u(0, 4)) * decay(0.05, 0.5)
        x = x + u(0, 0.5) * shaped_noise(rng, n, u(500, 4000), 12000) * decay(0.001, 0.01)
    elif label == 'snare':
        low = u(130, 260)
        x = u(0.2, 1) * swept(rng, t, low, low * u(1, 2), 0.01, u(0, 2)) * decay(0.02, 0.12)
        x = x + u(0.4, 1.2) * shaped_noise(rng, n, u(300, 2500), u(6000, 16000)) * decay(
            0.03, 0.2)
    elif label == 'clap':
        noise = shaped_noise(rng, n, u(500, 1100), u(2500, 9000))
        x = noise * decay(0.05, 0.2) * u(0.4, 0.9)
        for k in range(int(rng.integers(2, 5))):
            at = int(k * u(0.007, 0.013) * RATE)
            x[at:] += (noise * np.exp(-t / u(0.002, 0.005)))[:n - at]
    elif label == 'rim':
        x = swept(rng, t, u(350, 900), u(900, 1800), 0.003, u(0, 3)) * decay(0.006, 0.03)
        x = x + u(0, 0.8) * shaped_noise(rng, n, 1500, 9000) * decay(0.002, 0.01)
    elif label.startswith('tom'):
        low = {'tom_low': u(60, 105), 'tom_mid': u(105, 155), 'tom_high': u(155, 260)}[label]
        x = swept(rng, t, low, low * u(1.1, 2), u(0.02, 0.1), u(0, 1.5)) * decay(0.08, 0.4)
        x = x + u(0, 0.25) * shaped_noise(rng, n, 300, 5000) * decay(0.01, 0.08)
    elif label == 'perc':  # cowbell, clave, shaker, conga
        kind = rng.integers(4)
        if kind == 0:
            x = (np.sign(np.sin(2 * np.pi * u(500, 600) * t)) +
                 np.sign(np.sin(2 * np.pi * u(750, 900) * t))) * decay(0.03, 0.2)
        elif kind == 1:
            x = np.sin(2 * np.pi * u(1500, 2800) * t) * decay(0.01, 0.04)
        elif kind == 2:
            rise = np.minimum(1, t / u(0.005, 0.04))
            x = shaped_noise(rng, n, u(3000, 6000), 14000) * rise * decay(0.02, 0.06)
        else:
            low = u(180, 420)
            x = swept(rng, t, low, low * u(1, 1.1), 0.01) * decay(0.05, 0.15)
    else:  # cymbals: metal and noise, high-passed
        f = np.fft.rfftfreq(n, 1 / RATE) + 1e-9
        edge = u(2500, 9000) if label.startswith('hat') else u(1500, 6000)
        steep = rng.choice([1, 2, 4])
        mix = metal(rng, t, u(180, 500)) * u(0, 1) + shaped_noise(
            rng, n, edge / steep, u(9000, 18000)) * u(0.2, 1)
        x = np.fft.irfft(np.fft.rfft(mix) / (1 + (edge / f) ** steep), n)
        x = x * {'hat_closed': decay(0.006, 0.05), 'hat_open': decay(0.09, 0.3),
                 'crash': decay(0.25, 0.9), 'ride': decay(0.2, 0.8)}[label]
        if label == 'crash':
            x = x + u(0, 1) * shaped_noise(rng, n, 1500, 9000) * decay(0.02, 0.2)
        if label == 'ride':
            x = x + u(0.1, 0.5) * np.abs(x).max() * np.sin(
                2 * np.pi * u(2500, 5500) * t) * decay(0.05, 0.4)
    if rng.random() < 0.3:
        x = np.tanh(u(1, 6) * x / np.abs(x).max())
    if rng.random() < 0.15:
        x = np.round(x / np.abs(x).max() * 40) / 40
    return (x / np.abs(x).max()).astype(np.float32)


def machines(count):
    for c, label in enumerate(CLASSES):
        for i in range(count):
            rng = np.random.default_rng([7, c, i])
            yield f'machine {i % 4}', f'{label} {i}', label, machine_hit(label, rng), RATE


FONTS = [('fluid-soundfont-gm', 'FluidR3_GM.sf2', 'FluidR3'),
         ('timgm6mb-soundfont', 'TimGM6mb.sf2', 'TimGM6mb'),
         ('musescore-general-soundfont-small', 'MuseScore_General_Lite.sf3', 'FluidR3'),
         ('csound-soundfont', 'sf_GMbank.sf2', 'csound'),
         ('avldrums.lv2-soundfont', 'Red_Zeppelin_4_LV2.sf2', 'Red Zeppelin'),
         ('avldrums.lv2-soundfont', 'Black_Pearl_4_LV2.sf2', 'The Black Pearl 1.0')]


def sounds(root):
    """[(kit, name, label, samples, rate)]; a kit is what is left out together."""
    files = list(from_kits(root + '/hydrogen-drumkits'))
    files += from_kits(root + '/hydrogen-data')
    files += from_folder(root + '/lmms-common', 'lmms', '/**/drums/*.ogg')
    files += from_folder(root + '/sonic-pi-samples', 'sonic-pi', '/**/*.flac')
    found = []
    for kit, name, label, path in files:
        try:
            sound = read(path)
        except RuntimeError:  # a damaged file
            continue
        if sound:
            found.append((kit, name, label, *sound))
    for package, font, kit in FONTS:
        paths = sorted(glob.glob(f'{root}/{package}/**/{font}', recursive=True))
        if paths:
            found += [(*one, 44100) for one in from_font(paths[0], kit)]
    return found + list(machines(36))
