#include "core/kit_origin.h"

#include "core/catalog.h"
#include "io/manifest.h"
#include "io/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A kit's manifest has the columns that tell a find, among its own. */
static size_t rows_of(const char *folder, struct candidate **rows)
{
    size_t count;
    manifest_read_in(folder, "manifest.csv", rows, &count, NULL);
    return count;
}

static int by_number(double x, double y)
{
    return x < y ? -1 : x > y;
}

/* Recorders number what they record, and so do the names of hits: the place in the
 * recording tells one 1.wav from another. */
static int by_place(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    int order = strcmp(x->source, y->source);
    order = order != 0 ? order : by_number(x->m.start_sec, y->m.start_sec);
    return order != 0 ? order : by_number(x->m.end_sec, y->m.end_sec);
}

/* Only those whose place is known. */
static size_t keep_places(struct candidate *rows, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(rows[i].m.start_sec) && !isnan(rows[i].m.end_sec))
            rows[kept++] = rows[i];
    return kept;
}

static bool has_place(const struct candidate *finds, size_t found,
                      const struct candidate *kit, size_t in_kit)
{
    for (size_t i = 0; i < in_kit && found > 0; i++)
        if (bsearch(&kit[i], finds, found, sizeof *finds, by_place))
            return true;
    return false;
}

struct cut_rows {
    const struct candidate *row;
    size_t count;
    bool found;
};

/* A find that is cut anew has another place in the kit, and another one again in the
 * next. Its name tells, which a best-of set adds "_edit" to, and that the two overlap. */
static bool compare_cut(void *user, const struct catalog_find *f)
{
    struct cut_rows *r = user;
    const struct candidate *c = &f->c;
    size_t stem = path_stem(c->filename);
    bool cut = f->edited || !c->saved || c->missed_by[0];
    for (size_t i = 0; cut && i < r->count && !r->found; i++) {
        const struct candidate *row = &r->row[i];
        r->found = row->kind == c->kind && strcmp(row->source, c->source) == 0 &&
                   strncmp(row->filename, c->filename, stem) == 0 &&
                   row->m.start_sec < c->m.end_sec && c->m.start_sec < row->m.end_sec;
    }
    return !r->found;
}

static bool has_cut(const char *project, const struct candidate *kit, size_t in_kit)
{
    char path[PATH_BYTES];
    struct catalog *catalog;
    struct cut_rows rows = {kit, in_kit, false};
    if (in_kit == 0 ||
        path_join(path, sizeof path, project, "catalog.db", NULL) != ST_OK ||
        catalog_open(&catalog, path, CATALOG_READ, NULL) != ST_OK)
        return false;
    catalog_each(catalog, compare_cut, &rows, NULL);
    catalog_close(catalog);
    return rows.found;
}

bool kit_is_from(const char *folder, const char *project)
{
    struct candidate *kit, *finds;
    size_t in_kit = rows_of(folder, &kit), found = rows_of(project, &finds);
    in_kit = keep_places(kit, in_kit);
    found = keep_places(finds, found);
    if (found > 0)
        qsort(finds, found, sizeof *finds, by_place);
    bool from = has_place(finds, found, kit, in_kit) || has_cut(project, kit, in_kit);
    free(kit);
    free(finds);
    return from;
}

bool kit_is_of_recordings(const char *folder, const char *input)
{
    struct candidate *kit;
    size_t count = rows_of(folder, &kit);
    bool one = path_is_file(input), of = false;
    for (size_t i = 0; i < count && !of; i++) {
        const char *path = kit[i].source_path;
        of = path[0] &&
             (one ? strcmp(path, path_base(input)) == 0 : path_has(input, path));
    }
    free(kit);
    return of;
}
