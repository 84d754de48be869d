/* What a count means: moving in a list of rows, the same on every screen but the library,
 * whose view moves itself, and doing again. */
#include "ui/state.h"

int times_asked(const struct key_action *a)
{
    return a->count > 0 ? a->count : 1;
}

int turns(const struct key_action *a)
{
    enum { MOST = 100 };
    return times_asked(a) < MOST ? times_asked(a) : MOST;
}

int come_round(int at, int step, int count)
{
    return ((at + step) % count + count) % count;
}

long moved_row(const struct key_action *a, long at, long count, long page)
{
    long n = times_asked(a), half = page > 2 ? page / 2 : 1;
    page = page > 1 ? page : 1;
    switch (a->action) {
    case ACT_DOWN:
        at += n;
        break;
    case ACT_UP:
        at -= n;
        break;
    case ACT_HALF_DOWN:
        at += n * half;
        break;
    case ACT_HALF_UP:
        at -= n * half;
        break;
    case ACT_PAGE_DOWN:
        at += n * page;
        break;
    case ACT_PAGE_UP:
        at -= n * page;
        break;
    case ACT_TOP:
        at = n - 1;
        break;
    case ACT_BOTTOM:
        at = a->count > 0 ? n - 1 : count - 1;
        break;
    default:
        return -1;
    }
    at = at < count ? at : count - 1;
    return at > 0 ? at : 0;
}
