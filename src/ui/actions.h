/* actions: what can be done, by which keys, on which screen; and the machine that turns
 * keys into actions.
 *
 * Everything comes from actions.def: the enum, the default keys (read by the same parser
 * as the user's key file), the conflict check, the hint line, the which-key list, the
 * help screen, and the tables in docs/keys.md and the man page.
 * Thread: the table is constant; a keymap and a key_state belong to one thread. */
#ifndef TROWEL_UI_ACTIONS_H
#define TROWEL_UI_ACTIONS_H

#include "core/status.h"
#include "ui/keys.h"

enum screen {
    SCREEN_LIBRARY,
    SCREEN_KIT,
    SCREEN_SOURCE,
    SCREEN_JOBS,
    SCREEN_SETTINGS,
    SCREEN_HELP,
    SCREEN_COUNT
};
const char *screen_name(enum screen s);

enum action {
    ACT_NONE,
#define ACTION(id, name, keys, kit, where, takes, group, rank, hint, help) ACT_##id,
#include "ui/actions.def"
#undef ACTION
    ACT_COUNT_OF
};

enum action_group {
#define GROUP(id, title) GROUP_##id,
#include "ui/actions.def"
#undef GROUP
    GROUP_COUNT_OF
};

enum action_takes { TAKES_NOTHING, TAKES_COUNT, TAKES_CHOICE, TAKES_SLOT };

struct action_info {
    const char *name, *keys, *kit_keys;
    unsigned where; /* bit per enum screen */
    enum action_takes takes;
    enum action_group group;
    int rank; /* place in the hint line, 0 = none */
    const char *hint, *help;
};
const struct action_info *action_info(enum action a);
/* What it does on that screen; where nothing else is said, its help. */
const char *action_help_on(enum action a, enum screen on);
const char *action_group_title(enum action_group g);
enum action action_find(const char *name); /* ACT_NONE when unknown */

/* What a letter after `c` means. */
struct action_choice {
    int category;     /* enum category, or −1 for a class */
    const char *name; /* "pads" or "kick" */
};
bool action_choice(uint32_t key, struct action_choice *out); /* false: no such letter */

/* --- key maps ---------------------------------------------------------------------- */

enum { KEYMAP_MAX = 400 };
enum { EXTRAS_KEY = 'e' }; /* in the place of a slot's key: the kit's extras */

struct keymap {
    int count;
    struct binding {
        enum action action;
        bool kit; /* on the kit screen; else everywhere else where the action works */
        struct keyseq seq;
    } binding[KEYMAP_MAX];
};

void keymap_defaults(struct keymap *map);

/* Lay a user's key file over the map: lines `action: keys`, `kit.action: keys` for the
 * kit screen; what `#` and a blank begin is a remark; an action named there has only the
 * keys given (none: off). ST_CONFIG with "NAME:line: what": unknown action, sequence too
 * long, an action of the kit screen without `kit.`, or two actions on one key of one
 * screen; the map is then unchanged. */
enum status keymap_load(struct keymap *map, const char *text, const char *name,
                        struct err *e);

/* Two actions on one key (or one the beginning of the other) on one screen: ST_CONFIG
 * with both names. */
enum status keymap_check(const struct keymap *map, struct err *e);

/* The keys of an action on a screen as text ("j Down"); "" when it has none there. */
void keymap_keys(const struct keymap *map, enum screen on, enum action a, char *to,
                 size_t n);

/* --- from keys to actions ---------------------------------------------------------- */

enum key_result {
    KEY_UNKNOWN, /* nothing begins like this; the state is clear again */
    KEY_MORE,    /* a prefix, a count, or an action that waits for its letter */
    KEY_ACTION   /* *out is filled, the state is clear again */
};

struct key_state {
    struct keyseq typed;
    bool counting;
    int count;             /* 0 = none given */
    enum action wants_key; /* waits for a choice or slot; ACT_NONE otherwise */
};

struct key_action {
    enum action action;
    int count;    /* 0 = none given */
    uint32_t key; /* for TAKES_CHOICE and TAKES_SLOT */
};

bool key_state_pending(const struct key_state *s);
enum key_result keymap_feed(const struct keymap *map, enum screen on,
                            struct key_state *state, uint32_t key,
                            struct key_action *out);

/* What can follow now (which-key): returns how many of at most max. */
struct key_next {
    char key[32];
    char what[64];
};
int keymap_next(const struct keymap *map, enum screen on, const struct key_state *state,
                struct key_next *out, int max);

/* Actions for the hint line of a screen, most useful first. */
int action_hints(enum screen on, enum action *out, int max);

#endif
