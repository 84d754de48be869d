#if defined(__linux__)
#define _GNU_SOURCE /* fopencookie */
#endif
#include "audio/hush.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 16 << 10 };

struct hush {
    int screen; /* what descriptor 2 was */
    int pipe[2];
    FILE *stream;  /* what stderr was */
    FILE *guarded; /* what stderr is, or NULL */
    pthread_t reader;
    atomic_bool quit;
    atomic_ullong total; /* bytes read */
};

static _Thread_local const atomic_bool *guard;
static _Thread_local const char *guard_cue;

void hush_guard_thread(const atomic_bool *unwanted, const char *cue)
{
    guard = unwanted;
    guard_cue = cue;
}

#if defined(__GLIBC__)
/* Runs on whatever thread prints to stderr. */
static ssize_t guarded_write(void *cookie, const char *text, size_t bytes)
{
    (void)cookie;
    if (guard && atomic_load(guard) &&
        memmem(text, bytes, guard_cue, strlen(guard_cue))) {
        guard = NULL;
        pthread_exit(NULL);
    }
    ssize_t n = write(STDERR_FILENO, text, bytes);
    return n < 0 ? (ssize_t)bytes : n;
}

static FILE *open_guarded(void)
{
    FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = guarded_write});
    if (f)
        setvbuf(f, NULL, _IONBF, 0);
    return f;
}

static void replace_stderr(FILE *f)
{
    stderr = f;
}
#else
static FILE *open_guarded(void)
{
    return NULL;
}

static void replace_stderr(FILE *f)
{
    (void)f;
}
#endif

static void *read_pipe(void *arg)
{
    struct hush *h = arg;
    char chunk[CHUNK_BYTES];
    for (;;) {
        ssize_t n = read(h->pipe[0], chunk, sizeof chunk);
        if (atomic_load(&h->quit) || (n < 0 && errno != EINTR))
            return NULL;
        if (n > 0)
            atomic_fetch_add(&h->total, (unsigned long long)n);
    }
}

/* So that no end of the pipe becomes descriptor 2 itself. */
static void occupy_stderr(void)
{
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0 && null != STDERR_FILENO) {
        dup2(null, STDERR_FILENO);
        close(null);
    }
}

static bool open_pipe(struct hush *h)
{
    if (pipe(h->pipe) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        fcntl(h->pipe[i], F_SETFD, FD_CLOEXEC);
    fcntl(h->pipe[1], F_SETFL, O_NONBLOCK);
    return true;
}

struct hush *hush_begin(void)
{
    struct hush *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    fflush(stderr);
    h->screen = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (h->screen < 0)
        occupy_stderr();
    bool piped = open_pipe(h);
    if (!piped || pthread_create(&h->reader, NULL, read_pipe, h) != 0) {
        if (piped) {
            close(h->pipe[0]);
            close(h->pipe[1]);
        }
        if (h->screen >= 0)
            close(h->screen);
        free(h);
        return NULL;
    }
    dup2(h->pipe[1], STDERR_FILENO);
    h->stream = stderr;
    h->guarded = open_guarded();
    if (h->guarded)
        replace_stderr(h->guarded);
    return h;
}

unsigned long long hush_total(struct hush *h)
{
    return atomic_load(&h->total);
}

/* The guarded stream stays open: a thread may be about to print through it. */
void hush_end(struct hush *h)
{
    if (!h)
        return;
    fflush(stderr);
    replace_stderr(h->stream);
    if (h->screen >= 0) {
        dup2(h->screen, STDERR_FILENO);
        close(h->screen);
    } else {
        close(STDERR_FILENO);
    }
    atomic_store(&h->quit, true);
    ssize_t ignored = write(h->pipe[1], "\n", 1); /* full: then the reader is awake */
    (void)ignored;
    pthread_join(h->reader, NULL);
    close(h->pipe[0]);
    close(h->pipe[1]);
    free(h);
}
