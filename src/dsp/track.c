#include "dsp/track_build.h"

#include "core/array.h"
#include "dsp/line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The scales of packed values. Code 0 of levels and frequencies is "none". */
static const double LEVEL_LOW_DB = -180, LEVEL_STEPS = 200;
static const double HZ_LOW = 4, HZ_STEPS = 3640;
static const double FLATNESS_STEPS = 2048;
static const double DC_STEPS = 32767;
static const double BAND_LOW_DB = -120, BAND_STEPS = 2;
static const double SILENT_DB = -120;

/* ---- Chunked items --------------------------------------------------------------- */

static void *chunked_at(const struct chunked *c, size_t i)
{
    return c->chunk[i / CHUNKED_ITEMS] + i % CHUNKED_ITEMS * c->item_bytes;
}

/* Room for one more item, zeroed; NULL when memory runs out. */
static void *chunked_add(struct chunked *c)
{
    if (c->count == c->chunks * CHUNKED_ITEMS) {
        if (!array_resize(&c->chunk, c->chunks + 1, sizeof *c->chunk))
            return NULL;
        c->chunk[c->chunks] = calloc(CHUNKED_ITEMS, c->item_bytes);
        if (!c->chunk[c->chunks])
            return NULL;
        c->chunks++;
    }
    return chunked_at(c, c->count++);
}

static void chunked_done(struct chunked *c)
{
    for (size_t i = 0; i < c->chunks; i++)
        free(c->chunk[i]);
    free(c->chunk);
    *c = (struct chunked){.item_bytes = c->item_bytes};
}

/* ---- Packing --------------------------------------------------------------------- */

static unsigned code_of(double value, double low, double steps, unsigned most)
{
    double code = floor((value - low) * steps + 0.5);
    return !(code > 0) ? 0 : code < most ? (unsigned)code : most; /* 0 for NaN too */
}

static uint16_t pack_level(double db)
{
    return db >= LEVEL_LOW_DB
               ? (uint16_t)(1 + code_of(db, LEVEL_LOW_DB, LEVEL_STEPS, UINT16_MAX - 1))
               : 0;
}

static double unpack_level(uint16_t code)
{
    return code ? LEVEL_LOW_DB + (code - 1) / LEVEL_STEPS : -HUGE_VAL;
}

static void fill_squares(struct track *t)
{
    for (int i = 0; i < 256; i++) {
        t->upper_square[i] = db_power(LEVEL_LOW_DB + (256 * i - 1) / LEVEL_STEPS);
        t->lower_square[i] = db_power(i / LEVEL_STEPS);
    }
}

/* db_power of unpack_level. */
static double unpack_square(const struct track *t, uint16_t code)
{
    return code ? t->upper_square[code >> 8] * t->lower_square[code & 255] : 0;
}

static uint16_t pack_hz(double hz)
{
    return isfinite(hz) ? (uint16_t)(1 + code_of(log2(fmax(hz, HZ_LOW) / HZ_LOW), 0,
                                                 HZ_STEPS, UINT16_MAX - 1))
                        : 0;
}

static double unpack_hz(uint16_t code)
{
    return code ? HZ_LOW * exp2((code - 1) / HZ_STEPS) : (double)NAN;
}

static uint8_t pack_band(double square)
{
    return (uint8_t)code_of(10 * log10(square), BAND_LOW_DB, BAND_STEPS, UINT8_MAX);
}

static double unpack_band(uint8_t code)
{
    return BAND_LOW_DB + code / BAND_STEPS;
}

/* ---- Filling --------------------------------------------------------------------- */

struct track *track_new(int rate_hz, int channels)
{
    struct track *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->info.rate_hz = rate_hz;
    t->info.channels = channels;
    int half = (int)floor(256.0 * rate_hz / 44100 + 0.5);
    t->info.novelty_hop_frames = half > 1 ? half : 1;
    t->info.hop_frames = 2 * t->info.novelty_hop_frames;
    t->hops.item_bytes = sizeof(struct packed_hop);
    t->spectra.item_bytes = sizeof(struct packed_spectrum);
    t->chromas.item_bytes = sizeof(struct packed_chroma);
    for (int i = 0; i < 256; i++)
        t->band_magnitude[i] = i ? (float)pow(10, unpack_band((uint8_t)i) / 20) : 0.0f;
    fill_squares(t);
    t->overview = overview_new(t->info.novelty_hop_frames);
    if (!t->overview) {
        track_free(t);
        return NULL;
    }
    return t;
}

