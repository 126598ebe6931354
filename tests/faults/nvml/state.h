/* What the stand-in's driver sees: cards, slices, processes, errors. Read anew at each call. */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>

#define CARDS 16
#define SLICES 7
#define PROCESSES 16
#define PROFILES 16
#define ERRORS 64
#define LINKS 18
#define XIDS 64
#define NAME 96

enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4,
    NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, TIMEOUT = 10, UNKNOWN = 999,
};

struct process {
    unsigned pid, graphics, instance;
    unsigned long long memory;
};

/* A GPU instance; `compute` tells whether it has its compute instance, and so is a MIG device. */
struct slice {
    unsigned instance, profile, start, size, compute;
    char uuid[NAME];
};

/* A row of the profile table: what the driver tells of a profile, not what it allows. */
struct profile {
    char name[NAME];
    unsigned id, number, slices, memory_slices, multiprocessors, most;
    unsigned starts; /* a bit for each start */
    unsigned long long memory_mb;
};

struct card {
    char uuid[NAME], name[NAME], bus[NAME];
    unsigned long long memory, reserved, used, energy;
    unsigned power, limit, limit_default, limit_lowest, limit_highest;
    int temperature, margin;
    unsigned fan, busy, major, minor, mig, reasons;
    unsigned locked; /* MHz of a locked clock */
    unsigned moves;  /* one more than where new instances wrongly come to stand */
    unsigned pcie_generation, pcie_width, pcie_replays, path;
    unsigned ecc, rows_pending, rows_failed, operating; /* the warmest it is to work at */
    unsigned xid[XIDS], xids; /* of the driver's log, newest last */
    char link[LINKS][NAME]; /* the bus id that an NVLink leads to, `-` where it is down */
    unsigned links, slices, processes;
    struct slice slice[SLICES];
    struct process process[PROCESSES];
};

struct error {
    char call[NAME];
    int card, code; /* card -1: of any */
};

struct state {
    char driver[NAME], version[NAME];
    int cuda, epoch;
    unsigned cards, profiles, errors;
    struct card card[CARDS];
    struct profile profile[PROFILES];
    struct error error[ERRORS];
};

/* Read $NVML_STANDIN and its .changes, write `call` to $NVML_STANDIN_CALLS, and the error asked for, or OK. */
int state_read(struct state *state, const char *call, int card);

#endif
