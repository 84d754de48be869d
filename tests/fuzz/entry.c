/* libFuzzer's way in: a program for each FUZZ_TARGET. */
#include "targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    return FUZZ_TARGET(bytes, n);
}
