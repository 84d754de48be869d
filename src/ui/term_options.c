#include "ui/term_options.h"

struct term_options term_options_of(const struct config *c, const struct theme *theme)
{
    static const int depths[] = {[COLOURS_AUTO] = TERM_AUTO,
                                 [COLOURS_256] = THEME_256,
                                 [COLOURS_16] = THEME_16,
                                 [COLOURS_MONO] = THEME_MONO};
    static const int tiers[] = {[GLYPHS_AUTO] = TERM_AUTO,
                                [GLYPHS_BRAILLE] = TIER_BRAILLE,
                                [GLYPHS_BLOCKS] = TIER_BLOCKS,
                                [GLYPHS_ASCII] = TIER_ASCII};
    return (struct term_options){depths[c->interface.colours], tiers[c->interface.glyphs],
                                 theme};
}
