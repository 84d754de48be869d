/* ui/keys, ui/actions, ui/prompt: from keys to actions, and a line being typed. */
#include "checks.h"
#include "manual.h"
#include "ui/actions.h"
#include "ui/prompt.h"
#include "ui_rig.h"

#include <stdio.h>
#include <string.h>

static struct keymap map;

static int set_up(void **state)
{
    keymap_defaults(&map);
    return 0;
}

static void keys_read_as_they_are_written(void **state)
{
    const char *s = "j gg ^D Space PgDn \" ` F12 é";
    const uint32_t first[] = {'j', 'g', 4, ' ', K_PGDN, '"', '`', K_F12, 0xE9};
    struct keyseq seq;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        assert_true(keyseq_next(&s, &seq, NULL));
        assert_int_equal(seq.key[0], first[i]);
        assert_int_equal(seq.count, i == 1 ? 2 : 1);
    }
    assert_false(keyseq_next(&s, &seq, NULL));
    enum status st;
    s = "abcd";
    assert_true(keyseq_next(&s, &seq, &st));
    assert_int_equal(st, ST_CONFIG);
}

static void names_read_back(void **state)
{
    for (int i = 0; i < map.count; i++) {
        char name[64];
        keyseq_name(name, sizeof name, &map.binding[i].seq);
        const char *s = name;
        struct keyseq seq;
        assert_true(keyseq_next(&s, &seq, NULL));
        assert_true(keyseq_same(&seq, &map.binding[i].seq));
    }
}

static void the_table_has_no_conflict(void **state)
{
    struct err e = {0};
    if (keymap_check(&map, &e) != ST_OK)
        fail_msg("%s", e.msg);
    for (int a = 1; a < ACT_COUNT_OF; a++) {
        const struct action_info *i = action_info((enum action)a);
        assert_int_equal(action_find(i->name), a);
        assert_true(i->keys[0] || i->kit_keys[0]);
        assert_true((i->keys[0] != 0) == (i->where != 0));
        assert_true(i->help[0]);
        assert_true((i->rank > 0) == (i->hint[0] != 0));
        assert_true(strlen(i->help) < 64 + 20);
    }
}

static void counts_and_prefixes_work(void **state)
{
    struct key_state s = {0};
    struct key_action a;
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'g', &a), KEY_MORE);
    struct key_next next[8];
    assert_int_equal(keymap_next(&map, SCREEN_LIBRARY, &s, next, 8), 1);
    assert_string_equal(next[0].key, "g");
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'g', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_TOP);
    /* # begins a count, 6 to 9 do at once, 1 to 5 rate */
    for (const char *k = "#12"; *k; k++)
        assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, (uint32_t)*k, &a),
                         KEY_MORE);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'j', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_DOWN);
    assert_int_equal(a.count, 12);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, '9', &a), KEY_MORE);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, '0', &a), KEY_MORE);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'k', &a), KEY_ACTION);
    assert_int_equal(a.count, 90);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, '3', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_RATE_3);
    /* an action that waits for its letter; Esc leaves */
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'c', &a), KEY_MORE);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'k', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_CLASSIFY);
    assert_int_equal(a.key, 'k');
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, '"', &a), KEY_MORE);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, K_ESC, &a), KEY_UNKNOWN);
    assert_false(key_state_pending(&s));
    /* the kit has its own meaning of a */
    assert_int_equal(keymap_feed(&map, SCREEN_KIT, &s, 'a', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_SLOT_1);
}

/* From row 20 of 50, ten of which are seen. */
static void counts_say_how_far(void **state)
{
    static const struct {
        enum action action;
        int count;
        long page, to;
    } moves[] = {
        {ACT_DOWN, 0, 10, 21},      {ACT_DOWN, 7, 10, 27},
        {ACT_DOWN, 99, 10, 49},     {ACT_UP, 0, 10, 19},
        {ACT_UP, 7, 10, 13},        {ACT_UP, 99, 10, 0},
        {ACT_HALF_DOWN, 0, 10, 25}, {ACT_HALF_DOWN, 3, 10, 35},
        {ACT_HALF_UP, 0, 10, 15},   {ACT_HALF_UP, 3, 10, 5},
        {ACT_PAGE_DOWN, 0, 10, 30}, {ACT_PAGE_DOWN, 2, 10, 40},
        {ACT_PAGE_UP, 0, 10, 10},   {ACT_PAGE_UP, 3, 10, 0},
        {ACT_TOP, 0, 10, 0},        {ACT_TOP, 7, 10, 6},
        {ACT_TOP, 99, 10, 49},      {ACT_BOTTOM, 0, 10, 49},
        {ACT_BOTTOM, 7, 10, 6},     {ACT_HALF_DOWN, 0, 1, 21},
        {ACT_PAGE_DOWN, 0, 0, 21}, /* hardly any screen */
        {ACT_HALF_UP, 0, -3, 19},   {ACT_PAGE_UP, 0, -3, 19},
        {ACT_ACCEPT, 3, 10, -1},
    };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        struct key_action a = {.action = moves[i].action, .count = moves[i].count};
        assert_int_equal(moved_row(&a, 20, 50, moves[i].page), moves[i].to);
        assert_true(moves[i].action == ACT_ACCEPT || moved_row(&a, 0, 0, 10) == 0);
    }
    static const int asked[][2] = {{0, 1}, {1, 1}, {7, 7}, {100, 100}, {1000000, 100}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        assert_int_equal(turns(&(struct key_action){.count = asked[i][0]}), asked[i][1]);
    assert_int_equal(come_round(3, 1, 4), 0);
    assert_int_equal(come_round(0, -1, 4), 3);
    assert_int_equal(come_round(1, -10, 4), 3);
}

