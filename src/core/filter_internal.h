/* filter_internal: the tables of filter.def and the parsed form, shared by the parser
 * (filter_parse.c, filter_number.c), the matcher and the completion (filter.c). Not for
 * anyone else. */
#ifndef TROWEL_CORE_FILTER_INTERNAL_H
#define TROWEL_CORE_FILTER_INTERNAL_H

#include "core/filter.h"

enum filter_field {
#define FIELD(id, word, other, how, add, help) FF_##id,
#include "core/filter.def"
#undef FIELD
    FF_COUNT,
    FF_MEASURE = 1000 /* + enum measure_id */
};

enum filter_how { HOW_TEXT, HOW_EXACT, HOW_SET, HOW_NUMBER, HOW_GRADE };

enum filter_state {
#define STATE(id, word, other, test) IS_##id,
#include "core/filter.def"
#undef STATE
    IS_COUNT
};

struct filter_field_info {
    const char *word, *other;
    enum filter_how how;
    const char *add;
};
extern const struct filter_field_info filter_fields[FF_COUNT];

struct filter_alias {
    const char *word;
    enum measure_id measure;
};
extern const struct filter_alias filter_aliases[];
extern const int filter_alias_count;

/* The field a word names (FF_… or FF_MEASURE + …), or −1. */
int filter_field_find(const char *word);
/* The n-th value a SET field or `class` knows, NULL after the last; *bit = its number. */
const char *filter_set_value(int field, int n, int *bit);

enum filter_op {
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_PART,  /* text holds the pattern */
    OP_GLOB,  /* text is the pattern */
    OP_SET,   /* one of the bits */
    OP_RANGE, /* low … high */
};

struct filter_node {
    enum filter_op op;
    int left, right; /* AND, OR, NOT: nodes, −1 = takes everything */
    int field;
    uint64_t bits;
    double low, high;
    bool above, below; /* open ends: strictly above low, strictly below high */
    char *pattern;
};

struct filter {
    struct filter_node *node;
    size_t room;
    int count, root; /* root −1 takes everything */
};

/* filter_number.c */

/* PARTIAL: it may still become one while it is typed. */
enum quantity { QUANTITY_BAD, QUANTITY_PARTIAL, QUANTITY_OK };

/* What a field's numbers are in, a unit of filter.def; "none" = nothing at all. */
const char *filter_unit_of(int field);
enum quantity filter_unit(const char *typed, size_t bytes, const char *unit,
                          double *factor);
/* A number with its unit; *step = the worth of its last digit. */
enum quantity filter_quantity(const char *text, size_t bytes, int field, double *value,
                              double *step);
/* Of "200..500ms" and "1..2k" the smaller number has the unit, too: the unit of `high`,
 * or "" where `low`, so many bytes of it, is to be taken as it stands. */
const char *filter_shared_unit(const char *low, size_t bytes, const char *high,
                               int field);

#endif
