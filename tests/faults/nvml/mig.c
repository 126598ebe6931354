/* MIG as it can be read: MIG devices, GPU instances, compute instances, profiles. */
#include "nvml.h"

#include <stdio.h>

struct placement { unsigned start, size; };
struct instance_info { handle device; unsigned id, profile; struct placement placement; };
struct compute_info { handle device, instance; unsigned id, profile; struct placement placement; };
struct profile_info {
    unsigned version, id, peer_to_peer, slices, most, multiprocessors, copy, decoders, encoders,
        jpeg, ofa;
    unsigned long long memory_mb;
    char name[NAME];
};
struct attributes {
    unsigned multiprocessors, copy, decoders, encoders, jpeg, ofa, slices, compute_slices;
    unsigned long long memory_mb;
};

int is_slice(handle of, int kind)
{
    return (uintptr_t)of >> 16 == (uintptr_t)kind;
}

int begin_slice(struct state *state, const char *call, handle of, int kind, struct card **card,
                struct slice **slice)
{
    int wrong = begin_card(state, call, of, card);
    if (wrong)
        return wrong;
    for (unsigned i = 0; is_slice(of, kind) && i < (*card)->slices; i++)
        if ((*card)->slice[i].instance == ((uintptr_t)of & 0xff)) {
            *slice = &(*card)->slice[i];
            return OK;
        }
    return INVALID_ARGUMENT;
}

struct profile *profile_of(struct state *state, unsigned id)
{
    static struct profile unknown = {.name = "?"};
    for (unsigned i = 0; i < state->profiles; i++)
        if (state->profile[i].id == id)
            return &state->profile[i];
    return &unknown;
}

static handle here(struct state *state, struct card *card, int kind, struct slice *slice)
{
    return OF_CARD(kind, index_of(state, card), slice->instance);
}

int nvmlDeviceGetMigMode(handle of, unsigned *now, unsigned *pending)
{
    ON_CARD("nvmlDeviceGetMigMode", of)
    *now = *pending = card->mig;
    return OK;
}

int nvmlDeviceGetMaxMigDeviceCount(handle of, unsigned *count)
{
    ON_CARD("nvmlDeviceGetMaxMigDeviceCount", of)
    *count = card->mig ? SLICES : 0;
    return OK;
}

int nvmlDeviceIsMigDeviceHandle(handle of, unsigned *yes)
{
    ON_CARD("nvmlDeviceIsMigDeviceHandle", of)
    *yes = is_slice(of, MIG_DEVICE);
    return OK;
}

/* Numbered without the instances that have no compute instance. */
int nvmlDeviceGetMigDeviceHandleByIndex(handle of, unsigned index, handle *found)
{
    ON_CARD("nvmlDeviceGetMigDeviceHandleByIndex", of)
    for (unsigned i = 0; card->mig && i < card->slices; i++)
        if (card->slice[i].compute && index-- == 0) {
            *found = here(&state, card, MIG_DEVICE, &card->slice[i]);
            return OK;
        }
    return NOT_FOUND;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle of, handle *found)
{
    ON_CARD("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", of)
    *found = CARD(index_of(&state, card));
    return OK;
}

int nvmlDeviceGetGpuInstanceId(handle of, unsigned *id)
{
    ON_SLICE("nvmlDeviceGetGpuInstanceId", of, MIG_DEVICE)
    *id = slice->instance;
    return OK;
}

int nvmlDeviceGetComputeInstanceId(handle of, unsigned *id)
{
    ON_SLICE("nvmlDeviceGetComputeInstanceId", of, MIG_DEVICE)
    *id = 0;
    return OK;
}

int nvmlDeviceGetAttributes_v2(handle of, struct attributes *told)
{
    ON_SLICE("nvmlDeviceGetAttributes", of, MIG_DEVICE)
    struct profile *profile = profile_of(&state, slice->profile);
    memset(told, 0, sizeof *told);
    told->multiprocessors = profile->multiprocessors;
    told->slices = told->compute_slices = profile->slices;
    told->memory_mb = profile->memory_mb;
    return OK;
}

