#include "audio/transport.h"

#include <string.h>

void kit_pattern_clear(struct kit_pattern *p)
{
    memset(p, 0, sizeof *p);
    p->chokes[KIT_SLOT_CH] = 1u << KIT_SLOT_OH;
}
