#define _XOPEN_SOURCE 700
#include "folder.h"

#include "io/paths.h"
#include "io/sha256.h"
#include "io/soundfile.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sndfile.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void folder_make(char path[FOLDER_NAME_BYTES])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, FOLDER_NAME_BYTES, "%s/trowel-test-XXXXXX",
             base && base[0] ? base : "/tmp");
    if (!mkdtemp(path))
        give_up(path);
}

void folder_remove(const char *path)
{
    struct stat s;
    if (lstat(path, &s) != 0)
        return;
    if (S_ISDIR(s.st_mode)) {
        chmod(path, 0700);
        DIR *dir = opendir(path);
        struct dirent *entry;
        while (dir && (entry = readdir(dir))) {
            char below[FOLDER_BYTES];
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                folder_remove(folder_path(below, path, entry->d_name));
        }
        if (dir)
            closedir(dir);
    }
    remove(path);
}

int folder_setup(void **state)
{
    *state = malloc(FOLDER_BYTES);
    folder_make(*state);
    return 0;
}

int folder_teardown(void **state)
{
    folder_remove(*state);
    free(*state);
    return 0;
}

const char *folder_path(char out[FOLDER_BYTES], const char *folder, const char *name)
{
    if (path_join(out, FOLDER_BYTES, folder, name, NULL))
        give_up(name);
    return out;
}

bool folder_has(const char *folder, const char *name)
{
    char path[FOLDER_BYTES];
    struct stat s;
    return lstat(folder_path(path, folder, name), &s) == 0;
}

void folder_write(const char *folder, const char *name, const void *bytes, size_t n)
{
    char path[FOLDER_BYTES], above[FOLDER_BYTES];
    folder_path(path, folder, name);
    snprintf(above, sizeof above, "%.*s", (int)(path_base(path) - path) - 1, path);
    if (path_mkdirs(above, NULL))
        give_up(above);
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(bytes, n, 1, f) != 1) || fclose(f) != 0)
        give_up(path);
}

void folder_wav(const char *folder, const char *name, const struct audio *a, int bits)
{
    struct root r;
    if (root_open(&r, folder, true, NULL) != ST_OK ||
        soundfile_write_wav(&r, name, a, bits, NULL, NULL) != ST_OK)
        give_up(name);
    root_done(&r);
}

struct audio sound_read(const char *path)
{
    struct audio a;
    struct err e;
    if (soundfile_load(path, 0, &a, &e) != ST_OK) {
        fprintf(stderr, "%s\n", e.msg);
        abort();
    }
    return a;
}

char *file_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        give_up(path);
    size_t bytes = (size_t)ftell(f);
    char *text = calloc(1, bytes + 1);
    rewind(f);
    if (!text || fread(text, 1, bytes, f) != bytes)
        give_up(path);
    fclose(f);
    if (n)
        *n = bytes;
    return text;
}

int folder_count(const char *path)
{
    DIR *dir = opendir(path);
    int count = -2;
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

/* nftw has no user pointer: the walk of one test at a time lives here. */
static struct {
    char **line;
    size_t count, skip;
    const char *without, *ending;
} walk;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int hash_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)f;
    if (type != FTW_F || !S_ISREG(s->st_mode))
        return 0;
    if (walk.without && strstr(path + walk.skip, walk.without))
        return 0;
    char hex[65], *line = malloc(strlen(path) + 70);
    if (!line || sha256_file(path, hex, NULL) != ST_OK)
        give_up(path);
    sprintf(line, "%s %s\n", path + walk.skip, hex);
    walk.line = realloc(walk.line, (walk.count + 1) * sizeof *walk.line);
    walk.line[walk.count++] = line;
    return 0;
}

char *tree_hash(const char *path, const char *without)
{
    walk.line = NULL;
    walk.count = 0;
    walk.skip = strlen(path);
    walk.without = without;
    nftw(path, hash_one, 16, FTW_PHYS);
    qsort(walk.line, walk.count, sizeof *walk.line, by_text);
    size_t bytes = 1;
    for (size_t i = 0; i < walk.count; i++)
        bytes += strlen(walk.line[i]);
    char *all = calloc(1, bytes), *end = all;
    for (size_t i = 0; i < walk.count; i++) {
        end = stpcpy(end, walk.line[i]);
        free(walk.line[i]);
    }
    free(walk.line);
    return all;
}

static int count_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)f;
    size_t n = strlen(path), m = strlen(walk.ending);
    if (type == FTW_F && n >= m && strcmp(path + n - m, walk.ending) == 0)
        walk.count++;
    return 0;
}

int tree_count(const char *path, const char *ending)
{
    walk.count = 0;
    walk.ending = ending;
    nftw(path, count_one, 16, FTW_PHYS);
    return (int)walk.count;
}

int folder_sound(const char *path, int format, int rate_hz, int channels,
                 const float *samples, size_t frames)
{
    SF_INFO info = {.samplerate = rate_hz, .channels = channels, .format = format};
    if (!sf_format_check(&info))
        return 0;
    SNDFILE *sf = sf_open(path, SFM_WRITE, &info);
    if (!sf)
        return 0;
    double quality = 0.3;
    sf_command(sf, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
    sf_count_t done = 0, n;
    while (done < (sf_count_t)frames &&
           (n = sf_writef_float(
                sf, samples + done * channels,
                (sf_count_t)frames - done < 8192 ? (sf_count_t)frames - done : 8192)) > 0)
        done += n;
    sf_close(sf);
    return done == (sf_count_t)frames;
}
