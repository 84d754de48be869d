/* capdev: a sound card for tests. An ALSA playback plug-in that takes sound at the pace
 * of a real card and appends what would have been heard to a file, bit for bit.
 *
 * Configuration (asoundrc): pcm.NAME { type trowelcap }
 * Environment:
 *   CAPDEV_OUT      raw frames, 32-bit little-endian, interleaved; a second file with
 *                   ".log" appended gets "start <ns, CLOCK_MONOTONIC> <frames so far>"
 *   CAPDEV_RATE     the only rate it takes (default: 8000 … 192000)
 *   CAPDEV_CHANNELS the only number of channels it takes (default: 1 … 2)
 *   CAPDEV_STATE    a file; its first byte is what happens now: n normal, b busy (cannot
 *                   be opened), h opening hangs, u unplugged, s stalled (the clock stands
 *                   still), x an underrun every 0.1 s */
#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct card {
    snd_pcm_ioplug_t io;
    int timer, out, log;
    const char *state_path;
    int32_t *ring;
    uint64_t written, heard; /* frames since prepare */
    uint64_t total;          /* frames in the file */
    int64_t start_ns, stall_ns, glitch_ns;
    int running, underrun;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static char state(const char *path)
{
    char c = 'n';
    int f = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (f >= 0) {
        if (read(f, &c, 1) != 1)
            c = 'n';
        close(f);
    }
    return c;
}

/* The card's clock went on to `target`: what it passed has been heard. */
static void hear(struct card *c, uint64_t target)
{
    size_t frame = c->io.channels * sizeof(int32_t);
    while (c->heard < target) {
        uint64_t at = c->heard % c->io.buffer_size;
        uint64_t part = c->io.buffer_size - at;
        part = part < target - c->heard ? part : target - c->heard;
        if (write(c->out, (char *)c->ring + at * frame, part * frame) < 0)
            return;
        c->heard += part;
        c->total += part;
    }
}

static int advance(struct card *c)
{
    char s = state(c->state_path);
    if (s == 'u') {
        c->io.state = SND_PCM_STATE_DISCONNECTED;
        return -ENODEV;
    }
    if (c->underrun)
        return -EPIPE;
    if (!c->running)
        return 0;
    int64_t now = now_ns();
    if (s == 's') {
        if (!c->stall_ns)
            c->stall_ns = now;
        return 0;
    }
    if (c->stall_ns) {
        c->start_ns += now - c->stall_ns;
        c->stall_ns = 0;
    }
    uint64_t target = (uint64_t)((double)(now - c->start_ns) * 1e-9 * c->io.rate);
    int glitch = s == 'x' && now - c->glitch_ns > 100000000;
    if (target > c->written || glitch) {
        hear(c, c->written);
        c->glitch_ns = now;
        c->underrun = 1;
        c->running = 0;
        return -EPIPE;
    }
    if (target > c->heard)
        hear(c, target);
    return 0;
}

static int card_start(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    if (state(c->state_path) == 'u')
        return -ENODEV;
    c->start_ns = now_ns() - (int64_t)((double)c->heard * 1e9 / io->rate);
    c->glitch_ns = now_ns();
    c->running = 1;
    char line[80];
    int n = snprintf(line, sizeof line, "start %lld %llu\n", (long long)(c->start_ns),
                     (unsigned long long)c->total);
    if (c->log >= 0 && write(c->log, line, (size_t)n) < 0)
        return -EIO;
    int64_t ns = (int64_t)(io->period_size * 5e8 / io->rate);
    ns = ns < 500000 ? 500000 : ns;
    struct itimerspec every = {{0, ns}, {0, ns}};
    timerfd_settime(c->timer, 0, &every, NULL);
    return 0;
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    if (c->running)
        advance(c);
    c->running = 0;
    return 0;
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    int error = advance(c);
    return error ? error : (snd_pcm_sframes_t)(c->heard % io->buffer_size);
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t *io,
                                       const snd_pcm_channel_area_t *areas,
                                       snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
    struct card *c = io->private_data;
    size_t frame = io->channels * sizeof(int32_t);
    const char *from =
        (const char *)areas->addr + (areas->first + areas->step * offset) / 8;
    for (snd_pcm_uframes_t done = 0; done < size;) {
        uint64_t at = c->written % io->buffer_size;
        uint64_t part = io->buffer_size - at;
        part = part < size - done ? part : size - done;
        memcpy((char *)c->ring + at * frame, from + done * frame, part * frame);
        c->written += part;
        done += part;
    }
    return (snd_pcm_sframes_t)size;
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    if (state(c->state_path) == 'u')
        return -ENODEV;
    free(c->ring);
    c->ring = calloc(io->buffer_size, io->channels * sizeof(int32_t));
    c->written = c->heard = 0;
    c->underrun = 0;
    struct itimerspec every = {{0, 2000000}, {0, 2000000}};
    timerfd_settime(c->timer, 0, &every, NULL);
    return c->ring ? 0 : -ENOMEM;
}

