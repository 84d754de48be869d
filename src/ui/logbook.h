/* logbook: the last lines of the log, for the jobs screen.
 *
 * A bounded ring of lines with their level and time. logbook_log() gives the struct log
 * to hand to jobs and operations: its sink may be called from any thread; reading copies.
 */
#ifndef TROWEL_UI_LOGBOOK_H
#define TROWEL_UI_LOGBOOK_H

#include "core/log.h"
#include "core/status.h"

#include <stddef.h>
#include <time.h>

enum { LOGBOOK_LINES = 500, LOGBOOK_BYTES = 240 };

struct logbook;

struct logbook_line {
    enum log_level level;
    time_t when;
    char text[LOGBOOK_BYTES];
};

enum status logbook_new(struct logbook **out, struct err *e);
void logbook_free(struct logbook *b);      /* after every thread that may log has ended */
struct log logbook_log(struct logbook *b); /* of all but LOG_DEBUG */

/* The newest `max` lines, newest last; returns how many. Any thread. */
size_t logbook_read(struct logbook *b, struct logbook_line *out, size_t max);

#endif
