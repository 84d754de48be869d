/* --force, and after a kill: taking away what trowel itself wrote, and nothing else. */
#include "core/project.h"

#include "core/project_list.h"
#include "io/manifest.h"
#include "io/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that was changed since is the user's now: it stays where it is. */
static enum status remove_written(const struct project *p, const struct candidate *c,
                                  const struct log *log, struct err *e)
{
    char relative[PATH_BYTES];
    bool same;
    if (!c->saved || !c->sha256[0])
        return ST_OK;
    project_find_path(p, c, relative);
    if (!root_exists(&p->root, relative))
        return ST_OK;
    enum status st = sha256_matches(&p->root, relative, c->sha256, &same, e);
    if (st == ST_OK && same)
        return root_remove(&p->root, relative, e);
    if (st == ST_OK)
        log_write(log, LOG_WARNING, "%s/%s was changed since it was written and stays",
                  p->root.path, relative);
    return st;
}

static enum status remove_recorded(const struct project *p, const char *stem,
                                   const struct log *log, struct err *e)
{
    char relative[PATH_BYTES];
    struct candidate *rows;
    size_t count;
    enum status st = ST_OK;
    project_hidden(relative, stem, ".record");
    if (manifest_read_in(p->root.path, relative, &rows, &count, NULL) != ST_OK)
        return ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++)
        st = remove_written(p, &rows[i], log, e);
    free(rows);
    return st;
}

/* .source goes first: whoever is killed here leaves nothing that looks complete, and the
 * record tells the next one what is still to go. */
enum status project_restart(struct begun *b, const struct log *log, struct err *e)
{
    enum status st = project_forget(b->project, b->stem, ".source", e);
    if (st == ST_OK)
        st = remove_recorded(b->project, b->stem, log, e);
    if (st == ST_OK)
        return announce_restart(&b->names, e);
    project_abandon(b);
    return st;
}

static void remove_empty_folders(const struct project *p, const char *stem)
{
    char path[PATH_BYTES];
    for (int i = 0; i < CAT_COUNT; i++) {
        snprintf(path, sizeof path, "%s/%s", stem, category_folder((enum category)i));
        root_remove(&p->root, path, NULL);
    }
    root_remove(&p->root, stem, NULL);
}

enum status project_clear_source(const struct project *p, const char *stem,
                                 const struct log *log, struct err *e)
{
    struct catalog_source source;
    struct begun b;
    enum status st = project_claim(p, stem, &b, e);
    if (st != ST_OK)
        return st;
    /* A kill may have left the list of one that is complete. Of one that was never
     * completed it names what has to go. */
    if (project_record(p, stem, &source, NULL, NULL) == ST_OK)
        st = announce_empty(&b.names, e);
    if (st == ST_OK)
        st = project_restart(&b, log, e);
    static const char *const endings[] = {".record", ".vectors", ".begun"};
    for (size_t i = 0; st == ST_OK && i < sizeof endings / sizeof *endings; i++)
        st = project_forget(p, stem, endings[i], e);
    project_abandon(&b);
    if (st == ST_OK && !p->flat)
        remove_empty_folders(p, stem);
    return st;
}

enum status project_check_idle(const struct project *p, struct err *e)
{
    char list[PATH_BYTES];
    struct stem_list stems;
    enum status st = project_stems(p, &stems, e);
    for (size_t i = 0; st == ST_OK && i < stems.count; i++) {
        struct begun b;
        project_hidden(list, stems.at[i], ".begun");
        if (!root_exists(&p->root, list))
            continue;
        st = project_claim(p, stems.at[i], &b, e);
        project_abandon(&b);
    }
    stem_list_done(&stems);
    return st;
}

enum status project_clear(const struct project *p, const struct log *log, struct err *e)
{
    struct stem_list stems;
    enum status st = project_check_idle(p, e);
    if (st != ST_OK)
        return st;
    st = project_stems(p, &stems, e);
    for (size_t i = 0; st == ST_OK && i < stems.count; i++)
        st = project_clear_source(p, stems.at[i], log, e);
    stem_list_done(&stems);
    return st;
}
