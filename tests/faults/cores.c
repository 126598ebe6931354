/* More cores than the machine has: sched_getaffinity() tells of FAULTS_CORES of them.
 *
 * LD_PRELOAD it, so that a box of two cores packs jobs as a larger one does. Nothing runs faster.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    const char *wanted = getenv("FAULTS_CORES");
    long filled = syscall(SYS_sched_getaffinity, pid, size, set);
    if (filled < 0)
        return -1;
    CPU_ZERO_S(size, set);
    int count = wanted ? atoi(wanted) : 1;
    for (int core = 0; core < count; core++)
        CPU_SET_S(core, size, set);
    return 0;
}
