#include "transport_rig.h"
#include "checks.h"

#include "folder.h"
#include "soundcard.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void open_stage(struct stage *g, enum transport_backend backend)
{
    struct transport_options o = {.backend = backend};
    memset(g, 0, sizeof *g);
    folder_make(g->folder);
    assert_int_equal(transport_new(&g->t, &o, NULL), ST_OK);
}

void close_stage(struct stage *g)
{
    transport_free(g->t);
    for (int i = 0; i < 8; i++)
        audio_done(&g->sound[i]);
    folder_remove(g->folder);
}

struct play_item add(struct stage *g, int n, size_t frames, int channels, double level)
{
    char name[20];
    snprintf(name, sizeof name, "%d.wav", n);
    noise_make(&g->sound[n], frames, channels, RATE, 24, level, (uint64_t)n);
    folder_wav(g->folder, name, &g->sound[n], 24);
    snprintf(g->path[n], sizeof g->path[n], "%s/%s", g->folder, name);
    return (struct play_item){.id = 100 + (uint64_t)n, .path = g->path[n]};
}

void status(struct stage *g)
{
    transport_get_status(g->t, &g->s);
}

float sample(const struct stage *g, int n, size_t frame)
{
    return g->sound[n].data[frame * (size_t)g->sound[n].channels];
}
