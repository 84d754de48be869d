#include "soundcard.h"

#include "core/rng.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void noise_make(struct audio *a, size_t frames, int channels, int rate_hz, int bits,
                double level, uint64_t seed)
{
    struct rng r = rng_derive(seed, 0, "noise", 0);
    double grid = ldexp(1, bits - 1);
    if (audio_init(a, frames, channels, rate_hz, NULL) != ST_OK)
        give_up("memory");
    for (size_t i = 0; i < frames * (size_t)channels; i++)
        a->data[i] = (float)(floor(rng_range(&r, -level, level) * grid) / grid);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) == EOF || fclose(f) != 0)
        give_up(path);
}

void card_plug(const char *folder, const char *library)
{
    char text[1200] = "", path[512];
    if (!library)
        /* not the system's own configuration: it would load what is installed here */
        snprintf(text, sizeof text, "pcm.!default { type hw card 31 }\n");
    else if (library[0])
        snprintf(text, sizeof text,
                 "pcm_type.trowelcap { lib \"%s\" }\npcm.!default { type trowelcap }\n",
                 library);
    write_text(folder, "asoundrc", text);
    snprintf(path, sizeof path, "%s/asoundrc", folder);
    setenv("ALSA_CONFIG_PATH", path, 1);
    setenv("JACK_NO_START_SERVER", "1", 1);
    snprintf(path, sizeof path, "%s/heard", folder);
    setenv("CAPDEV_OUT", path, 1);
    snprintf(path, sizeof path, "%s/state", folder);
    setenv("CAPDEV_STATE", path, 1);
    card_state(folder, 'n');
}

void card_state(const char *folder, char state)
{
    char path[512];
    snprintf(path, sizeof path, "%s/state", folder);
    int f = open(path, O_WRONLY | O_CREAT, 0666);
    if (f < 0 || pwrite(f, &state, 1, 0) != 1)
        give_up(path);
    close(f);
}

float *card_heard(const char *folder, int channels, size_t *frames)
{
    char path[512];
    struct stat s;
    snprintf(path, sizeof path, "%s/heard", folder);
    int f = open(path, O_RDONLY);
    *frames = 0;
    if (f < 0 || fstat(f, &s) != 0) {
        if (f >= 0)
            close(f);
        return calloc(1, sizeof(float));
    }
    size_t n = (size_t)s.st_size / sizeof(int32_t);
    int32_t *raw = malloc((n + 1) * sizeof *raw);
    float *out = malloc((n + 1) * sizeof *out);
    if (!raw || !out || read(f, raw, n * sizeof *raw) != (ssize_t)(n * sizeof *raw))
        give_up(path);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((double)raw[i] / 2147483648.0);
    free(raw);
    close(f);
    *frames = n / (size_t)channels;
    return out;
}

double card_time_s(const char *folder, size_t at, int rate_hz)
{
    char path[512];
    snprintf(path, sizeof path, "%s/heard.log", folder);
    FILE *f = fopen(path, "r");
    long long ns, from;
    double when = 0;
    while (f && fscanf(f, "start %lld %lld\n", &ns, &from) == 2)
        if ((size_t)from <= at)
            when = (double)ns * 1e-9 + (double)((long long)at - from) / rate_hz;
    if (f)
        fclose(f);
    return when;
}

int64_t find_exact(const float *heard, size_t frames, size_t from, const float *want,
                   size_t n, int channels)
{
    size_t c = (size_t)channels;
    for (size_t at = from; at + n <= frames; at++)
        if (heard[at * c] == want[0] &&
            memcmp(heard + at * c, want, n * c * sizeof *want) == 0)
            return (int64_t)at;
    return -1;
}
