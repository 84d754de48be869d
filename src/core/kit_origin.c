#include "core/kit_origin.h"

#include "io/manifest.h"
#include "io/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A kit's manifest has the columns that tell a find, among its own. */
static size_t rows_of(const char *folder, struct candidate **rows)
{
    char path[PATH_BYTES];
    size_t count = 0;
    *rows = NULL;
    if (path_join(path, sizeof path, folder, "manifest.csv", NULL) != ST_OK ||
        manifest_read(path, rows, &count, NULL) != ST_OK)
        return 0;
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

bool kit_is_from(const char *folder, const char *project)
{
    struct candidate *kit, *finds;
    size_t in_kit = rows_of(folder, &kit), found = rows_of(project, &finds);
    bool from = false;
    in_kit = keep_places(kit, in_kit);
    found = keep_places(finds, found);
    if (found > 0)
        qsort(finds, found, sizeof *finds, by_place);
    for (size_t i = 0; i < in_kit && found > 0 && !from; i++)
        from = bsearch(&kit[i], finds, found, sizeof *finds, by_place) != NULL;
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
