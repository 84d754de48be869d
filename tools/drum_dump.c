/* drum_dump: features of drum hits for tools/train_drums.py, so that training and program
 * share one implementation.
 *
 * stdin: any number of hits: int32 rate, int32 lead frames, int32 frames, frames ×
 * float32 mono (host byte order). stdout: DRUM_FEATURES float32 per hit; all NaN for a
 * hit without sound. Before the first hit: int32 DRUM_FEATURES. */
#include "dsp/drum_features.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

int main(void)
{
    int32_t count = DRUM_FEATURES, head[3];
    struct drum_ear *ear = NULL;
    int rate_hz = 0;
    fwrite(&count, sizeof count, 1, stdout);
    while (fread(head, sizeof head, 1, stdin) == 1) {
        struct audio hit;
        struct err e;
        float f[DRUM_FEATURES];
        if (head[1] < 0 || head[2] < 0 ||
            audio_init(&hit, (size_t)head[2], 1, head[0], &e) != ST_OK ||
            fread(hit.data, sizeof *hit.data, hit.frames, stdin) != hit.frames) {
            fprintf(stderr, "drum_dump: the stream of hits is damaged\n");
            return 1;
        }
        if (rate_hz != hit.rate_hz) {
            drum_ear_free(ear);
            if (drum_ear_new(&ear, hit.rate_hz, &e) != ST_OK)
                return 1;
            rate_hz = hit.rate_hz;
        }
        if (drum_ear_features(ear, &hit, (size_t)head[1], f, &e) != ST_OK)
            for (int i = 0; i < DRUM_FEATURES; i++)
                f[i] = NAN;
        fwrite(f, sizeof f, 1, stdout);
        audio_done(&hit);
    }
    drum_ear_free(ear);
    return ferror(stdout) ? 1 : 0;
}
