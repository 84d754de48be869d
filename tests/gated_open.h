/* gated_open: soundfile_open of this program waits at a gate, for tests of what happens
 * while a sound is being read. A source of its own beside the program, linked with
 * --wrap=soundfile_open. */
#ifndef TROWEL_TESTS_GATED_OPEN_H
#define TROWEL_TESTS_GATED_OPEN_H

#include <stdatomic.h>

extern atomic_bool gate_closed; /* no file is opened as long as it is */

#endif
