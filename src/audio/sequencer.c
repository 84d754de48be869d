#include "audio/sequencer.h"

#include <math.h>

double sequencer_step_frames(double bpm, int rate_hz)
{
    return 60.0 / bpm / 4 * rate_hz;
}

void sequencer_start(struct sequencer *s)
{
    s->running = true;
    s->origin = 0;
    s->clock = 0;
    s->next = 0;
}

void sequencer_tempo(struct sequencer *s, double step_frames)
{
    double phase = ((double)s->clock - s->origin) / s->step_frames;
    s->origin = (double)s->clock - phase * step_frames;
    s->step_frames = step_frames;
}

int sequencer_until(const struct sequencer *s, int limit)
{
    if (!s->running)
        return limit;
    int64_t due = llround(s->origin + (double)s->next * s->step_frames);
    int64_t until = due > s->clock ? due - s->clock : 0;
    return until < limit ? (int)until : limit;
}

int64_t sequencer_take(struct sequencer *s)
{
    return s->next++;
}

void sequencer_advance(struct sequencer *s, int frames)
{
    if (s->running)
        s->clock += frames;
}
