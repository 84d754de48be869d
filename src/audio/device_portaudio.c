#define _GNU_SOURCE /* RTLD_DEFAULT, strcasecmp */
#include "audio/device_portaudio.h"

#include "audio/hush.h"

#include <dlfcn.h>
#include <math.h>
#include <portaudio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { CHUNK_FRAMES = 256, CHANNELS_MAX = 2, LOCK_S = 2 };

/* PortAudio's own state is one for the process: this goes with it. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static int streams; /* open, or stuck while being stopped; under the lock */

static const char TRY_AGAIN[] = "is the sound server running?";

/* What PortAudio's retrying thread prints where it holds no lock. */
static const char ENDLESS_RETRY[] = "PaAlsaStream_HandleXrun";

struct pa_device {
    struct device device;
    PaStream *stream;
    bool guarded;
    float chunk[CHUNK_FRAMES * CHANNELS_MAX];
};

/* ---- audio thread ---- */

/* Exactly k / 2^31 for every k a 24-bit file holds. */
static int32_t to_integer(float x)
{
    double scaled = (double)x * 2147483648.0;
    if (!(scaled > -2147483648.0))
        return isnan(scaled) ? 0 : INT32_MIN;
    return scaled >= 2147483647.0 ? INT32_MAX : (int32_t)lrint(scaled);
}

static int fill(const void *input, void *output, unsigned long frames,
                const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags,
                void *user)
{
    (void)input;
    (void)time;
    struct pa_device *d = user;
    int32_t *out = output;
    size_t channels = (size_t)d->device.channels;
    if (!d->guarded) {
        hush_guard_thread(&d->device.gate.abandoned, ENDLESS_RETRY);
        d->guarded = true;
    }
    if (flags & paOutputUnderflow)
        atomic_fetch_add(&d->device.gate.underruns, 1);
    atomic_fetch_add(&d->device.gate.beats, 1);
    for (unsigned long done = 0; done < frames;) {
        size_t part = frames - done < CHUNK_FRAMES ? frames - done : CHUNK_FRAMES;
        gate_pass(&d->device.gate, d->chunk, part, d->device.channels);
        for (size_t i = 0; i < part * channels; i++)
            *out++ = to_integer(d->chunk[i]);
        done += part;
    }
    return paContinue;
}

/* ---- the library ---- */

static bool enter(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOCK_S;
    return pthread_mutex_timedlock(&library, &until) == 0;
}

static void leave(void)
{
    pthread_mutex_unlock(&library);
}

/* ---- looking for devices ---- */

/* Does ALSA's configuration name a default device? Asked of the ALSA library PortAudio
 * brought along; where there is none, there is nothing to guard against. */
static bool alsa_has_default(void)
{
    int (*update)(void);
    int (*search)(void *config, const char *key, void **result);
    void *u = dlsym(RTLD_DEFAULT, "snd_config_update");
    void *s = dlsym(RTLD_DEFAULT, "snd_config_search");
    void **top = dlsym(RTLD_DEFAULT, "snd_config");
    if (!u || !s || !top)
        return true;
    memcpy(&update, &u, sizeof update);
    memcpy(&search, &s, sizeof search);
    void *found = NULL;
    return update() >= 0 && *top && search(*top, "pcm.default", &found) >= 0;
}

static enum status initialize(bool fresh, struct err *e)
{
    if (Pa_GetDeviceCount() >= 0) { /* already up: negative before Pa_Initialize */
        if (!fresh || streams > 0)
            return ST_OK;
        Pa_Terminate();
    }
    if (!alsa_has_default())
        return err_set(e, ST_DEVICE,
                       "no sound: the ALSA configuration has no default device; fix it "
                       "(~/.asoundrc)");
    PaError error = Pa_Initialize();
    if (error != paNoError)
        return err_set(e, ST_DEVICE, "no sound: %s; %s", Pa_GetErrorText(error),
                       TRY_AGAIN);
    return ST_OK;
}

static void list_devices(struct device_list *list)
{
    list->count = 0;
    for (int i = 0; i < Pa_GetDeviceCount() && list->count < DEVICE_LIST_MAX; i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);
        if (info && info->maxOutputChannels > 0)
            snprintf(list->name[list->count++], DEVICE_LABEL_BYTES, "%s", info->name);
    }
}

static bool contains(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, n) == 0)
            return true;
    return n == 0;
}

/* An exact name goes before a partial one. */
static PaDeviceIndex find(const char *wanted)
{
    if (!wanted[0])
        return Pa_GetDefaultOutputDevice();
    PaDeviceIndex found = paNoDevice;
    for (int i = 0; i < Pa_GetDeviceCount(); i++) {
        const PaDeviceInfo *info = Pa_GetDeviceInfo(i);
        if (!info || info->maxOutputChannels < 1)
            continue;
        if (strcasecmp(info->name, wanted) == 0)
            return i;
        if (found == paNoDevice && contains(info->name, wanted))
            found = i;
    }
    return found;
}

