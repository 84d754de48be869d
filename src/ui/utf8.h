/* utf8: UTF-8 as a terminal sees it: clusters, their widths, and cutting to fit.
 *
 * File names are hostile: broken UTF-8, control and bidirectional characters, emoji,
 * 300 bytes. Everything drawn goes through utf8_next, which turns every such thing into
 * something of a known width:
 *   broken bytes and control characters    → U+FFFD and U+00B7, one cell
 *   bidirectional controls, joiners,
 *   variation selectors, zero-width spaces → dropped
 *   combining marks                        → stay with the character before, at most two
 * so that no name can move the cursor, turn the line around or tear the screen.
 * Widths are wcwidth's, that is those of LC_CTYPE, which must be a UTF-8 locale.
 * Thread: pure. */
#ifndef TROWEL_UI_UTF8_H
#define TROWEL_UI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLUSTER_MARKS = 2 };

/* One character as drawn: a base, up to two combining marks, 1 or 2 cells wide. */
struct cluster {
    uint32_t base;
    uint32_t mark[CLUSTER_MARKS];
    int cells;
};

/* Decode the next cluster of *s (NUL-terminated) and move *s behind it. False at the end.
 */
bool utf8_next(const char **s, struct cluster *out);

/* Cells that the whole of s takes. */
int utf8_cells(const char *s);

/* Bytes of the longest beginning of s that fits into `cells` and ends before a blank,
 * where one is not too far back. */
size_t utf8_wrap(const char *s, int cells);
/* The rows that s takes so; 0 where not even its first character fits. */
int utf8_rows(const char *s, int cells);

/* How a text too long for its place is cut. */
enum utf8_cut { CUT_END, CUT_MIDDLE };

/* s cut to `cells` with one `ellipsis` (any UTF-8, one cell) where something is missing;
 * CUT_MIDDLE keeps both ends (names that differ in their last number stay apart).
 * Writes at most n bytes including the NUL, never half a character. */
void utf8_fit(char *to, size_t n, const char *s, int cells, enum utf8_cut cut,
              const char *ellipsis);

/* Decode one code point of at most n bytes; returns bytes taken (≥ 1 when n > 0), and
 * *code = 0xFFFD for a broken sequence. */
int utf8_decode(const char *s, size_t n, uint32_t *code);

/* Byte offsets of the characters around `at` in s, for line editing. */
size_t utf8_before(const char *s, size_t at);
size_t utf8_after(const char *s, size_t at);

#endif
