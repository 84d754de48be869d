/* io/csv, io/manifest: rows out and in, numbers in any locale, hostile tables. */
#include "io/csv.h"
#include "io/manifest.h"
#include "io/number.h"

#include "checks.h"
#include "core/rng.h"
#include "folder.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers --- */

/* It reads back, and with a decimal or a digit less it would not. */
static void check_exact(double x)
{
    char text[64], local[64];
    double y;
    format_exact(text, sizeof text, x);
    assert_true(parse_number(text, &y) && x == y);
    const char *point = strchr(text, '.'), *e = strchr(text, 'e');
    if (point && !e) {
        snprintf(local, sizeof local, "%.*f", (int)strlen(point + 1) - 1, x);
        assert_true(strtod(local, NULL) != x);
    } else if (point) {
        snprintf(local, sizeof local, "%.*e", (int)(e - point) - 2, x);
        assert_true(strtod(local, NULL) != x);
    }
}

static void check_numbers(void)
{
    static const struct {
        double value;
        int decimals;
        const char *text;
    } cases[] = {{1.25, 1, "1.2"},
                 {-0.004, 2, "0.00"},
                 {-0.01, 2, "-0.01"},
                 {-0.0, 0, "0"},
                 {1e6, 3, "1000000.000"},
                 {-20.456, 2, "-20.46"},
                 {0.125, 2, "0.12"},
                 {0.375, 2, "0.38"},
                 {-5e-324, 3, "0.000"},
                 {-(double)INFINITY, 2, "-inf"},
                 {2.5, 0, "2"},
                 {1e300, 0, NULL},
                 {5e-324, 3, "0.000"},
                 {999999.9999999, 4, "1000000.0000"},
                 {(double)NAN, 2, ""},
                 {(double)INFINITY, 2, "inf"},
                 {-1, 99, "-1.00000000000000000"}};
    char text[400];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int length = format_number(text, sizeof text, cases[i].value, cases[i].decimals);
        assert_int_equal(length, strlen(text));
        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
        else
            assert_true(length == 301 && strspn(text, "0123456789") == 301);
    }
    static const struct {
        double value;
        const char *text;
    } shorts[] = {{2.5, "2.5"}, {-3, "-3"},   {100, "100"},        {-0.001, "0"},
                  {1.005, "1"}, {0.5, "0.5"}, {118.125, "118.12"}, {(double)NAN, ""}};
    for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
        format_short(text, sizeof text, shorts[i].value, 2);
        assert_string_equal(text, shorts[i].text);
    }
    assert_string_equal(text_count(text, sizeof text, 0), "0");
    assert_string_equal(text_count(text, sizeof text, 999), "999");
    assert_string_equal(text_count(text, sizeof text, 1204), "1,204");
    assert_string_equal(text_count(text, sizeof text, 1234567), "1,234,567");
    static const char *const exact[] = {"0.1",
                                        "-45",
                                        "7000",
                                        "0.001",
                                        "123.456",
                                        "1e+20",
                                        "1e+16",
                                        "123456789012345",
                                        "0.00002",
                                        "-0",
                                        "1.5e-07",
                                        "0",
                                        "44100",
                                        "5e-324",
                                        "1.7976931348623157e+308"};
    double value;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        assert_true(parse_number(exact[i], &value));
        format_exact(text, sizeof text, value);
        assert_string_equal(text, exact[i]);
    }
    struct rng r = rng_derive(1, 0, "numbers", 0);
    for (int i = 0; i < 3000; i++) {
        double power = ldexp(1, i % 90 - 30);
        check_exact(rng_gauss(&r) * pow(10, rng_range(&r, -12, 12)));
        check_exact(i % 2 ? power : -power);
        check_exact(nextafter(power, i % 2 ? 0 : 1e300));
    }
    assert_int_equal(format_number(text, 4, 123.456, 2), 6);
    assert_string_equal(text, "123");
    static const char *const bad[] = {"",      "x",  "1x", "0x10", "nan", "inf", "1e",
                                      "1e999", " 1", "1 ", "1,5",  "--1", ".",   "1.2.3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(parse_number(bad[i], &value));
}

