/* track_build: how a track is filled; for analysis.c and the track's own files only.
 *
 * Every value is packed here and unpacked in track.c, by the same scales. */
#ifndef TROWEL_DSP_TRACK_BUILD_H
#define TROWEL_DSP_TRACK_BUILD_H

#include "dsp/chroma.h"
#include "dsp/rises.h"
#include "dsp/scan.h"
#include "dsp/spectral.h"
#include "dsp/track.h"

/* Items of one size in chunks, so that growing never copies what is there. */
struct chunked {
    size_t item_bytes, count, chunks;
    unsigned char **chunk;
};

enum { CHUNKED_ITEMS = 1024 };

struct packed_hop {
    uint16_t rms, peak, k_level;
    uint16_t centroid, spread, rolloff, flatness;
    int16_t dc, side_dc;
    uint8_t band[TRACK_BAND_COUNT], flags;
};

struct packed_spectrum {
    uint8_t band[TRACK_BANDS], waver;
};

struct packed_chroma {
    uint16_t largest; /* level of the largest bin, as levels */
    uint8_t fine[CHROMA_FINE], tonality, mains;
};

struct track {
    struct track_info info;
    struct chunked hops, spectra, chromas;
    float *novelty; /* one array: what of its room is unused was never touched */
    size_t novelty_room;
    unsigned char *ends, *clicks; /* a bit for each novelty */
    struct rises rises;
    struct onset_list onsets;
    struct overview *overview;
    float band_magnitude[256]; /* of every packed band level */
    /* A packed level's mean square is that of its upper byte times that of its lower. */
    double upper_square[256], lower_square[256];
};

struct track *track_new(int rate_hz, int channels); /* NULL: no memory */

/* The next hop's levels, its spectral values still missing. False: no memory. */
bool track_add_hop(struct track *t, const struct scan_hop *s, int frames);
void track_set_spectral(struct track *t, size_t hop, const struct spectral_hop *s);
/* The mean of `hops` hops' band squares, and how far it is a tone that trembles. */
bool track_add_spectrum(struct track *t, const double square[TRACK_BANDS], int hops,
                        float waver);
bool track_add_novelty(struct track *t, float value);
void track_hush_novelty(struct track *t, size_t from); /* 0 from there on */
void track_mark_ends(struct track *t, int last);       /* of the last novelties */
void track_mark_stroke(struct track *t, int ago);      /* is no end; -1: none */
void track_mark_click(struct track *t, int ago);       /* -1: none */
bool track_add_chroma(struct track *t, const struct chroma_frame *c);

/* Add the fine bins of chroma i to `fine`. */
void track_add_fine(const struct track *t, size_t i, double fine[CHROMA_FINE]);

/* Sums over the fine chroma of all chromas; returns the mean tonality, weighted with the
 * level. For key.c. */
double track_fine_chroma(const struct track *t, double fine[CHROMA_FINE]);

/* Totals of info that follow from the hops: levels, loudness, DC. */
void track_sum_up(struct track *t, const struct scan_totals *totals);

#endif
