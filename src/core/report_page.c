#include "core/report_page.h"

#include "io/number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

const char report_mark[] = "<!doctype html><!-- trowel report -->\n";

static const char style[] =
    ":root{color-scheme:light "
    "dark;--bg:#faf8f5;--fg:#26221d;--dim:#6f675d;--line:#ddd5ca;"
    "--wave:#9a5b2f;--card:#fff;--mark:#9a5b2f}"
    "@media(prefers-color-scheme:dark){:root{--bg:#171513;--fg:#e9e2d8;--dim:#a2978a;"
    "--line:#37322c;--wave:#d79a64;--card:#1f1c19;--mark:#d79a64}}"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem "
    "5rem;"
    "background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:0 0 "
    ".2rem;font-weight:600}p.sub{color:var(--dim);margin:0 0 "
    "1.5rem}h2{font-size:1rem;font-weight:600;margin:2rem 0 .6rem;border-bottom:1px "
    "solid "
    "var(--line);padding-bottom:.3rem}"
    ".grid{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(19rem,"
    "1fr))}"
    "article{background:var(--card);border:1px solid var(--line);border-radius:6px;"
    "padding:.7rem .8rem;min-width:0;content-visibility:auto;"
    "contain-intrinsic-size:auto 22rem}article:focus{outline:2px solid var(--mark);"
    "outline-offset:1px}article[data-state=playing]{border-color:var(--mark)}"
    "h3{font-size:.95rem;margin:0 0 .4rem;font-weight:600;overflow-wrap:anywhere}"
    "h3 b{color:var(--mark);margin-right:.5em}"
    "article[data-loop] h3::after{content:'\\21bb';color:var(--mark);float:right}"
    "h2::first-letter{text-transform:uppercase}"
    "svg{display:block;width:100%;height:44px}svg path{fill:var(--wave)}"
    "img{display:block;width:100%;height:40px;image-rendering:auto;margin:.3rem 0 .4rem;"
    "border-radius:2px}audio{width:100%;height:32px;margin:.1rem 0 .3rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:0 .7rem;margin:.2rem 0 0;"
    "font-size:.82rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    "kbd{border:1px solid var(--line);border-radius:3px;padding:0 .3em;font:inherit;"
    "font-size:.85em}#error{color:#b3261e}.none{color:var(--dim);font-size:.85rem}";

static const char script[] =
    "const all=[...document.querySelectorAll('article')];let at=-1;"
    "window.addEventListener('error',e=>{document.getElementById('error').textContent="
    "e.message});"
    "function go(i){if(!all.length)return;at=Math.max(0,Math.min(all.length-1,i));"
    "all[at].focus();all[at].scrollIntoView({block:'nearest'})}"
    "function player(i){return i>=0&&all[i].querySelector('audio')}"
    "function hush(but){for(const a of document.querySelectorAll('audio'))if(a!==but)"
    "a.pause()}"
    "function toggle(i){const a=player(i);if(!a)return;if(!a.paused){a.pause();return}"
    "hush(a);a.currentTime=0;a.play().catch(e=>{document.getElementById('error')"
    ".textContent=e.message})}"
    "all.forEach((x,i)=>{x.addEventListener('focusin',()=>{at=i});const a=player(i);"
    "if(!a)return;a.addEventListener('play',()=>{hush(a);x.dataset.state='playing'});"
    "a.addEventListener('pause',()=>{x.dataset.state='paused'});"
    "a.addEventListener('ended',()=>{x.dataset.state='played'})});"
    "document.addEventListener('keydown',e=>{if(e.ctrlKey||e.metaKey||e.altKey)return;"
    "if(e.key==='j')go(at+1);else if(e.key==='k')go(at-1);else if(e.key===' '&&"
    "e.target.tagName!=='AUDIO'){toggle(at<0?(go(0),0):at)}else if(e.key==='l'){const a="
    "player(at);if(a){a.loop=!a.loop;all[at].toggleAttribute('data-loop',a.loop)}}else "
    "return;e.preventDefault()});"
    "const m=/^#play=(\\d+)$/.exec(location.hash);if(m){go(+m[1]);toggle(at)}";

/* What a terminal would obey, a browser would too: U+202E turns what follows it. */
static void escape(struct text *t, const char *s)
{
    static const char *const with[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    size_t from = t->length;
    text_replaced(t, s, "&<>\"'", with);
    if (t->failed || t->length == from)
        return;
    err_tame(t->at + from);
    t->length = from + strlen(t->at + from);
}

static void base64(struct text *t, const unsigned char *bytes, size_t n)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char block[4096];
    size_t used = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16;
        v |= i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0;
        v |= i + 2 < n ? bytes[i + 2] : 0;
        block[used++] = digit[v >> 18];
        block[used++] = digit[v >> 12 & 63];
        block[used++] = i + 1 < n ? digit[v >> 6 & 63] : '=';
        block[used++] = i + 2 < n ? digit[v & 63] : '=';
        if (used == 4096 || i + 3 >= n) {
            text_bytes(t, block, used);
            used = 0;
        }
    }
}