static enum status pick(const struct device_wish *wish, PaDeviceIndex *index,
                        struct err *e)
{
    *index = find(wish->name);
    if (*index != paNoDevice)
        return ST_OK;
    if (wish->name[0])
        return err_set(e, ST_DEVICE,
                       "no sound device is called \"%s\"; :device and Tab list them",
                       wish->name);
    return err_set(e, ST_DEVICE, "no sound device, or it is busy: %s", TRY_AGAIN);
}

/* ---- opening ---- */

/* The wished rate, the device's own, then the usual ones. */
static PaError open_stream(struct pa_device *d, PaDeviceIndex index,
                           const struct device_wish *wish)
{
    const PaDeviceInfo *info = Pa_GetDeviceInfo(index);
    double rates[] = {wish->rate_hz, info->defaultSampleRate, 48000, 44100, 96000, 32000};
    PaStreamParameters out = {
        .device = index,
        .channelCount = d->device.channels,
        .sampleFormat = paInt32,
        .suggestedLatency = fmax(wish->latency_s, info->defaultLowOutputLatency),
    };
    PaError error = paInvalidSampleRate;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        error = Pa_OpenStream(&d->stream, NULL, &out, rates[i],
                              paFramesPerBufferUnspecified, paDitherOff, fill, d);
        if (error != paInvalidSampleRate)
            break;
    }
    return error;
}

static enum status explain(PaError error, const char *name, struct err *e)
{
    const PaHostErrorInfo *host = Pa_GetLastHostErrorInfo();
    bool detail = error == paUnanticipatedHostError && host && host->errorText &&
                  host->errorText[0];
    const char *why = detail ? host->errorText : Pa_GetErrorText(error);
    if (error == paDeviceUnavailable)
        why = "it is busy or gone";
    return err_set(e, ST_DEVICE, "%s cannot be opened: %s; free it or choose another",
                   name, why);
}

static enum status start(struct device *base, struct err *e)
{
    struct pa_device *d = (struct pa_device *)base;
    d->guarded = false;
    PaError error = Pa_StartStream(d->stream);
    if (error == paStreamIsNotStopped) {
        Pa_AbortStream(d->stream);
        error = Pa_StartStream(d->stream);
    }
    return error == paNoError ? ST_OK : explain(error, d->device.name, e);
}

static void stop(struct device *base)
{
    Pa_StopStream(((struct pa_device *)base)->stream);
}

static void close_portaudio(struct device *base)
{
    struct pa_device *d = (struct pa_device *)base;
    if (Pa_IsStreamStopped(d->stream) != 1)
        Pa_AbortStream(d->stream);
    pthread_mutex_lock(&library);
    Pa_CloseStream(d->stream);
    streams--;
    leave();
}

static const struct device_kind portaudio_kind = {start, stop, close_portaudio};

static enum status open_device(struct device **out, const struct device_wish *wish,
                               struct device_list *list, struct err *e)
{
    PaDeviceIndex index;
    list_devices(list);
    enum status st = pick(wish, &index, e);
    if (st != ST_OK)
        return st;
    struct pa_device *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(e, ST_NO_MEMORY, "no memory for the sound device");
    const PaDeviceInfo *info = Pa_GetDeviceInfo(index);
    d->device.kind = &portaudio_kind;
    atomic_init(&d->device.references, 1);
    d->device.channels =
        info->maxOutputChannels < CHANNELS_MAX ? info->maxOutputChannels : CHANNELS_MAX;
    snprintf(d->device.name, sizeof d->device.name, "%s", info->name);
    gate_init(&d->device.gate, wish->source);
    PaError error = open_stream(d, index, wish);
    if (error != paNoError) {
        free(d);
        return explain(error, info->name, e);
    }
    streams++;
    const PaStreamInfo *opened = Pa_GetStreamInfo(d->stream);
    d->device.rate_hz = opened ? (int)lrint(opened->sampleRate) : wish->rate_hz;
    d->device.latency_s = opened ? opened->outputLatency : wish->latency_s;
    *out = &d->device;
    return ST_OK;
}

enum status device_portaudio_open(struct device **out, const struct device_wish *wish,
                                  struct device_list *list, struct err *e)
{
    list->count = 0;
    if (!enter())
        return err_set(
            e, ST_DEVICE,
            "the sound system still does not respond: restart the sound server");
    enum status st = initialize(wish->fresh, e);
    if (st == ST_OK)
        st = open_device(out, wish, list, e);
    leave();
    return st;
}

void device_portaudio_end(void)
{
    if (!enter())
        return;
    if (streams == 0 && Pa_GetDeviceCount() >= 0)
        Pa_Terminate();
    leave();
}
