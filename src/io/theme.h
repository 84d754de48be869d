/* theme: what every role looks like, for terminals with 256, 16 or no colours. No curses
 * here: colours are numbers of the xterm palette, attributes are bits.
 *
 * A theme file (YAML):
 *     name: mine
 *     extends: dusk          # another theme, laid under this one
 *     roles:
 *       text: {fg: 252}      # 0–255, a name (red, bright blue, default …) or "#rrggbb"
 *       cursor: {fg: black, bg: 180, bold: true}
 *       warning: {fg: 214, fg16: bright yellow}   # fg16, bg16: chosen for 16 colours
 *     spectrum: [236, 238, 95, 131, 173, 180, 223]   # here, or among the roles
 * Roles that a theme does not give are as in its base, else derived from `text`.
 * Thread: a theme is a plain value. */
#ifndef TROWEL_IO_THEME_H
#define TROWEL_IO_THEME_H

#include "core/status.h"

#include <stddef.h>

enum { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_REVERSE = 4, ATTR_UNDERLINE = 8 };

enum role {
#define ROLE(id, name, attributes, help) ROLE_##id,
#include "io/theme_roles.def"
#undef ROLE
    ROLE_COUNT
};

/* One look. A colour of -1 is the terminal's own. */
struct look {
    short fg, bg;
    unsigned attributes;
};

enum { THEME_SPECTRUM_MAX = 32, THEME_NAME_BYTES = 48 };
enum theme_depth { THEME_256, THEME_16, THEME_MONO, THEME_DEPTHS };

struct theme {
    char name[THEME_NAME_BYTES];
    struct look look[THEME_DEPTHS][ROLE_COUNT]; /* all worked out on loading */
    int spectrum_count; /* colours of the ramp, low to high, for THEME_256 */
    short spectrum[THEME_SPECTRUM_MAX];
};

/* How ink looks on a ground. The cursor's and the sounding step's ground show all inks in
 * their own, which may have the ground's very colour. */
struct look theme_over(const struct theme *t, enum theme_depth depth, enum role ink,
                       enum role ground);

/* The built-in look, for when no theme file can be found: the terminal's own colours. */
void theme_builtin(struct theme *t);

/* Load a theme file. `extends` and `names` are looked for as NAME.yaml in the file's own
 * folder, then in each of `folders` (a:b:c, may be NULL). Unknown roles and keys, wrong
 * values, cycles: ST_CONFIG with file:line and what was expected. ST_NOT_FOUND,
 * ST_UNREADABLE. */
enum status theme_load(struct theme *t, const char *path, const char *folders,
                       struct err *e);
/* From memory, without `extends` (which is then ST_CONFIG). */
enum status theme_parse(struct theme *t, const char *text, size_t n, const char *name,
                        struct err *e);

/* Nearest of the 256 xterm colours (16–255) to a colour, and nearest of the first 16 to
 * one of the 256. */
int theme_nearest_256(int r, int g, int b);
int theme_nearest_16(int colour);
/* The red, green and blue (0–255) of an xterm colour. */
void theme_rgb(int colour, int *r, int *g, int *b);

#endif
