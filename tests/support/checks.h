/* checks: cmocka, and the headers that it wants before it. */
#ifndef TROWEL_TESTS_CHECKS_H
#define TROWEL_TESTS_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
