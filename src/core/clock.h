/* clock: seconds on a clock that only goes forward, for what took how long; which of two
 * files' times is the later. */
#ifndef TROWEL_CORE_CLOCK_H
#define TROWEL_CORE_CLOCK_H

#include <stdbool.h>
#include <time.h>

static inline double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline bool time_after(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

#endif