void track_free(struct track *t)
{
    if (!t)
        return;
    chunked_done(&t->hops);
    chunked_done(&t->spectra);
    chunked_done(&t->chromas);
    onset_list_done(&t->onsets);
    overview_free(t->overview);
    free(t->novelty);
    free(t->ends);
    free(t->clicks);
    rises_done(&t->rises);
    free(t);
}

static int16_t pack_dc(double mean)
{
    return (int16_t)floor(fmax(-1, fmin(mean, 1)) * DC_STEPS + 0.5);
}

bool track_add_hop(struct track *t, const struct scan_hop *s, int frames)
{
    struct packed_hop *h = chunked_add(&t->hops);
    if (!h)
        return false;
    t->info.hops = t->hops.count;
    t->info.frames += frames;
    h->rms = pack_level(10 * log10(s->mean_square));
    h->peak = pack_level(20 * log10(s->peak));
    h->k_level = pack_level(10 * log10(s->energy)); /* completed by track_set_spectral */
    h->dc = pack_dc(s->sum / frames);
    h->side_dc = pack_dc(s->side / frames);
    h->flags = (uint8_t)s->flags;
    h->flatness = UINT16_MAX;
    return true;
}

void track_set_spectral(struct track *t, size_t hop, const struct spectral_hop *s)
{
    struct packed_hop *h = chunked_at(&t->hops, hop);
    double mono_db = unpack_level(h->rms), channels_db = unpack_level(h->k_level);
    /* The K weighting is known for the mean of the channels; out-of-phase channels that
     * cancel in it keep their plain level. */
    double weight_db = 0;
    if (s->square > 0 && s->k_square > 0 && mono_db > channels_db - 30)
        weight_db = 10 * log10((double)s->k_square / (double)s->square);
    h->k_level = pack_level(channels_db + weight_db);
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        h->band[b] = pack_band((double)s->band_square[b]);
    if (!(mono_db >= SILENT_DB))
        return;
    h->centroid = pack_hz((double)s->centroid_hz);
    h->spread = pack_hz((double)s->spread_hz);
    h->rolloff = pack_hz((double)s->rolloff_hz);
    if (isfinite(s->flatness))
        h->flatness = (uint16_t)code_of(-log2((double)s->flatness), 0, FLATNESS_STEPS,
                                        UINT16_MAX - 1);
}

bool track_add_spectrum(struct track *t, const double square[TRACK_BANDS], int hops,
                        float waver)
{
    struct packed_spectrum *p = chunked_add(&t->spectra);
    if (!p)
        return false;
    for (int b = 0; b < TRACK_BANDS; b++)
        p->band[b] = pack_band(square[b] / hops);
    p->waver = (uint8_t)code_of((double)waver, 0, 255, 255);
    t->info.spectra = t->spectra.count;
    return true;
}

static bool more_bits(unsigned char **bits, size_t had, size_t room)
{
    if (!array_resize(bits, room / 8, 1))
        return false;
    memset(*bits + had / 8, 0, (room - had) / 8);
    return true;
}

bool track_add_novelty(struct track *t, float value)
{
    if (t->info.novelties == t->novelty_room) {
        size_t room = t->novelty_room ? 2 * t->novelty_room : CHUNKED_ITEMS;
        if (!array_resize(&t->novelty, room, sizeof *t->novelty) ||
            !more_bits(&t->ends, t->novelty_room, room) ||
            !more_bits(&t->clicks, t->novelty_room, room))
            return false;
        t->novelty_room = room;
    }
    t->novelty[t->info.novelties++] = value;
    return true;
}

void track_hush_novelty(struct track *t, size_t from)
{
    for (size_t i = from; i < t->info.novelties; i++)
        t->novelty[i] = 0;
}

