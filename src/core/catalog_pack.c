#include "core/catalog_internal.h"

#include <math.h>
#include <string.h>

/* --- numbers as bytes, low byte first ---------------------------------------------- */

static void pack_u64(unsigned char *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t unpack_u64(const unsigned char *from)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)from[i] << (8 * i);
    return v;
}

static void pack_double(unsigned char *to, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    pack_u64(to, bits);
}

static double unpack_double(const unsigned char *from)
{
    uint64_t bits = unpack_u64(from);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

void catalog_pack_vector(unsigned char to[VECTOR_BYTES], const float *v)
{
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        uint32_t bits;
        memcpy(&bits, v + i, sizeof bits);
        for (int b = 0; b < 4; b++)
            to[4 * i + b] = (unsigned char)(bits >> (8 * b));
    }
}

void catalog_unpack_vector(float *v, const unsigned char *from, size_t bytes)
{
    if (bytes != VECTOR_BYTES) { /* of another version: as if there were none */
        for (int i = 0; i < SIMILARITY_DIM; i++)
            v[i] = NAN;
        return;
    }
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        uint32_t bits = 0;
        for (int b = 0; b < 4; b++)
            bits |= (uint32_t)from[4 * i + b] << (8 * b);
        memcpy(v + i, &bits, sizeof bits);
    }
}

size_t catalog_pack_parts(unsigned char *to, const struct score_parts *p)
{
    int n = p->count < 0 ? 0 : p->count > PARTS_MAX ? PARTS_MAX : p->count;
    for (int i = 0; i < n; i++, to += PART_BYTES) {
        memset(to, 0, PART_NAME_BYTES);
        memcpy(to, p->part[i].name, strnlen(p->part[i].name, PART_NAME_BYTES - 1));
        pack_double(to + PART_NAME_BYTES, p->part[i].value);
    }
    return (size_t)n * PART_BYTES;
}

void catalog_unpack_parts(struct score_parts *p, const unsigned char *from, size_t bytes)
{
    p->count = 0;
    for (; bytes >= PART_BYTES && p->count < PARTS_MAX; bytes -= PART_BYTES) {
        struct score_part *part = &p->part[p->count++];
        memcpy(part->name, from, PART_NAME_BYTES);
        part->name[PART_NAME_BYTES - 1] = '\0';
        part->value = unpack_double(from + PART_NAME_BYTES);
        from += PART_BYTES;
    }
}

size_t catalog_pack_loops(unsigned char *to, const struct candidate *c)
{
    int n = c->loop_count < 0                  ? 0
            : c->loop_count > LOOP_CHOICES_MAX ? LOOP_CHOICES_MAX
                                               : c->loop_count;
    for (int i = 0; i < n; i++, to += LOOP_BYTES) {
        pack_u64(to, (uint64_t)c->loop[i].start_frame);
        pack_u64(to + 8, (uint64_t)c->loop[i].end_frame);
        pack_double(to + 16, c->loop[i].correlation);
        pack_double(to + 24, c->loop[i].seam_error_db);
    }
    return (size_t)n * LOOP_BYTES;
}

void catalog_unpack_loops(struct candidate *c, const unsigned char *from, size_t bytes)
{
    c->loop_count = 0;
    for (; bytes >= LOOP_BYTES && c->loop_count < LOOP_CHOICES_MAX; bytes -= LOOP_BYTES) {
        struct loop_choice *l = &c->loop[c->loop_count++];
        l->start_frame = (int64_t)unpack_u64(from);
        l->end_frame = (int64_t)unpack_u64(from + 8);
        l->correlation = unpack_double(from + 16);
        l->seam_error_db = unpack_double(from + 24);
        from += LOOP_BYTES;
    }
}
