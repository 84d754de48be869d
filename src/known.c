#include "known.h"

#include "core/project.h"
#include "io/text.h"
#include "ui/chooser.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

bool known_project(const char *folder)
{
    return path_has(folder, "catalog.db") || path_has(folder, "manifest.csv") ||
           path_has(folder, "config.effective.yaml");
}

int known_below(char first[PATH_BYTES], const char *folder)
{
    char path[PATH_BYTES];
    int count = 0;
    DIR *d = opendir(folder);
    first[0] = '\0';
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] == '.' ||
            path_join(path, sizeof path, folder, entry->d_name, NULL) != ST_OK ||
            !known_project(path) || project_folder_kind(path) != FOLDER_PROJECT)
            continue;
        if (count++ == 0 || strcmp(path, first) < 0)
            memcpy(first, path, sizeof path);
    }
    if (d)
        closedir(d);
    return count;
}

void known_read(struct known *k, const char *user_dir)
{
    char file[PATH_BYTES], *text;
    size_t n;
    k->count = 0;
    if (!user_dir[0] ||
        path_join(file, sizeof file, user_dir, "projects", NULL) != ST_OK ||
        path_read_file(file, KNOWN_MAX * PATH_BYTES, &text, &n, NULL) != ST_OK)
        return;
    for (char *line = text; *line && k->count < KNOWN_MAX;) {
        size_t length = strcspn(line, "\n");
        char *to = k->path[k->count];
        snprintf(to, PATH_BYTES, "%.*s", (int)length, line);
        k->count += length < PATH_BYTES && known_project(to);
        line += length + (line[length] == '\n');
    }
    free(text);
}

void known_remember(const char *user_dir, const char *project)
{
    char path[PATH_BYTES];
    struct root user;
    struct text list = {0};
    struct known *k = malloc(sizeof *k);
    if (k && user_dir[0] && realpath(project, path) && !strchr(path, '\n') &&
        root_open(&user, user_dir, true, NULL) == ST_OK) {
        known_read(k, user_dir);
        text_addf(&list, "%s\n", path);
        for (int i = 0; i < k->count; i++)
            if (strcmp(k->path[i], path) != 0)
                text_addf(&list, "%s\n", k->path[i]);
        if (!list.failed)
            root_write_file(&user, "projects", list.at, list.length, NULL);
        text_done(&list);
        root_clean(&user); /* history and settings that were killed while written */
        root_done(&user);
    }
    free(k);
}

static void say_age(char *to, size_t n, const char *project)
{
    char catalog[PATH_BYTES];
    struct stat s;
    to[0] = '\0';
    if (path_join(catalog, sizeof catalog, project, "catalog.db", NULL) != ST_OK ||
        stat(catalog, &s) != 0)
        return;
    long days = (long)(difftime(time(NULL), s.st_mtime) / 86400);
    if (days < 1)
        snprintf(to, n, "today");
    else
        snprintf(to, n, "%ld day%s ago", days, days == 1 ? "" : "s");
}

enum status known_ask(const struct known *k, const struct config *config,
                      const char *theme_dirs, char folder[PATH_BYTES], struct err *e)
{
    int chosen = -1;
    struct chooser_line *line = calloc((size_t)k->count + 1, sizeof *line);
    if (!line)
        return err_set(e, ST_NO_MEMORY, "no memory for a list of projects");
    for (int i = 0; i < k->count; i++) {
        snprintf(line[i].name, sizeof line[i].name, "%.95s", path_base(k->path[i]));
        snprintf(line[i].path, sizeof line[i].path, "%s", k->path[i]);
        say_age(line[i].note, sizeof line[i].note, k->path[i]);
    }
    snprintf(line[k->count].name, sizeof line->name, "the current folder");
    if (!realpath(".", line[k->count].path))
        line[k->count].path[0] = '\0';
    enum status st = chooser_run(line, k->count + 1, config, theme_dirs, &chosen, e);
    snprintf(folder, PATH_BYTES, "%s", chosen < 0 ? "" : line[chosen].path);
    free(line);
    return st;
}
