/* term_options: what the settings say about colours and signs. Thread: pure. */
#ifndef TROWEL_UI_TERM_OPTIONS_H
#define TROWEL_UI_TERM_OPTIONS_H

#include "io/config.h"
#include "ui/term.h"

struct term_options term_options_of(const struct config *c, const struct theme *theme);

#endif
