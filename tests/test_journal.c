/* The decision file: what is said of finds is written and read again as it was, also by
 * hand and damaged. */
#include "catalog_rig.h"
#include "checks.h"

#include "core/journal.h"
#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_journal_round_trip(void **state)
{
    struct bench *b = *state;
    static const char *const names[] = {"plain.wav",
                                        " blanks at its ends ",
                                        "quote\"s and \\back\\slashes",
                                        "tab\tnewline\nhi",
                                        "emoji \xF0\x9F\xA5\x81.wav",
                                        "broken \xFF utf\xC3",
                                        "#hash",
                                        "\"\"",
                                        "-",
                                        "..",
                                        "\xE2\x80\xA8line separator",
                                        "\x1b[31mred"};
    enum { N = sizeof names / sizeof *names };
    struct candidate in[N];
    for (int i = 0; i < N; i++) {
        make_find(&in[i], "tape 4", KIND_PAD, i);
        snprintf(in[i].filename, sizeof in[i].filename, "%s", names[i]);
    }
    publish(b, in, N, NULL);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    for (int i = 0; i < N; i++) {
        struct change all[] = {
            {.field = FIELD_DECISION, .candidate = candidate_id(&in[i])},
            {.field = FIELD_NOTE, .candidate = candidate_id(&in[i])},
            {.field = FIELD_SLOT, .key = "BD"},
        };
        snprintf(all[0].value, EVENT_VALUE_BYTES, "%s", i % 2 ? "accepted" : "rejected");
        snprintf(all[1].value, EVENT_VALUE_BYTES, "note: %s", names[i]);
        candidate_path(&in[i], all[2].value);
        assert_int_equal(catalog_record(c, all, 3, "x", NULL, NULL), ST_OK);
    }
    assert_int_equal(decide(c, candidate_id(&in[3]), ""), ST_OK);
    assert_int_equal(catalog_export(c, b->text, NULL), ST_OK);
    assert_int_equal(catalog_export(c, b->text, NULL), ST_OK); /* anew */
    /* what is no such file stays: a recording, a short one, a list of one's own */
    static const char *const theirs[] = {"RIFFxxxxWAVEfmt and sound for a while", "RI",
                                         "",
                                         "accepted night/pad/a.wav\naccepted b.wav\n"};
    size_t bytes;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
        char mine[600];
        struct err e = {0};
        snprintf(mine, sizeof mine, "%s.mine", b->text);
        FILE *f = fopen(mine, "wb");
        assert_non_null(f);
        fputs(theirs[i], f);
        fclose(f);
        assert_int_equal(catalog_export(c, mine, &e), ST_EXISTS);
        assert_non_null(strstr(e.msg, "already exists"));
        FREED char *kept = file_read(mine, &bytes);
        assert_int_equal(bytes, strlen(theirs[i]));
        assert_memory_equal(kept, theirs[i], bytes);
        assert_int_equal(unlink(mine), 0);
    }
    /* and nobody waits for what reads or writes a pipe */
    char pipe[600];
    snprintf(pipe, sizeof pipe, "%s.pipe", b->text);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(catalog_export(c, pipe, NULL), ST_EXISTS);
    assert_int_equal(unlink(pipe), 0);
    /* nor does anything lie under a name that none can have */
    struct err no;
    FREED const char *longest = text_of("%0300d.txt", 0);
    assert_true(catalog_export(c, longest, &no) != ST_EXISTS);
    assert_non_null(strstr(no.msg, "File name too long"));
    catalog_close(c);
    char *text = file_read(b->text, &bytes);
    for (size_t i = 0; i < bytes; i++) /* plain to read: no control bytes, no bad UTF-8 */
        assert_true(text[i] == '\n' ||
                    ((unsigned char)text[i] >= 0x20 && (unsigned char)text[i] != 0xFF));
    free(text);

    unlink(b->db);
    publish(b, in, N - 1, NULL); /* one is not there yet */
    c = open_db(b, CATALOG_WRITE);
    struct replay_report report;
    assert_int_equal(catalog_replay(c, b->text, &report, NULL), ST_OK);
    assert_int_equal(report.journal.bad, 0);
    assert_int_equal(report.unknown, 2);
    assert_non_null(strstr(report.first_unknown, "red"));
    catalog_close(c);
    publish(b, in, N, NULL);
    c = open_db(b, CATALOG_WRITE);
    for (int i = 0; i < N; i++) {
        char value[EVENT_VALUE_BYTES];
        uint64_t id = candidate_id(&in[i]);
        assert_int_equal(decision_of(c, id), i == 3  ? DECISION_NONE
                                             : i % 2 ? DECISION_ACCEPTED
                                                     : DECISION_REJECTED);
        FREED const char *expected = text_of("note: %s", names[i]);
        assert_int_equal(catalog_value(c, FIELD_NOTE, id, "", value, NULL), ST_OK);
        assert_string_equal(value, expected);
    }
}

