#include "folder.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sndfile.h>

#include "io/paths.h"

void folder_make(char path[FOLDER_BYTES])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, FOLDER_BYTES, "%.4000s/trowel-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(path))
        abort();
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
        abort();
    return out;
}

void folder_write(const char *folder, const char *name, const void *bytes, size_t n)
{
    char path[FOLDER_BYTES], above[FOLDER_BYTES];
    folder_path(path, folder, name);
    snprintf(above, sizeof above, "%.*s", (int)(path_base(path) - path) - 1, path);
    if (path_mkdirs(above, NULL))
        abort();
    FILE *f = fopen(path, "wb");
    if (!f || (n && fwrite(bytes, n, 1, f) != 1) || fclose(f) != 0)
        abort();
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
