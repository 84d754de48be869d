/* The written tables: docs/keys.md and the man page's section. */
#include "ui/actions.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *data;
    size_t used, room;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format,
                                                      ...)
{
    char line[600];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    if (t->used + length + 1 > t->room) {
        size_t room = (t->room + length + 1) * 2;
        char *grown = realloc(t->data, room);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->data = grown;
        t->room = room;
    }
    memcpy(t->data + t->used, line, length + 1);
    t->used += length;
}

static char *finish(struct text *t)
{
    if (!t->failed)
        return t->data;
    free(t->data);
    return NULL;
}

/* Keys as `code` spans; a backtick needs longer fences, a bar an escape in tables. */
static void add_keys(struct text *t, const char *keys)
{
    struct keyseq seq;
    for (bool first = true; keyseq_next(&keys, &seq, NULL); first = false) {
        char name[40], shown[80] = "";
        keyseq_name(name, sizeof name, &seq);
        for (const char *c = name; *c; c++)
            snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%c",
                     *c == '|' ? "\\" : "", *c);
        add(t, strchr(shown, '`') ? "%s`` %s ``" : "%s`%s`", first ? "" : " ", shown);
    }
}

char *actions_markdown(void)
{
    struct text t = {0};
    add(&t, "# Keys\n\nMade from `src/ui/actions.def`; `?` in the workstation shows the "
            "same for the screen at hand.\n");
    add(&t, "Rebind in `~/.config/trowel/keys.yaml`: lines `action: keys`, and "
            "`kit.action: keys` for the kit screen,\nwhere the home row plays the slots. "
            "`^X` is control, a sequence is written together (`gg`).\n");
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        add(&t,
            "\n## %s\n\n| Keys | On the kit screen | Action | Does |\n"
            "| --- | --- | --- | --- |\n",
            action_group_title((enum action_group)g));
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            const struct action_info *i = action_info((enum action)a);
            if (i->group != (enum action_group)g)
                continue;
            add(&t, "| ");
            add_keys(&t, i->keys);
            add(&t, " | ");
            add_keys(&t, i->kit_keys);
            add(&t, " | %s | %s |\n", i->name, i->help);
        }
    }
    return finish(&t);
}

/* troff: backslashes, leading dots and quotes, and hyphens that are minus signs. */
static void add_troff(struct text *t, const char *s)
{
    for (; *s; s++)
        if (*s == '\\')
            add(t, "\\e");
        else if (*s == '-')
            add(t, "\\-");
        else if (*s == '\'')
            add(t, "\\(aq");
        else if (*s == '`')
            add(t, "\\(ga");
        else if (*s == '^')
            add(t, "\\(ha");
        else if (*s == '"')
            add(t, "\\(dq");
        else
            add(t, "%c", *s);
}

char *actions_man(void)
{
    struct text t = {0};
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        add(&t, ".SS %s\n", action_group_title((enum action_group)g));
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            const struct action_info *i = action_info((enum action)a);
            if (i->group != (enum action_group)g)
                continue;
            add(&t, ".TP\n\\&\\fB");
            add_troff(&t, i->keys);
            if (i->kit_keys[0]) {
                add(&t, i->keys[0] ? "\\fR, in the kit \\fB" : "");
                add_troff(&t, i->kit_keys);
            }
            add(&t, "\\fR\n\\&");
            add_troff(&t, i->help);
            add(&t, ".\n");
        }
    }
    return finish(&t);
}
