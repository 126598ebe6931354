/* Lines of words: `driver 575.57`, `card 0 uuid GPU-...`, `slice 0 3 14 0 2 1 MIG-...`. What a line
 * does not say keeps 0; a line that nobody knows ends the process, since a test would prove nothing.
 */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void bad(const char *line)
{
    fprintf(stderr, "nvml stand-in: cannot read: %s\n", line);
    abort();
}

static unsigned long long number(const char *text)
{
    return strtoull(text, NULL, 0);
}

static void set_card(struct card *card, const char *key, const char *value, const char *line)
{
    struct { const char *key; char *text; } texts[] = {
        {"uuid", card->uuid}, {"name", card->name}, {"bus", card->bus},
    };
    struct { const char *key; unsigned long long *value; } large[] = {
        {"memory", &card->memory}, {"reserved", &card->reserved}, {"used", &card->used},
        {"energy", &card->energy},
    };
    struct { const char *key; unsigned *value; } small[] = {
        {"power", &card->power}, {"limit", &card->limit}, {"limit_default", &card->limit_default},
        {"limit_lowest", &card->limit_lowest}, {"limit_highest", &card->limit_highest},
        {"fan", &card->fan}, {"busy", &card->busy}, {"major", &card->major},
        {"minor", &card->minor}, {"mig", &card->mig}, {"reasons", &card->reasons},
        {"pcie_generation", &card->pcie_generation}, {"pcie_width", &card->pcie_width},
        {"pcie_replays", &card->pcie_replays}, {"path", &card->path},
        {"ecc", &card->ecc}, {"rows_pending", &card->rows_pending},
        {"rows_failed", &card->rows_failed}, {"operating", &card->operating},
        {"locked", &card->locked}, {"moves", &card->moves},
        {"temperature", (unsigned *)&card->temperature}, {"margin", (unsigned *)&card->margin},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(key, texts[i].key)) {
            snprintf(texts[i].text, NAME, "%s", value);
            return;
        }
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        if (!strcmp(key, large[i].key)) {
            *large[i].value = number(value);
            return;
        }
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (!strcmp(key, small[i].key)) {
            *small[i].value = (unsigned)number(value);
            return;
        }
    if (!strcmp(key, "link") && card->links < LINKS) {
        snprintf(card->link[card->links++], NAME, "%s", value);
        return;
    }
    if (!strcmp(key, "xid") && card->xids < XIDS) {
        card->xid[card->xids++] = (unsigned)number(value);
        return;
    }
    bad(line);
}

/* Anew, or instead of the one with its number. */
static void put_slice(struct card *card, struct slice slice, const char *line)
{
    unsigned i = 0;
    while (i < card->slices && card->slice[i].instance != slice.instance)
        i++;
    if (i == SLICES)
        bad(line);
    card->slice[i] = slice;
    card->slices += i == card->slices;
}

static void take_slice(struct card *card, unsigned instance)
{
    for (unsigned i = 0; i < card->slices; i++)
        if (card->slice[i].instance == instance) {
            card->slices--;
            memmove(&card->slice[i], &card->slice[i + 1],
                    (card->slices - i) * sizeof card->slice[0]);
            return;
        }
}

static void take(struct state *state, const char *line)
{
    char key[NAME], value[NAME];
    unsigned card;
    struct process process;
    struct slice slice = {0};
    struct profile profile = {0};
    struct error error;
    if (sscanf(line, "driver %95s", state->driver) == 1 ||
        sscanf(line, "version %95s", state->version) == 1 ||
        sscanf(line, "cuda %d", &state->cuda) == 1 || sscanf(line, "epoch %d", &state->epoch) == 1)
        return;
    if (sscanf(line, "card %u %95s %95[^\n]", &card, key, value) == 3 && card < CARDS) {
        if (card >= state->cards)
            state->cards = card + 1;
        set_card(&state->card[card], key, value, line);
        return;
    }
    if (sscanf(line, "process %u %u %llu %u %u", &card, &process.pid, &process.memory,
               &process.graphics, &process.instance) == 5 && card < CARDS) {
        struct card *of = &state->card[card];
        if (of->processes == PROCESSES)
            bad(line);
        of->process[of->processes++] = process;
        return;
    }
    if (sscanf(line, "slice %u %u %u %u %u %u %95s", &card, &slice.instance, &slice.profile,
               &slice.start, &slice.size, &slice.compute, slice.uuid) == 7 && card < CARDS) {
        put_slice(&state->card[card], slice, line);
        return;
    }
    if (sscanf(line, "gone %u %u", &card, &slice.instance) == 2 && card < CARDS) {
        take_slice(&state->card[card], slice.instance);
        return;
    }
    if (sscanf(line, "start %u %u", &profile.id, &profile.number) == 2) {
        for (unsigned i = 0; i < state->profiles; i++)
            if (state->profile[i].id == profile.id)
                state->profile[i].starts |= 1u << profile.number;
        return;
    }
    if (sscanf(line, "profile %95s %u %u %u %u %u %u %llu", profile.name, &profile.number,
               &profile.id, &profile.most, &profile.slices, &profile.memory_slices,
               &profile.multiprocessors, &profile.memory_mb) == 8 && state->profiles < PROFILES) {
        state->profile[state->profiles++] = profile;
        return;
    }
    if (sscanf(line, "error %95s %d %d", error.call, &error.card, &error.code) == 3 &&
        state->errors < ERRORS) {
        state->error[state->errors++] = error;
        return;
    }
    bad(line);
}

static void log_call(const char *call, int card)
{
    const char *path = getenv("NVML_STANDIN_CALLS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%s %d\n", call, card);
        fclose(file);
    }
}

static int take_file(struct state *state, const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file))
        if (line[0] != '\n' && line[0] != '#')
            take(state, line);
    fclose(file);
    return 1;
}

int state_read(struct state *state, const char *call, int card)
{
    char changes[4096];
    const char *path = getenv("NVML_STANDIN");
    memset(state, 0, sizeof *state);
    if (!path || !take_file(state, path))
        bad("$NVML_STANDIN");
    snprintf(changes, sizeof changes, "%s.changes", path);
    take_file(state, changes);
    log_call(call, card);
    for (unsigned i = 0; i < state->errors; i++) {
        struct error *error = &state->error[i];
        int here = error->card < 0 || error->card == card;
        if (here && (!strcmp(error->call, call) || (!strcmp(error->call, "*") && card >= 0)))
            return error->code;
    }
    return OK;
}
