/* workstation: the interactive front end put together: project, session, workers, sound
 * and screens, and the operations the screens ask for. */
#ifndef TROWEL_WORKSTATION_H
#define TROWEL_WORKSTATION_H

/* argv[0] is the program's name. Returns the process's exit status. */
int workstation_main(int argc, char *const argv[]);

#endif
