/* Handles of the stand-in, and how a call begins. The structs are those of nvml.h as nvidia-ml-py
 * lays them out.
 *
 * A handle is a number that says what it is: 0x1CC is card CC, 0x2CCII the MIG device and 0x3CCII
 * the GPU instance II of card CC, 0x4CCII its compute instance.
 */
#ifndef NVML_H
#define NVML_H

#include "state.h"

#include <stdint.h>
#include <string.h>

typedef void *handle;

#define CARD(card) ((handle)(uintptr_t)(0x100 + (card)))
#define OF_CARD(kind, card, instance) \
    ((handle)(uintptr_t)((kind) * 0x10000 + (card) * 0x100 + (instance)))
#define MIG_DEVICE 2
#define GPU_INSTANCE 3
#define COMPUTE_INSTANCE 4

/* The state, and the card or slice that a handle means; what is wrong with them otherwise. */
int begin(struct state *state, const char *call);
int begin_card(struct state *state, const char *call, handle of, struct card **card);
int begin_slice(struct state *state, const char *call, handle of, int kind, struct card **card,
                struct slice **slice);
int is_slice(handle of, int kind);
unsigned index_of(struct state *state, struct card *card);
struct profile *profile_of(struct state *state, unsigned id);

/* `FUNCTION(name, arguments) { ... }` with `state` and the card of the handle `of` at hand. */
#define ON_CARD(call, of)                                        \
    struct state state;                                          \
    struct card *card;                                           \
    int wrong = begin_card(&state, call, of, &card);             \
    if (wrong)                                                   \
        return wrong;

#define ON_SLICE(call, of, kind)                                            \
    struct state state;                                                     \
    struct card *card;                                                      \
    struct slice *slice;                                                    \
    int wrong = begin_slice(&state, call, of, kind, &card, &slice);         \
    if (wrong)                                                              \
        return wrong;

/* A call that gives one number of a card. */
#define TELLS(call, type, field)          \
    int call(handle of, type *value)      \
    {                                     \
        ON_CARD(#call, of)                \
        *value = (type)card->field;       \
        return OK;                        \
    }

#endif
