/* glyphs: what each sign looks like on a terminal of each kind (glyphs.def).
 * Thread: pure. */
#ifndef TROWEL_UI_GLYPHS_H
#define TROWEL_UI_GLYPHS_H

#include <stdbool.h>
#include <stdint.h>

/* What a terminal and its locale can show, best first. */
enum tier { TIER_BRAILLE, TIER_BLOCKS, TIER_ASCII, TIER_COUNT };

enum glyph {
#define GLYPH(id, braille, blocks, ascii) GLYPH_##id,
#include "ui/glyphs.def"
#undef GLYPH
    GLYPH_COUNT
};

uint32_t glyph_code(enum glyph g, enum tier tier);

/* The same as UTF-8, for format strings; static storage. */
const char *glyph_text(enum glyph g, enum tier tier);

/* The tier for a terminal: `utf8` says whether LC_CTYPE is UTF-8. */
enum tier tier_for(const char *term_name, bool utf8);

#endif
