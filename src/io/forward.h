/* forward: regions of a recording one after the other, each frame decoded once.
 *
 * For regions that overlap or lie close, in ascending order: what two have in common is
 * kept, and reading goes on where it stopped. Going back is allowed and costs what
 * part_read_region costs. Thread: one. */
#ifndef TROWEL_IO_FORWARD_H
#define TROWEL_IO_FORWARD_H

#include "dsp/offset.h"
#include "io/part_reader.h"

struct forward {
    struct part_reader *from; /* the caller's; not read by others between regions */
    struct offsets offset;    /* taken off */
    float *data;
    size_t room;   /* samples at data */
    int64_t start; /* what data holds, in frames of the recording */
    size_t frames;
};

void forward_init(struct forward *f, struct part_reader *from, struct offsets offset);
void forward_done(struct forward *f);

/* Frames [start, start + frames) in all channels, silence beyond the end. `out` borrows
 * the memory of `f` until its next call: never audio_done it. With an offset, ask for
 * nothing beyond the end. */
enum status forward_read(struct forward *f, int64_t start, size_t frames,
                         struct audio *out, struct err *e);

#endif
