/* What goes wrong in a card: events of the driver's log (XID), errors of memory, rows that were
 * replaced, and how warm it may get.
 */
#include "nvml.h"

#define EVENTS ((handle)(uintptr_t)0x50000)
#define XID 0x8
#define NONE 0xFFFFFFFF

struct event { handle device; unsigned long long type, data; unsigned instance, compute; };

static unsigned watched[CARDS], told[CARDS]; /* of the one set of events */

int nvmlEventSetCreate(handle *set)
{
    struct state state;
    int wrong = begin(&state, "nvmlEventSetCreate");
    memset(watched, 0, sizeof watched);
    *set = EVENTS;
    return wrong;
}

int nvmlEventSetFree(handle set)
{
    (void)set;
    memset(watched, 0, sizeof watched);
    return OK;
}

/* What was logged before is not told. */
int nvmlDeviceRegisterEvents(handle of, unsigned long long types, handle set)
{
    ON_CARD("nvmlDeviceRegisterEvents", of)
    if (set != EVENTS || types != XID)
        return INVALID_ARGUMENT;
    watched[index_of(&state, card)] = 1;
    told[index_of(&state, card)] = card->xids;
    return OK;
}

int nvmlEventSetWait_v2(handle set, struct event *event, unsigned timeout_ms)
{
    struct state state;
    int wrong = begin(&state, "nvmlEventSetWait");
    (void)timeout_ms; /* the caller waits for nothing */
    if (wrong)
        return wrong;
    if (set != EVENTS)
        return INVALID_ARGUMENT;
    for (unsigned i = 0; i < state.cards; i++)
        if (watched[i] && told[i] < state.card[i].xids) {
            *event = (struct event){CARD(i), XID, state.card[i].xid[told[i]++], NONE, NONE};
            return OK;
        }
    return TIMEOUT;
}

int nvmlDeviceGetTotalEccErrors(handle of, unsigned type, unsigned counter, unsigned long long *count)
{
    ON_CARD("nvmlDeviceGetTotalEccErrors", of)
    *count = type == 1 && counter == 0 ? card->ecc : 0; /* uncorrected, since it was loaded */
    return OK;
}

int nvmlDeviceGetRemappedRows(handle of, unsigned *corrected, unsigned *uncorrected,
                              unsigned *pending, unsigned *failed)
{
    ON_CARD("nvmlDeviceGetRemappedRows", of)
    *corrected = 0;
    *uncorrected = card->rows_pending;
    *pending = card->rows_pending;
    *failed = card->rows_failed;
    return OK;
}

/* Cards that tell their margin tell no limits. */
int nvmlDeviceGetTemperatureThreshold(handle of, unsigned which, unsigned *degrees)
{
    ON_CARD("nvmlDeviceGetTemperatureThreshold", of)
    *degrees = card->operating;
    return which == 3 && card->operating ? OK : NOT_SUPPORTED;
}
