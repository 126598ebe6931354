/* A stand-in for libnvidia-ml.so.1: the calls that our hardware room, nvitop and gpustat make. It
 * proves parsing, placement and failure paths, never real readings.
 */
#include "nvml.h"

#include <stdio.h>

struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
struct utilization { unsigned gpu, memory; };
struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};
struct process_info { unsigned pid; unsigned long long memory; unsigned instance, compute; };
struct temperature { unsigned version, sensor; int value; };
struct margin { unsigned version; int value; };

static int sessions;
static int session_epoch;
static unsigned session_cards; /* a card that comes later is seen by the next session */

static int opened(struct state *state)
{
    return sessions && session_epoch == state->epoch ? OK : UNINITIALIZED;
}

int begin(struct state *state, const char *call)
{
    int wrong = state_read(state, call, -1);
    int closed = opened(state);
    return closed ? closed : wrong;
}

int begin_card(struct state *state, const char *call, handle of, struct card **card)
{
    uintptr_t number = (uintptr_t)of;
    unsigned index = number >= 0x10000 ? number >> 8 & 0xff : (unsigned)number - 0x100;
    int wrong = state_read(state, call, (int)index);
    int closed = opened(state);
    if (closed)
        return closed;
    if (index >= state->cards || index >= session_cards)
        return INVALID_ARGUMENT;
    *card = &state->card[index];
    return wrong;
}

unsigned index_of(struct state *state, struct card *card)
{
    return (unsigned)(card - state->card);
}

int nvmlInitWithFlags(unsigned flags)
{
    struct state state;
    int wrong = state_read(&state, "nvmlInit", -1);
    (void)flags;
    if (wrong)
        return wrong;
    session_epoch = state.epoch;
    session_cards = state.cards;
    sessions++;
    return OK;
}

int nvmlInit_v2(void)
{
    return nvmlInitWithFlags(0);
}

int nvmlShutdown(void)
{
    struct state state;
    state_read(&state, "nvmlShutdown", -1);
    if (!sessions)
        return UNINITIALIZED;
    sessions--;
    return OK;
}

const char *nvmlErrorString(int code)
{
    switch (code) {
    case OK: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case NOT_SUPPORTED: return "Not Supported";
    case TIMEOUT: return "Timeout";
    case NO_PERMISSION: return "Insufficient Permissions";
    default: return "Unknown Error";
    }
}

static int text(char *into, unsigned length, const char *from)
{
    if (strlen(from) >= length)
        return INSUFFICIENT_SIZE;
    snprintf(into, length, "%s", from);
    return OK;
}

int nvmlSystemGetDriverVersion(char *into, unsigned length)
{
    struct state state;
    int wrong = begin(&state, "nvmlSystemGetDriverVersion");
    return wrong ? wrong : text(into, length, state.driver);
}

int nvmlSystemGetNVMLVersion(char *into, unsigned length)
{
    struct state state;
    int wrong = begin(&state, "nvmlSystemGetNVMLVersion");
    return wrong ? wrong : text(into, length, state.version);
}

int nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    struct state state;
    int wrong = begin(&state, "nvmlSystemGetCudaDriverVersion");
    *version = state.cuda;
    return wrong;
}

int nvmlSystemGetCudaDriverVersion(int *version)
{
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    struct state state;
    int wrong = begin(&state, "nvmlDeviceGetCount");
    *count = session_cards < state.cards ? session_cards : state.cards;
    return wrong;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, handle *found)
{
    struct card *card;
    struct state state;
    *found = CARD(index);
    return begin_card(&state, "nvmlDeviceGetHandleByIndex", CARD(index), &card);
}

static int by_text(const char *call, const char *wanted, int by_bus, handle *found)
{
    struct state state;
    struct card *card;
    int wrong = begin(&state, call);
    for (unsigned i = 0; !wrong && i < state.cards && i < session_cards; i++)
        if (!strcmp(by_bus ? state.card[i].bus : state.card[i].uuid, wanted)) {
            *found = CARD(i);
            return begin_card(&state, call, CARD(i), &card);
        }
    return wrong ? wrong : NOT_FOUND;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, handle *found)
{
    return by_text("nvmlDeviceGetHandleByUUID", uuid, 0, found);
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, handle *found)
{
    return by_text("nvmlDeviceGetHandleByPciBusId", bus, 1, found);
}

int nvmlDeviceGetIndex(handle of, unsigned *index)
{
    ON_CARD("nvmlDeviceGetIndex", of)
    *index = index_of(&state, card);
    return OK;
}

int nvmlDeviceGetPciInfo_v3(handle of, struct pci *pci)
{
    ON_CARD("nvmlDeviceGetPciInfo", of)
    memset(pci, 0, sizeof *pci);
    sscanf(card->bus, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device);
    snprintf(pci->bus_id, sizeof pci->bus_id, "%.31s", card->bus);
    snprintf(pci->legacy, sizeof pci->legacy, "%.15s", card->bus + 4);
    return OK;
}

/* Of a card, or what a slice has of it; nobody's programs use any of a slice. */
static struct memory_v2 memory_of(struct state *state, struct card *card, handle of)
{
    struct memory_v2 found = {0, card->memory, card->reserved, 0, card->used};
    for (unsigned i = 0; is_slice(of, MIG_DEVICE) && i < card->slices; i++)
        if (card->slice[i].instance == ((uintptr_t)of & 0xff)) {
            struct profile *profile = profile_of(state, card->slice[i].profile);
            found = (struct memory_v2){0, profile->memory_mb << 20, 0, 0, 0};
        }
    found.free = found.total - found.used - found.reserved;
    return found;
}

