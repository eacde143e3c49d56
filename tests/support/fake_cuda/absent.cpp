// SPDX-License-Identifier: MIT
// What a program may look for and this driver cannot do: sharing with graphics and other processes, virtual memory,
// memory pools, external memory. Each call answers CUDA_ERROR_NOT_SUPPORTED.
#include "state.hpp"

using namespace zc::fake;

#define FAKE_ABSENT(name)                                                                                              \
    FAKE_EXPORT int name(void)                                                                                         \
    {                                                                                                                  \
        return call(__func__, kNothing, [] { return kNotSupported; });                                                 \
    }

FAKE_ABSENT(cuGraphicsMapResources)
FAKE_ABSENT(cuGraphicsUnmapResources)
FAKE_ABSENT(cuGraphicsResourceSetMapFlags)
FAKE_ABSENT(cuGraphicsResourceSetMapFlags_v2)
FAKE_ABSENT(cuGraphicsSubResourceGetMappedArray)
FAKE_ABSENT(cuGraphicsResourceGetMappedPointer_v2)
FAKE_ABSENT(cuGraphicsGLRegisterImage)
FAKE_ABSENT(cuGraphicsGLRegisterBuffer)
FAKE_ABSENT(cuGLGetDevices_v2)

FAKE_ABSENT(cuGetExportTable) // NVRTC asks, and crashes where there is no such function

FAKE_ABSENT(cuIpcGetEventHandle)
FAKE_ABSENT(cuIpcOpenEventHandle)
FAKE_ABSENT(cuIpcGetMemHandle)
FAKE_ABSENT(cuIpcOpenMemHandle)
FAKE_ABSENT(cuIpcOpenMemHandle_v2)
FAKE_ABSENT(cuIpcCloseMemHandle)

FAKE_ABSENT(cuMemAddressReserve)
FAKE_ABSENT(cuMemAddressFree)
FAKE_ABSENT(cuMemCreate)
FAKE_ABSENT(cuMemRelease)
FAKE_ABSENT(cuMemExportToShareableHandle)
FAKE_ABSENT(cuMemImportFromShareableHandle)
FAKE_ABSENT(cuMemSetAccess)
FAKE_ABSENT(cuMemGetAccess)
FAKE_ABSENT(cuMemGetAllocationGranularity)
FAKE_ABSENT(cuMemGetAllocationPropertiesFromHandle)
FAKE_ABSENT(cuMemMap)
FAKE_ABSENT(cuMemUnmap)
FAKE_ABSENT(cuMemRetainAllocationHandle)
FAKE_ABSENT(cuMemGetHandleForAddressRange)

FAKE_ABSENT(cuMemAllocAsync)
FAKE_ABSENT(cuMemAllocFromPoolAsync)
FAKE_ABSENT(cuMemFreeAsync)
FAKE_ABSENT(cuMemPoolCreate)
FAKE_ABSENT(cuMemPoolDestroy)
FAKE_ABSENT(cuMemPoolGetAttribute)
FAKE_ABSENT(cuMemPoolSetAttribute)

FAKE_ABSENT(cuImportExternalMemory)
FAKE_ABSENT(cuDestroyExternalMemory)
FAKE_ABSENT(cuExternalMemoryGetMappedBuffer)
FAKE_ABSENT(cuExternalMemoryGetMappedMipmappedArray)
FAKE_ABSENT(cuImportExternalSemaphore)
FAKE_ABSENT(cuDestroyExternalSemaphore)
FAKE_ABSENT(cuSignalExternalSemaphoresAsync)
FAKE_ABSENT(cuWaitExternalSemaphoresAsync)
