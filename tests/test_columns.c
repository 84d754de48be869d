/* Lists against a plain scan of what the catalog says: random filters over every column,
 * every order, after anything the user, a miner or another process did. */
#include "checks.h"
#include "core/rng.h"
#include "session_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const keys[] = {"", "C", "Am", "F#m", "Bb", "Ebm", "B", "Cb"};
static const int key_places[] = {0,  0, 19, 13,
                                 20, 7, 22, 22}; /* 2 × semitone, + 1 = minor */
static const char *const classes[] = {"", "kick", "snare", "hat_closed"};
static const char *const tones[] = {"", "dark", "mid", "bright"};

/* Finds with something in every column: eighths, so that a filter's text is exact. */
static void bring(struct session *s, struct rng *r, const char *stem, int n)
{
    struct catalog_source source;
    float *v;
    FREED struct candidate *c = make_finds(stem, n, &source, &v);
    for (int i = 0; i < n; i++) {
        for (int m = 0; m < ME_COUNT; m++)
            measures_set(&c[i].m, (enum measure_id)m,
                         rng_below(r, 5) ? (double)rng_below(r, 64) / 8 - 2
                                         : (double)NAN);
        snprintf(c[i].key, sizeof c[i].key, "%s", keys[rng_below(r, 8)]);
        snprintf(c[i].hit_class, sizeof c[i].hit_class, "%s", classes[rng_below(r, 4)]);
        snprintf(c[i].brightness, sizeof c[i].brightness, "%s", tones[rng_below(r, 4)]);
        if (rng_below(r, 2))
            parts_add(&c[i].parts, "drum", rng_below(r, 9) / 8.0);
    }
    assert_int_equal(session_add(s, &source, c, (size_t)n, v, NULL), ST_OK);
    assert_int_equal(session_keep_only(s, &source, c, (size_t)n, NULL), ST_OK);
    while (session_tidy(s))
        continue;
    session_announce(s);
    free(v);
}

/* --- what the catalog says -----------------------------------------------------------
 */

enum { FINDS_MOST = 600 };

struct known {
    struct catalog_find at[FINDS_MOST];
    const struct find *find[FINDS_MOST]; /* NULL: gone */
    size_t count;
};

static void read_all(struct session *s, struct known *k)
{
    k->count = session_count(s);
    assert_true(k->count <= FINDS_MOST);
    for (size_t i = 0; i < k->count; i++) {
        const struct find *f = session_find(s, i);
        k->find[i] = f->gone ? NULL : f;
        if (!f->gone)
            assert_int_equal(session_detail(s, i, &k->at[i], NULL), ST_OK);
    }
}

static int stack_size(const struct known *k, size_t i)
{
    int size = 0;
    for (size_t j = 0; j < k->count && k->find[i]->stack > 0; j++)
        size += k->find[j] && k->find[j]->stack == k->find[i]->stack;
    return size > 1 ? size : 1;
}

static bool in_kit(struct session *s, size_t i)
{
    const struct kit_state *kit = session_kit(s);
    bool in = false;
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        in = in || kit->slot[slot].index == (long)i;
    for (size_t n = 0; n < kit->extra_count; n++)
        in = in || kit->extra[n] == i;
    return in;
}

static double grade_of(const struct candidate *c)
{
    return c->grade == 'A' ? 3 : c->grade == 'B' ? 2 : c->grade == 'F' ? 1 : (double)NAN;
}

/* --- terms ---------------------------------------------------------------------------
 */

enum what {
    MEASURE,
    THERE,
    GRADE,
    RATING,
    STACK,
    DRUM,
    CLASS,
    KEY,
    TONE,
    CATEGORY,
    TYPE,
    NAME,
    SOURCE,
    STATE,
    WHATS
};
static const char *const states[] = {"accepted", "rejected", "undecided", "tagged",
                                     "rated",    "edited",   "kit",       "near-miss",
                                     "stacked",  "saved",    "picked"};

struct term {
    enum what what;
    bool negated;
    int which; /* measure, state, category … */
    const char *op, *word;
    double value;
};

