#include "ui/glyphs.h"

#include <string.h>

static const uint32_t codes[GLYPH_COUNT][TIER_COUNT] = {
#define GLYPH(id, braille, blocks, ascii) {braille, blocks, ascii},
#include "ui/glyphs.def"
#undef GLYPH
};

uint32_t glyph_code(enum glyph g, enum tier tier)
{
    return codes[g][tier];
}

/* Glyphs have at most three bytes; packed four apart so that the text is static without
 * a cache: each entry is spelt out by the compiler from the code point. */
#define U8(c)                                                                            \
    {                                                                                    \
        (char)((c) < 0x80    ? (c)                                                       \
               : (c) < 0x800 ? 0xC0 | ((c) >> 6)                                         \
                             : 0xE0 | ((c) >> 12)),                                      \
            (char)((c) < 0x80    ? 0                                                     \
                   : (c) < 0x800 ? 0x80 | ((c)&0x3F)                                     \
                                 : 0x80 | (((c) >> 6) & 0x3F)),                          \
            (char)((c) < 0x800 ? 0 : 0x80 | ((c)&0x3F)), 0                               \
    }

static const char texts[GLYPH_COUNT][TIER_COUNT][4] = {
#define GLYPH(id, braille, blocks, ascii) {U8(braille), U8(blocks), U8(ascii)},
#include "ui/glyphs.def"
#undef GLYPH
};

const char *glyph_text(enum glyph g, enum tier tier)
{
    return texts[g][tier];
}

enum tier tier_for(const char *term_name, bool utf8)
{
    if (!utf8)
        return TIER_ASCII;
    if (strcmp(term_name, "linux") == 0 || strncmp(term_name, "linux-", 6) == 0)
        return TIER_BLOCKS;
    if (strncmp(term_name, "vt", 2) == 0 && strncmp(term_name, "vte", 3) != 0)
        return TIER_ASCII;
    return TIER_BRAILLE;
}
