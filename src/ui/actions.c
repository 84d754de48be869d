#include "ui/actions.h"

#include "dsp/drum_class.h"
#include "io/candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    L = 1u << SCREEN_LIBRARY,
    S = 1u << SCREEN_SOURCE,
    J = 1u << SCREEN_JOBS,
    C = 1u << SCREEN_SETTINGS,
    H = 1u << SCREEN_HELP,
    K = 1u << SCREEN_KIT
};

static const struct action_info table[ACT_COUNT_OF] = {
    [ACT_NONE] = {"none", "", "", 0, TAKES_NOTHING, GROUP_MOVE, 0, "", ""},
#define ACTION(id, name, keys, kit, where, takes, group, rank, hint, help)               \
    [ACT_##id] = {name, keys, kit, where, TAKES_##takes, GROUP_##group, rank, hint, help},
#include "ui/actions.def"
#undef ACTION
};

static const struct {
    enum action action;
    unsigned screen;
    const char *help;
} on_screens[] = {
#define HERE(id, screen, help) {ACT_##id, screen, help},
#include "ui/actions.def"
#undef HERE
};

static const char *const group_titles[] = {
#define GROUP(id, title) title,
#include "ui/actions.def"
#undef GROUP
};

static const struct {
    uint32_t key;
    int category, hit_class;
} letters[] = {
#define CATEGORY_CHOICE(letter, id) {letter, CAT_##id, -1},
#define CLASS_CHOICE(letter, id)    {letter, -1, DRUM_##id},
#include "ui/choices.def"
#undef CATEGORY_CHOICE
#undef CLASS_CHOICE
};
enum { LETTERS = sizeof letters / sizeof *letters };

const char *screen_name(enum screen s)
{
    static const char *const names[SCREEN_COUNT] = {"library", "kit",      "source",
                                                    "jobs",    "settings", "help"};
    return names[s];
}

const struct action_info *action_info(enum action a)
{
    return &table[a];
}

const char *action_help_on(enum action a, enum screen on)
{
    for (size_t i = 0; i < sizeof on_screens / sizeof *on_screens; i++)
        if (on_screens[i].action == a && on_screens[i].screen == 1u << on)
            return on_screens[i].help;
    return table[a].help;
}

const char *action_group_title(enum action_group g)
{
    return group_titles[g];
}

enum action action_find(const char *name)
{
    for (int a = 1; a < ACT_COUNT_OF; a++)
        if (strcmp(table[a].name, name) == 0)
            return (enum action)a;
    return ACT_NONE;
}

bool action_choice(uint32_t key, struct action_choice *out)
{
    for (int i = 0; i < LETTERS; i++)
        if (letters[i].key == key) {
            int category = letters[i].category;
            *out = (struct action_choice){
                category, category < 0
                              ? drum_class_name((enum drum_class)letters[i].hit_class)
                              : category_folder((enum category)category)};
            return true;
        }
    return false;
}

static void bind_all(struct keymap *map, enum action a, bool kit, const char *keys)
{
    struct keyseq seq;
    while (keyseq_next(&keys, &seq, NULL) && map->count < KEYMAP_MAX)
        map->binding[map->count++] = (struct binding){a, kit, seq};
}

void keymap_defaults(struct keymap *map)
{
    map->count = 0;
    for (int a = 1; a < ACT_COUNT_OF; a++) {
        bind_all(map, (enum action)a, false, table[a].keys);
        bind_all(map, (enum action)a, true, table[a].kit_keys);
    }
}

static bool binds_on(const struct binding *b, enum screen on)
{
    if (on == SCREEN_KIT)
        return b->kit;
    return !b->kit && (table[b->action].where & (1u << on)) != 0;
}

static bool share_a_screen(const struct binding *a, const struct binding *b)
{
    if (a->kit || b->kit)
        return a->kit && b->kit;
    return (table[a->action].where & table[b->action].where) != 0;
}

enum status keymap_check(const struct keymap *map, struct err *e)
{
    for (int i = 0; i < map->count; i++)
        for (int k = i + 1; k < map->count; k++) {
            const struct binding *a = &map->binding[i], *b = &map->binding[k];
            bool clash = keyseq_same(&a->seq, &b->seq) ||
                         keyseq_begins(&a->seq, &b->seq) ||
                         keyseq_begins(&b->seq, &a->seq);
            if (!clash || !share_a_screen(a, b))
                continue;
            char first[40], second[40];
            keyseq_name(first, sizeof first, &a->seq);
            keyseq_name(second, sizeof second, &b->seq);
            return err_set(e, ST_CONFIG, "key %s of %s clashes with %s of %s", first,
                           table[a->action].name, second, table[b->action].name);
        }
    return ST_OK;
}

static void unbind(struct keymap *map, enum action a, bool kit)
{
    int kept = 0;
    for (int i = 0; i < map->count; i++)
        if (map->binding[i].action != a || map->binding[i].kit != kit)
            map->binding[kept++] = map->binding[i];
    map->count = kept;
}

/* `keys # why`: a # between blanks begins a remark; one that ends the line is that key.
 */
static void cut_remark(char *keys)
{
    for (char *at = keys; (at = strchr(at, '#')); at++)
        if ((at == keys || strchr(" \t", at[-1])) && at[1] && strchr(" \t", at[1])) {
            *at = '\0';
            break;
        }
    for (size_t n = strlen(keys); n > 0 && strchr(" \t", keys[n - 1]);)
        keys[--n] = '\0';
}

/* A key file as far as it is read. */
struct key_file {
    const char *name;
    struct keymap map;
    int line,
        said[2][ACT_COUNT_OF]; /* the line that gave an action, in the kit, its keys */
};

/* One line, already cut out and writable. */
static enum status load_line(struct key_file *file, char *line, struct err *e)
{
    struct keymap *map = &file->map;
    const char *name = file->name;
    int number = file->line;
    char *at = line + strspn(line, " \t");
    size_t length = strlen(at);
    while (length > 0 && strchr(" \t\r", at[length - 1]))
        at[--length] = '\0';
    if (*at == '\0' || *at == '#')
        return ST_OK;
    char *colon = strchr(at, ':');
    if (!colon)
        return err_set(e, ST_CONFIG, "%s:%d: expected `action: keys`", name, number);
    *colon = '\0';
    at[strcspn(at, " \t")] = '\0';
    bool kit = strncmp(at, "kit.", 4) == 0;
    enum action a = action_find(kit ? at + 4 : at);
    if (a == ACT_NONE)
        return err_set(e, ST_CONFIG, "%s:%d: there is no action '%s'", name, number, at);
    char *keys = colon + 1 + strspn(colon + 1, " \t");
    cut_remark(keys);
    if (*keys && !kit && table[a].where == 0)
        return err_set(e, ST_CONFIG, "%s:%d: %s is only on the kit screen: write kit.%s",
                       name, number, at, at);
    int *said = &file->said[kit][a];
    if (*said > 0)
        return err_set(e, ST_CONFIG, "%s:%d: %s already has keys in line %d", name,
                       number, at, *said);
    *said = number;
    size_t n = strlen(keys);
    if (n >= 2 && (keys[0] == '"' || keys[0] == '\'') && keys[n - 1] == keys[0]) {
        keys[n - 1] = '\0';
        keys++;
    }
    unbind(map, a, kit);
    const char *rest = keys, *word = keys;
    struct keyseq seq;
    enum status st;
    for (; keyseq_next(&rest, &seq, &st); word = rest) {
        word += strspn(word, " \t");
        if (st != ST_OK)
            return err_set(e, ST_CONFIG,
                           "%s:%d: %.*s is not a key (Enter, Del, F5, ^X, gg)", name,
                           number, (int)(rest - word), word);
        if (map->count < KEYMAP_MAX)
            map->binding[map->count++] = (struct binding){a, kit, seq};
    }
    return ST_OK;
}

enum status keymap_load(struct keymap *map, const char *text, const char *name,
                        struct err *e)
{
    struct key_file file = {.name = name, .map = *map};
    while (*text) {
        size_t length = strcspn(text, "\n");
        char line[512];
        snprintf(line, sizeof line, "%.*s", (int)(length < 511 ? length : 511), text);
        file.line++;
        enum status st = load_line(&file, line, e);
        if (st != ST_OK)
            return st;
        text += length + (text[length] == '\n');
    }
    struct err clash;
    if (keymap_check(&file.map, &clash) != ST_OK)
        return err_set(e, ST_CONFIG, "%s: %s", name, clash.msg);
    *map = file.map;
    return ST_OK;
}

void keymap_keys(const struct keymap *map, enum screen on, enum action a, char *to,
                 size_t n)
{
    size_t used = 0;
    to[0] = '\0';
    for (int i = 0; i < map->count; i++) {
        const struct binding *b = &map->binding[i];
        if (b->action != a || !binds_on(b, on))
            continue;
        char one[40];
        keyseq_name(one, sizeof one, &b->seq);
        int wrote = snprintf(to + used, n - used, "%s%s", used ? " " : "", one);
        if (wrote < 0 || (size_t)wrote >= n - used)
            return;
        used += (size_t)wrote;
    }
}

static void key_state_clear(struct key_state *s)
{
    *s = (struct key_state){0};
}

bool key_state_pending(const struct key_state *s)
{
    return s->typed.count > 0 || s->counting || s->wants_key != ACT_NONE;
}

static const struct binding *bound_exactly(const struct keymap *map, enum screen on,
                                           const struct keyseq *seq)
{
    for (int i = 0; i < map->count; i++)
        if (binds_on(&map->binding[i], on) && keyseq_same(&map->binding[i].seq, seq))
            return &map->binding[i];
    return NULL;
}

static bool begins_something(const struct keymap *map, enum screen on,
                             const struct keyseq *seq)
{
    for (int i = 0; i < map->count; i++)
        if (binds_on(&map->binding[i], on) && keyseq_begins(seq, &map->binding[i].seq))
            return true;
    return false;
}

/* Digits count once counting has begun; 6 … 9 begin it where they are bound to nothing
 * (1 … 5 and 0 are ratings there, `#` begins a count with any digit). */
static bool takes_digit(const struct keymap *map, enum screen on, struct key_state *s,
                        uint32_t key)
{
    if (key < '0' || key > '9' || s->typed.count > 0)
        return false;
    struct keyseq one = {1, {key}};
    if (!s->counting && (bound_exactly(map, on, &one) || key == '0'))
        return false;
    s->counting = true;
    if (s->count < 1000000)
        s->count = s->count * 10 + (int)(key - '0');
    return true;
}

enum key_result keymap_feed(const struct keymap *map, enum screen on, struct key_state *s,
                            uint32_t key, struct key_action *out)
{
    if (s->wants_key != ACT_NONE) {
        *out = (struct key_action){s->wants_key, s->count, key};
        key_state_clear(s);
        return key == K_ESC ? KEY_UNKNOWN : KEY_ACTION;
    }
    if (key == K_ESC && key_state_pending(s)) {
        key_state_clear(s);
        return KEY_UNKNOWN;
    }
    if (takes_digit(map, on, s, key))
        return KEY_MORE;
    if (s->typed.count < KEYSEQ_MAX)
        s->typed.key[s->typed.count++] = key;
    const struct binding *b = bound_exactly(map, on, &s->typed);
    if (!b) {
        if (begins_something(map, on, &s->typed))
            return KEY_MORE;
        key_state_clear(s);
        return KEY_UNKNOWN;
    }
    s->typed.count = 0;
    if (b->action == ACT_COUNT) {
        s->counting = true;
        return KEY_MORE;
    }
    if (table[b->action].takes == TAKES_CHOICE || table[b->action].takes == TAKES_SLOT) {
        s->wants_key = b->action;
        return KEY_MORE;
    }
    *out = (struct key_action){b->action, s->count, 0};
    key_state_clear(s);
    return KEY_ACTION;
}

static int next_choices(struct key_next *out, int max)
{
    int n = 0;
    for (; n < LETTERS && n < max; n++) {
        struct action_choice c = {0};
        action_choice(letters[n].key, &c);
        key_text(out[n].key, sizeof out[n].key, letters[n].key);
        snprintf(out[n].what, sizeof out[n].what, "%s", c.name);
    }
    return n;
}

static int next_slots(const struct keymap *map, struct key_next *out, int max)
{
    int n = 0;
    for (int a = ACT_SLOT_1; a <= ACT_SLOT_11 && n < max; a++, n++) {
        keymap_keys(map, SCREEN_KIT, (enum action)a, out[n].key, sizeof out[n].key);
        snprintf(out[n].what, sizeof out[n].what, "%s", table[a].help + strlen("play "));
    }
    if (n < max) {
        key_text(out[n].key, sizeof out[n].key, EXTRAS_KEY);
        snprintf(out[n++].what, sizeof out[n].what, "extras");
    }
    return n;
}

int keymap_next(const struct keymap *map, enum screen on, const struct key_state *state,
                struct key_next *out, int max)
{
    if (state->wants_key != ACT_NONE && table[state->wants_key].takes == TAKES_CHOICE)
        return next_choices(out, max);
    if (state->wants_key != ACT_NONE)
        return next_slots(map, out, max);
    int n = 0;
    for (int i = 0; i < map->count && n < max && state->typed.count > 0; i++) {
        const struct binding *b = &map->binding[i];
        if (!binds_on(b, on) || !keyseq_begins(&state->typed, &b->seq))
            continue;
        key_text(out[n].key, sizeof out[n].key, b->seq.key[state->typed.count]);
        snprintf(out[n].what, sizeof out[n].what, "%s", action_help_on(b->action, on));
        n++;
    }
    return n;
}

int action_hints(enum screen on, enum action *out, int max)
{
    int n = 0;
    for (int rank = 1; rank <= 13; rank++) {
        if (on == SCREEN_LIBRARY && (rank == 11 || rank == 12))
            continue;
        for (int a = 1; a < ACT_COUNT_OF && n < max; a++) {
            bool here = on == SCREEN_KIT ? table[a].kit_keys[0] != '\0'
                                         : (table[a].where & (1u << on)) != 0;
            if (here && table[a].rank == rank)
                out[n++] = (enum action)a;
        }
    }
    return n;
}
