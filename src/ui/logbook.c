#include "ui/logbook.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct logbook {
    pthread_mutex_t lock;
    uint64_t written;
    struct logbook_line line[LOGBOOK_LINES];
};

enum status logbook_new(struct logbook **out, struct err *e)
{
    struct logbook *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, ST_NO_MEMORY, "no memory for the log");
    pthread_mutex_init(&b->lock, NULL);
    *out = b;
    return ST_OK;
}

void logbook_free(struct logbook *b)
{
    if (!b)
        return;
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static void sink(void *user, enum log_level level, const char *source, const char *line)
{
    (void)source;
    struct logbook *b = user;
    pthread_mutex_lock(&b->lock);
    struct logbook_line *l = &b->line[b->written++ % LOGBOOK_LINES];
    l->level = level;
    l->when = time(NULL);
    size_t n = strlen(line) < LOGBOOK_BYTES ? strlen(line) : LOGBOOK_BYTES - 1;
    while (n > 0 && line[n] != '\0' && ((unsigned char)line[n] & 0xC0) == 0x80)
        n--;
    memcpy(l->text, line, n);
    l->text[n] = '\0';
    pthread_mutex_unlock(&b->lock);
}

struct log logbook_log(struct logbook *b)
{
    return (struct log){.sink = sink, .user = b, .threshold = LOG_INFO};
}

size_t logbook_read(struct logbook *b, struct logbook_line *out, size_t max)
{
    pthread_mutex_lock(&b->lock);
    uint64_t have = b->written < LOGBOOK_LINES ? b->written : LOGBOOK_LINES;
    uint64_t n = have < max ? have : max;
    for (uint64_t i = 0; i < n; i++)
        out[i] = b->line[(b->written - n + i) % LOGBOOK_LINES];
    pthread_mutex_unlock(&b->lock);
    return (size_t)n;
}