void track_mark_ends(struct track *t, int last)
{
    for (size_t i = t->info.novelties; i > 0 && last > 0; last--) {
        i--;
        t->ends[i / 8] |= (unsigned char)(1u << i % 8);
    }
}

void track_mark_stroke(struct track *t, int ago)
{
    if (ago < 0 || (size_t)ago >= t->info.novelties)
        return;
    size_t i = t->info.novelties - 1 - (size_t)ago;
    t->ends[i / 8] &= (unsigned char)~(1u << i % 8);
}

void track_mark_click(struct track *t, int ago)
{
    if (ago < 0 || (size_t)ago >= t->info.novelties)
        return;
    size_t i = t->info.novelties - 1 - (size_t)ago;
    t->clicks[i / 8] |= (unsigned char)(1u << i % 8);
}

bool track_add_chroma(struct track *t, const struct chroma_frame *c)
{
    struct packed_chroma *p = chunked_add(&t->chromas);
    if (!p)
        return false;
    float top = 0; /* gcc 12 fails at fmax of widened floats on arm64 */
    for (int i = 0; i < CHROMA_FINE; i++)
        top = fmaxf(top, c->fine[i]);
    double largest = (double)top;
    p->largest = pack_level(20 * log10(largest));
    for (int i = 0; i < CHROMA_FINE && largest > 0; i++)
        p->fine[i] = (uint8_t)code_of((double)c->fine[i] / largest, 0, 255, 255);
    p->tonality = (uint8_t)code_of((double)c->tonality, 0, 255, 255);
    p->mains = (uint8_t)code_of((double)c->mains, 0, 255, 255);
    t->info.chromas = t->chromas.count;
    return true;
}

/* ---- Reading --------------------------------------------------------------------- */

const struct track_info *track_info(const struct track *t)
{
    return &t->info;
}

static const struct packed_hop *hop_at(const struct track *t, size_t i)
{
    return chunked_at(&t->hops, i);
}

double track_rms_db(const struct track *t, size_t i)
{
    return unpack_level(hop_at(t, i)->rms);
}

double track_square(const struct track *t, size_t i)
{
    return unpack_square(t, hop_at(t, i)->rms);
}

double track_peak_db(const struct track *t, size_t i)
{
    return unpack_level(hop_at(t, i)->peak);
}

double track_dc(const struct track *t, size_t i)
{
    return hop_at(t, i)->dc / DC_STEPS;
}

double track_side_dc(const struct track *t, size_t i)
{
    return hop_at(t, i)->side_dc / DC_STEPS;
}

double track_k_square(const struct track *t, size_t i)
{
    return unpack_square(t, hop_at(t, i)->k_level);
}

double track_flatness(const struct track *t, size_t i)
{
    uint16_t code = hop_at(t, i)->flatness;
    return code < UINT16_MAX ? exp2(-code / FLATNESS_STEPS) : (double)NAN;
}

double track_centroid_hz(const struct track *t, size_t i)
{
    return unpack_hz(hop_at(t, i)->centroid);
}

double track_heard(const struct track *t, size_t i)
{
    /* IEC 61672 at the middle of each band, where it is more than a few dB */
    static const double weight[TRACK_BAND_COUNT] = {0, 0.02, 1, 1, 1};
    double sum = 0;
    for (int b = 0; b < TRACK_BAND_COUNT; b++) {
        double magnitude = (double)t->band_magnitude[hop_at(t, i)->band[b]];
        sum += weight[b] * magnitude * magnitude;
    }
    return sum;
}

unsigned track_flags(const struct track *t, size_t i)
{
    return hop_at(t, i)->flags;
}

void track_hop(const struct track *t, size_t i, struct track_hop *out)
{
    const struct packed_hop *h = hop_at(t, i);
    *out = (struct track_hop){
        .rms_db = unpack_level(h->rms),
        .peak_db = track_peak_db(t, i),
        .dc = track_dc(t, i),
        .centroid_hz = track_centroid_hz(t, i),
        .spread_hz = unpack_hz(h->spread),
        .rolloff_hz = unpack_hz(h->rolloff),
        .flatness = track_flatness(t, i),
        .flags = h->flags,
    };
    for (int b = 0; b < TRACK_BAND_COUNT; b++) {
        bool sounds = h->band[b] && out->rms_db >= SILENT_DB;
        out->band_db[b] = sounds ? unpack_band(h->band[b]) : -HUGE_VAL;
    }
}

