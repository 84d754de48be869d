/* keys: key codes, their names, and key sequences as people write them.
 *
 * A code is a Unicode character (control keys are 1 … 31, Escape 27, Backspace 127), or
 * one of the K_ codes above Unicode. Written: `j`, `gg`, `^D`, `Space`, `PgDn`, `c` …;
 * a word that is a key's name is that key, everything else is read character by
 * character with ^X as control-X. Two sequences are told apart by a space.
 * Thread: pure. */
#ifndef TROWEL_UI_KEYS_H
#define TROWEL_UI_KEYS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    K_ENTER = 13,
    K_TAB = 9,
    K_ESC = 27,
    K_BACKSPACE = 127,
    K_BASE = 0x110000,
    K_UP,
    K_DOWN,
    K_LEFT,
    K_RIGHT,
    K_HOME,
    K_END,
    K_PGUP,
    K_PGDN,
    K_DELETE,
    K_INSERT,
    K_BACKTAB,
    K_F1, /* … K_F1 + 11 */
    K_F12 = K_F1 + 11,
    /* not keys, but they arrive the same way */
    K_PASTE_BEGIN,
    K_PASTE_END
};

enum { KEYSEQ_MAX = 3 };

struct keyseq {
    int count;
    uint32_t key[KEYSEQ_MAX];
};

#define KEY_CONTROL(letter) ((uint32_t)((letter)&0x1F))

/* Read the next sequence of *s (white space between), moving *s behind it. False at the
 * end. A sequence longer than KEYSEQ_MAX is ST_CONFIG in *st (may be NULL). */
bool keyseq_next(const char **s, struct keyseq *out, enum status *st);

/* Name of one key or of a whole sequence, as it would be written; `n` ≥ 32. */
void key_text(char *to, size_t n, uint32_t key);
void keyseq_name(char *to, size_t n, const struct keyseq *seq);

bool keyseq_same(const struct keyseq *a, const struct keyseq *b);
/* Is `part` a proper beginning of `whole`? */
bool keyseq_begins(const struct keyseq *part, const struct keyseq *whole);

#endif
