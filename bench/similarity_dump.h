/* similarity_dump: what bench_copies writes and bench_similarity reads: the raw features
 * of sounds and of copies of them, one record after another in the order of the list. */
#ifndef TROWEL_BENCH_SIMILARITY_DUMP_H
#define TROWEL_BENCH_SIMILARITY_DUMP_H

#include "dsp/similarity_internal.h"

enum { COPIES = 19, TAKES = COPIES + 1, SOUNDS_MAX = 2000 };

struct heard {
    char kit[64];   /* the folder; leave-one-out goes by it */
    char name[192]; /* the file */
    int same;       /* equal for recordings that are one and the same by correlation */
    int made;       /* 1: a cloud made of the file */
    float raw[TAKES][SIMILARITY_DIM]; /* the sound, then its copies */
};

#endif