size_t track_hop_of(const struct track *t, int64_t frame)
{
    if (frame < 0 || t->info.hops == 0)
        return 0;
    size_t i = (size_t)(frame / t->info.hop_frames);
    return i < t->info.hops ? i : t->info.hops - 1;
}

int64_t track_hop_start(const struct track *t, size_t i)
{
    return (int64_t)i * t->info.hop_frames;
}

void track_spectrum(const struct track *t, size_t i, float db[TRACK_BANDS])
{
    const struct packed_spectrum *p = chunked_at(&t->spectra, i);
    for (int b = 0; b < TRACK_BANDS; b++)
        db[b] = (float)unpack_band(p->band[b]);
}

double track_band_low_hz(int band)
{
    return spectral_fine_edge_hz(band);
}

double track_spectrum_distance(const struct track *t, size_t a, size_t b)
{
    const struct packed_spectrum *p = chunked_at(&t->spectra, a);
    const struct packed_spectrum *q = chunked_at(&t->spectra, b);
    float pp = 0, qq = 0, pq = 0;
    for (int i = 0; i < TRACK_BANDS; i++) {
        float x = t->band_magnitude[p->band[i]], y = t->band_magnitude[q->band[i]];
        pp += x * x;
        qq += y * y;
        pq += x * y;
    }
    if (pp == 0 || qq == 0)
        return pp == qq ? 0 : 1;
    return fmax(0, 1 - (double)pq / sqrt((double)pp * (double)qq));
}

void track_add_fine(const struct track *t, size_t i, double fine[CHROMA_FINE])
{
    const struct packed_chroma *p = chunked_at(&t->chromas, i);
    double scale = pow(10, unpack_level(p->largest) / 20) / 255;
    for (int k = 0; k < CHROMA_FINE; k++)
        fine[k] += p->fine[k] * scale;
}

void track_chroma(const struct track *t, size_t i, float chroma[12])
{
    double fine[CHROMA_FINE] = {0}, folded[12];
    track_add_fine(t, i, fine);
    chroma_fold(fine, t->info.tuning_cents, folded);
    for (int k = 0; k < 12; k++)
        chroma[k] = (float)folded[k];
}

double track_tonality(const struct track *t, size_t i)
{
    const struct packed_chroma *p = chunked_at(&t->chromas, i);
    return p->tonality / 255.0;
}

double track_mains(const struct track *t, size_t i)
{
    const struct packed_chroma *p = chunked_at(&t->chromas, i);
    return p->mains / 255.0;
}

double track_waver(const struct track *t, size_t i)
{
    const struct packed_spectrum *p = chunked_at(&t->spectra, i);
    return p->waver / 255.0;
}

struct novelty track_novelty(const struct track *t)
{
    return (struct novelty){.at = t->novelty,
                            .ends = t->ends,
                            .clicks = t->clicks,
                            .n = t->info.novelties,
                            .rise_s = t->rises.at_s,
                            .rises = t->rises.count,
                            .hop_s =
                                (double)t->info.novelty_hop_frames / t->info.rate_hz};
}

const struct onset_list *track_onsets(const struct track *t)
{
    return &t->onsets;
}

const struct overview *track_overview(const struct track *t)
{
    return t->overview;
}

static size_t chunked_bytes(const struct chunked *c)
{
    return c->chunks * (CHUNKED_ITEMS * c->item_bytes + sizeof *c->chunk);
}

size_t track_bytes(const struct track *t)
{
    return sizeof *t + chunked_bytes(&t->hops) + chunked_bytes(&t->spectra) +
           chunked_bytes(&t->chromas) + t->info.novelties * sizeof *t->novelty +
           t->info.novelties / 4 + t->rises.room * sizeof *t->rises.at_s +
           t->onsets.count * sizeof *t->onsets.at +
           (t->overview ? overview_bytes(t->overview) : 0);
}
