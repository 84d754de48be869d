#include "core/reporter.h"

void reporter_tell(const struct reporter *r, const struct news *news)
{
    if (r && r->tell)
        r->tell(r->user, news);
}
