/* documents: the texts in the tree that are made from the tables: man page, completions,
 * docs/keys.md, docs/config.md, docs/filter.md and the marked parts of other documents.
 * test_docs compares them with what is committed, and `test_docs --write` renews them. */
#ifndef TROWEL_TESTS_DOCUMENTS_H
#define TROWEL_TESTS_DOCUMENTS_H

#include <stddef.h>

/* A whole file, or the part of one between a line that begins with `<!-- MARK` and the
 * next `<!-- end -->`. */
struct document {
    const char *path; /* below the source folder */
    const char *mark; /* NULL: the whole file */
    char *(*make)(void);
};

int document_count(void);
const struct document *document_at(int index);

/* Reads <top>/<path>; the caller frees. NULL when it cannot be read. */
char *document_read(const char *top, const char *path);

/* The part of `text` that a document owns: from *first, *length bytes. NULL without its
 * markers. */
const char *document_part(const struct document *d, const char *text, size_t *length);

#endif
