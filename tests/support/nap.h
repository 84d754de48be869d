/* nap: for tests that look again and again until something is so. */
#ifndef TROWEL_TESTS_NAP_H
#define TROWEL_TESTS_NAP_H

#include <time.h>

static inline void nap_ms(double ms)
{
    long whole = (long)(ms / 1000);
    nanosleep(&(struct timespec){whole, (long)((ms - 1000.0 * (double)whole) * 1e6)},
              NULL);
}

#endif