static void numbers_have_a_point_in_every_locale(void **state)
{
    check_numbers();
    static const char *const comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C.UTF-8"};
    for (size_t i = 0; i < sizeof comma / sizeof *comma; i++)
        if (setlocale(LC_ALL, comma[i]))
            check_numbers();
    setlocale(LC_ALL, "C");
}

/* --- CSV --- */

static void fields_come_back(void **state)
{
    static const char *const fields[] = {
        "plain",    "",   "a,b", "say \"so\"", "two\r\nlines", " blank ",
        "\xc3\xa9", "\"", "\n",  "a\rb",       " before",      "behind "};
    enum { N = sizeof fields / sizeof *fields };
    OWN(text) t = {0};
    for (int row = 0; row < 3; row++) {
        for (int i = 0; i < N; i++)
            csv_field(&t, fields[(i + row) % N]);
        csv_end(&t);
    }
    static const char start[] =
        "plain,,\"a,b\",\"say \"\"so\"\"\",\"two\r\nlines\",\" blank \","
        "\xc3\xa9,\"\"\"\",\"\n\",\"a\rb\",\" before\",\"behind \"\r\n";
    assert_memory_equal(t.at, start, sizeof start - 1);
    OWN(csv_reader) r;
    bool more;
    csv_reader_init(&r, t.at, t.length);
    for (int row = 0; row < 3; row++) {
        assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
        assert_true(more);
        assert_int_equal(r.row.count, N);
        for (int i = 0; i < N; i++)
            assert_string_equal(r.row.field[i], fields[(i + row) % N]);
    }
    assert_int_equal(r.line, 9); /* each record has three more lines inside */
    assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
    assert_false(more);
}

/* Names of files may be any bytes. A table is UTF-8; a record finds its file again. */
static void what_is_no_utf8_is_replaced(void **state)
{
    static const char name[] = "a\xff \"\xc3\xa9\xed\xa0\x80\" \xf0\x9f\x8e\xa7 \xc3";
    OWN(text) table = {0}, record = {0};
    csv_field(&table, name);
    csv_bytes(&record, name);
    assert_string_equal(table.at, "\"a\xef\xbf\xbd \"\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
                                  "\xef\xbf\xbd\"\" \xf0\x9f\x8e\xa7 \xef\xbf\xbd\"");
    OWN(csv_reader) r;
    bool more;
    csv_reader_init(&r, record.at, record.length);
    assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
    assert_string_equal(r.row.field[0], name);
}

static void line_ends_and_marks_do_not_matter(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a,b\n\n\r\nc,\rd,e";
    OWN(csv_reader) r;
    bool more;
    csv_reader_init(&r, text, sizeof text - 1);
    static const char *const expected[3][2] = {{"a", "b"}, {"c", ""}, {"d", "e"}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
        assert_int_equal(r.row.count, 2);
        assert_string_equal(r.row.field[0], expected[i][0]);
        assert_string_equal(r.row.field[1], expected[i][1]);
    }
    assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
    assert_false(more);
}

/* A row may end before the columns do, whatever stood there in the row before. */
static void a_short_row_has_no_more_values(void **state)
{
    static const char text[] = "a,b,c\n1,2,3\n4,5\n";
    OWN(csv_reader) r;
    bool more;
    csv_reader_init(&r, text, sizeof text - 1);
    assert_int_equal(csv_read_names(&r, &more, NULL), ST_OK);
    assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
    assert_string_equal(csv_value(&r, "c"), "3");
    assert_int_equal(csv_read(&r, &more, NULL), ST_OK);
    assert_string_equal(csv_value(&r, "b"), "5");
    assert_string_equal(csv_value(&r, "c"), "");
    assert_string_equal(csv_value(&r, "d"), "");
}

