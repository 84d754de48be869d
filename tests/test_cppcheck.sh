#!/bin/bash
# What cppcheck finds wrong in src. Left out: kinds of findings that Debian 12's version
# (2.10) makes of sound code: tables included from .def files are no syntax error, a variable
# filled through a pointer is not uninitialised, and a guarded index is not out of bounds.
set -u
cd "$2" || exit 1
command -v cppcheck >/dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The drum model is a hundred thousand numbers without a line of code: cppcheck takes minutes
# for each of its arrays.
cp -r src "$work/src"
rm "$work/src/dsp/drum_model.inc"
mkdir "$work/cache"
cd "$work" || exit 1
# What is built here, and nothing else: left to itself cppcheck takes each #ifdef of the .def
# tables for a program of its own and needs more than twice the time.
cppcheck -q -j2 --cppcheck-build-dir=cache --enable=portability,performance --std=c11 \
    -D__linux__=1 -D__GLIBC__=2 -D__x86_64__=1 --inline-suppr --error-exitcode=1 -Isrc \
    --suppress=syntaxError --suppress=uninitvar --suppress=legacyUninitvar --suppress=ctuuninitvar \
    --suppress=arrayIndexOutOfBounds --suppress=deallocret --suppress=invalidPointerCast src
