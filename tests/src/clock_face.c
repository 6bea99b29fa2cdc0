/* A wall clock that a test sets for a whole server: loaded before the C library (LD_PRELOAD). The clocks that measure
   are left alone.

   CLOCK_BACK_S: it is behind by as many seconds.
   CLOCK_FACE: it shows what stands in this file, and stands still until something else does. The same file tells how
   many bytes the process has of the C library's allocator, each time that this is asked for. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Written by the test: the time, twice, so that one that is half written is known; and the number of a question.
   Written here: the answer, and then the number of what it answers. */
struct face {
    _Atomic int64_t ns, again;
    _Atomic uint64_t asked, bytes, answered;
};

static int (*real)(clockid_t, struct timespec *);
static time_t back;
static struct face *face;
static _Atomic uint64_t taken;

__attribute__((constructor)) static void begin(void) {
    const char *told = getenv("CLOCK_BACK_S"), *path = getenv("CLOCK_FACE");
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    back = told ? (time_t)atoll(told) : 0;
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof *face, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) face = mapped;
    close(file);
}

static void answer(void) {
    uint64_t asked = face->asked, before = taken;
    if (asked == before || !atomic_compare_exchange_strong(&taken, &before, asked)) return;
    struct mallinfo2 held = mallinfo2();
    face->bytes = held.uordblks + held.hblkhd;
    face->answered = asked;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    if (!real) begin();
    int outcome = real(clock, at);
    if (outcome != 0 || clock != CLOCK_REALTIME) return outcome;
    at->tv_sec -= back;
    if (!face) return outcome;
    int64_t ns = face->ns;
    /* Whoever writes it may have ended in between. */
    for (int often = 0; ns != face->again && often < 1000; often++) ns = face->ns;
    at->tv_sec = ns / 1000000000;
    at->tv_nsec = ns % 1000000000;
    answer();
    return outcome;
}
