#include "ui/keys.h"

#include "io/paths.h"
#include "ui/utf8.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    {"Space", ' '},         {"Enter", K_ENTER}, {"Tab", K_TAB},
    {"Esc", K_ESC},         {"Up", K_UP},       {"Down", K_DOWN},
    {"Left", K_LEFT},       {"Right", K_RIGHT}, {"Home", K_HOME},
    {"End", K_END},         {"PgUp", K_PGUP},   {"PgDn", K_PGDN},
    {"Del", K_DELETE},      {"Ins", K_INSERT},  {"BackSpace", K_BACKSPACE},
    {"BackTab", K_BACKTAB}, {"F1", K_F1},       {"F2", K_F1 + 1},
    {"F3", K_F1 + 2},       {"F4", K_F1 + 3},   {"F5", K_F1 + 4},
    {"F6", K_F1 + 5},       {"F7", K_F1 + 6},   {"F8", K_F1 + 7},
    {"F9", K_F1 + 8},       {"F10", K_F1 + 9},  {"F11", K_F1 + 10},
    {"F12", K_F12},
};
enum { NAMES = sizeof names / sizeof *names };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool keyseq_next(const char **s, struct keyseq *out, enum status *st)
{
    while (is_blank(**s))
        (*s)++;
    if (st)
        *st = ST_OK;
    const char *word = *s;
    size_t length = strcspn(word, " \t");
    *out = (struct keyseq){0};
    if (length == 0)
        return false;
    *s += length;
    for (int i = 0; i < NAMES; i++)
        if (strlen(names[i].name) == length &&
            strncmp(word, names[i].name, length) == 0) {
            *out = (struct keyseq){1, {names[i].key}};
            return true;
        }
    for (size_t at = 0; at < length;) {
        uint32_t code;
        if (word[at] == '^' && at + 1 < length) {
            code = KEY_CONTROL(word[at + 1]);
            at += 2;
        } else {
            at += (size_t)utf8_decode(word + at, length - at, &code);
        }
        if (out->count == KEYSEQ_MAX) {
            if (st)
                *st = ST_CONFIG;
            return true;
        }
        out->key[out->count++] = code;
    }
    return true;
}

void key_text(char *to, size_t n, uint32_t key)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i].key == key) {
            snprintf(to, n, "%s", names[i].name);
            return;
        }
    if (key < 0x20)
        snprintf(to, n, "^%c", (int)key + 0x40);
    else if (key < K_BASE && n > 4)
        utf8_encode(to, key);
    else
        snprintf(to, n, "?");
}

void keyseq_name(char *to, size_t n, const struct keyseq *seq)
{
    size_t used = 0;
    to[0] = '\0';
    for (int i = 0; i < seq->count; i++) {
        char one[32];
        key_text(one, sizeof one, seq->key[i]);
        int wrote = snprintf(to + used, n - used, "%s", one);
        if (wrote < 0 || (size_t)wrote >= n - used)
            return;
        used += (size_t)wrote;
    }
}

bool keyseq_same(const struct keyseq *a, const struct keyseq *b)
{
    return a->count == b->count &&
           memcmp(a->key, b->key, sizeof a->key[0] * (size_t)a->count) == 0;
}

bool keyseq_begins(const struct keyseq *part, const struct keyseq *whole)
{
    return part->count < whole->count &&
           memcmp(part->key, whole->key, sizeof part->key[0] * (size_t)part->count) == 0;
}
