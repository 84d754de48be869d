/* hush: keep what libraries print away from the screen.
 *
 * ALSA, JACK and PortAudio write to file descriptor 2: kilobytes when they start,
 * hundreds of megabytes when a device goes away, from threads of their own. hush_begin()
 * points descriptor 2 at a pipe whose reader counts and throws away: nothing reaches the
 * terminal and no disk fills up. Writing never blocks: what does not fit is dropped.
 *
 * It is also the only place where a thread of a library that prints in an endless loop
 * can be ended: see hush_guard_thread().
 *
 * Thread: begin and end on the main thread, outside of curses and around the life of
 * every transport; the reader is a thread of its own. At most one hush at a time in a
 * process. */
#ifndef TROWEL_AUDIO_HUSH_H
#define TROWEL_AUDIO_HUSH_H

#include <stdatomic.h>

struct hush;

/* NULL when there is no pipe or thread; descriptor 2 is then as it was. */
struct hush *hush_begin(void);

/* Everything that was read, in bytes. */
unsigned long long hush_total(struct hush *h);

/* From now on the calling thread ends (pthread_exit) when it prints a text that contains
 * `cue` to stderr while *unwanted is true. For device_portaudio: PortAudio 19.6 retries a
 * vanished ALSA device for ever, in a thread that cannot be cancelled and prints as it
 * goes; at the right one of those lines it holds no lock and may end, after which the
 * stream can be aborted and closed. `unwanted` must outlive the thread, `cue` is a
 * constant; unwanted NULL ends the guard. Cheap; safe in an audio callback. Without a
 * hush, or where the C library does not let stderr be replaced, it has no effect. */
void hush_guard_thread(const atomic_bool *unwanted, const char *cue);

/* Descriptor 2 is again what it was before. NULL allowed. A thread left behind in an
 * endless loop would now print on the terminal, so end the process soon. */
void hush_end(struct hush *h);

#endif