static int card_revents(snd_pcm_ioplug_t *io, struct pollfd *p, unsigned n,
                        unsigned short *events)
{
    struct card *c = io->private_data;
    uint64_t ticks;
    *events = 0;
    if (n > 0 && (p[0].revents & POLLIN) && read(c->timer, &ticks, sizeof ticks) < 0)
        return 0;
    int error = advance(c);
    if (error == -ENODEV)
        *events = POLLERR | POLLHUP;
    else if (error || io->buffer_size - (c->written - c->heard) >= io->period_size)
        *events = POLLOUT;
    return 0;
}

static int card_close(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    close(c->timer);
    if (c->out >= 0)
        close(c->out);
    if (c->log >= 0)
        close(c->log);
    free(c->ring);
    free(c);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .transfer = card_transfer,
    .prepare = card_prepare,
    .poll_revents = card_revents,
    .close = card_close,
};

static unsigned number(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text ? (unsigned)atoi(text) : otherwise;
}

static int constrain(struct card *c)
{
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED,
                                      SND_PCM_ACCESS_MMAP_INTERLEAVED};
    static const unsigned format[] = {SND_PCM_FORMAT_S32_LE};
    snd_pcm_ioplug_t *io = &c->io;
    int error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
    if (!error)
        error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    if (!error)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS,
                                                number("CAPDEV_CHANNELS", 1),
                                                number("CAPDEV_CHANNELS", 2));
    if (!error)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE,
                                                number("CAPDEV_RATE", 8000),
                                                number("CAPDEV_RATE", 192000));
    if (!error)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 256,
                                                1 << 18);
    if (!error)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 1024,
                                                1 << 20);
    if (!error)
        error = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 64);
    return error;
}

static int open_append(const char *path, const char *ending)
{
    char name[600];
    snprintf(name, sizeof name, "%s%s", path, ending);
    return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

SND_PCM_PLUGIN_DEFINE_FUNC(trowelcap)
{
    (void)root;
    (void)conf;
    const char *path = getenv("CAPDEV_OUT"), *state_path = getenv("CAPDEV_STATE");
    if (stream != SND_PCM_STREAM_PLAYBACK || !path)
        return -ENODEV;
    char now = state(state_path);
    if (now == 'h')
        sleep(60);
    if (now == 'b' || now == 'u')
        return now == 'b' ? -EBUSY : -ENODEV;
    struct card *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    c->state_path = state_path;
    c->out = open_append(path, "");
    c->log = open_append(path, ".log");
    c->total = (uint64_t)lseek(c->out, 0, SEEK_END) / (2 * sizeof(int32_t));
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    c->io.version = SND_PCM_IOPLUG_VERSION;
    c->io.name = "trowel test card";
    c->io.callback = &callbacks;
    c->io.private_data = c;
    c->io.poll_fd = c->timer;
    c->io.poll_events = POLLIN;
    int error = snd_pcm_ioplug_create(&c->io, name, stream, mode);
    if (error < 0) {
        card_close(&c->io);
        return error;
    }
    error = constrain(c);
    if (error < 0) {
        snd_pcm_ioplug_delete(&c->io);
        return error;
    }
    *pcmp = c->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_SYMBOL(trowelcap);
