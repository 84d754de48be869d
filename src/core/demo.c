#include "core/demo.h"

#include "core/pi.h"
#include "dsp/level.h"
#include "dsp/synth.h"
#include "io/sha256.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One recording being made: stereo sound, its stream of numbers. */
struct take {
    struct audio sound;
    struct rng rng;
    enum status status;
};

/* A mono scratch of `seconds`, mixed in at `at_s` with a pan of −1 … 1. */
static float *scratch(struct take *t, double seconds, size_t *n)
{
    *n = (size_t)(seconds * t->sound.rate_hz);
    float *mono = calloc(*n + 1, sizeof *mono);
    if (!mono)
        t->status = ST_NO_MEMORY;
    return mono;
}

static void mix(struct take *t, float *mono, size_t n, double at_s, double pan)
{
    size_t start = (size_t)(at_s * t->sound.rate_hz);
    float left = (float)cos(PI / 4 * (pan + 1));
    float right = (float)sin(PI / 4 * (pan + 1));
    for (size_t i = 0; mono && i < n && start + i < t->sound.frames; i++) {
        t->sound.data[2 * (start + i)] += left * mono[i];
        t->sound.data[2 * (start + i) + 1] += right * mono[i];
    }
    free(mono);
}

static void hit(struct take *t, enum synth_drum d, double at_s, double velocity,
                double tune, double pan)
{
    size_t n;
    float *mono = scratch(t, synth_drum_length_s(d), &n);
    if (mono)
        synth_drum(d, velocity, tune, &t->rng, mono, n, t->sound.rate_hz);
    mix(t, mono, n, at_s, pan);
}

static double human(struct take *t, double amount)
{
    return rng_range(&t->rng, 1 - amount, 1);
}

/* A pattern of sixteenths: one text a voice, 'x' hit, 'o' soft hit. */
static void beat(struct take *t, double from_s, double to_s, double bpm, double level,
                 const char *const rows[SYNTH_DRUM_COUNT])
{
    static const double gain[SYNTH_DRUM_COUNT] = {0.9, 0.7,  0.55, 0.35, 0.35,
                                                  0.7, 0.45, 0.6,  0.5};
    static const double pan[SYNTH_DRUM_COUNT] = {0,    0.05,  -0.1, 0.3, 0.3,
                                                 -0.3, -0.25, 0,    0.4};
    double step_s = 60 / bpm / 4;
    for (int step = 0; from_s + step * step_s < to_s; step++)
        for (int d = 0; d < SYNTH_DRUM_COUNT; d++) {
            if (!rows[d])
                continue;
            char c = rows[d][(size_t)step % strlen(rows[d])];
            if (c == '.')
                continue;
            double velocity = level * gain[d] * human(t, 0.15) * (c == 'o' ? 0.4 : 1);
            hit(t, (enum synth_drum)d, from_s + step * step_s, velocity, human(t, 0.03),
                pan[d]);
        }
}

static double note_hz(int midi)
{
    return 440 * exp2((midi - 69) / 12.0);
}

static void chord(struct take *t, double at_s, double length_s, const int *midi,
                  double level, double cutoff_hz)
{
    for (int i = 0; i < 4 && midi[i]; i++) {
        size_t n;
        float *mono = scratch(t, length_s, &n);
        struct synth_pad pad = {.freq_hz = note_hz(midi[i]),
                                .level = level,
                                .cutoff_hz = cutoff_hz,
                                .detune_cents = 9,
                                .attack_s = 0.8,
                                .release_s = 0.9};
        if (mono)
            synth_pad(&pad, &t->rng, mono, n, t->sound.rate_hz);
        mix(t, mono, n, at_s, (i - 1.5) * 0.4);
    }
}

static void room_tone(struct take *t, double at_s, double length_s, double level_db,
                      double high_hz)
{
    for (int side = -1; side <= 1; side += 2) {
        size_t n;
        float *mono = scratch(t, length_s, &n);
        if (mono)
            synth_noise(level_from_db(level_db), 60, high_hz, &t->rng, mono, n,
                        t->sound.rate_hz);
        mix(t, mono, n, at_s, side * 0.9);
    }
}

static void speech(struct take *t, double at_s, double length_s, double level)
{
    size_t n;
    float *mono = scratch(t, length_s, &n);
    if (mono)
        synth_speech(level, &t->rng, mono, n, t->sound.rate_hz);
    mix(t, mono, n, at_s, 0);
}

static void pluck(struct take *t, double at_s, int midi, double level, double pan)
{
    size_t n;
    float *mono = scratch(t, 1.5, &n);
    if (mono)
        synth_pluck(note_hz(midi), level, 0.35, mono, n, t->sound.rate_hz);
    mix(t, mono, n, at_s, pan);
}

static enum status reverb(struct take *t, double t60_s, double wet, struct err *e)
{
    return synth_reverb(&t->sound, t60_s, wet, e);
}

/* --- the recordings --- */