static struct term any_term(struct rng *r)
{
    static const char *const ops[] = {"<", "<=", ">", ">="};
    static const char *const words[] = {"night", "drum", "pad0", "ate", "7"};
    struct term t = {.what = (enum what)rng_below(r, WHATS),
                     .negated = rng_below(r, 4) == 0,
                     .op = ops[rng_below(r, 4)],
                     .word = words[rng_below(r, 5)]};
    t.value = t.what == GRADE    ? 1 + rng_below(r, 3)
              : t.what == RATING ? rng_below(r, 6)
              : t.what == STACK  ? 1 + rng_below(r, 4)
              : t.what == DRUM   ? rng_below(r, 9) / 8.0
                                 : (double)rng_below(r, 64) / 8 - 2;
    t.which = (int)rng_below(r, t.what == MEASURE || t.what == THERE ? ME_COUNT
                                : t.what == STATE                    ? 11
                                : t.what == CATEGORY                 ? CAT_COUNT
                                                                     : 3) +
              (t.what == CLASS || t.what == KEY || t.what == TONE);
    return t;
}

static void write_term(const struct term *t, char *to, size_t size)
{
    char value[40];
    const char *no = t->negated ? "!" : "";
    static const char *const words[WHATS] = {
        [MEASURE] = "",    [THERE] = "has",    [GRADE] = "grade", [RATING] = "rating",
        [STACK] = "stack", [DRUM] = "drum",    [CLASS] = "class", [KEY] = "key",
        [TONE] = "bright", [CATEGORY] = "cat", [TYPE] = "type",   [NAME] = "name",
        [SOURCE] = "src",  [STATE] = "is"};
    const char *field =
        t->what == MEASURE ? measure_table[t->which].column : words[t->what];
    snprintf(value, sizeof value, "%.17g", t->value);
    if (t->what == GRADE)
        snprintf(value, sizeof value, "%c", " FBA"[(int)t->value]);
    if (t->what == MEASURE || (t->what >= GRADE && t->what <= DRUM))
        snprintf(to, size, "%s%s%s%s", no, field, t->op, value);
    else
        snprintf(to, size, "%s%s:%s", no, field,
                 t->what == THERE      ? measure_table[t->which].column
                 : t->what == CLASS    ? classes[t->which]
                 : t->what == KEY      ? keys[t->which]
                 : t->what == TONE     ? tones[t->which]
                 : t->what == CATEGORY ? category_folder((enum category)t->which)
                 : t->what == TYPE     ? (t->which ? "drum" : "pad")
                 : t->what == STATE    ? states[t->which]
                                       : t->word);
}

static bool compares(double x, const struct term *t)
{
    bool more = t->op[0] == '>', equal = t->op[1] == '=';
    return (more ? x > t->value : x < t->value) ||
           (equal && !(x > t->value || x < t->value) && !isnan(x));
}

static bool is_so(struct session *s, const struct known *k, size_t i, const char *state)
{
    const struct catalog_find *d = &k->at[i];
    switch (state[0] == 'r' ? state[1] : state[0]) {
    case 'a':
        return state[1] == 'c' ? d->c.decision == DECISION_ACCEPTED : d->c.rating > 0;
    case 'e':
        return state[0] == 'r' ? d->c.decision == DECISION_REJECTED : d->edited;
    case 'u':
        return d->c.decision == DECISION_NONE;
    case 't':
        return d->tagged;
    case 'k':
        return in_kit(s, i);
    case 'p':
        return d->picked;
    case 'n':
        return d->c.missed_by[0] != '\0';
    default:
        return state[1] == 't' ? stack_size(k, i) > 1 : d->c.saved;
    }
}

static bool holds(struct session *s, const struct known *k, size_t i,
                  const struct term *t)
{
    const struct catalog_find *d = &k->at[i];
    switch (t->what) {
    case MEASURE:
        return compares(measures_get(&d->c.m, (enum measure_id)t->which), t);
    case THERE:
        return !isnan(measures_get(&d->c.m, (enum measure_id)t->which));
    case GRADE:
        return compares(grade_of(&d->c), t);
    case RATING:
        return compares(d->c.rating, t);
    case STACK:
        return compares(stack_size(k, i), t);
    case DRUM:
        return compares(parts_value(&d->c.parts, "drum"), t);
    case CLASS:
        return strstr(d->c.hit_class, classes[t->which]) != NULL;
    case KEY:
        return strcasecmp(d->c.key, keys[t->which]) == 0;
    case TONE:
        return strcmp(d->c.brightness, tones[t->which]) == 0;
    case CATEGORY:
        return (int)d->category == t->which;
    case TYPE:
        return d->c.kind == (t->which ? KIND_DRUM : KIND_PAD);
    case SOURCE:
        return strstr(d->c.source, t->word) != NULL;
    case STATE:
        return is_so(s, k, i, states[t->which]);
    default: { /* the name ends before its dot */
        char name[sizeof d->c.filename];
        memcpy(name, d->c.filename, sizeof name);
        *strrchr(name, '.') = '\0';
        return strstr(name, t->word) != NULL;
    }
    }
}