/* Of a card or of a MIG device. */
int nvmlDeviceGetUUID(handle of, char *into, unsigned length)
{
    ON_CARD("nvmlDeviceGetUUID", of)
    struct slice *slice = NULL;
    if (is_slice(of, MIG_DEVICE))
        wrong = begin_slice(&state, "nvmlDeviceGetUUID", of, MIG_DEVICE, &card, &slice);
    if (!wrong)
        snprintf(into, length, "%s", slice ? slice->uuid : card->uuid);
    return wrong;
}

int nvmlDeviceGetName(handle of, char *into, unsigned length)
{
    ON_CARD("nvmlDeviceGetName", of)
    struct slice *slice = NULL;
    if (is_slice(of, MIG_DEVICE))
        wrong = begin_slice(&state, "nvmlDeviceGetName", of, MIG_DEVICE, &card, &slice);
    if (!wrong)
        snprintf(into, length, "%s%s%s", card->name, slice ? " MIG " : "",
                 slice ? profile_of(&state, slice->profile)->name : "");
    return wrong;
}

int nvmlDeviceGetGpuInstanceById(handle of, unsigned id, handle *found)
{
    ON_CARD("nvmlDeviceGetGpuInstanceById", of)
    *found = OF_CARD(GPU_INSTANCE, index_of(&state, card), id);
    for (unsigned i = 0; i < card->slices; i++)
        if (card->slice[i].instance == id)
            return OK;
    return NOT_FOUND;
}

/* As the real one: `found` must be there, and `count` only goes out. */
int nvmlDeviceGetGpuInstances(handle of, unsigned profile, handle *found, unsigned *count)
{
    ON_CARD("nvmlDeviceGetGpuInstances", of)
    if (!found)
        return INVALID_ARGUMENT;
    *count = 0;
    for (unsigned i = 0; i < card->slices; i++)
        if (card->slice[i].profile == profile)
            found[(*count)++] = here(&state, card, GPU_INSTANCE, &card->slice[i]);
    return OK;
}

int nvmlGpuInstanceGetInfo(handle of, struct instance_info *info)
{
    ON_SLICE("nvmlGpuInstanceGetInfo", of, GPU_INSTANCE)
    *info = (struct instance_info){
        CARD(index_of(&state, card)), slice->instance, slice->profile, {slice->start, slice->size}};
    return OK;
}

int nvmlGpuInstanceGetComputeInstances(handle of, unsigned profile, handle *found, unsigned *count)
{
    ON_SLICE("nvmlGpuInstanceGetComputeInstances", of, GPU_INSTANCE)
    *count = slice->compute && profile_of(&state, slice->profile)->slices == profile + 1;
    if (*count)
        *found = here(&state, card, COMPUTE_INSTANCE, slice);
    return OK;
}

int nvmlComputeInstanceGetInfo_v2(handle of, struct compute_info *info)
{
    ON_SLICE("nvmlComputeInstanceGetInfo", of, COMPUTE_INSTANCE)
    unsigned slices = profile_of(&state, slice->profile)->slices;
    *info = (struct compute_info){
        CARD(index_of(&state, card)), here(&state, card, GPU_INSTANCE, slice), 0, slices - 1,
        {0, slices}};
    return OK;
}

/* `number` counts the kinds of profile; it is not a profile's id. */
int nvmlDeviceGetGpuInstanceProfileInfoV(handle of, unsigned number, struct profile_info *info)
{
    ON_CARD("nvmlDeviceGetGpuInstanceProfileInfo", of)
    for (unsigned i = 0; i < state.profiles; i++) {
        struct profile *profile = &state.profile[i];
        if (profile->number != number)
            continue;
        info->id = profile->id;
        info->peer_to_peer = 0;
        info->slices = profile->slices;
        info->most = profile->most;
        info->multiprocessors = profile->multiprocessors;
        info->memory_mb = profile->memory_mb;
        snprintf(info->name, sizeof info->name, "MIG %.60s", profile->name);
        return OK;
    }
    return NOT_SUPPORTED;
}
