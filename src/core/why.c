#include "core/why.h"

#include "dsp/part_units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How a part's number becomes what was measured. */
enum reading {
    PLAIN,   /* not at all: `before`, and `after` below a half where there is one */
    SQUARED, /* a · √(1/v − 1) */
    SIMPLE,  /* a · (1/v − 1) */
    LINEAR,  /* a + b · v; at v = 1 it may be more */
    ONSETS,  /* none at 1 */
    JOIN     /* the seam's error */
};

/* ANY: of every kind; MADE: of what was made from finds; else a kind that was cut. */
enum { ANY = KIND_COUNT, MADE };

static const struct {
    int of;
    const char *part;
    enum reading reading;
    double a, b;
    const char *before;
    int decimals;
    const char *after;
} readings[] = {
    {KIND_PAD, "steady", SQUARED, PAD_STEADY_HALF_DB, 0, "level moves ", 1, " dB"},
    {KIND_PAD, "spectrum", SQUARED, 100 * PAD_SPECTRUM_HALF, 0, "timbre or notes move ",
     0, " %"},
    {KIND_PAD, "tonal", PLAIN, 0, 0, "tone held, no noise", 0,
     "more noise than tone held"},
    {KIND_PAD, "calm", ONSETS, 0, 0, "", 0, ""},
    {KIND_PAD, "rich", LINEAR, PAD_RICH_NONE, PAD_RICH_SPAN, "", 0, " bands sound"},
    {KIND_DRUM, "isolation", LINEAR, DRUM_ISOLATION_NONE_DB, DRUM_ISOLATION_SPAN_DB, "",
     0, " dB quieter before"},
    {KIND_DRUM, "attack", PLAIN, 0, 0, "rises fast and far", 0,
     "rises slowly, or little"},
    {KIND_DRUM, "decay", LINEAR, DRUM_DECAY_NONE_DB, DRUM_DECAY_SPAN_DB, "falls ", 0,
     " dB to its end"},
    {KIND_DRUM, "clean", PLAIN, 0, 0, "one hit, not clipped", 0,
     "rises again, or is clipped"},
    {KIND_DRUM, "level", PLAIN, 0, 0, "loud in its recording", 0,
     "soft in its recording"},
    {KIND_DRUM, "body", PLAIN, 0, 0, "more than a crackle", 0, "a crackle"},
    {KIND_DRUM, "drum", PLAIN, 0, 0, "a drum, not a note", 0,
     "rather a note than a drum"},
    {KIND_DRUM, "alone", PLAIN, 0, 0, "nothing struck with it", 0,
     "something struck with it"},
    {KIND_DRUM, "low", PLAIN, 0, 0, "no kick or bass in it", 0, "kick or bass in it"},
    {KIND_DRUM, "range", PLAIN, 0, 0, "as deep or bright as such drums", 0,
     "not as deep or bright as such"},
    {KIND_DRUM, "company", PLAIN, 0, 0, "played in time, or among drums", 0,
     "neither in time nor among drums"},
    {KIND_DRUM, "bass", PLAIN, 0, 0, "taken out below 300 Hz", 0, ""},
    {KIND_SILENCE, "steady", SQUARED, SILENCE_STEADY_HALF_DB, 0, "level moves ", 1,
     " dB"},
    {KIND_SILENCE, "spectrum", SQUARED, 100 * SILENCE_SPECTRUM_HALF, 0, "timbre moves ",
     0, " %"},
    {KIND_SILENCE, "still", ONSETS, 0, 0, "", 0, ""},
    {KIND_SILENCE, "noise", PLAIN, 0, 0, "noise against tone", 0, ""},
    {KIND_SILENCE, "length", PLAIN, 0, 0, "long quiet around it", 0,
     "short quiet around it"},
    {KIND_SILENCE, "rumble", PLAIN, 0, 0, "taken out below 80 Hz", 0, ""},
    {MADE, "source", PLAIN, 0, 0, "score of its source", 0, ""},
    {MADE, "even", SIMPLE, MADE_EVEN_HALF_DB, 0, "level moves ", 1, " dB"},
    {MADE, "tonal", PLAIN, 0, 0, "tone against noise", 0, ""},
    {ANY, "band", PLAIN, 0, 0, "how far up its recording goes", 0, ""},
    {ANY, "seam", JOIN, 0, 0, "loop joins at ", 0, " dB"},
};
enum { READINGS = sizeof readings / sizeof *readings };

