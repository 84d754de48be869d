/* batch: the headless front end: command line → operations → progress and exit status. */
#ifndef TROWEL_BATCH_H
#define TROWEL_BATCH_H

/* argv[0] is the word after --batch (the pipeline). Returns the process's exit status. */
int batch_main(int argc, char *const argv[]);

#endif