void page_head(struct text *t, const char *title, size_t samples)
{
    text_add(t, report_mark);
    text_add(t, "<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width\">"
                "<link rel=\"icon\" href=\"data:,\"><title>");
    escape(t, title);
    text_add(t, "</title><style>");
    text_add(t, style);
    text_add(t, "</style></head><body><main><h1>");
    escape(t, title);
    text_addf(
        t,
        "</h1><p class=\"sub\">%zu sample%s &middot; <kbd>j</kbd> <kbd>k</kbd> move, "
        "<kbd>space</kbd> play, <kbd>l</kbd> loop <span id=\"error\" role=\"alert\">"
        "</span></p>\n",
        samples, samples == 1 ? "" : "s");
}

void page_heading(struct text *t, const char *heading, bool first)
{
    text_add(t, first ? "<h2>" : "</div><h2>");
    escape(t, heading);
    text_add(t, "</h2><div class=\"grid\">\n");
}

static void waveform(struct text *t, const struct picture *p)
{
    double scale = p->peak > 0 ? 21.0 / (double)p->peak : 0;
    text_addf(t,
              "<svg viewBox=\"0 0 %d 44\" preserveAspectRatio=\"none\" "
              "aria-hidden=\"true\"><path d=\"M0 22",
              PICTURE_WAVE);
    /* Tenths are finer than any screen shows and keep the page small. */
    for (int i = 0; i < PICTURE_WAVE; i++) {
        int y = (int)lround(10 * (22 - fmax((double)p->wave[i].max * scale, 0.25)));
        text_addf(t, "L%d %d.%d", i, y / 10, y % 10);
    }
    for (int i = PICTURE_WAVE - 1; i >= 0; i--) {
        int y = (int)lround(10 * (22 - fmin((double)p->wave[i].min * scale, -0.25)));
        text_addf(t, "L%d %d.%d", i, y / 10, y % 10);
    }
    text_add(t, "Z\"/></svg>");
}

static void put32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

/* The spectrogram as an 8-bit Windows bitmap: every browser shows it, and it needs
 * neither compression nor checksums. Rows go from the bottom up, as bands do. */
static void spectrogram(struct text *t, const struct picture *p, const char *name)
{
    enum { HEADER = 54, PALETTE = 1024, PIXELS = PICTURE_ROWS * PICTURE_COLS };
    static const unsigned char from[3] = {0x1b, 0x17, 0x14},
                               middle[3] = {0x9a, 0x4b, 0x2f}, to[3] = {0xff, 0xe2, 0xa8};
    unsigned char bmp[HEADER + PALETTE + PIXELS] = {'B', 'M'};
    put32(bmp + 2, sizeof bmp);
    put32(bmp + 10, HEADER + PALETTE);
    put32(bmp + 14, 40);
    put32(bmp + 18, PICTURE_COLS);
    put32(bmp + 22, PICTURE_ROWS);
    put32(bmp + 26, 1 | 8 << 16);
    put32(bmp + 34, PIXELS);
    for (int i = 0; i < 256; i++)
        for (int c = 0; c < 3; c++) {
            const unsigned char *a = i < 128 ? from : middle, *b = i < 128 ? middle : to;
            int part = i < 128 ? i : i - 128;
            bmp[HEADER + 4 * i + 2 - c] =
                (unsigned char)(a[c] + (b[c] - a[c]) * part / 128);
        }
    for (int i = 0; i < PIXELS; i++) {
        double v = fmin(1, fmax(0, (double)p->spectrum[i]));
        bmp[HEADER + PALETTE + i] = (unsigned char)lround(255 * v);
    }
    text_add(t, "<img decoding=\"async\" alt=\"spectrogram of ");
    escape(t, name);
    text_add(t, "\" src=\"data:image/bmp;base64,");
    base64(t, bmp, sizeof bmp);
    text_add(t, "\">");
}

