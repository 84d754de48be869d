/* yaml: a small tree of a YAML document, with line numbers. The only user of libyaml.
 *
 * Hostile input is refused with ST_CORRUPT and a line: above 4 MiB, deeper than 32, more
 * than 100,000 nodes (aliases are refused altogether: a config needs none and bombs are
 * made of them), text that is not UTF-8, a key twice in one mapping, several documents.
 * Thread: a tree is immutable once read; any thread may read it. */
#ifndef TROWEL_IO_YAML_H
#define TROWEL_IO_YAML_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line;         /* from 1 */
    const char *text; /* scalars: the value, NUL-terminated, no NUL inside */
    bool quoted;      /* scalars: 'so' or "so": always text, never null or a number */
    const char *key;  /* members of a map: their key, else NULL */
    int key_line;     /* where the key stands */
    struct yaml_node *child; /* lists and maps: the first member */
    struct yaml_node *next;  /* the next member of the same parent */
    int count;               /* members */
};

struct yaml;

/* `name` is for messages ("config.yaml"). An empty document gives a tree whose root is an
 * empty map. ST_CORRUPT, ST_NO_MEMORY. */
enum status yaml_read(struct yaml **out, const char *text, size_t n, const char *name,
                      struct err *e);
void yaml_tree_free(struct yaml *y); /* NULL safe */
const struct yaml_node *yaml_root(const struct yaml *y);
/* The member of a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* For messages: a scalar's text, else what kind of node it is. */
const char *yaml_shown(const struct yaml_node *n);

/* Scalars by YAML 1.1's words; each returns false when the node is no such thing. */
bool yaml_is_null(const struct yaml_node *n);           /* null ~ or nothing, unquoted */
bool yaml_bool(const struct yaml_node *n, bool *value); /* true false yes no on off */
bool yaml_number(const struct yaml_node *n, double *value);
bool yaml_whole(const struct yaml_node *n, long long *value); /* also "7.0" */

/* `text` as a scalar that reads back as that text, whatever bytes it holds: plain where
 * that is safe, else double-quoted. Returns the length needed, like snprintf: at most six
 * times as long, and two. */
size_t yaml_quote(char *out, size_t size, const char *text);

#endif
