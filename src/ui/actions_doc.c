/* The written tables: docs/keys.md and the man page's section. */
#include "ui/actions.h"

#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *finish(struct text *t)
{
    if (!t->failed)
        return t->at;
    text_done(t);
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
        text_addf(t, strchr(shown, '`') ? "%s`` %s ``" : "%s`%s`", first ? "" : " ",
                  shown);
    }
}

char *actions_markdown(void)
{
    struct text t = {0};
    text_addf(
        &t, "# Keys\n\nMade from `src/ui/actions.def`; `?` in the workstation shows the "
            "same for the screen at hand.\n");
    text_addf(
        &t, "Rebind in `~/.config/trowel/keys.yaml`: lines `action: keys`, and "
            "`kit.action: keys` for the kit screen,\nwhere the home row plays the slots. "
            "`^X` is control, a sequence is written together (`gg`).\n");
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        text_addf(&t,
                  "\n## %s\n\n| Keys | On the kit screen | Action | Does |\n"
                  "| --- | --- | --- | --- |\n",
                  action_group_title((enum action_group)g));
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            const struct action_info *i = action_info((enum action)a);
            if (i->group != (enum action_group)g)
                continue;
            text_addf(&t, "| ");
            add_keys(&t, i->keys);
            text_addf(&t, " | ");
            add_keys(&t, i->kit_keys);
            text_addf(&t, " | %s | %s |\n", i->name, i->help);
        }
    }
    return finish(&t);
}

/* troff: backslashes, leading dots and quotes, and hyphens that are minus signs. */
static void add_troff(struct text *t, const char *s)
{
    for (; *s; s++)
        if (*s == '\\')
            text_addf(t, "\\e");
        else if (*s == '-')
            text_addf(t, "\\-");
        else if (*s == '\'')
            text_addf(t, "\\(aq");
        else if (*s == '`')
            text_addf(t, "\\(ga");
        else if (*s == '^')
            text_addf(t, "\\(ha");
        else if (*s == '"')
            text_addf(t, "\\(dq");
        else
            text_addf(t, "%c", *s);
}

char *actions_man(void)
{
    struct text t = {0};
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        text_addf(&t, ".SS %s\n", action_group_title((enum action_group)g));
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            const struct action_info *i = action_info((enum action)a);
            if (i->group != (enum action_group)g)
                continue;
            text_addf(&t, ".TP\n\\&\\fB");
            add_troff(&t, i->keys);
            if (i->kit_keys[0]) {
                text_addf(&t, i->keys[0] ? "\\fR, in the kit \\fB" : "");
                add_troff(&t, i->kit_keys);
            }
            text_addf(&t, "\\fR\n\\&");
            add_troff(&t, i->help);
            text_addf(&t, ".\n");
        }
    }
    return finish(&t);
}
