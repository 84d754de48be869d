#include "ui/prompt.h"

#include "io/paths.h"
#include "ui/utf8.h"

#include <stdio.h>
#include <string.h>

void history_add(struct history *h, const char *line)
{
    if (!*line || (h->count > 0 && strcmp(h->line[h->count - 1], line) == 0))
        return;
    if (h->count == HISTORY_MAX) {
        memmove(h->line[0], h->line[1], sizeof h->line - sizeof h->line[0]);
        h->count--;
    }
    snprintf(h->line[h->count++], PROMPT_BYTES, "%s", line);
}

void prompt_begin(struct prompt *p, const char *text, const struct history *history)
{
    *p = (struct prompt){.history = history, .chosen = -1};
    snprintf(p->text, sizeof p->text, "%s", text);
    p->at = strlen(p->text);
}

static void settle(struct prompt *p)
{
    p->completions = 0;
    p->chosen = -1;
}

static void erase(struct prompt *p, size_t from, size_t to)
{
    memmove(p->text + from, p->text + to, strlen(p->text + to) + 1);
    p->at = from;
    p->full = false;
}

/* What comes behind a letter without room is left out, too. */
static void insert(struct prompt *p, uint32_t character)
{
    char bytes[8];
    size_t n = (size_t)utf8_encode(bytes, character), length = strlen(p->text);
    p->full |= length + n >= PROMPT_BYTES;
    if (p->full)
        return;
    memmove(p->text + p->at + n, p->text + p->at, length - p->at + 1);
    memcpy(p->text + p->at, bytes, n);
    p->at += n;
}

static size_t word_before(const struct prompt *p)
{
    size_t at = p->at;
    while (at > 0 && p->text[at - 1] == ' ')
        at--;
    while (at > 0 && p->text[at - 1] != ' ')
        at--;
    return at;
}

static enum prompt_result recall(struct prompt *p, int step)
{
    int to = p->recalled + step;
    if (!p->history || to < 0 || to > p->history->count)
        return PROMPT_MOVED;
    if (p->recalled == 0)
        memcpy(p->typed, p->text, sizeof p->typed);
    p->recalled = to;
    p->full = false;
    snprintf(p->text, sizeof p->text, "%s",
             to == 0 ? p->typed : p->history->line[p->history->count - to]);
    p->at = strlen(p->text);
    return PROMPT_EDITED;
}

/* Replace the word at p->from, up to the cursor, by `word`. */
static void put_completion(struct prompt *p, const char *word)
{
    char rest[PROMPT_BYTES];
    snprintf(rest, sizeof rest, "%s", p->text + p->at);
    int n = snprintf(p->text + p->from, sizeof p->text - p->from, "%s", word);
    size_t room = sizeof p->text - p->from;
    p->at = p->from + (n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1);
    snprintf(p->text + p->at, sizeof p->text - p->at, "%s", rest);
}

static void next_completion(struct prompt *p, int step)
{
    p->chosen = p->chosen < 0 && step < 0
                    ? p->completions - 1
                    : (p->chosen + step + p->completions) % p->completions;
    put_completion(p, p->completion[p->chosen]);
}

void prompt_complete(struct prompt *p, int count, size_t from)
{
    settle(p);
    if (count == 0)
        return;
    p->from = from;
    if (count == 1) {
        put_completion(p, p->completion[0]);
        return;
    }
    p->completions = count;
    size_t common = strlen(p->completion[0]);
    for (int i = 1; i < count; i++)
        for (size_t k = 0; k < common; k++)
            if (p->completion[i][k] != p->completion[0][k])
                common = k;
    while (common > 0 && ((unsigned char)p->completion[0][common] & 0xC0) == 0x80)
        common--; /* different letters may begin with the same byte */
    if (common > p->at - from) {
        char word[COMPLETION_BYTES];
        snprintf(word, sizeof word, "%.*s", (int)common, p->completion[0]);
        put_completion(p, word);
    } else {
        next_completion(p, 1);
    }
}

static enum prompt_result edit(struct prompt *p, uint32_t key)
{
    size_t end = strlen(p->text);
    if (key >= 0x20 && key != K_BACKSPACE && key < K_BASE) {
        insert(p, key);
        return PROMPT_EDITED;
    }
    switch (key) {
    case K_BACKSPACE:
    case KEY_CONTROL('H'):
        erase(p, utf8_before(p->text, p->at), p->at);
        return PROMPT_EDITED;
    case K_DELETE:
    case KEY_CONTROL('D'):
        erase(p, p->at, utf8_after(p->text, p->at));
        return PROMPT_EDITED;
    case KEY_CONTROL('W'):
        erase(p, word_before(p), p->at);
        return PROMPT_EDITED;
    case KEY_CONTROL('U'):
        erase(p, 0, p->at);
        return PROMPT_EDITED;
    case KEY_CONTROL('K'):
        erase(p, p->at, end);
        return PROMPT_EDITED;
    case KEY_CONTROL('A'):
    case K_HOME:
        p->at = 0;
        return PROMPT_MOVED;
    case KEY_CONTROL('E'):
    case K_END:
        p->at = end;
        return PROMPT_MOVED;
    case KEY_CONTROL('B'):
    case K_LEFT:
        p->at = utf8_before(p->text, p->at);
        return PROMPT_MOVED;
    case KEY_CONTROL('F'):
    case K_RIGHT:
        p->at = utf8_after(p->text, p->at);
        return PROMPT_MOVED;
    default:
        return PROMPT_MOVED;
    }
}

enum prompt_result prompt_key(struct prompt *p, uint32_t key)
{
    switch (key) {
    case K_ENTER:
    case KEY_CONTROL('J'):
        return p->full ? PROMPT_MOVED : PROMPT_DONE;
    case K_ESC:
    case KEY_CONTROL('C'):
    case KEY_CONTROL('G'):
        return PROMPT_CANCELLED;
    case K_TAB:
        if (p->completions == 0)
            return PROMPT_TAB;
        next_completion(p, 1);
        return PROMPT_EDITED;
    case K_BACKTAB:
        if (p->completions > 0)
            next_completion(p, -1);
        return PROMPT_EDITED;
    case K_UP:
    case KEY_CONTROL('P'):
        settle(p);
        return recall(p, 1);
    case K_DOWN:
    case KEY_CONTROL('N'):
        settle(p);
        return recall(p, -1);
    default:
        settle(p);
        return edit(p, key);
    }
}
