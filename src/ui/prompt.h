/* prompt: one line being typed, with the usual editing keys, history and completion.
 *
 * Keys: ^A ^E Home End, ^B ^F Left Right, ^H ^D BackSpace Del, ^W (word before), ^U (all
 * before), ^K (all after), ^Y nothing; Up Down ^P ^N history; Tab completion (again: the
 * next one); Enter done; Esc ^C ^G cancel. Cursor positions are bytes at character edges.
 * Thread: none of its own. */
#ifndef TROWEL_UI_PROMPT_H
#define TROWEL_UI_PROMPT_H

#include "ui/keys.h"

enum {
    PROMPT_BYTES = 512,
    HISTORY_MAX = 100,
    COMPLETIONS_MAX = 48,
    COMPLETION_BYTES = 96
};

struct history {
    int count; /* oldest first */
    char line[HISTORY_MAX][PROMPT_BYTES];
};
/* Append unless it repeats the newest or is empty; the oldest is dropped when full. */
void history_add(struct history *h, const char *line);

enum prompt_result {
    PROMPT_MOVED,
    PROMPT_EDITED,
    PROMPT_DONE,
    PROMPT_CANCELLED,
    PROMPT_TAB
};

struct prompt {
    char text[PROMPT_BYTES];
    size_t at; /* cursor, bytes */
    bool full; /* what was typed last had no room: not done until some of it is erased */
    const struct history *history;
    int recalled;             /* lines back in the history; 0 = the line being typed */
    char typed[PROMPT_BYTES]; /* that line, while recalling */
    /* completion going round */
    int completions, chosen; /* chosen −1 = none yet */
    size_t from;             /* the word they replace starts here */
    char completion[COMPLETIONS_MAX][COMPLETION_BYTES];
};

void prompt_begin(struct prompt *p, const char *text, const struct history *history);
/* EDITED: the text changed. TAB: the caller should fill completion[] and call
 * prompt_complete (only when none are going round; later Tabs go round by themselves). */
enum prompt_result prompt_key(struct prompt *p, uint32_t key);
/* Offer `count` completions already in p->completion for the word at `from`: a common
 * beginning longer than what is typed is put in first, then they are gone through. */
void prompt_complete(struct prompt *p, int count, size_t from);

#endif