/* What was read, hashed, and written again. */
struct echo {
    FILE *out;
    uint64_t hash;
    size_t events;
};

static enum status echo_event(void *user, const struct change *c, const char *path,
                              struct err *e)
{
    struct echo *echo = user;
    (void)e;
    assert_true(c->field < FIELD_COUNT);
    assert_true(strlen(c->value) < sizeof c->value && strlen(c->key) < sizeof c->key);
    assert_true(strlen(path) < CANDIDATE_PATH_BYTES);
    echo->hash = rng_hash(echo->hash, &c->field, sizeof c->field);
    echo->hash = rng_hash(echo->hash, c->key, strlen(c->key) + 1);
    echo->hash = rng_hash(echo->hash, c->value, strlen(c->value) + 1);
    echo->hash = rng_hash(echo->hash, path, strlen(path) + 1);
    echo->events++;
    if (echo->out) {
        OWN(text) text = {0};
        journal_add(&text, c, path);
        assert_int_equal(strcspn(text.at, "\r\n"), text.length - 1);
        fputs(text.at, echo->out);
    }
    return ST_OK;
}

/* Edited by hand or damaged: a line is an event that is written as it was read, or it is
 * counted as bad. */
static void test_journals_of_any_bytes(void **state)
{
    struct bench *b = *state;
    static const char seed[] =
        "# trowel decisions 1\n"
        "accepted night-train/pad/night-train_pad01_mid.wav\n"
        "note \"two\\n lines \\\"and\\\" \\x41 caf\xC3\xA9\" a b/drum/c \\x20d.wav\n"
        "slot BD tape4/drum/tape4_drum_007_kick.wav\r\nslot OH \"\"\n"
        "edges \"44100 88200\" tape/pad/x.wav\nloop \"1 2\" tape/pad/x.wav\n"
        "steps SD 0000100000001000\ntrim SD -3.50\nkit \"NIGHT BUS\"\ntempo 124.5\n"
        "class snare tape4/drum/tape4_drum_044_perc.wav\nrating 4 x.wav\n";
    static const char odd[] = "\"\\ \n\r\t#\0x\x7f\xc3\xe2\x80\xa8/-9";
    char again[PATH_BYTES + 64];
    struct rng r = rng_derive(9, 0, "journals", 0);
    size_t events = 0, bad = 0;
    snprintf(again, sizeof again, "%s.again", b->text);
    for (int round = 0; round < 1500; round++) {
        char bytes[sizeof seed];
        size_t n = sizeof seed - 1;
        memcpy(bytes, seed, sizeof seed);
        for (uint32_t edits = rng_below(&r, 9); edits > 0; edits--) {
            size_t at = rng_below(&r, (uint32_t)n);
            if (rng_below(&r, 3) > 0) {
                bytes[at] = odd[rng_below(&r, sizeof odd - 1)];
            } else {
                memmove(bytes + at, bytes + at + 1, n - at - 1);
                n--;
            }
        }
        spew(b->text, bytes, n);
        struct journal_report report;
        struct echo first = {.out = fopen(again, "wb")}, second = {0};
        assert_non_null(first.out);
        assert_int_equal(journal_read(b->text, echo_event, &first, &report, NULL), ST_OK);
        assert_int_equal(fclose(first.out), 0);
        events += first.events;
        bad += report.bad;
        assert_int_equal(journal_read(again, echo_event, &second, &report, NULL), ST_OK);
        assert_int_equal(report.bad, 0);
        assert_int_equal(second.events, first.events);
        assert_true(second.hash == first.hash);
    }
    assert_true(events > 10000 && bad > 1000);
}

