/* interrupt: SIGINT, SIGTERM and (unless ignored: nohup) SIGHUP as a flag and a
 * descriptor to poll. A second SIGINT or SIGTERM ends the process at once; hang-ups do
 * not, of which a terminal that is closed sends several. SIGPIPE and SIGXFSZ are ignored:
 * writing fails instead. A signal handler needs
 * process-wide state: it lives here, in the front end, and nowhere else. */
#ifndef TROWEL_INTERRUPT_H
#define TROWEL_INTERRUPT_H

#include <stdatomic.h>

void interrupt_catch(void);
const atomic_bool *interrupt_flag(void);
int interrupt_fd(void); /* readable once a signal came; −1 without a pipe */

#endif