static void fact(struct text *t, const char *name, double value, int decimals,
                 const char *unit)
{
    char number[64];
    if (isnan(value))
        return;
    format_number(number, sizeof number, value, decimals);
    text_add(t, "<dt>");
    escape(t, name);
    text_addf(t, "</dt><dd>%s", number);
    text_add(t, unit[0] ? " " : "");
    escape(t, unit);
    text_add(t, "</dd>");
}

static void words(struct text *t, const char *name, const char *value)
{
    if (!value[0])
        return;
    text_addf(t, "<dt>%s</dt><dd>", name);
    escape(t, value);
    text_add(t, "</dd>");
}

static void origin(struct text *t, const struct candidate *c)
{
    if (!c->source_path[0])
        return;
    text_add(t, "<dt>from</dt><dd>");
    escape(t, c->source_path);
    if (isfinite(c->m.start_sec)) {
        text_add(t, " at ");
        text_place(t, c->m.start_sec);
    }
    text_add(t, "</dd>");
}

static void why_it_scores(struct text *t, const struct candidate *c)
{
    if (c->parts.count == 0)
        return;
    text_add(t, "<dt>why</dt><dd>");
    for (int i = 0; i < c->parts.count; i++) {
        char number[64];
        format_number(number, sizeof number, c->parts.part[i].value, 2);
        text_add(t, i ? ", " : "");
        escape(t, c->parts.part[i].name);
        text_addf(t, " %s", number);
    }
    text_add(t, "</dd>");
}

static void facts(struct text *t, const struct candidate *c)
{
    text_add(t, "<dl>");
    fact(t, "length", c->m.duration_sec, 2, "s");
    fact(t, "level", c->m.rms_db, 1, "dBFS");
    fact(t, "loudness", c->m.lufs, 1, "LUFS");
    fact(t, "peak", c->m.peak_dbfs, 1, "dBFS");
    fact(t, "centroid", c->m.centroid_hz, 0, "Hz");
    fact(t, "pitch", c->m.est_freq_hz, 1, "Hz");
    fact(t, "seam", c->m.seam_error_db, 1, "dB");
    words(t, "key", c->key);
    words(t, "class", c->hit_class);
    words(t, "brightness", c->brightness);
    fact(t, "score", c->m.score, 2, "");
    if (c->grade)
        words(t, "grade", (char[]){c->grade, '\0'});
    words(t, "decision", decision_name(c->decision));
    why_it_scores(t, c);
    origin(t, c);
    text_add(t, "</dl>");
}

void page_sample(struct text *t, const struct report_sample *s, size_t number,
                 const struct picture *picture, const struct report_player *player)
{
    text_addf(t,
              "<article tabindex=\"0\" id=\"s%zu\" aria-labelledby=\"n%zu\" "
              "data-state=\"idle\"><h3 id=\"n%zu\">",
              number, number, number);
    if (s->label[0]) {
        text_add(t, "<b>");
        escape(t, s->label);
        text_add(t, "</b>");
    }
    escape(t, s->name);
    text_add(t, "</h3>");
    if (picture) {
        waveform(t, picture);
        spectrogram(t, picture, s->name);
    }
    if (player->wav) {
        text_add(t, "<audio controls preload=\"none\" aria-label=\"");
        escape(t, s->name);
        text_add(t, "\" src=\"data:audio/wav;base64,");
        base64(t, player->wav, player->bytes);
        text_add(t, "\"></audio>");
    } else {
        text_add(t, "<p class=\"none\">");
        escape(t, player->why);
        text_add(t, "</p>");
    }
    facts(t, &s->c);
    text_add(t, "</article>\n");
}

void page_foot(struct text *t)
{
    text_add(t, "</div></main><script>");
    text_add(t, script);
    text_add(t, "</script></body></html>\n");
}