static enum status jam_tape(struct take *t, struct err *e)
{
    static const char *const groove[SYNTH_DRUM_COUNT] = {
        "x.....x.x.......",
        "....x.......x..o",
        NULL,
        "x.x.x.x.x.x.x.x.",
        "..............x.",
        NULL,
        "x..............................."};
    static const char *const fill[SYNTH_DRUM_COUNT] = {"x.......x...x...",
                                                       "....x..x....x.xx",
                                                       "............x...",
                                                       "x...x...x...x...",
                                                       NULL,
                                                       "..........x.x.x.",
                                                       NULL};
    beat(t, 0.5, 24.5, 118, 0.8, groove);
    beat(t, 24.5, 32.6, 118, 0.8, fill);
    room_tone(t, 34.5, 5, -58, 2500);
    beat(t, 40, 56, 118, 0.7, groove);
    return reverb(t, 1.1, 0.18, e);
}

static enum status night_pads(struct take *t, struct err *e)
{
    static const int chords[][4] = {
        {57, 60, 64, 69}, {53, 57, 60, 65}, {48, 55, 60, 64}, {55, 59, 62, 67}};
    for (int i = 0; i < 10; i++)
        chord(t, 0.3 + i * 5.5, 6.2, chords[i % 4], 0.13, 700 + 260 * (i % 5));
    return reverb(t, 2.6, 0.35, e);
}

static enum status kitchen_room(struct take *t, struct err *e)
{
    room_tone(t, 0, 45, -56, 1800);
    for (int i = 0; i < 6; i++)
        hit(t, i % 2 ? SYNTH_CLAP : SYNTH_TOM, 4 + 7.1 * i, 0.3, 1.3 + 0.1 * i, 0.4);
    return reverb(t, 0.5, 0.1, e);
}

static enum status voice_memo(struct take *t, struct err *e)
{
    (void)e;
    room_tone(t, 0, 32, -52, 3500);
    speech(t, 4, 10, 0.5);
    speech(t, 18, 9, 0.45);
    return ST_OK;
}

static enum status full_sketch(struct take *t, struct err *e)
{
    static const char *const groove[SYNTH_DRUM_COUNT] = {
        "x...x...x...x...",
        "....x.......x...",
        "....o.......o...",
        "..x...x...x...x.",
        NULL,
        NULL,
        "x..............................."};
    static const int chords[][4] = {
        {50, 57, 62, 65}, {46, 53, 58, 62}, {53, 57, 60, 65}, {48, 55, 60, 64}};
    static const int line[] = {62, 65, 69, 72, 70, 69, 65, 60};
    double bar_s = 4 * 60 / 124.0;
    room_tone(t, 0, 4, -60, 3000);
    for (int i = 0; i < 8; i++)
        chord(t, 4 + i * 4 * bar_s, 4 * bar_s + 0.7, chords[i % 4], 0.1, 900 + 150 * i);
    for (int i = 0; i < 64; i++)
        pluck(t, 4 + 8 * bar_s + i * bar_s / 4, line[i % 8], 0.12, i % 2 ? 0.5 : -0.5);
    beat(t, 4 + 8 * bar_s, 4 + 24 * bar_s, 124, 0.7, groove);
    return reverb(t, 1.4, 0.2, e);
}

static enum status organ_drone(struct take *t, struct err *e)
{
    static const int low[4] = {40, 47, 52, 0}, high[4] = {52, 56, 59, 0};
    chord(t, 0.2, 26, low, 0.2, 1500);
    chord(t, 9, 27, high, 0.12, 2600);
    return reverb(t, 3.2, 0.4, e);
}

static enum status hissy_cassette(struct take *t, struct err *e)
{
    static const char *const groove[SYNTH_DRUM_COUNT] = {
        "x..x..x...x.....", "....x.......x...", NULL, "xoxoxoxoxoxoxoxo",
        "......x.........", "..............x.", NULL};
    room_tone(t, 0, 36, -48, 12000);
    beat(t, 5, 31, 92, 0.6, groove);
    return reverb(t, 0.7, 0.15, e);
}

/* Before the band begins each drum is struck alone, until the engineer nods. */
enum { SOUNDCHECK_S = 56 };

static enum status soundcheck(struct take *t, struct err *e)
{
    static const struct {
        enum synth_drum drum;
        double tune, gain, pan, rest_s;
    } drums[] = {
        {SYNTH_KICK, 1, 0.8, 0, 0.9},       {SYNTH_SNARE, 1, 0.7, 0, 0.8},
        {SYNTH_RIM, 1, 0.5, 0, 0.7},        {SYNTH_HAT_CLOSED, 1, 0.4, 0.3, 0.6},
        {SYNTH_HAT_OPEN, 1, 0.4, 0.3, 0.9}, {SYNTH_TOM, 1.7, 0.6, 0.2, 0.9},
        {SYNTH_TOM, 1, 0.6, -0.1, 1},       {SYNTH_TOM, 0.75, 0.65, -0.4, 1.1},
        {SYNTH_CRASH, 1, 0.5, -0.3, 2.6},   {SYNTH_RIDE, 1, 0.5, 0.4, 2.4},
        {SYNTH_CLAP, 1, 0.5, 0, 0.8},
    };
    double at_s = 2;
    room_tone(t, 0, SOUNDCHECK_S, -62, 2500);
    for (size_t i = 0; i < sizeof drums / sizeof *drums; i++, at_s += 1.2)
        for (int k = 0; k < 3; k++, at_s += drums[i].rest_s * human(t, 0.1))
            hit(t, drums[i].drum, at_s, drums[i].gain * human(t, 0.3),
                drums[i].tune * human(t, 0.01), drums[i].pan);
    return reverb(t, 0.4, 0.08, e);
}

