"""What else a drum could have been and still be of its class, for train_drums.py.

The packages hold few drummers' kits: no snare without its wires, few sizes of toms, no
hands that clap in a room. So recorded and sampled snares are also taken with their wires
loosened, toms tuned otherwise and ringing longer or shorter, claps with hands."""
import numpy as np

from drum_variants import fft_filter, peak, resampled

LOWEST_HZ, HIGHEST_HZ = 110, 2200  # where the tones of a snare's skins and shell lie


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def ringing(x, rate, most):
    """The tones that ring in the first 90 ms: [(Hz, complex amplitude at the attack, time
    of fall to 1/e)], the strongest first."""
    skip = int(0.004 * rate)
    x = x[skip:skip + int(0.09 * rate)]
    n, half, size = len(x), len(x) // 2, 1 << 15
    if n < 0.045 * rate:
        return []
    level = np.abs(np.fft.rfft(x * np.hanning(2 * n)[n:], size))
    hz = np.fft.rfftfreq(size, 1 / rate)
    inside = (hz > LOWEST_HZ) & (hz < HIGHEST_HZ)
    tops = 1 + np.flatnonzero(inside[1:-1] & (level[1:-1] > level[:-2]) &
                              (level[1:-1] >= level[2:]))
    tops = tops[np.argsort(-level[tops])]
    found = []
    for k in tops:
        if level[k] < 0.05 * level[tops[0]] or len(found) == most:
            break
        around = level[(hz > hz[k] / 1.25) & (hz < hz[k] * 1.25)]
        if level[k] < 2 * np.median(around) or any(abs(hz[k] - f) < 18 for f, *_ in found):
            continue
        turn = np.exp(-2j * np.pi * hz[k] * np.arange(n) / rate)
        early, late = (abs(np.sum((x * turn)[at:at + half] * np.hanning(half)))
                       for at in (0, half))
        fall = half / rate / max(0.15, np.log(max(early, 1e-9) / max(late, 1e-9)))
        fall = min(0.3, max(0.015, fall))
        env = np.exp(-np.arange(n) / rate / fall)
        amplitude = 2 * np.sum(x * turn * env) / np.sum(env ** 2)
        back = skip / rate  # to the attack
        found.append((hz[k], amplitude * np.exp((1 / fall - 2j * np.pi * hz[k]) * back), fall))
    return found


def without_wires(x, rate, rng):
    """A snare drum with its wires loose or off: its own tones ring on, what else there is
    fades. None where no tone of a snare is found."""
    tones = ringing(x, rate, int(rng.integers(2, 9)))
    if not tones or not 120 < tones[0][0] < 700:
        return None
    x = x[:rate]
    t = np.arange(len(x)) / rate
    longer, out = rng.uniform(1, 3.5), 0
    for hz, amplitude, fall in tones:
        fall = min(0.35, fall * longer * rng.uniform(0.8, 1.25))
        out = out + rng.uniform(0.7, 1.3) * np.exp(-t / fall) * np.real(
            amplitude * np.exp(2j * np.pi * hz * t))
    out = out * rng.uniform(0.8, 1.8) * np.minimum(1, t / 0.0008)
    stick = x * np.exp(-t / rng.uniform(0.002, 0.01)) * rng.uniform(0.4, 1.2)
    return out + stick + x * 10 ** (rng.uniform(-30, -10) / 20)


