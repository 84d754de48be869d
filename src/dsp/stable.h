/* stable: where a recording is calm enough to take pads or grains from.
 *
 * Windows of analysis_window_sec every analysis_hop_sec pass or fail the gates of
 * `pre_analysis`; passing windows in a row are joined. Pure over the track. */
#ifndef TROWEL_DSP_STABLE_H
#define TROWEL_DSP_STABLE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct track;

/* Names and units as in the config section `pre_analysis`. */
struct pre_analysis_params {
    bool enabled;
    double analysis_window_sec, analysis_hop_sec;
    double max_onset_rate_hz; /* looked at when skip_transient_regions */
    double min_rms_db, max_rms_db;
    double max_dc_offset;
    double max_crest_factor; /* linear */
    int min_stable_windows;
    double centroid_low_hz, centroid_high_hz; /* NAN: no limit */
    bool skip_clipped_regions, skip_transient_regions;
};

struct stable_region {
    double start_sec, end_sec;
};
struct stable_list {
    struct stable_region *at;
    size_t count;
};

/* Ascending, disjoint regions of at least min_stable_windows windows (of all there are,
 * in a recording too short for that many; of less than 46 ms always one). With
 * enabled = false one region holds everything. ST_NO_MEMORY leaves *out empty. Free with
 * stable_list_done. */
enum status stable_find(const struct track *t, const struct pre_analysis_params *p,
                        struct stable_list *out, struct err *e);
void stable_list_done(struct stable_list *l);

/* Share (0 … 1) of [start, end) that lies in the regions. */
double stable_share(const struct stable_list *l, double start_sec, double end_sec);

#endif