/* What never ends a line is not read to its end; a pipe is read, a device is not. */
static void test_journal_of_no_text(void **state)
{
    struct bench *b = *state;
    enum { LONG = 1 << 17 };
    static char bytes[LONG];
    struct echo echo = {0};
    struct err e = {0};
    memset(bytes, 'x', LONG);
    spew(b->text, bytes, LONG);
    assert_int_equal(journal_read(b->text, echo_event, &echo, NULL, &e), ST_UNREADABLE);
    assert_non_null(strstr(e.msg, ":1: a line of more than 65535 bytes"));
    assert_int_equal(journal_read("/dev/zero", echo_event, &echo, NULL, &e),
                     ST_UNREADABLE);
    assert_int_equal(journal_read("/dev", echo_event, &echo, NULL, &e), ST_UNREADABLE);
    assert_int_equal(echo.events, 0);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "rating 4 x.wav\n", 15), 15);
    assert_int_equal(close(ends[1]), 0);
    FREED const char *path = text_of("/dev/fd/%d", ends[0]);
    assert_int_equal(journal_check(path, &e), ST_OK); /* takes nothing out of it */
    assert_int_equal(journal_read(path, echo_event, &echo, NULL, &e), ST_OK);
    assert_int_equal(echo.events, 1);
    assert_int_equal(close(ends[0]), 0);
}

static void test_journal_by_hand(void **state)
{
    struct bench *b = *state;
    static const char text[] =
        "\xEF\xBB\xBF# mine\r\n\r\naccepted night-train_pad0000.wav\r\n"
        "  rejected   night-train/drum/night-train_drum0001.wav  \r\n"
        "rating 7 night-train_pad0000.wav\n"
        "ratink 3 night-train_pad0000.wav\n"
        "rating 3\n"
        "note \"open night-train_pad0000.wav\n"
        "rating 3 night-train_pad0000.wav\n"
        "accepted nowhere.wav\n"
        "steps SD 0000100000001000\nlock SD 1\ntempo 124.50";
    FREED struct candidate *in = make_finds(6);
    publish(b, in, 6, NULL);
    spew(b->text, text, sizeof text - 1);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    struct replay_report r;
    assert_int_equal(catalog_replay(c, b->text, &r, NULL), ST_OK);
    assert_int_equal(r.journal.bad, 4);
    assert_non_null(
        strstr(r.journal.first_bad.msg, "decisions.txt:5: rating takes 0 to 5"));
    assert_int_equal(r.applied, 6);
    assert_int_equal(r.unknown, 1);
    assert_string_equal(r.first_unknown, "nowhere.wav");
    assert_int_equal(decision_of(c, candidate_id(&in[0])), DECISION_ACCEPTED);
    assert_int_equal(decision_of(c, candidate_id(&in[1])), DECISION_REJECTED);
    struct err e = {0};
    assert_int_equal(catalog_replay(c, "/nonexistent/file", &r, &e), ST_NOT_FOUND);
    /* one action: one undo takes it all back */
    struct change_list changes;
    char label[ACTION_LABEL_BYTES];
    assert_int_equal(catalog_undo(c, &changes, label, NULL), ST_OK);
    assert_int_equal(changes.count, 6);
    free(changes.at);
    assert_int_equal(decision_of(c, candidate_id(&in[0])), DECISION_NONE);
}

struct last {
    struct change change;
    size_t events;
};

static enum status keep_last(void *user, const struct change *c, const char *path,
                             struct err *e)
{
    struct last *last = user;
    (void)path, (void)e;
    last->change = *c;
    last->events++;
    return ST_OK;
}

