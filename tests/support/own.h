/* own: what a test closes when its block ends: OWN(session) *s = open_session(p); */
#ifndef TROWEL_TESTS_OWN_H
#define TROWEL_TESTS_OWN_H

#include "checks.h"

#include "core/session.h"

static inline void catalog_done(struct catalog **c)
{
    catalog_close(*c);
}

static inline void session_done(struct session **s)
{
    session_close(*s);
}

#endif
