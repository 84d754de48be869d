/* Linked into every program that ThreadSanitizer leaves out because it has one thread: a
 * second one ends it. Then the program belongs under ThreadSanitizer. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *),
                   void *arg)
{
    (void)thread, (void)how, (void)run, (void)arg;
    fputs("a second thread: put the program into `threaded` or `threaded_alike` in "
          "tests/CMakeLists.txt\n",
          stderr);
    abort();
}
