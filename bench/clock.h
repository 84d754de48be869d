/* clock: a clock's time as a number. */
#ifndef TROWEL_BENCH_CLOCK_H
#define TROWEL_BENCH_CLOCK_H

#include <time.h>

static inline double clock_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double cpu_s(void)
{
    return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

#endif
