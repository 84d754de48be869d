/* version: what decides whether a run can go on where an earlier one stopped. */
#ifndef TROWEL_CORE_VERSION_H
#define TROWEL_CORE_VERSION_H

/* Changes when the same input and config would give other samples. */
#define TROWEL_ALGORITHM_VERSION "31"

#endif
