/* errand: a call that may never return, on a thread that may be left behind.
 *
 * The one who sends it waits up to a limit. If it comes back in time, its result is the
 * sender's; if not, the errand belongs to its thread, which calls `late` (clean up what
 * the result owns) should it ever come back. */
#ifndef TROWEL_AUDIO_ERRAND_H
#define TROWEL_AUDIO_ERRAND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* `arg` is heap memory. run and late happen on the errand's thread; late frees arg.
 * Returns true when run has returned within limit_ms (the caller frees arg), else false;
 * a wait is cut short when *give_up (may be NULL) becomes true.
 * When no thread can be had: false, and `late` is called at once without run. */
bool errand_run(void (*run)(void *arg), void (*late)(void *arg), void *arg, int limit_ms,
                const atomic_bool *give_up);

/* Waiting with a limit on the clock that nobody sets: a condition for it, and its time so
 * many ms from now. */
void wait_init(pthread_cond_t *c);
struct timespec wait_until(int ms);

#endif
