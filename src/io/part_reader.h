/* part_reader: a recording, or only what sustains or what is struck in it (dsp/separate),
 * read like a soundfile.
 *
 * What comes out at a place does not depend on what was read before. Ascending order is
 * cheap; going back or far on costs some 0.3 s of sound more. The sound file is the
 * caller's and may be read by others in between.
 * Ownership: part_reader_done. Thread: one. */
#ifndef TROWEL_IO_PART_READER_H
#define TROWEL_IO_PART_READER_H

#include "dsp/offset.h"
#include "dsp/separate.h"
#include "io/soundfile.h"

struct part_reader {
    struct soundfile *sf;
    struct separator *by; /* NULL: all that sounds */
    enum separate_part part;
    float *block;
    const float *ready; /* of `by`: the frames from `at` on */
    size_t left;
    int64_t at, read; /* the frame that comes next; that is read next */
    bool ended;
};

/* All that sounds; needs no done. */
struct part_reader part_reader_all(struct soundfile *sf);
/* ST_NO_MEMORY; ST_UNSUPPORTED as separator_new. On failure nothing needs done. */
enum status part_reader_init(struct part_reader *r, struct soundfile *sf,
                             enum separate_part part, struct err *e);
void part_reader_done(struct part_reader *r);

/* Of the constant that all of the recording lies on, what lies under this part: it
 * sustains. */
struct offsets part_offset(const struct part_reader *r, struct offsets all);

/* As soundfile_read, soundfile_position and soundfile_read_region. */
enum status part_read(struct part_reader *r, float *interleaved, size_t frames,
                      size_t *got, struct err *e);
int64_t part_position(const struct part_reader *r);
enum status part_read_region(struct part_reader *r, int64_t start, size_t frames,
                             struct audio *out, struct err *e);

#endif
