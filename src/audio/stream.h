/* stream: decoded sounds, ahead of time. One thread that reads, one cache bounded in
 * bytes.
 *
 * The owner hands in a wish list (what plays, the kit, the cursor's neighbours), most
 * urgent first; the loader works through it, drops a longer load for a more urgent one,
 * and forgets the least recently wished when the cache is full. Whatever is being heard
 * stays alive through its own reference.
 * Thread: every function may be called from any thread; none waits for the disk except
 * stream_stop and stream_free (for the block being decoded). */
#ifndef TROWEL_AUDIO_STREAM_H
#define TROWEL_AUDIO_STREAM_H

#include "audio/sound.h"
#include "core/status.h"
#include "dsp/sample_shape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

/* Frames [from, to) of a file, at its own rate, and `around_s` seconds on either side as
 * far as the file goes; to 0 = to the end. */
struct stretch {
    const char *path;
    int64_t from, to;
    double around_s;
    struct sample_shape shape; /* given to what was read; rate_hz 0 = none */
};

/* No more than this of one stretch is decoded (3 minutes of stereo at 44.1 kHz); the rest
 * of a longer one is cut off, with cut_end set. */
enum { STREAM_SOUND_BYTES = 64 << 20 };

/* Called on the loader's thread, without any lock held, whenever a wish has become ready
 * (rate_hz is its rate) or failed (0). */
typedef void stream_ready(void *user, int rate_hz);

/* ST_NO_MEMORY. */
enum status stream_new(struct stream **out, size_t cache_bytes, stream_ready *ready,
                       void *user, struct err *e);
/* End the loader's thread; everything else stays answered. */
void stream_stop(struct stream *s);
void stream_free(struct stream *s); /* stops if need be; NULL allowed */

/* Replace the wish list; most urgent first. Texts are copied. */
void stream_wish(struct stream *s, const struct stretch *list, int count);

enum stream_answer { STREAM_UNKNOWN, STREAM_WAITING, STREAM_READY, STREAM_FAILED };

/* READY: *out gets a new reference. FAILED: *why gets the sentence. */
enum stream_answer stream_find(struct stream *s, const struct stretch *what,
                               struct sound **out, struct err *why);

/* Forget one file, also that it failed; NULL: only the failures of all files. */
void stream_forget(struct stream *s, const char *path);

bool stream_idle(struct stream *s); /* no wish is waiting */

#endif
