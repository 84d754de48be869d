/* hush: keep what libraries print away from the screen.
 *
 * ALSA, JACK and PortAudio write to file descriptor 2: kilobytes when they start,
 * hundreds of megabytes when a device goes away, from threads of their own. hush_begin()
 * points descriptor 2 at a pipe whose reader keeps the newest 16 KB in memory and throws
 * the rest away: nothing reaches the terminal and no disk fills up. Writing to it never
 * blocks.
 *
 * Thread: begin and end on the main thread, outside of curses and around the life of
 * every transport; the reader is a thread of its own. At most one hush at a time in a
 * process. */
#ifndef TROWEL_AUDIO_HUSH_H
#define TROWEL_AUDIO_HUSH_H

#include "core/status.h"

#include <stddef.h>

struct hush;

/* ST_NO_MEMORY when there is no pipe or thread; descriptor 2 is then as it was. */
enum status hush_begin(struct hush **out, struct err *e);

/* The newest whole lines written so far, at most bytes - 1 bytes, NUL-terminated; returns
 * the length. For a log screen, or after a crash. */
size_t hush_text(struct hush *h, char *text, size_t bytes);

/* Everything ever written, in bytes. */
unsigned long long hush_total(struct hush *h);

/* Descriptor 2 is again what it was before. A thread that a dead device left behind would
 * now print on the terminal: when there is one (device_portaudio_stuck()), end the
 * process without calling this. NULL allowed. */
void hush_end(struct hush *h);

#endif