int nvmlDeviceGetMemoryInfo(handle of, struct memory *memory)
{
    ON_CARD("nvmlDeviceGetMemoryInfo", of)
    struct memory_v2 found = memory_of(&state, card, of);
    *memory = (struct memory){found.total, found.free, found.used + found.reserved};
    return OK;
}

int nvmlDeviceGetMemoryInfo_v2(handle of, struct memory_v2 *memory)
{
    ON_CARD("nvmlDeviceGetMemoryInfo_v2", of)
    unsigned version = memory->version;
    *memory = memory_of(&state, card, of);
    memory->version = version;
    return OK;
}

/* The window into a card's memory on PCIe; as large as the memory on these. */
int nvmlDeviceGetBAR1MemoryInfo(handle of, struct memory *window)
{
    ON_CARD("nvmlDeviceGetBAR1MemoryInfo", of)
    *window = (struct memory){card->memory, card->memory, 0};
    return OK;
}

int nvmlDeviceGetCudaComputeCapability(handle of, int *major, int *minor)
{
    ON_CARD("nvmlDeviceGetCudaComputeCapability", of)
    *major = (int)card->major;
    *minor = (int)card->minor;
    return OK;
}

TELLS(nvmlDeviceGetPowerUsage, unsigned, power)
TELLS(nvmlDeviceGetPowerManagementLimit, unsigned, limit)
TELLS(nvmlDeviceGetEnforcedPowerLimit, unsigned, limit)
TELLS(nvmlDeviceGetPowerManagementDefaultLimit, unsigned, limit_default)
TELLS(nvmlDeviceGetTotalEnergyConsumption, unsigned long long, energy)
TELLS(nvmlDeviceGetFanSpeed, unsigned, fan)
TELLS(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long, reasons)
TELLS(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long, reasons)
TELLS(nvmlDeviceGetCurrPcieLinkGeneration, unsigned, pcie_generation)
TELLS(nvmlDeviceGetCurrPcieLinkWidth, unsigned, pcie_width)
TELLS(nvmlDeviceGetPcieReplayCounter, unsigned, pcie_replays)

int nvmlDeviceGetPowerManagementLimitConstraints(handle of, unsigned *lowest, unsigned *highest)
{
    ON_CARD("nvmlDeviceGetPowerManagementLimitConstraints", of)
    *lowest = card->limit_lowest;
    *highest = card->limit_highest;
    return OK;
}

int nvmlDeviceGetTemperature(handle of, unsigned sensor, unsigned *value)
{
    ON_CARD("nvmlDeviceGetTemperature", of)
    *value = (unsigned)card->temperature;
    return sensor ? INVALID_ARGUMENT : OK;
}

int nvmlDeviceGetTemperatureV(handle of, struct temperature *temperature)
{
    ON_CARD("nvmlDeviceGetTemperatureV", of)
    temperature->value = card->temperature;
    return temperature->sensor ? INVALID_ARGUMENT : OK;
}

int nvmlDeviceGetMarginTemperature(handle of, struct margin *margin)
{
    ON_CARD("nvmlDeviceGetMarginTemperature", of)
    margin->value = card->margin;
    return OK;
}

int nvmlDeviceGetUtilizationRates(handle of, struct utilization *rates)
{
    ON_CARD("nvmlDeviceGetUtilizationRates", of)
    if (card->mig)
        return NOT_SUPPORTED; /* as nvidia-smi's N/A */
    rates->gpu = card->busy;
    rates->memory = card->busy / 2;
    return OK;
}

static int list(const char *call, handle of, unsigned graphics, unsigned *room,
                struct process_info *into)
{
    ON_CARD(call, of)
    unsigned count = 0, given = *room;
    for (unsigned i = 0; i < card->processes; i++) {
        struct process *process = &card->process[i];
        if (process->graphics != graphics)
            continue;
        if (count < given && into)
            into[count] = (struct process_info){process->pid, process->memory, process->instance, 0};
        count++;
    }
    *room = count;
    return count > given ? INSUFFICIENT_SIZE : OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(handle of, unsigned *room, struct process_info *into)
{
    return list("nvmlDeviceGetComputeRunningProcesses", of, 0, room, into);
}

int nvmlDeviceGetComputeRunningProcesses_v2(handle of, unsigned *room, struct process_info *into)
{
    return nvmlDeviceGetComputeRunningProcesses_v3(of, room, into);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(handle of, unsigned *room, struct process_info *into)
{
    return list("nvmlDeviceGetGraphicsRunningProcesses", of, 1, room, into);
}

int nvmlDeviceGetNvLinkState(handle of, unsigned link, unsigned *up)
{
    ON_CARD("nvmlDeviceGetNvLinkState", of)
    if (link >= card->links)
        return card->links ? INVALID_ARGUMENT : NOT_SUPPORTED;
    *up = strcmp(card->link[link], "-") != 0;
    return OK;
}

int nvmlDeviceGetNvLinkRemotePciInfo_v2(handle of, unsigned link, struct pci *pci)
{
    ON_CARD("nvmlDeviceGetNvLinkRemotePciInfo", of)
    if (link >= card->links)
        return INVALID_ARGUMENT;
    memset(pci, 0, sizeof *pci);
    snprintf(pci->bus_id, sizeof pci->bus_id, "%.31s", card->link[link]);
    return OK;
}

int nvmlDeviceGetTopologyCommonAncestor(handle one, handle other, unsigned *level)
{
    ON_CARD("nvmlDeviceGetTopologyCommonAncestor", one)
    struct card *second;
    unsigned first = card->path;
    wrong = begin_card(&state, "nvmlDeviceGetTopologyCommonAncestor", other, &second);
    /* Cards of the same `path` share a switch; others meet at the CPU. */
    *level = !wrong && second->path == first ? 10 : 50;
    return wrong;
}