static void hostile_csv_is_refused(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        const char *said;
    } bad[] = {{"a,\"b", 4, "line 1: a quote that does not end"},
               {"a\n\"b\"c", 6, "line 2: text after a closing quote"},
               {"a\nb\0c", 5, "line 2: a NUL byte"}};
    struct csv_reader r;
    struct err e;
    bool more;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        csv_reader_init(&r, bad[i].text, bad[i].n);
        enum status st;
        while (!(st = csv_read(&r, &more, &e)) && more) {
        }
        assert_int_equal(st, ST_CORRUPT);
        assert_string_equal(e.msg, bad[i].said);
        csv_reader_done(&r);
    }
    FREED char *wide = malloc(2 << 20);
    static const struct {
        char of;
        size_t n;
        enum status st;
    } most[] = {{',', 1023, ST_OK},
                {',', 1024, ST_CORRUPT},
                {'x', 1 << 20, ST_OK},
                {'x', (1 << 20) + 1, ST_CORRUPT}};
    for (int i = 0; i < 4; i++) {
        memset(wide, most[i].of, 2 << 20);
        csv_reader_init(&r, wide, most[i].n);
        assert_int_equal(csv_read(&r, &more, &e), most[i].st);
        csv_reader_done(&r);
    }
}

/* --- manifests --- */

static struct candidate full_candidate(void)
{
    struct candidate c;
    candidate_clear(&c);
    strcpy(c.filename, "tape \"4\", side\xc3\xa9_pad01_dark.wav");
    strcpy(c.source, "tape_4");
    strcpy(c.source_path, "old, tapes/tape 4\n.flac");
    c.kind = KIND_PAD;
    for (int i = 0; i < ME_COUNT; i++)
        measures_set(&c.m, (enum measure_id)i, 1.0 / 3 + i);
    measures_set(&c.m, ME_lufs, (double)NAN);
    c.start_frame = 123456789012;
    c.end_frame = 123456999999;
    c.source_rate_hz = 96000;
    strcpy(c.key, "F#m");
    strcpy(c.brightness, "dark");
    c.cluster = 17;
    c.grade = 'A';
    c.saved = true;
    c.decision = DECISION_ACCEPTED;
    c.rating = 4;
    c.seed = UINT64_MAX;
    strcpy(c.algorithm_version, "1");
    memset(c.sha256, 'a', 64);
    parts_add(&c.parts, "steady", 0.9400000001);
    parts_add(&c.parts, "seam", 1.0 / 7);
    strcpy(c.missed_by, "level 1.2 dB below the gate");
    c.loop_count = 2;
    c.loop[0] = (struct loop_choice){1, 99999999999, 0.987654321, -43.21};
    c.loop[1] = (struct loop_choice){5, 6, -1, -200};
    return c;
}

