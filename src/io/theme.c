#include "io/theme.h"

#include "io/paths.h"
#include "io/text.h"
#include "io/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THEME_BYTES = 256 * 1024, MAX_EXTENDS = 8 };
enum { A_B = ATTR_BOLD, A_D = ATTR_DIM, A_R = ATTR_REVERSE, A_U = ATTR_UNDERLINE };

static const struct {
    const char *name;
    unsigned attributes;
} roles[ROLE_COUNT] = {
#define ROLE(id, name, attributes, help) [ROLE_##id] = {name, attributes},
#include "io/theme_roles.def"
#undef ROLE
};

static int role_find(const char *name)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strcmp(roles[i].name, name) == 0)
            return i;
    return -1;
}

struct look theme_over(const struct theme *t, enum theme_depth depth, enum role ink,
                       enum role ground)
{
    struct look look = t->look[depth][ink], below = t->look[depth][ground];
    if (ground == ROLE_TEXT)
        return look;
    bool turned = below.attributes & ATTR_REVERSE; /* one colour, not each ink's */
    bool whole = ground == ROLE_CURSOR || ground == ROLE_STEP_NOW;
    if (whole && (below.fg >= 0 || turned))
        return below;
    look.bg = below.bg;
    look.attributes |= below.attributes;
    return look;
}

/* What the files say, before the depths are worked out. */
enum { UNSET = -2, OWN = -1 }; /* not given; the terminal's own */
struct spec {
    bool given;
    short fg, bg, fg16, bg16;
    unsigned attributes;
};
struct draft {
    char name[THEME_NAME_BYTES];
    struct spec role[ROLE_COUNT];
    int spectrum_count;
    short spectrum[THEME_SPECTRUM_MAX];
};

struct parsing {
    struct draft *draft;
    const char *name; /* of the file, for messages */
    struct err *e;
};

static enum status wrong(const struct parsing *p, int line, const char *what,
                         const char *value, const char *expected)
{
    return err_set(p->e, ST_CONFIG, "%s:%d: %s is %.60s; expected %s", p->name, line,
                   what, value, expected);
}

/* --- colours --- */

static bool hex_colour(const char *text, short *colour)
{
    if (strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    int rgb = (int)strtol(text + 1, NULL, 16);
    *colour = (short)theme_nearest_256(rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff);
    return true;
}

static bool named_colour(const char *text, short *colour)
{
    static const char *const names[] = {"black", "red",     "green", "yellow",
                                        "blue",  "magenta", "cyan",  "white"};
    bool bright = strncmp(text, "bright ", 7) == 0;
    for (short i = 0; i < 8; i++)
        if (strcmp(text + (bright ? 7 : 0), names[i]) == 0) {
            *colour = (short)(i + (bright ? 8 : 0));
            return true;
        }
    return false;
}

static bool read_colour(const struct yaml_node *n, short *colour)
{
    long long number;
    if (n->kind != YAML_SCALAR)
        return false;
    if (n->text[0] == '#')
        return hex_colour(n->text, colour);
    if (strcmp(n->text, "default") == 0) {
        *colour = OWN;
        return true;
    }
    if (yaml_whole(n, &number)) {
        *colour = (short)number;
        return number >= 0 && number <= 255;
    }
    return named_colour(n->text, colour);
}

static const char expected_colour[] =
    "a colour: 0 to 255, a name such as red or bright blue, default, or \"#rrggbb\"";

/* --- a role --- */

static enum status parse_attribute(const struct parsing *p, struct spec *s,
                                   const struct yaml_node *n)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"bold", ATTR_BOLD},
                 {"dim", ATTR_DIM},
                 {"reverse", ATTR_REVERSE},
                 {"underline", ATTR_UNDERLINE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool on;
        if (strcmp(n->key, names[i].name) != 0)
            continue;
        if (!yaml_bool(n, &on))
            return wrong(p, n->line, n->key, yaml_shown(n), "true or false");
        s->attributes = on ? s->attributes | names[i].bit : s->attributes & ~names[i].bit;
        return ST_OK;
    }
    return err_set(p->e, ST_CONFIG,
                   "%s:%d: unknown key %.60s; expected fg, bg, fg16, bg16, bold, dim, "
                   "reverse or underline",
                   p->name, n->key_line, n->key);
}