def stretched(x, rate, factor):
    """`factor` times as long at the same pitch (a phase vocoder), but for the attack."""
    size, hop = 1024, 256
    window = np.hanning(size + 1)[:size]
    around = np.concatenate([np.zeros(size // 2), x, np.zeros(size)])
    frames = np.lib.stride_tricks.sliding_window_view(around, size)[::hop]
    spectrum = np.fft.rfft(frames * window, axis=1)
    at = np.arange(int((len(spectrum) - 2) * factor)) / factor
    i, part = at.astype(int), (at % 1)[:, None]
    level = (1 - part) * np.abs(spectrum[i]) + part * np.abs(spectrum[i + 1])
    turn = 2 * np.pi * hop * np.arange(size // 2 + 1) / size
    more = np.angle(spectrum[i + 1]) - np.angle(spectrum[i]) - turn
    turns = turn + more - 2 * np.pi * np.round(more / (2 * np.pi))
    phase = np.angle(spectrum[0]) + np.cumsum(turns, 0) - turns
    pieces = np.fft.irfft(level * np.exp(1j * phase), axis=1) * window
    out = np.zeros(len(at) * hop + size)
    for k, piece in enumerate(pieces):
        out[k * hop:k * hop + size] += piece
    out = out[size // 2:] / 1.5
    keep, fade = int(0.015 * rate), int(0.01 * rate)
    if min(len(x), len(out)) > keep + fade:
        own = np.clip((keep + fade - np.arange(keep + fade)) / fade, 0, 1)
        out[:keep + fade] += own * (x[:keep + fade] - out[:keep + fade])
    return out[:int(1.5 * rate)]


def hands(n, rate, rng):
    """Hands that clap: bursts with a hollow's tone, of one person or of some who are never
    quite together, in a room."""
    t, f = np.arange(n) / rate, np.fft.rfftfreq(n, 1 / rate) + 1e-9
    apart_s, out = log_uniform(rng, 0.002, 0.014), np.zeros(n)
    for person in range(int(rng.choice([1, 1, 1, 2, 3, 5, 8]))):
        burst = rng.standard_normal(n) * np.exp(-t / log_uniform(rng, 0.0012, 0.008))
        burst *= np.minimum(1, t / rng.uniform(0.0001, 0.0012))
        low, high = log_uniform(rng, 350, 1100), log_uniform(rng, 2500, 12000)
        gain = 1 / np.sqrt(1 + (low / f) ** 4) / np.sqrt(1 + (f / high) ** 2)
        hollow, width = log_uniform(rng, 650, 2800), rng.uniform(0.15, 0.7)
        gain *= 1 + 10 ** (rng.uniform(0, 18) / 20) * np.exp(-(np.log2(f / hollow) / width) ** 2)
        burst = np.fft.irfft(np.fft.rfft(burst) * gain, n)
        at = min(n - 1, int(abs(rng.normal(0, apart_s)) * rate)) if person else 0
        out[at:] += burst[:n - at] / peak(burst) * rng.uniform(0.4, 1)
    return heard_in_a_room(out, rate, rng)


def heard_in_a_room(x, rate, rng):
    n = len(x)
    walls, tail = np.zeros(n), rng.standard_normal(n)
    walls[0] = 1
    for _ in range(int(rng.integers(0, 9))):
        at = int((0.001 + rng.exponential(0.009)) * rate)
        walls[min(at, n - 1)] += rng.normal(0, 0.3)
    tail *= np.exp(-6.9 * np.arange(n) / rate / log_uniform(rng, 0.06, 0.9))
    tail[:int(rng.uniform(0.002, 0.012) * rate)] = 0
    tail /= np.sqrt(np.sum(tail ** 2)) + 1e-9
    dull_hz = log_uniform(rng, 1500, 9000)
    tail = fft_filter(tail, rate, lambda f: 1 / np.sqrt(1 + (f / dull_hz) ** 2))
    answer = walls + tail * 10 ** (rng.uniform(-26, 0) / 20)
    size = 1 << (2 * n - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(answer, size), size)[:n]


# Semitones up from and to, where the label stays true: the lowest toms may be lower, the
# highest higher.
TUNED = {'tom_low': (-6, 1), 'tom_mid': (0, 0), 'tom_high': (-1, 5)}


def otherwise(x, rate, label, rng):
    """A hit of the class that differs as instruments do, or None where nothing is known."""
    if label == 'snare':
        x = without_wires(x, rate, rng)
        return None if x is None else resampled(x, 2 ** (rng.uniform(-3, 3) / 12))
    if label == 'clap':
        clap = hands(int(1.2 * rate), rate, rng)
        n = min(len(x), len(clap))
        clap[:n] += x[:n] / peak(x) * peak(clap) * 10 ** (rng.uniform(-40, -6) / 20)
        return clap
    if label not in TUNED:
        return None
    low, high = TUNED[label]
    if low < high:
        x = resampled(x, 2 ** (rng.uniform(low, high) / 12))
    return stretched(x, rate, log_uniform(rng, 0.7, 1.5))