static int reading_for(enum kind kind, const char *part)
{
    for (int i = 0; i < READINGS; i++) {
        int of = readings[i].of;
        bool fits = of == ANY || (of == MADE ? !kind_cut(kind) : of == (int)kind);
        if (fits && strcmp(readings[i].part, part) == 0)
            return i;
    }
    return -1;
}

/* What was measured; NAN where the text stands alone or nothing is known. */
static double measured(const struct candidate *c, int r, double value)
{
    double v = fmin(fmax(value, 0.01), 1), a = readings[r].a;
    switch (readings[r].reading) {
    case SQUARED:
        return a * sqrt(1 / v - 1);
    case SIMPLE:
        return a * (1 / v - 1);
    case LINEAR:
        return a + readings[r].b * value;
    case JOIN:
        return c->m.seam_error_db;
    default:
        return (double)NAN;
    }
}

void why_part(const struct candidate *c, int i, char *to, size_t n)
{
    const struct score_part *p = &c->parts.part[i];
    int r = reading_for(c->kind, p->name);
    to[0] = '\0';
    if (r < 0)
        return;
    double x = measured(c, r, p->value);
    bool more = readings[r].reading == LINEAR && p->value >= 1;
    if (readings[r].reading == PLAIN)
        snprintf(to, n, "%s",
                 p->value < 0.5 && readings[r].after[0] ? readings[r].after
                                                        : readings[r].before);
    else if (readings[r].reading == ONSETS)
        snprintf(to, n, "%s", p->value >= 0.995 ? "no onset inside" : "onsets inside");
    else if (!isnan(x))
        snprintf(to, n, "%s%.*f%s%s", readings[r].before, readings[r].decimals, x,
                 more ? "+" : "", readings[r].after);
}

/* Of what each miner says of a near-miss: the words that tell the gate. */
static const struct {
    enum kind kind;
    const char *says, *setting, *also; /* another that lets it pass, or NULL */
} gates[] = {
    {KIND_PAD, "dB below the gate", "pad_miner.min_rms_db", NULL},
    {KIND_PAD, "dB above the gate", "pad_miner.max_rms_db", NULL},
    {KIND_PAD, "onsets a second", "pad_miner.max_onset_rate_per_second",
     "separation.pads"},
    {KIND_PAD, "flatness", "pad_miner.spectral_flatness_threshold", NULL},
    {KIND_PAD, "DC offset", "pre_analysis.max_dc_offset", NULL},
    {KIND_PAD, "crest", "pre_analysis.max_crest_factor", NULL},
    {KIND_PAD, "clipped in", "pre_analysis.skip_clipped_regions", NULL},
    {KIND_PAD, "dB below stable", "pre_analysis.min_rms_db", NULL},
    {KIND_PAD, "dB above stable", "pre_analysis.max_rms_db", NULL},
    {KIND_PAD, "stable ground", "pre_analysis.enabled", NULL},
    {KIND_DRUM, "dB below the gate", "drum_miner.min_peak_db", NULL},
    {KIND_DRUM, "dB above the gate", "drum_miner.max_peak_db", NULL},
    {KIND_DRUM, "of it clipped", "drum_miner.max_peak_db", NULL},
    {KIND_DRUM, "shorter than allowed", "drum_miner.min_length_sec", NULL},
    {KIND_DRUM, "not among the best", "drum_miner.max_saved_per_file", NULL},
    {KIND_SILENCE, "dB below the gate", "silence_miner.min_rms_db", NULL},
    {KIND_SILENCE, "dB above the gate", "silence_miner.max_rms_db", NULL},
    {KIND_SILENCE, "crest above", "silence_miner.max_crest", NULL},
    {KIND_SILENCE, "shorter than allowed", "silence_miner.min_duration_sec", NULL},
};

static int gate_of(const struct candidate *c)
{
    for (int i = 0; i < (int)(sizeof gates / sizeof *gates); i++)
        if (gates[i].kind == c->kind && strstr(c->missed_by, gates[i].says))
            return i;
    return -1;
}

const char *why_setting(const struct candidate *c)
{
    int gate = gate_of(c);
    return gate >= 0 ? gates[gate].setting : "";
}

const char *why_missed(const struct candidate *c, char *to, size_t n)
{
    int gate = gate_of(c);
    if (gate < 0)
        snprintf(to, n, "%s", c->missed_by);
    else if (gates[gate].also)
        snprintf(to, n, "%s (%s, or %s)", c->missed_by, gates[gate].setting,
                 gates[gate].also);
    else
        snprintf(to, n, "%s (%s)", c->missed_by, gates[gate].setting);
    return to;
}
