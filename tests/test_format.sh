#!/bin/bash
# Every C file reads as .clang-format says.
set -u
cd "$2" || exit 1
command -v clang-format >/dev/null || exit 77
find src tests bench tools -name '*.[ch]' -print0 2>/dev/null |
    xargs -0 clang-format --dry-run -Werror
