#include "core/kit_origin.h"

#include "io/manifest.h"
#include "io/paths.h"

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

static int by_find(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    int order = strcmp(x->source, y->source);
    return order != 0 ? order : strcmp(x->filename, y->filename);
}

bool kit_is_from(const char *folder, const char *project)
{
    struct candidate *kit, *finds;
    size_t in_kit = rows_of(folder, &kit), found = rows_of(project, &finds);
    bool from = false;
    if (found > 0)
        qsort(finds, found, sizeof *finds, by_find);
    for (size_t i = 0; i < in_kit && found > 0 && !from; i++)
        from = bsearch(&kit[i], finds, found, sizeof *finds, by_find) != NULL;
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
