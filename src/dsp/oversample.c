#include "dsp/oversample.h"

#include "dsp/line.h"
#include "dsp/vec.h"

enum { BEFORE = OVERSAMPLE_TAPS / 2 - 1 };

const float oversample_tap[OVERSAMPLE - 1][OVERSAMPLE_TAPS] = {
    {-0.000106912325f, 0.000306243252f,  -0.000685042352f, 0.00133438734f,
     -0.00236979127f,  0.00393436942f,   -0.00620476948f,  0.00940388255f,
     -0.0138285961f,   0.0199108366f,    -0.0283569153f,   0.0404934585f,
     -0.0592618659f,   0.0928724334f,    -0.175997436f,    0.899518192f,
     0.297655374f,     -0.122975498f,    0.0732294843f,    -0.0487418249f,
     0.0338381641f,    -0.0237765852f,   0.0166273359f,    -0.0114402873f,
     0.00767190149f,   -0.00496871769f,  0.00307578105f,   -0.00179558329f,
     0.000969279674f,  -0.000468060869f, 0.000188947801f,  -5.21796355e-05f},
    {-0.00010830367f, 0.000343148422f, -0.000804602285f, 0.0016133649f,  -0.00292381505f,
     0.00492802495f,  -0.0078627849f,  0.0120244026f,    -0.0178009905f, 0.025743207f,
     -0.0367236622f,  0.0523224249f,   -0.0758876279f,   0.116153687f,   -0.205336079f,
     0.634319603f,    0.634319603f,    -0.205336079f,    0.116153687f,   -0.0758876279f,
     0.0523224249f,   -0.0367236622f,  0.025743207f,     -0.0178009905f, 0.0120244026f,
     -0.0078627849f,  0.00492802495f,  -0.00292381505f,  0.0016133649f,  -0.000804602285f,
     0.000343148422f, -0.00010830367f},
    {-5.21796355e-05f, 0.000188947801f,  -0.000468060869f, 0.000969279674f,
     -0.00179558329f,  0.00307578105f,   -0.00496871769f,  0.00767190149f,
     -0.0114402873f,   0.0166273359f,    -0.0237765852f,   0.0338381641f,
     -0.0487418249f,   0.0732294843f,    -0.122975498f,    0.297655374f,
     0.899518192f,     -0.175997436f,    0.0928724334f,    -0.0592618659f,
     0.0404934585f,    -0.0283569153f,   0.0199108366f,    -0.0138285961f,
     0.00940388255f,   -0.00620476948f,  0.00393436942f,   -0.00236979127f,
     0.00133438734f,   -0.000685042352f, 0.000306243252f,  -0.000106912325f}};

/* Eight samples and their phases, of a line that begins BEFORE samples before the first.
 */
VEC_INLINE void eight(const float *line, float *dense)
{
    v8f phase[OVERSAMPLE] = {VEC_CONST_AT(line + BEFORE)};
    for (int k = 0; k < OVERSAMPLE_TAPS; k++) {
        v8f x = VEC_CONST_AT(line + k);
        for (int p = 1; p < OVERSAMPLE; p++)
            phase[p] += x * oversample_tap[p - 1][k];
    }
    v8f even[2] = {VEC_SHUFFLE(phase[0], phase[2], 0, 8, 1, 9, 2, 10, 3, 11),
                   VEC_SHUFFLE(phase[0], phase[2], 4, 12, 5, 13, 6, 14, 7, 15)},
        odd[2] = {VEC_SHUFFLE(phase[1], phase[3], 0, 8, 1, 9, 2, 10, 3, 11),
                  VEC_SHUFFLE(phase[1], phase[3], 4, 12, 5, 13, 6, 14, 7, 15)};
    for (int i = 0; i < 2; i++) {
        float *to = dense + 2 * VEC * i;
        VEC_AT(to) = VEC_SHUFFLE(even[i], odd[i], 0, 8, 1, 9, 2, 10, 3, 11);
        VEC_AT(to + VEC) = VEC_SHUFFLE(even[i], odd[i], 4, 12, 5, 13, 6, 14, 7, 15);
    }
}

VEC_INLINE void run_all(const float *x, int count, float *dense)
{
    float line[VEC + OVERSAMPLE_TAPS];
    for (int at = 0; at < count; at += VEC) {
        int from = at - BEFORE, until = from + VEC + OVERSAMPLE_TAPS;
        if (from >= 0 && until <= count) {
            eight(x + from, dense + OVERSAMPLE * at);
            continue;
        }
        line_part(x, (size_t)count, from, VEC + OVERSAMPLE_TAPS, line);
        eight(line, dense + OVERSAMPLE * at);
    }
}

VEC_CLONES_PUBLIC(oversample, run_all, (const float *x, int count, float *dense),
                  (x, count, dense))