static void key_files_rebind(void **state)
{
    struct err e;
    struct key_state s = {0};
    struct key_action a;
    const char *file = "# mine\naccept: y Enter\ndetail: \"\"\nkit.slot-1: 'z'\n";
    assert_int_equal(keymap_load(&map, file, "keys.yaml", &e), ST_OK);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'y', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_ACCEPT);
    assert_int_equal(keymap_feed(&map, SCREEN_LIBRARY, &s, 'a', &a), KEY_UNKNOWN);
    assert_int_equal(keymap_feed(&map, SCREEN_KIT, &s, 'z', &a), KEY_ACTION);
    assert_int_equal(a.action, ACT_SLOT_1);
    struct keymap before = map;
    static const char *const wrong[][2] = {
        {"accept: j\n", "keys.yaml: key j of down clashes with j of accept"},
        {"\nfly: j\n", "keys.yaml:2: there is no action 'fly'"},
        {"accept j\n", "keys.yaml:1: expected `action: keys`"},
        {"accept: abcd\n", "keys.yaml:1: abcd is not a key (Enter, Del, F5, ^X, gg)"},
        {"reject: x  Ctrl-X\n",
         "keys.yaml:1: Ctrl-X is not a key (Enter, Del, F5, ^X, gg)"},
        {"fill: y\n", "keys.yaml:1: fill is only on the kit screen: write kit.fill"},
        {"accept: y\n# also\naccept: Enter\n",
         "keys.yaml:3: accept already has keys in line 1"},
        {"kit.lock: y\nkit.lock:\n", "keys.yaml:2: kit.lock already has keys in line 1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(keymap_load(&map, wrong[i][0], "keys.yaml", &e), ST_CONFIG);
        assert_string_equal(e.msg, wrong[i][1]);
        assert_memory_equal(&before, &map, sizeof map);
    }
    assert_int_equal(keymap_load(&map, "accept: g\n", "k", &e),
                     ST_CONFIG); /* before gg */
    /* once for the lists and once for the kit is no twice */
    assert_int_equal(keymap_load(&map, "undo: u\nkit.undo: u\n", "k", &e), ST_OK);
}

/* A remark behind the keys, and a blank before the colon, as YAML has them. The key # is
 * the last of its line, or quoted. */
static void key_files_hold_remarks(void **state)
{
    struct err e;
    char keys[64];
    const char *file = "reject : y Del  # not x, it lies badly\n"
                       "accept: \"g\" # one\ntop: #\tnone\n"
                       "count: % #\nkit.lock:\t# none\n";
    assert_int_equal(keymap_load(&map, file, "keys.yaml", &e), ST_OK);
    const struct {
        enum screen on;
        enum action action;
        const char *keys;
    } is[] = {{SCREEN_LIBRARY, ACT_REJECT, "y Del"},
              {SCREEN_LIBRARY, ACT_ACCEPT, "g"},
              {SCREEN_LIBRARY, ACT_TOP, ""},
              {SCREEN_LIBRARY, ACT_COUNT, "% #"},
              {SCREEN_KIT, ACT_LOCK, ""}};
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        keymap_keys(&map, is[i].on, is[i].action, keys, sizeof keys);
        assert_string_equal(keys, is[i].keys);
    }
    assert_int_equal(keymap_load(&map, "count: \"# %\"\n", "keys.yaml", &e), ST_OK);
    keymap_keys(&map, SCREEN_LIBRARY, ACT_COUNT, keys, sizeof keys);
    assert_string_equal(keys, "# %");
}

/* What test_docs compares with the man page: no key begins a line of its own. */
static void no_key_is_taken_for_a_request(void **state)
{
    FREED char *text = manual_page();
    assert_non_null(text);
    assert_non_null(strstr(text, ".SS Decide\n.TP\n\\&\\fBa\\fR\n"));
    const char *line = strstr(text, ".SH KEYS\n");
    for (; strncmp(line, ".SH COMMANDS", 12) != 0; line += strcspn(line, "\n") + 1)
        assert_true(strncmp(line, ".T", 2) == 0 || strncmp(line, ".S", 2) == 0 ||
                    *line != '.');
}

