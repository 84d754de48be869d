/* What running work may touch of the pool it runs in. */
#include "core/jobs.h"

#include <stddef.h>

bool job_cancelled(const struct job_context *ctx)
{
    return ctx && ctx->cancelled &&
           atomic_load_explicit(ctx->cancelled, memory_order_relaxed);
}

enum status job_go_on(const struct job_context *ctx, struct err *e)
{
    return job_cancelled(ctx) ? err_set(e, ST_CANCELLED, "interrupted") : ST_OK;
}

const struct log *job_log(const struct job_context *ctx)
{
    return ctx ? ctx->log : NULL;
}

void job_progress(const struct job_context *ctx, double fraction, const char *stage)
{
    if (ctx && ctx->progress)
        ctx->progress(ctx->progress_user, fraction, stage);
}