/* One to three terms: a, a b, a|b, a b|c. */
struct wish {
    struct term term[3];
    int count;
    bool either;
    char text[200];
};

static void any_wish(struct rng *r, struct wish *w)
{
    char text[3][64];
    w->count = 1 + (int)rng_below(r, 3);
    w->either = rng_below(r, 2);
    for (int i = 0; i < w->count; i++) {
        w->term[i] = any_term(r);
        write_term(&w->term[i], text[i], sizeof text[i]);
    }
    snprintf(w->text, sizeof w->text, "%s%s%s%s%s", text[0],
             w->count == 1                ? ""
             : w->count == 2 && w->either ? "|"
                                          : " ",
             w->count > 1 ? text[1] : "", w->count > 2 ? "|" : "",
             w->count > 2 ? text[2] : "");
}

static bool granted(struct session *s, const struct known *k, size_t i,
                    const struct wish *w)
{
    bool is[3] = {false};
    for (int n = 0; n < w->count; n++)
        is[n] = holds(s, k, i, &w->term[n]) != w->term[n].negated;
    return w->count == 1                ? is[0]
           : w->count == 2 && w->either ? is[0] || is[1]
           : w->count == 2              ? is[0] && is[1]
                                        : (is[0] && is[1]) || is[2];
}

/* --- orders --------------------------------------------------------------------------
 */

static double standing(const struct known *k, size_t i)
{
    size_t better = 0, all = 0;
    double score = k->at[i].c.m.score;
    for (size_t j = 0; j < k->count; j++)
        if (k->find[j] && k->at[j].c.kind == k->at[i].c.kind &&
            !isnan(k->at[j].c.m.score)) {
            all++;
            better += k->at[j].c.m.score > score;
        }
    return isnan(score) ? score
                        : (double)(float)(1 - ((double)better + 0.5) / (double)all);
}

static double place_by_name(const struct known *k, size_t i)
{
    size_t before = 0;
    for (size_t j = 0; j < k->count; j++)
        before += k->find[j] && strcmp(k->at[j].c.filename, k->at[i].c.filename) < 0;
    return (double)before;
}

static double number(const struct view *v, const struct known *k, size_t i)
{
    const struct candidate *c = &k->at[i].c;
    switch (view_order(v)) {
    case ORDER_FOUND:
        return (double)i;
    case ORDER_NAME:
        return place_by_name(k, i);
    case ORDER_SOURCE:
        return k->find[i]->source;
    case ORDER_GRADE:
        return grade_of(c);
    case ORDER_RATING:
        return c->rating;
    case ORDER_DECISION:
        return c->decision == DECISION_ACCEPTED ? 0
               : c->decision == DECISION_NONE   ? 1
                                                : 2;
    case ORDER_KEY:
        for (int n = 1; n < 8; n++)
            if (strcmp(c->key, keys[n]) == 0)
                return key_places[n];
        return (double)NAN;
    case ORDER_CLASS: /* theirs differ in the first letter */
        return c->hit_class[0] ? c->hit_class[0] : (double)NAN;
    case ORDER_DRUM:
        return parts_value(&c->parts, "drum");
    case ORDER_STACK:
        return stack_size(k, i);
    default:
        return view_by_standing(v)
                   ? standing(k, i)
                   : measures_get(&c->m,
                                  (enum measure_id)(view_order(v) - ORDER_MEASURE));
    }
}

struct row {
    double number;
    size_t find;
};

static bool descending;

static int by_number(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (isnan(x->number) != isnan(y->number))
        return isnan(x->number) ? 1 : -1;
    if (x->number < y->number || x->number > y->number)
        return (x->number < y->number) == descending ? 1 : -1;
    return x->find < y->find ? -1 : x->find > y->find;
}

static double score_of(const struct known *k, size_t i)
{
    return isnan(k->at[i].c.m.score) ? -1e9 : k->at[i].c.m.score;
}

