/* What changes a card: power limit, clocks, instances. As root's calls do; what is changed is added
 * to the file of changes, which survives whoever asked for it, until a test takes it away.
 */
#include "nvml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { IN_USE = 19, INSUFFICIENT_RESOURCES = 23 };

#define LOWEST_CLOCK 210 /* MHz, as on H100 */
#define HIGHEST_CLOCK 1980
#define MEMORY_SLICES 8

struct placement { unsigned start, size; };
struct compute_profile { unsigned id, slices, most, multiprocessors, engines[5]; };

static void append(const char *variable, const char *suffix, const char *format, va_list values)
{
    char path[4096];
    const char *base = getenv(variable);
    if (!base)
        return;
    snprintf(path, sizeof path, "%s%s", base, suffix);
    FILE *file = fopen(path, "a");
    if (file) {
        vfprintf(file, format, values);
        fclose(file);
    }
}

static void change(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    append("NVML_STANDIN", ".changes", format, values);
    va_end(values);
}

/* Every call that would change something, with what it would change, also where it then fails. */
static void told(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    append("NVML_STANDIN_CALLS", "", format, values);
    va_end(values);
}

int nvmlDeviceSetPowerManagementLimit(handle of, unsigned milliwatts)
{
    ON_CARD("nvmlDeviceSetPowerManagementLimit", of)
    unsigned index = index_of(&state, card);
    told("limit %u %u\n", index, milliwatts);
    if (milliwatts < card->limit_lowest || milliwatts > card->limit_highest)
        return INVALID_ARGUMENT;
    change("card %u limit %u\n", index, milliwatts);
    return OK;
}

int nvmlDeviceGetMinMaxClockOfPState(handle of, unsigned kind, unsigned performance, unsigned *lowest,
                                     unsigned *highest)
{
    ON_CARD("nvmlDeviceGetMinMaxClockOfPState", of)
    *lowest = LOWEST_CLOCK;
    *highest = HIGHEST_CLOCK;
    return kind || performance ? NOT_SUPPORTED : OK;
}

int nvmlDeviceSetGpuLockedClocks(handle of, unsigned lowest, unsigned highest)
{
    ON_CARD("nvmlDeviceSetGpuLockedClocks", of)
    unsigned index = index_of(&state, card);
    told("clock %u %u %u\n", index, lowest, highest);
    if (lowest > highest || lowest < LOWEST_CLOCK || highest > HIGHEST_CLOCK)
        return INVALID_ARGUMENT;
    change("card %u locked %u\n", index, highest);
    return OK;
}

int nvmlDeviceResetGpuLockedClocks(handle of)
{
    ON_CARD("nvmlDeviceResetGpuLockedClocks", of)
    told("clock %u 0 0\n", index_of(&state, card));
    change("card %u locked 0\n", index_of(&state, card));
    return OK;
}

int nvmlDeviceGetGpuInstancePossiblePlacements_v2(handle of, unsigned id, struct placement *into,
                                                  unsigned *count)
{
    ON_CARD("nvmlDeviceGetGpuInstancePossiblePlacements", of)
    struct profile *profile = profile_of(&state, id);
    if (!card->mig || profile->id != id || !profile->memory_slices)
        return NOT_SUPPORTED;
    *count = 0;
    for (unsigned start = 0; start < MEMORY_SLICES; start++)
        if (profile->starts & 1u << start) {
            if (into)
                into[*count] = (struct placement){start, profile->memory_slices};
            ++*count;
        }
    return OK;
}

static unsigned mask(unsigned start, unsigned size)
{
    return ((1u << size) - 1) << start;
}

/* The free number; those of a real driver depend on where the instance stands. */
static unsigned next_number(struct card *card)
{
    for (unsigned number = 1;; number++) {
        unsigned used = 0;
        for (unsigned i = 0; i < card->slices; i++)
            used |= card->slice[i].instance == number;
        if (!used)
            return number;
    }
}

