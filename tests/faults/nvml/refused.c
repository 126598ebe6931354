/* What nvitop asks for besides: a card may refuse each of these. */
#include "nvml.h"

#define REFUSES(call)                   \
    int call(handle of)                 \
    {                                   \
        ON_CARD(#call, of)              \
        return NOT_SUPPORTED;           \
    }

REFUSES(nvmlDeviceGetClockInfo)
REFUSES(nvmlDeviceGetComputeMode)
REFUSES(nvmlDeviceGetDecoderUtilization)
REFUSES(nvmlDeviceGetDisplayActive)
REFUSES(nvmlDeviceGetDisplayMode)
REFUSES(nvmlDeviceGetDriverModel)
REFUSES(nvmlDeviceGetDriverModel_v2)
REFUSES(nvmlDeviceGetEncoderUtilization)
REFUSES(nvmlDeviceGetFieldValues)
REFUSES(nvmlDeviceGetMaxClockInfo)
REFUSES(nvmlDeviceGetMPSComputeRunningProcesses_v3)
REFUSES(nvmlDeviceGetPcieThroughput)
REFUSES(nvmlDeviceGetPerformanceState)
REFUSES(nvmlDeviceGetPersistenceMode)
REFUSES(nvmlDeviceGetProcessUtilization)
REFUSES(nvmlDeviceGetSerial)
