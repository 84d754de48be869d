/* pi: the number, once. M_PI is XSI, and the flags of some curses ask for another level
 * of that than we do. */
#ifndef TROWEL_CORE_PI_H
#define TROWEL_CORE_PI_H

#define PI 3.14159265358979323846

#endif