static void columns_are_the_contract(void **state)
{
    static const char contract[] =
        "filename,source,source_path,type,start_sec,end_sec,duration_sec,channels,rms_db,"
        "lufs,peak_dbfs,crest_factor,centroid_hz,flatness,est_freq_hz,key,key_confidence,"
        "bpm,bpm_confidence,loop_start,loop_end,seam_error_db,brightness,hit_class,"
        "hit_confidence,cluster,score,grade,saved,decision,rating,seed,algorithm_version,"
        "sha256";
    char joined[2000] = "";
    for (int i = 0; i < manifest_column_count(MANIFEST_PLAIN); i++) {
        strcat(joined, i ? "," : "");
        strcat(joined, manifest_column(i));
    }
    assert_string_equal(joined, contract);
    assert_int_equal(manifest_column_count(MANIFEST_RECORD),
                     manifest_column_count(MANIFEST_PLAIN) + 6);
    /* every measure with a column of the table has one here */
    for (int m = 0; m < ME_COUNT; m++)
        assert_non_null(strstr(contract, measure_table[m].column));
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void a_record_keeps_everything(void **state)
{
    OWN(root) r;
    struct candidate rows[3] = {full_candidate(), full_candidate(), full_candidate()};
    FREED struct candidate *back;
    size_t count;
    char path[FOLDER_BYTES];
    candidate_clear(&rows[1]);
    strcpy(rows[1].filename, "x.wav");
    strcpy(rows[1].source, "x");
    rows[1].kind = KIND_SILENCE;
    rows[2].kind = KIND_FLICKER;
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    assert_int_equal(manifest_write(&r, "rec.csv", rows, 3, MANIFEST_RECORD, NULL),
                     ST_OK);
    struct err e;
    if (manifest_read(folder_path(path, *state, "rec.csv"), &back, &count, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++) {
        for (int m = 0; m < ME_COUNT; m++)
            assert_true(same_number(measures_get(&rows[i].m, (enum measure_id)m),
                                    measures_get(&back[i].m, (enum measure_id)m)));
        rows[i].m = back[i].m; /* NANs have many faces */
        assert_memory_equal(&rows[i], &back[i], sizeof rows[i]);
    }
    /* The plain form of what was read is the plain form of what was written. */
    FREED char *a, *b;
    size_t na, nb;
    assert_int_equal(manifest_write(&r, "a.csv", rows, 3, MANIFEST_PLAIN, NULL), ST_OK);
    assert_int_equal(manifest_write(&r, "b.csv", back, 3, MANIFEST_PLAIN, NULL), ST_OK);
    root_read_file(&r, "a.csv", 1 << 20, &a, &na, NULL);
    root_read_file(&r, "b.csv", 1 << 20, &b, &nb, NULL);
    assert_int_equal(na, nb);
    assert_memory_equal(a, b, na);
    assert_non_null(strstr(a, ",silence,,,,,"));
}

/* More than is written at once; and paths as the file system has them, in a record. */
static void no_row_is_lost_or_doubled(void **state)
{
    enum { ROWS = 900 };
    OWN(root) r;
    struct candidate *rows = calloc(ROWS, sizeof *rows), *back;
    size_t count;
    char path[FOLDER_BYTES];
    for (int i = 0; i < ROWS; i++) {
        rows[i] = full_candidate();
        snprintf(rows[i].filename, sizeof rows[i].filename, "pad%d.wav", i);
        snprintf(rows[i].source_path, sizeof rows[i].source_path, "t\xe9 %d.wav", i);
    }
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    for (int form = 0; form < 2; form++) {
        bool record = form == 1;
        assert_int_equal(manifest_write(&r, "many.csv", rows, ROWS,
                                        record ? MANIFEST_RECORD : MANIFEST_PLAIN, NULL),
                         ST_OK);
        folder_path(path, *state, "many.csv");
        assert_int_equal(manifest_read(path, &back, &count, NULL), ST_OK);
        assert_int_equal(count, ROWS);
        for (int i = 0; i < ROWS; i++) {
            FREED const char *want =
                text_of("t%s %d.wav", record ? "\xe9" : "\xef\xbf\xbd", i);
            assert_string_equal(back[i].filename, rows[i].filename);
            assert_string_equal(back[i].source_path, want);
        }
        free(back);
    }
    free(rows);
}

static enum status parse(const char *text, struct candidate **rows, size_t *count,
                         struct err *e)
{
    return manifest_parse(text, strlen(text), "m.csv", rows, count, e);
}

static void columns_may_come_in_any_order(void **state)
{
    FREED struct candidate *rows;
    size_t count;
    assert_int_equal(parse("type,extra,score,filename,source\n"
                           "drum,zzz,0.5,a.wav,tape\n"
                           "pad,,,b.wav,tape\n",
                           &rows, &count, NULL),
                     ST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].kind, KIND_DRUM);
    assert_true(rows[0].m.score == 0.5 && isnan(rows[1].m.score));
    assert_string_equal(rows[1].filename, "b.wav");
    free(rows);
    assert_int_equal(parse("type,filename,source\n", &rows, &count, NULL), ST_OK);
    assert_int_equal(count, 0);
    assert_non_null(rows);
}

/* What other programs, and hands, write for the same. */
static void what_is_meant_is_read(void **state)
{
    FREED struct candidate *rows;
    size_t count;
    char text[400], hash[65];
    for (int i = 0; i < 64; i++)
        hash[i] = "0123456789ABCDEF"[i % 16];
    hash[64] = '\0';
    snprintf(text, sizeof text,
             "type,filename,source,saved,seed,cluster,sha256\n"
             "pad,a,s,1,,,%s\npad,b,s,true,5,7,\npad,c,s,0,,,\npad,d,s,,,,\n",
             hash);
    assert_int_equal(parse(text, &rows, &count, NULL), ST_OK);
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(rows[i].saved, i < 2);
    assert_true(rows[0].seed == 0 && rows[1].seed == 5 && rows[1].cluster == 7);
    assert_int_equal(strncmp(rows[0].sha256, "0123456789abcdef", 16), 0);
}

/* The plain form has as many decimals as a measure deserves, and no zero for nothing. */
static void plain_numbers_are_rounded(void **state)
{
    OWN(root) r;
    struct candidate c;
    FREED char *text;
    size_t n;
    candidate_clear(&c);
    strcpy(c.filename, "x.wav");
    strcpy(c.source, "x");
    c.seed = 7;
    c.m.duration_sec = 1.23456789012;
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    assert_int_equal(manifest_write(&r, "p.csv", &c, 1, MANIFEST_PLAIN, NULL), ST_OK);
    assert_int_equal(root_read_file(&r, "p.csv", 1 << 20, &text, &n, NULL), ST_OK);
    char want[64];
    format_number(want, sizeof want, 1.23456789012,
                  measure_table[ME_duration_sec].decimals);
    assert_true(strlen(want) < 12);
    char *row = strchr(text, '\n') + 1;
    assert_non_null(strstr(row, want));
    assert_null(strstr(row, "1.23456789012"));
    assert_null(strstr(row, ",0,")); /* not in a stack, not rated: empty */
}

static void hostile_manifests_are_refused(void **state)
{
    static const char *const bad[][2] = {
        {"", "m.csv: it is empty"},
        {"a,b,c\n1,2,3\n",
         "m.csv:1: this is not a manifest: there is no column filename"},
        {"filename;source;type\n", "m.csv:1: this is not a manifest: there is no column "
                                   "filename (columns are separated by commas)"},
        {"type,filename,source\npad,../x.wav,s\n",
         "m.csv:2: ../x.wav is not a valid filename"},
        {"type,filename,source\npad,x.wav,..\n", "m.csv:2: .. is not a valid source"},
        {"type,filename,source\npad,x.wav,\n",
         "m.csv:2: an empty field is not a valid source"},
        {"type,filename,source\nbell,x.wav,s\n", "m.csv:2: bell is not a valid type"},
        {"type,filename,source\npad,x.wav\n",
         "m.csv:2: the row ends before its column source"},
        {"type,filename,source,score\npad,x,s,1,2\npad,x,s,high\n",
         "m.csv:3: high is not a valid score"},
        {"type,filename,source,duration_sec\npad,x,s,1e300\n",
         "m.csv:2: 1e300 is not a valid duration_sec"},
        {"type,filename,source,parts\npad,x,s,a=1e300\n",
         "m.csv:2: a=1e300 is not a valid parts"},
        {"type,filename,source,grade\npad,x,s,Z\n", "m.csv:2: Z is not a valid grade"},
        {"type,filename,source,rating\npad,x,s,6\n", "m.csv:2: 6 is not a valid rating"},
        {"type,filename,source,seed\npad,x,s,18446744073709551616\n",
         "m.csv:2: 18446744073709551616 is not a valid seed"},
        {"type,filename,source,sha256\npad,x,s,abc\n",
         "m.csv:2: abc is not a valid sha256"},
        {"type,filename,source,parts\npad,x,s,a=1 b=2 c\n",
         "m.csv:2: a=1 b=2 c is not a valid parts"},
        {"type,filename,source,loops\npad,x,s,1:2:3\n",
         "m.csv:2: 1:2:3 is not a valid loops"},
        {"type,filename,source,start_frame\npad,x,s,1.5\n",
         "m.csv:2: 1.5 is not a valid start_frame"},
        {"type,filename,source,saved\npad,x,s,maybe\n",
         "m.csv:2: maybe is not a valid saved"},
        {"type,filename,source,grade\npad,x,s,AB\n", "m.csv:2: AB is not a valid grade"},
        {"type,filename,source,key\npad,x,s,A\x7f\n", "m.csv:2: A? is not a valid key"},
        {"type,filename,source,key\npad,x,s,A\x1b\n", "m.csv:2: A? is not a valid key"},
        {"type,filename,source,cluster\npad,x,s,-1\n",
         "m.csv:2: -1 is not a valid cluster"},
        {"type,filename,source,cluster\npad,x,s,1e10\n",
         "m.csv:2: 1e10 is not a valid cluster"},
        {"type,filename,source,start_frame\npad,x,s,1e16\n",
         "m.csv:2: 1e16 is not a valid start_frame"},
        {"type,filename,source,parts\npad,x,s,=1\n", "m.csv:2: =1 is not a valid parts"},
        {"type,filename,source,parts\npad,x,s,abcdefghijkl=1\n",
         "m.csv:2: abcdefghijkl=1 is not a valid parts"},
        {"type,filename,source,loops\npad,x,s,:2:3:4\n",
         "m.csv:2: :2:3:4 is not a valid loops"},
        {"type,filename,source,loops\npad,x,s,1:1e16:3:4\n",
         "m.csv:2: 1:1e16:3:4 is not a valid loops"},
        {"type,filename,source\npad,\"x", "m.csv: line 2: a quote that does not end"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct candidate *rows;
        size_t count;
        struct err e;
        assert_int_equal(parse(bad[i][0], &rows, &count, &e), ST_CORRUPT);
        assert_string_equal(e.msg, bad[i][1]);
    }
    struct candidate *rows;
    size_t count;
    char text[2000];
    struct candidate c;
    for (size_t n = sizeof c.key - 1; n < sizeof c.key + 1; n++) { /* what has room */
        strcpy(text, "type,filename,source,key\npad,x,s,");
        memset(text + strlen(text), 'k', n + 1);
        text[strlen("type,filename,source,key\npad,x,s,") + n] = '\0';
        bool fits = n < sizeof c.key;
        assert_int_equal(parse(text, &rows, &count, NULL), fits ? ST_OK : ST_CORRUPT);
        if (fits)
            free(rows);
    }
    for (int n = 0; n < 2; n++) /* as many parts and loops as there is room for */
        for (int loops = 0; loops < 2; loops++) {
            int most = loops ? LOOP_CHOICES_MAX : PARTS_MAX;
            sprintf(text, "type,filename,source,%s\npad,x,s,", loops ? "loops" : "parts");
            for (int i = 0; i < most + n; i++)
                strcat(text, loops ? "1:2:: " : "a= ");
            assert_int_equal(parse(text, &rows, &count, NULL), n ? ST_CORRUPT : ST_OK);
            if (n)
                continue;
            assert_int_equal(rows->loop_count, loops ? most : 0);
            assert_int_equal(rows->parts.count, loops ? 0 : most);
            assert_true(loops ? isnan(rows->loop[0].correlation) &&
                                    isnan(rows->loop[0].seam_error_db)
                              : isnan(rows->parts.part[0].value));
            free(rows);
        }
    assert_int_equal(manifest_read("/nowhere/m.csv", &rows, &count, NULL), ST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_a_point_in_every_locale),
        cmocka_unit_test(fields_come_back),
        cmocka_unit_test(what_is_no_utf8_is_replaced),
        cmocka_unit_test(line_ends_and_marks_do_not_matter),
        cmocka_unit_test(a_short_row_has_no_more_values),
        cmocka_unit_test(hostile_csv_is_refused),
        cmocka_unit_test(columns_are_the_contract),
        IN_FOLDER(a_record_keeps_everything),
        IN_FOLDER(no_row_is_lost_or_doubled),
        cmocka_unit_test(columns_may_come_in_any_order),
        cmocka_unit_test(what_is_meant_is_read),
        IN_FOLDER(plain_numbers_are_rounded),
        cmocka_unit_test(hostile_manifests_are_refused),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
