/* sha256_blocks: the compression of SHA-256 (FIPS 180-4) by the processor's own
 * instructions, where it has them. For sha256.c. */
#ifndef TROWEL_IO_SHA256_BLOCKS_H
#define TROWEL_IO_SHA256_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool sha256_blocks_can(void);

/* Takes `count` blocks of 64 bytes into `state`, a … h. Only where sha256_blocks_can. */
void sha256_blocks(uint32_t state[8], const unsigned char *bytes, size_t count);

#endif