/* A file of which no line says anything is none of ours: one sentence, and nothing is
 * decided; nor by a sound, whatever lines lie in it. */
static void test_journal_foreign(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *text;
        size_t bytes;
        const char *says;
    } foreign[] = {
        {"accept a.wav\n", 13,
         "decisions.txt:1: \"accept\" is not a decision; did you mean accepted?; no line "
         "of this file is a decision"},
        {"# notes\n\nA tape.\nAnother.\n", 27, ":3: \"A\" is not a decision"},
        {"RIFF\x24\0\0\0WAVEfmt \n\x01\0", 19, ":1: \"RIFF$\" is not a decision"},
    };
    FREED struct candidate *in = make_finds(1);
    publish(b, in, 1, NULL);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct replay_report r;
        struct err e = {0};
        spew(b->text, foreign[i].text, foreign[i].bytes);
        assert_int_equal(catalog_replay(c, b->text, &r, &e), ST_UNREADABLE);
        assert_non_null(strstr(e.msg, foreign[i].says));
        assert_int_equal(decision_of(c, candidate_id(&in[0])), DECISION_NONE);
    }
}

/* A slip of the hand is told, with what was meant, and is no decision; a slot's letters
 * may be small. */
static void test_journal_slips(void **state)
{
    struct bench *b = *state;
    static const char *const slips[][2] = {
        {"accept a.wav\n", ":2: \"accept\" is not a decision; did you mean accepted?"},
        {"Rejected a.wav\n", "did you mean rejected?"},
        {"bagpipe a.wav\n", "\"bagpipe\" is not a decision (accepted, rejected, rating"},
        {"class snaer a.wav\n", "class takes one of kick, snare, clap"},
        {"slot XX a.wav\n", ":2: \"XX\" is not a slot of a kit; those are BD SD LT MT"},
        {"lock XX 1\n", "\"XX\" is not a slot of a kit"},
        {"edges \"1 9223372036854775807\" a.wav\n", "edges takes two frame numbers"},
        {"loop \"1 68719476737\" a.wav\n", "loop takes two frame numbers"},
        {"rating 9 a.wav\nrating 8 a.wav\n", "; this line and 1 more are skipped"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        struct journal_report r;
        struct last last = {0};
        FREED const char *text = text_of("tempo 120\n%s", slips[i][0]);
        spew(b->text, text, strlen(text));
        assert_int_equal(journal_read(b->text, keep_last, &last, &r, NULL), ST_OK);
        assert_int_equal(last.events, 1);
        assert_int_equal(last.change.field, FIELD_TEMPO);
        assert_non_null(strstr(r.first_bad.msg, slips[i][1]));
    }
    struct last last = {0};
    spew(b->text, "slot bd a.wav\n", 14);
    assert_int_equal(journal_read(b->text, keep_last, &last, NULL, NULL), ST_OK);
    assert_int_equal(last.events, 1);
    assert_string_equal(last.change.key, "BD");
    spew(b->text, "edges \"1 68719476736\" a.wav\n", 28); /* the last of a day */
    assert_int_equal(journal_read(b->text, keep_last, &last, NULL, NULL), ST_OK);
    assert_int_equal(last.events, 2);
}

/* Every word of the decision file is in its description. */
static void test_words_are_documented(void **state)
{
    size_t bytes;
    char *text = file_read(SOURCE_DIR "/docs/decision-file.md", &bytes), row[64];
    for (int f = 0; f < FIELD_COUNT; f++) {
        snprintf(row, sizeof row, "\n| `%s` |", event_word((enum event_field)f));
        if (strstr(text, row) == NULL)
            fail_msg("%s", event_word((enum event_field)f));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CATALOG(test_journal_round_trip),   IN_CATALOG(test_journals_of_any_bytes),
        IN_CATALOG(test_journal_of_no_text),   IN_CATALOG(test_journal_by_hand),
        IN_CATALOG(test_journal_foreign),      IN_CATALOG(test_journal_slips),
        IN_CATALOG(test_words_are_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