static enum status parse_role(const struct parsing *p, const struct yaml_node *node)
{
    int index = role_find(node->key);
    if (index < 0)
        return err_set(p->e, ST_CONFIG, "%s:%d: there is no role %.60s", p->name,
                       node->key_line, node->key);
    if (node->kind != YAML_MAP)
        return wrong(p, node->line, node->key, yaml_shown(node),
                     "a mapping such as {fg: 252}");
    struct spec s = {true, UNSET, UNSET, UNSET, UNSET, 0};
    for (const struct yaml_node *n = node->child; n; n = n->next) {
        short *colour = strcmp(n->key, "fg") == 0     ? &s.fg
                        : strcmp(n->key, "bg") == 0   ? &s.bg
                        : strcmp(n->key, "fg16") == 0 ? &s.fg16
                        : strcmp(n->key, "bg16") == 0 ? &s.bg16
                                                      : NULL;
        if (!colour) {
            enum status st = parse_attribute(p, &s, n);
            if (st)
                return st;
        } else if (!read_colour(n, colour)) {
            return wrong(p, n->line, n->key, yaml_shown(n), expected_colour);
        } else if (n->key[2] == '1' && *colour > 15) {
            return wrong(p, n->line, n->key, yaml_shown(n),
                         "one of the first 16 colours");
        }
    }
    p->draft->role[index] = s;
    return ST_OK;
}

static enum status parse_spectrum(const struct parsing *p, const struct yaml_node *node)
{
    if (node->kind != YAML_LIST || node->count < 2 || node->count > THEME_SPECTRUM_MAX)
        return wrong(p, node->line, "spectrum", yaml_shown(node),
                     "a list of 2 to 32 colours");
    int count = 0;
    for (const struct yaml_node *n = node->child; n; n = n->next)
        if (!read_colour(n, &p->draft->spectrum[count++]))
            return wrong(p, n->line, "a colour of spectrum", yaml_shown(n),
                         expected_colour);
    p->draft->spectrum_count = count;
    return ST_OK;
}

static enum status parse_roles(const struct parsing *p, const struct yaml_node *node)
{
    if (node->kind != YAML_MAP)
        return wrong(p, node->line, "roles", yaml_shown(node), "a mapping of roles");
    for (const struct yaml_node *n = node->child; n; n = n->next) {
        enum status st =
            strcmp(n->key, "spectrum") == 0 ? parse_spectrum(p, n) : parse_role(p, n);
        if (st)
            return st;
    }
    return ST_OK;
}

static enum status parse_root(const struct parsing *p, const struct yaml_node *root)
{
    if (root->kind != YAML_MAP)
        return wrong(p, root->line, "the theme", yaml_shown(root),
                     "name, roles and spectrum");
    for (const struct yaml_node *n = root->child; n; n = n->next) {
        enum status st = ST_OK;
        if (strcmp(n->key, "name") == 0 || strcmp(n->key, "extends") == 0) {
            if (n->kind != YAML_SCALAR || strlen(n->text) >= THEME_NAME_BYTES ||
                path_check_name(n->text, "theme name", NULL))
                st = wrong(p, n->line, n->key, yaml_shown(n), "a short plain name");
            else if (n->key[0] == 'n')
                strcpy(p->draft->name, n->text);
        } else if (strcmp(n->key, "roles") == 0) {
            st = parse_roles(p, n);
        } else if (strcmp(n->key, "spectrum") == 0) {
            st = parse_spectrum(p, n);
        } else {
            st = err_set(p->e, ST_CONFIG,
                         "%s:%d: unknown key %.60s; expected name, extends, roles or "
                         "spectrum",
                         p->name, n->key_line, n->key);
        }
        if (st)
            return st;
    }
    return ST_OK;
}

/* --- working out the depths --- */

static short down_to_16(short colour)
{
    return colour < 0 ? colour : (short)theme_nearest_16(colour);
}

static short first_of(short a, short b)
{
    return a != UNSET ? a : b;
}

/* Roles that are not given look like text, with what tells them apart without colour. */
static void work_out(struct theme *t, const struct draft *d)
{
    const struct spec *text = &d->role[ROLE_TEXT];
    short fg = text->given ? first_of(text->fg, OWN) : OWN;
    short bg = text->given ? first_of(text->bg, OWN) : OWN;
    short fg16 = first_of(text->given ? text->fg16 : UNSET, down_to_16(fg));
    short bg16 = first_of(text->given ? text->bg16 : UNSET, down_to_16(bg));
    memcpy(t->name, d->name, sizeof t->name);
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct spec s = d->role[i];
        if (!s.given)
            s = (struct spec){true, fg, bg, fg16, bg16, roles[i].attributes};
        struct look *full = &t->look[THEME_256][i], *few = &t->look[THEME_16][i];
        *full = (struct look){first_of(s.fg, fg), first_of(s.bg, bg), s.attributes};
        *few = (struct look){first_of(s.fg16, s.fg != UNSET ? down_to_16(s.fg) : fg16),
                             first_of(s.bg16, s.bg != UNSET ? down_to_16(s.bg) : bg16),
                             s.attributes};
        /* Two colours that fall together would hide the text. */
        if (few->fg == few->bg && few->fg != OWN)
            few->fg = theme_nearest_16(few->bg) == 0 ? 7 : 0;
        t->look[THEME_MONO][i] = (struct look){OWN, OWN, roles[i].attributes};
    }
    t->spectrum_count = d->spectrum_count;
    memcpy(t->spectrum, d->spectrum, sizeof t->spectrum);
}

