#include "gated_open.h"

#include "io/soundfile.h"
#include "nap.h"

atomic_bool gate_closed;

enum status __real_soundfile_open(struct soundfile **out, const char *path,
                                  struct err *e);
enum status __wrap_soundfile_open(struct soundfile **out, const char *path,
                                  struct err *e);

enum status __wrap_soundfile_open(struct soundfile **out, const char *path, struct err *e)
{
    while (atomic_load(&gate_closed))
        nap_ms(1);
    return __real_soundfile_open(out, path, e);
}
