/* io/sha256: published values, and bytes in any pieces. */
#include "checks.h"

#include "core/rng.h"
#include "io/sha256.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES = 5000 };

static void sha256_of(const void *bytes, size_t n, char hex[65])
{
    struct sha256 *s = sha256_new();
    sha256_add(s, bytes, n);
    sha256_hex(s, hex);
    sha256_free(s);
}

/* FIPS 180-4, examples; the last is a million times "a". */
static void the_published_values(void **state)
{
    char hex[65];
    sha256_of("abc", 3, hex);
    assert_string_equal(
        hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_of("", 0, hex);
    assert_string_equal(
        hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
    assert_string_equal(
        hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    FREED char *many = malloc(1000000);
    memset(many, 'a', 1000000);
    sha256_of(many, 1000000, hex);
    assert_string_equal(
        hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_make_no_difference(void **state)
{
    unsigned char bytes[BYTES];
    struct rng r = rng_derive(1, 0, "test-sha256", 0);
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)rng_u64(&r);
    for (size_t n = 0; n < BYTES; n += 1 + n / 40) {
        char whole[65], small[65], mixed[65];
        struct sha256 *one = sha256_new(), *other = sha256_new();
        for (size_t at = 0; at < n; at += 63)
            sha256_add(one, bytes + at, n - at < 63 ? n - at : 63);
        for (size_t at = 0, piece; at < n; at += piece) {
            piece = rng_below(&r, 300);
            piece = piece < n - at ? piece : n - at;
            sha256_add(other, bytes + at, piece);
        }
        sha256_of(bytes, n, whole);
        sha256_hex(one, small);
        sha256_hex(other, mixed);
        assert_string_equal(whole, small);
        assert_string_equal(whole, mixed);
        sha256_free(one);
        sha256_free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_values),
        cmocka_unit_test(pieces_make_no_difference),
    };
    return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