int nvmlDeviceCreateGpuInstanceWithPlacement(handle of, unsigned id, const struct placement *at,
                                             handle *made)
{
    ON_CARD("nvmlDeviceCreateGpuInstanceWithPlacement", of)
    struct profile *profile = profile_of(&state, id);
    unsigned index = index_of(&state, card), taken = 0, same = 0;
    told("create %u %u %u %u\n", index, id, at->start, at->size);
    if (!card->mig)
        return NOT_SUPPORTED;
    if (profile->id != id || at->size != profile->memory_slices || at->start >= MEMORY_SLICES ||
        !(profile->starts & 1u << at->start))
        return INVALID_ARGUMENT;
    for (unsigned i = 0; i < card->slices; i++) {
        taken |= mask(card->slice[i].start, card->slice[i].size);
        same += card->slice[i].profile == id;
    }
    if (taken & mask(at->start, at->size) || same >= profile->most || card->slices == SLICES)
        return INSUFFICIENT_RESOURCES;
    unsigned number = next_number(card), start = card->moves ? card->moves - 1 : at->start;
    change("slice %u %u %u %u %u 0 MIG-%08x-0000-5000-8000-%012x\n", index, number, id, start,
           at->size, index, number);
    *made = OF_CARD(GPU_INSTANCE, index, number);
    return OK;
}

int nvmlGpuInstanceGetComputeInstanceProfileInfo(handle of, unsigned number, unsigned engines,
                                                 struct compute_profile *info)
{
    ON_SLICE("nvmlGpuInstanceGetComputeInstanceProfileInfo", of, GPU_INSTANCE)
    static const unsigned slices[] = {1, 2, 3, 4, 7, 8, 6};
    struct profile *whole = profile_of(&state, slice->profile);
    if (engines || number >= sizeof slices / sizeof *slices || slices[number] > whole->slices)
        return number > 8 ? INVALID_ARGUMENT : NOT_SUPPORTED;
    *info = (struct compute_profile){
        number, slices[number], 1, whole->multiprocessors * slices[number] / whole->slices, {0}};
    return OK;
}

int nvmlGpuInstanceCreateComputeInstance(handle of, unsigned id, handle *made)
{
    ON_SLICE("nvmlGpuInstanceCreateComputeInstance", of, GPU_INSTANCE)
    unsigned index = index_of(&state, card);
    told("compute %u %u %u\n", index, slice->instance, id);
    if (slice->compute)
        return INSUFFICIENT_RESOURCES;
    change("slice %u %u %u %u %u 1 %s\n", index, slice->instance, slice->profile, slice->start,
           slice->size, slice->uuid);
    *made = OF_CARD(COMPUTE_INSTANCE, index, slice->instance);
    return OK;
}

int nvmlGpuInstanceGetComputeInstanceById(handle of, unsigned id, handle *found)
{
    ON_SLICE("nvmlGpuInstanceGetComputeInstanceById", of, GPU_INSTANCE)
    *found = OF_CARD(COMPUTE_INSTANCE, index_of(&state, card), slice->instance);
    return slice->compute && id == 0 ? OK : NOT_FOUND;
}

static int used(struct card *card, struct slice *slice)
{
    for (unsigned i = 0; i < card->processes; i++)
        if (card->process[i].instance == slice->instance)
            return 1;
    return 0;
}

int nvmlComputeInstanceDestroy(handle of)
{
    ON_SLICE("nvmlComputeInstanceDestroy", of, COMPUTE_INSTANCE)
    unsigned index = index_of(&state, card);
    told("uncompute %u %u\n", index, slice->instance);
    if (used(card, slice))
        return IN_USE;
    change("slice %u %u %u %u %u 0 %s\n", index, slice->instance, slice->profile, slice->start,
           slice->size, slice->uuid);
    return OK;
}

int nvmlGpuInstanceDestroy(handle of)
{
    ON_SLICE("nvmlGpuInstanceDestroy", of, GPU_INSTANCE)
    unsigned index = index_of(&state, card);
    told("destroy %u %u\n", index, slice->instance);
    if (slice->compute || used(card, slice))
        return IN_USE;
    change("gone %u %u\n", index, slice->instance);
    return OK;
}
