// SPDX-License-Identifier: MIT
// libnvcuvid.so.1 of a GPU without a video decoder. GStreamer's nvcodec offers its CUDA elements only where this
// library is found.

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace {
constexpr int kNotSupported = 801;
} // namespace

#define FAKE_ABSENT(name)                                                                                              \
    FAKE_EXPORT int name(void)                                                                                         \
    {                                                                                                                  \
        return kNotSupported;                                                                                          \
    }

FAKE_ABSENT(cuvidCtxLockCreate)
FAKE_ABSENT(cuvidCtxLockDestroy)
FAKE_ABSENT(cuvidCtxLock)
FAKE_ABSENT(cuvidCtxUnlock)
FAKE_ABSENT(cuvidGetDecoderCaps)
FAKE_ABSENT(cuvidCreateDecoder)
FAKE_ABSENT(cuvidDestroyDecoder)
FAKE_ABSENT(cuvidDecodePicture)
FAKE_ABSENT(cuvidReconfigureDecoder)
FAKE_ABSENT(cuvidMapVideoFrame64)
FAKE_ABSENT(cuvidUnmapVideoFrame64)
FAKE_ABSENT(cuvidCreateVideoParser)
FAKE_ABSENT(cuvidParseVideoData)
FAKE_ABSENT(cuvidDestroyVideoParser)