static const struct {
    const char *name, *description;
    double seconds;
    int rate_hz, bits, channels;
    enum status (*play)(struct take *, struct err *);
} demos[] = {
    {"full-sketch.wav", "an unfinished track: pads, plucks, drums at 124", 76, 44100, 24,
     2, full_sketch},
    {"hissy-cassette.wav", "drums on a noisy tape, mono", 36, 44100, 16, 1,
     hissy_cassette},
    {"jam-tape.wav", "drums at 118 in a room, a pause in between", 58, 44100, 16, 2,
     jam_tape},
    {"kitchen-room.wav", "room tone with clatter", 45, 48000, 24, 2, kitchen_room},
    {"night-pads.wav", "slow chords with a long tail", 60, 48000, 24, 2, night_pads},
    {"organ-drone.wav", "a held fifth, later with a chord above it", 40, 44100, 16, 2,
     organ_drone},
    {"soundcheck.wav", "each drum alone, three times", SOUNDCHECK_S, 44100, 24, 2,
     soundcheck},
    {"voice-memo.wav", "speech-like phrases at 22 kHz, mono", 32, 22050, 16, 1,
     voice_memo},
};

int demo_count(void)
{
    return (int)(sizeof demos / sizeof *demos);
}

const char *demo_name(int index)
{
    return demos[index].name;
}

const char *demo_description(int index)
{
    return demos[index].description;
}

static enum status save(const struct root *root, const char *name, int index,
                        struct take *t, char sha256[65], struct err *e)
{
    struct audio out;
    enum status st = audio_convert_channels(&out, &t->sound, demos[index].channels, e);
    if (st != ST_OK)
        return st;
    double peak = level_peak(&out);
    if (peak > 0.89)
        level_gain(&out, 0.89 / peak);
    struct rng dither = rng_derive(1, (uint64_t)index, "demo dither", 0);
    level_dither(&out, demos[index].bits, &dither);
    st = soundfile_write_wav(root, name, &out, demos[index].bits, sha256, e);
    audio_done(&out);
    return st;
}

static enum status render(const struct root *root, const char *name, int index,
                          char sha256[65], struct err *e)
{
    struct take t = {.rng = rng_derive(1, (uint64_t)index, "demo", 0)};
    size_t frames = (size_t)(demos[index].seconds * demos[index].rate_hz);
    enum status st = audio_init(&t.sound, frames, 2, demos[index].rate_hz, e);
    if (st != ST_OK)
        return st;
    st = demos[index].play(&t, e);
    if (st == ST_OK && t.status != ST_OK)
        st = err_set(e, t.status, "no memory for %s", demos[index].name);
    if (st == ST_OK)
        st = save(root, name, index, &t, sha256, e);
    audio_done(&t.sound);
    return st;
}

/* Somebody's own recording may have the name. It is ours when it has the bytes that we
 * would write: they are written beside it to see that. */
static enum status is_ours(const struct root *root, int index, struct err *e)
{
    static const char beside[] = ".trowel-demo.wav";
    char path[PATH_BYTES], ours[65], theirs[65];
    enum status st = render(root, beside, index, ours, e);
    if (st != ST_OK)
        return st;
    root_remove(root, beside, NULL);
    st = path_join(path, sizeof path, root->path, demos[index].name, e);
    if (st == ST_OK)
        st = sha256_file(path, theirs, e);
    return st == ST_OK && strcmp(ours, theirs) != 0
               ? err_set(e, ST_EXISTS,
                         "%s already exists and is not from the demo; name another "
                         "folder for the demo",
                         path)
               : st;
}

enum status demo_write(const struct root *root, int index, struct err *e)
{
    return root_exists(root, demos[index].name)
               ? is_ours(root, index, e)
               : render(root, demos[index].name, index, NULL, e);
}

enum status demo_write_all(const char *folder, const struct job_context *ctx,
                           struct err *e)
{
    struct root root = {0};
    bool there[sizeof demos / sizeof *demos];
    enum status st = root_open(&root, folder, true, e);
    for (int i = 0; i < demo_count() && st == ST_OK; i++)
        there[i] = root_exists(&root, demos[i].name);
    for (int pass = 0, done = 0; pass < 2; pass++) /* what hinders comes up first */
        for (int i = 0; i < demo_count() && st == ST_OK; i++) {
            if (there[i] != (pass == 0))
                continue;
            job_progress(ctx, (double)done++ / demo_count(), demos[i].name);
            st = job_go_on(ctx, e);
            if (st == ST_OK)
                st = demo_write(&root, i, e);
        }
    root_done(&root);
    return st;
}