/* Does it stand for their stack rather than the other? */
static bool is_before(const struct known *k, size_t a, size_t b)
{
    bool kept = k->at[a].c.decision == DECISION_ACCEPTED;
    if (kept != (k->at[b].c.decision == DECISION_ACCEPTED))
        return kept;
    if (score_of(k, a) > score_of(k, b) || score_of(k, a) < score_of(k, b))
        return score_of(k, a) > score_of(k, b);
    return a < b;
}

/* Of a stack only its best row, of accepted ones if there are any. */
static size_t one_of_each(const struct known *k, const struct row *rows, size_t n,
                          struct row *kept)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t a = rows[i].find;
        bool best = true;
        for (size_t j = 0; j < n && k->find[a]->stack > 0; j++) {
            size_t b = rows[j].find;
            best = best && (k->find[b]->stack != k->find[a]->stack || a == b ||
                            is_before(k, a, b));
        }
        if (best)
            kept[n_kept++] = rows[i];
    }
    return n_kept;
}

static void assert_is_plain_scan(struct session *s, struct view *v, const struct wish *w,
                                 struct known *k)
{
    static struct row rows[FINDS_MOST], kept[FINDS_MOST];
    size_t n = 0;
    read_all(s, k);
    for (size_t i = 0; i < k->count; i++) {
        if (!k->find[i])
            continue;
        const struct catalog_find *d = &k->at[i];
        bool missed = d->c.missed_by[0] != '\0';
        bool in = !missed || d->c.decision == DECISION_ACCEPTED;
        enum view_scope scope = view_scope(v);
        if (scope == SCOPE_BEST_OF)
            in = d->c.decision == DECISION_ACCEPTED ||
                 (d->picked && d->c.decision != DECISION_REJECTED);
        else if (scope == SCOPE_NEAR_MISSES)
            in = missed;
        else if (scope >= SCOPE_CATEGORY)
            in = in && (int)d->category == (int)scope - SCOPE_CATEGORY;
        if (in && granted(s, k, i, w))
            rows[n++] = (struct row){0, i};
    }
    n = one_of_each(k, rows, n, kept);
    for (size_t i = 0; i < n; i++)
        kept[i].number = number(v, k, kept[i].find);
    descending = view_descending(v);
    qsort(kept, n, sizeof *kept, by_number);
    if (view_count(v) != n)
        fail_msg("%s: %zu rows, not %zu", w->text, view_count(v), n);
    for (size_t i = 0; i < n; i++)
        if (view_at(v, i) != kept[i].find)
            fail_msg("%s by %s: row %zu is %zu, not %zu", w->text,
                     view_order_name(view_order(v)), i, view_at(v, i), kept[i].find);
}

static void another_was_here(const struct place *p, struct rng *r)
{
    OWN(session) *other = open_session(p);
    act_at_random(other, r);
    bring(other, r, "elsewhere", 20 + (int)rng_below(r, 20));
}

static void test_lists_are_a_plain_scan(void **state)
{
    OWN(session) *s = open_session(*state);
    struct rng r = rng_derive(11, 0, "columns", 0);
    FREED struct known *k = calloc(1, sizeof *k);
    FREED struct wish *w = calloc(1, sizeof *w);
    struct view *v;
    bring(s, &r, "night", 70);
    bring(s, &r, "late", 40);
    assert_int_equal(view_new(&v, s, NULL), ST_OK); /* stacks closed */
    for (int i = 0; i < 600; i++) {
        if (i % 2 == 0) {
            int order = (int)rng_below(&r, ORDER_MEASURE + ME_COUNT);
            any_wish(&r, w);
            if (view_set_filter(v, w->text, NULL) != FILTER_OK)
                fail_msg("%s is no filter", w->text);
            view_set_order(v, order == ORDER_SIMILAR ? ORDER_NAME : order,
                           rng_below(&r, 2));
            view_set_scope(v, rng_below(&r, 2)
                                  ? SCOPE_ALL
                                  : (enum view_scope)rng_below(&r, SCOPE_CATEGORY + 1));
        }
        act_at_random(s, &r);
        if (i % 100 == 50) /* mined anew: more, or fewer, and other numbers */
            bring(s, &r, i % 200 == 50 ? "night" : "late", 30 + (int)rng_below(&r, 60));
        if (i % 150 == 120) {
            another_was_here(*state, &r);
            assert_true(take_news(s));
        }
        assert_is_plain_scan(s, v, w, k);
    }
    view_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(test_lists_are_a_plain_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