/* --- prompt ----------------------------------------------------------------------------
 */

static void type(struct prompt *p, const char *keys)
{
    struct keyseq seq;
    while (keyseq_next(&keys, &seq, NULL))
        for (int i = 0; i < seq.count; i++)
            prompt_key(p, seq.key[i]);
}

static void lines_are_edited(void **state)
{
    struct prompt p;
    prompt_begin(&p, "grade>=B dur>1", NULL);
    type(&p, "^W");
    assert_string_equal(p.text, "grade>=B ");
    type(&p, "^A é ^E x");
    assert_string_equal(p.text, "égrade>=B x");
    type(&p, "Home Del Right Right BackSpace");
    assert_string_equal(p.text, "gade>=B x");
    type(&p, "^K");
    assert_string_equal(p.text, "g");
    type(&p, "^U ^W BackSpace ^D");
    assert_string_equal(p.text, "");
    assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_DONE);
    assert_int_equal(prompt_key(&p, K_ESC), PROMPT_CANCELLED);
    for (int i = 0; i < 2000; i++)
        prompt_key(&p, 0x65E5);
    assert_true(strlen(p.text) < PROMPT_BYTES);
    assert_int_equal(strlen(p.text) % 3, 0);
    /* nothing is done with half of what was entered */
    prompt_key(&p, 'x');
    assert_null(strchr(p.text, 'x'));
    assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_MOVED);
    prompt_key(&p, K_HOME);
    assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_MOVED);
    type(&p, "Del");
    assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_DONE);
}

static void history_goes_back_and_forth(void **state)
{
    static struct history h;
    char line[16];
    for (int i = 0; i < HISTORY_MAX + 10; i++) {
        snprintf(line, sizeof line, "line %d", i);
        history_add(&h, line);
        history_add(&h, line);
    }
    history_add(&h, "");
    assert_int_equal(h.count, HISTORY_MAX);
    struct prompt p;
    prompt_begin(&p, "now", &h);
    type(&p, "Up Up");
    assert_string_equal(p.text, "line 108");
    type(&p, "Down Down");
    assert_string_equal(p.text, "now");
    type(&p, "Down");
    assert_string_equal(p.text, "now");
}

static void completion_goes_round(void **state)
{
    struct prompt p;
    prompt_begin(&p, "so", NULL);
    assert_int_equal(prompt_key(&p, K_TAB), PROMPT_TAB);
    snprintf(p.completion[0], COMPLETION_BYTES, "sort");
    snprintf(p.completion[1], COMPLETION_BYTES, "sorrow");
    prompt_complete(&p, 2, 0);
    assert_string_equal(p.text, "sor");
    type(&p, "Tab");
    assert_string_equal(p.text, "sort");
    type(&p, "Tab");
    assert_string_equal(p.text, "sorrow");
    type(&p, "Tab BackTab");
    assert_string_equal(p.text, "sorrow");
    type(&p, "x");
    assert_string_equal(p.text, "sorrowx");
    assert_int_equal(prompt_key(&p, K_TAB), PROMPT_TAB);
    prompt_begin(&p, "mine ", NULL); /* letters are common, not bytes of them */
    snprintf(p.completion[0], COMPLETION_BYTES, "Tür");
    snprintf(p.completion[1], COMPLETION_BYTES, "Tö");
    prompt_complete(&p, 2, 5);
    assert_string_equal(p.text, "mine T");
    prompt_complete(&p, 2, 5);
    assert_string_equal(p.text, "mine Tür");
    prompt_begin(&p, "mine ", NULL);
    snprintf(p.completion[0], COMPLETION_BYTES, "über");
    snprintf(p.completion[1], COMPLETION_BYTES, "öl");
    prompt_complete(&p, 2, 5);
    assert_string_equal(p.text, "mine über"); /* nothing is: the first of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_read_as_they_are_written, set_up),
        cmocka_unit_test_setup(names_read_back, set_up),
        cmocka_unit_test_setup(the_table_has_no_conflict, set_up),
        cmocka_unit_test_setup(counts_and_prefixes_work, set_up),
        cmocka_unit_test(counts_say_how_far),
        cmocka_unit_test_setup(key_files_rebind, set_up),
        cmocka_unit_test_setup(key_files_hold_remarks, set_up),
        cmocka_unit_test_setup(no_key_is_taken_for_a_request, set_up),
        cmocka_unit_test(lines_are_edited),
        cmocka_unit_test(history_goes_back_and_forth),
        cmocka_unit_test(completion_goes_round),
    };
    return cmocka_run_group_tests_name("ui keys", tests, NULL, NULL);
}