static void empty_draft(struct draft *d)
{
    static const short ramp[] = {8, 4, 6, 2, 3, 11, 15};
    memset(d, 0, sizeof *d);
    strcpy(d->name, "builtin");
    d->spectrum_count = (int)(sizeof ramp / sizeof *ramp);
    memcpy(d->spectrum, ramp, sizeof ramp);
}

void theme_builtin(struct theme *t)
{
    struct draft d;
    empty_draft(&d);
    work_out(t, &d);
}

/* --- files --- */

static enum status read_tree(struct yaml **y, const char *text, size_t n,
                             const char *name, struct err *e)
{
    struct err broken;
    enum status st = yaml_read(y, text, n, name, &broken);
    return st ? err_set(e, st == ST_CORRUPT ? ST_CONFIG : st, "%s", broken.msg) : ST_OK;
}

enum status theme_parse(struct theme *t, const char *text, size_t n, const char *name,
                        struct err *e)
{
    struct draft d;
    struct yaml *y;
    struct parsing p = {&d, name, e};
    empty_draft(&d);
    enum status st = read_tree(&y, text, n, name, e);
    if (st)
        return st;
    const struct yaml_node *base = yaml_get(yaml_root(y), "extends");
    st = base ? err_set(e, ST_CONFIG, "%s:%d: extends needs a theme in a file", name,
                        base->line)
              : parse_root(&p, yaml_root(y));
    yaml_tree_free(y);
    if (!st)
        work_out(t, &d);
    return st;
}

/* Where a base theme lies: beside `path`, else in one of `folders`. A file of the same
 * name as its base is laid over the next one. */
static bool find_base(char *out, size_t size, const char *path, const char *folders,
                      const char *name)
{
    char place[PATH_BYTES], file[THEME_NAME_BYTES + 8];
    snprintf(place, sizeof place, "%.*s", (int)(path_base(path) - path), path);
    snprintf(file, sizeof file, "%.*s.yaml", THEME_NAME_BYTES, name);
    int next = 0;
    do {
        if (path_join(out, size, place, file, NULL) == ST_OK && strcmp(out, path) != 0 &&
            access(out, R_OK) == 0)
            return true;
    } while (text_part(place, sizeof place, folders, ':', next++));
    return false;
}

static enum status load_over(struct draft *d, const char *path, const char *folders,
                             int depth, struct err *e)
{
    char *text, base_path[PATH_BYTES];
    size_t n;
    struct yaml *y;
    enum status st = path_read_file(path, MAX_THEME_BYTES, &text, &n, e);
    if (st)
        return st;
    const char *name = path_base(path); /* what is wrong stands on one line of a screen */
    st = read_tree(&y, text, n, name, e);
    free(text);
    if (st)
        return st;
    struct parsing p = {d, name, e};
    const struct yaml_node *base = yaml_get(yaml_root(y), "extends");
    if (base && (base->kind != YAML_SCALAR || path_check_name(base->text, "", NULL)))
        st = wrong(&p, base->line, "extends", yaml_shown(base), "the name of a theme");
    else if (base && depth == 0)
        st = err_set(e, ST_CONFIG, "%s:%d: themes extend one another in a circle", name,
                     base->line);
    else if (base && !find_base(base_path, sizeof base_path, path, folders, base->text))
        st = err_set(e, ST_CONFIG, "%s:%d: there is no theme %.60s to extend", name,
                     base->line, base->text);
    else if (base)
        st = load_over(d, base_path, folders, depth - 1, e);
    /* unless it has a name of its own; that of its base it has not */
    snprintf(d->name, sizeof d->name, "%.*s", (int)path_stem(name), name);
    if (!st)
        st = parse_root(&p, yaml_root(y));
    yaml_tree_free(y);
    return st;
}

enum status theme_load(struct theme *t, const char *path, const char *folders,
                       struct err *e)
{
    struct draft d;
    empty_draft(&d);
    enum status st = load_over(&d, path, folders, MAX_EXTENDS, e);
    if (!st)
        work_out(t, &d);
    return st;
}
