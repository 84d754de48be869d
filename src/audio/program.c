#include "audio/program.h"

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void plan_clean(struct plan *p)
{
    p->loop_start = max64(p->loop_start, 0);
    p->loop_end = min64(p->loop_end, p->frames);
    if (p->loop_end <= p->loop_start) {
        p->loop_start = 0;
        p->loop_end = p->frames;
    }
}

static struct program seam_program(const struct plan *p)
{
    int64_t tail = max64(0, p->loop_end - p->seam_frames);
    int64_t head = min64(p->loop_end, p->loop_start + p->seam_frames);
    struct program out = {.count = 2, .repeat = 0};
    out.span[0] = (struct span){.from = tail, .to = p->loop_end, .fade_in = true};
    out.span[1] = (struct span){.from = p->loop_start, .to = head, .fade_out = true};
    return out;
}

struct program plan_program(const struct plan *p, int64_t at)
{
    if (p->seam)
        return seam_program(p);
    at = max64(0, min64(at, p->frames - 1));
    bool fade_in = at > 0 || p->cut_start;
    if (!p->loop) {
        struct span all = {.from = at, .to = p->frames, .fade_out = p->cut_end};
        return (struct program){1, PROGRAM_END, fade_in, {all}};
    }
    if (at >= p->loop_end)
        at = p->loop_start + (at - p->loop_start) % (p->loop_end - p->loop_start);
    struct program out = {.count = 2, .repeat = 1, .fade_in = fade_in};
    out.span[0] = (struct span){.from = at, .to = p->loop_end};
    out.span[1] = (struct span){.from = p->loop_start, .to = p->loop_end};
    return out;
}
