/* manual: the man page and the shells' completions, made from the tables. Each returns a
 * text that the caller frees, or NULL without memory. */
#ifndef TROWEL_TESTS_MANUAL_H
#define TROWEL_TESTS_MANUAL_H

#include "io/text.h"

/* What a text came to; NULL without memory. */
static inline char *finish(struct text *t)
{
    if (!t->failed)
        return t->at;
    text_done(t);
    return NULL;
}

char *manual_page(void);
char *completions_bash(void);
char *completions_zsh(void);
char *completions_fish(void);

#endif
