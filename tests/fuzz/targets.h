/* targets: what the fuzzers call, each with bytes of any kind. They return 0, or abort
 * when an invariant breaks. Used by libFuzzer (one program a target, preset `fuzz`) and
 * by test_fuzz, which replays mutated seeds for a few seconds with any compiler. */
#ifndef TROWEL_TESTS_FUZZ_TARGETS_H
#define TROWEL_TESTS_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

int fuzz_config(const uint8_t *bytes, size_t n);
int fuzz_manifest(const uint8_t *bytes, size_t n);
int fuzz_theme(const uint8_t *bytes, size_t n);
int fuzz_soundfile(const uint8_t *bytes, size_t n);
int fuzz_filter(const uint8_t *bytes, size_t n);
int fuzz_decisions(const uint8_t *bytes, size_t n);
int fuzz_words(const uint8_t *bytes, size_t n);

#endif
